"""Explorers that only compute: *Descent*, *Hop*, the planners, *Change the setting*."""

import functools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Number, rate
from helpers.landscapes import Basins, Bowl, Parabola, critical_rate, descend
from helpers.landscapes import hop as hop_among
from helpers.plotting import plot_descent, plot_hop_shares, plot_hops, plot_schedules
from helpers.plotting.rates import name_epochs
from helpers.plotting.style import LOOKS, PALETTE
from helpers.schedules import OneCycle, Pieces, Triangular, WarmRestarts, with_warmup

LANDSCAPES = {"bowl": Bowl, "parabola": Parabola}
LANDSCAPES["two basins"] = lambda _: Basins((0.6, 1.0), (4.0, 4.0))
STEPS, MOST_EPOCHS = 50, 100
FIRST_WALK = {"landscape": "bowl", "curvature": 10, "x": -3.5, "y": 1.2}
DATA_SETS = {"digits": 1_280, "CIFAR-10": 50_000, "ImageNet": 1_281_167}
POLICIES = ("triangular", "triangular2", "exp_range", "stages", "one cycle")
BASINS = {"deepest is wide": Basins(), "deepest is sharp": Basins(widths=(2.25, 2.25, 1.0, 2.25))}
HOP_STEPS, TRIALS, WALKS = 420, 500, 5
# The first cycle, and by how much each is longer: all end at a trough, or never fall.
CYCLES = {"constant": (10**9, 1), "one cosine": (420, 1)}
CYCLES |= {"equal restarts": (105, 1), "doubling restarts": (28, 2)}
# A setting that is known to be good: rate, decay of the weights, how the rate follows the batch.
GOOD = {"batch_size": 64, "momentum": 0.9, "epochs": 20}
OPTIMIZERS = {"SGD": (0.1, 0.0005, "linear", 1.0), "AdamW": (0.001, 0.1, "square-root", 0.5)}
EXAMPLES, WARM_UP = 10_000, 0.05
BEFORE = {"color": PALETTE["grey"], "linestyle": ":"}


def descent(target=10):
    """Return the explorer *Descent*: gradient descent with momentum, and where it works.

    The right panel is a map of learning rates and momenta: dark where the loss falls quickly, white
    beyond the limit of the largest curvature, with a ring at the settings.

    Args:
        target: Updates after which the loss is to be at or below 0.01, in the bowl of curvature 10
            and from the first start.
    """
    controls = {
        "rate": rate("learning rate", 0.05, 0.001, 10.0),
        "momentum": Number("momentum", 0.0, 0.0, 0.95, 0.05),
        "landscape": Choice("landscape", list(LANDSCAPES)),
        "curvature": Number("largest curvature", 10, 1, 40, whole=True),
        "x": Number("start, x", FIRST_WALK["x"], -4.0, 4.0, 0.25),
        "y": Number("start, y (bowl)", FIRST_WALK["y"], -1.6, 1.6, 0.1),
    }

    def walk(rate, momentum, landscape, curvature, x, y):
        place = LANDSCAPES[landscape](curvature)
        start = (x, y)[: place.dimensions]
        return descend(place, start, rate=rate, momentum=momentum, steps=STEPS)

    def draw(panels, **values):
        found = walk(**values)
        sentence = plot_descent(found, ax=panels[0]).alt
        curvatures = found.landscape.curvatures
        _draw_map(panels[1], curvatures, values["rate"], values["momentum"])
        limit = critical_rate(curvatures, values["momentum"])
        return f"{sentence} The limit at this momentum is a rate of {limit:.3g}."

    def score(**values):
        task = f"Target: loss 0.01 within {target} updates, in the bowl of curvature 10, "
        task += "from x {x:g} and y {y:g}.".format(**FIRST_WALK)
        if values | FIRST_WALK != values:
            return task, "This is another walk.", False
        updates = walk(**values).converged_at()
        yours = f"not there after {STEPS}" if updates is None else f"{updates} updates"
        return task, f"Yours: {yours}.", updates is not None and updates <= target

    panels = [(0.65, 0.6, 3.5, 2.5), (5.0, 0.6, 1.9, 2.5)]
    return Explorer("Descent", controls, draw, panels, score=score)


def _draw_map(ax, curvatures, rate, momentum):
    """Draw how fast the loss of a quadratic falls, by rate and momentum."""
    ax.add_collection(PathCollection(**_map_of(tuple(curvatures))), autolim=False)
    red, most, momenta = PALETTE["vermillion"], max(curvatures), np.array([0, 0.95])
    ax.plot(2 * (1 + momenta) / most, momenta, color=red, lw=1.5)
    ax.plot(2 / most, 0, "|", color=red, ms=14, mew=2, clip_on=False)
    ax.plot(rate, momentum, "ok", ms=11, mfc="none", mew=2, clip_on=False)
    ax.set(xscale="log", xlabel="rate; tick: 2 / curvature", ylabel="momentum")
    ax.set(xlim=(0.001, 10), ylim=(0, 0.95))
    ax.grid(False)


@functools.lru_cache(maxsize=16)
def _map_of(curvatures):
    """Return areas of rates and momenta by how much an update shrinks the slowest direction."""
    rates, momenta = np.geomspace(0.001, 10, 60), np.linspace(0, 0.95, 30)
    middle = (1 + momenta[:, None] - rates * np.reshape(curvatures, (-1, 1, 1))).astype(complex)
    root = np.sqrt(middle**2 - 4 * momenta[:, None])
    shrinks = np.maximum(abs(middle + root), abs(middle - root)).max(axis=0) / 2
    levels = [0, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0]
    areas = Figure().subplots().contourf(rates, momenta, shrinks, levels=levels, cmap="Blues_r")
    return {"paths": areas.get_paths(), "facecolors": areas.get_facecolor(), "alpha": 0.85}


def hop(target=70):
    """Return the explorer *Hop*: noisy descent among four basins, from restarts one cosine beats.

    Each of 500 trials has 420 updates and begins in the shallow basin at the left; restarts are
    three. At the right are five of the walks, below the shares of this schedule and of one cosine,
    with 95 % intervals.

    Args:
        target: Percentage of trials that are to end in the deepest basin, by the lower end of the
            interval, with a schedule other than one cosine.
    """
    controls = {
        "max_rate": rate("highest rate", 0.4, 0.01, 1.0),
        "noise": Number("noise", 2.0, 0.0, 6.0, 0.1),
        "schedule": Choice("schedule", list(CYCLES), "equal restarts"),
        "shape": Choice("basins", list(BASINS)),
    }

    def draw(panels, max_rate, noise, schedule, shape):
        hops, walks = _hops(schedule, max_rate, noise, shape)
        cosine, _ = _hops("one cosine", max_rate, noise, shape)
        sentence = plot_hops(hops, schedule, ax=panels[0]).alt
        plot_hop_shares({"this": hops, "one cosine": cosine}, ax=panels[1])
        panels[1].axvline(target, color=PALETTE["vermillion"], ls="--", lw=1.2)
        panels[2].plot(walks, np.linspace(0, HOP_STEPS, len(walks)), color=PALETTE["blue"], lw=0.6)
        panels[2].set(xlim=hops.landscape.view[0], ylim=(0, HOP_STEPS), xlabel="x", ylabel="update")
        against = cosine.against(hops)
        mean, least, most = (100 * value for value in (against.mean, *against.interval))
        return f"{sentence} One cosine minus this: {mean:+.1f} points [{least:+.1f}, {most:+.1f}]."

    def score(max_rate, noise, schedule, shape):
        least = 100 * _hops(schedule, max_rate, noise, shape)[0].share()[1]
        task = f"Target: {target} % or more in the deepest basin, by the whole interval, "
        task += "with restarts or a constant rate."
        return task, f"Yours: from {least:.1f} %.", least >= target and schedule != "one cosine"

    panels = [(0.6, 1.7, 4.4, 2.3), (1.2, 0.5, 5.85, 0.55), (5.65, 1.7, 1.4, 2.3)]
    return Explorer("Hop", controls, draw, panels, size=(7.2, 4.1), score=score)


# A picture and its score ask for the same trials, and one cosine is asked for each time.
@functools.lru_cache(maxsize=16)
def _hops(schedule, max_rate, noise, shape):
    place = {"seed": 1, "start": BASINS[shape].bottoms[0], "steps": HOP_STEPS, "trials": TRIALS}
    made, moments = WarmRestarts(max_rate, *CYCLES[schedule]), range(6, HOP_STEPS, 6)
    hops = hop_among(BASINS[shape], made, noise=noise, checkpoints=moments, **place)
    ends = replace(hops, updates=(HOP_STEPS,), positions=hops.positions[-1:])
    return ends, hops.positions[:, :WALKS]


def cycle_planner(target=3):
    """Return the explorer *Cycle planner*, from a plan that stops in mid-cycle.

    `stages` are Smith's own use: cycles between bounds that fall tenfold twice, four, three and
    three of them; its half cycle is that of the first stage.

    Args:
        target: How many whole cycles are asked for on CIFAR-10, with nothing left over.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        Table 2 for the stages.
    """
    controls = {
        "min_rate": rate("lowest rate", 0.001, 1e-6, 1.0),
        "max_rate": rate("highest rate", 0.006, 1e-5, 10.0),
        "half_cycle": Number("half cycle, epochs", 4, 1, 10, whole=True),
        "epochs": Number("epochs", 20, 1, MOST_EPOCHS, whole=True),
        "data": Choice("training images", list(DATA_SETS), "CIFAR-10"),
        "batch_size": Choice("batch size", [32, 64, 100, 128, 256, 512], 100),
        "policy": Choice("policy", POLICIES),
    }

    def plan(min_rate, max_rate, half_cycle, epochs, data, batch_size, policy):
        size = -(-DATA_SETS[data] // batch_size)
        half, total = int(half_cycle) * size, int(epochs) * size
        asked = f"{target} cycles or more on CIFAR-10", data == "CIFAR-10"
        return cyclical(policy, min_rate, max_rate, half, total), size, asked

    return _planner("Cycle planner", controls, plan, target)


def cyclical(policy, low, high, half, total):
    """Return the schedule of a policy between two rates, for a training of so many updates."""
    if policy in ("constant", "one cosine"):
        return WarmRestarts(high, total if policy == "one cosine" else CYCLES["constant"][0])
    if policy == "one cycle":
        return OneCycle(high, total, start_divisor=high / low, end_divisor=100 * high / low)
    if policy == "stages":
        stages = [(1, half, 8), (10, max(1, half // 2), 6), (100, max(1, half // 4), 6)]
        return Pieces([(Triangular(low / by, high / by, own), own * n) for by, own, n in stages])
    # Both bounds of exp_range decline to a tenth by the end.
    gamma = 0.1 ** (1 / total) if policy == "exp_range" else None
    return Triangular(low, high, half, policy, gamma)


def restart_planner(target=3):
    """Return the explorer *Restart planner*, from a plan that stops in mid-cycle.

    An epoch has 40 updates, as with the digits.

    Args:
        target: How many whole cycles are asked for, with nothing left over, that grow.
    """
    controls = {
        "max_rate": rate("highest rate", 0.1, 1e-4, 10.0),
        "floor": Number("floor / highest rate", 0.0, 0.0, 0.9, 0.05),
        "first_cycle": Number("first cycle, epochs", 5.0, 0.5, 20.0, 0.5),
        "epochs": Number("epochs", 20, 1, MOST_EPOCHS, whole=True),
        "peak_decay": Number("decay of the peak", 1.0, 0.1, 1.0, 0.05),
        "cycle_mult": Choice("each cycle longer by", [1, 1.5, 2, 3], 2),
    }

    def plan(max_rate, floor, first_cycle, epochs, peak_decay, cycle_mult):
        steps, least = round(first_cycle * 40), floor * max_rate
        asked = f"{target} cycles or more that grow", cycle_mult > 1
        return WarmRestarts(max_rate, steps, cycle_mult, least, peak_decay), 40, asked

    return _planner("Restart planner", controls, plan, target)


def _planner(name, controls, plan, target):
    """Return an explorer of a schedule over a training; an unfinished cycle is shaded.

    `plan(**values)` returns the schedule, the updates of an epoch, and a pair: what is asked for,
    and whether these settings are such.
    """

    def draw(panels, **values):
        schedule, size, _ = plan(**values)
        ax, total = panels[0], size * int(values["epochs"])
        sentence = plot_schedules(schedule, total, ax=ax).alt
        steady(ax.set_ylim, ax.get_ylim()[1])
        steady(ax.set_xlim, total)
        name_epochs(ax, size)
        last = max([0, *schedule.cycle_ends(total)])
        ax.axvspan(last, total, color=PALETTE["orange"], alpha=0.25, lw=0, zorder=0)
        return f"{sentence} Training ends {'with' if last == total else 'inside'} a cycle."

    def score(**values):
        schedule, size, (task, right) = plan(**values)
        total = size * int(values["epochs"])
        ends = schedule.cycle_ends(total)
        rest = "" if total in ends else " and part of another"
        reached = right and not rest and len(ends) >= target
        task = f"Target: {task}, and training that ends with the last."
        return task, f"Yours: {len(ends)}{rest}.", reached

    return Explorer(name, controls, draw, [(0.85, 0.75, 5.8, 2.35)], score=score)


def steady(set_limits, highest):
    """Let an axis end at 1, 1.5, 2.2, 3.2, 4.6, 6.8, 10 and so on; return where.

    What changes is then seen to change, and axes that stay as they were need not be drawn anew.
    """
    # A little less, so that 10 is not taken for more than 10.
    return set_limits(0, 10 ** (np.ceil(6 * np.log10(max(1e-9, highest)) - 1e-9) / 6))[1]


def change_setting(batch_size=256, updates=1_000, most_rate=0.2):
    """Return the explorer *Change the setting*: what another batch, momentum or length asks for.

    It starts from a setting of 10,000 examples that is known to be good, and keeps what that did:
    the rate follows the batch by the linear rule, or with AdamW by the square-root rule; with SGD
    rate / (1 - momentum) is kept; warm-up is the same share of all updates; and rate x decay x
    updates, which says how far decay alone shrinks the weights, stays what it was.

    Args:
        batch_size: The batch that is to be reached with SGD, or a larger one, ...
        updates: ... in this many updates or more, ...
        most_rate: ... and with a highest rate no higher than this.
    """
    controls = {
        "batch_size": Choice("batch size", [16, 32, 64, 128, 256, 512, 1024], 64),
        "momentum": Number("momentum (beta_1)", 0.9, 0.0, 0.99, 0.01),
        "epochs": Number("epochs", 20, 1, MOST_EPOCHS, whole=True),
        "optimizer": Choice("optimizer", list(OPTIMIZERS)),
    }

    def draw(panels, **values):
        before, after = _setting(values["optimizer"], **GOOD), _setting(**values)
        for ax, unit in zip(panels, ("update", "epoch")):
            for each, look in ((before, BEFORE), (after, LOOKS["rate"])):
                fall = WarmRestarts(each.rate, each.updates - each.warm_up)
                steps = np.linspace(0, each.updates - 1, 201).round().astype("int64")
                places = steps / each.per_epoch if unit == "epoch" else steps
                ax.plot(places, with_warmup(fall, each.warm_up)(steps), **look)
            steady(ax.set_xlim, ax.get_xlim()[1])
            steady(ax.set_ylim, ax.get_ylim()[1])
            ax.set_xlabel(unit)
            ax.locator_params(nbins=5)
        panels[0].set_ylabel("rate; dotted: before")
        return _what_changed(before, after)

    def score(**values):
        made = _setting(**values)
        task = f"Target: SGD, batch {batch_size} or more, {updates:,} updates or more, rate at "
        asked = values["optimizer"] == "SGD" and values["batch_size"] >= batch_size
        reached = asked and made.updates >= updates and made.rate <= most_rate * 1.001
        yours = f"Yours: {made.updates:,} updates, rate {made.rate:.3g}."
        return f"{task}most {most_rate:g}.", yours, reached

    panels = [(0.75, 0.6, 2.7, 2.5), (4.25, 0.6, 2.7, 2.5)]
    return Explorer("Change the setting", controls, draw, panels, score=score)


def _setting(optimizer, batch_size, momentum, epochs):
    """Return what a setting should be, if that of `GOOD` is right."""
    rate, decay, rule, power = OPTIMIZERS[optimizer]
    ratio = batch_size / GOOD["batch_size"]
    # Adam divides its step by the size of the gradients, so that beta_1 does not lengthen it.
    slower = (1 - momentum) / (1 - GOOD["momentum"]) if optimizer == "SGD" else 1.0
    factor, per_epoch = ratio**power * slower, -(-EXAMPLES // batch_size)
    updates, good_updates = per_epoch * int(epochs), -(-EXAMPLES // 64) * GOOD["epochs"]
    why = f"batch x {ratio:g} gives x {ratio**power:.3g} by the {rule} rule, "
    return SimpleNamespace(
        updates=updates,
        per_epoch=per_epoch,
        rate=rate * factor,
        decay=decay * good_updates / (factor * updates),
        warm_up=max(1, round(WARM_UP * updates)),
        why=why + f"momentum {momentum:.2g} x {slower:.3g}",
    )


def _what_changed(before, after):
    """Say what a setting leads to, and why."""
    return (
        f"Updates: {before.updates:,} become {after.updates:,}; plan the schedule anew.\n"
        f"Rate: {before.rate:.3g} becomes {after.rate:.3g}: {after.why}.\n"
        f"Warm-up: {before.warm_up:,} updates become {after.warm_up:,}, still {WARM_UP:.0%}.\n"
        f"Weight decay: {before.decay:.3g} becomes {after.decay:.3g}, so that rate x decay x "
        "updates is kept."
    )
