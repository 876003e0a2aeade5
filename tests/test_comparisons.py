"""Policies at several rates: apart, tuned, drawn and described."""

import numpy as np
import pytest

from helpers import describe, plotting
from helpers.results import Run, Runs, at_end, at_rate, paired_table, series, tuned


def runs_of(losses):
    """Return `Runs` of `{label: last loss of each seed}`."""
    return Runs(
        tuple(
            Run(label, seed, {"val_loss": [1.0, loss], "test_loss": [1.0, loss + 0.1]}, [10, 20])
            for label, values in losses.items()
            for seed, loss in enumerate(values)
        ),
        {"epochs": 2},
    )


RUNS = runs_of(
    {
        "constant at 0.01": [0.5, 0.6, 0.4],
        "cosine at 0.01": [0.7, 0.6, 0.8],
        "constant at 0.1": [0.9, 0.8, 0.7],
        "cosine at 0.1": [0.2, 0.3, 0.1],
    }
)


def test_a_label_comes_apart_again():
    name, rate = "triangular", 0.00316
    runs = runs_of({at_rate(name, rate): [0.5]})
    assert series(runs)[name].labels == [rate]


def test_a_policy_whose_name_cannot_come_apart_is_refused():
    with pytest.raises(ValueError, match="contains ' at '"):
        at_rate("cosine at night", 0.1)


def test_series_are_sweeps_of_one_policy_each():
    apart = series(RUNS)
    assert {name: own.labels for name, own in apart.items()} == {
        "constant": [0.01, 0.1],
        "cosine": [0.01, 0.1],
    }
    assert apart["cosine"].run(0.1, 2).history["val_loss"] == [1.0, 0.1]
    assert apart["cosine"].about == {"epochs": 2}


def test_a_label_without_a_rate_has_no_series():
    with pytest.raises(ValueError, match="'cosine' is no label"):
        series(runs_of({"cosine": [0.5]}))


def test_each_policy_is_tuned_by_the_metric_that_was_asked_for():
    best = tuned(RUNS)
    assert best.labels == ["constant", "cosine"]
    assert best.about["tuned_rates"] == {"constant": 0.01, "cosine": 0.1}
    assert best.about["tuned_by"] == "val_loss"
    difference = best.paired("cosine", "constant", "test_loss")
    assert difference.mean == pytest.approx(np.mean([-0.3, -0.3, -0.3]))


def test_the_end_is_all_that_is_kept_of_a_large_grid():
    ends = at_end(RUNS)
    assert (ends.labels, ends.seeds, ends.about) == (RUNS.labels, RUNS.seeds, RUNS.about)
    assert ends.run("cosine at 0.1", 2).history == {"val_loss": [0.1], "test_loss": [0.2]}
    assert ends.run("cosine at 0.1", 2).updates == [20]
    assert ends.summary("val_loss").equals(RUNS.summary("val_loss"))


def test_series_are_drawn_with_a_line_and_a_name_each():
    figure = plotting.plot_series(series(RUNS), "val_loss")
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["constant", "cosine"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.5, 0.8])
    np.testing.assert_allclose(ax.lines[1].get_xdata(), [0.01, 0.1])
    with pytest.raises(ValueError, match="series is empty"):
        plotting.plot_series({})


def test_anytime_marks_what_was_measured_at_the_marks():
    figure = plotting.plot_anytime(RUNS, marks={"cosine at 0.1": [20, 30]})
    (ax,) = figure.axes
    drawn = [line for line in ax.lines if line.get_linestyle() == "None" and len(line.get_xdata())]
    assert len(drawn) == 1
    assert (list(drawn[0].get_xdata()), list(drawn[0].get_ydata())) == ([20], [pytest.approx(0.2)])
    with pytest.raises(ValueError, match="No run measured 'auc'"):
        plotting.plot_anytime(RUNS, "auc")


def test_paired_intervals_are_drawn_where_they_lie():
    verdicts = [
        RUNS.paired("cosine at 0.1", "constant at 0.01", "val_loss"),
        RUNS.paired("cosine at 0.01", "constant at 0.1", "val_loss"),
    ]
    figure = plotting.plot_paired(verdicts, names=["tuned", "untuned"])
    (ax,) = figure.axes
    spans = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2][:2]
    assert spans == [(verdict.low, verdict.high) for verdict in verdicts]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["tuned", "untuned"]
    faces = [line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"]
    assert (faces[0] == "white", faces[1] == "white") == (False, True)


def test_paired_intervals_of_two_metrics_share_no_axis():
    mixed = [RUNS.paired(*RUNS.labels[:2], metric) for metric in ("val_loss", "test_loss")]
    with pytest.raises(ValueError, match="give those of one"):
        plotting.plot_paired(mixed)
    with pytest.raises(ValueError, match="1 verdicts and 2 names"):
        plotting.plot_paired(mixed[:1], names=["a", "b"])


def test_sentences_say_what_the_figures_show():
    assert "cosine is best at 0.1 with 0.200" in describe.describe_series(series(RUNS), "val_loss")
    assert "cosine at 0.1 0.200" in describe.describe_anytime(RUNS)
    verdict = RUNS.paired("cosine at 0.1", "constant at 0.01", "val_loss")
    assert "-0.3000" in describe.describe_paired([verdict])
    assert "cosine at 0.1 wins" in describe.describe_paired([verdict])


def test_verdicts_are_read_in_a_table():
    verdicts = [
        RUNS.paired("cosine at 0.1", "constant at 0.01", "val_loss"),
        RUNS.paired("cosine at 0.01", "constant at 0.1", "val_loss"),
    ]
    table = paired_table(verdicts)
    assert list(table.index) == [
        "cosine at 0.1 − constant at 0.01",
        "cosine at 0.01 − constant at 0.1",
    ]
    assert list(table["difference"]) == ["-0.3000", "-0.1000"]
    assert list(table["verdict"]) == ["cosine at 0.1", "tie"]
    assert list(table["seeds"]) == [3, 3]
    assert list(paired_table(verdicts, names=["x", "y"]).index) == ["x", "y"]
    with pytest.raises(ValueError, match="2 verdicts and 1 names"):
        paired_table(verdicts, names=["x"])
