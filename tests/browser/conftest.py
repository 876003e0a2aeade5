"""One JupyterLab and one browser for all notebooks of a test run."""

import os

import pytest

from tests.browser import cells, lab


def _without(reason):
    """Skip; where tests must not go missing unseen (CI), fail."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)


@pytest.fixture(scope="session")
def chromium():
    """A headless browser."""
    executable = lab.find_browser()
    if executable is None:
        _without("No browser: set CHROMIUM to a Chromium, or install one as 'chromium'.")
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        _without("Playwright for Python is not installed: pip install playwright.")
    with lab.browser(executable) as started:
        yield started


@pytest.fixture(scope="session")
def demonstrations(tmp_path_factory):
    """Notebooks of this test's own, by name: one sound explorer, and ones with a fault."""
    from tests.browser.demonstrations import write

    return write(tmp_path_factory.mktemp("demonstrations"))


@pytest.fixture(scope="session")
def server(tmp_path_factory, demonstrations):
    """JupyterLab on copies of all notebooks with explorers."""
    folder = tmp_path_factory.mktemp("lab")
    lab.copy_course(folder / "course", [*cells.notebooks_with_explorers(), *demonstrations])
    started = lab.Server(folder, folder / "course")
    yield started
    started.close()
