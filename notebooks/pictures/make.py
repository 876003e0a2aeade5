"""`python notebooks/pictures/make.py`: the pictures of the README, and their sentences in it."""

import os
import re
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import keras

from helpers import data, models, plotting, range_test, results
from helpers.plotting.style import new_figure, to_png
from helpers.schedules import Constant, Cosine, Triangular


def draw_rates():
    """Draw three schedules, and what they lead to at each highest rate."""
    shown = {
        "constant": Constant(0.1),
        "cosine": Cosine(0.1, 320),
        "triangular2": Triangular(0.025, 0.1, 40, mode="triangular2"),
    }
    runs = results.stored("tournament_digits")
    chosen = [label for label in runs.labels if label[0] in shown]
    figure, (left, right) = new_figure(11, 3.6, columns=2)
    plotting.plot_schedules(shown, 320, ax=left)
    left.get_legend().remove()
    runs = runs.select(chosen, runs.about["tuning_seeds"])
    plotting.plot_sweep(runs, "val_loss", ylim=(0, 0.6), ax=right)
    left.set_title("Vary the learning rate ...", fontsize="medium", loc="left")
    right.set_title("... and measure what it gives.", fontsize="medium", loc="left")
    return figure


def draw_range_test():
    """Draw a range test of the digits with what is read off."""
    keras.utils.set_random_seed(0)
    train, model = data.load("digits").train, models.build_dense_net()
    return plotting.plot_range_test(range_test.run(model, train, progress=False))


for name, draw in (("rates", draw_rates), ("range_test", draw_range_test)):
    figure, page = draw(), ROOT / "README.md"
    (Path(__file__).parent / f"{name}.png").write_bytes(to_png(figure))
    picture = f"![{figure.alt}](notebooks/pictures/{name}.png)"
    place = rf"!\[[^]]*\]\(notebooks/pictures/{name}\.png\)"
    page.write_text(re.sub(place, lambda _, p=picture: p, page.read_text()), encoding="utf-8")
