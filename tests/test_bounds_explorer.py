"""*Bounds* without a kernel: settings in, text and picture out; *Run* with a fake engine."""

import html
import itertools
from dataclasses import replace

import numpy as np
import pytest

from helpers import explorers
from helpers.explorers.bounds.rules import NAMES
from helpers.explorers.overlaid_runs import updates_per_epoch
from helpers.results import RULES, RangeTest, RangeTestBand
from helpers.schedules import Triangular
from tests.test_explorers import alt, ends, picture, press
from tests.test_schedule_explorers import IMAGES, Engine, set_all

RATES = np.geomspace(1e-4, 1, 201)
# It falls to 0.2 at a rate of 0.1, then rises; the accuracy rises until there, then falls.
CURVE = 0.2 + np.abs(np.log10(RATES) + 1)
ACCURACIES = np.interp(np.log10(RATES), [-3, -1, -0.9, 0], [0.1, 0.9, 0.9, 0.1])
HELD_OUT = np.where(np.arange(201) % 10 == 0, CURVE + 0.1, np.nan)
TEST = RangeTest(RATES, CURVE, ACCURACIES, val_losses=HELD_OUT, smoothing=0)
NOISE = np.random.default_rng(0).normal(scale=0.1, size=60)
TESTS = {
    "falls and rises": TEST,
    "loss only": RangeTest(RATES, CURVE),
    "noise only": RangeTest(np.linspace(0.002, 0.04, 60), 2.3 + NOISE, 0.1 + 0.1 * NOISE),
    "not finite": RangeTest(RATES, np.full(201, np.nan), np.full(201, np.nan), HELD_OUT * np.nan),
    "explodes": RangeTest(RATES, np.where(RATES < 0.5, CURVE, 1e30), ACCURACIES, diverged=True),
    "constant zero": RangeTest(RATES, 0 * RATES),
    "below zero": RangeTest(RATES, CURVE - 9, ACCURACIES),
    "wide": RangeTest(np.geomspace(1e-10, 1e6, 300), np.arange(300.0)),
    "two rates": RangeTest([0.1, 0.11], [2.0, 1.0], [0.1, 0.2]),
}


def bounds(engine=None, test=TEST, **options):
    engine = engine or Engine()
    return explorers.bounds(test, lambda: None, IMAGES, IMAGES, iterate=engine, **options)


@pytest.fixture
def explorer():
    made = bounds()
    yield made
    made.close()


def panel(explorer, index):
    return explorer._figure.axes[index]


def vertical_lines(explorer, linestyle):
    lines = panel(explorer, 0).get_lines()
    return [
        line.get_xdata()[0]
        for line in lines
        if line.get_linestyle() == linestyle and list(line.get_ydata()) == [0, 1]
    ]


def test_every_control_changes_the_picture_at_both_ends(explorer):
    for name, control in explorer.controls.items():
        explorer.reset()
        seen = set()
        for value in ends(control):
            control.value = value
            assert len(explorer.text) >= 40
            assert explorer.text in html.unescape(explorer._view.value)
            assert len(alt(explorer)) >= 40
            seen.add(picture(explorer))
        assert len(seen) > 1, f"{name} changes nothing"


def test_one_step_of_every_slider_changes_the_picture(explorer):
    for name in ("min_rate", "max_rate", "smoothing"):
        explorer.reset()
        before = picture(explorer)
        control = explorer.controls[name]
        up = control.value * 10**control.step if hasattr(control, "base") else control.step
        control.value = up
        assert picture(explorer) != before, name


def test_every_rule_gives_a_picture_of_its_own(explorer):
    seen = set()
    for rule in NAMES:
        explorer.controls["rule"].value = rule
        seen.add(picture(explorer))
    assert len(seen) == len(NAMES) == len(RULES) + 1


def test_reset_brings_back_the_first_settings_and_drops_the_runs(explorer):
    first, first_picture = explorer.values, picture(explorer)
    explorer.run()
    set_all(explorer, curve="accuracy", rule="slide", smoothing=0.5)
    press(explorer, "Reset")
    assert explorer.values == first
    assert picture(explorer) == first_picture


@pytest.mark.parametrize("name", TESTS)
def test_every_extreme_is_drawn_inside_of_a_steady_figure(name):
    made = bounds(test=TESTS[name])
    made.run()
    size, places = made._figure.get_size_inches().tolist(), panel_places(made)
    for values in extremes(made):
        made._make(made.values | values)
        figure = made._figure
        assert (figure.get_size_inches().tolist(), panel_places(made)) == (size, places)
        for ax in figure.axes:
            inside, box = figure.bbox.padded(1), ax.get_tightbbox()
            assert inside.contains(box.x0, box.y0), values
            assert inside.contains(box.x1, box.y1), values
        assert_apart(panel(made, 0).texts)
        assert made.text.startswith("Range test, ")


def extremes(explorer):
    """Every rule, and all combinations of the ends of the other controls."""
    low, high = ends(explorer.controls["min_rate"])[:2]
    for rule in NAMES:
        yield {"rule": rule}
    curves = [{"curve": "loss"}, {"curve": "accuracy"}] if "curve" in explorer.controls else [{}]
    pairs = [(low, low), (low, high), (high, high)]
    for (first, last), smoothing, curve in itertools.product(pairs, (0, 0.99), curves):
        yield {"min_rate": first, "max_rate": last, "smoothing": smoothing} | curve


def panel_places(explorer):
    return [ax.get_position().bounds for ax in explorer._figure.axes]


def assert_apart(texts):
    for one, other in itertools.combinations(texts, 2):
        assert not one.get_window_extent().overlaps(other.get_window_extent())


@pytest.mark.parametrize("name", TESTS)
def test_bounds_begin_apart_on_sliders_that_cover_the_test(name):
    made = bounds(test=TESTS[name])
    rates = TESTS[name].rates
    for control in (made.controls["min_rate"], made.controls["max_rate"]):
        low, high, first = ends(control)
        assert rates[0] / 1.13 < low <= rates[0] * (1 + 1e-9)
        assert rates[-1] * (1 - 1e-9) <= high < rates[-1] * 1.13
        assert low <= first <= high
    assert made.values["min_rate"] < made.values["max_rate"]


def test_first_bounds_are_a_third_and_two_thirds_along_the_log_axis(explorer):
    assert explorer.values["min_rate"] == pytest.approx(10**-2.65)
    assert explorer.values["max_rate"] == pytest.approx(10**-1.35)
    assert explorer.values["smoothing"] == 0
    assert explorer.text == (
        "Range test, loss against learning rate on a log axis (dots: batches; line: smoothed by 0; "
        "squares: held-out data). Bounds 0.00224 to 0.0447, a factor of 20. In the test, valley "
        f"finds {TEST.suggest()['valley']:.3g} ({TEST.reasons()['valley']}). 40 updates per epoch, "
        "320 in 8 epochs: 2 cycles of 160 updates, a trough after every 4 epochs. Training ends at "
        "a trough."
    )


def test_a_test_smoother_than_the_slider_begins_at_its_end():
    assert bounds(test=replace(TEST, smoothing=0.999)).values["smoothing"] == 0.99


def test_the_rule_is_marked_where_the_curve_has_it_and_moves_nothing(explorer):
    before = explorer.values
    explorer.controls["rule"].value = "turning_point"
    assert vertical_lines(explorer, "-.") == pytest.approx([0.1])
    assert f"turning point finds 0.1 ({TEST.reasons()['turning_point']})." in explorer.text
    explorer.controls["rule"].value = "minimum_over_ten"
    assert vertical_lines(explorer, "-.") == pytest.approx([0.01])
    assert explorer.values | {"rule": "valley"} == before


def test_smiths_bounds_are_two_lines_with_two_reasons(explorer):
    explorer.controls["rule"].value = "smiths_bounds"
    low, high, why_low, why_high = vars(TEST.bounds()).values()
    assert vertical_lines(explorer, "-.") == [low, high]
    assert (
        f"Smith's bounds find {low:.3g} ({why_low}) and {high:.3g} ({why_high})." in explorer.text
    )
    names = [text.get_text() for text in panel(explorer, 0).texts]
    assert f"Smith's bounds: {low:.3g} and {high:.3g}" in names


@pytest.mark.parametrize(
    ("name", "rule"),
    [("noise only", "steepest"), ("not finite", "slide"), ("loss only", "smiths_bounds")],
)
def test_a_rule_that_finds_nothing_says_why_and_marks_nothing(name, rule):
    test = TESTS[name]
    made = bounds(test=test)
    made.controls["rule"].value = rule
    why = (test.reasons() | {"smiths_bounds": test.bounds().min_reason})[rule]
    assert len(why) > 20
    assert f"no rate ({why})." in made.text
    assert vertical_lines(made, "-.") == []
    assert f"{NAMES[rule]}: none" in [text.get_text() for text in panel(made, 0).texts]


def test_an_upper_bound_that_is_not_there_is_said_beside_the_lower_one():
    rising = RangeTest(RATES, CURVE, np.interp(np.log10(RATES), [-3, 0], [0.1, 0.9]))
    made = bounds(test=rising)
    made.controls["rule"].value = "smiths_bounds"
    (low,) = vertical_lines(made, "-.")
    assert low == rising.bounds().min_rate
    why_low, why_high = rising.bounds().min_reason, rising.bounds().max_reason
    assert f"find {low:.3g} ({why_low}) and no rate ({why_high})." in made.text


def test_smoothing_is_that_of_the_line_and_of_the_rules(explorer):
    set_all(explorer, smoothing=0.8, rule="turning_point")
    # The exponential mean as a plain weighted one.
    replay = [
        np.average(CURVE[: end + 1], weights=0.8 ** np.arange(end, -1, -1)) for end in range(201)
    ]
    line = panel(explorer, 0).get_lines()[2]
    np.testing.assert_allclose(line.get_ydata(), replay)
    assert vertical_lines(explorer, "-.") == [RATES[20 + np.argmin(replay[20:])]]


def test_dots_are_batches_and_squares_are_held_out(explorer):
    dots, squares = panel(explorer, 0).get_lines()[:2]
    np.testing.assert_array_equal(dots.get_ydata(), CURVE)
    np.testing.assert_array_equal(squares.get_xdata(), RATES[::10])
    explorer.controls["curve"].value = "accuracy"
    dots, squares = panel(explorer, 0).get_lines()[:2]
    np.testing.assert_array_equal(dots.get_ydata(), ACCURACIES)
    assert len(squares.get_xdata()) == 0
    assert "(dots: batches; line: mean of neighbors)." in explorer.text


def test_a_test_without_accuracy_offers_no_choice_of_curve():
    made = bounds(test=TESTS["loss only"])
    assert list(made.controls) == ["min_rate", "max_rate", "smoothing", "rule"]
    made.run()
    assert len(made.results) == 1


def test_bounds_are_marked_and_the_cycle_goes_from_one_to_the_other(explorer):
    set_all(explorer, min_rate=0.001, max_rate=0.1)
    assert vertical_lines(explorer, "-") == pytest.approx([0.001, 0.1])
    line = panel(explorer, 1).get_lines()[0]
    np.testing.assert_allclose(
        np.interp([0, 80, 160, 240], line.get_xdata(), line.get_ydata()), [0.001, 0.1, 0.001, 0.1]
    )
    assert line.get_xdata()[-1] == 319


def test_an_explosion_does_not_flatten_the_curve():
    made = bounds(test=TESTS["explodes"])
    low, high = panel(made, 0).get_ylim()
    assert low < CURVE.min()
    assert CURVE.max() < high < 3 * CURVE.max()


def test_run_trains_with_the_cycle_that_is_drawn():
    engine = Engine()
    made = bounds(engine, batch_size=64, epochs=6, seeds=(3, 4))
    set_all(made, min_rate=0.001, max_rate=0.1, rule="slide", curve="accuracy")
    made.run()
    ((named, *rest),) = engine.asked
    # 20 updates per epoch, 120 in all, a quarter of them from one bound to the other.
    (schedule,) = named.values()
    assert isinstance(schedule, Triangular)
    assert (schedule.half_cycle_steps, schedule.mode) == (30, "triangular")
    assert (schedule.min_rate, schedule.max_rate) == pytest.approx((0.001, 0.1))
    assert list(named) == ["0.001 to 0.1"]
    assert rest == [6, 64, (3, 4)]


def test_swapped_bounds_are_said_in_words_and_train_nothing():
    engine = Engine()
    made = bounds(engine)
    before = picture(made)
    made.controls["min_rate"].value = 1
    assert "Are they swapped?" in made.text
    assert picture(made) == before
    made.run()
    assert engine.asked == made.results == []
    assert "Are they swapped?" in made.progress_text
    made.controls["max_rate"].value = 1
    assert "Bounds 1 to 1, a factor of 1." in made.text


def test_each_run_gets_a_number_a_line_and_a_curve():
    made = bounds()
    assert made.score.endswith("Yours: nothing has run yet.")
    made.run()
    made.controls["max_rate"].value = 0.1
    made.run()
    assert made.text.split("\n")[1:] == [
        f"Run {number}: 0.00224 to {high}, 3 seeds: validation accuracy 0.950, loss 1.000 after 80 "
        "updates."
        for number, high in ((1, 0.0447), (2, 0.1))
    ]
    names = [text.get_text() for text in panel(made, 2).texts]
    assert {"run 1", "run 2"} <= set(names)


def test_the_last_five_runs_are_shown_and_keep_their_numbers_and_colors():
    made = bounds(seeds=(0,))
    colors = []
    for _ in range(7):
        made.run()
        colors.append(run_colors(made))
    assert [line.partition(":")[0] for line in made.text.split("\n")[1:]] == [
        f"Run {number}" for number in (3, 4, 5, 6, 7)
    ]
    assert colors[-1][:4] == colors[-2][1:]
    assert len(colors[-1]) == 5
    assert len(made.results) == 7


def run_colors(explorer):
    return [
        line.get_color()
        for line in panel(explorer, 2).get_lines()
        if list(line.get_xdata()) == [1, 2]
    ]


def test_the_target_is_reached_by_the_mean_of_all_seeds_at_the_end_of_a_run():
    engine = Engine(accuracies=(0.99, 0.93))
    made = bounds(engine, seeds=(0, 1))
    made.run()
    assert made.score == (
        "Target: validation accuracy 0.94 at the end of a run, as the mean of all seeds (2). "
        "Yours: 0.930 (run 1)."
    )
    engine.accuracies = (0.5, 0.94)
    made.run()
    assert made.score.endswith("Yours: 0.940 (run 2), reached.")
    engine.accuracies = (0.5, 0.6)
    made.run()
    assert made.score.endswith("Yours: 0.940 (run 2), reached.")


def test_a_run_that_was_stopped_is_kept_but_does_not_count():
    engine = Engine()

    def stopped_in_the_third_seed(*arguments, **options):
        for moment in engine(*arguments, **options):
            if len(moment.finished) == 2:
                made.stop()
            yield moment

    made = bounds(stopped_in_the_third_seed)
    made.run()
    assert "2 seeds: validation accuracy 0.950" in made.text
    assert made.score.endswith("Yours: no run has finished with every seed.")


def test_a_diverged_run_is_said_and_the_next_can_start():
    engine = Engine(accuracies=(0.5, float("nan")), diverged_at=80)
    made = bounds(engine)
    made.run()
    assert made.text.endswith("3 seeds: 3 diverged.")
    assert made.score.endswith("Yours: no run has finished with every seed.")
    engine.accuracies, engine.diverged_at = (0.5, 0.95), None
    made.run()
    assert made.score.endswith("Yours: 0.950 (run 2), reached.")


def test_a_model_without_accuracy_is_said_in_words():
    made = bounds(Engine(metric="val_size"))
    made.run()
    assert "metrics=['accuracy']" in made.text
    assert not made.running


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"test": RATES}, TypeError, "ndarray; give one RangeTest"),
        ({"test": RangeTestBand((0,), (TEST,))}, TypeError, r"band\.test\(seed\)"),
        ({"test": RangeTest([0.1], [1.0])}, ValueError, "one rate only"),
        ({"engine": 7}, TypeError, "give helpers.training.iterate"),
        ({"target": 0}, ValueError, "target is 0"),
        ({"target": 1.1}, ValueError, "at most 1"),
        ({"seeds": 3}, TypeError, "seeds is 3"),
        ({"seeds": ()}, ValueError, "one or more"),
        ({"seeds": (1, 1)}, ValueError, "each once"),
        ({"seeds": (-1,)}, ValueError, "a seed is -1"),
        ({"seeds": (0.5,)}, TypeError, "a seed is 0.5"),
        ({"epochs": 0}, ValueError, "epochs is 0"),
        ({"epochs": 2.5}, TypeError, "epochs is 2.5"),
        ({"batch_size": 0}, ValueError, "batch_size is 0"),
        ({"batch_size": 640, "epochs": 1}, ValueError, "2 updates; 2 cycles need four or more"),
    ],
)
def test_arguments_out_of_bounds_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        bounds(**options)


def test_a_model_or_data_of_the_wrong_kind_are_refused():
    with pytest.raises(TypeError, match="build_model is of type int"):
        explorers.bounds(TEST, 7, IMAGES, IMAGES, iterate=Engine())
    with pytest.raises(TypeError, match=r"range; give arrays \(x, y\)"):
        explorers.bounds(TEST, str, range(9), IMAGES, iterate=Engine())


@pytest.mark.parametrize("examples", [1, 31, 32, 33, 64, 65])
def test_a_last_smaller_batch_is_an_update(examples):
    batches = [range(examples)[start : start + 32] for start in range(0, examples, 32)]
    weighted = (range(examples),) * 3
    assert updates_per_epoch(weighted, 32) == len(batches)


def test_a_real_range_test_and_a_real_training_go_through():
    from helpers import range_test
    from helpers.training import iterate
    from tests.test_training import TRAIN, VALIDATION, build_model

    test = range_test.run(
        build_model(), TRAIN, validation=VALIDATION, steps=60, stop_factor=2.0, progress=False
    )
    made = explorers.bounds(
        test, build_model, TRAIN, VALIDATION, iterate=iterate, seeds=(0, 1), epochs=4
    )
    made.run()
    (runs,) = made.results
    assert [run.updates[-1] for run in runs.runs] == [12, 12]
    accuracy = np.mean([run.history["val_accuracy"][-1] for run in runs.runs])
    assert f"2 seeds: validation accuracy {accuracy:.3f}" in made.text
    made.close()


def test_on_the_digits_good_bounds_reach_the_target_and_the_first_ones_do_not():
    from helpers import data, models
    from helpers.training import compare

    splits = data.load("digits")
    # A default range test of this net ends near a rate of 0.7: the sliders begin at these.
    first = bounds(test=RangeTest([1e-6, 0.7], [2.3, 9.0])).values
    named = {
        "first": Triangular(first["min_rate"], first["max_rate"], 80),
        "good": Triangular(0.003, 0.05, 80),
    }
    runs = compare(
        models.build_dense_net,
        named,
        splits.train,
        splits.validation,
        epochs=8,
        seeds=range(5),
        progress=False,
    )
    means = runs.summary("val_accuracy")["mean"]
    assert means["first"] < 0.92
    assert means["good"] >= 0.94
