"""Explorers that only compute: *Descent*, *Hop*, the planners, *Sweep*."""

import functools

import numpy as np

from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Number, rate
from helpers.landscapes import Basins, Bowl, Parabola, TwoWells, critical_rate, descend
from helpers.landscapes import hop as hop_among
from helpers.plotting import plot_descent, plot_runs, plot_schedules
from helpers.plotting.style import PALETTE, looks
from helpers.plotting.walks import plot_hops
from helpers.results.paired import METRIC_NAMES, direction, name
from helpers.schedules import Constant, Cosine, OneCycle, Pieces, Triangular, WarmRestarts

TOLERANCE, STEPS = 0.01, 50
ONE_PANEL = [(0.9, 0.75, 5.9, 2.35)]
DATA_SETS = {"digits": 1_280, "CIFAR-10": 50_000, "ImageNet": 1_281_167}
POLICIES = ("triangular", "triangular2", "exp_range", "stages", "one cycle")
BASINS = {
    "deepest is wide": Basins(depths=(0.8, 1.0, 1.6, 1.0), widths=(1.5, 1.5, 3.0, 1.5)),
    "equal widths": Basins(depths=(0.8, 1.0, 1.6, 1.2), widths=(2.0, 2.0, 2.0, 2.0)),
    "deepest is sharp": Basins(depths=(0.8, 1.0, 1.6, 1.0), widths=(2.25, 2.25, 1.0, 2.25)),
}
# Divisible by 2, 3 and 4 and by 3, 7 and 15: every choice of restarts ends at a trough.
HOP_STEPS, TRIALS, WALKS = 420, 1_000, 5


def descent(target=10, landscape="bowl", curvature=10):
    """Return the explorer *Descent*: gradient descent with momentum, and where it works.

    The right panel is a map of learning rates and momenta: dark where the loss falls quickly, white
    beyond the limit of the largest curvature, with a ring at the settings.

    Args:
        target: Updates after which the loss is to be at or below 0.01, on the landscape and the
            curvature that are given.
        landscape: `"bowl"`, `"parabola"` or `"two wells"`.
        curvature: The largest curvature, 1 to 40.
    """
    controls = {
        "rate": rate("learning rate", 0.05, 0.001, 10.0),
        "momentum": Number("momentum", 0.0, 0.0, 0.95, 0.05),
        "landscape": Choice("landscape", ["bowl", "parabola", "two wells"], landscape),
        "curvature": Number("largest curvature", curvature, 1, 40, whole=True),
        "x": Number("start, x", -3.5, -4.0, 4.0, 0.25),
        "y": Number("start, y (bowl)", 1.2, -1.6, 1.6, 0.1),
    }

    def walk(rate, momentum, landscape, curvature, x, y):
        made = {"bowl": Bowl, "parabola": Parabola, "two wells": lambda _: TwoWells()}
        place = made[landscape](float(curvature))
        start = (x, y) if landscape == "bowl" else x
        return descend(place, start, rate=rate, momentum=momentum, steps=STEPS)

    def draw(panels, **values):
        found = walk(**values)
        plot_descent(found, ax=panels[0])
        limit = critical_rate(found.landscape.curvatures, values["momentum"])
        _draw_map(panels[1], found.landscape.curvatures, values["rate"], values["momentum"])
        sentence = panels[0].figure.alt
        return f"{sentence} The limit at this momentum is a rate of {limit:.3g}."

    def score(**values):
        task = f"Target: loss {TOLERANCE:g} within {target} updates, {landscape}"
        task += "" if landscape == "two wells" else f" of curvature {curvature}"
        asked = (values["landscape"], values["curvature"]) == (landscape, curvature)
        # From beside the minimum there is nothing to do.
        asked &= abs(values["x"]) >= 2
        updates = walk(**values).converged_at(TOLERANCE)
        if not asked:
            return f"{task}, from x of 2 or more.", "These settings are others.", False
        yours = f"not there after {STEPS}" if updates is None else f"{updates} updates"
        return f"{task}.", f"Yours: {yours}.", updates is not None and updates <= target

    panels = [(0.65, 0.6, 3.5, 2.5), (5.0, 0.6, 1.9, 2.5)]
    return Explorer("Descent", controls, draw, panels, score=score)


def _draw_map(ax, curvatures, rate, momentum):
    """Draw how fast the loss of a quadratic falls, by rate and momentum."""
    rates, momenta, shrinks = _map_of(tuple(curvatures))
    levels = [0, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0]
    ax.contourf(rates, momenta, shrinks, levels=levels, cmap="Blues_r", alpha=0.85)
    limits = 2 * (1 + momenta) / max(curvatures)
    ax.plot(limits, momenta, color=PALETTE["vermillion"], lw=1.5)
    ax.plot(2 / max(curvatures), 0, "|", color=PALETTE["vermillion"], ms=14, mew=2, clip_on=False)
    ax.plot(rate, momentum, "o", ms=11, mfc="none", mec=PALETTE["black"], mew=2, clip_on=False)
    ax.set_xscale("log")
    ax.set(xlim=(0.001, 10), ylim=(0, 0.95), xlabel="rate; tick: 2 / curvature", ylabel="momentum")
    ax.grid(False)


@functools.lru_cache(maxsize=16)
def _map_of(curvatures):
    """Return rates, momenta, and by how much an update shrinks the slowest direction."""
    rates, momenta = np.geomspace(0.001, 10, 60), np.linspace(0, 0.95, 30)
    grid = np.zeros((len(momenta), len(rates)))
    for curvature in curvatures:
        middle = (1 + momenta[:, None] - rates * curvature).astype(complex)
        root = np.sqrt(middle**2 - 4 * momenta[:, None])
        largest = np.maximum(abs(middle + root), abs(middle - root)) / 2
        grid = np.maximum(grid, largest)
    return rates, momenta, grid


def hop(target=70):
    """Return the explorer *Hop*: noisy descent among four basins, from restarts one cosine beats.

    Each of 1,000 trials has 420 updates and begins in the shallow basin at the left; five of them
    are drawn. Below are the shares of this schedule and of one cosine, with 95 % intervals.

    Args:
        target: Percentage of trials that are to end in the deepest basin, by the lower end of the
            interval, with a schedule other than one cosine.
    """
    controls = {
        "max_rate": rate("highest rate", 0.4, 0.01, 1.0),
        "noise": Number("noise", 2.0, 0.0, 6.0, 0.1),
        "restarts": Number("restarts", 3, 1, 3, whole=True),
        "schedule": Choice(
            "schedule",
            ["constant", "one cosine", "equal restarts", "doubling restarts"],
            "equal restarts",
        ),
        "shape": Choice("basins", list(BASINS)),
    }

    def fit_restarts(change):
        controls["restarts"].enable("restarts" in change["new"])

    controls["schedule"].observe(fit_restarts, names="value")

    def draw(panels, max_rate, noise, restarts, schedule, shape):
        made = _hop_schedule(schedule, max_rate, int(restarts))
        hops, paths = _hops(made, noise, shape)
        cosine, _ = _hops(Cosine(max_rate, HOP_STEPS), noise, shape)
        plot_hops(hops, schedule, ax=panels[0])
        low, high = hops.landscape.view[0]
        panels[1].plot(paths, np.arange(len(paths)) * HOP_STEPS / (len(paths) - 1), lw=0.8)
        panels[1].set(xlim=(low, high), ylim=(0, HOP_STEPS), ylabel="update", xlabel="x")
        panels[1].set_title("five of the walks", fontsize="small")
        steps = np.arange(HOP_STEPS)
        panels[2].plot(made(steps), steps, color=PALETTE["blue"])
        panels[2].set(ylim=(0, HOP_STEPS), xlim=(0, 1.05), xlabel="rate", yticks=[])
        rows = [("this", hops, PALETTE["blue"]), ("one cosine", cosine, PALETTE["grey"])]
        for place, (_, trials, color) in enumerate(rows):
            share, least, most = (100 * value for value in trials.share())
            panels[3].barh(place, share, 0.6, color=color)
            panels[3].plot([least, most], [place, place], color="black", lw=2)
        panels[3].axvline(target, color=PALETTE["vermillion"], ls="--", lw=1.2)
        panels[3].set(xlim=(0, 100), ylim=(1.5, -0.5), xlabel="% in the deepest basin")
        panels[3].set_yticks([0, 1], ["this", "one cosine"])
        against = cosine.against(hops)
        mean, (least, most) = 100 * against.mean, against.interval
        return (
            f"{panels[0].figure.alt} One cosine minus this: {mean:+.1f} points "
            f"[{100 * least:+.1f}, {100 * most:+.1f}]."
        )

    def score(max_rate, noise, restarts, schedule, shape):
        made = _hop_schedule(schedule, max_rate, int(restarts))
        least = 100 * _hops(made, noise, shape)[0].share()[1]
        task = f"Target: {target} % or more in the deepest basin, by the whole interval, "
        task += "with restarts or a constant rate."
        return task, f"Yours: from {least:.1f} %.", least >= target and schedule != "one cosine"

    panels = [(0.55, 1.75, 3.9, 2.3), (5.0, 1.75, 1.35, 2.1), (6.45, 1.75, 0.6, 2.1)]
    panels += [(1.2, 0.5, 5.8, 0.55)]
    return Explorer("Hop", controls, draw, panels, size=(7.2, 4.15), score=score)


def _hop_schedule(schedule, max_rate, restarts):
    cycles = restarts + 1
    return {
        "constant": lambda: Constant(max_rate),
        "one cosine": lambda: Cosine(max_rate, HOP_STEPS),
        "equal restarts": lambda: WarmRestarts(max_rate, HOP_STEPS // cycles),
        "doubling restarts": lambda: WarmRestarts(max_rate, HOP_STEPS // (2**cycles - 1), 2),
    }[schedule]()


# A picture and its score ask for the same trials, and one cosine is asked for each time.
@functools.lru_cache(maxsize=16)
def _hops(schedule, noise, shape):
    """Return the trials, and the paths of a few of them, `(moments, walks)`."""
    basins, moments = BASINS[shape], range(6, HOP_STEPS + 1, 6)
    place = {"seed": 1, "start": basins.bottoms[0], "steps": HOP_STEPS, "trials": TRIALS}
    hops = hop_among(basins, schedule, noise=noise, **place)
    paths = hop_among(basins, schedule, noise=noise, checkpoints=moments, **place)
    return hops, paths.positions[:, :WALKS]


def cycle_planner(target=3, data="CIFAR-10"):
    """Return the explorer *Cycle planner*, from a plan that stops in mid-cycle.

    `stages` are Smith's own use: cycles between bounds that fall tenfold twice, four, three and
    three of them; its half cycle is that of the first stage.

    Args:
        target: How many whole cycles are asked for, with nothing left over.
        data: On which data: `"digits"`, `"CIFAR-10"` or `"ImageNet"`.

    References:
        L. N. Smith, "Cyclical learning rates for training neural networks", arXiv:1506.01186,
        Table 2 for the stages.
    """
    controls = {
        "min_rate": rate("lowest rate", 0.001, 1e-6, 1.0),
        "max_rate": rate("highest rate", 0.006, 1e-5, 10.0),
        "half_cycle": Number("half cycle, epochs", 4, 1, 10, whole=True),
        "epochs": Number("epochs", 20, 1, 100, whole=True),
        "data": Choice("training images", list(DATA_SETS), data),
        "batch_size": Choice("batch size", [32, 64, 100, 128, 256, 512], 100),
        "policy": Choice("policy", POLICIES),
    }

    def fit_half_cycle(change):
        controls["half_cycle"].enable(change["new"] != "one cycle")

    controls["policy"].observe(fit_half_cycle, names="value")

    def plan(min_rate, max_rate, half_cycle, epochs, data, batch_size, policy):
        size = -(-DATA_SETS[data] // batch_size)
        return _cyclical(
            policy, min_rate, max_rate, int(half_cycle) * size, int(epochs) * size
        ), size

    def draw(panels, **values):
        schedule, size = plan(**values)
        sentence = _draw_plan(panels[0], schedule, size, int(values["epochs"]))
        half = int(values["half_cycle"])
        return (
            f"{values['policy']}, half cycle {half} epochs or {half * size:,} updates. {sentence}"
        )

    def score(**values):
        schedule, size = plan(**values)
        asked = values["data"] == data
        return _score_plan(schedule, size * int(values["epochs"]), target, f" on {data}", asked)

    return Explorer("Cycle planner", controls, draw, ONE_PANEL, score=score)


def _cyclical(policy, min_rate, max_rate, half, total):
    """Return the schedule of a policy between its bounds."""
    triangular = Triangular(min_rate, max_rate, half)
    if policy == "one cycle":
        height = max_rate / min_rate
        return OneCycle(max_rate, total, start_divisor=height, end_divisor=100 * height)
    if policy == "stages":
        parts = [(1, half, 8), (10, max(1, half // 2), 6), (100, max(1, half // 4), 6)]
        return Pieces(
            [
                (Triangular(min_rate / by, max_rate / by, own), own * count)
                for by, own, count in parts
            ]
        )
    if policy == "exp_range":
        # Both bounds decline to a tenth by the end.
        return Triangular(min_rate, max_rate, half, mode="exp_range", gamma=0.1 ** (1 / total))
    return triangular if policy == "triangular" else Triangular(min_rate, max_rate, half, policy)


def restart_planner(num_examples=1_280, batch_size=32, target=3):
    """Return the explorer *Restart planner*, from a plan that stops in mid-cycle.

    Args:
        num_examples: Training examples; by default those of the digits.
        batch_size: Examples for one update.
        target: How many whole cycles are asked for, with nothing left over, that grow.
    """
    size = -(-num_examples // batch_size)
    controls = {
        "max_rate": rate("highest rate", 0.1, 1e-4, 10.0),
        "floor": Number("floor / highest rate", 0.0, 0.0, 0.9, 0.05),
        "first_cycle": Number("first cycle, epochs", 5.0, 0.5, 20.0, 0.5),
        "epochs": Number("epochs", 20, 1, 100, whole=True),
        "peak_decay": Number("decay of the peak", 1.0, 0.1, 1.0, 0.05),
        "cycle_mult": Choice("each cycle longer by", [1, 1.5, 2, 3], 2),
    }

    def plan(max_rate, floor, first_cycle, epochs, peak_decay, cycle_mult):
        steps = max(1, round(first_cycle * size))
        return WarmRestarts(max_rate, steps, cycle_mult, floor * max_rate, peak_decay)

    def draw(panels, **values):
        sentence = _draw_plan(panels[0], plan(**values), size, int(values["epochs"]))
        peaks = ""
        if values["peak_decay"] < 1:
            share = values["peak_decay"]
            peaks = f" Each peak is {share:.3g} as high above the floor as the one before."
        return sentence + peaks

    def score(**values):
        words = " that grow"
        asked = values["cycle_mult"] > 1
        return _score_plan(plan(**values), size * int(values["epochs"]), target, words, asked)

    return Explorer("Restart planner", controls, draw, ONE_PANEL, score=score)


def _draw_plan(ax, schedule, size, epochs):
    """Draw a schedule over a training; a cycle that training does not finish is shaded."""
    total = size * epochs
    plot_schedules(schedule, total, steps_per_epoch=size, ax=ax)
    ends = schedule.cycle_ends(total)
    last = max([0, *ends])
    if last == total:
        return f"{ax.figure.alt} Training ends with a cycle."
    ax.axvspan(last, total, color=PALETTE["orange"], alpha=0.25, lw=0, zorder=0)
    place = {"transform": ax.get_xaxis_transform(), "ha": "center", "va": "bottom"}
    ax.text((last + total) / 2, 1, "unfinished", **place)
    further = schedule.cycle_ends(3 * total + 1)
    whole = [end // size for end in further if end % size == 0 and end > last][:1]
    near = [f"{last // size} epochs" for _ in [0] if last and last % size == 0]
    near += [f"{end} epochs" for end in whole]
    advice = f" It would after {' or '.join(near)}." if near else ""
    return f"{ax.figure.alt} Training ends inside a cycle.{advice}"


def _score_plan(schedule, total, target, words, asked):
    ends = schedule.cycle_ends(total)
    rest = "" if total in ends else " and part of another"
    task = f"Target: {target} cycles or more{words}, and training that ends with the last."
    return task, f"Yours: {len(ends)}{rest}.", asked and not rest and len(ends) >= target


def sweep(runs):
    """Return the explorer *Sweep*: the curves of a sweep, and who is ahead at the end.

    Args:
        runs: The `Runs` of a sweep or of a comparison, live or stored.
    """
    metrics = [metric for metric in runs.metrics if _is_known(metric)]
    metrics = sorted(metrics, key=lambda metric: metric != "val_accuracy")
    winner, what = runs.best(metrics[0]).label, "policy" if runs.policies else "learning rate"
    styles = dict(zip(runs.labels, looks(runs.labels)))
    controls = {
        "labels": Choice(what, [(name(one), one) for one in runs.labels], several=True),
        "seeds": Choice("seeds", [(str(seed), seed) for seed in runs.seeds], several=True),
        "metric": Choice("metric", [(METRIC_NAMES.get(one, one), one) for one in metrics]),
        "part": Choice("epochs", ["all", "the last third"]),
    }

    def chosen(labels, seeds):
        if not labels or not seeds:
            raise ValueError(f"No {'seed' if labels else what} is chosen; choose one or more.")
        return runs.select(labels, seeds)

    def draw(panels, labels, seeds, metric, part):
        own = chosen(labels, seeds)
        sentence = plot_runs(own, metric, ax=panels[0], styles=styles).alt
        panels[0].get_legend().remove()
        epochs = own.table()["epoch"].max()
        if part != "all":
            tail = own.table().query(f"epoch > {epochs * 2 / 3}")[metric]
            panels[0].set_xlim(epochs * 2 / 3, epochs)
            low, high = tail.quantile(0.02), tail.max()
            panels[0].set_ylim(low, max(high, low + 1e-9))
        rows = own.summary(metric).sort_values("mean", ascending=direction(metric) == "min")
        best = own.best(metric)
        for place, (label, row) in enumerate(rows.iterrows()):
            look = styles[label]
            panels[1].plot([row["min"], row["max"]], [place, place], color=look["color"], lw=2)
            mark = {"marker": look["marker"], "ms": 8, "color": look["color"]}
            panels[1].plot(row["mean"], place, **mark)
        names = [f"{'★ ' if label == best.label else ''}{name(label)}" for label in rows.index]
        panels[1].set_yticks(range(len(rows)), names)
        panels[1].set(ylim=(len(rows) - 0.5, -0.5), xlabel="at the end, with range")
        edge = best.at_edge and len(own.labels) == len(runs.labels)
        advice = " It lies at the edge of the grid: widen it." if edge else ""
        return f"{sentence} Best is {name(best.label)} with {best.mean:.3f}.{advice}"

    def score(labels, seeds, metric, part):
        best = chosen(labels, seeds).best(metric).label
        task = f"Target: with every {what} chosen, a metric or seeds by which {name(winner)} loses."
        reached = len(labels) == len(runs.labels) and best != winner
        return task, f"Yours: {name(best)} wins.", reached

    panels = [(0.75, 0.6, 3.7, 2.75), (5.45, 0.6, 1.6, 2.75)]
    return Explorer("Sweep", controls, draw, panels, size=(7.2, 3.5), score=score)


def _is_known(metric):
    try:
        return bool(direction(metric))
    except ValueError:
        return False
