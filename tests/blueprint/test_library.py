"""The library's files and the script that fetches them."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from blueprint.errors import PackageError
from blueprint.library import (
    GOVERNANCE,
    SCRIPT_CHARACTERS,
    encoded,
    facts_of,
    images,
    library,
    script,
    script_digest,
    settings_file,
)
from tests.blueprint.samples import DEV, HUB, TEST, organisation

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = organisation(image_repositories=("arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-xgboost",))
FILES = library(ROOT)
FACTS = facts_of(EXAMPLE, FILES)


def test_the_same_files_give_the_same_digests_and_script(tmp_path: Path) -> None:
    """Guards: another script, and so another lifecycle configuration, on every machine or every day."""
    copy = tmp_path / "elsewhere"
    for folder in ("governance", "notebooks"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    again = library(copy)
    assert [(file.name, file.sha256) for file in again] == [(file.name, file.sha256) for file in FILES]
    first = script(ROOT, EXAMPLE, "dev", DEV, FACTS)
    assert script(copy, EXAMPLE, "dev", DEV, facts_of(EXAMPLE, again)) == first
    assert script_digest(first) == script_digest(script(copy, EXAMPLE, "dev", DEV, facts_of(EXAMPLE, again)))


def test_another_notebook_is_another_name() -> None:
    """Guards: a configuration of the same name with another script, which SageMaker can't change."""
    changed = replace(FACTS, files={**FACTS.files, "register.ipynb": "0" * 64})
    assert script_digest(script(ROOT, EXAMPLE, "dev", DEV, changed)) != script_digest(
        script(ROOT, EXAMPLE, "dev", DEV, FACTS)
    )


def test_a_missing_notebook_stops_before_anything_is_made(tmp_path: Path) -> None:
    """Guards: half a hub, for a file that somebody deleted."""
    shutil.copytree(ROOT / "governance", tmp_path / "governance")
    with pytest.raises(PackageError, match=r"deploy\.ipynb is missing"):
        library(tmp_path)


@pytest.mark.parametrize("groups", [1, 30])
def test_the_script_fits_what_sagemaker_takes(groups: int) -> None:
    """Guards: a script that grows with the groups until an `up` fails half-way."""
    names = tuple(f"Group{number:02}{'x' * 50}" for number in range(groups))
    many = replace(EXAMPLE, groups=names)
    assert len(encoded(script(ROOT, many, "dev", DEV, facts_of(many, FILES)))) <= SCRIPT_CHARACTERS


def test_too_many_groups_are_named_as_the_reason() -> None:
    """Guards: SageMaker's own answer, which names a pattern and no reason."""
    many = replace(EXAMPLE, groups=tuple(f"Group{number:03}{'x' * 55}" for number in range(120)))
    with pytest.raises(PackageError, match="govern fewer model package groups"):
        script(ROOT, many, "dev", DEV, facts_of(many, FILES))


def test_the_zip_holds_all_that_the_notebooks_import(tmp_path: Path) -> None:
    """Guards: a notebook that fails at its first import, in an account where nothing else of ours is."""
    zipped = next(file for file in FILES if file.name == GOVERNANCE)
    names = zipfile.ZipFile(io.BytesIO(zipped.content)).namelist()
    assert {"governance/__init__.py", "governance/card.py", "governance/publishing.py"} <= set(names)
    code = "from governance.card import build_card; from governance.publishing import publish; print('all there')"
    place = tmp_path / GOVERNANCE
    place.write_bytes(zipped.content)
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, sys.argv[1]); {code}", str(place)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout == "all there\n"


def test_notebooks_are_told_their_own_stage() -> None:
    """Guards: a validator that asks for what its stage may not, or a deployer role that doesn't exist."""
    dev = settings_file(EXAMPLE, "dev", DEV, FACTS)
    assert (dev["stage"], dev["lifecycle"]) == ("dev", "Development")
    assert dev["mayAskFor"] == {"dev": "Development", "test": "Staging"}
    assert dev["executionRoleArn"] == f"arn:aws:iam::{DEV}:role/mlgov-dev-execution"
    assert settings_file(EXAMPLE, "test", TEST, FACTS)["mayAskFor"] == {"test": "Staging", "prod": "Production"}
    hub = settings_file(EXAMPLE, "hub", HUB, FACTS)
    assert "mayAskFor" not in hub
    assert hub["executionRoleArn"].endswith("mlgov-hub-execution")


def test_images_are_addressed_as_containers_take_them() -> None:
    """Guards: a repository's ARN in a version's specification; a pattern taken for a repository."""
    assert images(EXAMPLE) == {"sagemaker-xgboost": "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost"}
    pattern = replace(EXAMPLE, image_repositories=("arn:aws:ecr:eu-west-1:141502667606:repository/team/*",))
    assert images(pattern) == {}


def test_notebooks_are_committed_without_outputs() -> None:
    """Guards: data of people, account ids or a user's paths, published with a notebook."""
    for file in FILES:
        if file.name.endswith(".ipynb"):
            cells = json.loads(file.content)["cells"]
            assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells), file.name
            assert "111111111111" not in file.content.decode()


def test_the_script_is_sent_as_sagemaker_takes_it() -> None:
    """Guards: a script with text that base64 or bash reads otherwise."""
    text = script(ROOT, EXAMPLE, "dev", DEV, FACTS)
    assert base64.b64decode(encoded(text)).decode() == text
    checked = subprocess.run(["/bin/bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
