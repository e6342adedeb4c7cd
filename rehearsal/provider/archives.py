"""Zip bytes of a Pulumi archive: byte-identical for the same content (as pulumi's `resource/archive` has it)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from rehearsal.provider.values import Archive, Asset

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip entry can hold: a package must not change with the clock."""

READABLE = 0o644 << 16


class UnusableArchive(ValueError):
    """An archive that can't be turned into a zip file; the text says which part and why."""


def zipped(archive: Archive) -> bytes:
    """The zip file of an archive; a `.zip` file is taken as it is.

    Raises UnusableArchive for a URI (the rehearsal fetches nothing), a missing path or another archive format.
    """
    if archive.source == "path" and Path(archive.value).is_file():
        if not archive.value.endswith((".zip", ".jar")):
            raise UnusableArchive(f"the archive {archive.value} is neither a folder nor a .zip file")
        return Path(archive.value).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in sorted(_members(archive, "")):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = READABLE
            package.writestr(entry, content)
    return buffer.getvalue()


def _members(node: Archive | Asset, name: str) -> Iterator[tuple[str, bytes]]:
    """Every file in an archive, with its path in the zip."""
    if isinstance(node, Asset):
        yield name, _content(node)
    elif node.source == "assets":
        for part, member in node.assets:
            yield from _members(member, f"{name}/{part}" if name else part)
    elif node.source == "path":
        yield from _files(Path(node.value), name)
    elif not node.source:
        raise UnusableArchive("the engine sent an archive's hash without its content")
    else:
        raise UnusableArchive(f"the archive {node.value!r} is a URI: the rehearsal fetches nothing, give a path")


def _files(root: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if root.is_file():
        with zipfile.ZipFile(root) as package:
            for inner in package.infolist():
                if not inner.is_dir():
                    yield f"{prefix}/{inner.filename}" if prefix else inner.filename, package.read(inner)
        return
    if not root.is_dir():
        raise UnusableArchive(f"the archive {root} doesn't exist (looked for it from {Path.cwd()})")
    for path in root.rglob("*"):
        if path.is_file():
            inside = path.relative_to(root).as_posix()
            yield f"{prefix}/{inside}" if prefix else inside, path.read_bytes()


def _content(asset: Asset) -> bytes:
    if asset.source == "text":
        return asset.value.encode()
    if asset.source == "path":
        return Path(asset.value).read_bytes()
    raise UnusableArchive(f"the asset {asset.value!r} is a URI: the rehearsal fetches nothing, give a path")
