"""`governance access explain` and `diff`, and what they say where they can't look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blueprint.intent.model import EVERYTHING
from console.access.comparing import compare
from console.access.pulumi_state import read_exports
from console.app import app
from console.errors import CommandError
from tests.console.access.designs import published_design
from tests.console.access.planned import ROOT, exported


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("exports") / "all.json")


def ask(exports: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["access", "explain", *words, "--exports", str(exports), "--project", str(ROOT)])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_the_deciding_statement_of_a_refusal_is_told(exports: Path) -> None:
    """Guards: a refusal that nobody can trace to a statement."""
    told = ask(exports, "dev/execution", "approve", "version")
    assert "explicit deny in identity policy mlgov-dev-execution/never statement NeverDecide" in told
    assert "resource: silent: no statement of the resource policy" in told
    assert "as intended (version:approve)" in told


def test_both_statements_of_a_permission_are_told(exports: Path) -> None:
    """Guards: half an answer, where an identity policy and a key policy of two accounts allow together."""
    told = ask(exports, "mlgov-dev-serving", "kms:Decrypt", "artifacts-key")
    assert "mlgov-dev-serving/artifacts statement DecryptThroughS3 and key policy" in told


def test_a_request_beyond_the_intent_is_answered_and_said_to_be_so(exports: Path) -> None:
    """Guards: an explanation for known requests alone."""
    told = ask(exports, "dev/execution", "ec2:RunInstances", "*")
    assert "denied" in told
    assert "the intent says nothing of this request" in told


def test_an_unknown_principal_is_answered_with_known_ones(exports: Path) -> None:
    """Guards: an empty answer to a misspelt name."""
    done = CliRunner().invoke(
        app, ["access", "explain", "dev/exec", "approve", "version", "--exports", str(exports), "--project", str(ROOT)]
    )
    assert isinstance(done.exception, CommandError)
    assert "dev/execution" in str(done.exception)


def test_what_a_condition_closes_is_said_in_words() -> None:
    """Guards: two matrices side by side, for the reader to compare."""
    found = compare(published_design(), published_design(tests_approval=True))
    closed = [sentence for change, sentence in found.sentences() if change == "closed"]
    assert any(
        sentence.startswith("dev/execution may no longer sagemaker:") and "version:decide-and-approve.dev" in sentence
        for sentence in closed
    )
    assert not found.opens


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    """Guards: an empty installation that has nothing wrong with it."""
    file = tmp_path / "a.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(CommandError, match="no stack export"):
        read_exports([file])
    with pytest.raises(CommandError, match="isn't there"):
        read_exports([tmp_path / "nothing"])


def test_a_policy_of_an_unknown_type_is_refused(tmp_path: Path) -> None:
    """Guards: a policy that nobody reads, and so nobody proves."""
    resource = {
        "type": "aws:glue/resourcePolicy:ResourcePolicy",
        "id": "x",
        "outputs": {"policy": json.dumps(EVERYTHING)},
    }
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"deployment": {"resources": [resource]}}), encoding="utf-8")
    with pytest.raises(CommandError, match="can't read yet"):
        read_exports([file])


def test_a_managed_policy_that_isn_t_there_is_refused(tmp_path: Path) -> None:
    """Guards: a role of which AWS's own policies allow more than anybody looked at."""
    role = {"name": "r", "arn": "arn:aws:iam::111111111111:role/r", "assumeRolePolicy": json.dumps(EVERYTHING)}
    attached = {"role": "r", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    resources = [
        {"type": "aws:iam/role:Role", "id": "r", "outputs": role},
        {"type": "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "id": "a", "outputs": attached},
    ]
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"deployment": {"resources": resources}}), encoding="utf-8")
    with pytest.raises(CommandError, match="AdministratorAccess of role r is in none of the exports"):
        read_exports([file])
