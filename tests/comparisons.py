"""Every sentence of a lesson that sets one technique above another has a checked cell behind it.

A sentence is such a claim if it holds a verdict, names a technique, and is neither a question nor
about what may be. Behind it stand checked cells (tag nbval-check-output): those that come before it
in the same section, or, where its paragraph or list item holds "(section 5)", "(sections 4 and 5)"
or "(lesson 3, section 5)", those of the sections named. Every technique of the sentence must be
named by the code or the output of one of them.

So what is said before it is measured (the opening) and what is summed up (*What you should
remember*) says where it was measured. Captions of figures and *Read more* are left out.
"""

import re

import nbformat

from helpers.lessons import find_lessons

# What makes a sentence a verdict. "Best" alone is part of a name: "the best constant rate".
_VERDICT = re.compile(
    r"\b(?:better|worse|beats?|beaten|wins?|won|loses?(?! what)|losing|ahead|outperforms?|ties?|"
    r"faster|slower|quicker|more often|less often|pays?|no gain|does as well|did as well|"
    r"(?:is|are|was|were) (?:the )?best)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\?$|\b(?:may|might)\b")
# A technique: how the text calls it, and how code and output do.
TECHNIQUES = {
    "constant rate": (r"constant", r"constant"),
    "cycle": (r"triang\w+|cycl(?:es?|ing|ical)\b|one cycle", r"triang|cycl"),
    "decay": (r"decay\w*|cosine|anneal\w*|only falls|one long fall", r"decay|cosine"),
    "restarts": (r"restart\w*|SGDR", r"restart|SGDR"),
    "ensemble": (r"ensembles?", r"ensemble"),
    "long trainings": (r"three long|independent long", r"three long"),
    "momentum": (r"moment(?:um|a)", r"moment"),
    "valley": (r"valley", r"valley"),
    "steepest": (r"steepest", r"steepest"),
    "minimum over ten": (r"minimum over ten", r"minimum.over.ten"),
    "turning point": (r"turning point", r"turning.point"),
    "Smith's bounds": (r"Smith's bounds?", r"smith|bounds"),
    "Adam": (r"Adam", r"adam"),
    "RMSprop": (r"RMSprop", r"rmsprop"),
    "SGD": (r"SGD", r"sgd"),
    "Nesterov": (r"Nesterov", r"nesterov"),
    "rates by layer": (r"differential|rates by layer|layer rates", r"differential|layer|geometric"),
    "frozen base": (r"frozen|freezing|head alone", r"frozen|freez|head"),
    "unfreezing": (r"unfreez\w*", r"unfreez"),
    "one rate for all": (r"one rate|same rate", r"one rate|same rate"),
    "step decay": (r"step decay", r"step"),
    "range test": (r"range tests?", r"range.test|found|smith_bounds|valley"),
    "sweep": (r"sweeps?", r"sweep|runs"),
}
_NAMES = {
    name: (re.compile(rf"\b(?:{prose})\b", re.IGNORECASE), re.compile(code, re.IGNORECASE))
    for name, (prose, code) in TECHNIQUES.items()
}
_CODE = re.compile(r"`[^`\n]*`|\$[^$\n]*\$|[*_]{1,2}")
_SECTION = re.compile(r"^## +(?:(\d+) )?(.*)$", re.MULTILINE)
_REFERENCE = re.compile(r"\((?:lesson (\d), )?sections? (\d[\d, and]*)\)")


def unchecked_comparisons(notebook):
    """Return a complaint for each claim that has no checked cells behind it."""
    complaints = []
    for place, (section, cell) in enumerate(_in_sections(notebook)):
        if cell.cell_type != "markdown" or section == "Read more":
            continue
        here = [text for at, text in _checked(notebook, [section]) if at < place]
        for sentence, techniques, references in claims(cell.source):
            behind = [text for each in references for text in _referred(notebook, *each)]
            text = "\n".join(behind if references else here)
            missing = [name for name in techniques if not _NAMES[name][1].search(text)]
            if missing:
                where = "named sections" if references else "checked cells before it"
                complaints.append(
                    f"cell {cell.get('id')}: {sentence!r}: the {where} do not name "
                    f"{', '.join(missing)}"
                )
    return complaints


def claims(source):
    """Return the claims of a text cell.

    Args:
        source: Its Markdown.

    Returns:
        A list of `(sentence, names of techniques, references)`; a reference is a lesson (empty for
        this one) and a list of sections.
    """
    found = []
    for paragraph in source.splitlines():
        if paragraph.startswith("*Figure"):
            continue
        references = [
            (lesson, re.findall(r"\d+", sections))
            for lesson, sections in _REFERENCE.findall(paragraph)
        ]
        for sentence in re.split(r"(?<=[.!?])\s+", _CODE.sub("", paragraph)):
            techniques = [name for name, (prose, _) in _NAMES.items() if prose.search(sentence)]
            if techniques and _VERDICT.search(sentence) and not _OPEN.search(sentence):
                found.append((sentence, techniques, references))
    return found


def _referred(notebook, lesson, sections):
    """Return the texts of the checked cells in sections of this or of another lesson."""
    if lesson:
        notebook = nbformat.read(find_lessons([lesson])[0], as_version=4)
    return [text for _, text in _checked(notebook, sections)]


def _checked(notebook, sections):
    """Return `(place, code and output)` of each checked cell in some sections."""
    found = []
    for place, (section, cell) in enumerate(_in_sections(notebook)):
        if section in sections and "nbval-check-output" in cell.metadata.get("tags", []):
            outputs = [
                output.get("text", "") + output.get("data", {}).get("text/plain", "")
                for output in cell.outputs
            ]
            found.append((place, "\n".join([cell.source, *outputs])))
    return found


def _in_sections(notebook):
    """Yield `(section, cell)`: the number of a numbered section, else its heading."""
    section = ""
    for cell in notebook.cells:
        heading = _SECTION.search(cell.source) if cell.cell_type == "markdown" else None
        if heading:
            section = heading[1] or heading[2]
        yield section, cell
