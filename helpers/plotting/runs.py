"""`Runs` as figures: curves of training, the end of it against the rate, and paired intervals."""

import numpy as np

from helpers.plotting.style import BESIDE, LOOKS, PALETTE, axes_for, described, looks, shade, sparse
from helpers.results.paired import METRIC_NAMES, name


def plot_runs(runs, metric="val_accuracy", *, styles=None, ax=None):
    """Draw a metric along the training: a line for each label (mean), a band over its seeds.

    Args:
        runs: A `Runs`; `runs.select(labels, seeds)` draws some of them.
        metric: A name from `runs.metrics`.
        styles: Dict of label to look, where the same lines are to look alike in several figures.
        ax: Axes to draw into, then without a legend, or None for a new figure.

    Returns:
        The figure. The legend is in the order in which the lines end. The axis of a loss ends at
        1.5 times its first value, so that one diverging run does not flatten the others.
    """
    table, own = runs.table().replace({metric: [np.inf, -np.inf]}, np.nan), ax is None
    ax = axes_for(ax, width=8.5, height=3.6)
    styles = styles or dict(zip(runs.labels, looks(runs.labels)))
    groups = table.dropna(subset=[metric]).groupby([table["label"].map(name), "epoch"])[metric]
    values = groups.agg(["mean", "min", "max", "median"])
    curves = {each: values.loc[name(each)] for each in runs.labels if name(each) in values.index}
    order = sorted(curves, key=lambda label: -curves[label]["mean"].iloc[-1])
    for label in order:
        curve = curves[label]
        ax.fill_between(curve.index, curve["min"], curve["max"], **shade(styles[label]))
        ax.plot(curve["mean"], label=name(label), ms=5, markevery=0.13, **styles[label])
    if "loss" in metric:
        ax.set_ylim(0, 1.5 * np.median([curve["median"].iloc[0] for curve in curves.values()]))
    shown = METRIC_NAMES.get(metric, metric)
    ax.set(xlabel="epoch", ylabel=shown)
    ax.xaxis.get_major_locator().set_params(integer=True)
    if own:
        ax.legend(**BESIDE)
    ends = ", ".join(f"{name(label)} {curves[label]['mean'].iloc[-1]:.3f}" for label in order)
    what = f"{shown} against epoch, mean and range over {_seeds(runs)}"
    return described(ax.figure, f"Line chart of {what}; at the end, from the top: {ends}.")


def plot_sweep(runs, metric="val_accuracy", *, within=None, ylim=None, log="", ax=None):
    """Draw the last value of a metric against the learning rate, a line for each policy.

    Args:
        runs: A `Runs` whose labels are rates, or policies with rates.
        metric: A name from `runs.metrics`; of a sweep without policies also several, each a line.
        within: Shade the rates whose mean is this close to the best; of a sweep of one metric.
        ylim: `(lowest, highest)` of the vertical axis; None fits it.
        log: `"y"` for a logarithmic vertical axis, where good values lie close together.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure: means, bands from the lowest to the highest seed, gray crosses at the lower edge
        for rates with a diverged run.
    """
    ax = axes_for(ax, width=8.5 if runs.policies else 7.0, height=3.6)
    metrics = [metric] if isinstance(metric, str) else list(metric)
    if runs.policies:
        lines = [(policy, runs.policy(policy), metrics[0]) for policy in runs.policies]
        styles = looks(runs.policies)
    else:
        lines = [(METRIC_NAMES.get(each, each), runs, each) for each in metrics]
        kinds = ["validation" if each.startswith("val_") else "training" for each in metrics]
        styles = [LOOKS[kind] | {"marker": "o"} for kind in kinds]
    sentences, lost = [], set()
    for look, (title, sweep, each) in zip(styles, lines):
        rows = sweep.summary(each).sort_index()
        index = rows.index.to_numpy("float64")
        ax.fill_between(index, rows["min"], rows["max"], **shade(look))
        ax.plot(index, rows["mean"], label=title, markersize=6, **look)
        lost |= set(index[rows["diverged"] > 0])
        best = sweep.best(each)
        sentences.append(f"{title} is best at {best.label:.3g} with {best.mean:.3f}")
    if lost:
        cross = {"color": PALETTE["grey"], "marker": "x", "transform": ax.get_xaxis_transform()}
        ax.scatter(sorted(lost), [0.03] * len(lost), label="a run diverged", **cross)
        sentences.append(f"a run diverged at {', '.join(map(name, sorted(lost)))}")
    if within is not None:
        usable = sorted(runs.usable(metrics[0], within))
        ax.axvspan(usable[0] / 1.2, usable[-1] * 1.2, color=PALETTE["sky"], alpha=0.2, lw=0)
    rates = sorted({rate for _, sweep, _ in lines for rate in sweep.labels})
    ax.set_xscale("log")
    if len(rates) <= 8:
        ax.set_xticks(rates, map(name, rates))
        ax.minorticks_off()
    y = METRIC_NAMES.get(metrics[0], metrics[0]) if len(metrics) == 1 else "metrics at the end"
    x = "learning rate, its highest (log scale)" if runs.policies else "learning rate"
    ax.set(xlabel=x, ylabel=y, yscale="log" if log else "linear")
    ax.set_ylim(ylim or ax.get_ylim())
    if log:
        sparse(ax.yaxis)
    if len(lines) > 1 or lost:
        ax.legend(**(BESIDE if runs.policies else {"frameon": False}))
    grid = f"{len(rates)} learning rates from {name(rates[0])} to {name(rates[-1])}"
    what = f"{y} after the last epoch against {grid}, mean and range over {_seeds(runs)}"
    return described(ax.figure, f"Line chart of {what}: {'; '.join(sentences)}.")


def plot_paired(verdicts, *, names=None, ax=None):
    """Draw paired differences with their intervals, a row each; zero means: no difference.

    Args:
        verdicts: `Paired` records of one metric, as `runs.against` returns them.
        names: What to call each; None takes "a against b".
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure: a filled point where the interval excludes zero, an open one for a tie.
    """
    verdicts, parts = list(verdicts), []
    (metric,) = {verdict.metric for verdict in verdicts}
    names = names or [f"{name(one.a)} against {name(one.b)}" for one in verdicts]
    ax = axes_for(ax, height=1.3 + 0.36 * len(verdicts))
    for place, (verdict, text) in enumerate(zip(verdicts, names, strict=True)):
        low, high = verdict.interval
        filled = PALETTE["blue"] if verdict.winner is not None else "white"
        ax.plot([low, high], [place, place], color=PALETTE["blue"], lw=2)
        ax.plot(verdict.mean, place, "o", ms=8, color=PALETTE["blue"], mfc=filled)
        end = "tie" if verdict.winner is None else f"{name(verdict.winner)} wins"
        parts.append(f"{text} {verdict.mean:+.4f} from {low:+.4f} to {high:+.4f}, {end}")
    ax.axvline(0, color=PALETTE["black"], lw=1)
    ax.set_yticks(range(len(verdicts)), names)
    ax.set_ylim(len(verdicts) - 0.4, -0.6)
    ax.grid(False, axis="y")
    better = "left" if verdicts[0].mode == "min" else "right"
    known = METRIC_NAMES.get(metric, metric)
    ax.set_xlabel(f"difference in {known}, 95 % interval\n(the first is better to the {better})")
    return described(ax.figure, f"Paired differences in {known}: {'; '.join(parts)}.")


def _seeds(runs):
    return "one seed" if len(runs.seeds) == 1 else f"{len(runs.seeds)} seeds"
