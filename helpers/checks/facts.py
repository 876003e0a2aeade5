"""What a lesson claims: printed as stable text, and refused when it does not hold."""

import math

# Lessons are written for this data set; their facts bind for it alone.
STATED_FOR = "digits"


def fact(text, *, data=STATED_FOR):
    """Print a measured fact; for other data than the lesson's, as a remark.

    Args:
        text: The fact, in stable words and rounded numbers.
        data: Name of the data set that was used.

    Example:
        >>> fact("best rate: 0.1")
        best rate: 0.1
        >>> fact("best rate: 0.3", data="cifar10")
        stated for digits; yours: best rate: 0.3
    """
    print(text if data == STATED_FOR else f"stated for {STATED_FOR}; yours: {text}")


def expect(what, value, low, high, *, data=STATED_FOR):
    """Check that a measured value lies in a band, and print the band, which is stable text.

    Args:
        what: What the value is.
        value: The value.
        low: Lower end of the band, inclusive.
        high: Upper end of the band, inclusive.
        data: Name of the data set that was used; for another than the lesson's nothing is raised.

    Raises:
        ValueError: If the value is outside of the band.

    Example:
        >>> expect("validation accuracy", 0.93, 0.9, 0.96)
        validation accuracy within 0.9 to 0.96: yes
    """
    if data != STATED_FOR:
        fact(f"{what}: {value:.4g}", data=data)
        return
    if not low <= value <= high:
        raise ValueError(
            f"{what} is {value:.4g}, outside of {low:g} to {high:g}: the lesson's claim does not "
            "hold here. Restart and run all; if it stays so, report versions and machine."
        )
    print(f"{what} within {low:g} to {high:g}: yes")


def band(stored, label, metric="val_accuracy", *, seeds=1, digits=3):
    """Return the band in which the mean over some seeds should lie, from a stored experiment.

    Args:
        stored: `Runs` of 20 seeds or more.
        label: The rate or the name.
        metric: A name from `stored.metrics`.
        seeds: Number of seeds whose mean will be compared, >= 1.
        digits: Decimals to which the ends are rounded outward.

    Returns:
        `(low, high)`: the stored mean, less and plus three standard deviations of a mean over
        `seeds` runs.

    Raises:
        ValueError: If fewer than 20 seeds are stored.
    """
    row = stored.summary(metric).loc[stored.select([label]).labels[0]]
    if row["seeds"] < 20:
        raise ValueError(f"A band needs 20 seeds; stored are {int(row['seeds'])}.")
    half, scale = 3 * row["spread"] / math.sqrt(seeds), 10**digits
    low = math.floor((row["mean"] - half) * scale) / scale
    return low, math.ceil((row["mean"] + half) * scale) / scale
