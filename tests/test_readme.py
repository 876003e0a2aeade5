"""The README's snippets run as they stand, and its figure shows what is stored."""

import re

import keras
import numpy as np
import pytest
from PIL import Image

from helpers import data
from helpers.layerwise import rates
from helpers.results import RangeTest
from tests import picture

README = picture.README.read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def reader():
    """What a reader has: a compiled model with layers of these names, a loss, and arrays."""
    keras.utils.set_random_seed(0)
    x, y = data.load("digits", limit=(1280, 257, 260)).train
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(64, "relu", name="early"),
        keras.layers.Dense(32, "relu", name="middle"),
        keras.layers.Dense(10, name="head"),
    ]
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    model.compile(keras.optimizers.SGD(momentum=0.9), loss, metrics=["accuracy"])
    return {"keras": keras, "model": model, "loss": loss, "x": x, "y": y}


@pytest.fixture(scope="module")
def after(reader):
    """The reader's names after the range test, which the second snippet goes on from."""
    names = dict(reader)
    exec(SNIPPETS[0], names)
    return names


def test_there_is_a_short_snippet_for_each_technique():
    assert len(SNIPPETS) == 4
    for snippet in SNIPPETS:
        lines = [line for line in snippet.splitlines() if line and line[0] != "#"]
        assert len(lines) <= 5, snippet


def test_the_range_test_gives_bounds_and_leaves_the_model(reader):
    before = reader["model"].get_weights()
    names = dict(reader)
    exec(SNIPPETS[0], names)
    assert isinstance(names["found"], RangeTest)
    assert 1e-6 < names["found"].bounds().min_rate < names["found"].bounds().max_rate < 1
    for old, new in zip(before, reader["model"].get_weights()):
        np.testing.assert_array_equal(old, new)


def test_the_cycle_has_the_tests_bounds_and_ends_at_a_trough(after):
    names = dict(after)
    exec(SNIPPETS[1], names)
    assert names["cycle"].rate_bounds == tuple(names["found"].bounds())[:2]
    assert names["cycle"].cycle_ends(12 * 40)[-1] == 12 * 40
    assert_trains(names, names["cycle"])


def test_the_restarts_double_and_end_at_a_trough(reader):
    names = dict(reader)
    exec(SNIPPETS[2], names)
    assert names["restarts"].cycle_ends(7 * 40) == [40, 120, 280]
    assert_trains(names, names["restarts"])


def test_each_group_learns_ten_times_faster_than_the_one_before(reader, capsys):
    names = dict(reader)
    exec(SNIPPETS[3], names)
    early, middle, head = rates(names["model"])
    assert (head / middle, middle / early) == pytest.approx((10, 10))
    assert "early" in capsys.readouterr().out
    names["model"].fit(names["x"][:64], names["y"][:64], verbose=0)


def assert_trains(names, schedule):
    """The optimizer really follows the schedule: two updates later it gives the third rate."""
    model = names["model"]
    model.fit(names["x"][:64], names["y"][:64], batch_size=32, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(schedule(2), rel=1e-6)


# The figure.


def test_the_figure_is_described_as_it_is_now():
    figure, words = picture.draw()
    assert picture.with_image(README, words) == README, "python -m tests.picture makes it again"
    width, height = Image.open(picture.PATH).size
    assert (width, height) == tuple(
        round(inches * figure.dpi) for inches in figure.get_size_inches()
    )
    assert picture.PATH.stat().st_size < 60_000


def test_the_description_is_written_into_the_readme():
    place = "notebooks/pictures/rates.png"
    page = f"# A\n![old \\* words]({place})\n![other](b.png)\n"
    assert picture.with_image(page, "new") == page.replace("old \\* words", "new")
    with pytest.raises(ValueError, match="0 times"):
        picture.with_image("# A\n", "new")
    with pytest.raises(ValueError, match="2 times"):
        picture.with_image(page * 2, "new")
