"""What the planners share: one schedule over a training, drawn and scored."""

from helpers.explorers.page import steady_figure
from helpers.plotting.schedules import plot_schedules
from helpers.plotting.style import FONT_SIZE, PALETTE

WIDTH, HEIGHT = 7.0, 3.2
# Room for the longest rates, for two lines under the axis, and for the last number at its end.
LEFT, BOTTOM, RIGHT = 1.05, 0.8, 0.45


def draw_plan(schedule, updates_per_epoch, epochs):
    """Draw a schedule over a training; a cycle that training does not finish is shaded.

    Args:
        schedule: A `Schedule`.
        updates_per_epoch: Updates of one pass.
        epochs: Passes over the data.

    Returns:
        The matplotlib figure.
    """
    figure, ax = steady_figure(WIDTH, HEIGHT, RIGHT)
    figure.subplots_adjust(left=LEFT / WIDTH, bottom=BOTTOM / HEIGHT)
    total = updates_per_epoch * epochs
    plot_schedules({"rate": schedule}, total, steps_per_epoch=updates_per_epoch, ax=ax)
    last = max([0, *schedule.cycle_ends(total)])
    if last < total:
        ax.axvspan(last, total, color=PALETTE["orange"], alpha=0.25, lw=0, zorder=0)
        place = {"transform": ax.get_xaxis_transform(), "ha": "center", "va": "bottom"}
        ax.text((last + total) / 2, 1, "unfinished", fontsize=FONT_SIZE, **place)
    return figure


def score_plan(schedule, total_steps, task, least):
    """Return the line with the target of a planner and how far a schedule is from it.

    Args:
        schedule: A `Schedule`.
        total_steps: Updates of the training.
        task: What is asked of the cycles, in words.
        least: How many whole cycles are enough, if training ends with the last of them.

    Returns:
        One line.
    """
    ends = schedule.cycle_ends(total_steps)
    rest = "" if total_steps in ends else " and part of another"
    reached = ", reached" if not rest and len(ends) >= least else ""
    return (
        f"Target: {task}, and training that ends with the last. Yours: {len(ends)}{rest}{reached}."
    )
