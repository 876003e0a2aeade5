"""`Explorer`: controls, a picture with its description, a score, and *Reset*."""

import asyncio

import ipywidgets as widgets

from helpers.explorers.checkboxes import Checkboxes
from helpers.explorers.page import figure_html, message_html, words_html
from helpers.plotting.style import png_text, to_png

# Changes that follow one another faster than this are drawn once, after the last.
BURST_SECONDS = 0.004
TITLE_WIDTH = "9em"


class Explorer:
    """Controls around pure functions of their values; a cell whose last line it is shows it.

    A change of a control redraws the picture. Impossible settings, for which `draw` or `describe`
    raises a ValueError, leave the last picture in place with the error's text above it. Where no
    widgets run (GitHub, nbviewer, print) the picture of the first settings is stored instead.

    Args:
        name: What the explorer is called.
        controls: Dict from name to ipywidgets control; the functions take these names. Choose
            sliders, `ToggleButtons` and `Checkboxes`: JupyterLab takes the arrow keys from closed
            dropdowns, radio buttons and lists to move between cells.
        draw: `draw(**values) -> Figure`.
        describe: `describe(**values) -> str`: one sentence that says what the picture shows.
        score: `score(**values) -> str`: the target and how far the settings are from it.

    Attributes:
        name: What the explorer is called.
        controls: The controls by name; setting the `value` of one is as good as moving it.
        ui: The widget that holds them all.

    Raises:
        ValueError: If the first settings are impossible.
    """

    def __init__(self, name, controls, draw, describe, *, score=None):
        self.name, self.controls = name, dict(controls)
        self._draw, self._describe, self._score = draw, describe, score or (lambda **_: "")
        self._first_values = self.values
        self._waiting = None
        self._view = widgets.HTML()
        self._buttons = widgets.HBox([button("Reset", self.reset)])
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        # Two columns where there is room, so that controls and picture fit on one screen.
        rows = [_row(control) for control in self.controls.values()]
        self._panel = widgets.Box(rows, layout=widgets.Layout(flex_flow="row wrap"))
        self.ui = widgets.VBox([self._panel, self._buttons, self._view])
        self._make(self.values)

    @property
    def values(self):
        """The settings by name, as the controls show them."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def text(self):
        """The sentence under the picture: what the settings lead to, or why they are impossible."""
        self._finish_waiting()
        return self._text

    @property
    def score(self):
        """The line with target and score under the picture; empty where there is none."""
        self._finish_waiting()
        return self._score_line

    def reset(self):
        """Set every control back to its first value."""
        for name, value in self._first_values.items():
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
            return
        self._cancel_waiting()
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
            self._make(self.values)
        except Exception as error:
            self._text, self._score_line = str(error) or type(error).__name__, ""
            self._view.value = message_html(self._text) + self._picture
            if not isinstance(error, ValueError):
                raise

    def _make(self, values):
        """Draw, describe and score the values; nothing changes unless all three succeed."""
        figure, text = self._draw(**values), self._describe(**values)
        score_line = self._score(**values)
        self._picture = figure_html(figure, alt=text)
        self._figure, self._alt = figure, text
        self._text, self._score_line = text, score_line
        self._view.value = self._picture + words_html(text, score_line)

    def _repr_mimebundle_(self, **_):
        self._finish_waiting()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.ui.model_id}
        bundle = {
            "application/vnd.jupyter.widget-view+json": view,
            "image/png": png_text(to_png(self._figure)),
            "text/plain": self._alt,
        }
        return bundle, {"image/png": {"alt": self._alt}}

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
    result = widgets.Button(description=label, layout=widgets.Layout(width="auto"))
    result.on_click(lambda _: action())
    return result


def _close(widget):
    """Close a widget and all it holds."""
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


def _row(control):
    """Return a control with its name before it, set to report a value once it is chosen."""
    if isinstance(control, (Checkboxes, widgets.ToggleButtons)):
        return _titled_row(control)
    control.style.description_width = TITLE_WIDTH
    control.layout.flex, control.layout.max_width = "1 1 22em", "32em"
    if control.has_trait("continuous_update"):
        control.continuous_update = False
    return control


def _titled_row(control):
    """Name a control of many parts, which has the row for itself."""
    title = widgets.Label(control.description)
    title.layout = widgets.Layout(
        width=TITLE_WIDTH, flex="0 0 auto", display="flex", justify_content="flex-end"
    )
    control.layout.flex = "1 1 0"
    if isinstance(control, widgets.ToggleButtons):
        # Its own description would take a line of its own.
        control.description, control.style.button_width = "", "auto"
    return widgets.Box([title, control], layout=widgets.Layout(flex="1 1 100%"))
