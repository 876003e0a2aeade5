"""The controls of explorers: a number beside its slider, and a choice of one or of several.

Each has a `value` to observe and to set. A slider alone has no name for a screen reader, and what
is typed into its own read-out is lost unless Enter follows; a number box has both.
"""

import math
from functools import partial

import ipywidgets as widgets
import traitlets

# A slider that has no room beside its box goes below it.
NAME_WIDTH, ROW = "11em", {"flex": "1 1 39em", "flex_flow": "row wrap", "align_items": "center"}


class Number(widgets.HBox):
    """A number box with its name, and a slider that it follows.

    Args:
        name: What the number is, with its unit.
        value: The first value.
        low: The least value.
        high: The highest value.
        step: Of the slider.
        log: Whether equal steps are equal factors.
        whole: Whether only whole numbers will do.
    """

    value = traitlets.Float()

    def __init__(self, name, value, low, high, step=1, *, log=False, whole=False):
        self.name, self._kind = name, int if whole else float
        limits = {"min": low, "max": high, "value": value}
        kind = widgets.BoundedIntText if whole else widgets.BoundedFloatText
        self._box = kind(description=name, step=1 if whole else None, **limits)
        self._box.style.description_width = NAME_WIDTH
        self._box.layout = widgets.Layout(width="19em", flex="0 0 auto")
        quiet = {"readout": False, "tooltip": name, "continuous_update": True}
        quiet["layout"] = widgets.Layout(flex="1 1 14em", min_width="250px")
        if log:
            limits |= {"min": math.log10(low), "max": math.log10(high)}
            self._slider = widgets.FloatLogSlider(step=0.05, **limits, **quiet)
        else:
            kind = widgets.IntSlider if whole else widgets.FloatSlider
            self._slider = kind(step=step, **limits, **quiet)
        super().__init__([self._box, self._slider], layout=widgets.Layout(**ROW))
        self.value = value
        self._slider.observe(self._slid, "value")
        self._box.observe(lambda change: self.set_trait("value", change["new"]), "value")

    def _slid(self, change):
        # The page moves a slider to its nearest step; a value between two steps stays as it is.
        if not self._at_slider(self.value):
            self.value = float(f"{change['new']:.3g}")

    def _at_slider(self, value):
        place = math.log10 if isinstance(self._slider, widgets.FloatLogSlider) else float
        return abs(place(self._slider.value) - place(value)) <= 0.51 * self._slider.step

    @traitlets.validate("value")
    def _within(self, proposal):
        return min(max(proposal["value"], self._box.min), self._box.max)

    @traitlets.observe("value")
    def _follow(self, change):
        if len(self.children):
            self._box.value = self._kind(change["new"])
            if not self._at_slider(change["new"]):
                self._slider.value = self._box.value


class Choice(widgets.Box):
    """Buttons side by side; the chosen ones are marked in their text, for every reader.

    JupyterLab takes the arrow keys from lists and radio buttons to move between cells; these take
    Tab and Space.

    Args:
        name: What is chosen.
        options: Labels, or pairs of a label and a value.
        value: The first choice; None is the first option, or all of them.
        several: Whether any number may be chosen; `value` is then a tuple.
    """

    value = traitlets.Any()

    def __init__(self, name, options, value=None, *, several=False):
        self.name, self._several = name, several
        pairs = [pair if isinstance(pair, tuple) else (str(pair), pair) for pair in options]
        self._labels = {value: label for label, value in pairs}
        self._buttons = {one: button("", partial(self._press, one)) for one in self._labels}
        title = widgets.Label(name, layout=widgets.Layout(width=NAME_WIDTH, flex="0 0 auto"))
        shown = [title, *self._buttons.values()]
        if several:
            shown.append(button("none", lambda: self.set_trait("value", ())))
        super().__init__(shown, layout=widgets.Layout(flex="1 1 100%", flex_flow="row wrap"))
        first = tuple(self._labels) if several else next(iter(self._labels))
        self.value = first if value is None else value

    def _press(self, value):
        if self._several:
            value = tuple(one for one in self._labels if (one in self.value) != (one == value))
        self.value = value

    @traitlets.observe("value")
    def _mark(self, _change):
        chosen = self.value if self._several else (self.value,)
        for value, button in self._buttons.items():
            button.description = f"{'✓ ' if value in chosen else ''}{self._labels[value]}"
            button.button_style = "primary" if value in chosen else ""


def rate(name, value, low=1e-6, high=10.0):
    """Return a `Number` for a learning rate, on a logarithmic slider."""
    return Number(name, value, low, high, log=True)


def button(label, action, style=""):
    """Return a button that calls `action()` when it is pressed."""
    layout = widgets.Layout(width="auto", flex="0 0 auto", margin="1px")
    result = widgets.Button(description=label, layout=layout, button_style=style)
    result.on_click(lambda _: action())
    return result
