"""What the experiments share: the command, the file each is stored in, and what survives a stop.

`python notebooks/experiments/SUBJECT.py NAME` measures one experiment and stores it in
`notebooks/results/NAME.json`; without a name, each of the subject in a process of its own. One that
is stopped keeps its finished parts, and the same command goes on with them; a complete result is
never replaced by a part of it.
"""

import dataclasses
import datetime
import functools
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

# Three times as fast on convolutions; nothing that a lesson computes is compared to the last digit.
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="1")
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import keras
import numpy as np
import tensorflow as tf

from helpers import data
from helpers.models import build_dense_net
from helpers.progress import Bar
from helpers.results import STORED, load
from helpers.training import iterate

UNFINISHED = Path(__file__).parent / "unfinished"
FIVE_SEEDS, TWENTY_SEEDS = tuple(range(5)), tuple(range(20))
# What tunes does not report: these seeds choose the rates, others are compared.
TUNING_SEEDS = tuple(range(100, 105))


class Looked(Exception):
    """Ends an experiment after its first updates; `args` holds the losses."""


class Experiment:
    """An experiment in progress: parts that are finished, and whether only its start is wanted.

    Args:
        name: Its name.
        only_look: End at the first training, with the losses of its first updates.

    Attributes:
        folder: Where finished parts are.
        about: What the file says beside the numbers.
    """

    def __init__(self, name, only_look=False):
        self.name, self.only_look, self.about = name, only_look, {}
        self.folder = UNFINISHED / name

    def part(self, key, function, /, *arguments, **options):
        """Return the record that `function(...)` gave, now or before a stop."""
        path = self.folder / f"{re.sub(r'[^a-z0-9.]+', '_', key.lower())}.json"
        if path.exists() and not self.only_look:
            return load(path)
        began = time.perf_counter()
        record = function(*arguments, **options)
        self.folder.mkdir(parents=True, exist_ok=True)
        record.save(path)
        print(f"{self.name}, {key}: {time.perf_counter() - began:,.0f} s", flush=True)
        return record

    def train(self, build_model, schedules, train, validation=None, **options):
        """Train as `training.compare` does, but end at Ctrl-C; return the `Runs`."""
        if self.only_look:
            seed, schedule = options.get("seeds", (0,))[0], next(iter(schedules.values()))
            first = train(seed) if callable(train) else train
            self.look(build_model, schedule, first, seed, options.get("batch_size", 32))
        bar = Bar()
        for moment in iterate(build_model, schedules, train, validation, **options):
            bar.show(moment.fraction, moment.text)
        return moment.finished

    def look(self, build_model, schedule, train, seed=0, batch_size=32):
        """End with the losses of three updates, without shuffling: they agree anywhere."""
        if not self.only_look:
            return
        keras.utils.set_random_seed(seed)
        model, losses = build_model(), []
        for step in range(3):
            rate = schedule if isinstance(schedule, float) else float(schedule(step))
            model.optimizer.learning_rate = rate
            places = np.arange(step * batch_size, (step + 1) * batch_size) % len(train[1])
            batch = [part[places] for part in train]
            model.reset_metrics()
            losses.append(float(model.train_on_batch(*batch, return_dict=True)["loss"]))
        raise Looked(losses)


def first_losses(measure, name):
    """Return the losses of an experiment's first updates, which any processor reproduces."""
    try:
        measure(Experiment(name, only_look=True))
    except Looked as looked:
        return looked.args[0]
    raise ValueError(f"{name} trains nothing.")


def command(*functions):
    """Measure what the command line names, and store it.

    Args:
        functions: `measure(experiment) -> record` each. Its name is that of the experiment, and the
            first line of its docstring says what is measured.
    """
    experiments = {function.__name__: function for function in functions}
    names = sys.argv[1:] or list(experiments)
    if unknown := set(names) - set(experiments):
        sys.exit(
            f"There is no experiment {', '.join(unknown)}; there are {', '.join(experiments)}."
        )
    if len(names) > 1:
        script = sys.modules["__main__"].__file__
        sys.exit(max(subprocess.run([sys.executable, script, name]).returncode for name in names))
    (name,) = names
    path = STORED / f"{name}.json"
    experiment, began = Experiment(name), time.perf_counter()
    try:
        experiment.about["first_losses"] = first_losses(experiments[name], name)
        record = experiments[name](experiment)
    except KeyboardInterrupt:
        print(f"{name}: stopped; the same command goes on with what is finished.")
        sys.exit(130)
    except data.DataError as error:
        sys.exit(f"{name}: {error}")
    made = {
        "command": f"python notebooks/experiments/{Path(sys.argv[0]).name} {name}",
        "what": experiments[name].__doc__.splitlines()[0],
        "date": datetime.date.today().isoformat(),
        "minutes": round((time.perf_counter() - began) / 60, 1),
        "seeds": list(record.seeds),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
    }
    about = record.about | experiment.about | made
    dataclasses.replace(record, about=about).save(path)
    shutil.rmtree(experiment.folder, ignore_errors=True)
    print(f"{name}: stored after {made['minutes']} minutes in {path}")


@functools.cache
def digits(seed):
    """Return the digits, split anew by each seed: an interval then covers images as well."""
    return data.load("digits", seed=seed)


def train_on_digits(experiment, build_model, schedules, epochs, seeds, **options):
    """Train on each seed's own split of the digits; return the `Runs` after the last epoch."""
    experiment.about["data"] = "digits: 1,280 training, 257 validation, 260 test images"
    experiment.about["split"] = "drawn with the seed"
    runs = experiment.train(
        build_model,
        schedules,
        lambda seed: digits(seed).train,
        lambda seed: digits(seed).validation,
        test=lambda seed: digits(seed).test,
        epochs=epochs,
        seeds=seeds,
        **options,
    )
    return runs if "evaluate_at" in options else runs.at_end()


def scores(model, held_out, prefix=""):
    """Return loss and accuracy on each set in `held_out`, a dict of name to `(x, y)`."""
    found = {}
    for name, (x, y) in held_out.items():
        measured = model.evaluate(x, y, batch_size=500, verbose=0, return_dict=True)
        found |= {f"{prefix}{name}_{metric}": value for metric, value in measured.items()}
    return found


def with_new_statistics(splits, updates):
    """Return `measure` for nets with batch normalization: metrics with statistics taken anew.

    Moving statistics lag behind weights that move fast. Here they are the means over training
    images in training mode, at the weights as they are; the model stays as it was.

    Args:
        splits: `DataSplits`; the first 5,000 training images give the statistics.
        updates: Measure after so many only: it takes as long as an epoch or two.

    Returns:
        `model -> dict`: `val_loss` and so on, and with moving statistics `moving_val_loss`.
    """
    held_out = {"val": splits.validation, "test": splits.test}

    def measure(model):
        if int(model.optimizer.iterations) != updates:
            return {}
        found = scores(model, held_out, "moving_")
        variables = model.variables
        before = [variable.numpy() for variable in variables]
        own = [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]
        momenta = [layer.momentum for layer in own]
        images = splits.train[0][:5_000]
        for done, first in enumerate(range(0, len(images), 500)):
            for layer in own:
                # Each batch then has the same share of the mean.
                layer.momentum = done / (done + 1)
            model(images[first : first + 500], training=True)
        found |= scores(model, held_out)
        for layer, momentum in zip(own, momenta):
            layer.momentum = momentum
        for variable, value in zip(variables, before):
            variable.assign(value)
        return found

    return measure


def joined(records):
    """Return several `Runs` as one."""
    first, *others = records
    return first.concat(*others)


def three_digits(rate):
    """Return a rate as grids and labels have it: 0.0316, not 0.03162."""
    return float(f"{rate:.3g}")


def tuned_then_judged(experiment, train, policies, rates, tuning_seeds=TUNING_SEEDS, seeds=None):
    """Choose each policy's rate with some seeds, and train it at that rate with others.

    A rate that is chosen from the edge of its grid widens the grid by a rate as far away as its
    neighbor, twice at most. What was chosen is noted in `experiment.about`.

    Args:
        experiment: The `Experiment`.
        train: `(labels, seeds) -> Runs`; labels are pairs of policy and rate.
        policies: Names.
        rates: Rates for all, or dict of policy to rates.
        tuning_seeds: Seeds that choose, by validation loss.
        seeds: Other seeds, of the comparison; None is `TWENTY_SEEDS`.

    Returns:
        The `Runs` of both.
    """
    grids = {name: sorted(rates[name] if isinstance(rates, dict) else rates) for name in policies}
    tuning = train([(name, rate) for name in grids for rate in grids[name]], tuning_seeds)
    for _ in range(2):
        found = tuning.tuned("val_loss").about
        wider = []
        for name in found["at_edge"]:
            low = found["tuned_rates"][name] <= grids[name][0]
            grid = grids[name]
            new = three_digits(grid[0] ** 2 / grid[1] if low else grid[-1] ** 2 / grid[-2])
            grids[name] = sorted([*grid, new])
            wider.append((name, new))
        if wider:
            tuning = tuning.concat(train(wider, tuning_seeds))
    chosen = tuning.tuned("val_loss").about
    final = train(list(chosen["tuned_rates"].items()), seeds or TWENTY_SEEDS)
    experiment.about |= {key: chosen[key] for key in ("tuned_rates", "tuned_by", "at_edge")}
    experiment.about["tuning_seeds"] = list(tuning_seeds)
    return tuning.concat(final)


def tuned_on_digits(experiment, policies, rates, epochs, total, also=None):
    """Tune policies of the dense net on the digits, and judge them; two looks an epoch.

    Args:
        experiment: The `Experiment`.
        policies: `(rate, total) -> dict` of name to schedule.
        rates: Highest rates.
        epochs: Passes, of 40 updates each.
        total: Updates.
        also: What is judged without tuning: dict of `(name, rate)` to schedule.

    Returns:
        The `Runs`.
    """

    def train(labels, seeds):
        grid = {(name, rate): policies(rate, total)[name] for name, rate in labels}
        if seeds != TWENTY_SEEDS:
            return train_on_digits(experiment, build_dense_net, grid, epochs, seeds)
        moments = {"evaluate_at": range(20, total, 20)}
        return train_on_digits(
            experiment, build_dense_net, grid | (also or {}), epochs, seeds, **moments
        )

    return tuned_then_judged(experiment, train, policies(1, total), rates)
