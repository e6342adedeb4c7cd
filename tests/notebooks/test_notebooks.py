"""From the lifecycle script to a served version, in home folders of their own, with each role's rights and no other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from blueprint.library import LibraryFacts, facts_of, library, script
from rehearsal.organisation.core import Credentials
from rehearsal.organisation.emulator import Emulator
from tests.blueprint.samples import STAGES as SAMPLE_STAGES
from tests.blueprint.samples import organisation
from tests.notebooks.installation import Installation, code_of, environment
from tests.rehearsal.organisation.example import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
XGBOOST = "arn:aws:ecr:eu-west-1:141502667606:repository/sagemaker-xgboost"
STAGES = tuple(replace(stage, deployers=("ModelDeployer",) if stage.name == "test" else ()) for stage in SAMPLE_STAGES)
ORGANISATION = organisation(image_repositories=(XGBOOST,), stages=STAGES)
FILES = library(ROOT)


@dataclass(frozen=True, slots=True)
class Place:
    """A space's home, and how processes run in it."""

    home: Path
    installation: Installation
    stack: str = "dev"

    def run(self, *command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        found = environment(self.installation.org, self.installation.session(self.stack), str(self.home), path)
        return subprocess.run(
            command, input=stdin, text=True, capture_output=True, cwd=self.home, env=found, check=False
        )

    def fetch(self, facts: LibraryFacts) -> subprocess.CompletedProcess[str]:
        account = ORGANISATION.spoke(self.stack).account
        return self.run("/bin/bash", "-s", stdin=script(ROOT, ORGANISATION, self.stack, account, facts))

    def play(self, notebook: str) -> str:
        """Fetch the library and run a notebook's cells; what they print."""
        assert self.fetch(facts_of(ORGANISATION, FILES)).returncode == 0
        done = self.run(sys.executable, "-c", code_of((self.home / "ml-governance" / notebook).read_bytes()))
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def sign_in(self, profile: str, credentials: Credentials) -> None:
        folder = self.home / ".aws"
        folder.mkdir()
        (folder / "credentials").write_text(
            f"[{profile}]\naws_access_key_id = {credentials.access_key}\n"
            f"aws_secret_access_key = {credentials.secret_key}\naws_session_token = {credentials.session_token}\n"
        )


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


def test_a_version_goes_from_one_notebook_to_the_other(installation: Installation, tmp_path: Path) -> None:
    """Guards: notebooks that ask for an id, import what isn't there, or that their roles may not run."""
    for stack in ("dev", "test"):
        (tmp_path / stack).mkdir()
    assert "asked for dev" in Place(tmp_path / "dev", installation).play("register.ipynb")
    group = installation.groups["ModelCreditRisk"]
    registry = installation.control.client("hub", None, "sagemaker")
    (version,) = registry.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    described = registry.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelLifeCycle"]["Stage"] == "Development"
    assert described["InferenceSpecification"]["Containers"][0]["Image"].endswith("/sagemaker-xgboost:1.7-1")

    installation.approve(version["ModelPackageArn"], "test")
    test = Place(tmp_path / "test", installation, "test")
    test.sign_in("deployer", installation.deployer("test"))
    said = test.play("deploy.ipynb")
    assert said.count("served") == 5, said
    assert said.rstrip().endswith("is gone")
    installation.org.clock.advance(timedelta(seconds=5))
    assert installation.control.client("test", None, "sagemaker").list_endpoints()["Endpoints"] == []
