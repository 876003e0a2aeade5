"""`run`: one range test. `run_seeds`: one for each seed. `iterate`: the generator underneath."""

import dataclasses
import time
import warnings

import keras

from helpers.range_test.plan import Plan, check_function, check_model, checked_seeds
from helpers.range_test.preparing import is_function_of_seed, prepared
from helpers.results import RangeTestBand
from helpers.results.range_test import DEFAULT_SMOOTHING
from helpers.training.plan import whole_number
from helpers.training.progress import Bar
from helpers.training.state import random_states_kept

YIELD_SECONDS = 0.3
INTERRUPTED = "it was interrupted"


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
    class_weight=None,
    shuffle=True,
    seed=0,
    progress=True,
):
    """Train with a learning rate that rises at every update, and put the model back.

    The model comes back bit for bit as it was, also after an error or an interrupt: weights,
    batch-norm statistics, seed generators, metrics, optimizer slots, iterations and rate. A model
    or an optimizer that was not built is built, with the values it would have had anyway. Training
    afterwards equals training without the test, for arrays and for data sets that give the same
    order each time. What the test cannot put back: how far a generator has come, the order that a
    reshuffling data set gives next, and what layers keep in Python or in variables that neither
    Keras nor TensorFlow tracks.

    A model whose optimizer runs on a schedule is tested without it, and has it back afterwards.

    Args:
        model: A compiled Keras model, fitted or not, built or not.
        train: Arrays `(x, y)` or `(x, y, sample_weight)`, a `tf.data.Dataset` of batches, a
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
        class_weight: Class index to weight of its examples in the training loss, or None.
        shuffle: Whether arrays are shown in a new order in each epoch.
        seed: Seed of that order, >= 0.
        progress: Show a bar.

    Returns:
        A `RangeTest`. An interrupt (Ctrl-C, or the stop button of a notebook) returns what was
        measured; with nothing measured it is raised.

    Warns:
        UserWarning: If the loss never diverged, nor rose again after it had fallen.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is out of bounds, the model is not compiled, its optimizer has no
            learning rate of its own, or its steps report no loss.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        section 3.3.
    """
    work = iterate(
        model,
        train,
        min_rate=min_rate,
        max_rate=max_rate,
        steps=steps,
        ramp=ramp,
        batch_size=batch_size,
        validation=validation,
        validation_every=validation_every,
        batches_per_rate=batches_per_rate,
        stop_factor=stop_factor,
        smoothing=smoothing,
        class_weight=class_weight,
        shuffle=shuffle,
        seed=seed,
    )
    result = _drain(work, Bar(progress))
    if result.warning:
        warnings.warn(result.warning, stacklevel=2)
    return result


def iterate(model, train, *, seed=0, **options):
    """Return the engine under `run`: a generator that reports as it works.

    Args:
        model: As for `run`.
        train: As for `run`.
        seed: As for `run`.
        **options: The other arguments of `run`, but for `progress`.

    Returns:
        A generator. It yields a `RangeTestProgress` about every 0.3 seconds, whose `finished` holds
        what was measured, and returns the `RangeTest`. At its end, also when it is closed before,
        the model is as it was; in between it is in the midst of the test.

    Raises:
        TypeError: As for `run`.
        ValueError: As for `run`.
    """
    check_model(model)
    return _work(model, train, Plan(**options), whole_number(seed, "seed", least=0))


def run_seeds(build_model, train, *, seeds, progress=True, **options):
    """Run a range test with each seed: weights, order and dropout are drawn anew.

    The model is compiled and traced once for all seeds.

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
        TypeError: As for `run`, or if `build_model` is no function.
        ValueError: As for `run`, or if the model differs from call to call. An error in the middle
            carries what is finished as `error.finished_tests`, a `RangeTestBand` or None.
    """
    seeds = checked_seeds(seeds)
    check_function(build_model)
    finished, bar = {}, Bar(progress)
    try:
        with random_states_kept():
            _run_seeds(build_model, train, Plan(**options), seeds, finished, bar)
    except KeyboardInterrupt:
        if not finished:
            raise
    except Exception as error:
        error.finished_tests = _band(finished)
        raise
    bar.close(f"{len(finished)} of {len(seeds)} range tests finished")
    band = _band(finished)
    warned = [seed for seed in band.seeds if band.test(seed).warning]
    if warned:
        text = f"{len(warned)} of {len(band)} seeds, the first {warned[0]}: "
        warnings.warn(text + band.test(warned[0]).warning, stacklevel=2)
    return band


def _band(finished):
    return RangeTestBand(tuple(finished), tuple(finished.values())) if finished else None


def _work(model, train, plan, seed):
    with random_states_kept(), prepared(model, train, plan) as test:
        record = test.new_record(seed)
        try:
            return (yield from _reported(record, test.measure(record, seed)))
        except KeyboardInterrupt:
            if record.result() is None:
                raise
            record.stop_reason = INTERRUPTED
            return record.result()


def _reported(record, pieces):
    """Drive a test; yield a `RangeTestProgress` about every 0.3 seconds; return the result."""
    reported = time.perf_counter()
    for _ in pieces:
        if time.perf_counter() - reported >= YIELD_SECONDS:
            yield record.moment
            reported = time.perf_counter()
    result = record.result()
    if result is None:
        raise ValueError(f"There is nothing to show: {record.stop_reason}. Give more data.")
    return result


def _run_seeds(build_model, train, plan, seeds, finished, bar):
    """Fill `finished`, seed by seed, with the tests of one model that is given new values."""
    own_data = is_function_of_seed(train)

    def built(seed):
        keras.utils.set_random_seed(seed)
        model = build_model()
        check_model(model)
        return model

    model = built(seeds[0])
    with prepared(model, train(seeds[0]) if own_data else train, plan) as test:
        for done, seed in enumerate(seeds):
            feed = None
            if done:
                test.put_back()
                model = built(seed)
                feed = test.start_like(model, train(seed) if own_data else None)
            record = test.new_record(seed)
            for moment in _reported(record, test.measure(record, seed, feed)):
                bar.show((done + moment.fraction) / len(seeds), f"seed {seed}, {moment.text}")
            finished[seed] = record.result()


def _drain(work, bar):
    """Run the generator to its end behind a bar; an interrupt keeps what was measured."""
    moment = None
    while True:
        try:
            moment = next(work)
            bar.show(moment.fraction, moment.text)
        except StopIteration as end:
            bar.close(f"range test: {end.value.stop_reason}")
            return end.value
        except KeyboardInterrupt:
            # It was pressed between two pieces, or before the first was done.
            work.close()
            if moment is None or moment.finished is None:
                raise
            bar.close(f"range test: {INTERRUPTED}")
            return dataclasses.replace(moment.finished, stop_reason=INTERRUPTED)
