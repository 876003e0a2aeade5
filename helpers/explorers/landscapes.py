"""*Descent*: gradient descent on a bowl, a parabola and a curve with two wells."""

import ipywidgets as widgets

from helpers.describe.landscapes import describe_descent
from helpers.explorers.base import Explorer
from helpers.explorers.page import steady_figure
from helpers.landscapes import Bowl, Parabola, TwoWells, descend
from helpers.plotting.landscapes import plot_descent, plot_descent_losses

BOWL, PARABOLA, TWO_WELLS = "bowl", "parabola", "two wells"
PATH, LOSSES = "path", "losses"
TOLERANCE = 0.01
START_Y = 1.0
STEPS = 60


def descent(target=10):
    """Return the explorer *Descent*: 60 updates of gradient descent, from settings that crawl.

    Its controls are `rate`, `momentum`, `landscape` ("bowl", "parabola" or "two wells"),
    `curvature` (the largest of the landscape; the bowl's other one is 1; without effect on the two
    wells), `start` (x; the bowl's y starts at 1) and `picture` ("path" or "losses").

    Args:
        target: Updates within which the loss is to settle at or below 0.01, 1 to 60. In the bowl as
            it is first shown, the best without momentum is 17.

    Returns:
        An `Explorer`.

    Raises:
        ValueError: If `target` is not between 1 and 60.

    Example:
        >>> explorer = descent()
        >>> explorer.controls["rate"].value = 0.1
        >>> explorer.score
        'Target: loss at or below 0.01 after 10 updates or fewer. Yours: 31.'
    """
    if not 1 <= target <= STEPS:
        raise ValueError(f"target is {target}; allowed is 1 to {STEPS} updates; try 10.")
    controls = _controls()

    def fit_curvature(change):
        controls["curvature"].disabled = change["new"] == TWO_WELLS

    controls["landscape"].observe(fit_curvature, names="value")

    def score(picture, **values):
        updates = _walk(**values).converged_at(TOLERANCE)
        task = f"Target: loss at or below {TOLERANCE:g} after {target} updates or fewer."
        if updates is None:
            return f"{task} Yours: not there after {STEPS}."
        return f"{task} Yours: {updates}{', reached' if updates <= target else ''}."

    return Explorer("Descent", controls, _draw, _describe, score=score)


def _controls():
    return {
        "rate": widgets.FloatLogSlider(
            value=0.05, min=-3, max=1, step=0.05, readout_format=".3g", description="learning rate"
        ),
        "momentum": widgets.FloatSlider(max=0.95, step=0.05, description="momentum"),
        "landscape": widgets.ToggleButtons(
            options=[BOWL, PARABOLA, TWO_WELLS], description="landscape"
        ),
        "curvature": widgets.IntSlider(value=10, min=1, max=40, description="largest curvature"),
        "start": widgets.FloatSlider(value=3.5, min=-4, max=4, step=0.25, description="start (x)"),
        "picture": widgets.ToggleButtons(options=[PATH, LOSSES], description="picture"),
    }


def _walk(rate, momentum, landscape, curvature, start):
    """Walk down the landscape that the settings name."""
    position = (start, START_Y) if landscape == BOWL else start
    place = {
        BOWL: lambda: Bowl(elongation=curvature),
        PARABOLA: lambda: Parabola(curvature=curvature),
        TWO_WELLS: TwoWells,
    }[landscape]()
    return descend(place, position, rate=rate, momentum=momentum, steps=STEPS)


def _draw(picture, **values):
    _, ax = steady_figure()
    if picture == PATH:
        return plot_descent(_walk(**values), ax=ax)
    return plot_descent_losses(_walk(**values), tolerance=TOLERANCE, ax=ax)


def _describe(picture, **values):
    return describe_descent(_walk(**values), tolerance=TOLERANCE)
