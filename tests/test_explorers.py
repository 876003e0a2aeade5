"""Every explorer, driven without a kernel: no test of its own is needed for a new one."""

import asyncio
import html
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers import explorers, models
from helpers.data import load
from helpers.explorers.controls import Choice, Number
from helpers.results import RangeTest, Runs

DIGITS = load("digits", limit=(64, 40, 40))
RATES = np.geomspace(1e-5, 1, 120)
LOSSES = 2.3 - 1.8 / (1 + np.exp(-4 * (np.log10(RATES) + 2))) + (RATES / 0.3) ** 4
TEST = RangeTest(RATES, LOSSES, np.clip(1 - LOSSES / 2.4, 0, 1))
ROWS = [
    {"rate": rate, "seed": seed, "epoch": epoch, "updates": epoch, "val_accuracy": 1 - rate / epoch}
    | {"val_loss": rate / epoch + seed / 10}
    for rate in (0.01, 0.1, 0.9)  # By rounding, the mean of three 0.7 is less.
    for seed in range(3)
    for epoch in (1, 2, 3)
]
BLOCKS = pd.DataFrame({"group": range(4), "layers": list("abcd"), "parameters": [1, 20, 300, 40]})


def train_blocks(rates):
    for piece in range(3):
        moved = np.array(list(rates)) * (piece + 1)
        yield pd.DataFrame({"group": range(4), "movement": moved}), 0.5 + piece / 10


DATA = (models.build_dense_net, DIGITS.train, DIGITS.validation)
EXPLORERS = {
    "descent": explorers.descent,
    "hop": explorers.hop,
    "cycle planner": explorers.cycle_planner,
    "restart planner": explorers.restart_planner,
    "change the setting": explorers.change_setting,
    "sweep": lambda: explorers.sweep(Runs.from_rows(ROWS)),
    "bounds": lambda: explorers.bounds(TEST, *DATA, seeds=(0, 1), epochs=2, target=0.2),
    "train a cycle": lambda: explorers.train_a_cycle(*DATA, seeds=(0, 1), target=9, level=0.1),
    "layer rates": lambda: explorers.layer_rates(
        BLOCKS, train_blocks, pieces=3, target=0.6, most_movement=0.1
    ),
}
TRAINING = ("bounds", "train a cycle", "layer rates")


@pytest.fixture(params=EXPLORERS)
def explorer(request):
    return EXPLORERS[request.param]()


def positions(control):
    """Return values that a person would try: the ends, the middle, every choice."""
    if isinstance(control, Number):
        low, high = control._box.min, control._box.max
        return [low, high, (low + high) / 2, control.value]
    if control._several:
        every = list(control._labels)
        return [(), tuple(every[:1]), tuple(every)]
    return [*control._labels, control.value]


def picture(explorer):
    return explorer._back.value, explorer._front.value


def test_every_control_changes_the_picture_or_says_why_not(explorer):
    for name, control in explorer.controls.items():
        seen = set()
        for value in positions(control):
            control.value = value
            seen.add((picture(explorer), explorer.text, explorer.score))
            assert len(explorer.text) > 20, name
            assert explorer.values[name] == control.value
        assert len(seen) > 1, f"{name} does nothing"
        explorer.reset()


def test_reset_brings_the_first_picture_back(explorer):
    first = picture(explorer), explorer.text
    for control in explorer.controls.values():
        control.value = positions(control)[-2]
    explorer.reset()
    assert (picture(explorer)[0], explorer.text) == (first[0][0], first[1])


def test_a_stored_notebook_has_the_picture_with_its_sentence(explorer):
    data, metadata = explorer._repr_mimebundle_()
    assert data["image/png"]
    assert data["text/plain"] == metadata["image/png"]["alt"] == explorer.text
    assert "application/vnd.jupyter.widget-view+json" in data


def test_every_control_has_a_name_and_the_sentence_is_live(explorer):
    for control in explorer.controls.values():
        assert control.name
    assert 'aria-live="polite"' in explorer._words.value
    assert f'<img alt="{html.escape(explorer.text)}"' in explorer._front.value


def test_every_control_at_once_at_random_never_breaks_it(explorer):
    draw = np.random.default_rng(0)
    for _ in range(15):
        for control in explorer.controls.values():
            options = positions(control)
            control.value = options[draw.integers(len(options))]
        assert explorer.text


def test_a_typed_value_is_clamped_where_it_can_be_seen():
    number = Number("rate", 0.1, 0.001, 1.0, log=True)
    number._box.value = 5.0
    assert (number.value, number._box.value, number._slider.value) == (1.0, 1.0, 1.0)
    number._box.value = 0.01234
    assert number.value == 0.01234
    assert number._slider.value == pytest.approx(0.01234)
    number._slider.value = 0.0501187
    assert (number.value, number._box.value) == (0.0501, 0.0501)


def test_a_choice_marks_what_is_chosen_in_words():
    one = Choice("policy", ["constant", "cosine"])
    one._buttons["cosine"].click()
    assert one.value == "cosine"
    assert [button.description for button in one._buttons.values()] == ["constant", "✓ cosine"]
    several = Choice("seeds", [("0", 0), ("1", 1)], several=True)
    several._buttons[0].click()
    assert several.value == (1,)


@pytest.mark.parametrize("name", TRAINING)
def test_run_adds_a_result_and_its_score_counts_it(name):
    explorer = EXPLORERS[name]()
    before = picture(explorer)
    explorer.run()
    assert explorer.progress_text == "Finished."
    assert len(explorer.results) == 1
    assert picture(explorer) != before
    assert "nothing has run" not in explorer.score
    explorer.reset()
    assert explorer.results == []


def pieces(count, seen=None):
    """Return work of so many pieces that notes how far it came."""

    def work(**_):
        for done in range(count):
            so_far = list(range(done))
            if seen is not None:
                seen.append(done)
            yield SimpleNamespace(
                fraction=done / count, text=f"{done}", so_far=so_far, finished=so_far
            )

    return work


def draw_count(panels, results, rate):
    panels[0].plot([0, rate, sum(map(len, results))])
    return (
        f"A line that bends at the rate {rate}, with {len(results)} results so far in the picture."
    )


def make_running(work):
    controls = {"rate": Number("rate", 0.5, 0.0, 1.0, 0.1)}
    return explorers.TrainingExplorer("test", controls, work, draw_count, [(1, 1, 4, 2)])


def test_stop_ends_a_run_after_the_piece_at_hand_and_keeps_what_is_finished():
    async def drive():
        seen = []
        explorer = make_running(pieces(1000, seen))
        explorer.run()
        assert "Getting ready" in explorer.progress_text
        while len(seen) < 5:
            await asyncio.sleep(0.001)
        explorer.stop()
        while explorer.running:
            await asyncio.sleep(0.001)
        assert len(seen) < 20
        assert len(explorer.results) == 1
        assert explorer.progress_text == "Stopped; what was finished is kept."

    asyncio.run(drive())


def test_a_run_is_drawn_while_it_goes_on_and_controls_stay_alive():
    async def drive():
        explorer = make_running(pieces(100))
        explorer.run()
        texts = set()
        while explorer.running:
            explorer.controls["rate"].value = len(texts) % 10 / 10
            texts.add(explorer.text)
            await asyncio.sleep(0.001)
        assert any("with 1 results" in text for text in texts)
        assert len(explorer.results) == 1

    asyncio.run(drive())


def test_an_error_in_a_run_is_said_and_nothing_is_left_running():
    def work(**_):
        yield SimpleNamespace(fraction=0.5, text="half", so_far=[1], finished=[])
        raise OSError("disk gone")

    explorer = make_running(work)
    explorer.run()
    assert "disk gone" in explorer.progress_text
    assert not explorer.running
    assert explorer.results == []


def test_an_explorer_made_again_stops_the_run_of_the_one_before():
    async def drive():
        seen = []
        first = make_running(pieces(10**6, seen))
        first.run()
        while not seen:
            await asyncio.sleep(0.001)
        make_running(pieces(3))
        count = len(seen)
        await asyncio.sleep(0.1)
        assert len(seen) <= count + 1

    asyncio.run(drive())


def test_a_reset_is_drawn_once(explorer):
    first = explorer.values
    for control in explorer.controls.values():
        control.value = positions(control)[-1]
    drawn, made = [], explorer._make
    explorer._make = lambda: (drawn.append(1), made())
    explorer.reset()
    assert len(drawn) == 1
    assert explorer.values == first


def test_a_score_counts_every_seed():
    """A run that was stopped after one seed has not reached a target for all."""
    explorer = EXPLORERS["bounds"]()
    explorer.run()
    (runs,) = explorer.results
    explorer.results[:] = [runs.select(seeds=[0])]
    explorer._redraw()
    assert "not there with every seed" in explorer.score
