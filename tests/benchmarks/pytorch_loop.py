"""A plain loop of a range test in PyTorch, on the lessons' dense net: milliseconds an update.

In a process of its own: PyTorch and TensorFlow do not always load into one. `python -m
tests.benchmarks.pytorch_loop` prints the number, or nothing where PyTorch is not installed.
"""

import statistics
import time

import numpy as np

from helpers import data

RATES = np.geomspace(1e-6, 0.1, 300)
BATCH, ROUNDS, UNITS = 32, 5, (64, 64, 32, 10)


def seconds(torch, train):
    """Return how long one loop takes, the building of the net left out."""
    layers = [torch.nn.Flatten()]
    for inputs, outputs in zip(UNITS, UNITS[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    x, y = (torch.as_tensor(part) for part in train)
    order = np.random.default_rng(0)
    began = time.perf_counter()
    for rate in RATES:
        chosen = torch.as_tensor(order.integers(len(x), size=BATCH))
        optimizer.param_groups[0]["lr"] = float(rate)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x[chosen]), y[chosen].long())
        loss.backward()
        optimizer.step()
        loss.item()
    return time.perf_counter() - began


def main():
    """Print the median of five loops, after one that is not counted."""
    try:
        import torch
    except ImportError:
        return
    train = data.load("digits").train
    seconds(torch, train)
    taken = statistics.median(seconds(torch, train) for _ in range(ROUNDS))
    print(f"{1000 * taken / len(RATES):.2f}")


if __name__ == "__main__":
    main()
