"""One JupyterLab and one browser for all browser tests of a run."""

import os

import pytest

from tests.browser.lab import lab


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """The lab; without a browser a skip, and a failure where tests must not go missing (CI)."""
    try:
        with lab(tmp_path_factory.mktemp("lab")) as opened:
            yield opened
    except (ImportError, FileNotFoundError) as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
