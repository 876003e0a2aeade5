"""Every explorer in JupyterLab and a real browser, by mouse and keyboard: none needs its own test.

What is waited for is what a person would see; a wait ends when it is there, however busy the
machine. The last tests save the notebook, end its kernel and open it again.
"""

import re

import pytest

from tests.test_explorers import EXPLORERS, TRAINING
from tests.weekly import rest_weekly

SLIDER, BOX = ".noUi-handle", "input[type=number]"
PICTURE = "img:not([aria-hidden])"
# What an explorer shows: its picture, sentence, score and messages.
STATE = "output => [...output.querySelectorAll('.widget-html')].map(e => e.innerHTML).join()"
CHANGED = f"([output, before]) => ({STATE})(output) !== before"
ROUND_TRIPS = """async () => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    for (let trip = 0; trip < 3; trip++) await kernel.requestKernelInfo();
}"""
HAS_WORDS = "([output, words]) => output.innerText.includes(words)"
every_explorer = pytest.mark.parametrize("name", EXPLORERS)
some_explorers = pytest.mark.parametrize("name", rest_weekly(EXPLORERS, 3))


class Hand:
    """A person at the output of one explorer."""

    def __init__(self, course, name):
        self.page, self.output = course.page, course.output(name)
        self.press("Reset")
        # What is reset is drawn before anything else is done.
        self.page.evaluate(ROUND_TRIPS)
        self.output.locator(PICTURE).wait_for()
        self.numbers = list(
            zip(self.output.locator(BOX).all(), self.output.locator(SLIDER).all(), strict=True)
        )

    def press(self, label):
        self.output.get_by_role("button", name=label, exact=True).click()

    def changes(self, action, *arguments):
        """Do something, and wait until the explorer shows something else."""
        before = self.output.evaluate(STATE)
        action(*arguments)
        self.wait(CHANGED, before)

    def wait(self, condition, argument):
        handle = self.output.element_handle()
        self.page.wait_for_function(condition, arg=[handle, argument])

    def type(self, box, value):
        """Type a value and leave the box with Tab."""
        box.fill(str(value))
        box.press("Tab")

    def drag_to(self, slider, share, steps=5):
        """Move the pointer, its button down, to a place on the slider's track."""
        track = slider.locator("xpath=ancestor::*[contains(@class, 'noUi-base')]").bounding_box()
        x = track["x"] + share * track["width"]
        self.page.mouse.move(x, track["y"] + track["height"] / 2, steps=steps)

    def take(self, slider):
        slider.scroll_into_view_if_needed()
        place = slider.bounding_box()
        self.page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        self.page.mouse.down()


@pytest.fixture
def hand(course, name):
    """A hand at the explorer of a test; neither page nor kernel may complain meanwhile."""
    yield Hand(course, name)
    course.page.mouse.up()
    assert course.trouble == []


@some_explorers
def test_the_picture_follows_a_slider_that_is_dragged(hand, name):
    for _, slider in hand.numbers:
        hand.take(slider)
        far, near = (0.1, 0.9) if value_share(slider) > 0.5 else (0.9, 0.1)
        hand.changes(hand.drag_to, slider, far)
        hand.changes(hand.drag_to, slider, near)
        hand.page.mouse.up()


def value_share(slider):
    """Return where on its track a slider is, 0 to 1."""
    low, high, now = (
        float(slider.get_attribute(f"aria-value{which}")) for which in ("min", "max", "now")
    )
    return (now - low) / (high - low)


@some_explorers
def test_a_typed_value_counts_with_tab_and_is_clamped_where_it_can_be_seen(hand, name):
    for box, slider in hand.numbers:
        first = float(box.input_value())
        low, high = (float(box.get_attribute(end)) for end in ("min", "max"))
        beyond, limit = (-1e9, low) if value_share(slider) > 0.5 else (1e9, high)
        hand.changes(hand.type, box, beyond)
        assert float(box.input_value()) == limit
        # A value between two steps of the slider stays as it was typed.
        whole = box.get_attribute("step") == "1"
        between = first if whole else float(f"{low + 0.3217 * (high - low):.4g}")
        hand.changes(hand.type, box, between)
        hand.page.evaluate(ROUND_TRIPS)
        assert float(box.input_value()) == between


@some_explorers
def test_arrow_keys_move_a_slider_by_a_step(hand, name):
    for box, slider in hand.numbers:
        before = float(box.input_value())
        slider.focus()
        key = "ArrowLeft" if value_share(slider) > 0.5 else "ArrowRight"
        hand.changes(slider.press, key)
        assert (float(box.input_value()) < before) == (key == "ArrowLeft")


@some_explorers
def test_every_choice_is_pressed_with_space(hand, name):
    buttons = hand.output.get_by_role("button")
    for place, label in enumerate(buttons.all_inner_texts()):
        button = buttons.nth(place)
        # One that is pressed says so in its text, and what excludes others then changes nothing.
        if label not in ("Run", "Stop", "Reset", "all") and not label.startswith("✓"):
            before = hand.output.inner_text()
            button.focus()
            button.press(" ")
            hand.wait("([output, before]) => output.innerText !== before", before)


@pytest.mark.parametrize("name", TRAINING)
def test_run_draws_a_result_and_stop_keeps_what_is_finished(hand, name):
    hand.changes(hand.press, "Run")
    hand.wait(HAS_WORDS, "Finished.")
    hand.wait(HAS_WORDS, "Run 1,")
    run, stop = (hand.output.get_by_role("button", name=label) for label in ("Run", "Stop"))
    # Both in one turn of the page: the run cannot be over before it is told to stop.
    pair = [run.element_handle(), stop.element_handle()]
    hand.page.evaluate("buttons => buttons.forEach(button => button.click())", pair)
    hand.wait(HAS_WORDS, "Stopped; what was finished is kept.")
    hand.press("Reset")
    hand.wait(HAS_WORDS, "Nothing has run yet.")


@every_explorer
def test_every_control_and_the_picture_have_a_name(hand, name):
    tree = hand.output.aria_snapshot()
    controls = re.findall(r"^\s*- (spinbutton|button|slider|combobox|textbox)(.*)", tree, re.M)
    for place, (role, said) in enumerate(controls):
        if role == "slider":
            # ipywidgets gives a slider no name; its number box is before it, and has one.
            assert controls[place - 1][0] == "spinbutton"
        else:
            assert re.search(r'"[^"]+"', said), (role, said)
    sentence = hand.output.locator(PICTURE).get_attribute("alt")
    assert len(sentence) >= 40
    live = hand.output.locator("[aria-live=polite]").all_inner_texts()
    assert " ".join(sentence.split()) in [" ".join(text.split()) for text in live]


def test_a_lesson_that_is_opened_again_still_has_its_pictures(course):
    seen = {name: Hand(course, name).output.locator(PICTURE) for name in EXPLORERS}
    seen = {name: picture.get_attribute("alt") for name, picture in seen.items()}
    course.reopen_without_its_kernel()
    for name, sentence in seen.items():
        output = course.output(name)
        output.locator(PICTURE).wait_for()
        assert output.locator(PICTURE).get_attribute("alt") == sentence
        live = output.locator("[aria-live=polite]").all_inner_texts()
        assert " ".join(sentence.split()) in [" ".join(text.split()) for text in live]
