"""Pictures and sentences of layer groups: what is drawn where, and what is said."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from helpers.describe import describe_layer_rates, describe_movement
from helpers.plotting import SERIES, new_figure, plot_layer_rates, plot_movement
from helpers.results import movement_spread
from tests.test_range_test_pictures import drawn

TABLE = pd.DataFrame(
    {
        "group": [0, 1, 2],
        "layers": ["conv_1", "conv_2 ... conv_9 (8 layers)", "head"],
        "parameters": [160, 1_234_567, 165],
        "trained": [160, 1_234_567, 165],
        "learning_rate": [1e-7, 1e-4, 1e-2],
    }
)
MOVEMENTS = {"one rate": [[0.1, 0.4], [0.3, 0.8], [0.2, 0.5]], "two rates": [0.001, 0.5]}


def blocks(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def luminance(color):
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in to_rgb(color)
    ]
    return np.dot(linear, (0.2126, 0.7152, 0.0722))


def test_blocks_are_stacked_from_the_input_with_their_rates_in_them():
    figure = plot_layer_rates(TABLE)
    ax = figure.axes[0]
    heights = [ax.transData.transform(block.get_center())[1] for block in blocks(figure)]
    assert heights == sorted(heights, reverse=True)
    for rate, parameters in (("1e-07", "160"), ("0.0001", "1,234,567"), ("0.01", "165")):
        places = {text.get_text(): text.get_position()[1] for text in ax.texts}
        assert places[rate] == places[parameters]
    assert {"group", "layers", "rate", "parameters"} < set(words(figure))


def test_a_higher_rate_is_lighter_and_equal_rates_have_one_color():
    rates = [1e-6, 1e-4, 1e-4, 1e-2, 1.0]
    table = pd.concat([TABLE, TABLE])[:5].assign(group=range(5), learning_rate=rates)
    colors = [block.get_facecolor() for block in blocks(plot_layer_rates(table))]
    assert colors[1] == colors[2]
    # Each step is visible without color, too.
    assert min(np.diff([luminance(colors[place]) for place in (0, 1, 3, 4)])) > 0.02


@pytest.mark.parametrize("rate", np.geomspace(1e-6, 1, 13))
def test_what_is_written_stands_out_from_its_block(rate):
    figure = plot_layer_rates(TABLE.assign(learning_rate=rate), limits=(1e-6, 1))
    name = next(text for text in figure.axes[0].texts if text.get_text() == "head")
    pair = [luminance(color) for color in (blocks(figure)[2].get_facecolor(), name.get_color())]
    assert (max(pair) + 0.05) / (min(pair) + 0.05) > 4.5


def test_limits_fix_the_colors_and_rates_beyond_have_that_of_the_end():
    low, high = (
        blocks(plot_layer_rates(TABLE.assign(learning_rate=rates), limits=(1e-4, 1e-2)))
        for rates in ([1e-4, 1e-4, 1e-2], [1e-9, 1e-4, 1.0])
    )
    assert [block.get_facecolor() for block in low] == [block.get_facecolor() for block in high]


def test_one_rate_everywhere_and_rates_of_0_can_be_drawn():
    (color,) = {b.get_facecolor() for b in blocks(plot_layer_rates(TABLE.assign(learning_rate=1)))}
    still = plot_layer_rates(TABLE.assign(learning_rate=[0, 0, 0.1]))
    assert [block.get_hatch() for block in blocks(still)] == ["//", "//", None]
    assert words(still).count("0") == 3  # two rates, one group
    assert blocks(still)[0].get_facecolor() != color


def test_what_is_not_trained_is_called_frozen():
    table = TABLE.assign(trained=[0, 5, 165])
    figure = plot_layer_rates(table)
    assert words(figure).count("frozen") == 1
    assert "1e-07" not in words(figure)
    assert describe_layer_rates(table).endswith("learning rate: frozen, 0.0001, 0.01.")


def test_blocks_of_one_group_have_its_number_once_at_their_middle():
    figure = plot_layer_rates(TABLE.assign(group=[0, 0, 1], parameters=9))
    numbers = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    assert (numbers["0"], numbers["1"]) == (0.5, 2)
    assert describe_layer_rates(TABLE.assign(group=[0, 0, 1])).startswith(
        "Network of 3 blocks in 2 groups, input first"
    )


def test_a_long_name_ends_before_the_rate():
    name = "a_layer_of_a_large_network ... another_layer_of_it (40 layers)"
    table = TABLE.assign(layers=name, learning_rate=1.23e-10)
    figure, ax = new_figure(width=5)
    plot_layer_rates(table, ax=ax)
    texts = ax.texts
    names = [text for text in texts if text.get_text().startswith("a_layer")]
    rates = [text for text in texts if text.get_text() == "1.23e-10"]
    drawn(figure)
    assert all(text.get_text().endswith("...") for text in names)
    for left, right in zip(names, rates):
        assert left.get_window_extent().x1 < right.get_window_extent().x0


def test_all_that_is_written_lies_inside_of_the_figure():
    for figure in (
        plot_layer_rates(TABLE),
        plot_movement(MOVEMENTS, names=["the first layers", "the head"]),
    ):
        drawn(figure)
        inside, box = figure.bbox.padded(1), figure.get_tightbbox()
        scaled = box.transformed(figure.dpi_scale_trans)
        assert inside.contains(scaled.x0, scaled.y0)
        assert inside.contains(scaled.x1, scaled.y1)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (TABLE.drop(columns="learning_rate"), {}, r"lacks \['learning_rate'\]; give what groups"),
        (TABLE[:0], {}, "lacks rows"),
        ({"group": [0]}, {}, "lacks"),
        (TABLE, {"limits": (0, 1)}, "0 < lowest < highest"),
        (TABLE, {"limits": (1, 0.1)}, "0 < lowest < highest"),
    ],
)
def test_tables_and_limits_that_cannot_be_drawn_are_refused(table, options, message):
    with pytest.raises(ValueError, match=message):
        plot_layer_rates(table, **options)


def test_spread_is_the_median_and_range_over_seeds():
    spread = movement_spread(MOVEMENTS)
    assert spread.columns.tolist() == [
        "treatment",
        "group",
        "median",
        "lowest",
        "highest",
        "seeds",
    ]
    np.testing.assert_allclose(
        spread.drop(columns="treatment"),
        [
            [0, 0.2, 0.1, 0.3, 3],
            [1, 0.5, 0.4, 0.8, 3],
            [0, 0.001, 0.001, 0.001, 1],
            [1, 0.5, 0.5, 0.5, 1],
        ],
    )


def test_frames_lists_of_frames_and_rows_are_all_taken():
    frame = pd.DataFrame({"group": [0, 1], "movement": [0.1, 0.2]})
    alike = [[0.1, 0.2]], np.array([0.1, 0.2]), frame, [frame]
    spreads = [movement_spread({"it": given}) for given in alike]
    for spread in spreads[1:]:
        pd.testing.assert_frame_equal(spread, spreads[0])
    assert movement_spread({"it": [frame] * 4})["seeds"].tolist() == [4, 4]


@pytest.mark.parametrize(
    ("movements", "error", "message"),
    [
        ([0.1, 0.2], TypeError, "list; give a dict"),
        ({}, ValueError, "of no groups"),
        ({"a": [0.1], "b": [0.1, 0.2]}, ValueError, r"of \[1, 2\] groups"),
        ({"a": [0.1, -0.2]}, ValueError, "'a' has a movement below 0"),
        ({"a": []}, ValueError, "'a' has the shape"),
        ({"a": [[[0.1]]]}, ValueError, r"the shape \(1, 1, 1\)"),
    ],
)
def test_movements_that_are_none_are_refused(movements, error, message):
    with pytest.raises(error, match=message):
        plot_movement(movements)


def test_each_treatment_has_a_marker_in_each_group_and_a_range():
    figure = plot_movement(MOVEMENTS)
    ax = figure.axes[0]
    one, two = ax.get_lines()
    np.testing.assert_allclose(one.get_xdata(), [0.2, 0.5])
    np.testing.assert_allclose(two.get_xdata(), [0.001, 0.5])
    # Input at the top, and within a group one beneath the other.
    assert ax.yaxis_inverted()
    assert np.rint(one.get_ydata()).tolist() == np.rint(two.get_ydata()).tolist() == [0, 1]
    assert all(two.get_ydata() > one.get_ydata())
    ranges = ax.collections[0].get_segments()
    assert [[start[0], end[0]] for start, end in ranges] == [[0.1, 0.3], [0.4, 0.8]]
    low, high = ax.get_xlim()
    assert low < 0.001
    assert high > 0.8


def test_what_did_not_move_stands_at_the_edge_marked_0():
    figure = plot_movement({"frozen": [0, 0.5], "from nothing": [np.inf, 0.5]})
    ax = figure.axes[0]
    low, high = ax.get_xlim()
    frozen, boundless = ax.get_lines()
    assert frozen.get_xdata()[0] == low < 0.5
    assert boundless.get_xdata()[0] == high > 0.5
    assert words(figure) == ["0", "∞"]
    assert describe_movement({"frozen": [0, 0.5]}).endswith("frozen 0, 0.5.")


@pytest.mark.parametrize("values", [[0, 0], [np.nan, np.nan], [0.3, 0.3]])
def test_a_treatment_without_two_movements_has_an_axis_of_two_decades(values):
    low, high = plot_movement({"it": values}).axes[0].get_xlim()
    assert 99 < high / low < 1001


def test_a_diverged_seed_takes_its_group_out_of_the_picture():
    figure = plot_movement({"it": [[0.1, np.nan], [0.1, 0.2]]})
    assert figure.axes[0].get_lines()[0].get_xdata().tolist() == [0.1]


def test_labels_choose_treatments_that_keep_their_looks():
    movements = {name: [0.1] for name in "abcdefghij"}
    lines = plot_movement(movements, labels=["c", "j"]).axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["c", "j"]
    assert [line.get_color() for line in lines] == [SERIES[2]["color"], SERIES[1]["color"]]
    with pytest.raises(ValueError, match="allowed are one to 8"):
        plot_movement(movements)
    with pytest.raises(ValueError, match=r"labels are \['z'\]"):
        plot_movement(movements, labels=["z"])


def test_groups_have_the_names_that_are_given():
    ax = plot_movement(MOVEMENTS, names=["base", "head"]).axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["base", "head"]
    with pytest.raises(ValueError, match="1 entries for 2 groups"):
        plot_movement(MOVEMENTS, names=["base"])


def test_movement_is_told_with_the_median_of_each_group():
    assert describe_movement(MOVEMENTS) == (
        "Movement of 2 groups, input first, on a log axis, median of 3 seeds: one rate 0.2, 0.5; "
        "two rates 0.001, 0.5."
    )
    many = describe_movement({"it": np.geomspace(1e-9, 0.1, 9)})
    assert many == "Movement of 9 groups, input first, on a log axis: it 1e-09 ... 0.1."


def test_both_draw_into_axes_that_are_given():
    figure, (left, right) = new_figure(columns=2)
    assert plot_layer_rates(TABLE, ax=left) is plot_movement(MOVEMENTS, ax=right) is figure


def test_the_table_of_real_groups_is_drawn_as_it_comes():
    import keras

    from helpers import layerwise

    layers = [keras.layers.Dense(4, name=name) for name in ("early", "middle", "head")]
    model = keras.Sequential([keras.Input((3,)), *layers])
    groups = layerwise.split(model, ["middle", "head"])
    optimizer = layerwise.differential(keras.optimizers.Adam(), groups, rates=[1e-7, 1e-4, 1e-2])
    layers[0].trainable = False
    figure = plot_layer_rates(groups.table(optimizer))
    assert {"early", "frozen", "middle", "0.0001", "head", "0.01"} < set(words(figure))
    before = groups.values()
    layers[2].set_weights([2 * value for value in layers[2].get_weights()])
    moved = movement_spread({"doubled": layerwise.movement(groups, before)})
    assert moved["median"].tolist() == [0, 0, 1]
