"""The virtual environment and its stamps, with a Python that only notes what it is asked."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from rehearsal.setup.errors import SetupError
from rehearsal.setup.packages import Packages
from rehearsal.setup.progress import Progress

# Stands in for .venv/bin/python: answers the probe, lists pip's configuration, "installs" uv.
FAKE_PYTHON = """\
#!/bin/sh
echo "python $*" >> "{log}"
case "$*" in
    *"config list"*) cat "{folder}/pip-config" 2>/dev/null || true ;;
    *--target*)
        [ -e "{folder}/no-uv" ] && {{ echo "no matching distribution"; exit 1; }}
        mkdir -p .pulumi/uv/bin && cp "{folder}/fake-uv" .pulumi/uv/bin/uv ;;
    *" install --require-hashes"*) [ ! -e "{folder}/no-pip" ] || {{ echo "connection refused"; exit 1; }} ;;
esac
"""
FAKE_UV = """\
#!/bin/sh
echo "uv $* index=$UV_DEFAULT_INDEX" >> "{log}"
[ ! -e "{folder}/broken-uv" ]
"""


class Checkout:
    """A checkout with requirement files, and a log of what its tools were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "checkout"
        self.log = folder / "log"
        self.said = io.StringIO()
        python = self.root / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        for path, text in ((python, FAKE_PYTHON), (folder / "fake-uv", FAKE_UV)):
            path.write_text(text.format(log=self.log, folder=folder))
            path.chmod(0o755)
        (self.root / ".venv" / "pyvenv.cfg").write_text("version = 3.11.7\n")
        self.pin("setup", "uv==1.0")
        self.pin("rehearsal", "moto==5.2.5")
        self.pin("dev", "moto==5.2.5", "ruff==0.17.6")

    def pin(self, name: str, *pins: str) -> None:
        """Write a requirement file."""
        text = "".join(f"{pin} \\\n    --hash=sha256:00\n" for pin in pins)
        (self.root / f"requirements-{name}.txt").write_text(text)

    def flag(self, name: str, text: str = "") -> None:
        """Make one of the fakes misbehave, or give pip a configuration."""
        (self.folder / name).write_text(text)

    def install(self, name: str) -> list[str]:
        """Install a set. Returns what the tools were asked meanwhile."""
        self.log.write_text("")
        Packages(self.root, name).install(Progress(self.said))
        return self.log.read_text().splitlines()

    def current(self, name: str) -> bool:
        """Whether nothing is to be done for a set."""
        return Packages(self.root, name).current()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with a virtual environment in which nothing is installed yet."""
    return Checkout(tmp_path)


def test_uv_installs_with_hashes_from_pips_index(checkout: Checkout) -> None:
    """Guards: packages installed without their hashes, or from another index than the user's."""
    checkout.flag("pip-config", "global.index-url='https://index.example/simple'\n")
    calls = checkout.install("rehearsal")
    [uv] = [call for call in calls if call.startswith("uv ")]
    assert "pip sync --require-hashes" in uv
    assert uv.endswith("requirements-rehearsal.txt index=https://index.example/simple")
    assert not [call for call in calls if " install --require-hashes -r" in call], "pip isn't asked as well"


def test_a_set_is_current_until_its_file_changes(checkout: Checkout) -> None:
    """Guards: an install at each run, or none after a change of the pins."""
    assert not checkout.current("rehearsal")
    checkout.install("rehearsal")
    assert checkout.current("rehearsal")
    assert not checkout.current("dev")
    checkout.pin("rehearsal", "moto==5.2.6")
    assert not checkout.current("rehearsal")


def test_the_larger_set_brings_the_smaller_one(checkout: Checkout) -> None:
    """Guards: `make rehearse` after `make test` that throws the tools out again."""
    checkout.install("dev")
    assert checkout.current("rehearsal")
    checkout.pin("dev", "moto==5.9.9", "ruff==0.17.6")
    checkout.install("dev")
    assert not checkout.current("rehearsal"), "it pins another version now"


def test_a_set_that_was_asked_for_stays_when_the_smaller_one_changes(checkout: Checkout) -> None:
    """Guards: a changed pin after which `make rehearse` throws the tools out, for `make test` to install them again."""
    checkout.install("dev")
    checkout.pin("rehearsal", "moto==5.2.6")
    checkout.pin("dev", "moto==5.2.6", "ruff==0.17.6")
    [uv] = [call for call in checkout.install("rehearsal") if call.startswith("uv ")]
    assert "requirements-dev.txt" in uv
    assert checkout.current("rehearsal")
    assert checkout.current("dev")


def test_an_interrupted_set_up_forgets_nothing_that_was_asked_for(checkout: Checkout) -> None:
    """Guards: the tools thrown out by the set-up after one that failed, or half an installation taken for a whole."""
    checkout.install("dev")
    checkout.pin("rehearsal", "moto==5.2.6")
    checkout.pin("dev", "moto==5.2.6", "ruff==0.17.6")
    for flag in ("broken-uv", "no-pip"):
        checkout.flag(flag)
    with pytest.raises(SetupError):
        checkout.install("dev")
    assert not checkout.current("dev")
    assert not checkout.current("rehearsal")
    for flag in ("broken-uv", "no-pip"):
        (checkout.folder / flag).unlink()
    assert "requirements-dev.txt" in checkout.install("rehearsal")[-1]
    assert checkout.current("dev")


def test_who_never_asked_for_the_tools_does_not_get_them(checkout: Checkout) -> None:
    """Guards: a rehearsal that takes as long to set up as the tests."""
    checkout.install("rehearsal")
    checkout.pin("rehearsal", "moto==5.2.6")
    checkout.pin("dev", "moto==5.2.6", "ruff==0.17.6")
    assert "requirements-rehearsal.txt" in checkout.install("rehearsal")[-1]
    assert not checkout.current("dev")


def test_an_environment_made_anew_is_filled_anew(checkout: Checkout) -> None:
    """Guards: stamps that outlive what they speak of."""
    checkout.install("dev")
    (checkout.root / ".venv" / "pyvenv.cfg").write_text("version = 3.12.1\n")
    assert not checkout.current("dev")


@pytest.mark.parametrize("trouble", ["no-uv", "broken-uv"])
def test_pip_takes_over_where_uv_fails(checkout: Checkout, trouble: str) -> None:
    """Guards: a machine for which there is no uv, left without its packages."""
    checkout.flag(trouble)
    calls = checkout.install("rehearsal")
    assert " install --require-hashes -r" in calls[-1]
    assert checkout.current("rehearsal")
    assert "with pip, which takes a minute or two (uv" in checkout.said.getvalue()


def test_pip_takes_over_where_uv_cannot_be_told(checkout: Checkout) -> None:
    """Guards: a constraint of the user's that uv would ignore."""
    checkout.flag("pip-config", "global.constraint='/etc/constraints.txt'\n")
    calls = checkout.install("rehearsal")
    assert not [call for call in calls if call.startswith("uv ")]
    assert " install --require-hashes -r" in calls[-1]


def test_an_index_out_of_reach_is_named_with_the_remedy(checkout: Checkout) -> None:
    """Guards: a page of pip's output without what to do, or a stamp of packages that aren't there."""
    checkout.flag("no-uv")
    checkout.flag("no-pip")
    with pytest.raises(SetupError, match=r"couldn't install requirements-rehearsal\.txt.*PIP_INDEX_URL") as caught:
        checkout.install("rehearsal")
    assert caught.value.details == "connection refused"
    assert not checkout.current("rehearsal")


def test_a_missing_environment_is_made(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a clone whose Python has been removed. Makes a real environment; nothing can be installed in it."""
    python = checkout.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(checkout.folder / "removed")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(checkout.folder))
    with pytest.raises(SetupError, match="pip couldn't install"):
        checkout.install("rehearsal")
    assert python.resolve() == Path(sys.executable).resolve()
