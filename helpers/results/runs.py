"""`Runs`: what a sweep or a comparison measured, one record for each label and seed."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.results import storage
from helpers.results.metrics import direction
from helpers.results.paired import paired_difference
from helpers.results.records import Best, Run

# Rates that agree to float32 rounding are one rate to the optimizer.
SAME_RATE = 1e-6


@dataclass(frozen=True, repr=False)
class Runs:
    """All runs of a sweep or a comparison.

    Attributes:
        runs: The records, in the order in which they were trained.
        about: How they were made: epochs, batch size, versions and so on, as plain values.

    Example:
        >>> history = {"loss": [2.0, 1.0], "val_accuracy": [0.5, 0.75]}
        >>> runs = Runs((Run(0.1, 0, history, [10, 20]), Run(0.1, 1, history, [10, 20])))
        >>> runs.best().mean
        0.75
        >>> runs.steps_to("val_accuracy", 0.7)["steps"].tolist()
        [20, 20]
    """

    runs: tuple
    about: dict = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "runs", tuple(self.runs))
        for run in self.runs:
            if not isinstance(run, Run):
                raise TypeError(f"Runs holds Run records; given was {type(run).__name__}.")
        keys = [(run.label, run.seed) for run in self.runs]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"Label {key[0]!r} with seed {key[1]} occurs twice; keep one.")

    def __len__(self):
        return len(self.runs)

    def __repr__(self):
        diverged = sum(run.diverged_at is not None for run in self.runs)
        return (
            f"Runs({len(self.labels)} labels x {len(self.seeds)} seeds: {len(self.runs)} runs, "
            f"{diverged} diverged)"
        )

    @property
    def labels(self):
        """The labels in the order in which they were given."""
        return list(dict.fromkeys(run.label for run in self.runs))

    @property
    def seeds(self):
        """The seeds in the order in which they were given."""
        return list(dict.fromkeys(run.seed for run in self.runs))

    @property
    def metrics(self):
        """The names in the histories, in the order of Keras."""
        return list(dict.fromkeys(name for run in self.runs for name in run.history))

    def run(self, label, seed):
        """Return the record of one label and seed.

        Args:
            label: A rate (any number type; matched to float32 rounding) or a schedule's name.
            seed: The seed.

        Returns:
            The `Run`.

        Raises:
            ValueError: If there is no such run; the message lists labels and seeds.
        """
        label = self._known(label)
        for run in self.runs:
            if run.label == label and run.seed == seed:
                return run
        raise ValueError(f"No run of {label!r} has seed {seed!r}; seeds are {self.seeds}.")

    def history(self, label, seed):
        """Return one run's history: metric name to list of values, one for each epoch.

        A copy: changing it leaves the record as it was. Arguments and errors as in `run`.
        """
        return {name: list(values) for name, values in self.run(label, seed).history.items()}

    def select(self, labels=None, seeds=None):
        """Return the `Runs` of some labels and seeds only; None keeps all."""
        labels = self.labels if labels is None else [self._known(label) for label in labels]
        seeds = self.seeds if seeds is None else list(seeds)
        kept = (run for run in self.runs if run.label in labels and run.seed in seeds)
        return Runs(tuple(kept), self.about)

    def table(self):
        """Return a tidy frame: label, seed, epoch (from 1), updates, then one column a metric."""
        rows = []
        for run in self.runs:
            for epoch, updates in enumerate(run.updates):
                values = {name: run.history[name][epoch] for name in run.history}
                rows.append(
                    {"label": run.label, "seed": run.seed, "epoch": epoch + 1, "updates": updates}
                    | values
                )
        return pd.DataFrame(rows, columns=["label", "seed", "epoch", "updates", *self.metrics])

    def points(self):
        """Return a tidy frame of every measurement: label, seed, updates, then the metrics.

        It holds the ends of the epochs and the updates asked for by `evaluate_at`, in order.
        """
        epochs = self.table().drop(columns="epoch")
        asked = pd.DataFrame(
            [
                {"label": run.label, "seed": run.seed} | point
                for run in self.runs
                for point in run.points
            ]
        )
        both = pd.concat([epochs, asked]) if len(asked) else epochs
        # One row where an epoch ends on an update that was asked for.
        both = both.drop_duplicates(["label", "seed", "updates"])
        order = {label: place for place, label in enumerate(self.labels)}
        return both.sort_values(
            ["label", "seed", "updates"],
            key=lambda column: column.map(order) if column.name == "label" else column,
            ignore_index=True,
        )

    def summary(self, metric="val_accuracy"):
        """Return a frame by label: mean, spread, min and max over seeds after the last epoch.

        Args:
            metric: A name from `metrics`.

        Returns:
            Columns `mean`, `spread` (sample standard deviation), `min`, `max`, `seeds`, `diverged`
            (number of diverged runs). The statistics of a label with a diverged run are NaN: a
            mean over the survivors would flatter it.
        """
        self._check_metric(metric)
        rows = {}
        for label in self.labels:
            last = np.array([run.last(metric) for run in self.runs if run.label == label])
            rows[label] = {
                "mean": last.mean(),
                "spread": last.std(ddof=1) if len(last) > 1 else math.nan,
                "min": last.min(),
                "max": last.max(),
                "seeds": len(last),
                "diverged": int(np.isnan(last).sum()),
            }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("label")

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
        label = self._known(means.idxmax() if mode == "max" else means.idxmin())
        row = summary.loc[label]
        rates = [each for each in self.labels if isinstance(each, float)]
        at_edge = len(rates) > 1 and label in (min(rates), max(rates))
        mean, spread = float(row["mean"]), float(row["spread"])
        return Best(label, metric, mean, spread, int(row["seeds"]), at_edge)

    def usable(self, metric="val_accuracy", within=0.02, mode=None):
        """Return the labels whose mean is close to the best: the usable window of a sweep.

        Args:
            metric: A name from `metrics`.
            within: How far from the best mean still counts, > 0, in units of the metric.
            mode: As for `best`.

        Returns:
            A list of labels in the order of the sweep; it holds the best one.

        Raises:
            ValueError: If `within` is not above 0, and as for `best`.
        """
        if not within > 0:
            raise ValueError(f"within is {within!r}; allowed is a number > 0, such as 0.02.")
        best = self.best(metric, mode)
        means = self.summary(metric)["mean"]
        return [label for label in self.labels if abs(means[label] - best.mean) <= within]

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
        self._check_metric(metric)
        mode = direction(metric, mode)
        points = self.points()
        there = points[metric] >= value if mode == "max" else points[metric] <= value
        first = points[there].groupby(["label", "seed"])["updates"].min()
        rows = [(run.label, run.seed, first.get((run.label, run.seed))) for run in self.runs]
        frame = pd.DataFrame(rows, columns=["label", "seed", "steps"])
        return frame.astype({"steps": "Int64"})

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
        self._check_metric(metric)
        mode = direction(metric, mode)
        a, b = self._known(a), self._known(b)
        first = {run.seed: run for run in self.runs if run.label == a}
        second = {run.seed: run for run in self.runs if run.label == b}
        seeds = [seed for seed in first if seed in second]
        for run in [by_seed[seed] for seed in seeds for by_seed in (first, second)]:
            if run.diverged_at is not None:
                raise ValueError(
                    f"The run of {run.label!r} with seed {run.seed} diverged, so there is no "
                    "difference to take. Compare the numbers of diverged runs in summary()."
                )
        differences = {seed: first[seed].last(metric) - second[seed].last(metric) for seed in seeds}
        return paired_difference(a, b, metric, mode, differences)

    def concat(self, *others):
        """Return one `Runs` with the runs of this and the others; none may occur twice."""
        for other in others:
            if not isinstance(other, Runs):
                raise TypeError(f"concat takes Runs; given was {type(other).__name__}.")
        merged = dict(self.about)
        for other in others:
            merged = {key: value for key, value in merged.items() if other.about.get(key) == value}
        return Runs(sum((other.runs for other in others), self.runs), merged)

    def save(self, path):
        """Write everything to one JSON file and return its path."""
        runs = [
            {name: getattr(run, name) for name in Run.__dataclass_fields__} for run in self.runs
        ]
        return storage.write(path, "Runs", {"about": self.about, "runs": runs})

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; labels, histories and divergence come back as they were."""
        content = storage.read(path, "Runs")
        return cls(tuple(Run(**run) for run in content["runs"]), content["about"])

    def _known(self, label):
        if isinstance(label, str):
            if label in self.labels:
                return label
        else:
            rates = [each for each in self.labels if isinstance(each, float)]
            for rate in rates:
                if math.isclose(rate, float(label), rel_tol=SAME_RATE):
                    return rate
        raise ValueError(f"No run has the label {label!r}; labels are {self.labels}.")

    def _check_metric(self, metric):
        if metric not in self.metrics:
            raise ValueError(f"No run measured {metric!r}; measured were {self.metrics}.")
