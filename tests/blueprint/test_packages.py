"""A function's zip: what its handler needs, byte for byte the same on every build."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from blueprint.errors import PackageError
from blueprint.limits import PACKAGE_BYTES
from blueprint.packages import EPOCH, SHIPPED, build, closure

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = ["lambdas.capture.handler", "lambdas.approval.handler"]


def sources(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


SMALL = {
    "lambdas/__init__.py": "",
    "lambdas/one/__init__.py": "",
    "lambdas/one/handler.py": "import boto3\nfrom governance import facts\nfrom lambdas.one.core import decide\n",
    "lambdas/one/core.py": "def decide(): ...\n",
    "lambdas/one/fakes.py": "",
    "lambdas/two/__init__.py": "",
    "lambdas/two/handler.py": "",
    "governance/__init__.py": "",
    "governance/facts.py": "from .times import now\n",
    "governance/times.py": "def now(): ...\n",
    "governance/console_only.py": "",
}


def test_the_package_is_the_import_closure_and_nothing_else(tmp_path: Path) -> None:
    """Guards: other functions' code, fakes and tests in the zip; a module that is missing at the first event."""
    assert closure(sources(tmp_path, SMALL), "lambdas.one.handler") == (
        "governance/__init__.py",
        "governance/facts.py",
        "governance/times.py",
        "lambdas/__init__.py",
        "lambdas/one/__init__.py",
        "lambdas/one/core.py",
        "lambdas/one/handler.py",
    )


@pytest.mark.parametrize("module", HANDLERS)
def test_a_rebuild_is_byte_identical(module: str, tmp_path: Path) -> None:
    """Guards: a preview that shows a change because a file was checked out at another time."""
    first = build(ROOT, module)
    for name in first.files:
        copied = tmp_path / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes((ROOT / name).read_bytes())
        copied.chmod(0o600)
        os.utime(copied, (1, 1))
    second = build(tmp_path, module)
    assert second == first
    assert len(first.content) <= PACKAGE_BYTES


@pytest.mark.parametrize("module", HANDLERS)
def test_the_zip_alone_is_enough_to_load_the_handler(module: str, tmp_path: Path) -> None:
    """Guards: a function that imports from the checkout in tests, and fails in AWS."""
    archive = tmp_path / "function.zip"
    archive.write_bytes(build(ROOT, module).content)
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); import {module} as m; assert callable(m.handler)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr


@pytest.mark.parametrize("module", HANDLERS)
def test_entries_carry_no_time_and_are_readable(module: str) -> None:
    """Guards: time stamps of the build; modes that Lambda's user can't read."""
    with zipfile.ZipFile(io.BytesIO(build(ROOT, module).content)) as archive:
        entries = archive.infolist()
    assert {entry.date_time for entry in entries} == {EPOCH}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.filename.split("/")[0] for entry in entries} <= set(SHIPPED)


def test_a_handler_that_doesn_t_exist_is_refused(tmp_path: Path) -> None:
    """Guards: an empty zip that AWS accepts, and that fails at its first event."""
    with pytest.raises(PackageError, match=r"lambdas\.three\.handler is no module"):
        build(sources(tmp_path, SMALL), "lambdas.three.handler")


def test_a_package_over_its_budget_is_refused(tmp_path: Path) -> None:
    """Guards: cold starts that grow unseen."""
    noise = os.urandom(PACKAGE_BYTES + 1024).hex()
    files = {**SMALL, "lambdas/one/core.py": f"NOISE = '{noise}'\n"}
    with pytest.raises(PackageError, match=r"the budget is 2,097,152"):
        build(sources(tmp_path, files), "lambdas.one.handler")


def test_the_hash_is_the_one_that_lambda_reports() -> None:
    """Guards: a hash in another encoding, which would differ at every preview."""
    package = build(ROOT, HANDLERS[0])
    assert len(package.sha256_base64) == 44
    assert package.sha256_base64.endswith("=")
