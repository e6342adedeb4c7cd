"""Nothing but this machine is ever spoken to: every host is checked before a socket is opened."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit


class NotLoopback(RuntimeError):
    """An address that lies beyond this machine was given to the rehearsal."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost` or an address of 127.0.0.0/8 or ::1 (no name is
    resolved).
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_loopback(host: str, what: str) -> None:
    if not is_loopback(host):
        raise NotLoopback(
            f"{what} is {host!r}, not a loopback address (127.0.0.1, ::1, localhost): requests and credentials of the"
            " rehearsal could leave this machine, so it does not start; give a loopback address or unset it"
        )


def require_loopback_environment() -> None:
    """Refuse endpoint URLs of the environment (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, …) that lie
    elsewhere.

    Raises NotLoopback naming the variable. Source of the names: botocore.configprovider,
    `AWS_ENDPOINT_URL_<service>`.
    """
    for name in sorted(os.environ):
        if name.startswith("AWS_ENDPOINT_URL") and os.environ[name]:
            require_loopback(urlsplit(os.environ[name]).hostname or os.environ[name], f"environment variable {name}")
