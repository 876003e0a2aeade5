"""`TrainingExplorer`: an explorer with *Run* and *Stop* around work that takes seconds."""

import asyncio
import weakref

import ipywidgets as widgets

from helpers.explorers.base import Explorer, button, running_loop
from helpers.explorers.page import message_html, words_html

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
        controls: Dict from name to ipywidgets control.
        work: `work(**values) -> generator`. It yields about every 0.3 seconds an object with
            `fraction` (0 to 1) and `text`. The result is what it returns, else the `finished` of
            the last object, else that object. A run that was stopped has the last two.
        draw: `draw(results, **values) -> Figure`; `results` is the list of results, oldest first.
        describe: `describe(results, **values) -> str`.
        score: `score(results, **values) -> str`: the target and how far the results are from it.

    Attributes:
        results: What the runs led to, oldest first. An empty result is not kept.
        progress_text: What the line beside the bar says.

    Raises:
        ValueError: If the first settings are impossible.
    """

    def __init__(self, name, controls, work, draw, describe, *, score=None):
        self.results = []
        self._work, self._task, self._turns, self._stop_asked = work, None, None, False
        self._bar = widgets.FloatProgress(min=0.0, max=1.0, layout=widgets.Layout(width="14em"))
        self._words = widgets.HTML()
        super().__init__(
            name,
            controls,
            lambda **values: draw(self.results, **values),
            lambda **values: describe(self.results, **values),
            score=score and (lambda **values: score(self.results, **values)),
        )
        self._buttons.children = (
            button("Run", self.run),
            button("Stop", self.stop),
            *self._buttons.children,
        )
        progress = widgets.HBox([self._bar, self._words])
        self.ui.children = (self._panel, self._buttons, progress, self._view)
        self._say("Nothing has run yet.", 0.0)
        _replace_earlier(self)

    @property
    def running(self):
        """Whether a run is in progress."""
        return self._turns is not None

    def run(self, wait=False):
        """Do the work with the settings as they are now, and add its result to the picture.

        Args:
            wait: Whether to return only when the run has ended, also in a notebook.
        """
        if self.running:
            self._say("A run is in progress; Stop ends it.")
            return
        self._stop_asked = False
        self._turns = self._pieces(self.values)
        loop = running_loop()
        if wait or loop is None:
            for _ in self._turns:
                pass
        else:
            self._task = loop.create_task(self._take_turns(self._turns))

    def stop(self):
        """End the run after the piece at hand; what it finished is kept."""
        if self.running:
            self._stop_asked = True
            self._say("Stopping.")
        else:
            self._say("Nothing is running.")

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
        moment, result, ending = None, None, "Stopped"
        try:
            work = self._work(**values)
            try:
                while not self._stop_asked:
                    moment = next(work)
                    self._say(moment.text, moment.fraction)
                    yield
            except StopIteration as end:
                result, ending = end.value, "Finished"
            finally:
                work.close()
        except KeyboardInterrupt:
            pass
        except Exception as error:
            ending = f"The run ended with an error: {error or type(error).__name__}"
        self._turns = self._task = None
        self._keep(getattr(moment, "finished", moment) if result is None else result)
        self._report(ending, moment)

    def _keep(self, result):
        """Add a result, unless it is none or empty, and redraw."""
        if result is not None and (not hasattr(result, "__len__") or len(result)):
            self.results.append(result)
        self._redraw()

    def _report(self, ending, moment):
        """Say how a run ended."""
        if ending == "Finished":
            self._say(f"Finished: {moment.text}" if moment else "Finished.", 1.0)
        elif ending == "Stopped":
            self._say(f"Stopped at: {moment.text}" if moment else "Stopped.")
        else:
            self._say(ending)
            self._words.value = message_html(ending)

    async def _take_turns(self, turns):
        """Drive a run, giving way to messages from the page after each piece."""
        try:
            for _ in turns:
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            turns.close()

    def _cancel(self):
        """End a run without keeping what it did."""
        task, turns, self._task, self._turns = self._task, self._turns, None, None
        if task is not None:
            task.cancel()
        elif turns is not None:
            turns.close()

    def _say(self, text, fraction=None):
        self.progress_text = text
        self._words.value = words_html(text)
        if fraction is not None:
            self._bar.value = fraction


def _replace_earlier(explorer):
    """Cancel the run of an earlier explorer of the same name."""
    earlier = _LATEST.get(explorer.name)
    if earlier is not None:
        earlier._cancel()
    _LATEST[explorer.name] = explorer
