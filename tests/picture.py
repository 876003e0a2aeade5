"""`python -m tests.picture`: make the README's figure, and the words that go with it.

Drawn from a stored experiment: the policies, and how well each ends at every highest rate. The
picture has a white ground of its own, so that it can be read on a dark page as well.
"""

import re
import sys

from helpers import describe, plotting
from helpers.environment import ROOT
from helpers.experiments import EXPERIMENTS
from helpers.experiments.cyclical_rates import TOTAL_STEPS, policies
from helpers.plotting.style import FONT_SIZE, new_figure, to_png
from helpers.results import Runs, series

PATH = ROOT / "notebooks" / "pictures" / "rates.png"
README = ROOT / "README.md"
SHOWN = ("constant", "triangular2", "cosine decay")
RATE, METRIC = 0.1, "test_accuracy"
_IMAGE = re.compile(rf"!\[[^\]]*\]\({PATH.relative_to(ROOT).as_posix()}\)")


def draw():
    """Return the figure and the sentence that describes it."""
    at_rate = policies(RATE)
    shapes = {name: at_rate[name] for name in SHOWN}
    by_policy = series(Runs.load(EXPERIMENTS["cycling_bounds"].path))
    measured = {name: by_policy[name] for name in SHOWN}
    figure, (left, right) = new_figure(width=11, height=3.6, columns=2, width_ratios=(1, 1.2))
    plotting.plot_schedules(shapes, TOTAL_STEPS, mark_cycle_ends=False, ax=left)
    left.get_legend().remove()
    plotting.plot_series(measured, METRIC, ax=right)
    decades = (0.001, 0.01, 0.1, 1)
    right.set_xticks(decades, [f"{rate:g}" for rate in decades])
    left.set_title("Vary the learning rate ...", fontsize=FONT_SIZE, loc="left")
    right.set_title("... and measure what it gives: 20 seeds", fontsize=FONT_SIZE, loc="left")
    words = (
        describe.describe_schedules(shapes, TOTAL_STEPS),
        describe.describe_series(measured, METRIC),
    )
    return figure, " ".join(words)


def with_image(text, words):
    """Return the README with the description of its figure.

    Raises:
        ValueError: If it does not show the figure exactly once.
    """
    image = f"![{words}]({PATH.relative_to(ROOT).as_posix()})"
    text, count = _IMAGE.subn(lambda match: image, text)
    if count != 1:
        raise ValueError(f"README.md shows the figure {count} times; wanted is once.")
    return text


def main():
    """Write the picture and its description."""
    figure, words = draw()
    text = with_image(README.read_text(encoding="utf-8"), words)
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_bytes(to_png(figure))
    README.write_text(text, encoding="utf-8", newline="\n")
    print(f"{PATH.relative_to(ROOT)} and its description in README.md are made.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
