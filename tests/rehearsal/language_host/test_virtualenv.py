"""Which Python runs a program, and what is installed for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.language_host.virtualenv import (
    Package,
    PluginRequirement,
    ToolchainError,
    Virtualenv,
    normalised,
)


def environment_folder(root: Path) -> Path:
    """A folder that looks like a virtual environment, with an empty site-packages."""
    (root / "env" / "bin").mkdir(parents=True)
    (root / "env" / "bin" / "python").touch()
    site = root / "env" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    return site


def test_the_option_is_relative_to_the_projects_root(tmp_path: Path) -> None:
    """Guards: a virtual environment looked for beside the program instead of beside Pulumi.yaml."""
    environment_folder(tmp_path)
    assert Virtualenv.of(tmp_path, {"virtualenv": "env"}).python() == tmp_path / "env" / "bin" / "python"


def test_an_absolute_option_stays(tmp_path: Path) -> None:
    """Guards: an absolute path glued to the root."""
    assert Virtualenv.of(tmp_path, {"virtualenv": "/opt/venv"}).folder == Path("/opt/venv")


def test_without_the_option_the_path_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: programs that name no virtual environment refused, or run with the host's Python unasked."""
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    assert Virtualenv.of(tmp_path, {}).python() == Path(sys.executable)
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "no-such-python")
    with pytest.raises(ToolchainError, match="no no-such-python on the PATH"):
        Virtualenv.of(tmp_path, {}).python()


def test_the_environment_is_activated(tmp_path: Path) -> None:
    """Guards: a program whose subprocesses use another Python than the program."""
    base = {"PATH": "/usr/bin", "PYTHONHOME": "/usr", "KEPT": "1"}
    active = Virtualenv.of(tmp_path, {"virtualenv": "env"}).environment(base)
    folder = tmp_path / "env"
    assert active == {"PATH": f"{folder}/bin:/usr/bin", "VIRTUAL_ENV": str(folder), "KEPT": "1"}
    assert base["PYTHONHOME"] == "/usr", "the given environment is not changed"


def test_plugins_are_those_that_packages_declare(tmp_path: Path) -> None:
    """Guards: plugins of packages that only look like providers, or a manifest's server lost."""
    site = environment_folder(tmp_path)
    manifests = {
        "pulumi_aws": {"resource": True, "name": "aws", "version": "7.51.1"},
        "pulumi_own": {"resource": True, "name": "own", "version": "1.0.0", "server": "https://example.com"},
        "not_a_provider": {"resource": False, "name": "none"},
    }
    for package, manifest in manifests.items():
        (site / package).mkdir()
        (site / package / "pulumi-plugin.json").write_text(json.dumps(manifest), "utf-8")
    assert Virtualenv.of(tmp_path, {"virtualenv": "env"}).plugins() == [
        PluginRequirement("aws", "7.51.1", ""),
        PluginRequirement("own", "1.0.0", "https://example.com"),
    ]


def test_packages_come_by_their_one_spelling(tmp_path: Path) -> None:
    """Guards: `pulumi_aws` and `pulumi-aws` listed as two packages."""
    site = environment_folder(tmp_path)
    metadata = site / "Pulumi_AWS-7.51.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: Pulumi_AWS\nVersion: 7.51.1\n", "utf-8")
    assert Virtualenv.of(tmp_path, {"virtualenv": "env"}).packages() == [Package("pulumi-aws", "7.51.1")]


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", fullmatch=True))
def test_a_name_has_one_spelling(name: str) -> None:
    """Guards: two spellings of one name compared as different (PEP 503)."""
    once = normalised(name)
    assert normalised(once) == once
    assert once == normalised(name.upper()) == normalised(name.replace("_", "-").replace(".", "_"))
