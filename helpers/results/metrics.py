"""What a Keras metric is called in words, and which way is better."""

# What the metrics of the course are called in figures and sentences.
METRIC_NAMES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
}

_LOWER = ("loss", "error", "mse", "mae", "mape", "msle", "crossentropy", "hinge", "kl_divergence")
_HIGHER = ("accuracy", "acc", "auc", "precision", "recall", "f1_score", "fbeta_score", "iou")


def direction(metric, mode=None):
    """Return `"min"` or `"max"`: the direction in which the metric is better.

    Args:
        metric: Name as in a Keras history, with or without `val_`.
        mode: `"min"` or `"max"` where the name does not tell; wins over the name.

    Returns:
        `"min"` or `"max"`.

    Raises:
        ValueError: If `mode` is something else, or is missing for a name that is not known.

    Example:
        >>> direction("val_accuracy"), direction("loss")
        ('max', 'min')
    """
    if mode is not None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode is {mode!r}; allowed is 'min' or 'max'.")
        return mode
    name = str(metric).removeprefix("val_")
    if any(word in name for word in _LOWER):
        return "min"
    if any(word in name for word in _HIGHER):
        return "max"
    raise ValueError(
        f"Is a larger {metric!r} better or worse? Its name does not tell; say mode='min' or 'max'."
    )
