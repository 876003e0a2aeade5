"""Checks for what a learner wrote, and bands for what a lesson claims.

A check accepts every correct answer, says in words what is wrong with another one, and never shows
the answer. `...` (Ellipsis) means: not attempted yet.
"""

import functools
import math

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


# (lowest rate, highest rate, half cycle): round ones, an odd one, one step up and one down.
_HIDDEN_CYCLES = ((0.1, 0.5, 4), (0.001, 0.006, 2000), (0.0, 1.0, 7), (0.2, 0.4, 1))


@_exercise
def read_cycle(answer, schedule):
    """Check `(lowest rate, highest rate, half cycle)`, read off the picture of a triangle."""
    _need(np.shape(answer) == (3,), "Give three numbers: (lowest rate, highest rate, half cycle).")
    true = (schedule.min_rate, schedule.max_rate, schedule.half_cycle_steps)
    hints = (
        "Your lowest rate differs. Where does the line turn upward?",
        "Your highest rate differs. How high is the peak, by the axis on the left?",
        "Your half cycle differs. Count updates from a trough to the next peak, not to the next "
        "trough.",
    )
    for given, wanted, hint in zip(answer, true, hints):
        _need(math.isclose(float(given), wanted, rel_tol=0.12), hint)
    return "Read as drawn."


@_exercise
def triangular2(function):
    """Check `function(step, min_rate, max_rate, half_cycle_steps)`, halved after every cycle."""
    from helpers.schedules import Triangular

    compared = 0
    for low, high, half in _HIDDEN_CYCLES:
        settings = {"min_rate": low, "max_rate": high, "half_cycle_steps": half}
        true = Triangular(**settings, mode="triangular2")
        around = [0, 1, half - 1, half, half + 1, 2 * half - 1, 2 * half, 2 * half + 1]
        for step in sorted({*around, *(5 * half + shift for shift in (-1, 0, 1)), 40 * half}):
            given = _called(function, step, **settings)
            _need(
                np.shape(given) == () and np.isreal(given),
                f"At step {step} your function gives no number.",
            )
            hint = _differs(settings, step, float(given), float(true(step)))
            _need(np.isclose(float(given), true(step), rtol=1e-6, atol=1e-12), hint)
            compared += 1
    return f"Your function agrees with the library's at {compared} steps."


def _differs(settings, step, given, true):
    """Return at which settings and in which cycle a rate differs, and to which side."""
    called = ", ".join(f"{name}={value:g}" for name, value in settings.items())
    side = "too high" if given > true else "too low"
    if not settings["min_rate"] - 1e-12 <= given <= settings["max_rate"] + 1e-12:
        side += ", and outside of the bounds"
    cycle, into = divmod(step, 2 * settings["half_cycle_steps"])
    place = f"{into} step{'s' if into > 1 else ''} into" if into else "the first step of"
    where = f", {place} cycle {cycle} (the first cycle is cycle 0)" if cycle else ""
    return f"With {called}, your rate is {side} at step {step}{where}."


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
    _need(
        len(rates) == total,
        f"{len(rates)} updates were made. Is it {epochs} epochs in batches of {batch_size}, on all "
        f"{images:,} images?",
    )
    low, high = rates.min(), rates.max()
    _need(
        high > low, "The rate never changed. Is the optimizer that is compiled with the schedule's?"
    )
    _need(
        highest[0] * 0.999 <= high <= highest[1] * 1.001,
        "The highest rate that was used lies outside of what the sweep allows.",
    )
    _need(2.9 <= high / low <= 4.1, "The lowest rate is no third or quarter of the highest.")
    _need(rates[0] <= low * 1.001, "The first update is not at the lowest rate.")
    falls = np.flatnonzero(np.diff(rates) < 0)
    _need(len(falls) > 0, "The rate never falls: training ends at a peak. Where is the trough?")
    half = int(falls[0])
    _need(
        2 * per_epoch <= half + 1 and half <= 10 * per_epoch,
        f"Your first half cycle is {'shorter than 2' if half < 2 * per_epoch else 'longer than 10'}"
        " epochs. The last, short batch of an epoch counts too.",
    )
    missing = -total % (2 * half)
    # The trough may lie a few updates beyond the end.
    _need(
        missing <= 0.02 * 2 * half,
        "Training stops in the middle of a cycle. How many updates does an epoch have, with its "
        "last, short batch?",
    )
    return "The rates that were used make cycles of the right length, ended at a trough."


# end of lesson 03

# lesson 04


# (highest rate, first cycle, growth)
_GROWING_CYCLES = ((1.0, 4, 2), (0.1, 41, 2), (0.2, 10, 3), (0.5, 7, 1))


@_exercise
def trough_epochs(answer, *, first_cycle_epochs, cycle_mult, most_epochs):
    """Check the numbers of epochs after which training may stop."""
    from helpers.schedules import WarmRestarts

    given = sorted(float(epochs) for epochs in np.ravel(answer))
    _need(len(given) > 0, "Give a list of numbers of epochs, such as [5, 10].")
    true = WarmRestarts(1.0, first_cycle_epochs, cycle_mult=cycle_mult).cycle_ends(most_epochs)
    _need(given[-1] <= most_epochs, "There is no time for the last of these.")
    _need(given[0] == true[0], "The first stop differs. When does the first cycle end?")
    _need(
        set(given) <= set(true), "One of these is in the middle of a cycle. Cycle lengths add up."
    )
    _need(set(given) == set(true), "Right as far as it goes; there is time for more.")
    return "At each of these, training stands at a trough."


@_exercise
def growing_restarts(function):
    """Check `function(step, max_rate, first_cycle_steps, cycle_mult)`: restarts that grow."""
    from helpers.schedules import WarmRestarts

    compared = 0
    for rate, first, mult in _GROWING_CYCLES:
        settings = {"max_rate": rate, "first_cycle_steps": first, "cycle_mult": mult}
        true = WarmRestarts(**settings)
        # Logarithms in double precision first miss the fifth restart of a threefold cycle.
        ends = [0, *true.cycle_ends(400 * first)][:7]
        for step in sorted({end + shift for end in ends for shift in (-1, 0, 1)} - {-1}):
            given = _called(function, step, **settings)
            _need(
                np.shape(given) == () and np.isreal(given),
                f"At step {step} your function gives no number.",
            )
            hint = _off(settings, step, float(given), true)
            _need(np.isclose(float(given), true(step), rtol=1e-6, atol=1e-12), hint)
            compared += 1
    return f"Your function agrees with the library's at {compared} steps."


def _off(settings, step, given, schedule):
    """Return at which settings and in which cycle a rate is off, and to which side."""
    called = ", ".join(f"{name}={value:g}" for name, value in settings.items())
    side = "too high" if given > schedule(step) else "too low"
    if not -1e-12 <= given <= settings["max_rate"] + 1e-12:
        side += ", and outside of the bounds"
    ends = schedule.cycle_ends(step)
    into = step - max([0, *ends])
    place = f"{into} step{'s' if into > 1 else ''} into" if into else "the first step of"
    where = f", {place} cycle {len(ends)} (the first cycle is cycle 0)" if ends else ""
    return f"With {called}, your rate is {side} at step {step}{where}."


@_exercise
def trough_ensemble(function, train, splits, *, max_rate=0.1, first_cycle_steps=40, epochs=6):
    """Check `function(weights)`: train with doubling restarts, average the troughs' outputs."""
    import keras

    from helpers.schedules import WarmRestarts

    weights, members = [1, 3], []
    found = np.asarray(_called(function, list(weights)), "float64")
    schedule = WarmRestarts(max_rate, first_cycle_steps, cycle_mult=2)
    x, ends = splits.validation[0], schedule.cycle_ends(10 * first_cycle_steps)[: len(weights)]

    class KeepTroughs(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) in ends:
                members.append(np.array(self.model(x, training=False), "float64"))

    train(schedule.to_keras(), epochs, [KeepTroughs()])
    wanted = members[0].shape
    _need(
        found.shape == wanted,
        f"The shape is {found.shape}; wanted is one row per image, one column per class: {wanted}.",
    )
    _need(
        np.allclose(found.sum(axis=1), 1, atol=1e-4),
        "The rows do not add up to 1. Do your weights?",
    )

    def is_mean(shares):
        return np.allclose(found, np.average(members, axis=0, weights=shares), atol=0.01)

    _need(not is_mean([1, 0]) and not is_mean([0, 1]), "This is one trough alone.")
    _need(
        not is_mean([1, 1]) and not is_mean(weights[::-1]),
        "The troughs are right, the mean is not: does each trough get its own weight?",
    )
    _need(
        is_mean(weights),
        "The probabilities differ from the library's. Is the network trained with your rates and "
        "seed 0, and is the model kept where each cycle ends?",
    )
    return "Trained with your restarts; a weighted mean, and its rows are probabilities."


# end of lesson 04


# lesson 02


_UNKNOWN_TURN = 0.2
_CURVES = ([2.3] * 6, [3.0, 1.0, 2.0], list(np.geomspace(4, 0.5, 40)))


def unknown_range_test():
    """Return the `RangeTest` whose picture exercise 1 of lesson 02 reads: made up, and noisy."""
    from helpers.results import RangeTest

    rates = np.geomspace(1e-5, 2, 300)
    places, turn = np.log10(rates), math.log10(_UNKNOWN_TURN)
    fall = 2.3 - 1.7 / (1 + np.exp(-4 * (places + 1.8)))
    rise = np.where(places > turn, 3.0 * (places - turn) ** 2, 0.0)
    noise = np.random.default_rng(4).normal(0, 0.03, len(rates))
    return RangeTest(rates, fall + rise + noise, smoothing=0.8, stop_reason="all rates were tried")


@_exercise
def read_range_test(answer):
    """Check `(lowest point, minimum over ten)`, read off the picture of `unknown_range_test`."""
    _need(np.shape(answer) == (2,), "Give two rates: (lowest point, minimum over ten).")
    lowest, tenth = (float(rate) for rate in answer)
    _need(min(lowest, tenth) > 0, "Rates are above 0: read the log axis.")
    _need(
        math.isclose(tenth, lowest / 10, rel_tol=0.05),
        "Minimum over ten is a tenth of the rate with the lowest loss.",
    )
    true = unknown_range_test().suggest()["turning_point"]
    side = "right" if lowest > true else "left"
    # As close as eyes get on this axis.
    _need(
        abs(math.log10(lowest / true)) <= 0.2,
        f"The line is lowest elsewhere: your rate is too far to the {side}.",
    )
    return "The lowest point of the line, and a tenth of its rate."


@_exercise
def smoothing(function):
    """Check `function(losses, beta=0.98)`: an exponential mean that is corrected for its start."""
    for losses in _CURVES:
        for beta in (0.98, 0.5, 0.0):
            given = np.asarray(_called(function, list(losses), beta=beta), "float64").ravel()
            _need(
                given.shape == (len(losses),),
                f"{len(losses)} losses should give as many values; got {len(given)}.",
            )
            _need(
                np.ptp(losses) > 0 or np.allclose(given, losses),
                "A constant loss does not stay constant.",
            )
            weights = [beta ** np.arange(count)[::-1] for count in range(1, len(losses) + 1)]
            true = [np.average(losses[: len(row)], weights=row) for row in weights]
            _need(
                np.allclose(given, true),
                "The mean differs. How much should the past weigh, how much the loss?",
            )
    return "A constant stays constant, and each loss has its weight."


@_exercise
def own_range_test(function, rates, build_model, train, *, most=400, least=50):
    """Check a range test by hand, `function(model, x, y, rates)`, and the rates chosen for it."""
    import warnings

    import keras

    from helpers.range_test import run

    def model():
        keras.utils.set_random_seed(3)
        return build_model()

    def library(rates):
        options = {"min_rate": rates[0], "max_rate": rates[-1], "steps": len(rates)}
        options |= {"shuffle": False, "stop_factor": math.inf, "progress": False}
        with warnings.catch_warnings():
            # A test that shows no rise is refused below, in other words.
            warnings.simplefilter("ignore")
            return run(model(), train, **options)

    short = np.geomspace(1e-5, 1e-3, 60)
    own, true = model(), library(short).losses
    before = [np.array(weights) for weights in own.get_weights()]
    found = np.asarray(_called(function, own, *train, short), "float64").ravel()
    _need(len(found) == len(short), f"{len(short)} rates should give as many losses.")
    means = [true[at - at % 40 : at + 1].mean() for at in range(len(true))]
    _need(
        not np.allclose(found, means, rtol=0.002),
        "These are means since the epoch began: the loss of the progress bar. What empties it?",
    )
    close = np.allclose(found, true, rtol=0.02)
    _need(
        close or not np.allclose(found, library(short * 1e-6).losses, rtol=0.02),
        "The loss does not change with the rates. Do they reach model.optimizer.learning_rate?",
    )
    _need(
        close,
        "The losses differ from the library's. Are the images in order, in batches of 32, and does "
        "each update have its own rate, set before it?",
    )
    _need(
        all(np.array_equal(*pair) for pair in zip(before, own.get_weights())),
        "The weights are not what they were before the test. Put them back.",
    )
    rates = np.asarray(rates, "float64").ravel()
    _need(len(rates) >= 20 and rates.min() > 0, "my_rates wants many rates, all above 0.")
    factors = rates[1:] / rates[:-1]
    _need(
        factors.min() > 1 and np.allclose(factors, factors[0], rtol=0.01),
        "Let each rate be the one before times the same factor, above 1.",
    )
    _need(len(rates) <= most, f"More than {most} updates. A range test is meant to be short.")
    _need(
        len(rates) >= least * math.log10(rates[-1] / rates[0]),
        f"Fewer than {least} updates for each factor of ten. Begin higher, end lower, or take more "
        "updates.",
    )
    test = library(rates)
    low, high = test.bounds()
    _need(low is not None, "The accuracy shows no rise at all. Are the rates high enough?")
    quiet = np.nanmean(test.accuracies[: max(2, len(test) // 20)])
    _need(
        low > 3 * rates[0] and quiet <= 0.3,
        "Learning begins with your very first rates: begin lower.",
    )
    _need(high is not None, "The accuracy still rises at your last rate: end higher.")
    _need(
        not test.warning,
        "The loss does not rise up to your last rate: end higher, to see the whole.",
    )
    return "The losses are the library's, and the test shows where learning begins and ends."


# end of lesson 02


# lesson 05
@_exercise
def rate_spread(function):
    """Check an optimizer with a rate for each layer: `function(layers, top_rate, ratio)`."""
    import keras

    from helpers.layerwise import differential, split

    for count, top_rate, ratio in ((3, 0.01, 10), (5, 0.02, 2.6), (1, 0.003, 10), (4, 0.01, 0.5)):
        called = f"With {count} layer{'s' * (count > 1)}, top_rate={top_rate:g}, ratio={ratio:g}"
        names = [f"layer_{'abcde'[place]}" for place in range(count)]
        optimizer = _called(function, list(names), top_rate, ratio)
        _need(
            isinstance(optimizer, keras.optimizers.Optimizer),
            f"{called}, an optimizer of Keras is wanted.",
        )
        true = np.array([top_rate / ratio**steps for steps in reversed(range(count))])
        first, last = _largest_changes(names, lambda _: optimizer)
        # In its first update Adam moves each weight by the rate.
        if not np.allclose(first, true, rtol=0.02):
            _need(
                np.ptp(first) > 0.02 * top_rate or np.ptp(true) == 0,
                f"{called}, all layers move alike. Is it the rate that you scale?",
            )
            _need(
                not np.allclose(first, true[::-1], rtol=0.02),
                f"{called}, the order is turned round. Which layer meets the input?",
            )
            _need(
                np.isclose(first[-1], top_rate, rtol=0.02),
                f"{called}, the last layer should train at top_rate itself.",
            )
            _need(False, f"{called}, neighbors do not differ by the ratio everywhere.")
        adam = keras.optimizers.Adam()
        _, wanted = _largest_changes(
            names, lambda model: differential(adam, split(model, names[1:]), rates=true)
        )
        _need(
            np.allclose(last, wanted, rtol=0.02),
            f"{called}, the first update is right, and later ones are not those of Adam.",
        )
    return "Each layer moves at its own rate, with equal factors between neighbors."


def _largest_changes(names, make_optimizer, updates=5):
    """Return the largest change in each layer, after one update and after several."""
    import keras

    generator = np.random.default_rng(5)
    layers = [keras.layers.Dense(4, activation="tanh", name=name) for name in names]
    model = keras.Sequential([keras.Input((4,)), *layers])
    start = [generator.normal(size=weights.shape) / 2 for weights in model.get_weights()]
    model.set_weights(start)
    model.compile(make_optimizer(model), "mse", run_eagerly=True)
    x, y = generator.normal(size=(2, 20, 4))
    found = []
    for update in range(updates):
        model.train_on_batch(x, y)
        if update in (0, updates - 1):
            changes = [np.abs(a - b).max() for a, b in zip(start, model.get_weights())]
            found.append(np.reshape(changes, (-1, 2)).max(axis=1))
    return found


@_exercise
def first_rate(answer, *, top_rate, layers, factor):
    """Check the rate of the first of some layers, where each has a factor more than the last."""
    given = np.asarray(answer, "float64")
    _need(given.size == 1 and given > 0, "Give one rate above 0, as a number.")
    # How many steps down from the last layer would give this rate; two digits of it are enough.
    steps, close = np.log(top_rate / given.item()), 0.05
    missing = steps - (layers - 1) * np.log(factor)
    if abs(missing) >= close:
        _need(steps >= 0, "The first layer would learn faster than the last.")
        _need(
            abs(abs(missing) - np.log(factor)) >= close,
            "Off by one factor: count the steps between layers.",
        )
        low = "low" if missing > 0 else "high"
        _need(False, f"Too {low}. How often does it shrink, and from where?")
    return "That is how little of the rate is left at the input."


@_exercise
def group_adam(function):
    """Check Adam with a multiplier for the rate of a group, its mistake repaired.

    It is called as `function(weights, gradients, memory, rate=..., multiplier=...)`; `memory` is a
    dict of `mean` and `square` (arrays, 0 at first) and `updates` (0 at first).
    """
    generator, rate, updates = np.random.default_rng(5), 0.01, 30
    start = generator.normal(size=4)
    # One steady, one noisy, one that changes sign, one far smaller than the others.
    columns = [np.full(updates, 2.0), generator.normal(1, 1, updates)]
    columns += [np.resize([1.0, -0.5], updates), np.full(updates, 0.01)]
    gradients = np.transpose(columns)
    # What Adam adds in all, from the weighted means that it stands for.
    true = np.zeros(4)
    for last in range(1, updates + 1):
        ages, seen = np.arange(last)[::-1, None], gradients[:last]
        mean = np.sum(0.9**ages * seen, axis=0) / np.sum(0.9**ages)
        square = np.sum(0.999**ages * seen**2, axis=0) / np.sum(0.999**ages)
        true -= rate * mean / (np.sqrt(square) + 1e-7)
    for multiplier in (1.0, 0.1, 0.001, 0.0):
        weights, memory = start.copy(), {"mean": np.zeros(4), "square": np.zeros(4), "updates": 0}
        settings = {"rate": rate, "multiplier": multiplier}
        for gradient in gradients:
            weights = _called(function, weights, gradient.copy(), memory, **settings)
            _need(
                np.shape(weights) == (4,),
                "It should return the new weights, an array as long as the old ones.",
            )
        change = np.asarray(weights, "float64") - start
        _need(
            np.isfinite(change).all(),
            f"With the multiplier {multiplier:g} a weight is no finite number.",
        )
        _need(multiplier or not change.any(), "With the multiplier 0 the weights still move.")
        if np.allclose(change, multiplier * true, rtol=1e-3, atol=1e-9):
            continue
        _need(
            multiplier != 1,
            "With the multiplier 1 it is Adam no longer: look at what else you changed.",
        )
        share = np.linalg.norm(change) / np.linalg.norm(true)
        _need(
            False,
            f"With the multiplier {multiplier:g} the weights move {share:.3g} times as far as with "
            f"1, after {updates} updates.",
        )
    return "Each group moves as under an Adam of its own, with its own rate."


# end of lesson 05
