"""Drive one explorer on a page by keyboard alone, as a person without a mouse would."""

import time

PICTURE_SECONDS = 20
RUN_SECONDS = 90

# What Tab is expected to reach, in the order of the page.
CONTROLS = ".noUi-handle, select, input, textarea, button"
# A closed list does not get the arrow keys: JupyterLab moves between cells with them.
KEYS = {
    "select-one": ("Space ArrowDown Enter", "Space ArrowUp Enter"),
    "checkbox": ("Space", "Space"),
    "slider": ("ArrowRight", "ArrowLeft"),
}
KIND = "each => each.type ?? each.getAttribute('role')"
IS_TOGGLE = "each => !!each.closest('.widget-toggle-buttons')"
PRESSED = "each => each.closest('.widget-toggle-buttons').querySelector('.mod-active')"
DISABLED = "each => each.disabled || !!each.closest('[disabled]')"
STATE = """output => {
    const picture = output.querySelector('.widget-html img, .jupyter-widgets img');
    const message = output.querySelector('[role="alert"]');
    return {
        source: picture && picture.src,
        alt: picture && picture.alt,
        drawn: picture && picture.complete && picture.naturalWidth > 0,
        message: message && message.innerText,
        words: [...output.querySelectorAll('.widget-html')].map(each => each.innerText).join('\\n'),
    };
}"""


class Trouble(AssertionError):
    """Something that a learner at the keyboard would stumble over."""


class Driver:
    """An explorer in the output of a cell.

    Args:
        page: The Playwright page.
        output: The element that holds the cell's output.
    """

    def __init__(self, page, output):
        self._page, self._output = page, output
        self._wait(lambda now: now["drawn"], "shows no picture")
        self._handles = output.query_selector_all(CONTROLS)
        if not self._handles:
            raise Trouble("has no controls")
        self._handles[0].focus()

    @property
    def state(self):
        """Source and alt text of the picture, message and words on the page at this moment."""
        return self._output.evaluate(STATE)

    def drive(self):
        """Visit every control in the order of Tab, use each, and check what it does."""
        first = self.state["source"]
        for index, handle in enumerate(self._handles):
            if not handle.evaluate(DISABLED):
                self._tab_to(index)
                self._use(handle, first)
            self._check_picture()

    def _use(self, handle, first):
        name = self._name(handle)
        kind = handle.evaluate(KIND)
        if kind in KEYS:
            self._move(name, KEYS[kind])
        elif handle.evaluate(IS_TOGGLE):
            self._toggle(handle, name)
        elif name == "Run":
            self._run()
        elif name == "Stop":
            self._stop()
        elif name == "Reset":
            self._page.keyboard.press("Enter")
            self._wait(lambda now: now["source"] == first, "Reset does not bring back the picture")
        else:
            raise Trouble(f"the gate does not know how to use {name!r}, a {kind}")

    def _toggle(self, handle, name):
        """Press one of several buttons that exclude each other, then the one it replaced."""
        replaced = handle.evaluate_handle(PRESSED).as_element()
        if handle.evaluate("(each, other) => each === other", replaced):
            return
        for each in (handle, replaced):
            before = self.state["source"]
            each.focus()
            self._page.keyboard.press("Space")
            if not self._changes(before):
                raise Trouble(f"{self._name(each)} is pressed, but the picture stays")
        handle.focus()

    def _move(self, name, keys):
        """Move a control by one key in the direction that it can go, then back."""
        before = self.state["source"]
        for there, back in (keys, keys[::-1]):
            self._press(there)
            if self._changes(before):
                moved = self.state["source"]
                self._press(back)
                if self._changes(moved):
                    return
                raise Trouble(f"{name} does not go back")
        raise Trouble(f"{name} moves, but the picture stays; it says: {self.state['message']}")

    def _press(self, keys):
        for key in keys.split():
            self._page.keyboard.press(key)

    def _run(self):
        before = self.state["source"]
        self._page.keyboard.press("Enter")
        self._wait(lambda now: "Finished" in now["words"], "Run does not finish", RUN_SECONDS)
        self._wait(lambda now: now["source"] != before, "the picture after Run is the one before")

    def _stop(self):
        """Start a run with the button before *Stop*, then stop it from here."""
        self._page.keyboard.press("Shift+Tab")
        words = self.state["words"]
        self._page.keyboard.press("Enter")
        self._wait(lambda now: now["words"] != words, "Run does nothing a second time")
        self._page.keyboard.press("Tab")
        self._page.keyboard.press("Enter")
        self._wait(
            lambda now: "Stopped at" in now["words"] or "Finished" in now["words"],
            "Stop does not stop",
        )

    def _tab_to(self, index):
        """Press Tab until a control has the focus; a slider's number may come in between."""
        for _ in range(3):
            if self._focused() == index:
                return
            self._page.keyboard.press("Tab")
        if self._focused() != index:
            raise Trouble(f"Tab does not reach {self._name(self._handles[index])}")

    def _focused(self):
        """Return the index of the control that has the focus, or -1."""
        return next(
            (
                index
                for index, handle in enumerate(self._handles)
                if handle.evaluate("each => each === document.activeElement")
            ),
            -1,
        )

    def _name(self, handle):
        """Return what the page calls a control."""
        return handle.evaluate(
            """each => {
                const box = each.closest('.widget-inline-hbox');
                return (each.labels?.[0] ?? box?.querySelector('.widget-label') ?? each).innerText;
            }"""
        )

    def _check_picture(self):
        now = self.state
        if not now["source"] or len(now["alt"] or "") < 40:
            raise Trouble(f"the picture's alt text is {now['alt']!r}, not a description")

    def _changes(self, source):
        """Whether the picture becomes another within a short time."""
        give_up = time.monotonic() + 3
        while time.monotonic() < give_up:
            now = self.state
            if now["source"] != source and now["drawn"]:
                return True
            self._page.wait_for_timeout(10)
        return False

    def _wait(self, condition, trouble, seconds=PICTURE_SECONDS):
        give_up = time.monotonic() + seconds
        while not condition(self.state):
            if time.monotonic() > give_up:
                raise Trouble(f"{trouble}; the page says: {self.state['words']}")
            self._page.wait_for_timeout(20)
