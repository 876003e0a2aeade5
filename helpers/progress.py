"""The one progress bar of the course."""

import sys

BAR_WIDTH = 24


class Bar:
    """A progress bar for moments: in place in a notebook, on stderr in a terminal, else silent."""

    def __init__(self, shown=True):
        self._handle, self._write = None, None
        if shown and "ipykernel" in sys.modules and "IPython" in sys.modules:
            self._write = self._in_notebook
        elif shown and sys.stderr.isatty():
            self._write = self._in_terminal

    def show(self, fraction, text):
        """Draw the bar at a fraction with a line of text."""
        if self._write:
            filled = round(BAR_WIDTH * fraction)
            self._write(f"{'█' * filled}{'·' * (BAR_WIDTH - filled)} {text}")

    def close(self, text):
        """Leave one last line that says how it ended, without times: it is stored in notebooks."""
        if self._write:
            self._write(text, end="\n")

    def _in_notebook(self, line, end=""):
        from IPython.display import display

        bundle = {"text/plain": line}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def _in_terminal(self, line, end=""):
        sys.stderr.write(f"\r\033[K{line}{end}")
        sys.stderr.flush()
