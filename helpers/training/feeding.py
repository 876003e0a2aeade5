"""How batches reach a compiled loop: from arrays in memory, or from a `tf.data.Dataset`.

Both feeds turn a step (`batch -> is the loss finite?`) into a loop in the graph that makes many
steps for one call from Python.
"""

import keras
import numpy as np
import tensorflow as tf


def make_feed(data, batch_size, class_weight=None, name="train"):
    """Return the feed for what a user may pass as data.

    Args:
        data: `(x, y)` or `(x, y, sample_weight)` of arrays, or a `tf.data.Dataset` of batches.
        batch_size: Examples for one update; a data set brings its own.
        class_weight: Class index to weight of its examples in the loss, or None.
        name: What to call the data in an error.

    Returns:
        An `ArrayFeed` or a `DatasetFeed`.

    Raises:
        TypeError: If `data` is something else.
        ValueError: If lengths differ, there is no example, or a data set never ends.
    """
    if isinstance(data, tf.data.Dataset):
        return DatasetFeed(data, class_weight, name)
    if isinstance(data, (tuple, list)) and len(data) in (2, 3):
        return ArrayFeed(data, batch_size, class_weight, name)
    raise TypeError(
        f"{name} is {_kind(data)}; allowed are (x, y), (x, y, sample_weight), a tf.data.Dataset, "
        "or for training a function seed -> tf.data.Dataset."
    )


def _kind(data):
    if isinstance(data, (tuple, list)):
        return f"a {type(data).__name__} of {len(data)} items"
    return f"of type {type(data).__name__}"


class ArrayFeed:
    """Arrays in memory; the order of the examples is given anew for each epoch."""

    def __init__(self, data, batch_size, class_weight, name):
        arrays = tuple(tf.nest.map_structure(as_tensor, part) for part in data if part is not None)
        lengths = {int(array.shape[0]) for array in tf.nest.flatten(arrays)}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"The arrays of {name} have {sorted(lengths)} examples; all need the same number, "
                "one or more."
            )
        if class_weight is not None:
            if len(arrays) == 3:
                raise ValueError(
                    "Give class_weight or sample_weight, not both; multiply them first."
                )
            arrays = (*arrays, example_weights(class_weight, arrays[1]))
        self._arrays = arrays
        self._batch_size = batch_size
        self.examples = lengths.pop()
        self.updates_per_epoch = -(-self.examples // batch_size)

    def start_epoch(self, order=None):
        """Return the source of one epoch: example indices in the order given, or as they are."""
        return tf.range(self.examples, dtype=tf.int32) if order is None else tf.constant(order)

    @property
    def source_spec(self):
        """What a source of this feed looks like, to trace its loop without one."""
        return tf.TensorSpec([self.examples], tf.int32)

    def first_batch(self):
        """Return one batch, to build a model on."""
        return self._batch(self.start_epoch(), tf.constant(0))

    def batches(self, order=None):
        """Return one epoch as a generator of batches, for steps that are made one by one."""
        source = self.start_epoch(order)
        return (self._batch(source, tf.constant(at)) for at in range(self.updates_per_epoch))

    def _batch(self, order, index):
        first = index * self._batch_size
        chosen = order[first : first + self._batch_size]
        return tf.nest.map_structure(lambda array: tf.gather(array, chosen), self._arrays)

    def loop(self, step):
        """Return `piece(source, first, stop) -> (batches done, finite)`; it ends at a bad loss."""

        def piece(order, first, stop):
            index, finite = first, tf.constant(True)
            while index < stop and finite:
                finite = step(self._batch(order, index))
                index += 1
            return index - first, finite

        return piece


class DatasetFeed:
    """A `tf.data.Dataset` of batches, iterated once for each epoch."""

    def __init__(self, dataset, class_weight, name):
        size = int(dataset.cardinality())
        if size == tf.data.INFINITE_CARDINALITY:
            raise ValueError(
                f"The data set of {name} never ends, so an epoch has no length. Give it an end: "
                "dataset.take(updates_per_epoch)."
            )
        if size == 0:
            raise ValueError(f"The data set of {name} is empty.")
        if class_weight is not None:
            dataset = dataset.map(lambda x, y: (x, y, example_weights(class_weight, y)))
        self._dataset = dataset
        self.updates_per_epoch = None if size == tf.data.UNKNOWN_CARDINALITY else size

    def start_epoch(self, order=None):
        """Return a new iterator; a data set keeps its own order."""
        return iter(self._dataset)

    def batches(self, order=None):
        """Return one epoch as an iterator of batches, for steps that are made one by one."""
        return self.start_epoch(order)

    @property
    def source_spec(self):
        """What a source of this feed looks like, to trace its loop without one."""
        return tf.data.IteratorSpec(self._dataset.element_spec)

    def first_batch(self):
        """Return one batch, to build a model on."""
        return next(iter(self._dataset))

    def loop(self, step):
        """Return `piece(source, first, stop) -> (batches done, finite)`; it ends with the data."""

        def piece(iterator, first, stop):
            index, finite, more = first, tf.constant(True), tf.constant(True)
            while index < stop and finite and more:
                element = iterator.get_next_as_optional()
                more = element.has_value()
                if more:
                    finite = step(element.get_value())
                    index += 1
            return index - first, finite

        return piece


def as_tensor(array):
    """Return the array as Keras would feed it: floats in its default precision."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"An array of {array.dtype} cannot be trained on; make it numbers.")
    return tf.constant(array.astype(keras.config.floatx()) if array.dtype.kind == "f" else array)


def example_weights(class_weight, labels):
    """Return the weight of each example; classes that are not named weigh 1."""
    if labels.shape.rank == 2 and labels.shape[-1] != 1:
        labels = tf.argmax(labels, axis=-1)
    labels = tf.cast(tf.reshape(labels, [-1]), tf.int64)
    weights = np.ones(max(class_weight) + 1, keras.config.floatx())
    weights[list(class_weight)] = list(class_weight.values())
    # Classes beyond the highest one named share the 1 that is appended here.
    table = tf.constant(np.append(weights, 1).astype(weights.dtype))
    return tf.gather(table, tf.minimum(labels, len(weights)))


class _OrderRecorder(keras.Model):
    """A model without weights that writes down the order in which `fit` shows it examples."""

    def __init__(self, size):
        super().__init__()
        self.seen = tf.Variable(tf.zeros(size, tf.int32), trainable=False)
        self.position = tf.Variable(0, trainable=False)

    def call(self, inputs):
        return inputs

    def train_step(self, data):
        indices = keras.utils.unpack_x_y_sample_weight(data)[0]
        count = tf.shape(indices)[0]
        self.seen[self.position : self.position + count].assign(indices)
        self.position.assign_add(count)
        return {"loss": tf.zeros(())}


class ShuffledOrders:
    """The orders in which `fit(shuffle=True)` would visit the examples of arrays.

    Keras shuffles arrays with TensorFlow's global seed in a place that no public name reaches, so
    `fit` itself is asked, with indices for data. That holds whatever a version of Keras does. (With
    a global seed, Keras 3 repeats one order in every epoch; then two epochs tell all.)
    """

    def __init__(self, examples, batch_size, epochs):
        self._examples, self._batch_size, self._epochs = examples, batch_size, epochs
        self._recorder = _OrderRecorder(examples * epochs)
        updates = -(-examples // batch_size)
        # Keras writes these steps out in the graph, and older ones stumble over a remainder.
        together = max(count for count in range(1, 17) if updates % count == 0)
        self._recorder.compile(steps_per_execution=together, jit_compile=False)

    def after_seeding(self, seed):
        """Return a list of index arrays, one an epoch.

        Args:
            seed: The global seed, which is in force already; it is set again where all epochs have
                to be asked for.
        """
        first = self._ask(min(2, self._epochs))
        if (first == first[0]).all():
            return [first[0].copy()] * self._epochs
        keras.utils.set_random_seed(seed)
        return list(self._ask(self._epochs))

    def _ask(self, epochs):
        self._recorder.position.assign(0)
        self._recorder.fit(
            np.arange(self._examples, dtype="int32"),
            batch_size=self._batch_size,
            epochs=epochs,
            verbose=0,
        )
        seen = self._recorder.seen.numpy()[: epochs * self._examples]
        return seen.reshape(epochs, self._examples)
