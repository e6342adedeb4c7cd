"""What holds for every test: loopback only, no AWS configuration of the user, repeatable examples."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling


class NetworkRefused(RuntimeError):
    """A test tried to speak to something that isn't this machine."""


def _is_loopback(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: sees each connection that Python code opens, whichever library asks for it."""
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise NetworkRefused(f"a test may speak to loopback only, not to {address[0]}:{address[1]}")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"} and not _is_loopback(arguments[0]):
        raise NetworkRefused(f"a test may not look up {arguments[0]!r}: it may speak to loopback only")


# No fixture: a hook can't be taken back, and imports at collection must not reach out either.
sys.addaudithook(_refuse_network)

# derandomize: the same examples in each run, so that a red build is red again at the next try. No
# deadline: two cores are shared by all workers, time says nothing about correctness. For the same reason
# slow data isn't an error.
hypothesis.settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("repeatable")


APART = ("tests/rehearsal/test_rehearse.py", "tests/rehearsal/test_sabotage.py")
"""Files whose tests take a minute each and share nothing."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """Keeps a file's tests on one worker, in their order: a module's emulator starts once, and which tests ran before
    one doesn't depend on how busy the other workers were. (pytest-xdist 3.8's `--dist=loadgroup` does nothing with
    pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in APART else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """In place of `--dist=load`, the default of `--numprocesses`."""
    return ByFile(config, log) if config.getvalue("dist") == "load" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first: at the end it would leave the other workers idle."""
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in APART)


@pytest.fixture(autouse=True)
def _no_aws_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away profiles, credentials and endpoints of the user's shell: a test brings its own."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "PULUMI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
