"""Checks for what a learner wrote, and bands for what a lesson claims.

A check accepts every correct answer, says in words what is wrong with another one, and never shows
the answer. `...` (Ellipsis) means: not attempted yet.
"""

import functools
import math
import warnings

import numpy as np

# Lessons are written for this data set; what they claim binds for it alone.
STATED_FOR = "digits"


def expect(what, value, low, high, *, data=STATED_FOR):
    """Print a measured value, and refuse one outside of its band.

    Args:
        what: What the value is.
        value: The value.
        low: Lower end of the band, inclusive.
        high: Upper end of the band, inclusive.
        data: Name of the data set that was used; for another than the lesson's nothing is raised.

    Raises:
        ValueError: If the value is outside of the band.

    Example:
        >>> expect("validation accuracy", 0.93, 0.9, 0.96)
        validation accuracy: 0.9 to 0.96
        >>> expect("validation accuracy", 0.4, 0.9, 0.96, data="cifar10")
        validation accuracy: 0.9 to 0.96 is stated for digits; yours: 0.4
    """
    if data != STATED_FOR:
        print(f"{what}: {low:g} to {high:g} is stated for {STATED_FOR}; yours: {value:.4g}")
    elif low <= value <= high:
        print(f"{what}: {low:g} to {high:g}")
    else:
        raise ValueError(
            f"{what} is {value:.4g}, outside of {low:g} to {high:g}: what the lesson says does not "
            "hold here. Restart and run all; if it stays so, report versions and machine."
        )


class _Wrong(Exception):
    """What does not hold yet, in words."""


class _Open(Exception):
    """The exercise is not attempted."""


def _exercise(check):
    """Let a check say what it found, whatever the answer is or does."""

    @functools.wraps(check)
    def say(*answers, **options):
        try:
            if any(answer is ... for answer in answers):
                raise _Open
            print(f"✓ {check(*answers, **options)}")
        except _Open:
            print("○ not attempted yet")
        except _Wrong as hint:
            print(f"✗ {hint}")
        except Exception as error:
            print(f"✗ Your answer does not fit: {type(error).__name__}: {error}")

    return say


def _need(holds, hint):
    if not holds:
        raise _Wrong(hint)


def _called(function, *arguments, **options):
    """Return what the learner's function gives."""
    result = function(*arguments, **options)
    if result is ...:
        raise _Open
    return result


@_exercise
def usable_window(answer, runs, metric="val_accuracy", within=0.03):
    """Check the smallest and the largest rate of a sweep that are close to the best."""
    low, high = sorted(float(rate) for rate in answer)
    for given in (low, high):
        # One digit is enough: 0.03 is the rate 0.0316.
        _need(
            any(math.isclose(given, rate, rel_tol=0.06) for rate in runs.labels),
            f"{given:g} is no rate of the grid. Give rates at which a point stands.",
        )
    usable = runs.usable(metric, within)
    for given, true, end in ((low, min(usable), "smallest"), (high, max(usable), "largest")):
        side = "inside" if (given > true) == (end == "smallest") else "outside of"
        _need(
            math.isclose(given, true, rel_tol=0.06),
            f"Your {end} rate lies {side} the window. Which points reach the line?",
        )
    return f"These rates are within {within:g} of the best."


@_exercise
def own_sweep(function, build_model, splits):
    """Check a sweep by hand: `function(rates, seeds)`, dict of rate to validation accuracies."""
    from helpers.training import sweep

    rates, seeds = [0.003, 0.03], [5, 6]
    found = _called(function, rates, seeds)
    _need(list(found) == rates, "Give a dict with one entry for each rate.")
    _need(
        all(np.shape(found[rate]) == (2,) for rate in rates),
        "Each rate wants a list with one accuracy for each seed.",
    )
    _need(
        found[0.003][0] != found[0.003][1], "Both seeds give the same. Is the seed set, and used?"
    )
    options = {"epochs": 2, "seeds": seeds, "progress": False}
    true = sweep(build_model, rates, splits.train, splits.validation, **options)
    wanted = [true.last("val_accuracy").loc[rate].tolist() for rate in rates]
    _need(
        np.allclose([found[rate] for rate in rates], wanted, atol=0.02),
        "The accuracies are not those of two epochs with Adam in batches of 32, on validation "
        "images. Does every training begin with a new network, after its seed is set?",
    )
    return "Your sweep agrees with the library's, run by run."


@_exercise
def grid_design(rates, seeds, build_model, splits, budget=24):
    """Check a grid of rates and seeds that finds a trustworthy answer in the budget."""
    from helpers.training import sweep

    rates, seeds = sorted(float(rate) for rate in rates), list(seeds)
    _need(
        len(rates) * len(seeds) <= budget,
        f"{len(rates)} rates x {len(seeds)} seeds are more than {budget} runs.",
    )
    _need(
        len(seeds) >= 3,
        "With so few seeds, the spread of a rate is a guess. Trade rates for seeds.",
    )
    _need(len(rates) >= 4, "So few rates cannot show a window. Trade seeds for rates.")
    steps = np.diff(np.log10(rates))
    _need(
        steps.max() <= 1.5 * steps.min(),
        "The rates are not evenly spaced on a log axis: some gaps are far wider.",
    )
    runs = sweep(build_model, rates, splits.train, splits.validation, epochs=5, seeds=seeds)
    _need(
        not runs.best().at_edge, "The best rate lies at the edge of your grid: what lies beyond it?"
    )
    return "A window, a spread, and a best rate in the middle, within the budget."


# lesson 03


@_exercise
def read_cycle(answer, schedule):
    """Check `(lowest rate, highest rate, half cycle)`, read off the picture of a triangle."""
    _need(np.shape(answer) == (3,), "Give three numbers: (lowest rate, highest rate, half cycle).")
    hints = {
        "min_rate": "Your lowest rate differs. Where does the line turn upward?",
        "max_rate": "Your highest rate differs. How high is the peak, by the axis on the left?",
        "half_cycle_steps": "Your half cycle differs. Count from a trough to the next peak.",
    }
    for given, (name, hint) in zip(answer, hints.items()):
        _need(math.isclose(given, getattr(schedule, name), rel_tol=0.12), hint)
    return "Read as drawn."


@_exercise
def triangular2(function):
    """Check `function(step, min_rate, max_rate, half_cycle_steps)`, halved after every cycle."""
    from helpers.schedules import Triangular

    cases = []
    # Round numbers, the paper's, an odd half cycle, and one step up and one down.
    for low, high, half in ((0.1, 0.5, 4), (0.001, 0.006, 2000), (0.0, 1.0, 7), (0.2, 0.4, 1)):
        settings = {"min_rate": low, "max_rate": high, "half_cycle_steps": half}
        steps = {at * half + shift for at in (0, 1, 2, 5) for shift in (-1, 0, 1)} - {-1}
        cases.append((settings, Triangular(**settings, mode="triangular2"), {*steps, 40 * half}))
    return _agrees(function, cases)


def _agrees(function, cases):
    """Compare rates with the library's; a case is the settings, their schedule, and steps."""
    for settings, true, steps in cases:
        called = ", ".join(f"{name}={value:g}" for name, value in settings.items())
        for step in sorted(steps):
            given = _called(function, step, **settings)
            number = np.shape(given) == () and np.isreal(given)
            _need(number, f"At step {step} your function gives no number.")
            side, (low, high) = "high" if given > true(step) else "low", true.rate_bounds
            beyond = "" if low - 1e-12 <= given <= high + 1e-12 else ", and outside of the bounds"
            ends = true.cycle_ends(step)
            where = f"{step - max([0, *ends])} steps into cycle {len(ends)} (the first is cycle 0)"
            hint = f"With {called}, your rate is too {side}{beyond} at step {step}, {where}."
            _need(np.isclose(float(given), true(step), rtol=1e-6, atol=1e-12), hint)
    return f"Your function agrees with the library's at {sum(len(one[2]) for one in cases)} steps."


@_exercise
def cycle_plan(function, images=1280, batch_size=48, epochs=12, highest=(0.05, 0.1)):
    """Check the cycle that `function(record)` trains with, by the rates that were really used."""
    from helpers.training import RecordSteps

    record = RecordSteps()
    _called(function, record)
    rates = record.table()["learning_rate"].to_numpy("float64")
    _need(len(rates) > 0, "No update was logged. Is `record` among the callbacks of fit?")
    per_epoch = -(-images // batch_size)
    total = per_epoch * epochs
    made = f"{len(rates)} updates were made."
    _need(len(rates) == total, f"{made} Is it {epochs} epochs in batches of {batch_size}?")
    low, high, falls = rates.min(), rates.max(), np.flatnonzero(np.diff(rates) < 0)
    _need(high > low, "The rate never changed. Is your schedule in the optimizer you compile?")
    usable = highest[0] * 0.999 <= high <= highest[1] * 1.001
    _need(usable, "The highest rate that was used lies outside of what the sweep allows.")
    _need(2.9 <= high / low <= 4.1, "The lowest rate is no third or quarter of the highest.")
    _need(rates[0] <= low * 1.001, "The first update is not at the lowest rate.")
    _need(len(falls), "The rate never falls: training ends at a peak. Where is the trough?")
    half = int(falls[0])
    short, long = half + 1 < 2 * per_epoch, half > 10 * per_epoch
    side = "shorter than 2" if short else "longer than 10"
    hint = "The last, short batch of an epoch counts too."
    _need(not short and not long, f"Your first half cycle is {side} epochs. {hint}")
    # The trough may lie a few updates beyond the end.
    ends = -total % (2 * half) <= 0.02 * 2 * half
    _need(ends, "Training stops in the middle of a cycle. How many updates does an epoch have?")
    return "The rates that were used make cycles of the right length, ended at a trough."


# end of lesson 03


# lesson 04


@_exercise
def trough_epochs(answer, *, first_cycle_epochs, cycle_mult, most_epochs):
    """Check the numbers of epochs after which training may stop."""
    from helpers.schedules import WarmRestarts

    given = sorted(float(epochs) for epochs in np.ravel(answer))
    true = WarmRestarts(1.0, first_cycle_epochs, cycle_mult=cycle_mult).cycle_ends(most_epochs)
    _need(given, "Give a list of numbers of epochs, such as [5, 10].")
    _need(given[-1] <= most_epochs, "There is no time for the last of these.")
    _need(given[0] == true[0], "The first stop differs. When does the first cycle end?")
    middle = set(given) - set(true)
    _need(not middle, "One of these is in the middle of a cycle. Cycle lengths add up.")
    _need(given == true, "Right as far as it goes; there is time for more.")
    return "At each of these, training stands at a trough."


@_exercise
def growing_restarts(function):
    """Check `function(step, max_rate, first_cycle_steps, cycle_mult)`: restarts that grow."""
    from helpers.schedules import WarmRestarts

    compared = 0
    for rate, first, mult in ((1.0, 4, 2), (0.1, 41, 2), (0.2, 10, 3), (0.5, 7, 1)):
        settings = {"max_rate": rate, "first_cycle_steps": first, "cycle_mult": mult}
        true = WarmRestarts(**settings)
        # Logarithms in double precision first miss the fifth restart of a threefold cycle.
        starts = [0, *true.cycle_ends(400 * first)][:7]
        for step in sorted({start + shift for start in starts for shift in (-1, 0, 1)} - {-1}):
            given = float(_called(function, step, **settings))
            called = ", ".join(f"{name}={value:g}" for name, value in settings.items())
            side = "high" if given > true(step) else "low"
            cycle = sum(start <= step for start in starts) - 1
            _need(
                np.isclose(given, true(step), rtol=1e-6, atol=1e-12),
                f"With {called}, your rate is too {side} at step {step}: {step - starts[cycle]} "
                f"steps into cycle {cycle} (the first cycle is cycle 0).",
            )
            compared += 1
    return f"Your function agrees with the library's at {compared} steps."


@_exercise
def trough_ensemble(function, train, splits, *, max_rate=0.1, first_cycle_steps=40, epochs=6):
    """Check `function(weights)`: train with doubling restarts, average the troughs' outputs."""
    import keras

    from helpers.schedules import WarmRestarts

    members = []
    found = np.asarray(_called(function, [1, 3]), "float64")
    schedule = WarmRestarts(max_rate, first_cycle_steps, cycle_mult=2)

    class KeepTroughs(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) in (first_cycle_steps, 3 * first_cycle_steps):
                members.append(np.array(self.model(splits.validation[0], training=False)))

    train(schedule.to_keras(), epochs, [KeepTroughs()])
    wanted = members[0].shape
    _need(
        found.shape == wanted,
        f"The shape is {found.shape}; wanted is one row per image, one column per class: {wanted}.",
    )
    rows = np.allclose(found.sum(axis=1), 1, atol=1e-4)
    _need(rows, "The rows do not add up to 1. Do your weights?")

    def is_mean(*shares):
        return np.allclose(found, np.average(members, axis=0, weights=shares), atol=0.01)

    _need(not is_mean(1, 0) and not is_mean(0, 1), "This is one trough alone.")
    _need(
        not is_mean(1, 1) and not is_mean(3, 1),
        "The troughs are right, the mean is not: does each trough get its own weight?",
    )
    _need(
        is_mean(1, 3),
        "The probabilities differ from the library's. Is the network trained with your rates and "
        "seed 0, and is the model kept where each cycle ends?",
    )
    return "Trained with your restarts; a weighted mean, and its rows are probabilities."


# end of lesson 04


# lesson 02


def unknown_range_test():
    """Return the `RangeTest` whose picture exercise 1 of lesson 02 reads: made up, and noisy."""
    from helpers.results import RangeTest

    places = np.linspace(-5, math.log10(2), 300)
    fall = 2.3 - 1.7 / (1 + np.exp(-4 * (places + 1.8)))
    rise = 3.0 * np.maximum(places - math.log10(0.2), 0) ** 2
    losses = fall + rise + np.random.default_rng(4).normal(0, 0.03, 300)
    return RangeTest(10**places, losses, smoothing=0.8, stop_reason="all rates were tried")


@_exercise
def read_range_test(answer):
    """Check `(lowest point, minimum over ten)`, read off the picture of `unknown_range_test`."""
    _need(np.shape(answer) == (2,), "Give two rates: (lowest point, minimum over ten).")
    lowest, tenth = (float(rate) for rate in answer)
    _need(min(lowest, tenth) > 0, "Rates are above 0: read the log axis.")
    _need(math.isclose(tenth, lowest / 10, rel_tol=0.05), "Is the second a tenth of the first?")
    away = math.log10(lowest / unknown_range_test().suggest()["turning_point"])
    side = "right" if away > 0 else "left"
    # As close as eyes get on this axis.
    _need(abs(away) <= 0.2, f"The line is lowest elsewhere: your rate is too far to the {side}.")
    return "The lowest point of the line, and a tenth of its rate."


@_exercise
def smoothing(function):
    """Check `function(losses, beta=0.98)`: an exponential mean that is corrected for its start."""
    for losses in ([2.3] * 6, [3.0, 1.0, 2.0], np.geomspace(4, 0.5, 40).tolist()):
        for beta in (0.98, 0.5, 0.0):
            given = np.ravel(_called(function, list(losses), beta=beta))
            _need(len(given) == len(losses), "Give one value for each loss.")
            constant = np.ptp(losses) > 0 or np.allclose(given, losses)
            _need(constant, "A constant loss does not stay constant.")
            shares = [beta ** np.arange(end)[::-1] for end in range(1, len(losses) + 1)]
            true = [np.average(losses[: len(one)], weights=one) for one in shares]
            _need(np.allclose(given, true), "The mean differs. How much should the past weigh?")
    return "A constant stays constant, and each loss has its weight."


@_exercise
def own_range_test(function, rates, build_model, train):
    """Check a range test by hand, `function(model, x, y, rates)`, and the rates chosen for it."""
    import keras

    from helpers.range_test import run

    def library(rates):
        options = {"min_rate": rates[0], "max_rate": rates[-1], "steps": len(rates)}
        with warnings.catch_warnings():
            # A test that shows no rise is refused below, in other words.
            warnings.simplefilter("ignore")
            return run(own, train, **options, shuffle=False, stop_factor=math.inf, progress=False)

    keras.utils.set_random_seed(3)
    own, twin, short = build_model(), build_model(), np.geomspace(1e-5, 1e-3, 60)
    before, true = [np.array(weights) for weights in own.get_weights()], library(short).losses
    found = np.ravel(_called(function, own, *train, short))
    _need(len(found) == 60, "Give one loss for each rate.")
    means = [true[at - at % 40 : at + 1].mean() for at in range(60)]
    is_bar = np.allclose(found, means, rtol=0.002)
    _need(not is_bar, "These are the progress bar's means of the epoch so far. What empties them?")
    twin.set_weights(before)
    close = np.allclose(found, true, rtol=0.002)
    blind = not close and np.allclose(found, function(twin, *train, short / 1000), rtol=0.001)
    _need(not blind, "Other rates give the same losses. Do they reach the optimizer?")
    _need(close, "The losses differ: are images in order, in batches of 32, each rate set before?")
    _need(all(map(np.array_equal, before, own.get_weights())), "Put the weights back afterwards.")
    own, rates = build_model(), np.ravel(rates).astype("float64")
    even = rates[1] > rates[0] > 0 and np.ptp(np.diff(np.log(rates))) < 0.02
    _need(even, "Let each of my_rates be the one before times the same factor, above 1.")
    enough = 50 * math.log10(rates[-1] / rates[0]) <= len(rates) <= 400
    _need(enough, "Make 50 updates or more for each factor of ten, and 400 at most.")
    test = library(rates)
    low, high = test.bounds()
    _need(low is not None, "The accuracy shows no rise at all. Are the rates high enough?")
    early = low <= 3 * rates[0] or np.nanmean(test.accuracies[: max(2, len(test) // 20)]) > 0.3
    _need(not early, "Learning begins with your very first rates: begin lower.")
    ended = high is not None and not test.warning
    _need(ended, "Accuracy still rises at your last rate, or loss does not: end higher.")
    return "The losses are the library's, and the test shows where learning begins and ends."


# end of lesson 02


# lesson 05
@_exercise
def rate_spread(function):
    """Check an optimizer with a rate for each layer: `function(layers, top_rate, ratio)`."""
    import keras

    for count, top_rate, ratio in ((3, 0.01, 10), (5, 0.02, 2.6), (1, 0.003, 10), (4, 0.01, 0.5)):
        called = f"With {count} layer{'s' * (count > 1)}, top_rate={top_rate:g}, ratio={ratio:g}"
        names = [f"layer_{'abcde'[place]}" for place in range(count)]
        optimizer = _called(function, list(names), top_rate, ratio)
        _need(isinstance(optimizer, keras.optimizers.Optimizer), f"{called}, no Keras optimizer.")
        layers = [keras.layers.Dense(4, name=name) for name in names]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.set_weights([np.full(weights.shape, 0.5) for weights in model.get_weights()])
        # All gradients stay above 0, so that Adam moves each weight by the rate, in each update.
        model.compile(optimizer, lambda wanted, given: given, run_eagerly=True)
        moved = []
        for updates in (1, 4):
            model.fit(np.ones((4, 4)), np.ones((4, 4)), epochs=updates, verbose=0)
            moved.append([np.abs(layer.get_weights()[0] - 0.5).max() for layer in layers])
        true, close = top_rate / float(ratio) ** np.arange(count)[::-1], np.allclose
        first, last = moved[0] / true, moved[1] / true
        alike = count > 1 and np.ptp(moved[0]) < 0.02 * top_rate
        turned = count > 1 and close(moved[0], true[::-1], rtol=0.02)
        for holds, hint in (
            (not alike, "all layers move alike. Is it the rate that you scale?"),
            (not turned, "the order is turned round. Which layer meets the input?"),
            (close(first[-1], 1, rtol=0.02), "the last layer should train at top_rate itself."),
            (close(first, 1, rtol=0.02), "neighbors do not differ by the ratio everywhere."),
            (close(last, 5, rtol=0.1), "the first update is right, later ones are not Adam's."),
        ):
            _need(holds, f"{called}, {hint}")
    return "Each layer moves at its own rate, with equal factors between neighbors."


@_exercise
def first_rate(answer, *, top_rate, layers, factor):
    """Check the rate of the first of some layers, where each has a factor more than the last."""
    given = np.asarray(answer, "float64")
    _need(given.size == 1 and given > 0, "Give one rate above 0, as a number.")
    _need(given.item() <= top_rate, "The first layer would learn faster than the last.")
    # In factors; two digits of the answer are enough.
    missing = np.log(top_rate / given.item()) / np.log(factor) - (layers - 1)
    hint = f"Too {'low' if missing > 0 else 'high'}. How often does it shrink, and from where?"
    if abs(abs(missing) - 1) < 0.05:
        hint = "Off by one factor: count the steps between layers."
    _need(abs(missing) < 0.05, hint)
    return "That is how little of the rate is left at the input."


@_exercise
def group_adam(function):
    """Check Adam with a multiplier for the rate of a group, its mistake repaired.

    It is called as `function(weights, gradients, memory, rate=..., multiplier=...)`; `memory` is a
    dict of `mean` and `square` (arrays, 0 at first) and `updates` (0 at first).
    """
    gradients = np.random.default_rng(5).normal(1, 1, (30, 4)) * (1, 1, -1, 0.01)
    true = np.zeros(4)
    for last in range(1, 31):
        mean, square = (
            np.average(gradients[:last] ** power, axis=0, weights=beta ** np.arange(last)[::-1])
            for power, beta in ((1, 0.9), (2, 0.999))
        )
        true -= 0.01 * mean / (np.sqrt(square) + 1e-7)
    for multiplier in (1.0, 0.1, 0.001, 0.0):
        change, memory = np.zeros(4), {"mean": np.zeros(4), "square": np.zeros(4), "updates": 0}
        for gradient in gradients.copy():
            options = {"rate": 0.01, "multiplier": multiplier}
            change = np.asarray(_called(function, change, gradient, memory, **options), "float64")
            _need(change.shape == (4,), "It should return the new weights, as many as the old.")
        share = np.linalg.norm(change) / np.linalg.norm(true)
        hint = f"With the multiplier {multiplier:g} the weights move {share:.3g} times as far as "
        hint += "with 1, after 30 updates."
        if multiplier == 1:
            hint = "With the multiplier 1 it is Adam no longer: look at what else you changed."
        _need(np.allclose(change, multiplier * true, rtol=1e-3, atol=1e-9), hint)
    return "Each group moves as under an Adam of its own, with its own rate."


# end of lesson 05


# lesson 06


@_exercise
def honest_report(function):
    """Check `function(validation, test)`: the test loss that may be reported for a policy."""
    for seed in range(3):
        generator = np.random.default_rng(seed)
        chosen, tempting = generator.permutation(5)[:2]
        validation, test = 1 + generator.random((2, 5, 4))
        validation[chosen] -= 0.7
        test[tempting] -= 0.7
        # One lucky seed of a rate that is poor on the whole.
        validation[tempting, 0] = 0.05
        given = np.asarray(_called(function, validation.copy(), test.copy()), "float64")
        _need(given.size == 1, f"One loss is to be reported, not {given.size}.")
        for mistake, hint in (
            (test.mean(axis=1).min(), "It is best on the images that judge. What chose its rate?"),
            (test.min(), "This is the best seed of all. A claim is about their mean."),
            (test[chosen].min(), "The rate is chosen well. Which of its seeds did you report?"),
            (validation[chosen].mean(), "Chosen well, but this is the loss it was chosen by."),
        ):
            _need(not np.isclose(given.item(), mistake), hint)
        right = np.isclose(given.item(), test[chosen].mean())
        _need(right, "Choose one rate by its mean over the seeds; report its mean, elsewhere.")
    return "Chosen on one set, reported on the other, all seeds counted."


@_exercise
def own_entry(function, build_model, splits):
    """Check `function(seed, rate)`: the test loss after 320 updates of hold and fall."""
    from helpers.schedules import LinearRamp, Pieces
    from helpers.training import compare

    seeds, rate = list(splits)[:2], 0.08
    found = [float(_called(function, seed, rate)) for seed in seeds]
    entries = {"right": Pieces([(rate, 256), (LinearRamp(rate, 0, 64), None)]), "held": rate}
    parts = [lambda seed: splits[seed].train, lambda seed: splits[seed].validation]
    options = {"epochs": 8, "seeds": seeds, "progress": False}
    runs = compare(build_model, entries, *parts, test=lambda seed: splits[seed].test, **options)
    for policy, metric, same, hint in (
        ("right", "val_loss", False, "This loss is on images that may still choose."),
        ("held", "test_loss", False, "It trained as if the rate never fell."),
        ("right", "test_loss", True, "These are not the losses of hold and fall. Check the fall, "),
    ):
        hint += "the seed, its split, 8 epochs, batches of 32, a new network." if same else ""
        _need(same == np.allclose(found, runs.last(metric).loc[policy], rtol=0.03), hint)
    return "The same test losses as the library's, with the same budget."


@_exercise
def comparison_design(settings, *, budget=25_000, updates=320, spread=0.018, difference=0.01):
    """Check numbers of rates, tuning seeds and seeds that find a difference of two policies."""
    from scipy import stats

    names = ("rates", "tuning_seeds", "seeds")
    _need(set(settings) == set(names), f"Give a dict with {', '.join(names)}.")
    whole = all(isinstance(value, (int, np.integer)) and value > 0 for value in settings.values())
    _need(whole, "All three are whole numbers, 1 or more.")
    rates, tuning_seeds, seeds = (int(settings[name]) for name in names)
    cost = 2 * updates * (rates * tuning_seeds + seeds)
    _need(cost <= budget, f"This takes {cost:,} updates; there are {budget:,}.")
    _need(rates >= 4, "So few rates can miss the best one by far: lesson 1 sweeps decades.")
    _need(tuning_seeds >= 2, "One seed chooses by luck. Let the rates be chosen by more.")
    _need(seeds >= 2, "One difference has no spread: an interval needs two seeds or more.")
    limit, shift = stats.t.ppf(0.975, seeds - 1), difference / spread * seeds**0.5
    power = stats.nct.sf(limit, seeds - 1, shift)
    # A simulated power may be off by a hundredth.
    _need(power > 0.79, f"Such a design finds it in {power:.0%} of comparisons. What is too few?")
    return f"{cost:,} updates, and a power of {power:.0%}."


# end of lesson 06


# lesson 07


@_exercise
def new_setting(answer):
    """Check `(peak, updates, warm-up, decay)` of exercise 1: a batch four times as large."""
    _need(np.shape(answer) == (4,), "Give four numbers: (peak, updates, warm-up, decay).")
    true = (0.32, 1140, 57, 0.0005)
    hints = (
        "Your peak differs. How many times as large is the batch?",
        "Your number of updates differs. The last, short batch of an epoch is an update, too.",
        "Your warm-up differs. Which share of all updates was it?",
        "Your decay differs. What has become of the sum of the rates over the training?",
    )
    for given, wanted, hint, within in zip(answer, true, hints, (1e-6, 1e-6, 0.03, 0.03)):
        _need(math.isclose(float(given), wanted, rel_tol=within), hint)
    return "As the rules have it: now measure."


@_exercise
def accumulated(function, max_rate=0.1, updates=30):
    """Check the rates that `function(record)` used: a cosine, four batches to an update."""
    from helpers.schedules import Cosine
    from helpers.training import RecordSteps

    record = RecordSteps()
    _called(function, record)
    rates = record.table()["learning_rate"].to_numpy("float64")
    _need(len(rates) > 0, "No update was logged. Is `record` among the callbacks of fit?")
    _need(
        len(rates) == updates,
        f"{len(rates)} updates were made. Are they 3 epochs in batches of 32, of which the "
        "optimizer gathers four?",
    )
    _need(np.ptp(rates) > 0, "The rate never changed. Has the optimizer a schedule?")
    middle, end = rates[updates // 2] / max_rate, rates[-1] / max_rate
    _need(middle > 0.1, "The rate is near zero long before the end. What does Keras count?")
    _need(end < 0.1, "The last update has a high rate: the fall takes longer than the training.")
    true = Cosine(max_rate, updates)(np.arange(updates))
    # A schedule over batches is up to one update ahead.
    _need(np.allclose(rates, true, atol=0.08 * max_rate), "This is no cosine from the peak to 0.")
    return "The cosine ends with the training."


@_exercise
def mended(function):
    """Check `function(x, y)`: data that gave NaN, as a network can learn them."""
    for seed in range(3):
        generator = np.random.default_rng(seed)
        x = generator.normal(10.0 ** np.array([3, 0, -2]), 10.0 ** np.array([2, 0, -3]), (90, 3))
        y = 500 + 100 * generator.normal(size=90)
        x[7, 1], y[11], x[13] = np.nan, np.inf, -np.inf
        whole = np.delete(np.arange(90), [7, 11, 13])
        given = _called(function, x.copy(), y.copy())
        new_x, new_y = (np.asarray(part, "float64") for part in given)
        _need(len(new_x) == len(new_y), "Inputs and targets no longer belong together.")
        finite = np.isfinite(new_x).all() and np.isfinite(new_y).all()
        _need(finite, "Something that is not finite is left, or was made. In x, and in y?")
        _need(len(new_y) <= 87, "Rows that were not finite are still there, with invented numbers.")
        _need(len(new_y) == 87, "Rows were dropped in which every number is finite.")
        for name, new, old in (("x", new_x, x[whole]), ("y", new_y[:, None], y[whole, None])):
            typical = np.abs(new.mean(axis=0)).max() < 0.5 and np.ptp(np.log(new.std(axis=0))) < 1
            _need(typical and 0.3 < new.std() < 3, f"{name} is not around 0 with a spread near 1.")
            line = [np.corrcoef(*pair)[0, 1] > 0.999 for pair in zip(new.T, old.T)]
            _need(all(line), f"{name} is mixed up: shift and scale each column by itself.")
    return "Finite, around 0, and of one scale; nothing else is lost."


# end of lesson 07
