"""`sweep` over rates and `compare` of schedules: one engine, compiled and traced once."""

import itertools
import random
import time
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

from helpers.results import Runs
from helpers.training.engine import Engine, Start
from helpers.training.feeding import ArrayFeed, ShuffledOrders, make_feed
from helpers.training.plan import Plan, by_name, by_rate
from helpers.training.progress import Bar, Progress
from helpers.training.state import restore

YIELD_SECONDS = 0.3


def sweep(build_model, rates, train, validation=None, *, epochs, progress=True, **options):
    """Train with each learning rate and each seed; return what was measured.

    Each (rate, seed) gives the history that building, compiling and fitting a model alone with
    that seed and that rate gives, but the model is compiled and traced once for all of them.

    Args:
        build_model: Function without arguments that returns a compiled Keras model, the same one
            at every call; its learning rate is replaced. Called once more than there are seeds.
        rates: Learning rates, each a finite number >= 0.
        train: Arrays `(x, y)` or `(x, y, sample_weight)`, a `tf.data.Dataset` of batches, or a
            function `seed -> Dataset`. A data set that reshuffles gives every run another order;
            the function, called for every run, gives every seed its own. (`fit` asks a data set
            for more passes than it makes, so the orders of one that reshuffles differ from it.)
        validation: Arrays or a data set to measure on after each epoch, or None.
        epochs: Passes over the training data, >= 1.
        progress: Show a bar.
        **options: As for `iterate`: `batch_size`, `seeds`, `shuffle`, `class_weight`,
            `evaluate_at`, `measure`.

    Returns:
        A `Runs` whose labels are the rates as floats. An interrupt (Ctrl-C, or the stop button of
        a notebook) returns the runs that are finished; with none finished it is raised.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is out of bounds, or the model cannot be swept (not compiled,
            driven by a schedule, distributed). An error in the middle, from the data for example,
            carries what is finished as `error.finished_runs`.
    """
    work = iterate(build_model, by_rate(rates), train, validation, epochs=epochs, **options)
    return _drain(work, progress)


def compare(build_model, schedules, train, validation=None, *, epochs, progress=True, **options):
    """Train with each schedule and each seed; as `sweep`, with schedules for rates.

    Args:
        build_model: As for `sweep`.
        schedules: Dict of name to schedule: anything that returns the rates for an array of steps
            (`schedule(steps)`; steps are optimizer updates, from 0), or a number.
        train: As for `sweep`.
        validation: As for `sweep`.
        epochs: As for `sweep`.
        progress: As for `sweep`.
        **options: As for `iterate`.

    Returns:
        A `Runs` whose labels are the names.

    Raises:
        TypeError: As for `sweep`, or if `schedules` is not a dict of names to schedules.
        ValueError: As for `sweep`.
    """
    work = iterate(build_model, by_name(schedules), train, validation, epochs=epochs, **options)
    return _drain(work, progress)


def iterate(build_model, schedules, train, validation=None, *, epochs, **options):
    """Return the engine under `sweep` and `compare`: a generator that reports as it works.

    Args:
        build_model: As for `sweep`.
        schedules: Dict of label to schedule.
        train: As for `sweep`.
        validation: As for `sweep`.
        epochs: As for `sweep`.
        **options: `batch_size=32`: examples for one update, where arrays are given. `seeds=(0,)`:
            each for weights, order and dropout together. `shuffle=True`: shuffle arrays as `fit`
            does. `class_weight=None`: class index to weight of its examples in the training loss.
            `evaluate_at=()`: numbers of updates after which to measure on validation as well.
            `measure=None`: `model -> dict` of further numbers at each measurement.

    Returns:
        A generator. It yields a `Progress` about every 0.3 seconds and one at the end, whose
        `finished` holds the runs so far, and returns the `Runs`. Closing it stops the work. At its
        end Python's and NumPy's global random states are what they were; TensorFlow's global seed
        is the last one used. Randomness that is outside of Keras's seed generators (such as
        `tf.random` in a custom layer) is not reset between runs.

    Raises:
        TypeError: As for `sweep`.
        ValueError: As for `sweep`.
    """
    return _work(Plan(build_model, schedules, train, validation, epochs=epochs, **options))


def _work(plan):
    began = reported = time.perf_counter()
    finished, about = [], {}

    def moment(label, seed, epoch):
        seconds = time.perf_counter() - began
        runs = Runs(tuple(finished), about)
        return Progress(label, seed, epoch, plan.epochs, plan.total, seconds, runs)

    with _random_states_kept(), _finished_runs_attached(finished, about):
        engine, starts = _prepare(plan)
        about.update(_about(plan, engine.model))
        with _put_back(engine, starts[plan.seeds[0]]):
            for label, seed in itertools.product(plan.schedules, plan.seeds):
                keras.utils.set_random_seed(seed)
                run = engine.run(label, seed, plan.schedules[label], starts[seed], plan)
                while True:
                    try:
                        epoch = next(run)
                    except StopIteration as end:
                        finished.append(end.value)
                        break
                    if time.perf_counter() - reported >= YIELD_SECONDS:
                        yield moment(label, seed, epoch)
                        reported = time.perf_counter()
        yield moment(label, seed, 0)
    return Runs(tuple(finished), about)


def _prepare(plan):
    """Build the engine, and what each seed starts from, before anything is trained."""
    first = plan.seeds[0]
    keras.utils.set_random_seed(first)
    feed = plan.feed(first)
    held_out = None
    if plan.validation is not None:
        held_out = make_feed(plan.validation, plan.batch_size, name="validation")
    engine = Engine(plan.build_model(), feed, held_out)
    orders = None
    if isinstance(feed, ArrayFeed) and plan.shuffle:
        orders = ShuffledOrders(feed.examples, plan.batch_size, plan.epochs)
    starts = {}
    for seed in plan.seeds:
        keras.utils.set_random_seed(seed)
        values = engine.fresh_values(plan.build_model())
        if starts:
            # Frozen weights are the same under every seed; one copy of them is enough.
            pairs = zip(starts[first].values, values)
            values = [old if np.array_equal(old, new) else new for old, new in pairs]
        starts[seed] = Start(values, orders and orders.after_seeding(seed))
    return engine, starts


def _about(plan, model):
    optimizer = model.optimizer
    return {
        "epochs": plan.epochs,
        "batch_size": plan.batch_size,
        "optimizer": getattr(optimizer, "inner_optimizer", optimizer).__class__.__name__,
        "parameters": int(model.count_params()),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


@contextmanager
def _put_back(engine, start):
    """Leave the variables as they were built: layers that `build_model` shares are the user's."""
    try:
        yield
    finally:
        restore(engine.variables, start.values)


@contextmanager
def _random_states_kept():
    """Put Python's and NumPy's global random states back at the end."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - the legacy state is the global one
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002


@contextmanager
def _finished_runs_attached(finished, about):
    """Let an error, or an interrupt, carry the runs that were finished before it."""
    try:
        yield
    except BaseException as error:
        error.finished_runs = Runs(tuple(finished), about)
        raise


def _drain(work, progress):
    """Run the generator to its end behind a bar; an interrupt keeps the runs that are finished."""
    bar, moment = Bar(progress), None
    try:
        for moment in work:
            bar.show(moment.fraction, moment.text)
    except KeyboardInterrupt as interrupt:
        # In the midst of the work it carries the runs; between two pieces the last moment has them.
        kept = getattr(interrupt, "finished_runs", moment and moment.finished)
        work.close()
        if not kept:
            raise
        bar.close(f"interrupted: {len(kept)} runs finished and kept")
        return kept
    bar.close(moment.text)
    return moment.finished
