"""`smith_cifar10`: one policy after the other, resumable after a kill."""

import dataclasses
import math
import time
import zlib
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from helpers.data.arrays import stored_arrays
from helpers.results import Run
from helpers.smith_cifar10.policies import POLICIES
from helpers.smith_cifar10.records import Checkpoint, read_checkpoint, write_checkpoint
from helpers.smith_cifar10.training import BATCH_SIZE, DECAY, MOMENTUM, Images, Training
from helpers.training.plan import whole_number
from helpers.training.progress import Bar

NO_VALIDATION = (
    "As published there is no validation split: every curve is accuracy on the 10,000 test images, "
    "and nothing was chosen by it."
)


def smith_cifar10(*, policies=None, seed=0, updates=None, progress=True, checkpoint=None):
    """Train the "full" CIFAR-10 net of Caffe with each policy, and test it after every epoch.

    All three policies are 120,000 updates of 100 images. An update takes about 50 ms on two cores,
    and three times as long where TensorFlow does without oneDNN (`TF_ENABLE_ONEDNN_OPTS=0`). In two
    points this is not what Caffe does with its published files: images come in a new order in each
    epoch, not always in that of a database, and the biases of the convolutions do not decay.

    Args:
        policies: Names from `POLICIES`, trained in the order given; None for all of them.
        seed: Int >= 0, of the initial weights and of the order of the images.
        updates: Stop each policy after so many updates, >= 1; None for its own length.
        progress: Show a bar.
        checkpoint: File to keep the work in, replaced after every epoch, or None. Where it exists
            already, the work goes on from there, to the same bits as without the stop; policies
            that it holds are not trained again. It stays when all is done; delete it to start anew.

    Returns:
        The `Runs`, labeled by policy, with `loss` and `accuracy` (means over the training batches
        of the epoch), `test_loss` and `test_accuracy` after every 500 updates. There is no
        validation split in this experiment.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a policy is not known, a number is out of bounds, the folder of the
            checkpoint does not exist, or the file is damaged or of another setting.
        DataError: If CIFAR-10 is not there; see `helpers.data.load`. An error or an interrupt in
            mid-training carries the curves so far as `error.finished_runs`.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        section 4.1; Caffe, examples/cifar10/cifar10_full_train_test.prototxt.
    """
    names = _checked_names(policies)
    seed = whole_number(seed, "seed", least=0)
    updates = None if updates is None else whole_number(updates, "updates", least=1)
    if checkpoint is not None and not Path(checkpoint).parent.is_dir():
        raise ValueError(f"The folder of {checkpoint} does not exist; make it first.")
    return _Experiment(_load_images(), names, seed, updates, progress, checkpoint).run()


def _checked_names(policies):
    if policies is None:
        return tuple(POLICIES)
    if isinstance(policies, str) or not hasattr(policies, "__iter__"):
        raise TypeError(f'policies is {policies!r}; give several names, such as ("triangular2",).')
    names = tuple(policies)
    unknown = [name for name in names if name not in POLICIES]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            f"policies is {names}; give one or more of {', '.join(POLICIES)}, each of them once."
        )
    return names


def _load_images():
    """Return CIFAR-10 as published: all 50,000 training images, none held out."""
    stored = stored_arrays("cifar10")
    train, test = stored["train"], stored["test"]
    return Images(train.images, train.labels, test.images, test.labels)


class _Experiment:
    """One call of `smith_cifar10`: its arguments, checked, and the work so far."""

    def __init__(self, images, names, seed, updates, progress, path):
        self._names, self._seed, self._path = names, seed, path
        self._lengths = {
            name: min(POLICIES[name].updates, updates or math.inf) for name in POLICIES
        }
        self._checkpoint = self._opened({"seed": seed, "updates": updates} | _described(images))
        self._training = Training(images, seed)
        self._checkpoint.about = self._about(images)
        self._bar, self._first_seen = Bar(progress), None

    def _opened(self, setting):
        """Return the work that the file holds, or none so far."""
        if self._path is None or not Path(self._path).exists():
            return Checkpoint(setting, {})
        found = read_checkpoint(self._path)
        if found.setting != setting:
            raise ValueError(
                f"{self._path} belongs to another setting: it has {found.setting}, asked for is "
                f"{setting}. Give another file, or delete this one to start from update 0."
            )
        return found

    def _about(self, images):
        return {
            "batch_size": BATCH_SIZE,
            "optimizer": "SGD as in Caffe",
            "momentum": MOMENTUM,
            "decay": DECAY,
            "parameters": int(self._training.net.count_params()),
            "policies": {name: each.schedule.to_dict() for name, each in POLICIES.items()},
            "images": {"train": len(images.y_train), "test": len(images.y_test)},
            "note": NO_VALIDATION,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        }

    def run(self):
        """Train what is not finished yet, and return the `Runs` of the policies asked for."""
        held = self._checkpoint
        waiting = [name for name in self._names if name not in self._finished_names()]
        if held.started and held.started.label not in waiting:
            raise ValueError(
                f"{self._path} holds {held.started.label!r} in mid-training, which is not among "
                f"the policies asked for, {self._names}. Add it, or give another file."
            )
        try:
            # A policy that was stopped goes on first: the file holds the state of one alone.
            for name in sorted(waiting, key=lambda name: not self._is_started(name)):
                self._train(name)
        except BaseException as error:
            error.finished_runs = held.runs()
            raise
        self._bar.close(f"finished: {', '.join(self._names)}")
        return held.runs().select(labels=self._names)

    def _finished_names(self):
        return [run.label for run in self._checkpoint.finished]

    def _is_started(self, name):
        return self._checkpoint.started is not None and self._checkpoint.started.label == name

    def _train(self, name):
        held, training = self._checkpoint, self._training
        if self._is_started(name):
            run = held.started
            training.restore(held.state)
        else:
            run = Run(name, self._seed, {}, [], seconds=0.0)
            training.restore()
        while run.diverged_at is None and (run.updates or [0])[-1] < self._lengths[name]:
            run = self._one_epoch(run)
            held.started, held.state = run, training.state()
            self._save()
        # In one statement: an interrupt never finds the run in both places, or in none.
        held.finished, held.started, held.state = [*held.finished, run], None, []
        self._save()

    def _one_epoch(self, run):
        """Return the run with one more epoch in it, or with what was left of its updates."""
        began, first = time.perf_counter(), (run.updates or [0])[-1]
        end = min(first + self._training.updates_per_epoch, self._lengths[run.label])
        rates = POLICIES[run.label].schedule(np.arange(first, end))
        made, row = self._training.epoch(
            len(run.updates), rates, lambda made: self._show(run.label, first + made)
        )
        finite = math.isfinite(row["loss"])
        row |= self._training.test()
        if not finite:
            # Nothing else of a diverged epoch is a measurement.
            row = dict.fromkeys(row, math.nan) | {"loss": row["loss"]}
        return dataclasses.replace(
            run,
            history={name: [*run.history.get(name, []), value] for name, value in row.items()},
            updates=[*run.updates, first + made],
            diverged_at=None if finite else first + made,
            seconds=run.seconds + time.perf_counter() - began,
        )

    def _save(self):
        if self._path is not None:
            write_checkpoint(self._path, self._checkpoint)

    def _show(self, label, done):
        """Move the bar; the time left follows from the updates of this call alone."""
        finished = self._finished_names()
        total = sum(self._lengths[name] for name in self._names)
        behind = sum(self._lengths[name] for name in self._names if name in finished) + done
        if self._first_seen is None:
            self._first_seen = time.perf_counter(), behind
        began, before = self._first_seen
        left = ""
        if behind > before:
            seconds = (time.perf_counter() - began) / (behind - before) * (total - behind)
            left = f", {seconds / 60:.0f} min left"
        text = f"{label}: update {done:,} of {self._lengths[label]:,}{left}"
        self._bar.show(behind / total, text)


def _described(images):
    """Return what tells these images from others."""
    parts = (images.x_train, images.y_train, images.x_test, images.y_test)
    return {"images": [zlib.crc32(np.ascontiguousarray(part)) for part in parts]}
