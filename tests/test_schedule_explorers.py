"""Planners and *Train a cycle* without a kernel: settings in, text and picture out."""

import html
import itertools
from types import SimpleNamespace

import pytest

from helpers import data, explorers
from helpers.explorers.schedules.cycle_planner import BATCH_SIZES, DATA_SETS
from helpers.results import Run, Runs
from helpers.schedules import Constant, OneCycle, Triangular
from tests.test_explorers import alt, ends, picture, press

IMAGES = [[0.0]] * 1_280, [0] * 1_280
PLANNERS = {"cycle": explorers.cycle_planner, "restart": explorers.restart_planner}


class Engine:
    """Fake training: notes what it is asked to train, reports a finished seed at a time."""

    def __init__(self, accuracies=(0.5, 0.95), metric="val_accuracy", diverged_at=None):
        self.accuracies, self.metric, self.diverged_at = accuracies, metric, diverged_at
        self.asked = []

    def __call__(self, build_model, schedules, train, validation, *, epochs, batch_size, seeds):
        self.asked.append((schedules, epochs, batch_size, seeds))
        (label,), finished = schedules, []
        for seed in seeds:
            yield SimpleNamespace(fraction=0.5, text=f"seed {seed}", finished=Runs(finished))
            history = {self.metric: [*self.accuracies], "val_loss": [2.0, 1.0]}
            updates = [40 * (epoch + 1) for epoch in range(len(self.accuracies))]
            finished.append(Run(label, seed, history, updates, [], self.diverged_at))
        return Runs(finished)


def train_a_cycle(engine=None, **options):
    engine = engine or Engine()
    return explorers.train_a_cycle(lambda: None, IMAGES, IMAGES, iterate=engine, **options)


MAKERS = {**PLANNERS, "train": train_a_cycle}


@pytest.fixture(params=MAKERS)
def explorer(request):
    made = MAKERS[request.param]()
    yield made
    made.close()


def set_all(explorer, **values):
    explorer.reset()
    for name, value in values.items():
        explorer.controls[name].value = value


def test_every_control_changes_the_picture_at_both_ends(explorer):
    for name, control in explorer.controls.items():
        seen = set()
        for value in ends(control):
            control.value = value
            assert len(explorer.text) >= 40
            assert explorer.text in html.unescape(explorer._view.value)
            assert len(alt(explorer)) >= 40
            seen.add(picture(explorer))
        assert len(seen) > 1, f"{name} changes nothing"
    assert explorer.score.startswith("Target:")


def test_one_step_of_every_slider_changes_the_picture(explorer):
    for name, control in explorer.controls.items():
        if not hasattr(control, "step"):
            continue
        explorer.reset()
        before = picture(explorer)
        up = control.value * 10**control.step if hasattr(control, "base") else 0
        control.value = up or control.value + control.step * (-1 if name == "peak_decay" else 1)
        assert picture(explorer) != before, name


def test_reset_brings_back_the_first_settings(explorer):
    first, first_picture = explorer.values, picture(explorer)
    for control in explorer.controls.values():
        control.value = ends(control)[0]
    press(explorer, "Reset")
    assert explorer.values == first
    assert picture(explorer) == first_picture


def assert_draws_every_extreme(planner, **extremes):
    """Draw all combinations, and look that everything written lies inside of the figure."""
    for combination in itertools.product(*extremes.values()):
        planner._make(planner.values | dict(zip(extremes, combination)))
        figure = planner._figure
        inside, box = figure.bbox.padded(1), figure.axes[0].get_tightbbox()
        assert inside.contains(box.x0, box.y0), combination
        assert inside.contains(box.x1, box.y1), combination
        assert planner.text.startswith("Rate against update: ")


@pytest.mark.parametrize("policy", ["triangular", "triangular2", "exp_range (paper)", "one cycle"])
def test_cycle_planner_draws_every_extreme(policy):
    made = explorers.cycle_planner()
    made.controls["min_rate"].value = 1e-6
    assert_draws_every_extreme(
        made,
        policy=[policy],
        data=["digits", "ImageNet"],
        batch_size=[32, 512],
        half_cycle=[2, 10],
        epochs=[1, 100],
        max_rate=[1e-5, 10],
    )


@pytest.mark.parametrize("mult", [1, 1.5, 2, 3])
def test_restart_planner_draws_every_extreme(mult):
    assert_draws_every_extreme(
        explorers.restart_planner(),
        cycle_mult=[mult],
        first_cycle=[0.5, 20],
        epochs=[1, 100],
        max_rate=[1e-5, 10],
        floor=[0, 0.5],
        peak_decay=[0.3, 1],
    )


@pytest.mark.parametrize(
    ("name", "batch_size", "half_cycle", "words"),
    [
        # Smith, arXiv:1506.01186: 500 updates; 5,005 for AlexNet with 6 epochs near 30,000; for
        # GoogLeNet the paper has 10,009, without the last, smaller batch.
        ("CIFAR-10", 100, 4, "half cycle 4 epochs (2,000 updates). 500 updates per epoch"),
        ("ImageNet", 256, 6, "half cycle 6 epochs (30,030 updates). 5,005 updates per epoch"),
        ("ImageNet", 128, 2, "half cycle 2 epochs (20,020 updates). 10,010 updates per epoch"),
        ("digits", 32, 2, "half cycle 2 epochs (80 updates). 40 updates per epoch"),
    ],
)
def test_the_arithmetic_of_the_paper_comes_out(name, batch_size, half_cycle, words):
    made = explorers.cycle_planner()
    set_all(made, data=name, batch_size=batch_size, half_cycle=half_cycle)
    assert words in made.text


def test_the_planner_has_the_sizes_of_the_data_and_of_the_papers_batches():
    assert DATA_SETS["digits"] == len(data.load("digits").train[1])
    assert {100, 128, 256} <= set(BATCH_SIZES)


def test_cycle_planner_warns_in_mid_cycle_and_its_advice_reaches_the_target():
    made = explorers.cycle_planner()
    assert "Training stops in mid-cycle: train 16 or 24 epochs." in made.text
    assert "Yours: 2 and part of another." in made.score
    assert unfinished(made) == (8_000, 10_000)
    made.controls["epochs"].value = 16
    assert "Training ends at a trough." in made.text
    assert made.score.endswith("Yours: 2.")
    assert unfinished(made) is None
    made.controls["epochs"].value = 24
    assert made.score.endswith("Yours: 3, reached.")


def unfinished(explorer):
    """The updates between which a planner shades a cycle that training does not finish."""
    for patch in explorer._figure.axes[0].patches:
        box = patch.get_extents().transformed(explorer._figure.axes[0].transData.inverted())
        return round(box.x0), round(box.x1)
    return None


def test_one_cycle_takes_the_whole_training_and_needs_no_half_cycle():
    made = explorers.cycle_planner(target=1)
    assert not made.controls["half_cycle"].disabled
    made.controls["policy"].value = "one cycle"
    assert made.controls["half_cycle"].disabled
    assert made.text == (
        "Rate against update: one cycle, 0.001 to 0.006 and down to 1e-05. 500 updates per epoch, "
        "10,000 in 20 epochs: 1 cycle of 10,000 updates, a trough after epoch 20. Training ends at "
        "a trough."
    )
    assert made.score == (
        "Target: 1 cycle or more, and training that ends with the last. Yours: 1, reached."
    )
    rates = made._figure.axes[0].get_lines()[0].get_ydata()
    assert (rates[0], rates.max()) == pytest.approx((0.001, 0.006))
    assert 1e-5 <= rates[-1] < 1.001e-5


def test_bounds_of_exp_range_fall_to_a_tenth():
    made = explorers.cycle_planner()
    set_all(made, policy="exp_range (paper)", epochs=24)
    rates = made._figure.axes[0].get_lines()[0].get_ydata()
    assert rates[-1] == pytest.approx(0.0001, rel=0.01)


@pytest.mark.parametrize("policy", ["triangular", "one cycle"])
@pytest.mark.parametrize("maker", ["cycle", "train"])
def test_swapped_bounds_are_said_in_words_and_keep_the_picture(maker, policy):
    made = MAKERS[maker]()
    made.controls["policy"].value = policy
    before = picture(made)
    made.controls["min_rate"].value = 1
    assert "Are they swapped?" in made.text
    assert "min_rate is 1" in made._view.value
    assert picture(made) == before


def test_restart_planner_reaches_its_target_with_cycles_that_grow():
    made = explorers.restart_planner()
    assert made.text == (
        "Rate against update: warm restarts, 0.1 down to 0. 40 updates per epoch, 1,200 in 30 "
        "epochs: 2 cycles of 200 and 400 updates, troughs after epochs 5 and 15. Training stops in "
        "mid-cycle: train 15 or 35 epochs."
    )
    assert unfinished(made) == (600, 1_200)
    made.controls["epochs"].value = 35
    assert made.score.endswith("Yours: 3, reached.")
    set_all(made, cycle_mult=1)
    assert made.score.endswith("Yours: 6.")
    set_all(made, peak_decay=0.8, floor=0.1, epochs=15)
    assert "0.1 down to 0.01, each peak 0.8 of the last." in made.text
    assert made.score.endswith("Yours: 2.")


def test_restart_planner_counts_updates_of_other_data():
    made = explorers.restart_planner(50_000, batch_size=100)
    set_all(made, first_cycle=2.5, cycle_mult=1, epochs=5)
    assert "500 updates per epoch, 2,500 in 5 epochs: 2 cycles of 1,250 updates" in made.text


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: explorers.cycle_planner(target=0), ValueError, "target is 0"),
        (lambda: explorers.cycle_planner(target=21), ValueError, "1 to 20"),
        (lambda: explorers.cycle_planner(target=2.5), TypeError, "target is 2.5"),
        (lambda: explorers.restart_planner(32, 32), ValueError, "one update"),
        (lambda: explorers.restart_planner(0), ValueError, "num_examples is 0"),
        (lambda: explorers.restart_planner(100, 0), ValueError, "batch_size is 0"),
        (lambda: train_a_cycle(engine=7), TypeError, "give helpers.training.iterate"),
        (lambda: train_a_cycle(target=0), ValueError, "target is 0"),
        (lambda: train_a_cycle(target=1.1), ValueError, "at most 1"),
        (lambda: train_a_cycle(target_updates=0), ValueError, "target_updates is 0"),
        (lambda: train_a_cycle(batch_size=1.5), TypeError, "batch_size is 1.5"),
        (
            lambda: explorers.train_a_cycle(str, range(9), IMAGES, iterate=str),
            TypeError,
            r"range; give arrays \(x, y\)",
        ),
    ],
)
def test_arguments_out_of_bounds_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("policy", "schedule", "name"),
    [
        ("constant", Constant(0.2), "constant rate 0.2"),
        ("triangular", Triangular(0.01, 0.2, 120), "triangular, 0.01 to 0.2, half cycle 3 epochs"),
        (
            "triangular2",
            Triangular(0.01, 0.2, 120, "triangular2"),
            "triangular2, 0.01 to 0.2, half cycle 3 epochs",
        ),
        (
            "exp_range (paper)",
            Triangular(0.01, 0.2, 120, "exp_range", 0.1 ** (1 / 240)),
            "exp_range, 0.01 to 0.2, half cycle 3 epochs",
        ),
        (
            "one cycle",
            OneCycle(0.2, 240, start_divisor=20, end_divisor=2_000),
            "one cycle, 0.01 to 0.2 and down to 0.0001",
        ),
    ],
)
def test_run_trains_with_the_schedule_of_the_settings(policy, schedule, name):
    engine = Engine()
    made = train_a_cycle(engine, seeds=(3, 4))
    set_all(made, policy=policy, half_cycle=3, epochs=6)
    made.run()
    assert engine.asked == [({name: schedule}, 6, 32, (3, 4))]
    assert made.controls["min_rate"].disabled == (policy == "constant")
    assert made.controls["half_cycle"].disabled == (policy in ("constant", "one cycle"))


def test_each_run_gets_a_number_a_line_and_a_curve():
    made = train_a_cycle()
    assert made.score.endswith("Yours: nothing has run yet.")
    made.run()
    made.controls["policy"].value = "constant"
    made.run()
    first, second, third = made.text.split("\n")
    assert first.startswith("Next: constant rate 0.2. 40 updates per epoch, 320 in 8 epochs")
    assert second == (
        "Run 1: triangular, 0.01 to 0.2, half cycle 2 epochs, 3 seeds: validation accuracy 0.950, "
        "loss 1.000 after 80 updates."
    )
    assert third.startswith("Run 2: constant rate 0.2, 3 seeds: validation accuracy 0.950")
    texts = [text.get_text() for text in made._figure.axes[1].texts]
    assert {"run 1", "run 2"} <= set(texts)
    assert [len(runs) for runs in made.results] == [3, 3]


def test_the_last_five_runs_are_shown_and_keep_their_numbers_and_colors():
    made = train_a_cycle(seeds=(0,))
    for _ in range(5):
        made.run()
    before = curve_colors(made)
    made.run()
    assert [line.partition(":")[0] for line in made.text.split("\n")[1:]] == [
        f"Run {number}" for number in (2, 3, 4, 5, 6)
    ]
    assert curve_colors(made)[:4] == before[1:]
    assert len(made.results) == 6


def curve_colors(explorer):
    lines = explorer._figure.axes[1].get_lines()
    return [line.get_color() for line in lines if list(line.get_xdata()) == [1, 2]]


def test_the_target_is_reached_when_every_seed_is_there_in_time():
    engine = Engine(accuracies=(0.5, 0.9))
    made = train_a_cycle(engine, target=0.94, target_updates=60)
    made.run()
    assert made.score == (
        "Target: validation accuracy 0.94 within 60 updates, with every seed. Yours: not there yet."
    )
    engine.accuracies = (0.5, 0.95)
    made.run()
    assert made.score.endswith("Yours: 80 (run 2).")
    engine.accuracies = (0.94, 0.2)
    made.run()
    assert made.score.endswith("Yours: 40 (run 3), reached.")


def test_stop_keeps_the_seeds_that_are_finished():
    made = train_a_cycle()
    engine = Engine()

    def stopped_in_the_third_seed(*arguments, **options):
        for moment in engine(*arguments, **options):
            if len(moment.finished) == 2:
                made.stop()
            yield moment

    made = train_a_cycle(stopped_in_the_third_seed)
    made.run()
    assert made.progress_text == "Stopped at: seed 2"
    assert "2 seeds: validation accuracy 0.950" in made.text


def test_a_diverged_run_is_said_and_the_next_can_start():
    engine = Engine(accuracies=(0.5, float("nan")), diverged_at=80)
    made = train_a_cycle(engine)
    made.run()
    assert made.text.endswith("3 seeds: 3 diverged.")
    assert made.score.endswith("not there yet.")
    engine.accuracies, engine.diverged_at = (0.5, 0.95), None
    made.run()
    assert "Run 2" in made.text


def test_a_model_without_accuracy_is_said_in_words():
    made = train_a_cycle(Engine(metric="val_size"))
    made.run()
    assert "metrics=['accuracy']" in made.text
    assert not made.running


def test_train_a_cycle_trains_a_real_model():
    from helpers.training import iterate
    from tests.test_training import TRAIN, VALIDATION, build_model

    made = explorers.train_a_cycle(build_model, TRAIN, VALIDATION, iterate=iterate, seeds=(0, 1))
    made.controls["epochs"].value = 3
    made.run()
    (runs,) = made.results
    assert [run.updates for run in runs.runs] == [[3, 6, 9]] * 2
    accuracy = sum(run.history["val_accuracy"][-1] for run in runs.runs) / 2
    assert f"validation accuracy {accuracy:.3f}" in made.text
    made.close()
