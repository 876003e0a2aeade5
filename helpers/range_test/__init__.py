"""The range test: one run with a rising learning rate, and the model as it was afterwards."""

import warnings

import keras

from helpers.layerwise import training_only
from helpers.progress import Bar
from helpers.range_test.tester import INTERRUPTED, Plan, check_model, ready
from helpers.results import RangeTestBand
from helpers.results.range_test import DEFAULT_SMOOTHING
from helpers.schedules import checked_count
from helpers.training.engine import of_seed


def run(
    model,
    train,
    *,
    min_rate=None,
    max_rate=None,
    steps=300,
    ramp="exponential",
    batch_size=32,
    validation=None,
    validation_every=None,
    batches_per_rate=1,
    stop_factor=4.0,
    smoothing=DEFAULT_SMOOTHING,
    shuffle=True,
    seed=0,
    progress=True,
):
    """Train with a learning rate that rises at every update, and put the model back.

    The model comes back bit for bit as it was, also after an error or an interrupt: weights,
    batch-norm statistics, seed generators, metrics, what recurrent layers remember, optimizer
    slots, iterations and rate. What was not built is built, with the values it would have had
    anyway. Training afterwards equals training without the test, for arrays and for data sets that
    give the same order each time. What the test cannot put back: how far a generator has come, the
    order that a reshuffling data set gives next, and what layers keep in Python.

    A model whose optimizer runs on a schedule is tested without it, and has it back afterwards.
    Arrays and data sets are trained on in a compiled loop, all else by Keras's own `fit`, at half
    the speed on small networks; `about["trained_by"]` says which, and why.

    Args:
        model: A compiled Keras model, fitted or not, built or not. Of several accuracies, that
            named `accuracy` is followed, else the first.
        train: Arrays `(x, y)`, `(x, y, sample_weight)` or `(x,)`, a `tf.data.Dataset` of batches, a
            `keras.utils.PyDataset`, or a generator of batches. What ends is begun again, but for a
            generator, whose end ends the test.
        min_rate: The first rate, > 0. None is 1e-6; a linear ramp wants it given.
        max_rate: The last rate, > `min_rate`. None is 10; a linear ramp wants it given.
        steps: Number of rates, >= 10. The answer depends on it: a shorter test diverges later.
        ramp: `"exponential"`, by equal factors, or `"linear"`, by equal differences.
        batch_size: Examples for one update, where arrays are given.
        validation: Arrays or a data set to measure on as well, in inference mode, or None.
        validation_every: After how many rates to do so, >= 1; None is about 30 times in all.
        batches_per_rate: Updates at each rate, >= 1, whose losses are averaged. Where the optimizer
            gathers gradients over several batches, each update takes as many.
        stop_factor: The test ends when the smoothed loss is more than so many times its best, > 1,
            once a tenth of the rates is done; `math.inf` goes on. A loss that is not finite ends it
            in any case.
        smoothing: Weight of the past in the smoothed loss, 0 to below 1.
        shuffle: Whether arrays are shown in a new order in each epoch.
        seed: Seed of that order, >= 0.
        progress: Show a bar.

    Returns:
        A `RangeTest`. An interrupt (Ctrl-C, or the stop button of a notebook) returns what was
        measured; with nothing measured it is raised.

    Warns:
        UserWarning: If the loss never diverged, nor rose again after it had fallen.

    Raises:
        TypeError: If `train` is none of these.
        ValueError: If an argument is out of bounds, the model is not compiled, its steps report no
            loss, or its optimizer makes no update.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        section 3.3.
    """
    plan = Plan(
        *(min_rate, max_rate, steps, ramp, batch_size, validation, validation_every),
        *(batches_per_rate, stop_factor, smoothing, shuffle),
    )
    check_model(model)
    bar = Bar(progress)
    with ready(model, train, plan) as tester:
        test = tester.test(checked_count(seed, "seed", least=0), bar.show)
    bar.close(f"range test: {test.stop_reason}")
    if test.warning:
        warnings.warn(test.warning, stacklevel=2)
    return test


def run_seeds(build_model, train, *, seeds, progress=True, **options):
    """Run a range test with each seed: weights, order and dropout are drawn anew.

    Where the compiled loop is used, the model is traced once for all seeds.

    Args:
        build_model: Function without arguments that returns a compiled Keras model, the same one at
            every call.
        train: As for `run`, or a function `seed -> data`.
        seeds: Whole numbers >= 0, each once.
        progress: Show a bar.
        **options: As for `run`: `min_rate`, `max_rate`, `steps` and so on.

    Returns:
        A `RangeTestBand`; the test of a seed is that of `run` with a model built after
        `keras.utils.set_random_seed(seed)`. An interrupt returns the tests that are finished; with
        none finished it is raised. At the end Python's and NumPy's global random states are what
        they were; TensorFlow's global seed is the last one used.

    Warns:
        UserWarning: As for `run`.

    Raises:
        ValueError: As for `run`, or if the model differs from call to call. An error in the middle
            carries what is finished as `error.finished_tests`, a `RangeTestBand` or None.
    """
    plan, bar, finished = Plan(**options), Bar(progress), {}
    seeds = tuple(checked_count(seed, "each of seeds", least=0) for seed in seeds)
    try:
        _run_seeds(build_model, train, plan, seeds, finished, bar)
    except KeyboardInterrupt:
        if not finished:
            raise
    except Exception as error:
        error.finished_tests = _band(finished) if finished else None
        raise
    bar.close(f"{len(finished)} of {len(seeds)} range tests finished")
    band = _band(finished)
    warned = [test.warning for test in band.tests if test.warning]
    if warned:
        warnings.warn(f"{len(warned)} of {len(band)} seeds: {warned[0]}", stacklevel=2)
    return band


def run_groups(model, groups, train, **options):
    """Run a range test for each group of layers, while the rates of all others are 0.

    A test asks how fast a group can learn; it does not look at what the group would forget. The
    model comes back as from `run`. It may be compiled with one rate or with a differential
    optimizer; each test takes a new optimizer of the same settings.

    Args:
        model: A compiled Keras model with no group frozen.
        groups: The model's `layerwise.LayerGroups`.
        train: As for `run`.
        **options: As for `run`: `min_rate`, `max_rate`, `steps` and so on.

    Returns:
        A list with a `RangeTest` for each group, the one nearest to the input first.

    Raises:
        KeyboardInterrupt: If a test was interrupted.
        ValueError: As for `run`, or if the groups are of another model, or one is frozen.
    """
    table = groups.table()
    if groups.model is not model or not table["trained"].all():
        raise ValueError(
            "The groups are of another model, or one of them is frozen; split this model, with all "
            "layers unfrozen."
        )
    own, tests = model.optimizer, []
    try:
        for group in range(len(groups)):
            model.optimizer = training_only(own, groups, group)
            tests.append(run(model, train, **options))
            if tests[-1].stop_reason == INTERRUPTED:
                raise KeyboardInterrupt
    finally:
        model.optimizer = own
    return tests


def _run_seeds(build_model, train, plan, seeds, finished, bar):
    """Fill `finished`, seed by seed, with the tests of one model that is given new values."""
    own_data = of_seed(train)

    def built(seed):
        keras.utils.set_random_seed(seed)
        model = build_model()
        check_model(model)
        return model

    with ready(built(seeds[0]), train(seeds[0]) if own_data else train, plan) as tester:
        # Before the first test, for TensorFlow prepares its functions anew after a seed is set.
        starts = {seed: tester.values_of(built(seed)) for seed in seeds}
        for done, seed in enumerate(seeds):
            tester.begin(starts[seed], train(seed) if own_data and done else None)

            def show(fraction, text, done=done, seed=seed):
                bar.show((done + fraction) / len(seeds), f"seed {seed}, {text}")

            test = tester.test(seed, show)
            if test.stop_reason == INTERRUPTED:
                raise KeyboardInterrupt
            finished[seed] = test


def _band(finished):
    return RangeTestBand(tuple(finished), tuple(finished.values()))
