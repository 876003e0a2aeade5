"""Fixtures for every test: no network, an empty Keras folder, real data only where asked for."""

import gc
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# Before any test module imports Keras, which reads it once.
_KERAS_HOME = tempfile.mkdtemp(prefix="keras-home-")
os.environ["KERAS_HOME"] = _KERAS_HOME

# Some tests press Ctrl-C; a shell that starts the tests in the background lets it be ignored, here
# and in the processes that are started from here.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A deadline for an example is a timing, and timings do not decide tests.
settings.register_profile("course", deadline=None)
settings.load_profile("course")

_DATA = os.environ.get("LEARNING_RATE_DATA")
_LOOPBACK = ("localhost", "::1", "0.0.0.0", "")


class NetworkBlocked(RuntimeError):
    """A test tried to leave this computer; not an OSError, so that no handler can hide it."""


def _is_local(host):
    host = host.decode() if isinstance(host, bytes) else host
    return host is None or host in _LOOPBACK or host.startswith("127.")


def _refuse_network(event, arguments):
    """Stop a connection, a datagram or a look-up of a name that concerns another computer."""
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # Unix sockets have no host
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not _is_local(host):
        raise NetworkBlocked(f"A test may not reach {host!r}; tests run without network.")


# An audit hook, not a patched socket: no other plugin can undo it, and C code meets it too.
sys.addaudithook(_refuse_network)


@pytest.fixture(autouse=True)
def no_real_data(monkeypatch):
    """Hide LEARNING_RATE_DATA, so that a test behaves alike wherever it runs."""
    monkeypatch.delenv("LEARNING_RATE_DATA", raising=False)


@pytest.fixture(autouse=True, scope="module")
def less_garbage():
    """Spare the collector what earlier modules left; to look it over took a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def real_data(no_real_data, monkeypatch):
    """Return the folder of real data, LEARNING_RATE_DATA set to it; skip where there is none."""
    if not _DATA:
        pytest.skip("LEARNING_RATE_DATA is not set: no real data here")
    if not Path(_DATA).is_dir():
        pytest.fail(f"LEARNING_RATE_DATA is {_DATA!r}, which is not a folder")
    monkeypatch.setenv("LEARNING_RATE_DATA", _DATA)
    return Path(_DATA)


def pytest_unconfigure():
    """Remove the Keras folder of this run."""
    shutil.rmtree(_KERAS_HOME, ignore_errors=True)
