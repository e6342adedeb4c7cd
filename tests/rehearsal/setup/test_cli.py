"""Which Pulumi CLI is used: the user's own, or one that is built."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from rehearsal.setup.cli import PulumiCli
from rehearsal.setup.errors import SetupError
from rehearsal.setup.progress import Progress

GO_MOD = "module tools\n\ngo 1.25.11\n\nrequire github.com/pulumi/pulumi/pkg/v3 v3.250.0\n"
FAKE_GO = """\
#!/bin/sh
if [ "$1" = env ]; then echo {version}; echo {toolchain}; exit; fi
echo "$CGO_ENABLED $*" >> "{log}"
echo example.com/compiled >&2
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho built\\n' > "$2"
"""


class Machine:
    """A checkout and a PATH with the programs that a test puts there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.path = folder / "checkout", folder / "bin"
        self.go_log = folder / "go.log"
        self.said = io.StringIO()
        (self.root / "tools").mkdir(parents=True)
        self.path.mkdir()
        (self.root / "tools" / "go.mod").write_text(GO_MOD)
        (self.root / "tools" / "go.sum").write_text("")
        monkeypatch.setenv("PATH", f"{self.path}{os.pathsep}{os.defpath}")

    def add(self, name: str, text: str) -> Path:
        """Put a program on the PATH."""
        program = self.path / name
        program.write_text(text)
        program.chmod(0o755)
        return program

    def add_go(self, version: str = "go1.26.8", toolchain: str = "auto") -> None:
        """Put a Go on the PATH that notes how it is called."""
        self.add("go", FAKE_GO.format(version=version, toolchain=toolchain, log=self.go_log))

    def add_pulumi(self, version: str) -> Path:
        """Put a user's CLI on the PATH."""
        return self.add("pulumi", f"#!/bin/sh\necho {version}\n")

    def install(self) -> str:
        """Set the CLI up. Returns which one is used."""
        PulumiCli(self.root).install(Progress(self.said))
        assert PulumiCli(self.root).current(), "right after the set-up nothing is to be done"
        cli: str = json.loads((self.root / ".pulumi" / "toolchain.json").read_text())["cli"]
        return cli


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without Go and Pulumi."""
    return Machine(tmp_path, monkeypatch)


def test_without_a_cli_it_is_built_once(machine: Machine) -> None:
    """Guards: a build in another way than pinned, or again at each run."""
    machine.add_go()
    assert machine.install() == ".pulumi/bin/pulumi"
    machine.install()
    [call] = machine.go_log.read_text().splitlines()
    assert call.startswith("0 build -v -mod=readonly -buildvcs=false -ldflags -s -w -X github.com/pulumi/pulumi/sdk")
    assert "version.Version=v3.250.0" in call
    assert call.endswith("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")


def test_a_new_pin_is_built_anew(machine: Machine) -> None:
    """Guards: an old CLI kept after the pin has moved."""
    machine.add_go()
    machine.install()
    (machine.root / "tools" / "go.sum").write_text("changed")
    assert not PulumiCli(machine.root).current()
    machine.install()
    assert len(machine.go_log.read_text().splitlines()) == 2


@pytest.mark.parametrize("version", ["v3.250.0", "v3.301.2"])
def test_a_users_complete_cli_is_used(machine: Machine, version: str) -> None:
    """Guards: minutes spent on building what is there already."""
    own = machine.add_pulumi(version)
    machine.add("pulumi-language-python", "")
    assert machine.install() == str(own)


def test_a_users_cli_without_python_host_is_not_used(machine: Machine) -> None:
    """Guards: a CLI chosen that can't run the program."""
    machine.add_pulumi("v3.250.0")
    machine.add_go()
    assert machine.install() == ".pulumi/bin/pulumi"
    assert "has no pulumi-language-python beside it or on the PATH; building v3.250.0" in machine.said.getvalue()


def test_an_older_cli_is_not_used(machine: Machine) -> None:
    """Guards: the user's old CLI, on which the program was never tried."""
    machine.add_pulumi("v3.99.0")
    machine.add("pulumi-language-python", "")
    machine.add_go()
    assert machine.install() == ".pulumi/bin/pulumi"
    assert "is v3.99.0, older than v3.250.0" in machine.said.getvalue()


def test_another_cli_on_the_path_is_looked_at(machine: Machine) -> None:
    """Guards: the choice of the first run kept when the user installs, upgrades or removes Pulumi."""
    machine.add_go()
    machine.install()
    own = machine.add_pulumi("v3.260.0")
    machine.add("pulumi-language-python", "")
    assert not PulumiCli(machine.root).current()
    assert machine.install() == str(own)
    own.unlink()
    assert not PulumiCli(machine.root).current()
    assert machine.install() == ".pulumi/bin/pulumi"


def test_without_go_the_remedy_is_named(machine: Machine) -> None:
    """Guards: "go: not found" in place of what to do."""
    with pytest.raises(SetupError, match=r"no Pulumi CLI v3\.250\.0 and no Go .*install Go .* or Pulumi's own CLI"):
        machine.install()


@pytest.mark.parametrize(("version", "toolchain"), [("go1.24.9", "local"), ("go1.20.14", "")])
def test_too_old_a_go_is_named(machine: Machine, version: str, toolchain: str) -> None:
    """Guards: a page of compiler errors in place of the reason."""
    machine.add_go(version, toolchain)
    with pytest.raises(SetupError, match=rf"is {version}, but .* takes Go 1\.25\.11 or newer"):
        machine.install()


def test_an_older_go_may_fetch_the_newer_toolchain(machine: Machine) -> None:
    """Guards: a Go refused that can help itself (from 1.21 on, by its own `GOTOOLCHAIN`)."""
    machine.add_go("go1.22.1", "auto")
    assert machine.install() == ".pulumi/bin/pulumi"


def test_a_failed_build_shows_what_go_said_and_leaves_nothing(machine: Machine) -> None:
    """Guards: half a CLI taken for a whole one at the next run."""
    machine.add(
        "go", '#!/bin/sh\n[ "$1" = env ] && { echo go1.26.8; echo auto; exit; }\necho "dial tcp: refused"; exit 1\n'
    )
    with pytest.raises(SetupError, match="set GOPROXY") as caught:
        machine.install()
    assert caught.value.details == "dial tcp: refused"
    assert not list((machine.root / ".pulumi" / "bin").iterdir())
    assert not PulumiCli(machine.root).current()
