"""`FineTuning`: one network, trained again and again from given weights, with rates for groups."""

import keras
import numpy as np
import tensorflow as tf

from helpers import layerwise
from helpers.data.splits import stratified_choice
from helpers.schedules import Constant
from helpers.training import measure_on
from helpers.training.engine import Engine, Start
from helpers.training.plan import Plan
from helpers.training.state import restore, values_of


def treatments(groups):
    """Return what is compared: multipliers of the rate, one for each group, phase after phase.

    Args:
        groups: Number of groups, the last one the head.

    Returns:
        Dict of name to a tuple of phases, which share the updates evenly.
    """
    gradual = tuple((0.0,) * (groups - count) + (1.0,) * count for count in range(1, groups + 1))
    return {
        "from scratch": gradual[-1:],
        "frozen base": gradual[:1],
        "one rate": gradual[-1:],
        "differential 2.6": (tuple(layerwise.geometric(groups, 2.6)),),
        "differential 10": (tuple(layerwise.geometric(groups, 10)),),
        "gradual unfreezing": gradual,
    }


class FineTuning:
    """A network and its groups of layers, compiled once for each spread of the rates.

    Args:
        model: A functional model that gives logits.
        at: As for `layerwise.split`.
        held_out: Dict of name to `(x, y)`: what loss and accuracy are measured on at the end.
        also: Function that returns a dict of what else is measured then, or None.
    """

    def __init__(self, model, at, held_out=None, also=None):
        self.model, self.groups = model, layerwise.split(model, at)
        self._at, self._engines = at, {}
        self._measures = [measure_on(part, name) for name, part in (held_out or {}).items()]
        self._also = also

    @property
    def about(self):
        """How the networks are made and trained, for `Runs.about`."""
        return {
            "optimizer": "Adam",
            "parameters": int(self.model.count_params()),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        }

    def run(self, label, seed, rate, phases, weights, batches):
        """Train once, one phase after the other, and measure at the end.

        A group whose multiplier is 0 stays as it is. From phase to phase the optimizer's state is
        carried on.

        Args:
            label: The label of the record.
            seed: The seed of the record.
            rate: The rate, of which each group has its multiple.
            phases: A tuple of multipliers for each phase.
            weights: What the model's weights are at first.
            batches: A `tf.data.Dataset` of the batches of all phases, as many in each.

        Returns:
            A `Run` with one row: what was measured, and the `movement` of each group.
        """
        restore(self.model.variables, weights)
        before, values = self.groups.values(), weights
        share = int(batches.cardinality()) // len(phases)
        for phase, multipliers in enumerate(phases):
            part = batches.skip(phase * share).take(share)
            engine, fresh = self._engine(multipliers, part)
            values = values if phase else [*weights, *fresh]
            last = phase == len(phases) - 1
            run = _trained(engine, label, seed, rate, values, part, last and self._measure(before))
            if run.diverged_at is not None:
                break
            values = values_of(engine.variables)
        return run

    def _engine(self, multipliers, batches):
        """Return the engine of these multipliers, and what its optimizer begins with."""
        if multipliers not in self._engines:
            # One optimizer each, over the same layers.
            twin = keras.Model(self.model.input, self.model.output)
            groups = layerwise.split(twin, self._at)
            adam = layerwise.differential(keras.optimizers.Adam(), groups, multipliers=multipliers)
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            twin.compile(adam, loss, metrics=["accuracy"])
            engine = Engine(twin, Plan(lambda: twin, {"": None}, batches).feed(0))
            self._engines[multipliers] = engine, values_of(adam.variables)
        return self._engines[multipliers]

    def _measure(self, before):
        def measure(model):
            row = {"movement": layerwise.movement(self.groups, before)["movement"]}
            for each in self._measures:
                row |= each(model)
            return row | (self._also() if self._also else {})

        return measure


def batches_of(data, updates, batch_size, seed):
    """Return so many batches as a data set: pass after pass, each in another order.

    Args:
        data: `(x, y)`.
        updates: Number of batches.
        batch_size: Examples of each; a batch may reach from one pass into the next.
        seed: Seed of the orders.

    Returns:
        A `tf.data.Dataset`.
    """
    x, y = (tf.constant(part) for part in data)
    generator, wanted = np.random.default_rng((seed, 1)), updates * batch_size
    passes = [generator.permutation(len(y)) for _ in range(-(-wanted // len(y)))]
    order = np.concatenate(passes)[:wanted].reshape(updates, batch_size)
    chosen = tf.data.Dataset.from_tensor_slices(order)
    return chosen.map(lambda places: (tf.gather(x, places), tf.gather(y, places)))


def drawn(data, number, seed):
    """Return so many examples of `(x, y)`, drawn by a seed, each class with its share."""
    x, y = data
    places = stratified_choice(y, number, np.random.default_rng((seed, 2)))
    return x[places], y[places]


def parted(data, number):
    """Return the first examples of `(x, y)`, so many, and the others."""
    return tuple(part[:number] for part in data), tuple(part[number:] for part in data)


def joined(*parts):
    """Return several `(x, y)` as one."""
    return tuple(np.concatenate(columns) for columns in zip(*parts))


def _trained(engine, label, seed, rate, values, batches, measure):
    """Train once with an engine, and measure at the end unless `measure` is false."""
    schedule = Constant(rate)
    plan = Plan(lambda: engine.model, {label: schedule}, lambda _: batches, measure=measure or None)
    work = engine.run(label, seed, schedule, Start(values, None), plan)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value
