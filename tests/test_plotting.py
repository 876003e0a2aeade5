"""Figures of runs: what is drawn, where the axes end, what reaches the page."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from helpers import plotting
from helpers.plotting.runs import smooth, spread
from helpers.plotting.style import DPI
from helpers.results import Run, Runs


def run(label, seed, values, diverged_at=None):
    history = {"loss": [2 - value for value in values], "val_accuracy": values}
    return Run(label, seed, history, list(range(1, len(values) + 1)), [], diverged_at)


RUNS = Runs(
    tuple(
        run(rate, seed, [0.1, top + 0.01 * seed])
        for rate, top in [(0.001, 0.4), (0.01, 0.9), (0.1, 0.6)]
        for seed in (0, 1)
    )
)
LOST = RUNS.concat(Runs((run(1.0, 0, [math.nan], diverged_at=3),)))


def colors_of(ax):
    return [line.get_color() for line in ax.get_lines()]


def texts_of(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


@pytest.mark.parametrize(
    "figure",
    [
        plotting.plot_histories(RUNS),
        plotting.plot_histories(LOST, "loss"),
        plotting.plot_learning_curves(RUNS, ("loss", "val_accuracy")),
        plotting.plot_sweep(RUNS, ("val_accuracy", "loss"), within=0.4),
        plotting.plot_sweep(LOST),
    ],
    ids=["histories", "loss", "curves", "sweep", "diverged"],
)
def test_figures_are_plain_figures_with_named_axes_in_the_palette(figure):
    assert isinstance(figure, Figure)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()
    allowed = set(plotting.PALETTE.values())
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert set(colors_of(ax)) <= allowed


def test_histories_draw_the_mean_of_each_label_and_name_it():
    figure = plotting.plot_histories(RUNS)
    curves = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) == 2]
    curves = [line for line in curves if list(line.get_xdata()) == [1, 2]]
    assert [line.get_ydata()[-1] for line in curves] == pytest.approx([0.405, 0.905, 0.605])
    assert {"0.001", "0.01", "0.1"} <= set(texts_of(figure))


def test_a_label_keeps_its_color_when_others_are_left_out():
    whole = plotting.plot_histories(RUNS)
    part = plotting.plot_histories(RUNS, labels=[0.1])
    assert colors_of(part.axes[0])[0] == colors_of(whole.axes[0])[2]


def test_seeds_and_smoothing_choose_what_is_drawn():
    one = plotting.plot_histories(RUNS, seeds=[1], labels=[0.1])
    assert one.axes[0].get_lines()[0].get_ydata()[-1] == pytest.approx(0.61)
    smoothed = plotting.plot_histories(RUNS, seeds=[1], labels=[0.1], smoothing=0.5)
    assert smoothed.axes[0].get_lines()[0].get_ydata()[-1] == pytest.approx((0.1 + 2 * 0.61) / 3)
    for bad in (-0.1, 1.0):
        with pytest.raises(ValueError, match="smoothing"):
            plotting.plot_histories(RUNS, smoothing=bad)


def test_a_diverged_run_is_named_and_does_not_stretch_the_loss_axis():
    runs = RUNS.concat(Runs((run(1.0, 0, [-1000.0, math.nan], diverged_at=3),)))
    figure = plotting.plot_histories(runs, "loss")
    assert figure.axes[0].get_ylim()[1] < 4
    assert "diverged: 1" in texts_of(figure)
    swept = plotting.plot_sweep(LOST)
    assert "diverged" in texts_of(swept)


def test_sweep_has_a_log_axis_with_every_rate_and_marks_the_best():
    figure = plotting.plot_sweep(RUNS, within=0.1)
    ax = figure.axes[0]
    assert ax.get_xscale() == "log"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert "best: 0.01" in texts_of(figure)


def test_sweep_refuses_names_and_curves_two_metrics():
    with pytest.raises(ValueError, match="not a rate"):
        plotting.plot_sweep(Runs((run("cosine", 0, [0.5]),)))
    with pytest.raises(ValueError, match="two names"):
        plotting.plot_learning_curves(RUNS, ("loss",))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.floats(0, 0.99))
def test_smoothing_stays_within_the_curve_and_agrees_with_the_sum(values, weight):
    smoothed = smooth(values, weight)
    for place, value in enumerate(smoothed):
        weights = np.array([weight ** (place - past) for past in range(place + 1)])
        expected = (weights * values[: place + 1]).sum() / weights.sum()
        assert value == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_spread_keeps_order_distance_and_bounds(heights):
    placed = spread(heights, 0.1, 0.0, 1.0)
    by_height = np.argsort(heights, kind="stable")
    ordered = [placed[index] for index in by_height]
    assert all(after - before >= 0.1 - 1e-9 for before, after in zip(ordered, ordered[1:]))
    assert all(-1e-9 <= place <= 1 + 1e-9 for place in placed)


def test_png_has_the_size_of_the_figure_and_is_the_same_twice():
    import io

    from PIL import Image

    figure, ax = plotting.new_figure(width=8.2, height=3.3)
    ax.plot([0, 1], color=plotting.PALETTE["vermillion"], linewidth=9)
    png = plotting.to_png(figure)
    assert png == plotting.to_png(figure)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.size == pytest.approx((8.2 * DPI, 3.3 * DPI), abs=1)
    colors = {color for _, color in picture.getcolors(10_000)}
    assert (255, 255, 255) in colors
    assert min(abs(r - 213) + abs(g - 94) + abs(b) for r, g, b in colors) < 12
    with pytest.raises(ValueError, match="0 .quick. to 9"):
        plotting.to_png(figure, compress_level=10)


def test_show_carries_the_description_and_asks_for_one(capsys, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **options: shown.append((a, options)))
    figure, _ = plotting.new_figure()
    alt = "Line chart of loss against updates; the loss falls."
    plotting.show(figure, alt)
    (bundle,), options = shown[0]
    assert set(bundle) == {"image/png", "text/plain"}
    assert options["metadata"] == {"image/png": {"alt": alt}}
    with pytest.raises(ValueError, match="40 or more"):
        plotting.show(figure, "too short")
