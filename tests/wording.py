"""Words and paths that no page of the course may hold; used for notebooks, pages and docstrings."""

import re

# They tell a reader who is stuck that the fault is theirs.
BANNED = ("easily", "just", "simply", "obviously")

# American spelling throughout: a British stem, and what to write.
BRITISH = {
    r"behaviou\w*": "behavior",
    r"colou\w*": "color",
    r"favou\w*": "favor",
    r"neighbou\w*": "neighbor",
    r"labell\w*": "labeled",
    r"modell\w*": "modeled",
    r"travell\w*": "traveled",
    r"centre\w*": "center",
    r"(?:normal|regular|optim|initial|general|minim|maxim|visual|summar|recogn|organ|random)is"
    r"(?:e|ed|es|er|ers|ing|ation|ations)": "-ize",
    r"analys(?:e|ed|ing)": "analyze",
    r"greys?": "gray (except as the name of a palette entry)",
    r"catalogue\w*": "catalog",
    r"programme": "program",
    r"licence\w*": "license",
    r"whilst": "while",
}

_BANNED = re.compile(rf"\b({'|'.join(BANNED)})\b", re.IGNORECASE)
_BRITISH = re.compile(rf"\b({'|'.join(BRITISH)})\b", re.IGNORECASE)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_PATH = re.compile(
    r"(?<![\w./:~-])/(?:home|root|tmp|work|content|Users|opt|mnt)/[\w.]|\b[A-Z]:\\\w"
)


def complaints_about_words(text):
    """Return what is wrong with the wording of a text; code in backticks is left out."""
    prose = _CODE.sub(" ", text)
    found = [f"the word {match[0]!r}" for match in _BANNED.finditer(prose)]
    found += [f"British spelling {match[0]!r}" for match in _BRITISH.finditer(prose)]
    return found


def complaints_about_paths(text):
    """Return the machine paths in a text."""
    return [f"machine path {text[m.start() : m.end() + 15]!r}" for m in _PATH.finditer(text)]
