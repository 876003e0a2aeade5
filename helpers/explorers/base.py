"""`Explorer`: controls, a score, a sentence, and a picture that follows the hand."""

import asyncio
import base64
import html
import io
import threading
import time
import weakref

import ipywidgets as widgets
import matplotlib
from matplotlib.ticker import NullLocator

from helpers.explorers.controls import button
from helpers.plotting.style import bundle, emptied, new_figure

# A pause this long ends a movement; what was there before it stays as a ghost.
PAUSE_SECONDS = 0.8
# Text and background are set together: a theme then cannot make one vanish into the other.
MESSAGE = "color:#000000;background:#FFF3CD"
# The scaffolds of several axes lie on one another.
WHITE = '<div style="display:grid;background:#FFFFFF">{}</div>'
LAYER = "grid-area:1/1;width:100%;display:block"
BADGES = ("color:#000000;background:#E8E8E8", "color:#FFFFFF;background:#006B4E")

_LATEST = weakref.WeakValueDictionary()


class Explorer:
    """Controls around a pure function of their values; a cell whose last line it is shows it.

    A change of a control redraws the picture. Impossible settings, for which `draw` raises a
    ValueError, leave the last picture in place with the error's text above it. Where no widgets run
    (GitHub, nbviewer, print) the picture of the first settings is stored instead.

    The picture is two layers of vector graphics: axes, which are drawn when they change, and what
    is in them; so it is sharp on every screen and follows a slider that is dragged. A third layer
    shows what was there before the last movement.

    Args:
        name: What the explorer is called.
        controls: Dict from name to control; the functions take these names.
        draw: `draw(panels, **values) -> sentence`: draws into a list of axes, and says in a
            sentence what the picture shows.
        panels: The place of each axes in the picture: `(left, bottom, width, height)` in inches.
        size: Width and height of the picture in inches.
        score: `score(**values) -> (target, yours, reached)`: two texts, and whether it is reached.

    Attributes:
        name: What the explorer is called.
        controls: The controls by name; setting the `value` of one is as good as moving it.
        ui: The widget that holds them all.
        score: The target and how far the settings are from it; empty where there is none.
    """

    def __init__(self, name, controls, draw, panels, *, size=(7.1, 3.3), score=None):
        self.name, self.controls = name, dict(controls)
        self._draw, self._score, self._first = draw, score, self.values
        self._figure = new_figure(*size, columns=len(panels), layout=None)[0]
        for ax, place in zip(self._figure.axes, panels):
            ax.set_position([inches / size[end % 2] for end, inches in enumerate(place)])
        self._resetting, self._moved_at = False, 0.0
        self._scaffolds = [(None, "")] * len(panels)
        self._drawing = threading.RLock()
        above = widgets.Layout(grid_area="1 / 1 / 2 / 2", margin="0", overflow="hidden")
        layers = [widgets.HTML(layout=above) for _ in range(3)]
        self._ghost, self._back, self._front = layers
        # Room for two lines: the picture then stays where it is when one becomes two.
        self._badge = widgets.HTML()
        self._words = widgets.HTML(layout=widgets.Layout(min_height="3.4em"))
        for control in self.controls.values():
            control.observe(self._changed, names="value")
        wide = widgets.Layout(max_width="780px")
        flow = widgets.Layout(flex_flow="row wrap")
        self._buttons = widgets.HBox([button("Reset", self.reset), self._badge], layout=flow)
        picture = widgets.GridBox(layers, layout=wide)
        rows = [widgets.Box(list(self.controls.values()), layout=flow), self._buttons]
        self.ui = widgets.VBox([*rows, self._words, picture], layout=wide)
        self._make()

    @property
    def values(self):
        """The settings by name, as the controls show them."""
        return {name: control.value for name, control in self.controls.items()}

    def reset(self):
        """Set every control back to its first value."""
        self._resetting = True
        for name, value in self._first.items():
            self.controls[name].value = value
        self._resetting = False
        self._redraw()

    def _changed(self, _change):
        # A burst is drawn once: the page holds a change back until the one before is answered.
        if not self._resetting:
            self._redraw()

    def _redraw(self):
        try:
            # JupyterLab may send two changes in two threads, and there is one figure.
            with self._drawing:
                self._make()
        except ValueError as error:
            self.text, self.score = str(error), ""
            self._words.value = line(self.text, MESSAGE)
            self._badge.value = ""

    def _make(self):
        figure, sentence = self._figure, self._drawn()
        target, yours, reached = self._score(**self.values) if self._score else ("", "", False)
        for place, ax in enumerate(figure.axes):
            key = _scaffold_key(ax)
            if key != self._scaffolds[place][0]:
                self._scaffolds[place] = key, _svg(figure, _scaffold(ax))
        back, moment = WHITE.format("".join(svg for _, svg in self._scaffolds)), time.monotonic()
        if back != self._back.value:
            self._ghost.value, self._back.value = "", back
        elif moment - self._moved_at > PAUSE_SECONDS:
            ghost = self._front.value.replace("<img ", '<img aria-hidden="true" ')
            self._ghost.value = f'<div style="opacity:0.25">{ghost}</div>'
        self._moved_at = moment
        inside = {artist for ax in figure.axes for artist in {*ax.get_children()} - _scaffold(ax)}
        self._front.value = _svg(figure, inside, sentence)
        self.text, self._words.value = sentence, line(sentence)
        self.score = f"{target} {yours}{' Reached.' if reached else ''}".strip()
        self._badge.value = line(self.score, BADGES[bool(reached)]) if self._score else ""

    def _drawn(self):
        """Draw the settings into the figure, which then carries its sentence; return that."""
        self._figure.alt = ""
        # To make new axes would take three times as long as all the rest.
        self._figure.alt = self._draw([emptied(ax) for ax in self._figure.axes], **self.values)
        # So do powers as formulas, and small ticks.
        for axis in (axis for ax in self._figure.axes for axis in (ax.xaxis, ax.yaxis)):
            if axis.get_scale() == "log":
                axis.set_major_formatter("{x:g}")
                axis.set_minor_locator(NullLocator())
        return self._figure.alt

    def _repr_mimebundle_(self, **_):
        self._drawn()
        data, metadata = bundle(self._figure)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.ui.model_id}
        return data | {"application/vnd.jupyter.widget-view+json": view}, metadata


class TrainingExplorer(Explorer):
    """An explorer whose *Run* works in pieces, and whose results stay and overlay.

    In a notebook a run is a task that gives way between pieces: controls stay alive, and *Stop*
    answers after the piece at hand. Without an event loop the same pieces are done at once. Making
    an explorer of a name stops the run of an earlier one of that name, as re-running its cell does.

    Args:
        name: What the explorer is called; one name for each explorer of a lesson.
        controls: Dict from name to control.
        work: Generator function: `work(**values)` yields about every 0.3 seconds an object with
            `fraction` (0 to 1), `text`, `so_far` (the result as far as it has come) and `finished`.
        draw: `draw(panels, results, **values) -> sentence`; `results` are those of each press of
            *Run*, oldest first, the last maybe in progress.
        panels: As for `Explorer`.
        score: `score(results, **values) -> (target, yours, reached)`.
        **options: As for `Explorer`.

    Attributes:
        results: What the runs led to, oldest first. An empty result is not kept.
        progress_text: What the line beside the buttons says.
    """

    def __init__(self, name, controls, work, draw, panels, *, score=None, **options):
        self.results, self._partial = [], []
        self._work, self._turns, self._stop_asked = work, None, False
        self._said = widgets.HTML()

        def draw_all(panels, **values):
            return draw(panels, [*self.results, *self._partial], **values)

        own_score = score and (lambda **values: score(self.results, **values))
        super().__init__(name, controls, draw_all, panels, score=own_score, **options)
        run, stop = button("Run", self.run, "primary"), button("Stop", self.stop)
        self._buttons.children = (run, stop, *self._buttons.children, self._said)
        self._say("Nothing has run yet.")
        if name in _LATEST:
            _LATEST[name]._cancel()
        _LATEST[name] = self

    @property
    def running(self):
        """Whether a run is in progress."""
        return self._turns is not None

    def run(self):
        """Do the work with the settings as they are now, and add its result to the picture."""
        if self.running:
            return
        self._stop_asked = False
        self._say("Getting ready: the first run traces the network.")
        self._turns = self._pieces(self.values)
        try:
            asyncio.get_running_loop().create_task(self._take(self._turns))
        except RuntimeError:
            for _ in self._turns:
                pass

    def stop(self):
        """End the run after the piece at hand; what it finished is kept."""
        self._stop_asked = self.running
        self._say("Stopping." if self.running else "Nothing is running.")

    def reset(self):
        """Set every control back to its first value, end the run and drop all results."""
        self._cancel()
        self.results.clear()
        super().reset()
        self._say("Nothing has run yet.")

    def _pieces(self, values):
        """Do one run; a generator that gives way after each piece, whoever drives it."""
        moment, ending = None, "Finished."
        yield
        work = self._work(**values)
        try:
            for moment in work:
                if self._stop_asked:
                    break
                self._say(f"{moment.fraction:.0%}: {moment.text}")
                if len(moment.so_far):
                    self._partial = [moment.so_far]
                    self._redraw()
                yield
        except KeyboardInterrupt:
            self._stop_asked = True
        except Exception as error:
            ending = f"The run ended with an error: {error or type(error).__name__}"
        finally:
            work.close()
        self._turns, self._partial = None, []
        if moment is not None and len(moment.finished):
            self.results.append(moment.finished)
        self._redraw()
        self._say("Stopped; what was finished is kept." if self._stop_asked else ending)

    async def _take(self, turns):
        """Drive a run, giving way to messages from the page after each piece."""
        while self._turns is turns and next(turns, turns) is None:
            # Long enough for the kernel to read a message and act on it.
            await asyncio.sleep(0.01)

    def _cancel(self):
        """End a run without keeping what it did."""
        turns, self._turns, self._partial = self._turns, None, []
        if turns is not None:
            turns.close()

    def _say(self, text):
        self.progress_text, self._said.value = text, line(text, MESSAGE * ("error" in text))


def line(text, style=""):
    """Return text as HTML that screen readers announce when it changes."""
    style = f"line-height:1.35;padding:0.2em 0.6em;white-space:pre-line;{style}"
    return f'<div role="status" aria-live="polite" style="{style}">{html.escape(text)}</div>'


def _scaffold(ax):
    """Return what axes consist of, without what is in them."""
    return {ax.xaxis, ax.yaxis, ax.patch, *ax.spines.values()}


def _scaffold_key(ax):
    """Return what axes look like without what is in them."""
    return [
        (axis.get_view_interval().tolist(), axis.get_scale(), axis.get_label_text(), ax.axison)
        + (axis.get_ticklocs().tolist(), getattr(axis.get_major_formatter(), "seq", ()))
        for axis in (ax.xaxis, ax.yaxis)
    ]


def _svg(figure, shown, alt=""):
    """Return some artists of a figure as an image in vector graphics."""
    artists = [artist for ax in figure.axes for artist in ax.get_children()]
    for artist in artists:
        artist.set_visible(artist in shown)
    file = io.StringIO()
    blank = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    # The same picture for the same figure; letters as text are drawn in a tenth of the time.
    with matplotlib.rc_context({"svg.hashsalt": "course", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata=blank, facecolor="none")
    for artist in artists:
        artist.set_visible(True)
    # Inside an `img` none of the page's thousands of style rules has to be matched with its lines.
    data = base64.b64encode(file.getvalue().encode()).decode()
    alt = f'alt="{html.escape(alt)}"' if alt else 'alt="" aria-hidden="true"'
    return f'<img {alt} style="{LAYER}" src="data:image/svg+xml;base64,{data}">'
