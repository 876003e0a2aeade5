"""`Runs`: what a sweep or a comparison measured, in one frame."""

import json
import math
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.results.paired import Paired, direction, holm, name

# What a run is known by, then where in it a row was measured, then how it went.
KEYS = ["policy", "rate", "seed"]
PLACES = ["epoch", "updates"]
COURSE = ["diverged", "seconds"]
# Rates that agree to float32 rounding are one rate to the optimizer.
SAME_RATE = 1e-6

# Of the files.
VERSION = 2
# Dicts nested deeper than this, and all lists, have a line for themselves.
DEPTH = 2


class Record:
    """What is saved to one JSON file, and comes back as it was."""

    def save(self, path):
        """Write everything to one JSON file and return its path."""
        path = Path(path)
        text = _text({"kind": type(self).__name__, "version": VERSION} | self.content())
        unfinished = path.with_name(f"{path.name}.part")
        unfinished.write_text(text + "\n", encoding="utf-8")
        os.replace(unfinished, path)
        return path

    @classmethod
    def load(cls, path):
        """Read what `save` wrote.

        Raises:
            ValueError: If the file holds something else.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            kind = content.pop("kind"), content.pop("version")
            known = [each for each in Record.__subclasses__() if issubclass(each, cls)]
            return {(each.__name__, VERSION): each for each in known}[kind].from_content(content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = f"{path} is no {cls.__name__}, or is damaged: {type(error).__name__} {error}."
            raise ValueError(text) from error


@dataclass(frozen=True)
class Best:
    """The best label of some runs: its metric after the last epoch, over seeds.

    Attributes:
        label: The winner by mean; whether it beats the next one is for `Runs.paired` to say.
        metric: The metric it was judged by.
        mean: Mean over seeds.
        spread: Sample standard deviation over seeds; NaN with one seed.
        seeds: Number of seeds.
        at_edge: True if it is the smallest or the largest rate tried: widen the grid.
    """

    label: object
    metric: str
    mean: float
    spread: float
    seeds: int
    at_edge: bool


@dataclass(frozen=True, eq=False, repr=False)
class Runs(Record):
    """All runs of a sweep or a comparison.

    A run has a `label`: a rate (a float), a policy (text), or both, `(policy, rate)`.

    Attributes:
        frame: One row for each measurement: `policy`, `rate` (NaN where there is none), `seed`,
            `epoch` (from 1; NaN in mid-epoch), `updates` so far, the metrics, and in the last row
            of a run `diverged` (whether its loss was NaN or infinite) and `seconds`.
        about: How they were made: epochs, batch size, versions and so on, as plain values.

    Example:
        >>> rows = [{"rate": 0.1, "seed": seed, "epoch": 1, "updates": 10, "val_accuracy": 0.75}
        ...         for seed in (0, 1)]
        >>> runs = Runs.from_rows(rows)
        >>> runs.best().mean
        0.75
        >>> runs.steps_to("val_accuracy", 0.7)["steps"].tolist()
        [10, 10]
    """

    frame: pd.DataFrame
    about: dict = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows, about=None):
        """Return the `Runs` of some rows, dicts or a frame of what is described above.

        Raises:
            ValueError: If a run occurs twice.
        """
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
        metrics = frame.columns.difference([*KEYS, *PLACES, *COURSE], sort=False)
        frame = frame.reindex(columns=[*KEYS, *PLACES, *metrics, *COURSE])
        frame["policy"] = frame["policy"].astype(object).where(frame["policy"].notna(), None)
        numbers = {"rate": "float64", "epoch": "float64", "seconds": "float64"}
        frame = frame.astype(numbers).astype({"seed": "int64", "updates": "int64"})
        frame["diverged"] = frame["diverged"].eq(True)
        twice = frame.loc[frame.duplicated([*KEYS, *PLACES]), KEYS]
        if len(twice):
            raise ValueError(f"The run {twice.iloc[0].to_dict()} occurs twice; keep one of them.")
        return cls(frame, dict(about or {}))

    def __len__(self):
        return int(self._by_run().ngroups)

    def __repr__(self):
        size = f"{len(self.labels)} labels x {len(self.seeds)} seeds: {len(self)} runs"
        return f"Runs({size}, {self.frame['diverged'].sum()} diverged)"

    @property
    def labels(self):
        """The labels in the order in which they were given."""
        return list(dict.fromkeys(self._labels))

    @property
    def seeds(self):
        """The seeds in the order in which they were given."""
        return [int(seed) for seed in self.frame["seed"].unique()]

    @property
    def policies(self):
        """The policies in the order in which they were given, without those of a sweep."""
        return [policy for policy in self.frame["policy"].unique() if policy is not None]

    @property
    def metrics(self):
        """The names of what was measured, in the order of Keras."""
        return [each for each in self.frame if each not in (*KEYS, *PLACES, *COURSE)]

    def policy(self, policy):
        """Return the runs of one policy at several rates, as a sweep: their labels are the rates.

        Raises:
            ValueError: If there is no such policy, or it has no rates.
        """
        own = self.frame[(self.frame["policy"] == policy) & self.frame["rate"].notna()]
        if own.empty:
            raise ValueError(f"No run has policy {policy!r} and a rate; labels are {self.labels}.")
        return Runs(own.assign(policy=None).reset_index(drop=True), self.about)

    def select(self, labels=None, seeds=None):
        """Return the `Runs` of some labels and seeds only; None keeps all."""
        known = set(self.labels if labels is None else map(self._known, labels))
        kept = self.frame["seed"].isin(self.seeds if seeds is None else list(seeds))
        kept &= np.array([label in known for label in self._labels], dtype=bool)
        return Runs(self.frame[kept].reset_index(drop=True), self.about)

    def history(self, label, seed):
        """Return one run's history: metric name to list of values, one for each epoch.

        Args:
            label: A rate (any number type; matched to float32 rounding), a policy, or both.
            seed: The seed.

        Raises:
            ValueError: If there is no such run; the message says which there are.
        """
        rows = self.select([label], [seed]).frame
        if rows.empty:
            raise ValueError(f"No run of {label!r} has seed {seed!r}; seeds are {self.seeds}.")
        return rows[rows["epoch"].notna()][self.metrics].to_dict("list")

    def table(self):
        """Return a tidy frame of the ends of epochs: label, seed, epoch, updates, metrics."""
        ends = self.points().dropna(subset="epoch")
        return ends.astype({"epoch": "int64"}).reset_index(drop=True)

    def points(self):
        """Return a tidy frame of every measurement, in mid-epoch as well.

        Returns:
            Columns `label`, `policy` and `rate` (where labels are both), `seed`, `epoch` (NaN in
            mid-epoch), `updates`, and the metrics.
        """
        frame = self.frame.drop(columns=COURSE)
        if not any(isinstance(label, tuple) for label in self.labels):
            frame = frame.drop(columns=["policy", "rate"])
        frame.insert(0, "label", pd.Series(self._labels, frame.index, object).infer_objects())
        return frame

    def last(self, metric):
        """Return a metric after the last epoch: a frame, a row for each label, a column a seed.

        A run that diverged has NaN.

        Raises:
            ValueError: If it was not measured.
        """
        if metric not in self.metrics:
            raise ValueError(f"No run measured {metric!r}; measured were {self.metrics}.")
        ends, found = self.at_end(), {}
        values = ends.frame[metric].where(~ends.frame["diverged"])
        for label, seed, value in zip(ends._labels, ends.frame["seed"], values):
            found.setdefault(label, {})[int(seed)] = value
        table = pd.DataFrame.from_dict(found, orient="index")
        both = isinstance(table.index, pd.MultiIndex)
        table.index.names = ["policy", "rate"] if both else ["label"]
        return table.reindex(columns=self.seeds)

    def summary(self, metric="val_accuracy"):
        """Return a frame by label: mean, spread, min and max over seeds after the last epoch.

        Returns:
            Columns `mean`, `spread` (sample standard deviation), `min`, `max`, `seeds`, `diverged`
            (number of diverged runs). The statistics of a label with a diverged run are NaN: a
            mean over the survivors would flatter it.
        """
        by_label = self.at_end().frame.groupby(KEYS[:2], dropna=False, sort=False)["diverged"]
        lost, last = by_label.sum().to_numpy(), self.last(metric)
        frame = pd.DataFrame({"mean": last.mean(axis=1), "spread": last.std(axis=1)})
        frame = frame.assign(min=last.min(axis=1), max=last.max(axis=1))
        frame.loc[lost > 0] = np.nan
        return frame.assign(seeds=by_label.size().to_numpy(), diverged=lost)

    def best(self, metric="val_accuracy", mode=None):
        """Return the label with the best mean over seeds after the last epoch.

        Args:
            metric: A name from `metrics`.
            mode: `"min"` or `"max"`; needed only where the metric's name does not tell.

        Returns:
            A `Best`. Labels with a diverged run are out of the race.

        Raises:
            ValueError: If the metric is not known, or every label has a diverged run.
        """
        mode = direction(metric, mode)
        summary = self.summary(metric)
        means = summary["mean"].dropna()
        if means.empty:
            raise ValueError("Every label has a run that diverged; try lower rates.")
        label = means.idxmax() if mode == "max" else means.idxmin()
        mean, spread, _, _, seeds, _ = summary.loc[[label]].iloc[0]
        rates = [each for each in self.labels if isinstance(each, float)]
        at_edge = len(rates) > 1 and label in (min(rates), max(rates))
        return Best(label, metric, float(mean), float(spread), int(seeds), at_edge)

    def usable(self, metric="val_accuracy", within=0.02, mode=None):
        """Return the labels whose mean is close to the best: the usable window of a sweep.

        Args:
            metric: A name from `metrics`.
            within: How far from the best mean still counts, in units of the metric.
            mode: As for `best`.

        Returns:
            A list of labels in the order of the sweep; it holds the best one.
        """
        best = self.best(metric, mode)
        means = self.summary(metric)["mean"]
        return [label for label, mean in means.items() if abs(mean - best.mean) <= within]

    def tuned(self, metric="val_loss", mode=None):
        """Keep each policy at its own best rate only.

        Judge by a validation metric here, and compare the result by a test metric: what was chosen
        by a metric looks better in that metric than it is.

        Args:
            metric: The metric by which each policy's rate is chosen.
            mode: As for `best`.

        Returns:
            A `Runs` whose labels are the policies; `about["tuned_rates"]` says at which rate each
            is, and `about["at_edge"]` which of these lie at the edge of their grid.
        """
        best = {policy: self.policy(policy).best(metric, mode) for policy in self.policies}
        rates = {policy: float(found.label) for policy, found in best.items()}
        edges = [policy for policy, found in best.items() if found.at_edge]
        about = {"tuned_rates": rates, "tuned_by": metric, "at_edge": edges}
        tuned = self.select(rates.items()).frame.assign(rate=math.nan)
        return Runs(tuned, self.about | about)

    def steps_to(self, metric, value, mode=None):
        """Return how many updates each run needed until the metric reached a value.

        The answer is as fine as the measurements: ends of epochs, and the updates of `evaluate_at`.

        Args:
            metric: A name from `metrics`.
            value: The level to reach.
            mode: `"min"` (reach from above) or `"max"`; needed only where the name does not tell.

        Returns:
            A frame with label, seed and steps (`<NA>` for a run that never got there).
        """
        better = direction(metric, mode) == "max"
        points = self.points()
        there = points[metric] >= value if better else points[metric] <= value
        points["steps"] = points["updates"].where(there).astype("Int64")
        return points.groupby(["label", "seed"], sort=False)["steps"].min().reset_index()

    def paired(self, a, b, metric="val_accuracy", mode=None):
        """Compare two labels seed by seed: mean difference, 95 % interval, verdict.

        Args:
            a: A label.
            b: Another label.
            metric: A name from `metrics`; its value after the last epoch is compared.
            mode: `"min"` or `"max"`; needed only where the metric's name does not tell.

        Returns:
            A `Paired` over the seeds that both labels have.

        Raises:
            ValueError: If fewer than two seeds are shared, or one of the runs diverged (a
                difference to nothing is not defined: count the diverged runs instead).
        """
        a, b = self._known(a), self._known(b)
        own, other = (self.select([label]).last(metric).iloc[0] for label in (a, b))
        shared = [seed for seed in own.index if seed in other.index]
        differences = {seed: float(own[seed] - other[seed]) for seed in shared}
        lost = [seed for seed in shared if math.isnan(differences[seed])]
        if lost:
            text = f"Of {name(a)} and {name(b)}, runs with the seeds {lost} diverged"
            raise ValueError(f"{text}: count these, in summary(), where there is no difference.")
        return Paired(a, b, metric, direction(metric, mode), differences)

    def against(self, a, others, metric="val_accuracy", mode=None):
        """Compare a label with several others, with intervals that hold together (Holm).

        Args:
            a: A label.
            others: The other labels.
            metric: As for `paired`.
            mode: As for `paired`.

        Returns:
            A list of `Paired`.
        """
        return holm(self.paired(a, other, metric, mode) for other in others)

    def at_end(self):
        """Keep what was measured after the last epoch only: large grids become small files."""
        return Runs(self._by_run().tail(1).reset_index(drop=True), self.about)

    def concat(self, *others):
        """Return one `Runs` with the runs of this and the others; none may occur twice."""
        about = dict(self.about)
        for other in others:
            about = {key: value for key, value in about.items() if other.about.get(key) == value}
        frames = [runs.frame for runs in (self, *others)]
        return Runs.from_rows(pd.concat(frames, ignore_index=True), about)

    def content(self):
        """Return everything as plain values, for a file."""
        return {"about": self.about, "columns": self.frame.to_dict("list")}

    @classmethod
    def from_content(cls, content):
        """Return the `Runs` of what stands in a file."""
        return cls.from_rows(pd.DataFrame(content["columns"]), content["about"])

    def _by_run(self):
        return self.frame.groupby(KEYS, sort=False, dropna=False)

    @cached_property
    def _labels(self):
        """The label of each row."""
        labels = []
        for policy, rate in zip(self.frame["policy"], self.frame["rate"].tolist()):
            with_policy = policy if math.isnan(rate) else (policy, rate)
            labels.append(rate if policy is None else with_policy)
        return labels

    def _known(self, label):
        """Return a label as it is stored, its rate matched to float32 rounding."""
        policy, rate = split_label(label)
        for known in self.labels:
            own_policy, own = split_label(known)
            if policy == own_policy and np.isclose(rate, own, SAME_RATE, 0, equal_nan=True):
                return known
        raise ValueError(f"No run has the label {label!r}; labels are {self.labels}.")


def split_label(label):
    """Return a label as `(policy, rate)`: None and NaN stand for what it lacks.

    Example:
        >>> split_label(0.1), split_label(("cosine", 0.1))
        ((None, 0.1), ('cosine', 0.1))
    """
    if isinstance(label, str):
        return label, math.nan
    policy, rate = label if isinstance(label, tuple) else (None, label)
    return policy, float(rate)


def _text(value, depth=0):
    if not isinstance(value, dict) or depth > DEPTH or not value:
        return json.dumps(value)
    space = " " * (depth + 1)
    lines = (f"{space}{json.dumps(key)}: {_text(item, depth + 1)}" for key, item in value.items())
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"
