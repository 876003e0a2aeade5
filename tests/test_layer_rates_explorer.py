"""*Layer rates* without a kernel: rates of blocks, text and picture; *Run* with fake training."""

import asyncio
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import explorers
from helpers.explorers.layer_rates import MOST_BLOCKS, group_of_blocks
from tests.test_explorers import ends, move_with_the_rates, picture, press, small_blocks


class Training:
    """Fake training: notes the rates it is given; every block moves by ten times its rate."""

    def __init__(self, accuracies=(0.5, 0.95)):
        self.accuracies, self.asked, self.closed = accuracies, [], 0

    def __call__(self, rates):
        self.asked.append(rates)
        try:
            for accuracy in self.accuracies:
                yield pd.DataFrame({"movement": [10 * rate for rate in rates]}), accuracy
        finally:
            self.closed += 1


def layer_rates(train=None, blocks=None, **options):
    options = {"pieces": 2, "target": 0.9, "most_movement": 0.1} | options
    blocks = small_blocks() if blocks is None else blocks
    return explorers.layer_rates(blocks, train or Training(), **options)


def many_blocks(count):
    table = pd.concat([small_blocks().head(1)] * count)
    names = [f"block_{place}_expand ... block_{place}_project (9 layers)" for place in range(count)]
    return table.assign(group=range(count), layers=names, parameters=12_345_678)


def set_all(explorer, **values):
    explorer.reset()
    change(explorer, **values)


def change(explorer, **values):
    for name, value in values.items():
        explorer.controls[name].value = value


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
def test_every_group_has_blocks_in_order_and_the_head_is_alone(counts):
    blocks, groups = counts
    group = group_of_blocks(blocks, groups)
    sizes = np.bincount(group, minlength=groups)
    assert len(group) == blocks
    assert sorted(group) == list(group)
    assert min(sizes) >= 1
    if groups > 1:
        assert sizes[-1] == 1
        assert max(sizes[:-1]) - min(sizes[:-1]) <= 1


@pytest.mark.parametrize(
    ("groups", "wanted"),
    [
        (1, [0.1, 0.1, 0.1, 0.1]),
        (2, [0.01, 0.01, 0.01, 0.1]),
        (3, [0.001, 0.001, 0.01, 0.1]),
        (4, [0.0001, 0.001, 0.01, 0.1]),
    ],
)
def test_run_trains_every_block_with_the_rate_that_is_written_in_it(groups, wanted):
    training = Training()
    made = layer_rates(training)
    set_all(made, groups=groups, ratio=10, top_rate=0.1)
    made.run()
    assert training.asked[0] == pytest.approx(wanted)
    written = [text.get_text() for text in made._figure.axes[0].texts]
    assert [f"{rate:.3g}" for rate in wanted] == [word for word in written if word[0] == "0"][
        : len(wanted)
    ]


def test_one_step_of_every_slider_changes_the_picture():
    made = layer_rates()
    for name, control in made.controls.items():
        made.reset()
        before = picture(made)
        logarithmic = hasattr(control, "base")
        up = control.value * 10**control.step if logarithmic else control.value + control.step
        control.value = up
        assert picture(made) != before, name


def test_the_ratio_is_greyed_out_where_there_is_one_group():
    made = layer_rates()
    made.controls["groups"].value = 1
    assert made.controls["ratio"].disabled
    made.reset()
    assert not made.controls["ratio"].disabled


def test_rates_are_said_of_few_groups_and_of_many_the_first_and_the_last():
    made = layer_rates(blocks=many_blocks(6))
    set_all(made, groups=3, ratio=10, top_rate=0.1)
    assert made.text == "Blocks by learning rate: 6 in 3 groups, 0.001, 0.01, 0.1."
    made.controls["groups"].value = 6
    assert made.text == "Blocks by learning rate: 6 in 6 groups, 1e-06 ... 0.1."


def test_a_frozen_block_is_called_frozen():
    made = layer_rates(blocks=small_blocks().assign(trained=[0, 0, 9, 9]))
    assert made.text.endswith("3 groups, frozen, 0.001, 0.01.")


def test_each_run_gets_a_line_and_a_marker_for_each_block():
    made = layer_rates()
    set_all(made, groups=3, ratio=10, top_rate=0.1)
    made.run()
    made.controls["groups"].value = 1
    made.run()
    assert made.text.split("\n")[1:] == [
        "Run 1: 3 groups, ratio 10, top 0.1, accuracy 0.950, moved 0.01 to 1.",
        "Run 2: 1 group, top 0.1, accuracy 0.950, moved 1 to 1.",
    ]
    first, second = made._figure.axes[1].get_lines()
    np.testing.assert_allclose(first.get_xdata(), [0.01, 0.01, 0.1, 1])
    np.testing.assert_allclose(second.get_xdata(), [1, 1, 1, 1])
    assert first.get_label() == "run 1"


def test_the_last_three_runs_are_shown_and_keep_their_numbers_and_colors():
    made = layer_rates()
    looks = []
    for _ in range(5):
        made.run()
        lines = made._figure.axes[1].get_lines()
        looks.append({line.get_label(): line.get_color() for line in lines})
    assert list(looks[-1]) == ["run 3", "run 4", "run 5"]
    assert looks[-1]["run 3"] == looks[2]["run 3"]
    assert len(set(looks[-1].values())) == 3
    assert [line[:5] for line in made.text.split("\n")[1:]] == ["Run 3", "Run 4", "Run 5"]
    assert len(made.results) == 5


def test_the_target_needs_accuracy_from_a_first_block_that_hardly_moves():
    training = Training()
    made = layer_rates(training)
    assert made.score == (
        "Target: validation accuracy 0.9 while the first block moves 0.1 or less. Yours: nothing "
        "has run yet."
    )
    set_all(made, groups=1, top_rate=0.1)
    made.run()
    assert made.score.endswith("Yours: in every run the first block moved further.")
    change(made, groups=2, ratio=10)
    training.accuracies = (0.5, 0.7)
    made.run()
    assert made.score.endswith("Yours: 0.700 (run 2).")
    training.accuracies = (0.5, 0.9)
    made.run()
    assert made.score.endswith("Yours: 0.900 (run 3), reached.")


def test_stop_keeps_what_the_run_has_reached_and_says_how_far_it_came():
    training = Training(accuracies=[0.6] * 1000)
    made = layer_rates(training, pieces=1000)

    async def session():
        made.run()
        await asyncio.sleep(0.1)
        made.controls["groups"].value = 4
        press(made, "Stop")
        await asyncio.sleep(0.05)
        assert not made.running
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(session())
    (result,) = made.results
    assert 1 <= result.pieces < 1000
    assert result.groups == 3
    assert f"accuracy 0.600 after {result.pieces} of 1000, moved" in made.text
    assert training.closed == 1


def test_an_error_in_training_is_said_in_words_and_the_next_run_can_start():
    def refuse_high_rates(rates):
        if max(rates) > 0.5:
            raise ValueError("the top rate is too high; try 0.1")
        yield from move_with_the_rates(rates)

    made = layer_rates(refuse_high_rates)
    made.controls["top_rate"].value = 1
    made.run()
    assert "try 0.1" in made.progress_text
    assert made.results == []
    made.controls["top_rate"].value = 0.1
    made.run()
    assert len(made.results) == 1


def test_a_run_that_diverged_is_no_best_run():
    def diverge(rates):
        yield pd.DataFrame({"movement": [np.nan] * 4}), 0.95

    made = layer_rates(diverge)
    made.run()
    assert made.score.endswith("moved further.")
    assert "moved nan to nan" in made.text


@pytest.mark.parametrize("blocks", [2, 4, MOST_BLOCKS])
def test_every_extreme_is_drawn_inside_of_a_steady_figure_and_told_briefly(blocks):
    made = layer_rates(blocks=many_blocks(blocks))
    change(made, groups=blocks, ratio=89, top_rate=1.12e-5)
    made.run()
    made.results *= 12
    size = made._figure.get_size_inches().tolist()
    extremes = [ends(control)[:2] for control in made.controls.values()]
    for values in itertools.product(*extremes):
        made._make(dict(zip(made.controls, values)))
        figure = made._figure
        assert figure.get_size_inches().tolist() == size
        inside = figure.bbox.padded(1)
        for ax in figure.axes:
            box = ax.get_tightbbox()
            assert inside.contains(box.x0, box.y0), values
            assert inside.contains(box.x1, box.y1), values
        assert_apart(figure.axes[0].texts)
        assert 40 <= len(made.text) <= 320


def assert_apart(texts):
    boxes = [text.get_window_extent() for text in texts]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.padded(-1.5).overlaps(other.padded(-1.5))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"blocks": [1, 2]}, TypeError, "list; give what groups.table"),
        ({"blocks": small_blocks().head(1)}, ValueError, "1 rows; allowed are 2 to 16"),
        ({"blocks": many_blocks(17)}, ValueError, "17 rows"),
        ({"blocks": small_blocks().drop(columns="layers")}, ValueError, r"lacks \['layers'\]"),
        ({"train": 7}, TypeError, "give a generator function"),
        ({"pieces": 0}, ValueError, "pieces is 0"),
        ({"target": 0}, ValueError, "target is 0"),
        ({"target": 1.1}, ValueError, "at most 1"),
        ({"most_movement": 0}, ValueError, "most_movement is 0"),
    ],
)
def test_arguments_out_of_bounds_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        layer_rates(**options)


def test_a_real_network_trains_with_the_rates_of_the_blocks():
    import keras

    from helpers import layerwise
    from helpers.models import build_dense_net

    def in_blocks():
        model = build_dense_net((2, 2, 1), classes=3, hidden=(8, 4))
        return layerwise.split(model, [layer for layer in model.layers if layer.weights][1:])

    generator = np.random.default_rng(0)
    x, y = generator.random((64, 2, 2, 1)), generator.integers(0, 3, 64)

    def train(rates):
        keras.utils.set_random_seed(0)
        blocks = in_blocks()
        optimizer = layerwise.differential(keras.optimizers.SGD(), blocks, rates=rates)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        blocks.model.compile(optimizer, loss, metrics=["accuracy"])
        before = blocks.values()
        for _ in range(2):
            blocks.model.fit(x, y, verbose=0)
            yield layerwise.movement(blocks, before), blocks.model.evaluate(x, y, verbose=0)[1]

    made = layer_rates(train, in_blocks().table())
    moved = []
    for ratio in (1, 100):
        change(made, groups=3, ratio=ratio, top_rate=0.1)
        made.run()
        moved.append(made.results[-1].movement["movement"])
    # SGD moves the first block by its rate; the gradients are nearly those of the other run.
    assert moved[1][0] / moved[0][0] == pytest.approx(1e-4, rel=0.5)
    assert moved[1][2] / moved[0][2] == pytest.approx(1, rel=0.5)
    made.close()
