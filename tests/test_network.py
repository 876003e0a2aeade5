"""The network block of this folder works; without it a test could depend on a server unseen."""

import os
import socket
import urllib.request

import pytest

from tests.conftest import NetworkBlocked


def test_an_address_outside_is_refused():
    with socket.socket() as plain, pytest.raises(NetworkBlocked, match=r"192\.0\.2\.1"):
        plain.connect(("192.0.2.1", 80))
    with socket.socket() as plain, pytest.raises(NetworkBlocked):
        plain.connect_ex(("192.0.2.1", 80))


def test_a_download_is_refused_by_name():
    with pytest.raises(NetworkBlocked, match="example.com"):
        urllib.request.urlopen("http://example.com/")


def test_this_computer_is_reached():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(server.getsockname(), timeout=10):
            pass


def test_keras_gets_a_home_of_its_own():
    assert "keras-home-" in os.environ["KERAS_HOME"]


def test_real_data_is_hidden_unless_asked_for():
    assert "LEARNING_RATE_DATA" not in os.environ


def test_real_data_is_offered_when_asked_for(real_data):
    assert os.environ["LEARNING_RATE_DATA"] == str(real_data)
    assert real_data.is_dir()
