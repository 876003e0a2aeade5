"""One look for every figure, the sentence that each carries, and the way both reach the page."""

import base64
import html
import io

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator
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
}

# Color is never the only key: line i also has its own dash pattern and marker.
_COLORS = ("blue", "vermillion", "green", "purple", "black", "orange", "sky", "grey")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (2, 1)), (0, (1, 2)))
SERIES = [
    {"color": PALETTE[color], "linestyle": dashes, "marker": marker}
    for color, dashes, marker in zip(_COLORS, _DASHES, "os^DvPX<")
]

BESIDE = {"frameon": False, "handlelength": 3.5, "loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}


def new_figure(width=7.0, height=3.2, rows=1, columns=1, *, layout="constrained", **subplots):
    """Return `(figure, axes)` of the course: white face, light grid, no pyplot state.

    Args:
        width: Width in inches.
        height: Height in inches.
        rows: Rows of axes.
        columns: Columns of axes.
        layout: As for matplotlib's `Figure`.
        **subplots: Passed on to `Figure.subplots` (`sharex`, `width_ratios`, ...).

    Returns:
        The figure, and one axes (or an array of axes where there is more than one).
    """
    figure = Figure(figsize=(width, height), dpi=110, layout=layout, facecolor="white")
    axes = figure.subplots(rows, columns, **subplots)
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_color("none")
        ax.grid(True, color="#DDDDDD", linewidth=0.6)
        ax.set_axisbelow(True)
    return figure, axes


def axes_for(ax, **size):
    """Return the given axes, or those of a new figure of the given size."""
    return new_figure(**size)[1] if ax is None else ax


def emptied(ax):
    """Return axes without what is in them, ready to be drawn into again on the same scales."""
    for artist in [*ax.lines, *ax.collections, *ax.patches, *ax.texts]:
        artist.remove()
    ax.set_aspect("auto")
    ax.autoscale(True)
    ax.set_prop_cycle(None)
    ax.relim()
    ax.grid(True)
    return ax


def sparse(axis):
    """Name few places of a logarithmic axis of less than three decades; others name their own."""
    low, high = axis.get_view_interval()
    if high < 1000 * low:
        near = high < 5 * low
        axis.set_major_locator(MaxNLocator(4) if near else LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")


def looks(labels):
    """Return the look of each line: ordered colors for rates, the eight of `SERIES` for names.

    Raises:
        ValueError: If there are more names than looks.
    """
    labels = list(labels)
    if len(labels) > 1 and not any(isinstance(label, str) for label in labels):
        order = np.argsort(np.argsort(labels))
        colors = colormaps["viridis"](np.linspace(0.0, 0.88, len(labels)))
        return [SERIES[place % len(SERIES)] | {"color": colors[place]} for place in order]
    if len(labels) > len(SERIES):
        raise ValueError(f"Of {len(labels)} lines {len(SERIES)} can be told apart; choose some.")
    return SERIES[: len(labels)]


def shade(look):
    """Return how a band around a line of that look is filled."""
    return {"color": look["color"], "alpha": 0.15, "lw": 0}


def described(figure, sentence):
    """Let a figure carry a sentence for those who cannot see it, and return the figure.

    The sentences of several axes of one figure follow one another, in `figure.alt`.
    """
    figure.alt = " ".join(filter(None, [getattr(figure, "alt", ""), sentence]))
    return figure


def to_png(figure):
    """Return the figure as PNG bytes with a reduced palette, the same for the same figure."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba())
    # This method is quick and keeps the palette's colors, but its white is a shade off the page's.
    octree = {"method": Image.Quantize.FASTOCTREE, "dither": Image.Dither.NONE}
    picture = picture.convert("RGB").quantize(**octree)
    picture.putpalette([255 if value >= 253 else value for value in picture.getpalette()])
    png = io.BytesIO()
    picture.save(png, format="PNG", optimize=True)
    return png.getvalue()


def bundle(figure):
    """Return `(data, metadata)` of a figure for IPython: its picture, and the sentence as text.

    The picture is there twice: JupyterLab and nbconvert give an alternative text only to that which
    stands in HTML, and GitHub shows only the other.
    """
    if len(getattr(figure, "alt", "")) < 40:
        raise ValueError("The figure needs a description: described(figure, 'what it shows').")
    png, alt = base64.b64encode(to_png(figure)).decode("ascii"), html.escape(figure.alt)
    page = f'<img alt="{alt}" src="data:image/png;base64,{png}">'
    data = {"text/html": page, "image/png": png, "text/plain": figure.alt}
    return data, {"image/png": {"alt": figure.alt}}


def show(figure):
    """Display a figure in a notebook, with its sentence as its description."""
    from IPython.display import display

    data, metadata = bundle(figure)
    display(data, raw=True, metadata=metadata)
