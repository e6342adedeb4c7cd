"""Lambda's control plane as clients see it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.organisation.workbench import ECHO, REGION, Workbench, allow, document, own_bench, package


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        made.role("shared")
        yield made


def _refused(text: str) -> Any:
    return pytest.raises(ClientError, match=text)


def _settings(bench: Workbench, **changes: Any) -> dict[str, Any]:
    given = {
        "Runtime": "python3.12", "Handler": "index.handler", "Role": f"arn:aws:iam::{bench.account}:role/shared",
        "Code": {"ZipFile": package(ECHO)}, **changes,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def test_a_function_is_shown_as_made(bench: Workbench) -> None:
    """Guards the read-back that a provider diffs against: digest, sizes, defaults, variables."""
    code = package(ECHO)
    made = bench.lambda_.create_function(
        FunctionName="shown", Timeout=30, MemorySize=256, Tags={"a": "1"},
        **_settings(bench, Code={"ZipFile": code}, Environment={"Variables": {"NAME": "1"}}),
    )  # fmt: skip
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(code).digest()).decode()
    shown = bench.lambda_.get_function(FunctionName=made["FunctionArn"])
    configuration = shown["Configuration"]
    assert (configuration["Timeout"], configuration["MemorySize"], configuration["State"]) == (30, 256, "Active")
    assert configuration["Environment"] == {"Variables": {"NAME": "1"}}
    assert configuration["LoggingConfig"]["LogGroup"] == "/aws/lambda/shown"
    assert shown["Tags"] == {"a": "1"}
    with _refused("Function already exist: shown"):
        bench.lambda_.create_function(FunctionName="shown", **_settings(bench))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Runtime": "python3.6"}, "no longer supported.*python3.14"),
        ({"Runtime": "python3.99"}, "ValidationException|InvalidParameterValueException"),
        ({"Runtime": "nodejs22.x"}, "NotEmulated.*nodejs22.x"),
        ({"Runtime": None}, "Runtime is a required parameter"),
        ({"Handler": "handler"}, "must be <module>.<function>"),
        ({"MemorySize": 10241}, "from 128 to 10240"),
        ({"Timeout": 901}, "from 1 to 900"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "Reserved keys.*AWS_REGION"),
        ({"Environment": {"Variables": {"NAME": "x" * 4096}}}, "exceeded the 4KB limit"),
        ({"Environment": {"Variables": {"1A": "x"}}}, "(?i)variables"),
        ({"Code": {"ZipFile": b"no zip"}}, "Could not unzip"),
        ({"Code": {"ImageUri": "x"}}, "NotEmulated"),
        ({"Layers": ["arn:aws:lambda:eu-west-1:123456789012:layer:x:1"]}, "NotEmulated.*Layers"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "NotEmulated.*VpcConfig"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, "NotEmulated.*JSON"),
        ({"PackageType": "Image"}, "NotEmulated.*image"),
    ],
)
def test_what_lambda_refuses_is_refused(bench: Workbench, changes: dict[str, Any], reason: str) -> None:
    """Guards against a function that AWS wouldn't make, and parameters that are dropped silently."""
    with _refused(reason):
        bench.lambda_.create_function(FunctionName="refused", **_settings(bench, **changes))


def test_a_role_must_trust_lambda(bench: Workbench) -> None:
    """Guards existence and trust of the execution role, which Lambda tries at creation."""
    role = bench.role("untrusting", services=["events.amazonaws.com"])
    for one in (role, role + "-missing"):
        with _refused("cannot be assumed by Lambda"):
            bench.lambda_.create_function(FunctionName="untrusting", **_settings(bench, Role=one))


def test_code_and_configuration_are_updated(bench: Workbench) -> None:
    """Guards updates: what isn't given stays, and a stale revision is refused."""
    first = bench.lambda_.create_function(FunctionName="updated", Description="d", **_settings(bench))
    changed = bench.lambda_.update_function_configuration(FunctionName="updated", Timeout=9)
    assert (changed["Timeout"], changed["Description"]) == (9, "d")
    assert changed["RevisionId"] != first["RevisionId"]
    new = bench.lambda_.update_function_code(FunctionName="updated", ZipFile=package("x = 1\n" + ECHO))
    assert new["CodeSha256"] != first["CodeSha256"]
    with _refused("PreconditionFailedException"):
        bench.lambda_.update_function_code(
            FunctionName="updated", ZipFile=package(ECHO), RevisionId=first["RevisionId"]
        )
    bench.lambda_.delete_function(FunctionName="updated")
    with _refused("Function not found"):
        bench.lambda_.get_function(FunctionName="updated")


def test_permissions_make_the_functions_policy(bench: Workbench) -> None:
    """Guards AddPermission's statement as AWS writes it, GetPolicy and RemovePermission."""
    bench.lambda_.create_function(FunctionName="permitted", **_settings(bench))
    with _refused("ResourceNotFoundException"):
        bench.lambda_.get_policy(FunctionName="permitted")
    given = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    source = f"arn:aws:events:{REGION}:{bench.account}:rule/r"
    bench.lambda_.add_permission(FunctionName="permitted", SourceArn=source, **given)
    (statement,) = json.loads(bench.lambda_.get_policy(FunctionName="permitted")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": source}}
    with _refused("already exists"):
        bench.lambda_.add_permission(FunctionName="permitted", **given)
    bench.lambda_.remove_permission(FunctionName="permitted", StatementId="s")
    with _refused("Statement s is not found"):
        bench.lambda_.remove_permission(FunctionName="permitted", StatementId="s")


def test_variables_are_shown_only_to_who_may_decrypt_them(bench: Workbench) -> None:
    """Guards the key of the environment: its use by who makes and who reads the function."""
    principal = {"AWS": f"arn:aws:iam::{bench.account}:root"}
    key = bench.kms.create_key()["KeyMetadata"]["Arn"]
    environment = {"Variables": {"SECRET": "x"}}
    bench.lambda_.create_function(FunctionName="sealed", KMSKeyArn=key, **_settings(bench, Environment=environment))
    assert bench.lambda_.get_function_configuration(FunctionName="sealed")["Environment"] == environment
    trust = document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    bench.iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)
    bench.iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=document(allow("lambda:*", "*")))
    shown = bench.client("reader", "lambda").get_function_configuration(FunctionName="sealed")
    assert shown["Environment"]["Error"]["ErrorCode"] == "AccessDeniedException"


def _mapped(bench: Workbench, name: str, **queue: str) -> str:
    """A queue and a function that may read it; returns the queue's ARN."""
    _, arn = bench.queue(name, **queue)
    bench.function(name, ECHO, allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], arn))
    return arn


def test_a_mapping_is_shown_changed_and_deleted(bench: Workbench) -> None:
    """Guards the mapping's life as a provider reads it."""
    arn = _mapped(bench, "mapped")
    made = bench.lambda_.create_event_source_mapping(
        FunctionName="mapped", EventSourceArn=arn, BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    assert (made["State"], made["BatchSize"], made["MaximumBatchingWindowInSeconds"]) == ("Enabled", 5, 0)
    with _refused("already exists.*" + made["UUID"]):
        bench.lambda_.create_event_source_mapping(FunctionName="mapped", EventSourceArn=arn)
    changed = bench.lambda_.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    assert (changed["State"], changed["BatchSize"]) == ("Disabled", 5)
    listed = bench.lambda_.list_event_source_mappings(FunctionName="mapped")["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [made["UUID"]]
    assert bench.lambda_.delete_event_source_mapping(UUID=made["UUID"])["State"] == "Deleting"
    with _refused("ResourceNotFoundException"):
        bench.lambda_.get_event_source_mapping(UUID=made["UUID"])


@pytest.mark.parametrize("lacking", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"])
def test_a_mapping_needs_the_roles_rights_on_the_queue(bench: Workbench, lacking: str) -> None:
    """Guards the rights that Lambda tries at creation: the sabotage of sqs:ReceiveMessage shows here."""
    name = f"lacking-{lacking}"
    _, arn = bench.queue(name)
    rights = [f"sqs:{one}" for one in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes") if one != lacking]
    bench.function(name, ECHO, allow(rights, arn))
    with _refused(f"does not have permissions to call {lacking} on SQS"):
        bench.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)


def test_a_mapping_needs_a_visibility_as_long_as_the_function(bench: Workbench) -> None:
    """Guards against messages that reappear while the function still works on them."""
    arn = _mapped(bench, "visibility", VisibilityTimeout="5")
    with _refused("Queue visibility timeout: 5 seconds is less than Function timeout: 10 seconds"):
        bench.lambda_.create_event_source_mapping(FunctionName="visibility", EventSourceArn=arn)


def test_malformed_mappings_are_refused(bench: Workbench) -> None:
    """Guards batch and window, sources that aren't emulated, and parameters of other sources."""
    arn = _mapped(bench, "malformed")
    bad: list[tuple[dict[str, Any], str]] = [
        ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ({"StartingPosition": "LATEST"}, "NotEmulated.*StartingPosition"),
        ({"EventSourceArn": f"arn:aws:kinesis:{REGION}:123456789012:stream/s"}, "NotEmulated.*kinesis"),
        ({"EventSourceArn": arn + "-none"}, "NonExistentQueue"),
        ({"FilterCriteria": {"Filters": [{"Pattern": '{"body": "x"}'}]}}, "Invalid filter pattern"),
    ]
    for change, reason in bad:
        with _refused(reason):
            given = {"FunctionName": "malformed", "EventSourceArn": arn, **change}
            bench.lambda_.create_event_source_mapping(**given)


def test_reserved_concurrency_leaves_the_account_some(bench: Workbench) -> None:
    """Guards the 100 executions that stay unreserved."""
    bench.lambda_.create_function(FunctionName="reserved", **_settings(bench))
    with _refused("below its minimum value of .100."):
        bench.lambda_.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=901)
    bench.lambda_.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=2)
    shown = bench.lambda_.get_function(FunctionName="reserved")["Concurrency"]
    assert shown == {"ReservedConcurrentExecutions": 2}
    bench.lambda_.delete_function_concurrency(FunctionName="reserved")
    assert "Concurrency" not in bench.lambda_.get_function(FunctionName="reserved")


def test_tags_of_a_function(bench: Workbench) -> None:
    """Guards tags by ARN."""
    arn = bench.lambda_.create_function(FunctionName="tagged", **_settings(bench))["FunctionArn"]
    bench.lambda_.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    bench.lambda_.untag_resource(Resource=arn, TagKeys=["a"])
    assert bench.lambda_.list_tags(Resource=arn)["Tags"] == {"b": "2"}
