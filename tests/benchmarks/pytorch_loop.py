"""Plain loops in PyTorch on the lessons' nets: seconds of a range test and of a sweep, as JSON.

In a process of its own: PyTorch and TensorFlow do not always load into one. `python -m
tests.benchmarks.pytorch_loop build_dense_net` prints the numbers, or nothing without PyTorch.
"""

import json
import statistics
import subprocess
import sys
import time

import numpy as np

from helpers import data

TEST_RATES, SWEEP_RATES = np.geomspace(1e-6, 0.1, 300), np.geomspace(1e-3, 1.0, 8)
BATCH, EPOCHS, ROUNDS = 32, 10, 3


def build_dense_net(nn):
    layers = [nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(32, 10))


def build_convnet(nn):
    layers = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 32)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(32, 10))


def train(torch, net, examples, rates, validation=()):
    """Make an update at each rate, in a new order in each epoch, and measure after each epoch."""
    x, y = examples
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for step, rate in enumerate(rates):
        place = BATCH * step % len(x)
        if not place:
            order = torch.randperm(len(x))
        chosen = order[place : place + BATCH]
        optimizer.param_groups[0]["lr"] = float(rate)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x[chosen]), y[chosen])
        loss.backward()
        optimizer.step()
        loss.item()
        if validation and place + BATCH >= len(x):
            with torch.no_grad():
                (net(validation[0]).argmax(1) == validation[1]).float().mean().item()


def main(build):
    """Print the medians of some rounds, after one that is not counted."""
    try:
        import torch
    except ImportError:
        return
    splits, taken = data.load("digits"), {"range_test": [], "sweep": []}
    parts = [
        (torch.as_tensor(x.transpose(0, 3, 1, 2).copy()), torch.as_tensor(y))
        for x, y in (splits.train, splits.validation)
    ]
    updates = EPOCHS * len(parts[0][0]) // BATCH
    for _ in range(1 + ROUNDS):
        began = time.perf_counter()
        train(torch, globals()[build](torch.nn), parts[0], TEST_RATES)
        taken["range_test"].append(time.perf_counter() - began)
        began = time.perf_counter()
        for rate in SWEEP_RATES:
            train(torch, globals()[build](torch.nn), parts[0], [rate] * updates, parts[1])
        taken["sweep"].append(time.perf_counter() - began)
    print(json.dumps({name: statistics.median(each[1:]) for name, each in taken.items()}))


def seconds(build, what):
    """Return the seconds of `"range_test"` or `"sweep"` on a net, or None without PyTorch."""
    command = [sys.executable, "-m", "tests.benchmarks.pytorch_loop", build]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(said)[what] if said else None


if __name__ == "__main__":
    main(sys.argv[1])
