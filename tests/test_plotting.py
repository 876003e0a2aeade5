"""Figures: every one has its sentence, draws all it is given, and says so where it cannot."""

import html

import nbconvert
import nbformat
import numpy as np
import pandas as pd
import pytest

from helpers import plotting
from helpers.landscapes import Basins, Bowl, Parabola, descend, hop
from helpers.plotting.rates import drawn_steps
from helpers.plotting.style import SERIES, bundle, emptied, to_png
from helpers.results import RangeTest, RangeTestBand, Runs
from helpers.schedules import Constant, OneCycle, Triangular, WarmRestarts


def make_runs(policies=(None,), rates=(0.01, 0.1, 1.0), seeds=3, epochs=4):
    draw = np.random.default_rng(0)
    rows = [
        {"policy": policy, "rate": rate, "seed": seed, "epoch": epoch, "updates": 10 * epoch}
        | {"val_loss": draw.random() / epoch, "val_accuracy": draw.random(), "loss": 1 / epoch}
        for policy in policies
        for rate in rates
        for seed in range(seeds)
        for epoch in range(1, epochs + 1)
    ]
    rows[-1]["diverged"] = True
    return Runs.from_rows(rows)


def make_test(shift=0.0, **options):
    rates = np.geomspace(1e-4, 10, 200)
    x = np.log10(rates) - shift
    losses = 2.3 - 1.8 / (1 + np.exp(-4 * (x + 1.5))) + np.exp(6 * (x - 0.2))
    return RangeTest(rates, losses, np.clip(1 - losses / 2.4, 0, 1), **options)


RUNS, SERIES_OF_RUNS = make_runs(), make_runs(("cosine", "constant"))
TABLE = pd.DataFrame(
    {
        "group": [0, 0, 1],
        "layers": ["conv_1", "conv_2 ... block_16_project_BN (41 layers)", "head"],
        "parameters": [160, 41_000, 330],
        "learning_rate": [1e-7, 1e-7, 1e-2],
        "trained": [160, 0, 330],
    }
)
HOPS = hop(Basins(), WarmRestarts(0.3, 20), steps=60, trials=50, noise=2.0, start=2.0)
FIGURES = {
    "lines": lambda: plotting.plot_lines({"a": [1, 2, 3], "b": ([0, 2], [3, 4])}, "update", "loss"),
    "one schedule": lambda: plotting.plot_schedules(Triangular(0.1, 0.5, 50), 400),
    "schedules": lambda: plotting.plot_schedules(
        {"one cycle": OneCycle(0.1, 400), "constant": Constant(0.1)}, 400, steps_per_epoch=40
    ),
    "runs": lambda: plotting.plot_runs(RUNS),
    "sweep": lambda: plotting.plot_sweep(RUNS, within=0.2),
    "sweep of two metrics": lambda: plotting.plot_sweep(RUNS, ("val_loss", "loss"), log="y"),
    "sweep of policies": lambda: plotting.plot_sweep(SERIES_OF_RUNS, "val_loss"),
    "paired": lambda: plotting.plot_paired(RUNS.select([0.01, 0.1]).against(0.1, [0.01])),
    "range test": lambda: plotting.plot_range_test(make_test()),
    "accuracy": lambda: plotting.plot_range_test(make_test(), "accuracy"),
    "band": lambda: plotting.plot_range_test(
        RangeTestBand((0, 1), (make_test(), make_test(0.3))), rules=("valley",)
    ),
    "layer rates": lambda: plotting.plot_layer_rates(TABLE),
    "descent": lambda: plotting.plot_descent(descend(Bowl(), (-3, 1), rate=0.1)),
    "diverging": lambda: plotting.plot_descent(descend(Parabola(), 3, rate=2.5)),
    "hops": lambda: plotting.plot_hops(HOPS, "restarts"),
    "shares": lambda: plotting.plot_hop_shares({"restarts": HOPS, "again": HOPS}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_and_carries_a_sentence_with_numbers(name):
    figure = FIGURES[name]()
    assert len(figure.alt) >= 40
    assert any(letter.isdigit() for letter in figure.alt)
    assert figure.alt.endswith(".")
    assert to_png(figure).startswith(b"\x89PNG")
    data, metadata = bundle(figure)
    assert data["text/plain"] == metadata["image/png"]["alt"] == figure.alt


def test_a_web_page_made_of_a_notebook_has_every_description():
    data, metadata = bundle(FIGURES["sweep"]())
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[output])])
    page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    assert f'alt="{html.escape(data["text/plain"])}"' in page
    assert "No description" not in page


def test_axes_that_are_emptied_are_as_new():
    figure, ax = plotting.new_figure()
    plotting.plot_descent(descend(Bowl(), (-3, 1), rate=0.1), ax=ax)
    plotting.plot_lines({"a": [3, 4, 5], "b": [6, 7, 8]}, "x", "y", ax=emptied(ax))
    fresh = plotting.plot_lines({"a": [3, 4, 5], "b": [6, 7, 8]}, "x", "y")
    assert to_png(figure) == to_png(fresh)


def test_the_same_record_gives_the_same_picture():
    assert to_png(FIGURES["sweep"]()) == to_png(FIGURES["sweep"]())


def test_every_line_is_told_apart_by_more_than_color():
    looks = {(str(look["linestyle"]), look["marker"]) for look in SERIES}
    assert len(looks) == len(SERIES)


@pytest.mark.parametrize(
    "plot",
    [
        lambda names: plotting.plot_lines({name: [1, 2] for name in names}, "x", "y"),
        lambda names: plotting.plot_schedules({name: Constant(0.1) for name in names}, 10),
        lambda names: plotting.plot_sweep(make_runs(names)),
    ],
)
def test_more_lines_than_can_be_told_apart_are_refused_and_not_left_out(plot):
    plot([f"line {number}" for number in range(8)])
    with pytest.raises(ValueError, match="9 lines"):
        plot([f"line {number}" for number in range(9)])


def test_many_rates_have_ordered_colors_and_all_are_drawn():
    figure = plotting.plot_runs(make_runs(rates=np.geomspace(1e-4, 1, 12)))
    assert len(figure.axes[0].get_legend().get_texts()) == 12


def test_each_policy_has_the_ticks_of_all_grids():
    runs = make_runs(("a",), (0.01, 0.1)).concat(make_runs(("b",), (0.1, 1.0)))
    labels = [tick.get_text() for tick in plotting.plot_sweep(runs).axes[0].get_xticklabels()]
    assert labels == ["0.01", "0.1", "1"]


@pytest.mark.parametrize("total", [1, 2, 399, 400, 1000, 10**6])
def test_no_peak_and_no_trough_of_a_whole_cycle_is_cut_off(total):
    schedule = Triangular(0.0, 1.0, 200)
    steps = drawn_steps(schedule.cycle_ends(total), total)
    assert (np.diff(steps) > 0).all()
    assert (steps[0], steps[-1]) == (0, total - 1)
    assert schedule(steps).max() == schedule(np.arange(min(total, 4000))).max()


def test_a_figure_without_a_description_is_not_shown():
    figure, _ = plotting.new_figure()
    with pytest.raises(ValueError, match="description"):
        plotting.show(figure)


def test_an_accuracy_that_was_not_measured_is_not_drawn():
    test = make_test()
    with pytest.raises(ValueError, match="No accuracy was measured"):
        plotting.plot_range_test(RangeTest(test.rates, test.losses), "accuracy")
