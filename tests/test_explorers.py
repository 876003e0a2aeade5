"""Explorers without a kernel or a browser: controls, text, pictures, messages, *Run* and *Stop*."""

import asyncio
import gc
import html
import re
import subprocess
import sys
from types import SimpleNamespace

import ipywidgets as widgets
import pandas as pd
import pytest
from matplotlib.figure import Figure
from traitlets import TraitError

from helpers import explorers
from helpers.explorers import Explorer, TrainingExplorer
from helpers.explorers.checkboxes import Checkboxes
from helpers.results import Run, Runs


def small_sweep():
    """Three rates, two seeds, two epochs: by the loss another rate wins than by the accuracy."""
    rows = {0.01: [0.3, 0.5], 0.1: [0.6, 0.8], 1.0: [0.2, 0.4]}
    return Runs(
        tuple(
            Run(
                rate,
                seed,
                {
                    "loss": [2.0 - rate, 1.5 - rate + 0.1 * seed],
                    "val_accuracy": [value + 0.01 * seed for value in values],
                    "val_size": [1.0, 2.0],
                },
                [10, 20],
            )
            for rate, values in rows.items()
            for seed in (0, 1)
        ),
        {},
    )


def small_blocks():
    """The table of a network with four blocks, as `LayerGroups.table()` gives it."""
    return pd.DataFrame(
        {
            "group": range(4),
            "layers": ["conv_1", "conv_2", "dense", "head"],
            "variables": [2, 2, 2, 2],
            "parameters": [160, 4_640, 16_416, 165],
            "trained": [160, 4_640, 16_416, 165],
        }
    )


def move_with_the_rates(rates):
    """Fake training: in two pieces, each block moves by ten times its rate a piece."""
    for done, accuracy in ((1, 0.5), (2, 0.95)):
        yield pd.DataFrame({"movement": [10 * done * rate for rate in rates]}), accuracy


MAKERS = {
    "cycle_planner": explorers.cycle_planner,
    "descent": explorers.descent,
    "hop": explorers.hop,
    "layer_rates": lambda: explorers.layer_rates(
        small_blocks(), move_with_the_rates, pieces=2, target=0.9, most_movement=0.1
    ),
    "restart_planner": explorers.restart_planner,
    "sweep": lambda: explorers.sweep(small_sweep()),
}


def alt(explorer):
    """The description in the picture that is on the page."""
    return html.unescape(re.search(r'<img alt="([^"]*)"', explorer._view.value)[1])


def picture(explorer):
    return re.search(r"base64,([^\"]+)", explorer._view.value)[1]


def ends(control):
    """The values at both ends of a control, then the one it had."""
    first = control.value
    if isinstance(control, widgets.FloatLogSlider):
        return [control.base**control.min, control.base**control.max, first]
    if isinstance(control, Checkboxes):
        options = [value for _, value in control.options]
        return [options[:1], options, first]
    if hasattr(control, "min"):
        return [control.min, control.max, first]
    return [control._options_full[-1][1], control._options_full[0][1], first]


@pytest.fixture(params=MAKERS)
def explorer(request):
    made = MAKERS[request.param]()
    yield made
    made.close()


def test_every_control_changes_picture_and_text_at_both_ends(explorer):
    for name, control in explorer.controls.items():
        seen = set()
        for value in ends(control):
            control.value = value
            assert explorer.values[name] == control.value
            assert 40 <= len(explorer.text) <= 320
            assert explorer.text in html.unescape(explorer._view.value)
            assert alt(explorer)
            seen.add(picture(explorer))
        assert len(seen) > 1, f"{name} changes nothing"


def test_picture_is_described_by_the_text_and_no_output_is_open_html(explorer):
    assert alt(explorer) == explorer.text
    assert explorer.score.startswith("Target:")


def test_bundle_has_widget_picture_and_text(explorer):
    bundle, metadata = explorer._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "image/png",
        "text/plain",
    }
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.ui.model_id
    assert metadata["image/png"]["alt"] == bundle["text/plain"] == explorer.text
    assert bundle["image/png"].startswith("iVBOR")


def test_reset_brings_back_the_first_settings(explorer):
    first, first_picture = explorer.values, picture(explorer)
    for control in explorer.controls.values():
        control.value = ends(control)[0]
    press(explorer, "Reset")
    assert explorer.values == first
    assert picture(explorer) == first_picture


def test_controls_are_common_to_both_versions_and_report_once_chosen(explorer):
    for control in explorer.controls.values():
        assert not isinstance(control, widgets.Output)
        assert getattr(control, "continuous_update", False) is False


def press(explorer, label):
    next(b for b in explorer._buttons.children if b.description == label).click()


def line(**values):
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot(list(values.values()))
    return figure


def between(low, high):
    if low >= high:
        raise ValueError(
            f"low is {low} and high is {high}; allowed is low < high & <b>no</b> more."
        )
    return line(low=low, high=high)


def bounds(describe=lambda **values: f"A line, a description: {values}"):
    controls = {
        "low": widgets.IntSlider(value=1, max=9, description="low"),
        "high": widgets.IntSlider(value=5, max=9, description="high"),
    }
    return Explorer("Bounds", controls, between, describe, score=lambda **_: "Target: 3.")


def test_impossible_settings_give_a_message_and_keep_the_last_picture():
    made = bounds()
    before = picture(made)
    made.controls["low"].value = 7
    assert "low is 7" in made.text
    assert "low is 7" in made._view.value
    assert "&lt;b&gt;no&lt;/b&gt;" in made._view.value
    assert picture(made) == before
    assert made.score == ""
    made.controls["high"].value = 9
    assert made.text.startswith("A line")
    assert "low is 7" not in made._view.value


def test_words_are_escaped():
    made = bounds(lambda **_: 'A <script>"quoted"</script> & description')
    assert "<script>" not in made._view.value
    assert alt(made) == 'A <script>"quoted"</script> & description'


def test_impossible_first_settings_are_an_error():
    controls = {name: widgets.IntSlider(value=5) for name in ("low", "high")}
    with pytest.raises(ValueError, match="low is 5"):
        Explorer("Bounds", controls, between, str)


def test_a_burst_is_drawn_once_and_reading_waits_for_nothing():
    draws = []

    def draw(low, high):
        draws.append((low, high))
        return between(low, high)

    async def burst():
        made = bounds()
        made._draw = draw
        for value in (6, 7, 8):
            made.controls["high"].value = value
        assert draws == []
        await asyncio.sleep(0.1)
        assert draws == [(1, 8)]
        made.controls["high"].value = 9
        assert "'high': 9" in made.text
        assert draws[1:] == [(1, 9)]
        made.controls["high"].value = 4
        made.close()
        await asyncio.sleep(0.05)
        assert draws[2:] == []

    asyncio.run(burst())


def moment(done, total=4):
    return SimpleNamespace(
        fraction=done / total, text=f"{done} of {total}", finished=["run"] * done
    )


class Work:
    """Fake training: yields moments, notes how it ended."""

    def __init__(self, total=4, fail_at=None, returns=None):
        self.total, self.fail_at, self.returns, self.closed, self.pieces = (
            total,
            fail_at,
            returns,
            0,
            0,
        )

    def __call__(self, **values):
        try:
            for done in range(self.total + 1):
                if done == self.fail_at:
                    raise RuntimeError("the <b>data</b> is missing")
                self.pieces += 1
                yield moment(done, self.total)
            return self.returns
        finally:
            self.closed += 1


def training(work, name="Train"):
    return TrainingExplorer(
        name,
        {"rate": widgets.FloatSlider(value=0.5, description="rate")},
        work,
        lambda results, rate: line(rate=rate, runs=len(results)),
        lambda results, rate: f"A line for rate {rate} and {len(results)} finished results, drawn.",
        score=lambda results, rate: f"Target: 2 results. Yours: {len(results)}.",
    )


def test_run_without_a_loop_works_through_and_overlays():
    made = training(Work())
    before = picture(made)
    press(made, "Run")
    assert made.results == [["run"] * 4]
    assert made.progress_text == "Finished: 4 of 4"
    assert made._bar.value == 1
    assert "1 finished" in made.text
    assert picture(made) != before
    press(made, "Run")
    assert len(made.results) == 2
    assert made.score == "Target: 2 results. Yours: 2."
    press(made, "Reset")
    assert made.results == []


def test_what_the_work_returns_is_the_result():
    made = training(Work(returns="returned"))
    made.run()
    assert made.results == ["returned"]


def test_run_and_stop_in_a_loop_keep_controls_alive_and_what_is_finished():
    work = Work(total=1000)

    async def session():
        made = training(work)
        press(made, "Run")
        assert made.running
        await asyncio.sleep(0.1)
        pieces = work.pieces
        assert 1 < pieces < 100
        made.controls["rate"].value = 0.25
        await asyncio.sleep(0.05)
        assert "rate 0.25" in made.text
        press(made, "Run")
        assert made.progress_text.startswith("A run is in progress")
        press(made, "Stop")
        await asyncio.sleep(0.05)
        assert not made.running
        assert made.progress_text.startswith("Stopped at")
        assert 1 < len(made.results[0]) < 200
        assert work.closed == 1
        press(made, "Run")
        await asyncio.sleep(0.05)
        press(made, "Stop")
        await asyncio.sleep(0.05)
        assert len(made.results) == 2
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(session())


def test_stop_before_anything_is_finished_keeps_nothing():
    def work(rate):
        while True:
            yield moment(0)

    async def session():
        made = training(work)
        made.run()
        await asyncio.sleep(0.03)
        made.stop()
        await asyncio.sleep(0.05)
        assert made.results == []
        assert made.progress_text == "Stopped at: 0 of 4"

    asyncio.run(session())


def test_waiting_run_in_a_loop_ends_before_it_returns():
    async def session():
        made = training(Work())
        made.run(wait=True)
        assert len(made.results) == 1

    asyncio.run(session())


@pytest.mark.parametrize("fail_at", [0, 2])
def test_an_error_is_said_in_words_and_the_explorer_stays_usable(fail_at):
    work = Work(fail_at=fail_at)
    made = training(work)
    made.run()
    assert "the <b>data</b> is missing" in made.progress_text
    assert "&lt;b&gt;" in made._words.value
    assert not made.running
    work.fail_at = None
    made.run()
    assert made.progress_text.startswith("Finished")
    made.controls["rate"].value = 1
    assert "rate 1" in made.text


def test_an_error_in_a_loop_and_in_the_first_call_are_said_too():
    def refuse(rate):
        raise ValueError("rate is too high; try 0.1")

    async def session():
        made = training(refuse)
        made.run()
        await asyncio.sleep(0.03)
        assert "try 0.1" in made.progress_text
        assert not made.running
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(session())


def test_an_interrupt_stops_and_keeps_what_is_finished():
    def work(rate):
        yield moment(2)
        raise KeyboardInterrupt

    made = training(work)
    made.run()
    assert made.results == [["run"] * 2]
    assert made.progress_text == "Stopped at: 2 of 4"


@pytest.mark.parametrize("way", ["close", "again", "reset"])
def test_closing_resetting_or_making_it_again_leaves_no_task(way):
    work = Work(total=1000)

    async def session():
        made = training(work)
        made.run()
        await asyncio.sleep(0.03)
        if way == "again":
            training(Work())
        else:
            getattr(made, way)()
        await asyncio.sleep(0.05)
        pieces = work.pieces
        await asyncio.sleep(0.05)
        assert work.pieces == pieces
        assert work.closed == 1
        assert not made.running
        assert made.results == []
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(session())
    gc.collect()


def test_reset_during_a_run_lets_the_next_run_start():
    async def session():
        made = training(Work(total=1000))
        made.run()
        await asyncio.sleep(0.03)
        made.reset()
        made.run()
        await asyncio.sleep(0.05)
        assert made.running
        made.stop()
        await asyncio.sleep(0.05)
        assert len(made.results) == 1

    asyncio.run(session())


def test_nothing_here_imports_tensorflow():
    code = "import helpers.explorers, sys; sys.exit(bool({'keras', 'tensorflow'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("target", [0, 61])
def test_descent_refuses_a_target_out_of_range(target):
    with pytest.raises(ValueError, match="1 to 60"):
        explorers.descent(target)


def test_descent_target_needs_momentum_and_can_be_reached():
    made = explorers.descent()
    assert "not there" in made.score
    made.controls["rate"].value = 0.18
    assert "Yours: 17." in made.score
    made.controls["momentum"].value = 0.3
    made.controls["rate"].value = 0.22
    assert "reached" in made.score


def test_descent_greys_out_the_curvature_where_it_has_no_effect():
    made = explorers.descent()
    made.controls["landscape"].value = "two wells"
    assert made.controls["curvature"].disabled
    made.reset()
    assert not made.controls["curvature"].disabled


def test_sweep_starts_from_validation_accuracy_and_leaves_out_what_has_no_direction():
    made = explorers.sweep(small_sweep())
    assert [metric for _, metric in made.controls["metric"]._options_full] == [
        "val_accuracy",
        "loss",
    ]
    assert "0.1" in made.score
    assert "reached" not in made.score
    made.controls["metric"].value = "loss"
    assert "reached" in made.score


def test_sweep_asks_for_a_choice_where_none_is_made():
    made = explorers.sweep(small_sweep())
    for name, what in (("rates", "rate"), ("seeds", "seed")):
        made.controls[name].value = ()
        assert made.text.startswith(f"No {what} is chosen")
        made.reset()
        assert made.text.startswith("Line chart")


def test_sweep_refuses_what_it_cannot_rank():
    with pytest.raises(TypeError, match="a dict"):
        explorers.sweep({})
    with pytest.raises(ValueError, match="high or low"):
        explorers.sweep(Runs((Run(0.1, 0, {"size": [1.0]}, [10]),), {}))


def test_an_unforeseen_error_is_shown_and_raised():
    made = bounds()
    made._describe = lambda **_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        made.controls["high"].value = 6
    assert made.text == "division by zero"
    assert made.text in made._view.value


def test_checkboxes_and_value_follow_each_other_and_notify_once():
    made = Checkboxes([("one", 1), ("two", 2), ("three", 3)], "numbers")
    seen = []
    made.observe(lambda change: seen.append(change["new"]), names="value")
    made._boxes[2].value = False
    made.value = (3, 2)
    assert [box.value for box in made._boxes.values()] == [False, True, True]
    assert made.value == (2, 3)
    assert seen == [(1, 3), (2, 3)]
    with pytest.raises(TraitError, match="allowed are"):
        made.value = (4,)
