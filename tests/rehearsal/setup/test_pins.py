"""Versions are read where they are pinned."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.setup.pins import cli_version, digest, go_version, package_version, requirements, version_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "version"),
    [("v3.250.0", (3, 250, 0)), ("go1.26.8 linux/amd64", (1, 26, 8)), ("v3.251.0-alpha.1", (3, 251, 0))],
)
def test_a_version_is_found_in_what_tools_print(text: str, version: tuple[int, ...]) -> None:
    """Guards: a version compared as text, by which 3.99 is newer than 3.250."""
    assert version_of(text) == version


def test_versions_are_compared_by_number() -> None:
    """Guards: the user's 3.99.0 taken for newer than 3.250.0."""
    assert version_of("v3.99.0") < version_of("v3.250.0") <= version_of("3.250.0") < version_of("v3.250.1")


@given(st.text(alphabet="abcv ", max_size=8))
def test_text_without_a_version_is_refused(text: str) -> None:
    """Guards: a broken tool taken for one of version 0."""
    with pytest.raises(ValueError, match="holds no version"):
        version_of(text)


def test_the_cli_and_the_sdk_are_of_one_version() -> None:
    """Guards: an engine and an SDK that speak different protocols."""
    sdk = package_version(ROOT / "requirements.txt", "pulumi")
    assert cli_version(ROOT / "tools" / "go.mod") == f"v{sdk}"
    assert go_version(ROOT / "tools" / "go.mod") >= (1, 21), "older Go can't fetch the toolchain it needs"


def test_every_requirement_is_pinned_and_hashed() -> None:
    """Guards: a requirement without a hash, which pip would refuse and uv install unseen; an index's address."""
    files = sorted(ROOT.glob("requirements*.txt"))
    assert len(files) >= 4
    for file in files:
        text = file.read_text("utf-8")
        assert "://" not in text, f"{file.name} names an address: which index is used is the user's choice"
        entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert len(requirements(file)) == len(entries), f"{file.name} holds something else than pins"
        assert all(line.endswith("\\") for line in entries), f"{file.name} holds a pin without a hash"


def test_a_larger_set_pins_the_same_versions() -> None:
    """Guards: `make test` and `make rehearse` that reinstall each other's packages for ever."""
    run_time, rehearsal, dev = (requirements(ROOT / f"requirements{name}.txt") for name in ("", "-rehearsal", "-dev"))
    assert run_time <= rehearsal <= dev


def test_a_digest_tells_files_apart(tmp_path: Path) -> None:
    """Guards: a change that moves text from one file to the other and goes unseen."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("one")
    second.write_text("two")
    before = digest(first, second)
    first.write_text("onet")
    second.write_text("wo")
    assert digest(first, second) != before


def test_a_package_that_is_not_pinned_is_named(tmp_path: Path) -> None:
    """Guards: a version made up for a package that isn't there."""
    file = tmp_path / "requirements.txt"
    file.write_text("boto3==1.0.0 \\\n    --hash=sha256:00\n")
    with pytest.raises(ValueError, match=r"requirements\.txt pins no pulumi-aws"):
        package_version(file, "pulumi-aws")
