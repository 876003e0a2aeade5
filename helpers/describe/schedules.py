"""Sentences about schedules: what their figures show, and how their cycles fit a training."""

import numpy as np

from helpers.schedules import MOST_STEPS, WarmRestarts, checked_count, plan_cycles

# Up to this many steps the lowest and highest rate are exact; beyond, to the digits shown.
MOST_STEPS_LOOKED_AT = 100_000
MOST_LISTED = 5


def describe_schedules(schedules, total_steps, *, steps_per_epoch=None):
    """Say in words what `plot_schedules` of the same arguments shows.

    Args:
        schedules: Dict of name to `Schedule`.
        total_steps: Updates drawn, >= 2.
        steps_per_epoch: Updates of one pass, >= 1, or None.

    Returns:
        Text with each schedule's first, highest and last rate, and its cycles.

    Raises:
        TypeError: If a number is no whole number.
        ValueError: If a number is out of bounds.

    Example:
        >>> from helpers.schedules import Triangular
        >>> wave = {"triangular": Triangular(0.1, 0.5, half_cycle_steps=4)}
        >>> print(describe_schedules(wave, total_steps=16))
        Line chart of the learning rate against 16 updates. triangular: from 0.1, at most 0.5,
        0.2 at the last update, 2 cycles.
    """
    total = checked_count(total_steps, "total_steps", least=2)
    parts = [f"{name}: {_course(schedule, total)}" for name, schedule in schedules.items()]
    return (
        f"Line chart of the learning rate against {_training(total, steps_per_epoch)}. "
        f"{'; '.join(parts)}."
    )


def describe_rate_and_momentum(schedule, momentum_schedule, total_steps, *, steps_per_epoch=None):
    """Say in words what `plot_rate_and_momentum` of the same arguments shows.

    Args:
        schedule: The learning rate's `Schedule`.
        momentum_schedule: The momentum's.
        total_steps: As for `describe_schedules`.
        steps_per_epoch: As for `describe_schedules`.

    Returns:
        Text with both courses, and the momentum where the rate is highest.

    Raises:
        TypeError: As for `describe_schedules`.
        ValueError: As for `describe_schedules`.

    Example:
        >>> from helpers.schedules import OneCycle, OppositeMomentum
        >>> rate = OneCycle(0.5, total_steps=100)
        >>> print(describe_rate_and_momentum(rate, OppositeMomentum(rate), total_steps=100))
        Two line charts against 100 updates. Learning rate: from 0.02, at most 0.5, 0.000302 at the
        last update, 1 cycle. Momentum: from 0.946, 0.85 where the rate is highest, 0.95 at the last
        update.
    """
    total = checked_count(total_steps, "total_steps", least=2)
    steps = _steps(schedule, total)
    highest = steps[np.argmax(schedule(steps))]
    first, there, last = momentum_schedule([0, highest, total - 1])
    return (
        f"Two line charts against {_training(total, steps_per_epoch)}. "
        f"Learning rate: {_course(schedule, total)}. Momentum: from {first:.3g}, {there:.3g} where "
        f"the rate is highest, {last:.3g} at the last update."
    )


def describe_cycles(schedule, updates_per_epoch, epochs):
    """Say how the cycles of a schedule fit a training, and what to train where they do not.

    Args:
        schedule: A `Schedule`.
        updates_per_epoch: Updates of one pass, >= 1.
        epochs: Passes over the data, >= 1.

    Returns:
        Two sentences: the arithmetic of updates, epochs and cycles; then that training ends at a
        trough, or that it stops in mid-cycle, with the nearest numbers of epochs that end a cycle.
        Where one of those is no whole number, warm restarts get another first cycle to try.

    Raises:
        TypeError: If a number is no whole number.
        ValueError: If a number is out of bounds.

    Example:
        >>> from helpers.schedules import Triangular
        >>> print(describe_cycles(Triangular(0.001, 0.006, 2_000), 500, epochs=20))
        500 updates per epoch, 10,000 in 20 epochs: 2 cycles of 4,000 updates, a trough after every
        8 epochs. Training stops in mid-cycle: train 16 or 24 epochs.
    """
    size = checked_count(updates_per_epoch, "updates_per_epoch")
    total = size * checked_count(epochs, "epochs")
    ends = schedule.cycle_ends(total)
    training = f"{_counted(size, 'update')} per epoch, {total:,} in {_counted(epochs, 'epoch')}"
    later = _next_end(schedule, total)
    if not ends and later is None:
        return f"{training}, without cycles."
    return f"{training}: {_cycles(ends, size)}. {_ending(schedule, ends, later, size, epochs)}"


def _steps(schedule, total_steps):
    """Return the steps at which to look for the highest rate: all of them, where they are few."""
    even = np.linspace(0, total_steps - 1, min(total_steps, MOST_STEPS_LOOKED_AT))
    # A restart is at its peak on one step alone.
    restarts = [end for end in schedule.cycle_ends(total_steps) if end < total_steps]
    return np.union1d(even.round().astype("int64"), np.array(restarts, "int64"))


def _course(schedule, total_steps):
    """Return the course of a schedule in a few words."""
    rates = schedule(_steps(schedule, total_steps))
    if rates.min() == rates.max():
        return f"{rates[0]:.3g} throughout"
    cycles = len(schedule.cycle_ends(total_steps))
    course = f"from {rates[0]:.3g}, at most {rates.max():.3g}, {rates[-1]:.3g} at the last update"
    return f"{course}, {_counted(cycles, 'cycle')}" if cycles else course


def _training(total_steps, steps_per_epoch):
    """Name a training by its updates, and by its epochs if their size is known."""
    if steps_per_epoch is None:
        return f"{total_steps:,} updates"
    epochs = total_steps / checked_count(steps_per_epoch, "steps_per_epoch")
    return f"{total_steps:,} updates ({epochs:.4g} epochs)"


def _cycles(ends, updates_per_epoch):
    """Name the lengths of whole cycles, and after how many epochs each ends."""
    if not ends:
        return "no whole cycle"
    lengths = np.diff([0, *ends]).tolist()
    troughs = [f"{end / updates_per_epoch:.4g}" for end in ends]
    if len(ends) == 1:
        return f"1 cycle of {_counted(lengths[0], 'update')}, a trough after epoch {troughs[0]}"
    if len(set(lengths)) == 1:
        often = "epoch" if troughs[0] == "1" else f"{troughs[0]} epochs"
        length = _counted(lengths[0], "update")
        return f"{len(ends)} cycles of {length}, a trough after every {often}"
    return (
        f"{len(ends)} cycles of {_listed([f'{length:,}' for length in lengths])} updates, troughs "
        f"after epochs {_listed(troughs)}"
    )


def _ending(schedule, ends, later, updates_per_epoch, epochs):
    """Say whether training ends at a trough, else what would."""
    if ends and ends[-1] == updates_per_epoch * epochs:
        return "Training ends at a trough."
    if later is None:
        return "Training goes on after the last cycle."
    nearest = [*ends[-1:], later]
    whole = [end // updates_per_epoch for end in nearest if end % updates_per_epoch == 0]
    ideas = []
    if whole:
        noun = "epoch" if whole == [1] else "epochs"
        ideas.append(f"train {' or '.join(map(str, whole))} {noun}")
    if len(whole) < len(nearest) and isinstance(schedule, WarmRestarts):
        plan = plan_cycles(updates_per_epoch, 1, epochs, cycle_mult=schedule.cycle_mult)
        first = _counted(plan.first_cycle_steps, "update")
        ideas.append(f"start with a cycle of {first} ({len(plan.cycle_steps)} in all)")
    advice = f": {', or '.join(ideas)}" if ideas else ""
    return f"Training stops in mid-cycle{advice}."


def _next_end(schedule, total_steps):
    """Return after how many updates the first cycle beyond the training ends, or None."""
    horizon = total_steps
    while horizon < MOST_STEPS:
        horizon = min(2 * horizon, MOST_STEPS)
        later = [end for end in schedule.cycle_ends(horizon) if end > total_steps]
        if later:
            return later[0]
    return None


def _counted(number, noun):
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(words):
    """Join words with commas and an `and`; of many, the middle is left out."""
    if len(words) > MOST_LISTED:
        words = [*words[: MOST_LISTED - 2], "...", words[-1]]
    return f"{', '.join(words[:-1])} and {words[-1]}"
