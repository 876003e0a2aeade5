"""Figures and sentences of range tests: what is drawn, and names that do not meet."""

import itertools
import sys

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers import describe, plotting
from helpers.plotting.style import PALETTE
from helpers.results import RULES, RangeTest, RangeTestBand

RATES = np.geomspace(1e-6, 10, 301)


def make_test(seed=0, *, rates=RATES, factor=1.0, held_out=True, **options):
    draw = np.random.default_rng(seed)
    corners = np.array([-6, -3.5, -1, 0, 1]) + np.log10(factor)
    losses = np.interp(np.log10(rates), corners, [2.3, 2.3, 0.4, 0.5, 9.0])
    accuracies = np.interp(np.log10(rates), corners, [0.1, 0.1, 0.9, 0.9, 0.1])
    losses = losses + draw.normal(scale=0.05, size=len(rates))
    seen = np.where(np.arange(len(rates)) % 10 == 9, 1.0, np.nan)
    val = {"val_losses": losses * seen, "val_accuracies": accuracies * seen} if held_out else {}
    options = {"diverged": True, "stop_reason": "the loss was not finite at a rate of 10"} | options
    return RangeTest(rates, losses, accuracies, **val, **options)


TEST = make_test()
LINEAR = make_test(rates=np.linspace(0.001, 3, 301))
FLAT = RangeTest(RATES, np.full(301, 2.3))
LOST = RangeTest([0.1, 0.2], [np.nan, np.inf])
BAND = RangeTestBand(range(5), [make_test(seed, factor=2**seed) for seed in range(5)])

FIGURES = {
    "loss": lambda: plotting.plot_range_test(TEST),
    "accuracy": lambda: plotting.plot_range_test(TEST, metric="accuracy"),
    "linear": lambda: plotting.plot_range_test(LINEAR),
    "linear accuracy": lambda: plotting.plot_range_test(LINEAR, metric="accuracy", rules="valley"),
    "flat": lambda: plotting.plot_range_test(FLAT),
    "lost": lambda: plotting.plot_range_test(LOST),
    "band": lambda: plotting.plot_range_test_band(BAND),
    "band of one": lambda: plotting.plot_range_test_band(RangeTestBand([3], [FLAT])),
}


def drawn(figure):
    """Draw the figure and return its renderer."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def names_of(ax):
    return [text for text in ax.texts if text.get_text()]


def boxes_of(figure):
    """Return the boxes, in pixels, of the names above the axes, after layout."""
    renderer = drawn(figure)
    return {
        text.get_text(): text.get_window_extent(renderer)
        for ax in figure.axes
        for text in names_of(ax)
    }


def lines_of(ax):
    """Return each vertical line as `(x, top)` in pixels: through the axes and up to its name."""
    found = []
    for text in ax.texts:
        if not text.get_text():
            x, bottom = ax.get_xaxis_transform().transform(text.xy)
            found.append((x, bottom + text.xyann[1] * ax.figure.dpi / 72))
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_plain_figures_with_named_axes_in_the_palette(name):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
    (ax,) = figure.axes
    assert ax.get_xlabel().startswith("learning rate")
    assert ax.get_ylabel()
    assert {line.get_color() for line in ax.get_lines()} <= set(PALETTE.values())
    drawn(figure)


@pytest.mark.parametrize("name", ["loss", "accuracy", "linear", "linear accuracy", "band"])
def test_no_name_meets_another_name_or_a_line_or_leaves_the_figure(name):
    figure = FIGURES[name]()
    boxes = boxes_of(figure)
    assert len(boxes) >= 2
    for one, other in itertools.combinations(boxes.values(), 2):
        assert not one.overlaps(other)
    for box in boxes.values():
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
        for x, top in lines_of(figure.axes[0]):
            middle = (box.y0 + box.y1) / 2
            assert not (box.x0 <= x <= box.x1 and top >= middle)


@pytest.mark.parametrize("seed", range(8))
def test_names_do_not_meet_wherever_the_rules_stand(seed):
    draw = np.random.default_rng(seed)

    class Anywhere(RangeTest):
        def suggest(self):
            return dict(zip(RULES, 10 ** draw.uniform(-6, 1, size=5)))

    result = Anywhere(RATES, TEST.losses)
    boxes = boxes_of(plotting.plot_range_test(result))
    assert len(boxes) == 5
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes.values(), 2))


def test_rules_are_drawn_at_their_rates_under_their_names():
    ax = plotting.plot_range_test(TEST, rules=("valley", "turning_point")).axes[0]
    found = TEST.suggest()
    texts = [text.get_text() for text in names_of(ax)]
    assert texts == [f"valley {found['valley']:.3g}", f"turning point {found['turning_point']:.3g}"]
    vertical = [line.get_xdata()[0] for line in ax.get_lines() if len(set(line.get_xdata())) == 1]
    assert vertical == [found["valley"], found["turning_point"]]
    assert not names_of(plotting.plot_range_test(TEST, rules=()).axes[0])


def test_a_rule_without_a_rate_is_left_out():
    assert not names_of(plotting.plot_range_test(FLAT).axes[0])


def test_true_losses_are_points_and_the_smoothed_one_is_a_line():
    ax = plotting.plot_range_test(TEST, rules=()).axes[0]
    points, line, held_out = ax.get_lines()
    assert (points.get_marker(), points.get_linestyle()) == (".", "None")
    np.testing.assert_array_equal(points.get_ydata(), TEST.losses)
    np.testing.assert_array_equal(line.get_ydata(), TEST.smoothed)
    assert len(held_out.get_ydata()) == 30
    assert np.isfinite(held_out.get_ydata()).all()


def test_an_explosion_leaves_the_picture():
    top = plotting.plot_range_test(TEST).axes[0].get_ylim()[1]
    assert 2.3 < top < 3.5


def test_the_axis_is_logarithmic_where_rates_rise_by_equal_factors():
    assert plotting.plot_range_test(TEST).axes[0].get_xscale() == "log"
    ax = plotting.plot_range_test(LINEAR).axes[0]
    assert (ax.get_xscale(), ax.get_xlabel()) == ("linear", "learning rate")


def test_bounds_are_shaded_on_the_accuracy():
    ax = plotting.plot_range_test(TEST, metric="accuracy").axes[0]
    low, high = TEST.bounds()
    shade = ax.patches[-1].get_extents().transformed(ax.transData.inverted())
    assert (shade.x0, shade.x1) == pytest.approx((low, high), rel=1e-6)
    assert [text.get_text() for text in names_of(ax)] == [f"min {low:.3g}", f"max {high:.3g}"]


def test_a_band_is_drawn_while_half_of_the_seeds_go_on():
    short = [make_test(seed, rates=RATES[:200]) for seed in range(3)]
    band = RangeTestBand(range(5), [*short, make_test(3), make_test(4)])
    ax = plotting.plot_range_test_band(band).axes[0]
    median = ax.get_lines()[0]
    assert len(median.get_xdata()) == 200
    full = plotting.plot_range_test_band(BAND).axes[0]
    np.testing.assert_array_equal(full.get_lines()[0].get_ydata(), BAND.curve()["median"])


def test_a_band_says_where_not_all_seeds_found_a_rate():
    mixed = RangeTestBand((0, 1), [TEST, FLAT])
    texts = [text.get_text() for text in names_of(plotting.plot_range_test_band(mixed).axes[0])]
    assert all(text.endswith(", 1 of 2 seeds") for text in texts)


def test_figures_can_be_drawn_into_given_axes():
    figure, axes = plotting.new_figure(columns=2)
    assert plotting.plot_range_test(TEST, ax=axes[0]) is figure
    assert plotting.plot_range_test_band(BAND, ax=axes[1]) is figure
    drawn(figure)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rules": "fastest"}, "no rule 'fastest'"),
        ({"metric": "val_loss"}, "'loss' and 'accuracy'"),
    ],
)
def test_unknown_names_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        plotting.plot_range_test(TEST, **options)
    with pytest.raises(ValueError, match=words):
        describe.describe_range_test(TEST, **options)


def test_accuracy_that_was_not_measured_cannot_be_drawn():
    with pytest.raises(ValueError, match="No accuracy was measured"):
        plotting.plot_range_test(FLAT, metric="accuracy")


def test_words_hold_the_numbers_of_the_figure():
    found = TEST.suggest()
    text = describe.describe_range_test(TEST)
    assert "301 learning rates from 1e-06 to 10" in text
    for rule in RULES:
        if found[rule] is not None:
            assert f" {found[rule]:.3g}" in text
    assert text.endswith("The test ended: the loss was not finite at a rate of 10.")
    low, high = TEST.bounds()
    text = describe.describe_range_test(TEST, metric="accuracy")
    assert f"lower bound {low:.3g}" in text
    assert f"upper bound {high:.3g}" in text
    assert "Suggested" not in text


def test_words_for_what_is_not_there():
    assert "nothing by any rule" in describe.describe_range_test(FLAT)
    assert "no loss was finite" in describe.describe_range_test(LOST)
    text = describe.describe_range_test(FLAT, metric="accuracy")
    assert "no lower bound, for no accuracy was measured" in text


def test_words_of_a_band():
    text = describe.describe_range_test_band(BAND, rules=["turning_point"])
    line = BAND.spread().loc["turning_point"]
    words = f"turning point {line['median']:.3g} ({line['lowest']:.3g} to {line['highest']:.3g})"
    assert words in text
    assert "5 seeds, of which 5 diverged" in text
    flat = RangeTestBand((0,), [FLAT])
    assert "nothing by any rule" in describe.describe_range_test_band(flat)
    assert "one seed" in describe.describe_range_test_band(flat)
