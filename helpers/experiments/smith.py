"""L. N. Smith's CIFAR-10 experiment at its own size, stored as far as it has come."""

import dataclasses
import os

from helpers.experiments.record import RESULTS, Experiment

CHECKPOINT = RESULTS / "smith_cifar10.checkpoint"


def smith_cifar10(*, checkpoint=CHECKPOINT, progress=True, **options):
    """Run the experiment, or go on where it was stopped.

    Ctrl-C ends it early: the result then holds the curves so far, and the next call goes on.

    Args:
        checkpoint: File that keeps the work; None for none.
        progress: Show a bar.
        **options: As for `helpers.smith_cifar10.smith_cifar10`.

    Returns:
        A `Runs`; `about["unfinished"]` names the policy that has not come to its end.
    """
    # Three times as fast; nothing that a lesson computes is compared with these curves.
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    from helpers import smith_cifar10 as smith

    try:
        runs = smith.smith_cifar10(checkpoint=checkpoint, progress=progress, **options)
    except KeyboardInterrupt as interrupt:
        runs = getattr(interrupt, "finished_runs", ())
        if not len(runs):
            raise
    # Of all sessions, where it went on from a checkpoint.
    seconds = round(sum(run.seconds for run in runs.runs), 1)
    return dataclasses.replace(runs, about=runs.about | {"wall_seconds": seconds})


EXPERIMENTS = (
    Experiment(
        "smith_cifar10",
        "Smith's CIFAR-10 experiment at its own size, three policies, one seed (hours)",
        smith_cifar10,
        {"policies": ("triangular2",), "updates": 500, "checkpoint": None},
        "CIFAR-10, all 50,000 training images and all 10,000 test images",
    ),
)
