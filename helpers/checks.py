"""Checks for what a learner wrote, and bands for what a lesson claims.

A check accepts every correct answer, says in words what is wrong with another one, and never shows
the answer. `...` (Ellipsis) means: not attempted yet.
"""

import functools
import math
import warnings

import numpy as np

from helpers.results import RangeTest
from helpers.schedules import Cosine, LinearRamp, Pieces, Triangular, WarmRestarts

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
        advice = "Restart and run all; if it stays so, report versions and machine."
        raise ValueError(f"{what} is {value:.4g}, outside of {low:g} to {high:g}. {advice}")


class _Wrong(Exception):
    """What does not hold yet, in words."""


class _Open(Exception):
    """The exercise is not attempted."""


def _exercise(praise):
    """Let a check say what it found, whatever the answer is or does.

    A check returns nothing, or what completes the praise.
    """

    def decorate(check):
        @functools.wraps(check)
        def say(*answers, **options):
            try:
                if any(answer is ... for answer in answers):
                    raise _Open
                print("✓", praise.format(check(*answers, **options)))
            except _Open:
                print("○ not attempted yet")
            except _Wrong as hint:
                print(f"✗ {hint}")
            except Exception as error:
                print(f"✗ Your answer does not fit: {type(error).__name__}: {error}")

        return say

    return decorate


def _need(holds, hint):
    if not holds:
        raise _Wrong(hint)


def _called(function, *arguments, **options):
    """Return what the learner's function gives."""
    result = function(*arguments, **options)
    if result is ...:
        raise _Open
    return result


def _near(given, true, within):
    """Return whether a number differs by at most a share of the true one."""
    return math.isclose(given, true, rel_tol=within)


def _evenly_spaced(rates):
    """Return whether rates rise, by about the same factor each time."""
    gaps = np.diff(np.log(rates))
    return 0 < gaps.max() <= 1.5 * gaps.min()


def _next_to(turns):
    """Return the steps at which a schedule turns, and their neighbors."""
    return {turn + shift for turn in turns for shift in (-1, 0, 1)} - {-1}


def _same_rates(function, settings, true, steps):
    """Compare the rates of the learner's function with those of our schedule; return how many."""
    called = ", ".join(f"{name}={value:g}" for name, value in settings.items())
    for step in sorted(steps):
        given, wanted = float(_called(function, step, **settings)), true(step)
        side, ends = "high" if given > wanted else "low", true.cycle_ends(step)
        where = f"{step - max([0, *ends])} steps into cycle {len(ends)} (the first is cycle 0)"
        hint = f"With {called}, your rate is too {side} at step {step}, {where}."
        _need(np.isclose(given, wanted, rtol=1e-6, atol=1e-12), hint)
    return len(steps)


def _rates_used(function, updates, hint):
    """Return the rates of the updates that `function(record)` makes; their number is known."""
    from helpers.training import RecordSteps

    record = RecordSteps()
    _called(function, record)
    rates = record.table()["learning_rate"].to_numpy("float64")
    _need(len(rates) > 0, "No update was logged. Is `record` among the callbacks of fit?")
    _need(len(rates) == updates, f"{len(rates)} updates were made. {hint}")
    _need(np.ptp(rates) > 0, "The rate never changed. Is your schedule in the optimizer?")
    return rates


# Lesson 01


@_exercise("These rates are within {:g} of the best.")
def usable_window(answer, runs, metric="val_accuracy", within=0.03):
    """Check the smallest and the largest rate of a sweep that are close to the best."""
    low, high = sorted(float(rate) for rate in answer)
    usable = runs.usable(metric, within)
    for given, true, end in ((low, min(usable), "smallest"), (high, max(usable), "largest")):
        side = "inside" if (given > true) == (end == "smallest") else "outside of"
        hint = f"Your {end} rate lies {side} the window. Which points reach the line?"
        # One digit is enough: 0.03 is the rate 0.0316.
        _need(_near(given, true, 0.06), hint)
    return within


@_exercise("Your sweep agrees with the library's, run by run.")
def own_sweep(function, build_model, splits):
    """Check a sweep by hand: `function(rates, seeds)`, dict of rate to validation accuracies."""
    from helpers.training import sweep

    rates, options = [0.003, 0.03], {"epochs": 2, "seeds": [5, 6], "progress": False}
    found = _called(function, rates, [5, 6])
    found = np.array([found[rate] for rate in rates])
    _need(found.shape == (2, 2), "Give a dict: for each rate a list, an accuracy for each seed.")
    _need(found[0, 0] != found[0, 1], "Both seeds give the same. Is the seed set, and used?")
    true = sweep(build_model, rates, splits.train, splits.validation, **options)
    same = np.allclose(found, true.last("val_accuracy").loc[rates], atol=0.02)
    _need(same, "Is it 2 epochs, batches of 32, validation images, a new network after each seed?")


@_exercise("A window, a spread, and a best rate in the middle, within the budget.")
def grid_design(rates, seeds, build_model, splits, budget=24):
    """Check a grid of rates and seeds that finds a trustworthy answer in the budget."""
    from helpers.training import sweep

    rates, seeds = sorted(float(rate) for rate in rates), list(seeds)
    _need(len(rates) * len(seeds) <= budget, f"Rates x seeds are more than {budget} runs.")
    _need(len(seeds) >= 3, "So few seeds leave the spread a guess. Trade rates for seeds.")
    _need(len(rates) >= 4, "So few rates cannot show a window. Trade seeds for rates.")
    _need(_evenly_spaced(rates), "On a log axis, some gaps between rates are far wider.")
    options = {"epochs": 5, "seeds": seeds, "progress": False}
    runs = sweep(build_model, rates, splits.train, splits.validation, **options)
    _need(not runs.best().at_edge, "The best rate is at the edge of your grid: what lies beyond?")


# Lesson 02


def unknown_range_test():
    """Return the `RangeTest` whose picture exercise 1 of lesson 02 reads: made up, and noisy."""
    places = np.linspace(-5, math.log10(2), 300)
    fall = 2.3 - 1.7 / (1 + np.exp(-4 * (places + 1.8)))
    rise = 3.0 * np.maximum(places - math.log10(0.2), 0) ** 2
    losses = fall + rise + np.random.default_rng(4).normal(0, 0.03, 300)
    return RangeTest(10**places, losses, smoothing=0.8, stop_reason="all rates were tried")


@_exercise("The lowest point of the line, and a tenth of its rate.")
def read_range_test(answer):
    """Check `(lowest point, minimum over ten)`, read off the picture of `unknown_range_test`."""
    lowest, tenth = (float(rate) for rate in answer)
    _need(min(lowest, tenth) > 0, "Rates are above 0: read the log axis.")
    _need(_near(tenth, lowest / 10, 0.05), "Is the second a tenth of the first?")
    away = math.log10(lowest / unknown_range_test().suggest()["turning_point"])
    side = "right" if away > 0 else "left"
    # As close as eyes get on this axis.
    _need(abs(away) <= 0.2, f"The line is lowest elsewhere: your rate is too far to the {side}.")


@_exercise("A constant stays constant, and each loss has its weight.")
def smoothing(function):
    """Check `function(losses, beta=0.98)`: an exponential mean that is corrected for its start."""
    cases = ([2.3] * 6, 0.98), ([3.0, 1.0, 2.0], 0.5), (np.geomspace(4, 0.5, 40), 0.98)
    for losses, beta in cases:
        given = np.ravel(_called(function, list(losses), beta=beta))
        _need(len(given) == len(losses), "Give one value for each loss.")
        constant = np.ptp(losses) > 0 or np.allclose(given, losses)
        _need(constant, "A constant loss does not stay constant.")
        shares = [beta ** np.arange(end)[::-1] for end in range(1, len(losses) + 1)]
        true = [np.average(losses[: len(one)], weights=one) for one in shares]
        _need(np.allclose(given, true), "The mean differs. How much should the past weigh?")


def _range_test(model, train, rates):
    """Return our range test with a learner's rates."""
    from helpers.range_test import run

    options = {"shuffle": False, "stop_factor": math.inf, "progress": False}
    with warnings.catch_warnings():
        # That the loss did not rise is no news for the first test, and a hint after the second.
        warnings.simplefilter("ignore")
        return run(model, train, min_rate=rates[0], max_rate=rates[-1], steps=len(rates), **options)


@_exercise("The losses are the library's, and the test shows where learning begins and ends.")
def own_range_test(function, rates, build_model, train):
    """Check a range test by hand, `function(model, x, y, rates)`, and the rates chosen for it."""
    import keras

    keras.utils.set_random_seed(3)
    own, short = build_model(), np.geomspace(1e-5, 1e-3, 60)
    before, true = own.get_weights(), _range_test(own, train, short).losses
    found = np.ravel(_called(function, own, *train, short))
    _need(len(found) == 60, "Give one loss for each rate.")
    means = [true[at - at % 40 : at + 1].mean() for at in range(60)]
    is_bar = np.allclose(found, means, rtol=0.002)
    _need(not is_bar, "These are the progress bar's means of the epoch so far. What empties them?")
    hint = "Are images in order, in batches of 32? Do your rates reach the optimizer?"
    _need(np.allclose(found, true, rtol=0.002), f"The losses differ. {hint}")
    _need(all(map(np.array_equal, before, own.get_weights())), "Put the weights back afterwards.")
    _need(_evenly_spaced(rates), "Let each of my_rates be the one before times the same factor.")
    enough = 50 * math.log10(rates[-1] / rates[0]) <= len(rates) <= 400
    _need(enough, "Make 50 updates or more for each factor of ten, and 400 at most.")
    test = _range_test(build_model(), train, rates)
    low, high = test.bounds()
    _need(low is not None, "The accuracy shows no rise at all. Are the rates high enough?")
    _need(low > 3 * rates[0], "Learning begins with your very first rates: begin lower.")
    ended = high is not None and not test.warning
    _need(ended, "Accuracy still rises at your last rate, or loss does not: end higher.")


# Lesson 03


@_exercise("Read as drawn.")
def read_cycle(answer, schedule):
    """Check `(lowest rate, highest rate, half cycle)`, read off the picture of a triangle."""
    low, high, half = answer
    _need(_near(low, schedule.min_rate, 0.12), "Lowest rate: where does the line turn upward?")
    _need(_near(high, schedule.max_rate, 0.12), "Highest rate: read the peak on the left axis.")
    _need(_near(half, schedule.half_cycle_steps, 0.12), "Half cycle: from a trough to a peak.")


@_exercise("Your function agrees with the library's at {} steps.")
def triangular2(function):
    """Check `function(step, min_rate, max_rate, half_cycle_steps)`, halved after every cycle."""
    compared = 0
    # Round numbers, the paper's, an odd half cycle, and one step up and one down.
    for low, high, half in ((0.1, 0.5, 4), (0.001, 0.006, 2000), (0.0, 1.0, 7), (0.2, 0.4, 1)):
        settings = {"min_rate": low, "max_rate": high, "half_cycle_steps": half}
        true = Triangular(**settings, mode="triangular2")
        steps = _next_to((0, half, 2 * half, 5 * half)) | {40 * half}
        compared += _same_rates(function, settings, true, steps)
    return compared


@_exercise("The rates that were used make cycles of the right length, ended at a trough.")
def cycle_plan(function, images=1280, batch_size=48, epochs=12, highest=(0.05, 0.1)):
    """Check the cycle that `function(record)` trains with, by the rates that were really used."""
    per_epoch = -(-images // batch_size)
    total = per_epoch * epochs
    rates = _rates_used(function, total, f"Is it {epochs} epochs in batches of {batch_size}?")
    low, high, falls = rates.min(), rates.max(), np.flatnonzero(np.diff(rates) < 0)
    usable = highest[0] * 0.999 <= high <= highest[1] * 1.001
    _need(usable, "The highest rate that was used lies outside of what the sweep allows.")
    _need(2.9 <= high / low <= 4.1, "The lowest rate is no third or quarter of the highest.")
    _need(rates[0] <= low * 1.001, "The first update is not at the lowest rate.")
    _need(len(falls), "The rate never falls: training ends at a peak. Where is the trough?")
    half = int(falls[0])
    right = 2 * per_epoch <= half + 1 <= 10 * per_epoch + 1
    _need(right, "Your first half cycle is not 2 to 10 epochs. The last, short batch counts too.")
    # The trough may lie a few updates beyond the end.
    ends = -total % (2 * half) <= 0.02 * 2 * half
    _need(ends, "Training stops in the middle of a cycle. How many updates does an epoch have?")


# Lesson 04


@_exercise("At each of these, training stands at a trough.")
def trough_epochs(answer, *, first_cycle_epochs, cycle_mult, most_epochs):
    """Check the numbers of epochs after which training may stop."""
    given = sorted(float(epochs) for epochs in np.ravel(answer))
    true = WarmRestarts(1.0, first_cycle_epochs, cycle_mult=cycle_mult).cycle_ends(most_epochs)
    _need(max(given) <= most_epochs, "There is no time for the last of these.")
    _need(given[0] == true[0], "The first stop differs. When does the first cycle end?")
    _need(set(given) <= set(true), "One of these is inside a cycle. Cycle lengths add up.")
    _need(given == true, "Right as far as it goes; there is time for more.")


@_exercise("Your function agrees with the library's at {} steps.")
def growing_restarts(function):
    """Check `function(step, max_rate, first_cycle_steps, cycle_mult)`: restarts that grow."""
    compared = 0
    for rate, first, mult in ((1.0, 4, 2), (0.1, 41, 2), (0.2, 10, 3), (0.5, 7, 1)):
        settings = {"max_rate": rate, "first_cycle_steps": first, "cycle_mult": mult}
        true = WarmRestarts(**settings)
        # Logarithms in double precision first miss the fifth restart of a threefold cycle.
        steps = _next_to([0, *true.cycle_ends(400 * first)][:7])
        compared += _same_rates(function, settings, true, steps)
    return compared


@_exercise("Trained with your restarts; a weighted mean, and its rows are probabilities.")
def trough_ensemble(function, train, splits, *, max_rate=0.1, first_cycle_steps=40, epochs=6):
    """Check `function(weights)`: train with doubling restarts, average the troughs' outputs."""
    import keras

    found, members = np.asarray(_called(function, [1, 3]), "float64"), []

    class KeepTroughs(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) in (first_cycle_steps, 3 * first_cycle_steps):
                members.append(np.array(self.model(splits.validation[0], training=False)))

    schedule = WarmRestarts(max_rate, first_cycle_steps, cycle_mult=2)
    train(schedule.to_keras(), epochs, [KeepTroughs()])

    def is_mean(*shares):
        return np.allclose(found, np.average(members, axis=0, weights=shares), atol=0.01)

    _need(found.shape == members[0].shape, "Give a row for each image, a column for each class.")
    _need(np.allclose(found.sum(1), 1, atol=1e-4), "The rows do not add up to 1. Do your weights?")
    _need(not is_mean(1, 0) and not is_mean(0, 1), "This is one trough alone.")
    _need(not is_mean(1, 1), "The troughs are right: does each get its own weight?")
    _need(is_mean(1, 3), "Other probabilities: check rates, seed 0, and where cycles end.")


# Lesson 05


def _moves(optimizer, names):
    """Return how far each layer moves in the first update, and in five: gradients are above 0."""
    import keras

    _need(isinstance(optimizer, keras.optimizers.Optimizer), "This is no Keras optimizer.")
    layers = [keras.layers.Dense(4, name=name) for name in names]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.set_weights([np.full(weights.shape, 0.5) for weights in model.get_weights()])
    model.compile(optimizer, lambda wanted, given: given, run_eagerly=True)
    moved = []
    for epochs in (1, 4):
        model.fit(np.ones((4, 4)), np.ones((4, 4)), epochs=epochs, verbose=0)
        moved.append([np.abs(layer.get_weights()[0] - 0.5).max() for layer in layers])
    return np.array(moved)


@_exercise("Each layer moves at its own rate, with equal factors between neighbors.")
def rate_spread(function):
    """Check an optimizer with a rate for each layer: `function(layers, top_rate, ratio)`."""
    close = functools.partial(np.allclose, rtol=0.1)
    for count, top_rate, ratio in ((3, 0.01, 10), (5, 0.02, 2.6), (4, 0.01, 0.5)):
        called = f"With {count} layers, top_rate={top_rate:g}, ratio={ratio:g}"
        names = [f"layer_{letter}" for letter in "abcde"[:count]]
        once, five = _moves(_called(function, list(names), top_rate, ratio), names)
        # Adam moves each weight by the rate, as long as gradients keep their sign.
        once, five, true = once / top_rate, five / top_rate, ratio ** np.arange(1.0 - count, 1)
        _need(np.ptp(once) > 0.02, f"{called}, all layers move alike. Is it the rate you scale?")
        _need(not close(once, true[::-1]), f"{called}, the order is turned. Which is first?")
        _need(_near(once[-1], 1, 0.02), f"{called}, the last layer does not train at top_rate.")
        _need(close(once, true), f"{called}, neighbors do not differ by the ratio everywhere.")
        _need(close(five, 5 * true), f"{called}, later updates than the first are not Adam's.")


@_exercise("That is how little of the rate is left at the input.")
def first_rate(answer, *, top_rate, layers, factor):
    """Check the rate of the first of some layers, where each has a factor more than the last."""
    _need(0 < answer <= top_rate, "It is above 0, and the last layer learns fastest.")
    # In factors; two digits of the answer are enough.
    missing = math.log(top_rate / answer, factor) - (layers - 1)
    _need(not _near(abs(missing), 1, 0.05), "Off by one factor: count the steps between layers.")
    hint = f"Too {'low' if missing > 0 else 'high'}. How often does it shrink, and from where?"
    _need(abs(missing) < 0.05, hint)


@_exercise("Each group moves as under an Adam of its own, with its own rate.")
def group_adam(function):
    """Check Adam with a multiplier for the rate of a group, its mistake repaired.

    It is called as `function(weights, gradients, memory, rate=..., multiplier=...)`; `memory` is a
    dict of `mean` and `square` (arrays, 0 at first) and `updates` (0 at first).
    """
    # Adam moves a weight whose gradient stays the same by the rate in each update.
    gradient = np.array([1, 2, -1, 0.01])
    for multiplier in (1.0, 0.1, 0.001, 0.0):
        change, memory = np.zeros(4), {"mean": np.zeros(4), "square": np.zeros(4), "updates": 0}
        options = {"rate": 0.01, "multiplier": multiplier}
        for _ in range(30):
            change = np.asarray(_called(function, change, gradient.copy(), memory, **options))
            _need(change.shape == (4,), "It should return the new weights, as many as the old.")
        shares = -change / np.sign(gradient) / 0.3
        hint = f"With multiplier {multiplier:g}, weights move {shares[0]:.3g} times as far as Adam."
        _need(np.allclose(shares, multiplier, rtol=1e-3, atol=1e-9), hint)


# Lesson 06


@_exercise("Chosen on one set, reported on the other, all seeds counted.")
def honest_report(function):
    """Check `function(validation, test)`: the test loss that may be reported for a policy."""
    chosen, tempting = 3, 1
    validation, test = 1 + np.random.default_rng(0).random((2, 5, 4))
    validation[chosen] -= 0.7
    test[tempting] -= 0.7
    # One lucky seed of a rate that is poor on the whole.
    validation[tempting, 0] = 0.05
    given, means = float(_called(function, validation.copy(), test.copy())), test.mean(axis=1)

    def is_loss(loss):
        return _near(given, loss, 1e-6)

    _need(not is_loss(means.min()), "It is best on the images that judge. What chose its rate?")
    _need(not is_loss(test.min()), "This is the best seed of all. A claim is about their mean.")
    _need(not is_loss(test[chosen].min()), "Chosen well. Which of its seeds did you report?")
    _need(not is_loss(validation[chosen].mean()), "Chosen well, but this loss chose it.")
    _need(is_loss(means[chosen]), "Choose by the mean over the seeds, report a mean, elsewhere.")


@_exercise("The same test losses as the library's, with the same budget.")
def own_entry(function, build_model, splits):
    """Check `function(seed, rate)`: the test loss after 320 updates of hold and fall."""
    from helpers.training import compare

    seeds, rate = list(splits)[:2], 0.08
    found = [float(_called(function, seed, rate)) for seed in seeds]
    entries = {"right": Pieces([(rate, 256), (LinearRamp(rate, 0, 64), None)]), "held": rate}
    parts = [lambda seed: splits[seed].train, lambda seed: splits[seed].validation]
    options = {"epochs": 8, "seeds": seeds, "progress": False}
    runs = compare(build_model, entries, *parts, test=lambda seed: splits[seed].test, **options)

    def is_loss(policy, metric):
        return np.allclose(found, runs.last(metric).loc[policy], rtol=0.03)

    _need(not is_loss("right", "val_loss"), "This loss is on images that may still choose.")
    _need(not is_loss("held", "test_loss"), "It trained as if the rate never fell.")
    _need(is_loss("right", "test_loss"), "Check the fall, seed, split, epochs, and a new network.")


@_exercise("{}.")
def comparison_design(settings, *, budget=25_000, updates=320, spread=0.018, difference=0.01):
    """Check numbers of rates, tuning seeds and seeds that find a difference of two policies."""
    from scipy import stats

    rates, tuning_seeds, seeds = (settings[name] for name in ("rates", "tuning_seeds", "seeds"))
    cost = 2 * updates * (rates * tuning_seeds + seeds)
    _need(cost <= budget, f"This takes {cost:,} updates; there are {budget:,}.")
    _need(rates >= 4, "So few rates can miss the best one by far: lesson 1 sweeps decades.")
    _need(tuning_seeds >= 2, "One seed chooses by luck. Let the rates be chosen by more.")
    _need(seeds >= 2, "One difference has no spread: an interval needs two seeds or more.")
    limit, shift = stats.t.ppf(0.975, seeds - 1), difference / spread * seeds**0.5
    power = stats.nct.sf(limit, seeds - 1, shift)
    # A simulated power may be off by a hundredth.
    _need(power > 0.79, f"Such a design finds it in {power:.0%} of comparisons. What is too few?")
    return f"{cost:,} updates, and a power of {power:.0%}"


# Lesson 07


@_exercise("As the rules have it: now measure.")
def new_setting(answer):
    """Check `(peak, updates, warm-up, decay)` of exercise 1: a batch four times as large."""
    peak, updates, warm_up, decay = (float(number) for number in answer)
    _need(_near(peak, 0.32, 1e-6), "Your peak differs. How many times as large is the batch?")
    _need(updates == 1140, "Your number of updates differs. The last, short batch counts, too.")
    _need(_near(warm_up, 57, 0.03), "Your warm-up differs. Which share of all updates was it?")
    _need(_near(decay, 0.0005, 0.03), "Your decay differs. What became of the sum of all rates?")


@_exercise("The cosine ends with the training.")
def accumulated(function, max_rate=0.1, updates=30):
    """Check the rates that `function(record)` used: a cosine, four batches to an update."""
    shares = _rates_used(function, updates, "3 epochs, batches of 32, four gathered?") / max_rate
    _need(shares[updates // 2] > 0.1, "The rate ends long before training. What does Keras count?")
    _need(shares[-1] < 0.1, "The last rate is high: the fall takes longer than the training.")
    true = Cosine(1.0, updates)(np.arange(updates))
    # A schedule over batches is up to one update ahead.
    _need(np.allclose(shares, true, atol=0.08), "This is no cosine from the peak to 0.")


@_exercise("Finite, around 0, and of one scale; nothing else is lost.")
def mended(function):
    """Check `function(x, y)`: data that gave NaN, as a network can learn them."""
    x = np.random.default_rng(0).normal((1000, 1, 0.01, 500), (100, 1, 0.001, 100), (90, 4))
    x[7, 1], x[11, 3], x[13] = np.nan, np.inf, -np.inf
    new_x, new_y = _called(function, x[:, :3].copy(), x[:, 3].copy())
    _need(len(new_x) == len(new_y), "Inputs and targets no longer belong together.")
    new, old = np.column_stack([new_x, new_y]), x[np.isfinite(x).all(axis=1)]
    _need(np.isfinite(new).all(), "Not all is finite. Was it left, or made? In x, or in y?")
    _need(len(new) <= 87, "Rows that were not finite are still there, with invented numbers.")
    _need(len(new) == 87, "Rows were dropped in which every number is finite.")
    for name, made, given in zip(("x", "x", "x", "y"), new.T, old.T):
        typical = abs(made.mean()) < 0.5 and 0.3 < made.std() < 3
        _need(typical, f"A column of {name} is not around 0 with a spread near 1.")
        line = np.corrcoef(made, given)[0, 1] > 0.999
        _need(line, f"{name} is mixed up: shift and scale each column by itself.")
