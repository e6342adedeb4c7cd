"""Rows against scripted clients: the calls that the emulated organisation doesn't serve, or that only a fault shows."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.provider.clients import Clients, NeverReady
from rehearsal.provider.metadata import type_data
from rehearsal.provider.plan import plan
from rehearsal.provider.types import TYPES
from rehearsal.provider.types.event_targets import TargetRefused
from rehearsal.provider.types.events import split_rule
from rehearsal.provider.types.ram_associations import AlreadyAssociated
from rehearsal.provider.types.s3 import BucketExists
from rehearsal.provider.values import Archive, Asset, Props
from tests.rehearsal.provider.fakes import FakeClients, aws_error

TABLE = TYPES["aws:dynamodb/table:Table"]
BUS = TYPES["aws:cloudwatch/eventBus:EventBus"]
TARGET = TYPES["aws:cloudwatch/eventTarget:EventTarget"]
FUNCTION = TYPES["aws:lambda/function:Function"]
SHARE = "arn:aws:ram:eu-west-1:111111111111:resource-share/0"
QUEUE = "arn:aws:sqs:eu-west-1:111111111111:q"


@pytest.mark.parametrize("row", TYPES.values(), ids=lambda row: row.pulumi_type)
def test_every_row_names_its_tags_and_its_errors(row: Any) -> None:
    """Guards against a type whose tags are dropped, or whose refresh fails once it is deleted."""
    data = type_data(row.pulumi_type)
    assert ("tags" in data.inputs) == (row.tags is not None)
    assert row.gone
    assert set(row.recomputed) <= {*data.outputs, *data.inputs}
    named = {name for causes in row.recomputed.values() for name in causes}
    assert named <= set(data.inputs)


def test_a_new_index_and_another_billing_are_calls_of_their_own() -> None:
    """Guards against UpdateTable with two kinds of change, which DynamoDB refuses."""
    active = {"TableStatus": "ACTIVE", "GlobalSecondaryIndexes": [{"IndexStatus": "ACTIVE"}]}
    clients = FakeClients({"update_table": {}, "describe_table": {"Table": active}})
    table = {"name": "t", "hashKey": "pk", "attributes": [{"name": "pk", "type": "S"}]}
    old = plan(TABLE, {**table, "billingMode": "PAY_PER_REQUEST"})
    index = {"name": "by-stage", "hashKey": "pk", "projectionType": "ALL", "readCapacity": 1, "writeCapacity": 1}
    provisioned = {"billingMode": "PROVISIONED", "readCapacity": 2, "writeCapacity": 3}
    TABLE.update(clients, "t", old, plan(TABLE, {**table, **provisioned, "globalSecondaryIndexes": [index]}))
    billing, created = clients.called("update_table")
    assert billing == {
        "TableName": "t",
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3},
    }
    (change,) = created["GlobalSecondaryIndexUpdates"]
    assert change["Create"]["IndexName"] == "by-stage"
    assert created["AttributeDefinitions"] == [{"AttributeName": "pk", "AttributeType": "S"}]


def test_an_index_is_read_as_it_was_written() -> None:
    """Guards against indexes that differ at each preview, for what DynamoDB adds to them."""
    described = {
        "TableName": "t",
        "TableArn": "arn",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "by-stage",
                "KeySchema": [{"AttributeName": "stage", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]},
                "IndexStatus": "ACTIVE",
                "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
            }
        ],
    }
    clients = FakeClients(
        {
            "describe_table": {"Table": described},
            "describe_time_to_live": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}},
            "describe_continuous_backups": {"ContinuousBackupsDescription": {}},
        }
    )
    found = TABLE.read(clients, "t", {})
    assert found is not None
    assert found["globalSecondaryIndexes"] == [
        {"name": "by-stage", "hashKey": "stage", "projectionType": "INCLUDE", "nonKeyAttributes": ["a"]}
    ]


def test_a_bus_gets_its_whole_new_description() -> None:
    """Guards against an update that leaves the key or the dead-letter queue as they were."""
    clients = FakeClients({"update_event_bus": {}})
    new = {"name": "b", "description": "new", "deadLetterConfig": {"arn": QUEUE}}
    BUS.update(clients, "b", {"name": "b", "kmsKeyIdentifier": "k"}, new)
    assert clients.called("update_event_bus") == [
        {"Name": "b", "Description": "new", "KmsKeyIdentifier": "", "DeadLetterConfig": {"Arn": QUEUE}}
    ]


def test_a_target_that_eventbridge_refuses_is_an_error() -> None:
    """Guards against PutTargets' answer 200 with a failed entry, which would pass as success."""
    entry = {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": "no such bus", "TargetId": "q"}
    clients = FakeClients({"put_targets": {"FailedEntryCount": 1, "FailedEntries": [entry]}})
    with pytest.raises(TargetRefused, match="no such bus"):
        TARGET.create(clients, plan(TARGET, {"rule": "r", "arn": QUEUE, "targetId": "q"}))


@pytest.mark.parametrize(
    ("known", "physical_id"),
    [
        ({"rule": "a-b", "eventBusName": "c-d", "targetId": "e-f"}, "c-d-a-b-e-f"),
        ({"rule": "a-b", "eventBusName": "c-d"}, "c-d-a-b-e-f"),
        ({}, "c-d/a-b/e-f"),
    ],
)
def test_a_target_is_found_though_its_id_is_ambiguous(known: Props, physical_id: str) -> None:
    """Guards against splitting an id at dashes that belong to a name."""
    clients = FakeClients({"list_targets_by_rule": {"Targets": [{"Id": "e-f", "Arn": QUEUE}]}})
    found = TARGET.read(clients, physical_id, known)
    assert found is not None
    assert (found["eventBusName"], found["rule"], found["targetId"]) == ("c-d", "a-b", "e-f")
    assert clients.called("list_targets_by_rule") == [{"Rule": "a-b", "EventBusName": "c-d"}]


def test_a_rule_on_a_bus_named_by_its_arn_is_found() -> None:
    """Guards against splitting the bus's ARN at its own slash."""
    bus = "arn:aws:events:eu-west-1:111111111111:event-bus/mlgov-governance"
    assert split_rule(f"{bus}/requests") == (bus, "requests")
    assert split_rule("requests") == ("default", "requests")


def test_a_function_that_fails_to_start_says_why() -> None:
    """Guards against waiting for a state that never comes."""
    failed = {"State": "Failed", "StateReason": "the image can't be pulled"}
    clients = FakeClients({"get_function_configuration": failed})
    with pytest.raises(NeverReady, match="can't be pulled"):
        FUNCTION.configure(clients, "f", plan(FUNCTION, {"name": "f"}))


def test_code_and_configuration_of_a_function_change_by_their_own_calls() -> None:
    """Guards against an upload for a new timeout, and a variable that stays though it was removed."""
    clients = FakeClients(
        {
            "update_function_configuration": {},
            "update_function_code": {},
            "get_function_configuration": {"State": "Active", "LastUpdateStatus": "Successful"},
        }
    )
    code = Archive("ab", "assets", "", (("h.py", Asset("", "text", "x = 1")),))
    inputs = {"name": "f", "role": "r", "handler": "h.h", "runtime": "python3.11", "code": code}
    old = plan(FUNCTION, {**inputs, "environment": {"variables": {"A": "b"}}, "timeout": 5})
    FUNCTION.update(clients, "f", old, plan(FUNCTION, {**inputs, "timeout": 10}))
    (changed,) = clients.called("update_function_configuration")
    assert (changed["Timeout"], changed["Environment"]) == (10, {})
    assert clients.called("update_function_code") == []

    other = Archive("cd", "assets", "", (("h.py", Asset("", "text", "x = 2")),))
    FUNCTION.update(clients, "f", plan(FUNCTION, inputs), plan(FUNCTION, {**inputs, "code": other}))
    assert len(clients.called("update_function_configuration")) == 1
    assert clients.called("update_function_code")[0]["ZipFile"].startswith(b"PK")


def test_reserved_concurrency_is_set_and_given_back() -> None:
    """Guards against a function that stays throttled after its reservation was removed."""
    clients = FakeClients({"put_function_concurrency": {}, "delete_function_concurrency": {}})
    free, reserved = plan(FUNCTION, {"name": "f"}), plan(FUNCTION, {"name": "f", "reservedConcurrentExecutions": 0})
    FUNCTION.update(clients, "f", free, reserved)
    FUNCTION.update(clients, "f", reserved, free)
    assert [name for name, _ in clients.calls] == ["put_function_concurrency", "delete_function_concurrency"]


def test_an_association_that_exists_is_not_adopted() -> None:
    """Guards against RAM's own answer, which is success: the real provider looks first and refuses."""
    row = TYPES["aws:ram/principalAssociation:PrincipalAssociation"]
    found = {"resourceShareAssociations": [{"status": "ASSOCIATED"}]}
    clients = FakeClients({"get_resource_share_associations": found})
    with pytest.raises(AlreadyAssociated, match="222222222222 is associated"):
        row.create(clients, {"resourceShareArn": SHARE, "principal": "222222222222"})


def test_an_association_that_ended_is_gone() -> None:
    """Guards against a destroyed association that RAM still lists."""
    row = TYPES["aws:ram/resourceAssociation:ResourceAssociation"]
    ended = {"resourceShareAssociations": [{"status": "DISASSOCIATED"}]}
    assert row.read(FakeClients({"get_resource_share_associations": ended}), f"{SHARE},{QUEUE}", {}) is None
    missing = FakeClients({"get_resource_share_associations": aws_error("UnknownResourceException")})
    assert row.read(missing, f"{SHARE},{QUEUE}", {}) is None


def test_the_oldest_version_of_a_permission_makes_room() -> None:
    """Guards against the sixth template, which RAM refuses: a permission has at most five versions."""
    row = TYPES["aws:ram/permission:Permission"]
    versions = [{"version": str(n), "creationTime": n, "defaultVersion": n == 1} for n in range(1, 6)]
    clients = FakeClients(
        {
            "list_permission_versions": {"permissions": versions},
            "delete_permission_version": {},
            "create_permission_version": {},
        }
    )
    row.update(clients, "arn", {"policyTemplate": "{}"}, {"policyTemplate": '{"Effect": "Allow"}'})
    assert clients.called("delete_permission_version") == [{"permissionArn": "arn", "permissionVersion": 2}]


def test_a_bucket_that_exists_is_not_adopted_where_s3_answers_success() -> None:
    """Guards against us-east-1, where CreateBucket of one's own bucket answers 200."""
    clients = FakeClients({"head_bucket": {}})
    clients.region = "us-east-1"
    with pytest.raises(BucketExists, match="not adopted"):
        TYPES["aws:s3/bucket:Bucket"].create(clients, {"bucket": "mlgov"})


def test_a_key_that_waits_for_its_deletion_counts_as_gone() -> None:
    """Guards against a refresh that keeps a key nobody can use."""
    row = TYPES["aws:kms/key:Key"]
    pending = {"KeyMetadata": {"KeyState": "PendingDeletion"}}
    assert row.read(FakeClients({"describe_key": pending}), "k", {}) is None
    twice = aws_error("KMSInvalidStateException", "k is pending deletion.")
    row.delete(FakeClients({"schedule_key_deletion": twice}), "k", {})


def test_operations_without_a_paginator_are_read_to_the_end() -> None:
    """Guards against a permission beyond the first page, of operations that botocore can't page."""

    class Pages:
        """A client that answers page after page."""

        def can_paginate(self, operation: str) -> bool:
            return False

        def list_resource_share_permissions(self, **sent: Any) -> Props:
            return {"permissions": [2]} if sent.get("nextToken") else {"permissions": [1], "nextToken": "more"}

    class OneClient(FakeClients):
        """Clients with that one."""

        pages = Clients.pages

        def _client(self, service: str) -> Any:
            return Pages()

    clients = OneClient({"list_resource_share_permissions": Pages().list_resource_share_permissions()})
    clients.answers["list_resource_share_permissions"] = lambda sent: Pages().list_resource_share_permissions(**sent)
    assert clients.pages("ram", "list_resource_share_permissions", "permissions") == [1, 2]
