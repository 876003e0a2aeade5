"""Train one model many times: each rate or schedule with each seed, compiled and traced once."""

import concurrent.futures
import dataclasses
import itertools
import time
from dataclasses import dataclass

from helpers.progress import Bar
from helpers.results import Runs
from helpers.results.paired import name
from helpers.results.runs import KEYS, split_label
from helpers.schedules import checked_rate
from helpers.training.engine import Plan, make_engine
from helpers.training.loop import made_with
from helpers.training.measuring import RecordSteps, cache_features
from helpers.training.state import random_of_its_own, random_states_kept

YIELD_SECONDS = 0.3


def sweep(build_model, rates, train, validation=None, *, epochs, progress=True, **options):
    """Train with each learning rate and each seed; return what was measured.

    Each (rate, seed) gives the history that building, compiling and fitting a model alone with
    that seed and that rate gives, but the model is compiled and traced once for all of them.

    Args:
        build_model: Function without arguments that returns a compiled Keras model, the same one
            at every call; its learning rate is replaced.
        rates: Learning rates, each a finite number >= 0.
        train: Arrays `(x, y)` or `(x, y, sample_weight)`, a `tf.data.Dataset` of batches, whatever
            else `fit` takes, or a function `seed -> data`. A data set that reshuffles gives every
            run another order; the function, called for every run, gives every seed its own.
        validation: Data to measure on after each epoch, a function `seed -> data`, or None.
        epochs: Passes over the training data, >= 1.
        progress: Show a bar.
        **options: As for `iterate`: `executor`, `test`, `batch_size`, `seeds`, `evaluate_at`,
            `measure`, `callbacks`, and what is for Keras's `fit`.

    Returns:
        A `Runs` whose labels are the rates as floats. An interrupt (Ctrl-C, or the stop button of
        a notebook) returns the runs that are finished; with none finished it is raised.

    Raises:
        ValueError: If an argument is out of bounds, or the model cannot be swept (not compiled, or
            driven by a schedule). An error in the middle, from the data for example, carries what
            is finished as `error.finished_runs`; that of an executor's task is a RuntimeError with
            the label and the seed.
    """
    if isinstance(rates, (str, dict)) or not hasattr(rates, "__iter__"):
        raise TypeError(f"rates is {rates!r}; give a list of learning rates, such as [0.01, 0.1].")
    schedules = [(checked_rate(rate), checked_rate(rate)) for rate in rates]
    if len(dict(schedules)) < len(schedules):
        raise ValueError(f"rates is {rates}; give each rate once.")
    return compare(
        build_model, dict(schedules), train, validation, epochs=epochs, progress=progress, **options
    )


def compare(build_model, schedules, train, validation=None, *, epochs, progress=True, **options):
    """Train with each schedule and each seed; as `sweep`, with schedules for rates.

    Args:
        build_model: As for `sweep`.
        schedules: Dict of label to schedule. A label is a name, or a policy and the rate at which
            it is tried, `(policy, rate)`. A schedule is one of `helpers.schedules`, or anything
            that returns the rates for an array of steps (optimizer updates, from 0), or a number.
        train: As for `sweep`.
        validation: As for `sweep`.
        epochs: As for `sweep`.
        progress: As for `sweep`.
        **options: As for `sweep`.

    Returns:
        A `Runs` with these labels.

    Raises:
        ValueError: As for `sweep`.
    """
    work = iterate(build_model, schedules, train, validation, epochs=epochs, **options)
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


def iterate(build_model, schedules, train, validation=None, *, executor=None, **options):
    """Return the engine under `sweep` and `compare`: a generator that reports as it works.

    Arrays and data sets are trained on in one compiled loop. What that cannot carry is trained on
    by Keras's own `fit`, with a new model for each run: generators, `PyDataset`, callbacks, options
    of `fit`, models that run eagerly or under a strategy. There the bar moves after each run only.

    Args:
        build_model: As for `sweep`.
        schedules: As for `compare`.
        train: As for `sweep`.
        validation: As for `sweep`.
        executor: A `concurrent.futures.Executor` to train in, or None for this process. Each run is
            a task of its own, which builds and traces its model: worth it for runs of many seconds,
            with one thread a worker. All arguments travel with each task, so they must be ones that
            it can pickle, and large data are better a function `seed -> data`. Where the executor
            repeats the tasks of a worker that died, as `dask.distributed`'s
            `client.get_executor()` does, no run is lost.
        **options: The others are:

            * `epochs`: Passes over the training data; must be given.
            * `test`: As `validation`, for what is reported and not chosen by; its metrics are
              `test_loss` and so on.
            * `batch_size`: Examples for one update, where arrays are given; 32.
            * `seeds`: Each is for weights, order and dropout together; `(0,)`.
            * `evaluate_at`: Numbers of updates after which to measure on validation as well.
            * `measure`: `model -> dict` of further numbers at each measurement.
            * `callbacks`: Function that returns a list of new Keras callbacks for each run.
            * `shuffle`: Whether arrays are shuffled, as `fit` does it; True.
            * All else is for Keras's `fit`: `class_weight`, `steps_per_epoch` and so on.

    Returns:
        A generator. It yields a `Progress` about every 0.3 seconds (with an executor after each
        run) and one at the end, whose `finished` holds the runs so far, and returns the `Runs`.
        Closing it stops the work. At its end Python's and NumPy's global random states are what
        they were; TensorFlow's global seed is the last one used. Randomness that is outside of
        Keras's seed generators (such as `tf.random` in a custom layer) is not reset between runs.
    """
    others = {name: options.pop(name) for name in options.keys() - Plan.__dataclass_fields__.keys()}
    plan = Plan(build_model, schedules, train, validation, **options, fit_options=others)
    return _work(plan) if executor is None else _spread(plan, executor)


def _work(plan):
    rows, about, began = [], {}, time.perf_counter()
    reported, tasks = began, list(itertools.product(plan.schedules, plan.seeds))

    def moment(label, seed, current, done):
        seconds = time.perf_counter() - began
        return Progress(label, seed, plan.epochs, done, len(tasks), seconds, rows, current, about)

    with random_states_kept():
        engine = make_engine(plan)
        about |= {"epochs": plan.epochs, "batch_size": plan.batch_size}
        about |= {"trained_by": engine.trained_by} | made_with(engine.model)
        try:
            for done, (label, seed) in enumerate(tasks):
                keys = dict(zip(KEYS, (*split_label(label), seed)))
                started = time.perf_counter()
                for _ in engine.run(plan.schedules[label], seed):
                    if time.perf_counter() - reported >= YIELD_SECONDS:
                        yield moment(label, seed, [keys | row for row in engine.rows], done)
                        reported = time.perf_counter()
                engine.rows[-1]["seconds"] = time.perf_counter() - started
                rows += [keys | row for row in engine.rows]
        except BaseException as error:
            error.finished_runs = Runs.from_rows(rows, about) if rows else ()
            raise
        finally:
            engine.close()
        yield moment(label, seed, [], len(tasks))
    return Runs.from_rows(rows, about)


def _spread(plan, executor):
    """As `_work`, each run a task of an executor; yields after each of them."""
    began, finished, tasks = time.perf_counter(), {}, {}
    for label, seed in itertools.product(plan.schedules, plan.seeds):
        one = dataclasses.replace(plan, schedules={label: plan.schedules[label]}, seeds=(seed,))
        tasks[executor.submit(_one_run, one)] = label, seed

    def moment(label, seed):
        # In the order of one process, whichever came first.
        ended = [finished[task] for task in tasks if task in finished]
        rows, about = [row for last in ended for row in last.rows], ended[0].about if ended else {}
        seconds = time.perf_counter() - began
        return Progress(label, seed, plan.epochs, len(ended), len(tasks), seconds, rows, [], about)

    try:
        for task in concurrent.futures.as_completed(tasks):
            label, seed = tasks[task]
            try:
                finished[task] = task.result()
            except Exception as error:
                raise RuntimeError(f"{name(label)}, seed {seed}: {error}") from error
            yield moment(label, seed)
    except BaseException as error:
        error.finished_runs = moment(None, None).finished
        raise
    finally:
        for task in tasks:
            task.cancel()
    return moment(label, seed).finished


def _one_run(plan):
    """Return the last `Progress` of a plan, in a worker."""
    with random_of_its_own():
        return list(_work(plan))[-1]


@dataclass(frozen=True)
class Progress:
    """A moment of a sweep.

    Attributes:
        label: The label of the run in progress.
        seed: Its seed.
        epochs: Epochs it will have.
        done: Number of runs that are finished.
        total: Number of runs of the sweep.
        seconds: Wall time since the start.
        rows: What the finished runs measured.
        current: What the run in progress measured.
        about: How they were made.
    """

    label: object
    seed: int
    epochs: int
    done: int
    total: int
    seconds: float
    rows: list
    current: list
    about: dict

    @property
    def finished(self):
        """The `Runs` that are done, or an empty tuple."""
        return Runs.from_rows(self.rows, self.about) if self.rows else ()

    @property
    def so_far(self):
        """As `finished`, with the run in progress as far as it has come."""
        return dataclasses.replace(self, rows=[*self.rows, *self.current]).finished

    @property
    def epoch(self):
        """Epochs of the run in progress that are finished."""
        return sum("epoch" in row for row in self.current)

    @property
    def fraction(self):
        """Share of the work that is done, 0 to 1."""
        return min(1.0, (self.done + self.epoch / self.epochs) / self.total)

    @property
    def text(self):
        """One line in words, such as `run 3 of 8: 0.01, seed 0, epoch 2 of 10, 12 s left`."""
        if self.done == self.total:
            return f"{self.total} runs finished"
        left = ""
        if self.fraction:
            left = f", {self.seconds * (1 - self.fraction) / self.fraction:.0f} s left"
        return (
            f"run {self.done + 1} of {self.total}: {name(self.label)}, seed {self.seed}, "
            f"epoch {min(self.epoch + 1, self.epochs)} of {self.epochs}{left}"
        )
