"""Gradual unfreezing: the last groups are trained, and those before them one after the other."""

import keras

from helpers.layerwise.groups import check_groups, own_variables, sublayers
from helpers.layerwise.optimizer import optimizer_of
from helpers.schedules import checked_count


def unfreeze(groups, count):
    """Train the last groups of the model, and freeze all before them.

    No `compile` is needed, and training goes on: groups that were trained before keep their
    optimizer's state, groups that come anew start as under a new optimizer, and the state of groups
    that are frozen is dropped. Batch normalization of a frozen group keeps to its statistics.

    Args:
        groups: The `LayerGroups` of a model that is compiled with a `differential` optimizer.
        count: How many groups to train, from the last one on, >= 1.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If there are fewer groups, or the model is not compiled with such an optimizer,
            or with one for other groups.
    """
    check_groups(groups)
    count = checked_count(count, "count")
    if count > len(groups):
        raise ValueError(f"count is {count}; there are {len(groups)} groups.")
    model = groups.model
    optimizer = optimizer_of(model)
    optimizer.take(groups)
    frozen = [layer for layers in groups.layers[: len(groups) - count] for layer in layers]
    _freeze_only(model, {id(layer) for layer in frozen})
    with model.distribute_strategy.scope():
        optimizer.follow(model.trainable_variables)
    # As Keras asks for when layers are frozen in the midst of training.
    model.make_train_function(force=True)


def _freeze_only(layer, frozen):
    """Freeze layers, by identity, and unfreeze all others; return whether any is trained."""
    # Keras hands this flag on to all layers inside, whose turn comes after.
    inner = sublayers(layer)
    layer.trainable = True
    own = id(layer) not in frozen
    trained = [_freeze_only(each, frozen) for each in inner]
    if not own and not any(trained):
        layer.trainable = False
    for variable in own_variables(layer):
        variable.trainable = own
    return own or any(trained)


class GradualUnfreezing(keras.callbacks.Callback):
    """Train the last group first, and one group more every few epochs.

    Epochs are those that `fit` counts: to go on in a later call, give it `initial_epoch`.

    Args:
        groups: As for `unfreeze`.
        every: Epochs between two groups, >= 1.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `every` is below 1.

    References:
        J. Howard and S. Ruder, "Universal language model fine-tuning for text classification",
        arXiv:1801.06146, section 3.3.
    """

    def __init__(self, groups, every=1):
        super().__init__()
        check_groups(groups)
        self.groups, self.every = groups, checked_count(every, "every")
        self._count = None

    def on_epoch_begin(self, epoch, logs=None):
        """Unfreeze the groups whose turn it is."""
        count = min(len(self.groups), 1 + epoch // self.every)
        if count != self._count:
            unfreeze(self.groups, count)
            self._count = count
