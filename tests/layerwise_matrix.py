"""Optimizers and features under rates by layer, with one oracle for all.

A model must come out as if each group of layers had been trained by an optimizer of its own, step
by step and without a graph, with the rate and the decay of the group.
"""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from helpers import schedules
from helpers.keras_schedules import cycle_momentum
from helpers.layerwise import differential, split
from tests.keras_probe import run_python

RATE, MULTIPLIERS = 0.02, (0.1, 0.5, 1.0)
BATCH, BATCHES, EPOCHS = 8, 3, 2
DRAW = np.random.default_rng(0)
INPUTS = DRAW.normal(size=(BATCH * BATCHES, 4)).astype("float32")
TARGETS = np.tanh(INPUTS @ DRAW.normal(size=(4, 2))).astype("float32")
SCHEDULE = schedules.Cosine(0.03, total_steps=8, min_rate=0.01)
MOMENTUM = schedules.OppositeMomentum(SCHEDULE, 0.7, 0.9)


@keras.saving.register_keras_serializable(package="layerwise_matrix")
class SignDescent(keras.optimizers.Optimizer):
    """An optimizer that somebody wrote: it moves by the rate, which it asks for itself."""

    def update_step(self, gradient, variable, learning_rate):
        del learning_rate
        self.assign_sub(variable, keras.ops.tanh(5 * gradient) * self.learning_rate)


def keras_optimizer(name, **settings):
    """Return a function `rate, **others -> optimizer`, or None where Keras does not have it yet."""
    kind = getattr(keras.optimizers, name, None)
    return kind and (lambda rate=RATE, **others: kind(rate, **settings | others))


OPTIMIZERS = {
    "SGD": keras_optimizer("SGD"),
    "momentum": keras_optimizer("SGD", momentum=0.9),
    "Nesterov": keras_optimizer("SGD", momentum=0.9, nesterov=True),
    "Adam": keras_optimizer("Adam"),
    "AMSGrad": keras_optimizer("Adam", amsgrad=True),
    "AdamW": keras_optimizer("AdamW"),
    "RMSprop": keras_optimizer("RMSprop"),
    "centered": keras_optimizer("RMSprop", momentum=0.9, centered=True),
    "Nadam": keras_optimizer("Nadam"),
    "Lion": keras_optimizer("Lion"),
    "Adagrad": keras_optimizer("Adagrad"),
    "Adadelta": keras_optimizer("Adadelta"),
    "Adamax": keras_optimizer("Adamax"),
    "Ftrl": keras_optimizer("Ftrl"),
    "Adafactor": keras_optimizer("Adafactor"),
    "Lamb": keras_optimizer("Lamb"),
    "Muon": keras_optimizer("Muon"),
    "ScheduleFree": keras_optimizer("ScheduleFreeAdamW"),
    "cycled momentum": lambda rate=RATE, **others: cycle_momentum(
        keras.optimizers.SGD(rate, **others), MOMENTUM
    ),
    "somebody's": lambda rate=RATE, **others: SignDescent(rate, **others),
}
OPTIMIZERS = {name: make for name, make in OPTIMIZERS.items() if make}


def build_model(**first):
    """Return the same three layers at every call."""
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense
    return keras.Sequential(
        [
            keras.Input((4,)),
            dense(8, "tanh", name="early", bias_initializer="ones", **first),
            dense(8, "tanh", name="middle", bias_initializer="ones"),
            dense(2, name="head", bias_initializer="ones"),
        ]
    )


def grouped(model):
    """Return the three groups of the model."""
    return split(model, at=["middle", "head"])


def together(name, multipliers=MULTIPLIERS, model=None, **settings):
    """Return a model and its groups, compiled with one differential optimizer."""
    model = model or build_model()
    groups = grouped(model)
    optimizer = differential(OPTIMIZERS[name](**settings), groups, multipliers=multipliers)
    model.compile(optimizer, "mse")
    return model, groups


def fit(model, epochs=EPOCHS, initial_epoch=0, callbacks=()):
    """Fit with batches in their order."""
    model.fit(
        INPUTS,
        TARGETS,
        batch_size=BATCH,
        epochs=epochs,
        initial_epoch=initial_epoch,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )


def gradients_at(model, step):
    """Return the gradients on the batch of a step, one for each variable."""
    first = step % BATCHES * BATCH
    inputs, targets = INPUTS[first : first + BATCH], TARGETS[first : first + BATCH]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs, training=True) - targets) ** 2)
    return tape.gradient(loss, [variable.value for variable in model.trainable_variables])


def step_by_step(model, first=0, steps=BATCHES * EPOCHS):
    """Train with the model's own optimizer, without a graph."""
    for step in range(first, first + steps):
        model.optimizer.apply(gradients_at(model, step), model.trainable_variables)


def apart(
    name,
    multipliers=MULTIPLIERS,
    *,
    model=None,
    steps=BATCHES * EPOCHS,
    rate_at=None,
    clip=None,
    gathered=1,
    factor=1.0,
    **settings,
):
    """Return the weights by group after training with an ordinary optimizer for each group.

    Args:
        name: A key of `OPTIMIZERS`.
        multipliers: The rate of each group in units of `RATE`.
        model: What to train.
        steps: Number of updates.
        rate_at: Step to rate, in place of `RATE`.
        clip: What the norm of all gradients together may be.
        gathered: Batches for an update.
        factor: What all gradients are multiplied by.
        **settings: Of the optimizers.
    """
    model = model or build_model()
    groups = grouped(model)
    optimizers = [OPTIMIZERS[name](RATE * multiplier, **settings) for multiplier in multipliers]
    for step in range(steps):
        found = [gradients_at(model, step * gathered + batch) for batch in range(gathered)]
        gradients = [tf.add_n(list(each)) * factor / gathered for each in zip(*found)]
        if clip:
            gradients, _ = tf.clip_by_global_norm(gradients, clip)
        pairs = list(zip(gradients, model.trainable_variables))
        for group, optimizer in enumerate(optimizers):
            if rate_at:
                optimizer.learning_rate = rate_at(step) * multipliers[group]
            if multipliers[group]:
                own = [pair for pair in pairs if groups.group_of(pair[1]) == group]
                optimizer.apply(*zip(*own))
    return groups.values()


def check_close(groups, expected, rtol=2e-4, atol=2e-6):
    """Compare weights by group."""
    for group, (got, wanted) in enumerate(zip(groups.values(), expected, strict=True)):
        for one, other in zip(got, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol, atol, err_msg=f"group {group}")


def check_rate(name):
    """The rate is scaled, and not the gradient."""
    model, groups = together(name)
    step_by_step(model)
    check_close(groups, apart(name))


def check_decay(name):
    """Decoupled weight decay follows the rate."""
    model, groups = together(name, weight_decay=0.5)
    step_by_step(model)
    check_close(groups, apart(name, weight_decay=0.5))


def check_clipping(name):
    """The norm that is clipped is that of all groups together."""
    model, groups = together(name, global_clipnorm=0.05)
    step_by_step(model)
    check_close(groups, apart(name, clip=0.05))


def check_frozen(name):
    """A group with the multiplier 0 stays bit for bit, whatever else acts on weights."""
    first = {"kernel_constraint": keras.constraints.MaxNorm(0.5)}
    settings = {"weight_decay": 0.5, "use_ema": True, "ema_overwrite_frequency": 2}
    multipliers = (0.0, 0.5, 1.0)
    model, groups = together(name, multipliers, build_model(**first), **settings)
    before = groups.values()[0]
    step_by_step(model)
    for one, other in zip(groups.values()[0], before, strict=True):
        np.testing.assert_array_equal(one, other)
    check_close(groups, apart(name, multipliers, **settings))


def check_schedule(name):
    """A schedule drives all groups inside a compiled `fit`."""
    model, groups = together(name, rate=SCHEDULE.to_keras())
    fit(model)
    check_close(groups, apart(name, rate_at=SCHEDULE))


def check_callback(name):
    """A callback that sets the rate sets that of all groups."""
    model, groups = together(name)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch: 0.03 / 2**epoch)
    fit(model, callbacks=[halve])
    check_close(groups, apart(name, rate_at=lambda step: 0.03 / 2 ** (step // BATCHES)))


def check_gathering(name):
    """Gradients that gather over batches make one update."""
    model, groups = together(name, gradient_accumulation_steps=3)
    fit(model, epochs=4)
    check_close(groups, apart(name, steps=4, gathered=3))


def check_loss_scale(name):
    """The optimizer that Keras wraps around it for mixed precision changes nothing."""
    model, groups = together(name)
    model.compile(keras.optimizers.LossScaleOptimizer(model.optimizer), "mse")
    fit(model)
    check_close(groups, apart(name))


def check_execution(name):
    """Several updates in one execution."""
    model, groups = together(name)
    model.compile(model.optimizer, "mse", steps_per_execution=3)
    fit(model)
    check_close(groups, apart(name))


def check_xla(name):
    """Compiled by XLA."""
    model, groups = together(name)
    model.compile(model.optimizer, "mse", jit_compile=True)
    fit(model)
    check_close(groups, apart(name))


FEATURES = {
    "rate": check_rate,
    "weight decay": check_decay,
    "global clipping": check_clipping,
    "multiplier 0": check_frozen,
    "schedule": check_schedule,
    "callback": check_callback,
    "accumulation": check_gathering,
    "loss scale": check_loss_scale,
    "steps per execution": check_execution,
    "XLA": check_xla,
}
WITHOUT_GRAPH = list(FEATURES)[:4]

FACTOR = "factor.txt"

IN_A_NEW_PROCESS = """
import sys
import numpy as np
from tests import layerwise_matrix as matrix
getattr(matrix, sys.argv[1])(sys.argv[2], sys.argv[3:])
"""


def elsewhere(work, folder, names):
    """Run a function of this module in a new process, for several optimizers."""
    run_python(IN_A_NEW_PROCESS, work, folder, *names, cwd=Path(__file__).parent.parent)


def go_on(folder, names):
    """Load each model, train it further and write its weights; runs in a process of its own."""
    for name in names:
        model = keras.models.load_model(Path(folder, f"{name}.keras"))
        step_by_step(model, first=BATCHES, steps=BATCHES)
        np.savez(Path(folder, f"{name}.npz"), *model.get_weights())


def save_all(folder, names):
    """Train half of the steps, save, and let a new process go on to the end."""
    for name in names:
        model, _ = together(name)
        step_by_step(model, steps=BATCHES)
        model.save(Path(folder, f"{name}.keras"))
    elsewhere("go_on", folder, names)


def on_two_devices(folder, names):
    """Train each model on two devices and write its weights; runs in a process of its own."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    for name in names:
        with strategy.scope():
            model, _ = together(name, weight_decay=0.5)
        assert strategy.num_replicas_in_sync == 2
        fit(model)
        np.savez(Path(folder, f"{name}.npz"), *model.get_weights())
    Path(folder, FACTOR).write_text(str(_factor_of(strategy)))


def _factor_of(strategy):
    """Return what a strategy multiplies gradients by: in Keras 3.5.0 the number of replicas."""
    with strategy.scope():
        model = build_model()
        model.compile(keras.optimizers.SGD(1.0), "mse")
    before, wanted = model.get_weights(), gradients_at(model, 0)
    model.fit(INPUTS[:BATCH], TARGETS[:BATCH], batch_size=BATCH, verbose=0)
    return round(float(np.sum(before[0] - model.get_weights()[0]) / np.sum(wanted[0])), 3)


def check_written(folder, name, **settings):
    """Compare the weights that another process wrote."""
    model = build_model()
    if Path(folder, FACTOR).exists():
        settings["factor"] = float(Path(folder, FACTOR).read_text())
    with np.load(Path(folder, f"{name}.npz")) as written:
        model.set_weights(list(written.values()))
    check_close(grouped(model), apart(name, **settings), rtol=1e-3, atol=1e-5)
