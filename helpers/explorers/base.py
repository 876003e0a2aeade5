"""`Explorer`: controls, a score, a sentence, and a picture that follows the hand."""

import asyncio
import html
import io
import time

import ipywidgets as widgets
import matplotlib

from helpers.plotting.style import bundle, new_figure

# Changes that follow one another faster than this are drawn once, after the last.
BURST_SECONDS = 0.004
# A pause this long ends a movement; what was there before it stays as a ghost.
PAUSE_SECONDS = 0.8
WIDTH = "780px"
BADGES = {True: "color:#FFFFFF;background:#006B4E", False: "color:#000000;background:#E8E8E8"}


class Explorer:
    """Controls around a pure function of their values; a cell whose last line it is shows it.

    A change of a control redraws the picture. Impossible settings, for which `draw` raises a
    ValueError, leave the last picture in place with the error's text below it. Where no widgets run
    (GitHub, nbviewer, print) the picture of the first settings is stored instead.

    The picture is two layers of vector graphics: axes, which are drawn when they change, and what
    is in them; so it is sharp on every screen and follows a slider that is dragged. A third layer
    shows what was there before the last movement.

    Args:
        name: What the explorer is called.
        controls: Dict from name to control; the functions take these names.
        draw: `draw(panels, **values) -> sentence`: draws into a list of axes, and says in a
            sentence what the picture shows.
        panels: The place of each axes in the picture: `(left, bottom, width, height)` in inches.
        size: Width and height of the picture in inches.
        score: `score(**values) -> (target, yours, reached)`: two texts, and whether it is reached.

    Attributes:
        name: What the explorer is called.
        controls: The controls by name; setting the `value` of one is as good as moving it.
        ui: The widget that holds them all.
    """

    def __init__(self, name, controls, draw, panels, *, size=(7.1, 3.3), score=None):
        self.name, self.controls = name, dict(controls)
        self._draw, self._panels, self._size = draw, panels, size
        self._score, self._first = score, self.values
        self._waiting, self._key, self._moved_at = None, None, 0.0
        place = {"grid_area": "1 / 1 / 2 / 2", "margin": "0", "overflow": "hidden"}
        self._ghost, self._back, self._front = (
            widgets.HTML(layout=widgets.Layout(**place)) for _ in range(3)
        )
        self._badge, self._words = widgets.HTML(), widgets.HTML()
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        wide = widgets.Layout(max_width=WIDTH)
        rows = widgets.Box(
            list(self.controls.values()), layout=widgets.Layout(flex_flow="row wrap")
        )
        self._buttons = widgets.HBox([button("Reset", self.reset), self._badge])
        picture = widgets.GridBox([self._ghost, self._back, self._front], layout=wide)
        self.ui = widgets.VBox([rows, self._buttons, self._words, picture], layout=wide)
        self._make()

    @property
    def values(self):
        """The settings by name, as the controls show them."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def text(self):
        """The sentence: what the settings lead to, or why they are impossible."""
        self._finish_waiting()
        return self._text

    @property
    def score(self):
        """The target and how far the settings are from it; empty where there is none."""
        self._finish_waiting()
        return self._score_line

    def reset(self):
        """Set every control back to its first value."""
        for name, value in self._first.items():
            self.controls[name].value = value

    def close(self):
        """Take the explorer off the page and leave nothing running."""
        self._cancel_waiting()
        _close(self.ui)

    def _changed(self, _change):
        """Redraw soon where an event loop runs, so that a burst is drawn once; else at once."""
        loop = running_loop()
        if loop is None:
            self._redraw()
        elif self._waiting is None:
            self._waiting = loop.call_later(BURST_SECONDS, self._redraw)

    def _finish_waiting(self):
        if self._waiting is not None:
            self._redraw()

    def _cancel_waiting(self):
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _redraw(self):
        self._cancel_waiting()
        try:
            self._make()
        except ValueError as error:
            self._text, self._score_line = str(error), ""
            self._words.value = message(self._text)
            self._badge.value = ""

    def _figure(self):
        """Return the picture as a figure, its sentence with it."""
        figure, _ = new_figure(*self._size, layout=None)
        figure.clear()
        axes = []
        for left, bottom, width, height in self._panels:
            place = (left / self._size[0], bottom / self._size[1])
            axes.append(figure.add_axes((*place, width / self._size[0], height / self._size[1])))
            axes[-1].spines[["top", "right"]].set_visible(False)
            axes[-1].grid(True, color="#DDDDDD", linewidth=0.6)
            axes[-1].set_axisbelow(True)
        figure.alt = self._draw(axes, **self.values)
        return figure

    def _make(self):
        figure = self._figure()
        target, yours, reached = self._score(**self.values) if self._score else ("", "", False)
        key = _scaffold_key(figure)
        moment = time.monotonic()
        if key != self._key:
            self._ghost.value, self._back.value = "", _svg(figure, "back")
            self._key = key
        elif moment - self._moved_at > PAUSE_SECONDS:
            ghost = self._front.value.replace('role="img"', 'aria-hidden="true"')
            self._ghost.value = f'<div style="opacity:0.25">{ghost}</div>'
        self._moved_at = moment
        self._front.value = _svg(figure, "front", figure.alt)
        self._text = figure.alt
        self._words.value = words(figure.alt, live=True)
        self._score_line = f"{target} {yours}{' Reached.' if reached else ''}".strip()
        self._badge.value = badge(self._score_line, reached)

    def _repr_mimebundle_(self, **_):
        self._finish_waiting()
        data, metadata = bundle(self._figure())
        view = {"version_major": 2, "version_minor": 0, "model_id": self.ui.model_id}
        return data | {"application/vnd.jupyter.widget-view+json": view}, metadata

    def __repr__(self):
        settings = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"Explorer({self.name}: {settings})"


def running_loop():
    """Return the event loop that runs this code, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def button(label, action):
    """Return a button that calls `action()` when it is pressed."""
    result = widgets.Button(description=label, layout=widgets.Layout(width="auto", flex="0 0 auto"))
    result.on_click(lambda _: action())
    return result


def words(text, live=False):
    """Return lines of text as HTML; screen readers announce those that are live."""
    role = ' role="status" aria-live="polite"' if live else ""
    style = "line-height:1.35;margin:0.2em 0;white-space:pre-line"
    return f'<div{role} style="{style}">{html.escape(text)}</div>'


def message(text):
    """Return a message as HTML that stands out and that screen readers announce."""
    # Text and background are set together: a theme then cannot make one vanish into the other.
    style = "line-height:1.35;padding:0.3em 0.8em;color:#000000;background:#FFF3CD"
    return f'<div role="alert" style="{style}">{html.escape(text)}</div>'


def badge(text, reached):
    """Return the score as HTML, green once the target is reached."""
    if not text:
        return ""
    style = f"padding:0.2em 0.9em;border-radius:1em;line-height:1.35;{BADGES[reached]}"
    return f'<div role="status" style="{style}">{"★ " if reached else ""}{html.escape(text)}</div>'


def _scaffold(ax):
    return [ax.xaxis, ax.yaxis, ax.patch, *ax.spines.values()]


def _scaffold_key(figure):
    """Return what the axes look like without what is in them."""
    return tuple(
        (ax.get_xlim(), ax.get_ylim(), ax.get_xscale(), ax.get_yscale(), ax.get_xlabel())
        + (ax.get_ylabel(), ax.axison, tuple(ax.get_xticks()), tuple(ax.get_yticks()))
        + tuple(getattr(axis.get_major_formatter(), "seq", ()) for axis in (ax.xaxis, ax.yaxis))
        for ax in figure.axes
    )


def _svg(figure, layer, alt=""):
    """Return the axes of a figure, or what is in them, as an `svg` element."""
    figure.patch.set_visible(layer == "back")
    for ax in figure.axes:
        scaffold = set(map(id, _scaffold(ax)))
        for artist in ax.get_children():
            shown = (id(artist) in scaffold) == (layer == "back")
            artist.set_visible(shown and artist.get_visible())
    file = io.StringIO()
    blank = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    # The same picture for the same figure.
    with matplotlib.rc_context({"svg.hashsalt": "course"}):
        figure.savefig(file, format="svg", metadata=blank)
    for ax in figure.axes:
        for artist in ax.get_children():
            artist.set_visible(True)
    svg = file.getvalue()
    role = f'role="img" aria-label="{html.escape(alt)}"' if alt else 'aria-hidden="true"'
    start = svg.index("<svg ") + 5
    return f'<svg {role} style="width:100%;height:auto;display:block" {svg[start:]}'


def _close(widget):
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()
