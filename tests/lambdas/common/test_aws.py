"""The run time's boto3: refused when it would lose what must be recorded; init time."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.common import aws
from lambdas.common.attributes import from_item, to_attribute
from lambdas.common.aws import OldBoto3, check_boto3, code_of, is_transient

ROOT = Path(__file__).parents[3]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))


@pytest.mark.parametrize("version", ["1.35.63", "1.34.999", "0.99.99"])
def test_a_boto3_without_stages_is_refused(version: str) -> None:
    """Guards: an old run time drops ModelLifeCycle from the read-back, and stages are recorded as unknown."""
    with pytest.raises(OldBoto3, match=r"at least 1\.35\.64"):
        check_boto3(version)


@pytest.mark.parametrize("version", ["1.35.64", "1.44.5", "2.0.0"])
def test_a_boto3_with_stages_is_taken(version: str) -> None:
    """Guards: a version comparison as text, which takes 1.100 for older than 1.35."""
    check_boto3(version)


def test_the_checked_out_boto3_knows_the_member_that_the_minimum_is_about() -> None:
    """Guards: a minimum that was derived from nothing."""
    import botocore.session

    shape = botocore.session.get_session().get_service_model("sagemaker").shape_for("DescribeModelPackageOutput")
    assert "ModelLifeCycle" in shape.members


@pytest.mark.parametrize(
    ("code", "transient"),
    [("ThrottlingException", True), ("AccessDeniedException", False), ("ValidationException", False)],
)
def test_only_what_time_can_mend_is_transient(code: str, transient: bool) -> None:
    """Guards: a missing right that is retried as if it were a throttle, or a throttle that counts as a defect."""
    error = ClientError({"Error": {"Code": code, "Message": ""}}, "GetItem")
    assert (code_of(error), is_transient(error)) == (code, transient)


ROW: dict[str, Any] = {"seq": 7, "hash": "ab", "late": False, "reason": None}


def test_rows_survive_dynamodbs_types() -> None:
    """Guards: a boolean stored as a number, or a number as text, hashes differently when read back."""
    item = {name: to_attribute(value) for name, value in ROW.items()}
    assert item == {"seq": {"N": "7"}, "hash": {"S": "ab"}, "late": {"BOOL": False}, "reason": {"NULL": True}}
    assert from_item(item) == ROW


@pytest.mark.parametrize("value", [0.5, [1], {"a": 1}, b"x"])
def test_no_other_type_can_be_stored(value: object) -> None:
    """Guards: a float in a row, which has no single text form."""
    with pytest.raises(TypeError, match="rows hold"):
        to_attribute(value)


def test_a_client_is_made_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a cold start that reads the descriptions of services that the message doesn't need."""
    made: list[str] = []

    class Session:
        def create_client(self, service: str, **options: Any) -> Any:
            made.append(service)
            return SimpleNamespace(send_message=lambda: options["aws_access_key_id"])

    monkeypatch.setattr(aws, "_session", Session)
    later = aws.client("sqs", aws_access_key_id="AKIDEXAMPLE")
    assert made == []
    assert later.send_message() == later.send_message() == "AKIDEXAMPLE"
    assert made == ["sqs"]
    with pytest.raises(AttributeError):
        _ = later.no_such_operation


OURS = ("governance", "lambdas")
MOST_MODULES = 45
"""Of our own in one function; a module costs about a millisecond of a cold start (benchmarks/cold_start.py)."""


@functools.cache
def modules(code: str) -> frozenset[str]:
    """What a fresh interpreter has imported after this code."""
    environment = {"PATH": "", "AWS_DEFAULT_REGION": "eu-west-1", "PYTHONPATH": str(ROOT)}
    code += "\nimport json, sys; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment)
    return frozenset(json.loads(done.stdout))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_cold_start_imports_nothing_beside_boto3_one_client_and_our_own(function: str) -> None:
    """Guards: an import that grows the init phase beyond its budget of 1.3 times boto3 and one client."""
    more = modules(f"import lambdas.{function}.handler") - modules("import boto3; boto3.client('sqs')")
    own = {name for name in more if name.partition(".")[0] in OURS}
    assert more - own == set()
    assert len(own) <= MOST_MODULES


def test_importing_a_handler_reads_no_environment_and_makes_no_client() -> None:
    """Guards: tests that need environment tricks, and an init that fails before it can say why."""
    handlers = ", ".join(f"lambdas.{function}.handler" for function in FUNCTIONS)
    code = f"import botocore.session; botocore.session.Session = None\nimport {handlers}"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PATH": "", "PYTHONPATH": str(ROOT)})
