"""`Runs` as figures: curves of training, the end of it against the rate, and paired intervals."""

import numpy as np

from helpers.plotting.style import BESIDE, LOOKS, PALETTE, axes_for, described, looks
from helpers.results.paired import METRIC_NAMES, direction, name
from helpers.results.rules import smooth


def plot_runs(
    runs,
    metric="val_accuracy",
    *,
    over="epoch",
    marks=None,
    smoothing=0.0,
    ylim=None,
    styles=None,
    ax=None,
):
    """Draw a metric along the training: a line for each label (mean), a band over its seeds.

    Args:
        runs: A `Runs`; `runs.select(labels, seeds)` draws some of them.
        metric: A name from `runs.metrics`.
        over: `"epoch"`, or `"updates"` for what was measured in mid-epoch as well.
        marks: Dict of label to numbers of updates, such as a schedule's `cycle_ends`; drawn where
            something was measured.
        smoothing: Weight of the past in an exponential mean along each curve, 0 (none) to below 1.
        ylim: `(lowest, highest)` of the vertical axis. None fits it; a loss then ends at 1.5 times
            its first value, so that one diverging run does not flatten the others.
        styles: Dict of label to look, where the same lines are to look alike in several figures.
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure. The legend is in the order in which the lines end.
    """
    points = (runs.table() if over == "epoch" else runs.points()).dropna(subset=[metric])
    known, ax = set(map(name, points["label"])), axes_for(ax, width=8.5, height=3.6)
    labels = [label for label in runs.labels if name(label) in known]
    means, firsts = {}, []
    drawn = looks(labels) if styles is None else [styles[label] for label in labels]
    for look, label in zip(drawn, labels):
        own = points[points["label"].map(name) == name(label)]
        curves = own.pivot(index=over, columns="seed", values=metric)
        curves = curves.where(np.isfinite(curves)).apply(smooth, weight=smoothing)
        means[label] = mean = curves.mean(axis=1)
        firsts.append(curves.iloc[0].median())
        ax.fill_between(curves.index, curves.min(axis=1), curves.max(axis=1), **_band(look))
        every = max(1, len(mean) // 8)
        ax.plot(mean.index, mean, label=name(label), markersize=5, markevery=every, **look)
        marked = mean[mean.index.isin((marks or {}).get(label, ()))]
        ax.plot(marked.index, marked, color=look["color"], marker="o", mfc="white", ls="none", ms=9)
    if ylim is None and _is_loss(metric) and firsts:
        ylim = (0, 1.5 * float(np.median(firsts)))
    ax.set(xlabel=over.rstrip("s"), ylabel=METRIC_NAMES.get(metric, metric), ylim=ylim)
    ax.xaxis.get_major_locator().set_params(integer=True)
    order = sorted(labels, key=lambda label: -means[label].iloc[-1])
    handles = dict(zip(*ax.get_legend_handles_labels()[::-1]))
    ax.legend([handles[name(label)] for label in order], list(map(name, order)), **BESIDE)
    ends = ", ".join(f"{name(label)} {means[label].iloc[-1]:.3f}" for label in order)
    return described(
        ax.figure,
        f"Line chart of {METRIC_NAMES.get(metric, metric)} against {over}, mean and range over "
        f"{_seeds(runs)}; at the end, from the top: {ends}.",
    )


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
    ax.set_xscale("log")
    metrics = [metric] if isinstance(metric, str) else list(metric)
    series = [(policy, runs.policy(policy), metrics[0]) for policy in runs.policies]
    own = series or [(METRIC_NAMES.get(each, each), runs, each) for each in metrics]
    sentences, rates = [], {rate for _, sweep, _ in own for rate in sweep.labels}
    styles = looks(runs.policies) if series else map(_look, metrics)
    for look, (title, sweep, each) in zip(styles, own):
        rows = sweep.summary(each).sort_index()
        index = rows.index.to_numpy("float64")
        ax.fill_between(index, rows["min"], rows["max"], **_band(look))
        ax.plot(index, rows["mean"], label=title, markersize=6, **look)
        best = sweep.best(each)
        sentences.append(f"{title} is best at {best.label:.3g} with {best.mean:.3f}")
    lost = sorted({rate for _, sweep, each in own for rate in _diverged(sweep)})
    if lost:
        cross = LOOKS["diverged"] | {"linestyle": "none", "label": "a run diverged"}
        ax.plot(lost, [0.03] * len(lost), transform=ax.get_xaxis_transform(), ms=8, **cross)
        sentences.append(f"a run diverged at {', '.join(map(name, lost))}")
    if within is not None:
        usable = sorted(runs.usable(metrics[0], within))
        ax.axvspan(usable[0] / 1.2, usable[-1] * 1.2, color=PALETTE["sky"], alpha=0.2, lw=0)
    if len(rates) <= 8:
        ax.set_xticks(sorted(rates), map(name, sorted(rates)))
        ax.minorticks_off()
    if log:
        ax.set_yscale("log")
        for axis_format in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
            axis_format("{x:g}")
    y = METRIC_NAMES.get(metrics[0], metrics[0]) if len(metrics) == 1 else "metrics at the end"
    ax.set(xlabel="learning rate, its highest (log scale)" if series else "learning rate", ylabel=y)
    if ylim is not None:
        ax.set_ylim(ylim)
    if len(own) > 1 or lost:
        ax.legend(**(BESIDE if series else {"frameon": False}))
    return described(
        ax.figure,
        f"Line chart of {y} after the last epoch against {len(rates)} learning rates from "
        f"{name(min(rates))} to {name(max(rates))}, mean and range over {_seeds(runs)}: "
        f"{'; '.join(sentences)}.",
    )


def plot_paired(verdicts, *, names=None, ax=None):
    """Draw paired differences with their intervals, a row each; zero means: no difference.

    Args:
        verdicts: `Paired` records of one metric, as `runs.against` returns them.
        names: What to call each; None takes "a against b".
        ax: Axes to draw into, or None for a new figure.

    Returns:
        The figure: a filled point where the interval excludes zero, an open one for a tie.
    """
    verdicts = list(verdicts)
    (metric,) = {verdict.metric for verdict in verdicts}
    names = [f"{name(one.a)} against {name(one.b)}" for one in verdicts] if names is None else names
    ax = axes_for(ax, height=1.3 + 0.36 * len(verdicts))
    heights, parts = np.arange(len(verdicts))[::-1], []
    for height, verdict, text in zip(heights, verdicts, names, strict=True):
        low, high = verdict.interval
        filled = PALETTE["blue"] if verdict.winner is not None else "white"
        ax.plot([low, high], [height, height], color=PALETTE["blue"], lw=2)
        ax.plot(verdict.mean, height, "o", ms=8, color=PALETTE["blue"], mfc=filled)
        end = "tie" if verdict.winner is None else f"{name(verdict.winner)} wins"
        parts.append(f"{text} {verdict.mean:+.4f} from {low:+.4f} to {high:+.4f}, {end}")
    ax.axvline(0, color=PALETTE["black"], lw=1)
    ax.set_yticks(heights, names)
    ax.set_ylim(-0.6, len(verdicts) - 0.4)
    ax.grid(False, axis="y")
    better = "left" if verdicts[0].mode == "min" else "right"
    known = METRIC_NAMES.get(metric, metric)
    ax.set_xlabel(f"difference in {known}, 95 % interval; the first is better to the {better}")
    return described(ax.figure, f"Paired differences in {known}: {'; '.join(parts)}.")


def _band(look):
    return {"color": look["color"], "alpha": 0.15, "lw": 0}


def _look(metric):
    return LOOKS["validation" if metric.startswith("val_") else "training"] | {"marker": "o"}


def _diverged(runs):
    lost = runs.summary(runs.metrics[0])["diverged"]
    return list(lost.index[lost > 0])


def _is_loss(metric):
    return "loss" in metric and direction(metric) == "min"


def _seeds(runs):
    return "one seed" if len(runs.seeds) == 1 else f"{len(runs.seeds)} seeds"
