"""What an explorer puts on the page: a picture, words and messages as HTML."""

import html

from helpers.plotting.style import new_figure, png_text, to_png

WORDS_STYLE = "line-height:1.4;max-width:60em;margin:0.3em 0;white-space:pre-line"
# Text and background are set together: a theme then cannot make one vanish into the other.
MESSAGE_STYLE = f"{WORDS_STYLE};padding:0.4em 0.8em;color:#000000;background:#FFF3CD"


def steady_figure(width=7.0, height=3.2, right=0.2):
    """Return `(figure, ax)` with fixed margins, so that the axes stay put while controls move.

    Finding margins that fit takes longer than the drawing itself, and they jump with each label.

    Args:
        width: Width in inches.
        height: Height in inches, 2 or more.
        right: Margin at the right in inches, for what is written beside the axes.

    Returns:
        The figure and its one axes.

    Raises:
        ValueError: If there is no room for the axes.
    """
    if width - right < 2 or height < 2:
        raise ValueError(
            f"The size is {width} by {height} inches with {right} at the right; allowed is 2 by 2 "
            "or more for the rest; try 7 by 3.2 with 0.2."
        )
    figure, ax = new_figure(width=width, height=height)
    figure.set_layout_engine(None)
    figure.subplots_adjust(
        left=0.9 / width, right=1 - right / width, bottom=0.55 / height, top=1 - 0.2 / height
    )
    return figure, ax


def figure_html(figure, alt):
    """Return an `img` element that holds the figure, with its description."""
    png = to_png(figure, compress_level=1)
    width, height = figure.canvas.get_width_height()
    return (
        f'<img alt="{html.escape(alt)}" width="{width}" height="{height}" '
        'style="max-width:100%;height:auto;background:#FFFFFF" '
        f'src="data:image/png;base64,{png_text(png)}">'
    )


def words_html(*lines):
    """Return one line of text for each string that is not empty."""
    return "".join(
        f'<div style="{WORDS_STYLE}">{html.escape(line)}</div>' for line in lines if line
    )


def message_html(message):
    """Return a message that stands out and that screen readers announce."""
    return f'<div role="alert" style="{MESSAGE_STYLE}">{html.escape(message)}</div>'
