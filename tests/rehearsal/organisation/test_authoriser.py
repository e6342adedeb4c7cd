"""The authoriser: the context of a request, and refusal of what can't be judged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.organisation.core import ApiError, Caller, Need, NotEmulated
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.example import DEV, HUB, OUTSIDER, Client, allow, new_role, policy, refused, root


@pytest.fixture
def dev(client: Client) -> Any:
    return client("dev", None, "iam")


def may_list(client: Client, dev: Any, **condition: dict[str, Any]) -> bool:
    """Whether a dev role whose right to list keys hangs on a condition may list them."""
    role = new_role(dev, DEV, allow("kms:ListKeys", Condition=condition))
    kms = client("dev", role, "kms")
    try:
        kms.list_keys()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        ("StringEquals", "aws:PrincipalAccount", DEV),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1"),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-*/ou-*"),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{DEV}:role/role-*"),
        ("StringLike", "aws:userid", "AROA*:rehearsal"),
        ("Bool", "aws:SecureTransport", "true"),
        ("Bool", "aws:PrincipalIsAWSService", "false"),
        ("Bool", "aws:ViaAWSService", "false"),
        ("Bool", "aws:MultiFactorAuthPresent", "false"),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
        ("NumericGreaterThan", "aws:EpochTime", "1577836800"),
        ("DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z"),
        ("StringEquals", "kms:CallerAccount", DEV),
        ("Null", "aws:SourceVpce", "true"),
        ("Null", "aws:username", "true"),
    ],
)
def test_a_request_carries_the_global_keys(client: Client, dev: Any, operator: str, key: str, value: str) -> None:
    """Guards: a condition that AWS would meet and the rehearsal judges on a missing or other value."""
    assert may_list(client, dev, **{operator: {key: value}})


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("StringEquals", "aws:PrincipalOrgID", "o-otherotherx"),
        ("Bool", "aws:SecureTransport", "false"),
        ("StringEquals", "aws:PrincipalTag/team", "risk"),
        ("StringEquals", "aws:SourceVpce", "vpce-1"),
    ],
)
def test_a_condition_that_is_not_met_gives_no_right(
    client: Client, dev: Any, operator: str, key: str, value: str
) -> None:
    """Guards: conditions that are ignored."""
    assert not may_list(client, dev, **{operator: {key: value}})


def test_the_organisations_keys_are_absent_for_an_outsider(client: Client) -> None:
    """Guards: an outsider that passes as a member."""
    outside = client("outsider", None, "iam")
    role = new_role(outside, OUTSIDER, allow("kms:ListKeys", Condition={"Null": {"aws:PrincipalOrgID": "true"}}))
    assert client("outsider", role, "kms").list_keys()["Keys"] == []


def test_principal_tags_come_from_the_role(client: Client, dev: Any) -> None:
    """Guards: rights by attribute that nobody has."""
    condition = {"StringEquals": {"aws:PrincipalTag/team": "risk"}}
    role = new_role(dev, DEV, allow("kms:ListKeys", Condition=condition), Tags=[{"Key": "team", "Value": "risk"}])
    assert client("dev", role, "kms").list_keys()


def test_request_tags_are_seen(client: Client, dev: Any) -> None:
    """Guards: tag conditions on create calls."""
    condition = {
        "StringEquals": {"aws:RequestTag/team": "risk"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    role = new_role(dev, DEV, allow(["kms:CreateKey", "kms:PutKeyPolicy"], Condition=condition))
    kms = client("dev", role, "kms")
    assert kms.create_key(Tags=[{"TagKey": "team", "TagValue": "risk"}])
    with refused("AccessDeniedException"):
        kms.create_key(Tags=[{"TagKey": "team", "TagValue": "other"}])
    with refused("AccessDeniedException"):
        kms.create_key()


def test_a_condition_key_that_is_not_modelled_is_an_error_by_name(client: Client, dev: Any) -> None:
    """Guards: a statement judged on a key that only the rehearsal doesn't send."""
    role = new_role(dev, DEV, allow("kms:*", Condition={"StringEquals": {"kms:RecipientAttestation:PCR0": "x"}}))
    key = client("hub", None, "kms").create_key()["KeyMetadata"]["Arn"]
    with refused("NotEmulated", "kms:recipientattestation:pcr0"):
        client("dev", role, "kms").decrypt(CiphertextBlob=_blob(client, key))
    unknown = new_role(dev, DEV, allow("kms:*", Condition={"StringEquals": {"aws:NoSuchKey": "x"}}))
    with refused("NotEmulated", "aws:nosuchkey"):
        client("dev", unknown, "kms").list_keys()


def _blob(client: Client, key: str) -> bytes:
    blob: bytes = client("hub", None, "kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    return blob


def test_a_key_of_another_service_is_simply_absent(client: Client, dev: Any) -> None:
    """Guards: refusing policies whose condition AWS wouldn't send with this action either."""
    assert not may_list(client, dev, StringEquals={"s3:prefix": "x"})
    assert may_list(client, dev, StringNotEquals={"s3:prefix": "x"})


def test_a_service_acts_by_resource_policies_alone(org: Emulator, client: Client) -> None:
    """Guards: a service principal that needs, or gets, identity policies."""
    statement = allow(
        "kms:Decrypt", Principal={"Service": "events.amazonaws.com"},
        Condition={"StringEquals": {"aws:SourceAccount": HUB}},
    )  # fmt: skip
    own = allow("kms:*", Principal={"AWS": root(HUB)})
    key = client("hub", None, "kms").create_key(Policy=json.dumps(policy(own, statement)))["KeyMetadata"]["Arn"]
    need = Need("kms:Decrypt", key, HUB)
    events = Caller("events.amazonaws.com", "")
    org.authorise(events, [need], region="eu-west-1", extra={"aws:SourceAccount": HUB})
    with pytest.raises(ApiError, match="AccessDenied"):
        org.authorise(events, [need], region="eu-west-1", extra={"aws:SourceAccount": DEV})
    with pytest.raises(ApiError, match="AccessDenied"):
        org.authorise(Caller("sns.amazonaws.com", ""), [need], region="eu-west-1", extra={"aws:SourceAccount": HUB})


@pytest.mark.parametrize(
    ("who", "absent"), [(Caller("events.amazonaws.com", ""), True), (Caller(root(OUTSIDER), OUTSIDER), False)]
)
def test_a_service_of_its_own_accord_has_no_source_address(org: Emulator, who: Caller, absent: bool) -> None:
    """Guards: a range of addresses admits a service here, whose own requests carry no aws:SourceIp."""
    need = Need("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{HUB}:by-address", HUB)
    document = policy(allow("sqs:SendMessage", Principal="*", Condition={"Null": {"aws:SourceIp": "true"}}))
    assert org.would_allow(who, need, region="eu-west-1", resource_policy=document) is absent


def test_resource_tags_of_a_service_without_any_are_an_error(org: Emulator) -> None:
    """Guards: aws:ResourceTag conditions on resources whose tags nobody knows."""
    document = policy(allow("glue:GetTable", Condition={"StringEquals": {"aws:ResourceTag/a": "b"}}))
    need = Need("glue:GetTable", f"arn:aws:glue:eu-west-1:{HUB}:table/d/t", HUB)
    with pytest.raises(NotEmulated, match="aws:resourcetag/a"):
        org.would_allow(Caller(root(HUB), HUB), need, region="eu-west-1", resource_policy=document)
