"""The programs that the engine starts by name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

from rehearsal.setup import launchers

ROOT = Path(__file__).resolve().parents[3]
HOST = Path(".pulumi", "bin", "pulumi-language-python")
PLUGIN = Path(".pulumi", "home", "plugins", "resource-aws-v7.51.1", "pulumi-resource-aws")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the real code and packages in a folder with a blank, and launchers installed."""
    root = tmp_path / "a checkout"
    root.mkdir()
    shutil.copy(ROOT / "requirements.txt", root)
    for name in ("rehearsal", "access", ".venv"):
        (root / name).symlink_to(ROOT / name)
    launchers.install(root)
    return root


@pytest.mark.parametrize(
    ("launcher", "stub", "version"),
    [
        (HOST, language_pb2_grpc.LanguageRuntimeStub, "3.250.0"),
        (PLUGIN, provider_pb2_grpc.ResourceProviderStub, "7.51.1"),
    ],
)
def test_a_launcher_starts_its_server(checkout: Path, launcher: Path, stub: type, version: str) -> None:
    """Guards: a plugin that the engine finds and can't start, from any folder, with blanks in its path."""
    process = subprocess.Popen([checkout / launcher, "127.0.0.1:1"], stdout=subprocess.PIPE, cwd="/", text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert stub(channel).GetPluginInfo(empty_pb2.Empty()).version == version
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_second_install_touches_nothing(checkout: Path) -> None:
    """Guards: launchers rewritten while an engine of another run starts them."""
    before = (checkout / HOST).stat().st_mtime_ns
    launchers.install(checkout)
    assert (checkout / HOST).stat().st_mtime_ns == before


def test_a_damaged_launcher_is_mended(checkout: Path) -> None:
    """Guards: a launcher of an older version of the repository that stays."""
    (checkout / PLUGIN).write_text("old")
    launchers.install(checkout)
    assert "rehearsal.provider" in (checkout / PLUGIN).read_text()
