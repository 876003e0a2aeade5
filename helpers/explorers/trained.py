"""Explorers of training: *Sweep*, *Bounds*, *Train a cycle* and *Layer rates*."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from helpers.explorers.base import Explorer, TrainingExplorer
from helpers.explorers.controls import Choice, Number, rate
from helpers.explorers.shown import cyclical, steady
from helpers.plotting import plot_layer_rates, plot_range_test, plot_runs, plot_schedules
from helpers.plotting.style import PALETTE, SERIES, looks
from helpers.results import RULES
from helpers.results.paired import METRIC_NAMES, direction, name
from helpers.schedules import Triangular

METRIC, RUNS_SHOWN = "val_accuracy", 5


def sweep(runs):
    """Return the explorer *Sweep*: the curves of a sweep, and who is ahead at the end.

    Args:
        runs: The `Runs` of a sweep or of a comparison, live or stored.
    """
    metrics = [metric for metric in runs.metrics if metric in METRIC_NAMES]
    metrics.sort(key=lambda metric: metric != METRIC)
    winner, what = runs.best(metrics[0]).label, "policy" if runs.policies else "learning rate"
    styles = dict(zip(runs.labels, looks(runs.labels)))
    controls = {
        "labels": Choice(what, [(name(one), one) for one in runs.labels], several=True),
        "seeds": Choice("seeds", runs.seeds, several=True),
        "metric": Choice("metric", [(METRIC_NAMES[one], one) for one in metrics]),
        "part": Choice("epochs", ["all", "the last third"]),
    }

    def chosen(labels, seeds):
        if not labels or not seeds:
            raise ValueError(f"No {'seed' if labels else what} is chosen; choose one or more.")
        return runs.select(labels, seeds)

    def draw(panels, labels, seeds, metric, part):
        own = chosen(labels, seeds)
        sentence = plot_runs(own, metric, styles=styles, ax=panels[0]).alt
        if part != "all":
            table = own.table()
            start, last = table["epoch"].max() * 2 / 3, table["epoch"].max()
            tail = table[metric][table["epoch"] > start]
            panels[0].set(xlim=(start, last), ylim=(tail.quantile(0.02), tail.max() + 1e-9))
        best = own.best(metric)
        _draw_ends(panels[1], own.summary(metric), direction(metric) == "min", styles)
        return f"{sentence} Best is {name(best.label)} with {best.mean:.3f}."

    def score(labels, seeds, metric, part):
        best = chosen(labels, seeds).best(metric).label
        task = f"Target: with every {what} chosen, a metric or seeds by which {name(winner)} loses."
        reached = len(labels) == len(runs.labels) and best != winner
        return task, f"Yours: {name(best)} wins.", reached

    panels = [(0.75, 0.6, 3.7, 2.75), (5.45, 0.6, 1.6, 2.75)]
    return Explorer("Sweep", controls, draw, panels, size=(7.2, 3.5), score=score)


def _draw_ends(ax, summary, rising, styles):
    """Draw mean and range of each label at the end, the best at the top."""
    rows = summary.sort_values("mean", ascending=rising)
    for place, (label, row) in enumerate(rows.iterrows()):
        # By rounding, the mean of equal values may lie beyond them.
        ends = [[abs(row["mean"] - row[end])] for end in ("min", "max")]
        ax.errorbar(row["mean"], place, xerr=ends, ms=8, **styles[label])
    first, *others = map(name, rows.index)
    ax.set_yticks(range(len(rows)), [f"★ {first}", *others])
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlabel="at the end, with range")


def bounds(test, build_model, train, validation, *, seeds=(0, 1, 2), epochs=8, target=0.94):
    """Return the explorer *Bounds*; *Run* trains two triangular cycles between the bounds.

    Args:
        test: A `RangeTest` of the same model and data.
        build_model: Function that returns a compiled model with the metric `accuracy`.
        train: Arrays `(x, y)`, or what else `training.compare` takes.
        validation: Data to measure on after each epoch.
        seeds: Seeds of each run.
        epochs: Passes over the data in each run.
        target: Validation accuracy to reach at the end of a run, as the mean of all seeds.
    """
    low, high = test.rates[[0, -1]]
    thirds = [float(f"{value:.3g}") for value in np.geomspace(low, high, 4)]
    controls = {
        "min_rate": rate("lowest rate", thirds[1], low, high),
        "max_rate": rate("highest rate", thirds[2], low, high),
        "smoothing": Number("smoothing", min(test.smoothing, 0.99), 0.0, 0.99, 0.01),
        "rule": Choice("rule", [*((rule.replace("_", " "), rule) for rule in RULES), "bounds"]),
        "curve": Choice("curve", ["loss"] + ["accuracy"] * (test.accuracies is not None)),
    }

    def make(size, min_rate, max_rate, **_):
        schedule = Triangular(min_rate, max_rate, max(1, size * epochs // 4))
        return f"{min_rate:.3g} to {max_rate:.3g}", schedule, epochs

    def above(panel, min_rate, max_rate, smoothing, rule, curve):
        smith = rule == "bounds"
        options = {"rules": () if smith else (rule,), "bounds": smith, "ax": panel}
        sentence = plot_range_test(replace(test, smoothing=smoothing), curve, **options).alt
        if curve == "loss":
            steady(panel.set_ylim, panel.get_ylim()[1])
        panel.axvspan(min_rate, max_rate, color=SERIES[1]["color"], alpha=0.2, zorder=0)
        return f"{sentence} Your bounds are a factor of {max_rate / min_rate:.3g} apart."

    def judge(runs):
        return runs.summary(METRIC)["mean"].iloc[-1]

    task = f"validation accuracy {target:g} at the end of a run"
    data = build_model, train, validation, tuple(seeds)
    return _trainer("Bounds", controls, data, make, judge, target, task, above)


def train_a_cycle(build_model, train, validation, *, seeds=(0, 1, 2), target=240, level=0.94):
    """Return the explorer *Train a cycle*; *Run* trains a policy, and the curves overlay.

    Args:
        build_model: As for `bounds`.
        train: As for `bounds`.
        validation: As for `bounds`.
        seeds: Seeds of each run.
        target: Updates within which every seed is to reach the level.
        level: Validation accuracy.
    """
    policies = ["triangular", "triangular2", "one cycle", "one cosine", "constant"]
    controls = {
        "min_rate": rate("lowest rate", 0.01, 1e-4, 1.0),
        "max_rate": rate("highest rate", 0.1, 1e-3, 3.0),
        "half_cycle": Number("half cycle, epochs", 2, 1, 10, whole=True),
        "epochs": Number("epochs", 8, 1, 20, whole=True),
        "policy": Choice("policy", policies),
    }

    def make(size, min_rate, max_rate, half_cycle, epochs, policy):
        half, total = int(half_cycle) * size, int(epochs) * size
        schedule = cyclical(policy, min_rate, max_rate, half, total)
        return f"{policy}, {min_rate:.3g} to {max_rate:.3g}", schedule, int(epochs)

    def judge(runs):
        steps = runs.steps_to(METRIC, level)["steps"]
        return -np.inf if steps.isna().any() else -float(steps.max())

    data = build_model, train, validation, tuple(seeds)
    task = f"validation accuracy {level:g} within {target} updates"
    return _trainer("Train a cycle", controls, data, make, judge, -target, task)


def _trainer(title, controls, data, make, judge, wanted, task, above=None):
    """Return an explorer that trains one policy with every seed at each press of *Run*.

    `make(updates of an epoch, **values)` returns a run's name, schedule and epochs, `judge(runs)`
    how good it is.
    """
    build_model, train, validation, seeds = data
    size = -(-len(train[1]) // 32)

    def work(**values):
        from helpers.training import iterate

        label, schedule, epochs = make(size, **values)
        options = {"epochs": epochs, "seeds": seeds}
        yield from iterate(build_model, {label: schedule}, train, validation, **options)

    def draw(panels, results, **values):
        _, schedule, epochs = make(size, **values)
        sentence = above(panels[0], **values) if above else ""
        ax, runs_ax = panels[-2:]
        said = plot_schedules(schedule, size * epochs, ax=ax).alt
        steady(ax.set_ylim, ax.get_ylim()[1])
        end = steady(runs_ax.set_xlim, epochs)
        ax.set(xlabel=f"update ({size} to an epoch)", ylabel="rate", xlim=(0, size * end))
        shown = list(enumerate(results, start=1))[-RUNS_SHOWN:]
        lines = [_draw_run(runs_ax, number, result, len(seeds)) for number, result in shown]
        runs_ax.set(xlabel="epoch", ylabel="validation accuracy", xlim=(0, end), ylim=(0.5, 1))
        return "\n".join([sentence or said, *lines])

    def score(results, **_):
        whole = [judge(result) for result in results if len(result.seeds) == len(seeds)]
        best = max((value for value in whole if not np.isnan(value)), default=-np.inf)
        yours = "not there with every seed" if results else "nothing has run yet"
        yours = f"best {abs(best):.4g}" if np.isfinite(best) else yours
        target = f"Target: {task}, with all {len(seeds)} seeds."
        return target, f"Yours: {yours}.", best >= wanted

    panels, size_of_picture = [(0.75, 2.45, 6.2, 0.9), (0.75, 0.5, 6.2, 1.45)], (7.2, 3.5)
    if above:
        panels = [(0.75, 2.05, 3.5, 1.85), (0.75, 0.5, 3.5, 0.8), (5.0, 0.5, 2.0, 3.4)]
        size_of_picture = 7.2, 4.0
    return TrainingExplorer(title, controls, work, draw, panels, size=size_of_picture, score=score)


def _draw_run(ax, number, runs, seeds):
    """Draw mean and range of a run; return them in words."""
    (label,) = runs.labels
    plot_runs(runs, METRIC, styles={label: SERIES[(number - 1) % len(SERIES)]}, ax=ax)
    mean = runs.summary(METRIC)["mean"].iloc[-1]
    return f"Run {number}, {label}: {mean:.3f} with {len(runs.seeds)} of {seeds} seeds."


def layer_rates(blocks, train, *, pieces, target, most_movement):
    """Return the explorer *Layer rates*; *Run* trains with the rates that its picture shows.

    Args:
        blocks: What `LayerGroups.table()` returned for the finest split that is of interest: two
            to 16 blocks, one row each.
        train: Generator function: `train(rates)`, with a rate for each block, trains a model from
            the same start every time. After each piece it yields the frame of `layerwise.movement`
            since the start, one row a block, and the validation accuracy.
        pieces: How often `train` yields.
        target: Validation accuracy to reach.
        most_movement: How far the first block may move meanwhile, relative to its size.
    """
    count = len(blocks)
    controls = {
        "groups": Number("groups", min(3, count), 1, count, whole=True),
        "ratio": Number("ratio of rates", 10.0, 1.0, 100.0, log=True),
        "top_rate": rate("rate of the head", 0.01, 1e-5, 1.0),
    }

    def table(groups, ratio, top_rate):
        # The last block, the head, is alone; the others are shared out evenly.
        parts = np.array_split(np.arange(count - 1), max(1, int(groups) - 1))
        group = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        group = np.append(group, max(0, int(groups) - 1))
        rates = top_rate / ratio ** (int(groups) - 1 - group.astype(float))
        return blocks.reset_index(drop=True).assign(group=group, learning_rate=rates)

    def work(**values):
        said = f"{values['groups']:.0f} groups, ratio {values['ratio']:.3g}"
        found = train(table(**values)["learning_rate"])
        for done, (movement, accuracy) in enumerate(found, start=1):
            moved, text = movement["movement"].to_numpy(), f"{done} of {pieces}"
            words = f"{said}: accuracy {accuracy:.3f} after {text}"
            result = [SimpleNamespace(said=words, done=done, moved=moved, accuracy=accuracy)]
            yield SimpleNamespace(fraction=done / pieces, text=text, so_far=result, finished=result)

    def draw(panels, results, **values):
        lines = [plot_layer_rates(table(**values), limits=(1e-6, 1.0), ax=panels[0]).alt]
        ax = panels[1]
        ax.set(xlabel="movement (log scale)", xlim=(1e-6, 3), ylim=(count - 0.5, -1.0))
        ax.set_xscale("log")
        ax.set_yticks(range(count), [])
        ax.axvline(most_movement, color=PALETTE["vermillion"], ls="--", lw=1.2)
        for number, (one,) in list(enumerate(results, start=1))[-3:]:
            ax.plot(np.clip(one.moved, 1e-6, 3), range(count), lw=1, **SERIES[(number - 1) % 8])
            lines.append(f"Run {number}, {one.said}, first block moved {one.moved[0]:.2g}.")
        return "\n".join(lines)

    def score(results, **_):
        task = f"Target: accuracy {target:g} while the first block moves {most_movement:g} or less."
        whole = [one for (one,) in results if one.done == pieces]
        best = max((one.accuracy for one in whole if one.moved[0] <= most_movement), default=0)
        return task, f"Yours: {best:.3f}, the best of {len(whole)} so far.", best >= target

    height = 1.2 + 0.3 * count
    panels = [(0.1, 0.6, 4.6, height - 0.7), (5.0, 0.6, 2.0, height - 0.7)]
    options = {"size": (7.2, height), "score": score}
    return TrainingExplorer("Layer rates", controls, work, draw, panels, **options)
