"""The guards of conftest.py itself."""

from __future__ import annotations

import os
import socket

import pytest


def test_a_connection_beyond_loopback_is_refused() -> None:
    """Guards: a test that passes only where there is a network, or speaks to the real AWS."""
    with (
        socket.socket() as probe,
        pytest.raises(RuntimeError, match=r"loopback only, not to 192\.0\.2\.1:443"),
    ):
        probe.connect(("192.0.2.1", 443))


def test_a_name_is_not_looked_up() -> None:
    """Guards: a lookup that leaves the machine although no connection follows."""
    with pytest.raises(RuntimeError, match=r"sts\.amazonaws\.com"):
        socket.getaddrinfo("sts.amazonaws.com", 443)


def test_loopback_is_reachable() -> None:
    """Guards: a guard that refuses the emulated organisation too."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())


def test_the_users_aws_configuration_is_gone() -> None:
    """Guards: a test that reads a developer's profile or credentials."""
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull
    assert "AWS_PROFILE" not in os.environ
