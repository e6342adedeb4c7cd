"""From the lifecycle script to a registered version, in a home of its own, with the role's rights and no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from blueprint.library import LibraryFacts, facts_of, library, script
from rehearsal.organisation.emulator import Emulator
from tests.blueprint.samples import DEV, organisation
from tests.notebooks.installation import Installation, code_of, environment
from tests.rehearsal.organisation.example import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
XGBOOST = "arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-xgboost"
ORGANISATION = organisation(image_repositories=(XGBOOST,))
FILES = library(ROOT)


@dataclass(frozen=True, slots=True)
class Place:
    """A space's home, and how processes run in it."""

    home: Path
    installation: Installation

    def run(self, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        found = environment(self.installation.org, self.installation.session("dev"), str(self.home), path)
        return subprocess.run(
            command, input=stdin, text=True, capture_output=True, cwd=self.home, env=found, check=False
        )

    def fetch(self, facts: LibraryFacts) -> subprocess.CompletedProcess[str]:
        return self.run("/bin/bash", "-s", stdin=script(ROOT, ORGANISATION, "dev", DEV, facts))


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with Emulator(SETTINGS) as org:
        yield Installation.bring_up(org, ORGANISATION, FILES)


def test_the_script_fetches_all_files_as_the_execution_role(installation: Installation, tmp_path: Path) -> None:
    """Guards: a script that nobody ran with the role's own rights: a bucket, prefix or key that it may not read."""
    done = Place(tmp_path, installation).fetch(facts_of(ORGANISATION, FILES))
    assert done.returncode == 0, done.stderr
    there = {path.name for path in (tmp_path / "ml-governance").iterdir()}
    assert there == {file.name for file in FILES} | {"governance.json"}


def test_a_changed_object_is_refused_by_name(installation: Installation, tmp_path: Path) -> None:
    """Guards: what somebody put into the hub's bucket, run in every account."""
    facts = facts_of(ORGANISATION, FILES)
    promised = "0" * 64
    installation.control.client("hub", None, "s3").put_object(
        Bucket=facts.bucket, Key=f"notebooks/{promised}/training.py", Body=b"import os"
    )
    done = Place(tmp_path, installation).fetch(replace(facts, files={"training.py": promised}))
    assert done.returncode == 1
    assert "training.py" in done.stderr
    assert not (tmp_path / "ml-governance" / "training.py").exists()


def test_the_notebook_s_cells_register_a_version(installation: Installation, tmp_path: Path) -> None:
    """Guards: a notebook that asks for an id, imports what isn't there, or that the execution role may not run."""
    place = Place(tmp_path, installation)
    assert place.fetch(facts_of(ORGANISATION, FILES)).returncode == 0
    notebook = (tmp_path / "ml-governance" / "register.ipynb").read_bytes()
    done = place.run(sys.executable, "-c", code_of(notebook))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "asked for dev" in done.stdout
    group = installation.groups["ModelCreditRisk"]
    registry = installation.control.client("hub", None, "sagemaker")
    (version,) = registry.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    described = registry.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelLifeCycle"]["Stage"] == "Development"
    assert described["InferenceSpecification"]["Containers"][0]["Image"].endswith("/sagemaker-xgboost:1.7-1")
