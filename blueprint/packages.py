"""Zip of a function: what its handler imports of ours, at its repository path, byte-identical on every build.

The content is the import closure, found by parsing and never by importing: the packages on the way (`__init__.py`)
included, nothing of the run time (boto3) or of the tests. Equal sources give equal bytes: sorted names, one time stamp,
one mode, one compression level (zip's own default time is the file's).
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from blueprint.accounts import ACCOUNTS_FILE, accounts_file
from blueprint.errors import PackageError
from blueprint.functions import FUNCTION_SPECS
from blueprint.limits import PACKAGE_BYTES
from blueprint.names import Function
from blueprint.organisation import Organisation

SHIPPED = ("governance", "lambdas")
"""Top-level packages that may go into a function; whatever else is imported belongs to the run time."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""

READABLE = 0o100644
COMPRESSION_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Package:
    """A function's zip. `files` are the paths in it: the repository's, and those of generated data."""

    content: bytes
    files: tuple[str, ...]

    @property
    def sha256_base64(self) -> str:
        """As Lambda reports CodeSha256 and Pulumi takes source_code_hash."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


def build(root: Path, handler_module: str, data: Mapping[str, bytes] | None = None) -> Package:
    """The package of the function whose handler is in `handler_module` (`lambdas.capture.handler`).

    `data`: generated files by their path in the zip. Raises PackageError where a source is missing or the zip is over
    its budget.
    """
    data = data or {}
    files = tuple(sorted([*closure(root, handler_module), *data]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
        for name in files:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = READABLE << 16
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = data[name] if name in data else (root / name).read_bytes()
            archive.writestr(entry, content, compresslevel=COMPRESSION_LEVEL)
    packed = buffer.getvalue()
    if len(packed) > PACKAGE_BYTES:
        raise PackageError(
            f"the package of {handler_module} has {len(packed):,} bytes, the budget is {PACKAGE_BYTES:,}: cold starts"
            f" would suffer; import less in {', '.join(files[:3])}…"
        )
    return Package(packed, files)


def build_all(root: Path, organisation: Organisation) -> dict[Function, Package]:
    """The packages of all functions, by name. Raises PackageError."""
    listed = {ACCOUNTS_FILE: accounts_file(organisation)}
    return {
        spec.function: build(root, f"lambdas.{spec.function}.handler", listed if spec.accounts else None)
        for spec in FUNCTION_SPECS
    }


def build_inference(root: Path) -> Package:
    """The package of the function behind a spoke's inference API. Raises PackageError."""
    return build(root, "lambdas.inference.handler")


def closure(root: Path, module: str) -> tuple[str, ...]:
    """Repository paths of all modules of ours that importing `module` loads, sorted."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for path in _sources(root, name):
            if path not in found:
                found.add(path)
                waiting.extend(_imports((root / path).read_bytes(), path))
    if not any(path.startswith(module.replace(".", "/")) for path in found):
        raise PackageError(
            f"{module} is no module under {root}: the function would fail at its first event; name the handler's module"
        )
    return tuple(sorted(found))


def _sources(root: Path, module: str) -> Iterator[str]:
    """The files that importing a module runs: the `__init__.py` of each package above it, and its own."""
    parts = module.split(".")
    if parts[0] not in SHIPPED:
        return
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        if (root / path / "__init__.py").is_file():
            yield f"{path}/__init__.py"
        elif (root / f"{path}.py").is_file():
            yield f"{path}.py"


@cache
def _imports(source: bytes, path: str) -> frozenset[str]:
    """Names that a source imports; of `from a import b` both `a` and `a.b`, since `b` may be a module.

    Kept, since most sources lie in several packages: parsing them anew for each is a sixth of the hub's preview.
    """
    return frozenset(_names_imported(ast.parse(source, path), path))


def _names_imported(tree: ast.Module, path: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
                kept = len(package) - node.level + path.endswith("/__init__.py")
                base = ".".join(part for part in (*package[:kept], base) if part)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
