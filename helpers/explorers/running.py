"""`TrainingExplorer`: an explorer with *Run* and *Stop* around work that takes seconds."""

import asyncio
import weakref

import ipywidgets as widgets

from helpers.explorers.base import Explorer, button, message, running_loop, words

# Long enough for the kernel to read a message and act on it between two pieces of work.
PAUSE_SECONDS = 0.01

_LATEST = weakref.WeakValueDictionary()


class TrainingExplorer(Explorer):
    """An explorer whose *Run* works in pieces, and whose results stay and overlay.

    In a notebook a run is a task that gives way between pieces: controls stay alive, and *Stop*
    answers after the piece at hand. Without an event loop the same pieces are done at once. Making
    an explorer of a name stops the run of an earlier one of that name, as re-running its cell does.

    Args:
        name: What the explorer is called; one name for each explorer of a lesson.
        controls: Dict from name to control.
        work: `work(**values) -> generator`. It yields about every 0.3 seconds an object with
            `fraction` (0 to 1), `text` and `so_far`: the result as far as it has come.
        draw: `draw(panels, results, **values) -> sentence`; `results` are those of each press of
            *Run*, oldest first, the last maybe in progress.
        panels: As for `Explorer`.
        score: `score(results, **values) -> (target, yours, reached)`.
        **options: As for `Explorer`.

    Attributes:
        results: What the runs led to, oldest first. An empty result is not kept.
        progress_text: What the line beside the bar says.
    """

    def __init__(self, name, controls, work, draw, panels, *, score=None, **options):
        self.results, self._partial = [], None
        self._work, self._task, self._turns, self._stop_asked = work, None, None, False
        self._bar = widgets.FloatProgress(min=0.0, max=1.0, layout=widgets.Layout(width="10em"))
        self._said = widgets.HTML()
        super().__init__(
            name,
            controls,
            lambda panels, **values: draw(panels, self._shown, **values),
            panels,
            score=score and (lambda **values: score(self.results, **values)),
            **options,
        )
        run, stop = button("Run", self.run), button("Stop", self.stop)
        run.button_style = "primary"
        self._buttons.children = (run, stop, *self._buttons.children)
        progress = widgets.HBox([self._bar, self._said])
        self.ui.children = (*self.ui.children[:2], progress, *self.ui.children[2:])
        self._say("Nothing has run yet.", 0.0)
        earlier = _LATEST.get(name)
        if earlier is not None:
            earlier._cancel()
        _LATEST[name] = self

    @property
    def running(self):
        """Whether a run is in progress."""
        return self._turns is not None

    @property
    def _shown(self):
        return [*self.results, *([] if self._partial is None else [self._partial])]

    def run(self, wait=False):
        """Do the work with the settings as they are now, and add its result to the picture.

        Args:
            wait: Whether to return only when the run has ended, also in a notebook.
        """
        if self.running:
            self._say("A run is in progress; Stop ends it.")
            return
        self._stop_asked = False
        self._say("Getting ready: the first run traces the network.", 0.02)
        self._turns = self._pieces(self.values)
        loop = running_loop()
        if wait or loop is None:
            for _ in self._turns:
                pass
        else:
            self._task = loop.create_task(self._take_turns(self._turns))

    def stop(self):
        """End the run after the piece at hand; what it finished is kept."""
        self._stop_asked = self.running
        self._say("Stopping." if self.running else "Nothing is running.")

    def reset(self):
        """Set every control back to its first value, end the run and drop all results."""
        self._cancel()
        self.results.clear()
        super().reset()
        self._say("Nothing has run yet.", 0.0)
        self._redraw()

    def close(self):
        """Take the explorer off the page and leave nothing running."""
        self._cancel()
        super().close()

    def _pieces(self, values):
        """Do one run; a generator that gives way after each piece, whoever drives it."""
        moment, ending, shown = None, "Finished", 0
        yield
        try:
            work = self._work(**values)
            try:
                for moment in work:
                    if self._stop_asked:
                        break
                    self._say(moment.text, moment.fraction)
                    if len(moment.so_far) and moment.fraction - shown > 0.02:
                        shown, self._partial = moment.fraction, moment.so_far
                        self._redraw()
                    yield
            finally:
                work.close()
        except KeyboardInterrupt:
            self._stop_asked = True
        except Exception as error:
            ending = f"The run ended with an error: {error or type(error).__name__}"
        self._turns = self._task = self._partial = None
        if moment is not None and len(moment.finished):
            self.results.append(moment.finished)
        self._redraw()
        if ending != "Finished":
            self._say(ending)
            self._said.value = message(ending)
        elif self._stop_asked:
            self._say("Stopped; what was finished is kept.")
        else:
            self._say("Finished.", 1.0)

    async def _take_turns(self, turns):
        """Drive a run, giving way to messages from the page after each piece."""
        try:
            for _ in turns:
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            turns.close()

    def _cancel(self):
        """End a run without keeping what it did."""
        task, turns = self._task, self._turns
        self._task = self._turns = self._partial = None
        if task is not None:
            task.cancel()
        elif turns is not None:
            turns.close()

    def _say(self, text, fraction=None):
        self.progress_text = text
        self._said.value = words(text, live=True)
        if fraction is not None:
            self._bar.value = fraction
