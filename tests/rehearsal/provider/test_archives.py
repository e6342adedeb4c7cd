"""Lambda packages from Pulumi archives."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.archives import UnusableArchive, zipped
from rehearsal.provider.values import Archive, Asset


def contents(package: bytes) -> dict[str, bytes]:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(package)) as found:
        return {name: found.read(name) for name in found.namelist()}


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=5), st.text(max_size=20), min_size=1, max_size=5), st.randoms()
)
def test_the_same_content_makes_the_same_bytes(files: dict[str, str], chance: object) -> None:
    """Guards against a function that is uploaded again at each update because its zip holds a time or an order."""
    members = [(name, Asset("", "text", text)) for name, text in files.items()]
    chance.shuffle(members)  # type: ignore[attr-defined]  # hypothesis types its Random as an object
    package = zipped(Archive("", "assets", "", tuple(members)))
    assert package == zipped(Archive("", "assets", "", tuple(sorted(members, key=lambda member: member[0]))))
    assert contents(package) == {name: text.encode() for name, text in files.items()}


def test_folders_files_and_archives_in_an_archive_keep_their_place(tmp_path: Path) -> None:
    """Guards against a package whose handler isn't where its name says."""
    (tmp_path / "lambdas" / "capture").mkdir(parents=True)
    (tmp_path / "lambdas" / "capture" / "handler.py").write_text("x = 1")
    nested = Archive("", "path", str(tmp_path / "lambdas"))
    text = Asset("", "path", str(tmp_path / "lambdas" / "capture" / "handler.py"))
    package = zipped(Archive("", "assets", "", (("code", nested), ("top.py", text))))
    assert contents(package) == {"code/capture/handler.py": b"x = 1", "top.py": b"x = 1"}


def test_a_time_stamp_changes_nothing(tmp_path: Path) -> None:
    """Guards against a package that differs between two checkouts of the same commit."""
    (tmp_path / "handler.py").write_text("x = 1")
    first = zipped(Archive("", "path", str(tmp_path)))
    os.utime(tmp_path / "handler.py", (1_000_000_000, 1_000_000_000))
    assert zipped(Archive("", "path", str(tmp_path))) == first


def test_a_zip_file_is_uploaded_as_it_is(tmp_path: Path) -> None:
    """Guards against a package packed twice, or repacked into other bytes than its published digest."""
    package = tmp_path / "capture.zip"
    package.write_bytes(zipped(Archive("", "assets", "", (("handler.py", Asset("", "text", "x = 1")),))))
    assert zipped(Archive("", "path", str(package))) == package.read_bytes()
    inside = zipped(Archive("", "assets", "", (("inner", Archive("", "path", str(package))),)))
    assert contents(inside) == {"inner/handler.py": b"x = 1"}


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (Archive("ab", "uri", "https://example.com/a.zip"), "is a URI"),
        (Archive("ab", "path", "nowhere"), "doesn't exist"),
        (Archive("ab", ""), "hash without its content"),
        (Archive("ab", "assets", "", (("a", Asset("", "uri", "https://example.com/a")),)), "is a URI"),
        (Archive("ab", "path", __file__), "neither a folder nor a .zip file"),
    ],
)
def test_what_can_t_be_packed_is_refused_by_name(archive: Archive, reason: str) -> None:
    """Guards against an empty function: each of these would otherwise upload nothing."""
    with pytest.raises(UnusableArchive, match=reason):
        zipped(archive)
