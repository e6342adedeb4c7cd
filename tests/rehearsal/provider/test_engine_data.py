"""Signing keys, Object Lock, schedules and permissions under the real engine, against the emulated organisation."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehearsal.engine import EngineError
from rehearsal.organisation.emulator import Emulator
from rehearsal.provider.types import TYPES
from rehearsal.provider.types.s3 import BucketNotEmptied
from tests.rehearsal.provider.conftest import STACK, Stack
from tests.rehearsal.provider.fakes import FakeClients, aws_error

BUCKET = TYPES["aws:s3/bucket:Bucket"]
LOCKED = {"forceDestroy": True, "objectLockEnabled": True}

DATA = """
key = aws.kms.Key("signing", description="anchors", customer_master_key_spec="ECC_NIST_P256", key_usage="SIGN_VERIFY",
                  deletion_window_in_days=7, opts=here)
aws.kms.Alias("alias", name="alias/anchors", target_key_id=key.key_id, opts=here)
bucket = aws.s3.Bucket("anchors", object_lock_enabled=True, force_destroy=True, opts=here)
aws.s3.BucketObjectLockConfiguration("lock", bucket=bucket.id, rule={
    "default_retention": {"mode": "GOVERNANCE", "days": 30}}, opts=here)
later = aws.s3.Bucket("later", opts=here)
versions = aws.s3.BucketVersioning("versions", bucket=later.id, versioning_configuration={"status": "Enabled"},
                                   opts=here)
aws.s3.BucketObjectLockConfiguration("later-lock", bucket=later.id,
                                     opts=pulumi.ResourceOptions(provider=account, depends_on=[versions]))
queue = aws.sqs.Queue("jobs", opts=here)
rule = aws.cloudwatch.EventRule("hourly", schedule_expression="rate(1 hour)", opts=here)
aws.cloudwatch.EventTarget("job", rule=rule.name, arn=queue.arn, input='{"job": "anchor"}', opts=here)
role = aws.iam.Role("role", assume_role_policy=TRUST, opts=here)
function = aws.lambda_.Function("function", role=role.arn, runtime="python3.11", handler="h.handler",
    code=pulumi.AssetArchive({"h.py": pulumi.StringAsset("def handler(event, context): pass")}), opts=here)
aws.lambda_.Permission("by-rule", function=function.name, action="lambda:InvokeFunction",
    principal="events.amazonaws.com", source_arn=rule.arn, opts=here)
aws.lambda_.Permission("by-account", function=function.arn, action="lambda:InvokeFunction", principal="222222222222",
    statement_id="dev", source_account="222222222222", principal_org_id="o-a1b2c3d4e5", opts=here)
aws.cloudwatch.EventTarget("call", rule=rule.name, arn=function.arn, input_transformer={
    "input_paths": {"at": "$.time"}, "input_template": '{"at": <at>}'}, opts=here)
"""
CHANGES = {
    '"ECC_NIST_P256"': '"ECC_NIST_P384"',
    '"days": 30': '"days": 60',
    '"rate(1 hour)"': '"cron(0 8 ? * MON-FRI *)", state="DISABLED"',
    '"job": "anchor"': '"job": "inventory"',
    '"dev", source_account="222222222222",': '"dev",',
}


def test_keys_locks_schedules_and_permissions_come_up_stay_unchanged_and_go(stack: Stack) -> None:
    """Guards against rows that can't be created, read back, refreshed, changed or deleted as the real provider does."""
    stack.program(DATA)
    stack.engine.up(STACK)
    stack.engine.preview(STACK, expect_no_changes=True)
    assert set(stack.engine.refresh(STACK).counts) == {"same"}
    stack.engine.preview(STACK, expect_no_changes=True)

    made = stack.resources()
    function = made["function"]["outputs"]["name"]
    policy = json.loads(stack.aws("lambda").get_policy(FunctionName=function)["Policy"])
    assert {one["Sid"] for one in policy["Statement"]} == {made["by-rule"]["id"], "dev"}
    assert made["by-rule"]["id"].startswith("by-rule-")
    assert made["later"]["outputs"]["objectLockEnabled"] is True, "its lock came after it"
    storage = stack.aws("s3")

    changed = DATA
    for before, after in CHANGES.items():
        assert before in changed
        changed = changed.replace(before, after)
    stack.program(changed)
    steps = {step.name: step.op for step in stack.engine.up(STACK).steps if step.op in ("update", "replace")}
    assert steps == {
        "signing": "replace", "alias": "update", "lock": "update", "hourly": "update", "job": "update",
        "by-account": "replace",
    }  # fmt: skip
    stack.engine.preview(STACK, expect_no_changes=True)
    stack.engine.destroy(STACK)
    assert storage.list_buckets()["Buckets"] == []


def test_a_locked_bucket_is_emptied_as_far_as_its_locks_let(stack: Stack, organisation: Emulator) -> None:
    """Guards against a destroy that passes COMPLIANCE, or that stops at what force_destroy does remove."""
    stack.program("""
        aws.s3.Bucket("anchors", bucket="plugin-anchors", object_lock_enabled=True, force_destroy=True, opts=here)
    """)
    stack.engine.up(STACK)
    storage = stack.aws("s3")
    end = datetime.now(UTC) + timedelta(days=1)
    where = {"Bucket": "plugin-anchors", "Key": "a"}
    for lock in (
        {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": end},
        {"ObjectLockLegalHoldStatus": "ON"},
    ):
        storage.put_object(**where, Body=b"x", **lock)
    storage.put_object(**where, Body=b"x", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=end)
    storage.delete_object(**where)
    with pytest.raises(EngineError, match="object protected by object lock"):
        stack.engine.destroy(STACK)
    left = storage.list_object_versions(Bucket="plugin-anchors")
    assert [one["Key"] for one in left["Versions"]] == ["a"]
    assert "DeleteMarkers" not in left
    organisation.clock.advance(timedelta(days=1, seconds=1))
    stack.engine.destroy(STACK)


def test_a_bucket_without_force_destroy_is_not_emptied() -> None:
    """Guards against a destroy that deletes what nobody asked it to delete."""
    clients = FakeClients({"delete_bucket": aws_error("BucketNotEmpty")})
    with pytest.raises(Exception, match="BucketNotEmpty"):
        BUCKET.delete(clients, "b", {"forceDestroy": False})
    assert [name for name, _ in clients.calls] == ["delete_bucket"]


def test_what_can_not_be_deleted_is_named() -> None:
    """Guards against a destroy that says only that the bucket isn't empty, or tries the hold where there is no lock."""
    version = {"Key": "k", "VersionId": "v"}
    denied = {**version, "Code": "AccessDenied", "Message": "Access Denied"}
    answers: dict[str, Any] = {
        "delete_bucket": aws_error("BucketNotEmpty"),
        "list_object_versions": {"Versions": [version], "DeleteMarkers": []},
        "delete_objects": {"Errors": [denied]},
        "put_object_legal_hold": aws_error("AccessDenied"),
    }
    clients = FakeClients(answers)
    with pytest.raises(BucketNotEmptied, match=r"S3 object \(k\) version \(v\): AccessDenied"):
        BUCKET.delete(clients, "b", LOCKED)
    assert clients.called("delete_objects")[0]["BypassGovernanceRetention"] is True
    plain = FakeClients(answers)
    with pytest.raises(BucketNotEmptied):
        BUCKET.delete(plain, "b", {**LOCKED, "objectLockEnabled": False})
    assert plain.called("put_object_legal_hold") == []
    assert "BypassGovernanceRetention" not in plain.called("delete_objects")[0]


@pytest.mark.parametrize("physical_id", ["mlgov-capture/by-rule", "mlgov-capture:live/by-rule"])
def test_an_imported_permission_is_found_by_function_and_statement(physical_id: str) -> None:
    """Guards against an import that reads another statement, or loses the qualifier."""
    row = TYPES["aws:lambda/permission:Permission"]
    statement = {
        "Sid": "by-rule", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": "arn",
        "Action": "lambda:InvokeFunction", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:rule"}},
    }  # fmt: skip
    other = {**statement, "Sid": "other"}
    clients = FakeClients({"get_policy": {"Policy": json.dumps({"Statement": [other, statement]})}})
    found = row.read(clients, physical_id, {})
    assert found is not None
    assert (found["function"], found["statementId"], found["sourceArn"]) == ("mlgov-capture", "by-rule", "arn:rule")
    assert found["qualifier"] == ("live" if ":live" in physical_id else None)
    assert row.read(clients, "mlgov-capture/gone", {}) is None


def test_two_ways_to_say_one_thing_conflict() -> None:
    """Guards against a preview that passes what the real provider refuses (ConflictsWith)."""
    lock = TYPES["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"]
    assert lock.check({"rule": {"defaultRetention": {"days": 1, "years": 1}}})
    assert not lock.check({"rule": {"defaultRetention": {"days": 1}}})
    assert TYPES["aws:lambda/permission:Permission"].check({"statementId": "a", "statementIdPrefix": "b"})
