"""Explorers that train: *Bounds*, *Train a cycle* and *Layer rates*."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from helpers.explorers.controls import Choice, Number, rate
from helpers.explorers.running import TrainingExplorer
from helpers.plotting import plot_layer_rates, plot_movement, plot_range_test, plot_schedules
from helpers.plotting.style import SERIES
from helpers.results import RULES, Runs
from helpers.schedules import Constant, Cosine, OneCycle, Triangular

METRIC, RUNS_SHOWN = "val_accuracy", 5


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
    low, high = test.rates[0], test.rates[-1]
    controls = {
        "min_rate": rate(
            "lowest rate", float(f"{low ** (2 / 3) * high ** (1 / 3):.3g}"), low, high
        ),
        "max_rate": rate(
            "highest rate", float(f"{low ** (1 / 3) * high ** (2 / 3):.3g}"), low, high
        ),
        "smoothing": Number("smoothing", min(test.smoothing, 0.99), 0.0, 0.99, 0.01),
        "rule": Choice("rule", [*((rule.replace("_", " "), rule) for rule in RULES), "bounds"]),
        "curve": Choice("curve", ["loss"] + ["accuracy"] * (test.accuracies is not None)),
    }

    def make(values, total):
        return Triangular(values["min_rate"], values["max_rate"], max(1, total // 4))

    def draw_above(ax, min_rate, max_rate, smoothing, rule, curve):
        smoothed = replace(test, smoothing=smoothing)
        rules, own = ((), True) if rule == "bounds" else ((rule,), False)
        plot_range_test(smoothed, curve, rules=rules, bounds=own, ax=ax)
        ax.get_legend().remove()
        ax.axvspan(min_rate, max_rate, color=SERIES[1]["color"], alpha=0.2, lw=0, zorder=0)
        for bound in (min_rate, max_rate):
            ax.axvline(bound, color=SERIES[1]["color"], lw=1.5)
        factor = max_rate / min_rate
        reason = smoothed.bounds().max_reason if rule == "bounds" else smoothed.reasons()[rule]
        return (
            f"{ax.figure.alt} Read off: {reason}. Your bounds are a factor of {factor:.3g} apart."
        )

    def name(values):
        return f"{values['min_rate']:.3g} to {values['max_rate']:.3g}"

    return _trainer(
        *("Bounds", controls, build_model, train, validation, make, name, draw_above),
        *(seeds, lambda values: epochs),
        f"validation accuracy {target:g} at the end of a run",
        lambda runs: (runs.summary(METRIC)["mean"].max(), target),
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
        if policy == "constant":
            return Constant(high)
        if policy == "one cosine":
            return Cosine(high, total)
        if policy == "one cycle":
            return OneCycle(high, total, start_divisor=high / low, end_divisor=100 * high / low)
        return Triangular(low, high, half, mode=policy)

    def name(values):
        return f"{values['policy']}, {values['min_rate']:.3g} to {values['max_rate']:.3g}"

    def reached(runs):
        steps = runs.steps_to(METRIC, level).groupby("label")["steps"]
        slowest = steps.max().where(steps.count() == len(seeds)).dropna()
        return (-slowest.min() if len(slowest) else -np.inf), -target

    return _trainer(
        *("Train a cycle", controls, build_model, train, validation, make, name, None),
        *(seeds, lambda values: int(values["epochs"])),
        f"validation accuracy {level:g} within {target} updates",
        reached,
    )


def _trainer(
    title,
    controls,
    build_model,
    train,
    validation,
    make,
    name,
    draw_above,
    seeds,
    epochs,
    task,
    judge,
):
    """Return an explorer that trains one policy with every seed at each press of *Run*."""
    size = -(-len(train[1]) // 32)

    def work(**values):
        from helpers.training import iterate

        schedules = {name(values): make(values, size * epochs(values))}
        options = {"epochs": epochs(values), "seeds": seeds}
        return iterate(build_model, schedules, train, validation, **options)

    def draw(panels, results, **values):
        total = size * epochs(values)
        sentence = draw_above(panels[0], **values) if draw_above else ""
        schedule_ax, runs_ax = panels[-2:]
        for place, result in enumerate(results[-RUNS_SHOWN:]):
            _draw_result(runs_ax, result, SERIES[(len(results[:-RUNS_SHOWN]) + place) % 8])
        plot_schedules(make(values, total), total, ax=schedule_ax)
        ticks = np.arange(0, epochs(values) + 1, -(-epochs(values) // 5))
        schedule_ax.set_xticks(ticks * size, [str(tick) for tick in ticks])
        schedule_ax.set(xlabel=f"epoch (of {size} updates)", ylabel="rate")
        runs_ax.set(xlim=(0, epochs(values)), xlabel="epoch", ylabel="validation accuracy")
        lowest = min([0.8, *(result.table()[METRIC].median() for result in results)])
        runs_ax.set_ylim(max(0, lowest - 0.05), 1.0)
        lines = [sentence or schedule_ax.figure.alt]
        for number, result in enumerate(results, start=1):
            row = result.summary(METRIC).iloc[-1]
            counted = f"{row['seeds']:.0f} of {len(seeds)} seeds"
            lines.append(f"Run {number}, {result.labels[-1]}: {row['mean']:.3f} with {counted}.")
        return "\n".join([lines[0], *lines[1:][-RUNS_SHOWN:]])

    def score(results, **_):
        complete = [result for result in results if len(result.seeds) == len(seeds)]
        if not complete:
            yours = "no run has finished with every seed" if results else "nothing has run yet"
            return f"Target: {task}, with all {len(seeds)} seeds.", f"Yours: {yours}.", False
        numbered = [
            Runs(one.frame.assign(policy=f"run {place}"), one.about)
            for place, one in enumerate(complete)
        ]
        best, wanted = judge(numbered[0].concat(*numbered[1:]))
        yours = "not there yet" if not np.isfinite(best) else f"best {abs(best):.4g}"
        return f"Target: {task}, with all {len(seeds)} seeds.", f"Yours: {yours}.", best >= wanted

    if draw_above:
        panels = [(0.75, 2.05, 3.5, 1.85), (0.75, 0.5, 3.5, 0.8), (5.0, 0.5, 2.0, 3.4)]
        return TrainingExplorer(title, controls, work, draw, panels, size=(7.2, 4.0), score=score)
    panels = [(0.75, 2.45, 6.2, 0.9), (0.75, 0.5, 6.2, 1.45)]
    return TrainingExplorer(title, controls, work, draw, panels, size=(7.2, 3.5), score=score)


def _draw_result(ax, runs, look):
    curves = runs.table().pivot_table(index="epoch", columns="seed", values=METRIC)
    ax.fill_between(curves.index, curves.min(axis=1), curves.max(axis=1), alpha=0.15, **_only(look))
    ax.plot(curves.index, curves.mean(axis=1), markersize=5, clip_on=False, **look)


def _only(look):
    return {"color": look["color"], "lw": 0}


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
        group = [place for place, part in enumerate(parts) for _ in part]
        group = np.array([*group, max(0, int(groups) - 1)])
        rates = top_rate / ratio ** (int(groups) - 1 - group.astype(float))
        return blocks.reset_index(drop=True).assign(group=group, learning_rate=rates)

    def work(**values):
        said = f"{values['groups']:.0f} groups, ratio {values['ratio']:.3g}"
        for done, (movement, accuracy) in enumerate(
            train(table(**values)["learning_rate"]), start=1
        ):
            result = Moved(said, done, movement, float(accuracy))
            text = f"{done} of {pieces}, validation accuracy {accuracy:.3f}"
            yield SimpleNamespace(
                fraction=min(1.0, done / pieces), text=text, so_far=result, finished=result
            )

    def draw(panels, results, **values):
        own = table(**values)
        plot_layer_rates(own, limits=(1e-6, 1.0), ax=panels[0])
        lines = [panels[0].figure.alt]
        if results:
            shown = list(enumerate(results, start=1))[-3:]
            plot_movement({f"run {number}": one.movement for number, one in shown}, ax=panels[1])
            panels[1].get_legend().remove()
            for number, one in shown:
                moved = one.movement["movement"].iloc[0]
                lines.append(
                    f"Run {number}, {one.said}: accuracy {one.accuracy:.3f} after {one.pieces} of "
                    f"{pieces}, first block moved {moved:.2g}."
                )
        panels[1].set_xscale("log")
        panels[1].axvline(most_movement, color=SERIES[1]["color"], ls="--", lw=1.2)
        panels[1].set(xlabel="movement (log scale)", xlim=(1e-6, 3), ylim=(count - 0.5, -1.0))
        panels[1].set_yticks(range(count), [])
        return "\n".join(lines)

    def score(results, **_):
        task = f"Target: validation accuracy {target:g} while the first block moves "
        task += f"{most_movement:g} or less."
        whole = [one for one in results if one.pieces == pieces]
        still = [one for one in whole if one.movement["movement"].iloc[0] <= most_movement]
        if not still:
            return task, f"Yours: {'moved further' if whole else 'nothing has run yet'}.", False
        best = max(one.accuracy for one in still)
        return task, f"Yours: {best:.3f}.", best >= target

    height = 1.2 + 0.3 * count
    panels = [(0.1, 0.6, 4.6, height - 0.7), (5.0, 0.6, 2.0, height - 0.7)]
    options = {"size": (7.2, height), "score": score}
    return TrainingExplorer("Layer rates", controls, work, draw, panels, **options)


class Moved(SimpleNamespace):
    """What a press of *Run* of *Layer rates* led to."""

    def __init__(self, said, pieces, movement, accuracy):
        super().__init__(said=said, pieces=pieces, movement=movement, accuracy=accuracy)

    def __len__(self):
        return self.pieces
