"""No parameter vanishes: what a handler of ours doesn't read is refused by name, or said to be without effect."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.organisation import core, coverage
from rehearsal.organisation.left_out import REFUSED, WITHOUT_EFFECT, refused_of
from rehearsal.organisation.model import model
from rehearsal.organisation.runtime.invocations import Invocations
from tests.rehearsal.code_reading import Reading
from tests.rehearsal.organisation.example import Client, refused, unique

coverage.load_all()
OWN = sorted(key for key, row in core.SERVED.items() if row.by == "own")
READ_LATER: dict[tuple[str, str], tuple[Any, ...]] = {
    ("lambda", "PutFunctionEventInvokeConfig"): (Invocations,),
    ("sagemaker", "CreateModel"): (core.SERVED["sagemaker", "CreateModel"].needs,),
    ("sts", "AssumeRole"): (core.SERVED["sts", "AssumeRole"].needs,),
}
"""What acts on members that a handler keeps whole, or that its authorisation reads."""


def members_of(service: str, operation: str) -> list[str]:
    shape = model(service).operation_model(operation).input_shape
    return list(shape.members) if shape is not None else []


@pytest.mark.parametrize(("service", "operation"), OWN)
def test_each_member_is_read_refused_or_without_effect(service: str, operation: str) -> None:
    """Guards against a parameter that a handler drops: the call succeeds here, and does something else at AWS."""
    members = members_of(service, operation)
    handler = core.SERVED[service, operation].handler
    assert handler is not None
    readings = [Reading(one) for one in (handler, *READ_LATER.get((service, operation), ()))]
    said = {*refused_of(service, operation, members), *WITHOUT_EFFECT.get((service, operation), {})}
    dropped = [one for one in members if one not in said and not any(reading.knows(one) for reading in readings)]
    assert not dropped, f"{service}:{operation} reads nowhere: {', '.join(dropped)}; refuse them in left_out.py"


def test_only_members_of_served_operations_are_listed() -> None:
    """Guards against a typing error in the tables, by which a parameter would be dropped after all."""
    listed = {(service, name): members for service, rows in REFUSED.items() for name, members in rows.items()}
    for key, members in [*listed.items(), *WITHOUT_EFFECT.items()]:
        assert key in core.SERVED, key
        assert set(members) <= set(members_of(*key)), key
    for key, members in core.TAKEN.items():
        assert key in OWN, key
        assert set(members) & set(members_of(*key)), key


def test_a_refused_member_is_named_and_nothing_is_done(client: Client) -> None:
    """Guards against a refusal after the act, or one that doesn't say which parameter."""
    queues = client("hub", None, "sqs")
    url = queues.create_queue(QueueName=unique("q"))["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody="kept")
    with refused("NotEmulated", "sqs:ReceiveMessage", "ReceiveRequestAttemptId"):
        queues.receive_message(QueueUrl=url, ReceiveRequestAttemptId="again")
    assert queues.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "kept"


def test_a_refused_member_that_asks_for_nothing_is_accepted(client: Client) -> None:
    """Guards against a refusal of `DryRun=false`, which is what AWS takes for granted."""
    keys = client("hub", None, "kms")
    key = keys.create_key()["KeyMetadata"]["KeyId"]
    grantee = client("hub", None, "iam").list_roles()["Roles"][0]["Arn"]
    keys.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"], DryRun=False)
    with refused("NotEmulated", "kms:CreateGrant", "DryRun"):
        keys.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=["Decrypt"], DryRun=True)
