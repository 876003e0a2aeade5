"""`Checkboxes`: a choice of several that a keyboard can make in every notebook program."""

import ipywidgets as widgets
import traitlets


class Checkboxes(widgets.Box):
    """A row of checkboxes, all checked at first, whose `value` is the tuple of what is chosen.

    `SelectMultiple` needs Shift or Ctrl with the arrows for a second choice, and JupyterLab takes
    these keys for itself to select cells.

    Args:
        options: Pairs of a label and a value.
        description: What is chosen, in a few words.
    """

    value = traitlets.Tuple(help="What is chosen, in the order of the options.")

    def __init__(self, options, description):
        self.description = description
        self.options = tuple(options)
        self._spreading = False
        self._boxes = {value: _box(label) for label, value in self.options}
        wrap = widgets.Layout(flex_flow="row wrap")
        super().__init__(children=list(self._boxes.values()), layout=wrap)
        self.value = tuple(self._boxes)
        for box in self._boxes.values():
            box.observe(self._gather, names="value")

    def _gather(self, _change):
        if not self._spreading:
            self.value = tuple(value for value, box in self._boxes.items() if box.value)

    @traitlets.observe("value")
    def _spread(self, change):
        self._spreading = True
        for value, box in self._boxes.items():
            box.value = value in change["new"]
        self._spreading = False

    @traitlets.validate("value")
    def _known(self, proposal):
        unknown = [value for value in proposal["value"] if value not in self._boxes]
        if unknown:
            raise traitlets.TraitError(
                f"{unknown} is not on offer; allowed are {[*self._boxes]}, any number of them."
            )
        return tuple(value for value in self._boxes if value in proposal["value"])


def _box(label):
    layout = widgets.Layout(width="auto", margin="2px 0.4em 2px 0.4em")
    return widgets.Checkbox(value=True, description=label, indent=False, layout=layout)
