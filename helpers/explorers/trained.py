"""Explorers of training: *Sweep*, *Bounds*, *Train a cycle* and *Layer rates*."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from helpers.explorers.base import Explorer, TrainingExplorer
from helpers.explorers.controls import Choice, Number, rate
from helpers.explorers.shown import cyclical, steady
from helpers.plotting import plot_layer_rates, plot_range_test, plot_runs, plot_schedules
from helpers.plotting.style import SERIES, looks
from helpers.results import RULES
from helpers.results.paired import METRIC_NAMES, direction, name
from helpers.schedules import Triangular

METRIC, RUNS_SHOWN = "val_accuracy", 5
OWN, LIMIT = {"color": SERIES[1]["color"], "lw": 1.5}, {"color": SERIES[1]["color"], "ls": "--"}


def sweep(runs):
    """Return the explorer *Sweep*: the curves of a sweep, and who is ahead at the end.

    Args:
        runs: The `Runs` of a sweep or of a comparison, live or stored.
    """
    metrics = [metric for metric in runs.metrics if metric in METRIC_NAMES]
    metrics = sorted(metrics, key=lambda metric: metric != METRIC)
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
            start = table["epoch"].max() * 2 / 3
            tail = table.loc[table["epoch"] > start, metric]
            low, high = tail.quantile(0.02), tail.max()
            panels[0].set(xlim=(start, table["epoch"].max()), ylim=(low, max(high, low + 1e-9)))
        best = own.best(metric)
        _draw_ends(panels[1], own.summary(metric), direction(metric) == "min", best, styles)
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


def _draw_ends(ax, summary, rising, best, styles):
    """Draw mean and range of each label at the end, the best at the top."""
    rows = summary.sort_values("mean", ascending=rising)
    for place, (label, row) in enumerate(rows.iterrows()):
        look = {"color": styles[label]["color"], "marker": styles[label]["marker"]}
        ax.plot([row["min"], row["max"]], [place, place], color=look["color"], lw=2)
        ax.plot(row["mean"], place, ms=8, **look)
    names = [f"{'★ ' if label == best.label else ''}{name(label)}" for label in rows.index]
    ax.set_yticks(range(len(rows)), names)
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
    # The same whatever the smoothing, so that a curve that moves is seen to move.
    limits = {"loss": plot_range_test(test).axes[0].get_ylim(), "accuracy": (0, 1.02)}
    thirds = [float(f"{value:.3g}") for value in np.geomspace(low, high, 4)]
    controls = {
        "min_rate": rate("lowest rate", thirds[1], low, high),
        "max_rate": rate("highest rate", thirds[2], low, high),
        "smoothing": Number("smoothing", min(test.smoothing, 0.99), 0.0, 0.99, 0.01),
        "rule": Choice("rule", [*((rule.replace("_", " "), rule) for rule in RULES), "bounds"]),
        "curve": Choice("curve", ["loss"] + ["accuracy"] * (test.accuracies is not None)),
    }

    def make(values, total):
        label = f"{values['min_rate']:.3g} to {values['max_rate']:.3g}"
        return label, Triangular(values["min_rate"], values["max_rate"], max(1, total // 4))

    def above(ax, min_rate, max_rate, smoothing, rule, curve):
        smoothed = replace(test, smoothing=smoothing)
        smith = rule == "bounds"
        rules = () if smith else (rule,)
        sentence = plot_range_test(smoothed, curve, rules=rules, bounds=smith, ax=ax).alt
        ax.set_ylim(limits[curve])
        ax.axvspan(min_rate, max_rate, color=OWN["color"], alpha=0.2, lw=0, zorder=0)
        ax.vlines([min_rate, max_rate], 0, 1, transform=ax.get_xaxis_transform(), **OWN)
        reason = smoothed.bounds().max_reason if smith else smoothed.reasons()[rule]
        apart = f"Your bounds are a factor of {max_rate / min_rate:.3g} apart."
        return f"{sentence} Read off: {reason}. {apart}"

    def judge(runs):
        return runs.summary(METRIC)["mean"].iloc[-1]

    task = f"validation accuracy {target:g} at the end of a run"
    data = build_model, train, validation, tuple(seeds)
    return _trainer(
        "Bounds", controls, data, make, lambda values: epochs, judge, target, task, above
    )


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

    def make(values, total):
        low, high, policy = values["min_rate"], values["max_rate"], values["policy"]
        half = max(1, round(values["half_cycle"] / values["epochs"] * total))
        return f"{policy}, {low:.3g} to {high:.3g}", cyclical(policy, low, high, half, total)

    def judge(runs):
        steps = runs.steps_to(METRIC, level)["steps"]
        return -np.inf if steps.isna().any() else -float(steps.max())

    data = build_model, train, validation, tuple(seeds)
    task = f"validation accuracy {level:g} within {target} updates"
    epochs = lambda values: int(values["epochs"])  # noqa: E731
    return _trainer("Train a cycle", controls, data, make, epochs, judge, -target, task)


def _trainer(title, controls, data, make, epochs, judge, wanted, task, above=None):
    """Return an explorer that trains one policy with every seed at each press of *Run*.

    `make(values, updates)` returns a run's name and schedule, `judge(runs)` how good it is.
    """
    build_model, train, validation, seeds = data
    size = -(-len(train[1]) // 32)

    def work(**values):
        from helpers.training import iterate

        label, schedule = make(values, size * epochs(values))
        options = {"epochs": epochs(values), "seeds": seeds}
        yield from iterate(build_model, {label: schedule}, train, validation, **options)

    def draw(panels, results, **values):
        most, total = epochs(values), size * epochs(values)
        sentence = above(panels[0], **values) if above else ""
        ax, runs_ax = panels[-2:]
        said = plot_schedules(make(values, total)[1], total, ax=ax).alt
        steady(ax.set_ylim, ax.get_ylim()[1])
        ticks = np.arange(0, most + 1, -(-most // 5))
        ax.set_xticks(ticks * size, ticks)
        ax.set(xlabel=f"epoch (of {size} updates)", ylabel="rate")
        shown = list(enumerate(results, start=1))[-RUNS_SHOWN:]
        lines = [_draw_run(runs_ax, number, result, len(seeds)) for number, result in shown]
        lowest = min([0.8, *(result.table()[METRIC].median() for _, result in shown)])
        runs_ax.set(xlabel="epoch", ylabel="validation accuracy")
        runs_ax.set(xlim=(0, most), ylim=(max(0, lowest - 0.05), 1.0))
        return "\n".join([sentence or said, *lines])

    def score(results, **_):
        target = f"Target: {task}, with all {len(seeds)} seeds."
        found = [judge(result) for result in results if len(result.seeds) == len(seeds)]
        if not found:
            yours = "no run has finished with every seed" if results else "nothing has run yet"
            return target, f"Yours: {yours}.", False
        best = np.nan_to_num(found, nan=-np.inf).max()
        yours = f"best {abs(best):.4g}" if np.isfinite(best) else "not there yet"
        return target, f"Yours: {yours}.", bool(best >= wanted)

    panels, size_of_picture = [(0.75, 2.45, 6.2, 0.9), (0.75, 0.5, 6.2, 1.45)], (7.2, 3.5)
    if above:
        panels = [(0.75, 2.05, 3.5, 1.85), (0.75, 0.5, 3.5, 0.8), (5.0, 0.5, 2.0, 3.4)]
        size_of_picture = 7.2, 4.0
    options = {"size": size_of_picture, "score": score}
    return TrainingExplorer(title, controls, work, draw, panels, **options)


def _draw_run(ax, number, runs, seeds):
    """Draw mean and range of a run; return them in words."""
    look = SERIES[(number - 1) % len(SERIES)]
    curves = runs.table().pivot(index="epoch", columns="seed", values=METRIC)
    band = {"color": look["color"], "alpha": 0.15, "lw": 0}
    ax.fill_between(curves.index, curves.min(axis=1), curves.max(axis=1), **band)
    ax.plot(curves.index, curves.mean(axis=1), markersize=5, clip_on=False, **look)
    mean = runs.summary(METRIC)["mean"].iloc[-1]
    return f"Run {number}, {runs.labels[-1]}: {mean:.3f} with {len(runs.seeds)} of {seeds} seeds."


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
            moved = movement["movement"].to_numpy()
            result = [SimpleNamespace(said=said, done=done, moved=moved, accuracy=accuracy)]
            text = f"{done} of {pieces}, validation accuracy {accuracy:.3f}"
            share = min(1.0, done / pieces)
            yield SimpleNamespace(fraction=share, text=text, so_far=result, finished=result)

    def draw(panels, results, **values):
        lines = [plot_layer_rates(table(**values), limits=(1e-6, 1.0), ax=panels[0]).alt]
        ax = panels[1]
        ax.set(xlabel="movement (log scale)", xlim=(1e-6, 3), ylim=(count - 0.5, -1.0))
        ax.set_xscale("log")
        ax.set_yticks(range(count), [])
        ax.axvline(most_movement, lw=1.2, **LIMIT)
        for number, (one,) in list(enumerate(results, start=1))[-3:]:
            ax.plot(np.clip(one.moved, 1e-6, 3), range(count), lw=1, **SERIES[(number - 1) % 8])
            lines.append(
                f"Run {number}, {one.said}: accuracy {one.accuracy:.3f} after {one.done} of "
                f"{pieces}, first block moved {one.moved[0]:.2g}."
            )
        return "\n".join(lines)

    def score(results, **_):
        task = f"Target: validation accuracy {target:g} while the first block moves "
        task += f"{most_movement:g} or less."
        whole = [one for (one,) in results if one.done == pieces]
        still = [one.accuracy for one in whole if one.moved[0] <= most_movement]
        if not still:
            return task, f"Yours: {'moved further' if whole else 'nothing has run yet'}.", False
        return task, f"Yours: {max(still):.3f}.", max(still) >= target

    height = 1.2 + 0.3 * count
    panels = [(0.1, 0.6, 4.6, height - 0.7), (5.0, 0.6, 2.0, height - 0.7)]
    options = {"size": (7.2, height), "score": score}
    return TrainingExplorer("Layer rates", controls, work, draw, panels, **options)
