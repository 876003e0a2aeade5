"""One look for every figure: palette, sizes, and how a figure reaches the page."""

import base64
import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's colors, written out: the named colormap is missing from older matplotlib.
# Their yellow is left out because it is too pale for a line on white.
PALETTE = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
    "grey": "#7F7F7F",
}

# One quantity, one look, in every lesson.
LOOKS = {
    "rate": {"color": PALETTE["blue"], "linestyle": "-"},
    "training": {"color": PALETTE["black"], "linestyle": "-"},
    "validation": {"color": PALETTE["vermillion"], "linestyle": "--"},
    "diverged": {"color": PALETTE["grey"], "linestyle": ":", "marker": "x"},
}

# Color is never the only key: line i also has its own dash pattern and marker.
SERIES = [
    {"color": PALETTE["blue"], "linestyle": "-", "marker": "o"},
    {"color": PALETTE["vermillion"], "linestyle": "--", "marker": "s"},
    {"color": PALETTE["green"], "linestyle": "-.", "marker": "^"},
    {"color": PALETTE["purple"], "linestyle": ":", "marker": "D"},
    {"color": PALETTE["black"], "linestyle": (0, (5, 1, 1, 1, 1, 1)), "marker": "v"},
    {"color": PALETTE["orange"], "linestyle": (0, (8, 2)), "marker": "P"},
    {"color": PALETTE["sky"], "linestyle": (0, (2, 1)), "marker": "X"},
    {"color": PALETTE["grey"], "linestyle": (0, (1, 2)), "marker": "<"},
]

FONT_SIZE = 11
DPI = 110


def new_figure(width=7.0, height=3.2, rows=1, columns=1, **subplots):
    """Return `(figure, axes)`: white face, constrained layout, the course's fonts, no pyplot state.

    Args:
        width: Width in inches.
        height: Height in inches.
        rows: Rows of axes.
        columns: Columns of axes.
        **subplots: Passed on to `Figure.subplots` (`sharex`, `width_ratios`, ...).

    Returns:
        The figure, and one axes (or an array of axes where there is more than one).

    Example:
        >>> figure, axes = new_figure(columns=2)
        >>> len(axes)
        2
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    axes = figure.subplots(rows, columns, **subplots)
    for each in figure.axes:
        each.tick_params(labelsize=FONT_SIZE)
        each.spines[["top", "right"]].set_visible(False)
        each.grid(True, color="#DDDDDD", linewidth=0.6)
        each.set_axisbelow(True)
    return figure, axes


def figure_and_axes(ax, **size):
    """Return `(figure, ax)`: the given axes and its figure, or a new figure of the given size."""
    if ax is None:
        return new_figure(**size)
    return ax.get_figure(), ax


def label_axes(ax, x, y):
    """Name both axes in the course's font size."""
    ax.set_xlabel(x, fontsize=FONT_SIZE)
    ax.set_ylabel(y, fontsize=FONT_SIZE)


def to_png(figure, compress_level=9):
    """Return the figure as PNG bytes with a reduced palette, so that notebooks stay small.

    Args:
        figure: A matplotlib figure.
        compress_level: 0 (quick) to 9 (small).

    Returns:
        PNG bytes; the same bytes for the same figure, without time stamps.

    Raises:
        ValueError: If the level is out of bounds.
    """
    if not 0 <= compress_level <= 9:
        raise ValueError(f"compress_level is {compress_level}; allowed is 0 (quick) to 9 (small).")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    # This method is quick and keeps the palette's colors, but its white is a shade off the page's.
    picture = picture.convert("RGB").quantize(
        method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    picture.putpalette([255 if value >= 253 else value for value in picture.getpalette()])
    png = io.BytesIO()
    picture.save(png, format="PNG", compress_level=compress_level)
    return png.getvalue()


def png_text(png):
    """Return PNG bytes as base64 text, as a notebook output or an HTML page stores them."""
    return base64.b64encode(png).decode("ascii")


def show(figure, alt):
    """Display the figure in a notebook as a PNG that carries its description.

    Args:
        figure: A matplotlib figure.
        alt: What the figure shows, in a sentence of 40 characters or more; read by screen readers.

    Raises:
        ValueError: If `alt` is shorter than 40 characters.
    """
    from IPython.display import display

    if len(alt) < 40:
        raise ValueError(
            f"The description {alt!r} has {len(alt)} characters; a reader who cannot see the "
            "figure needs 40 or more. Say the kind of chart, the data and what it shows."
        )
    bundle = {"image/png": png_text(to_png(figure)), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})
