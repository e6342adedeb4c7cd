"""Auditor and operator: exact rights, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from access import Case, decide, layers
from blueprint.functions import FUNCTION_SPECS, FUNCTIONS, SCHEDULED
from blueprint.names import TABLES
from blueprint.policies.anchors_bucket import anchors_bucket, documents_bucket
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.hub_roles import hub_roles
from blueprint.policies.keys import anchor_key, governance_key
from blueprint.policies.people_roles import auditor_role, operator_role
from blueprint.policies.roles import RoleSpec
from tests.blueprint.policies.role_rights import allowed, queue, table
from tests.blueprint.samples import (
    ANCHOR_KEY,
    BUCKET,
    GOVERNANCE_KEY,
    HUB,
    KEY,
    KEYS,
    OFFICER,
    OPERATOR,
    ORGANISATION_ID,
    REGION,
    STAGES,
    as_list,
    organisation,
    statement,
)

EXAMPLE = organisation()
ANCHORS = f"arn:aws:s3:::mlgov-anchors-{HUB}-{REGION}"
DOCUMENTS = f"arn:aws:s3:::mlgov-documents-{HUB}-{REGION}"
GROUP = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package-group/ModelCreditRisk"
VERSIONS = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/*"
ALARMS = {
    "SeeAlarms": (
        {"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"},
        {f"arn:aws:cloudwatch:{REGION}:{HUB}:alarm:*"},
    )
}


def auditor() -> RoleSpec:
    made = auditor_role(EXAMPLE, KEYS)
    assert made is not None
    return made


def operator() -> RoleSpec:
    made = operator_role(EXAMPLE, KEYS)
    assert made is not None
    return made


def tried(spec: RoleSpec, action: str, resource: str, context: dict[str, Any], policy: Any = None) -> Case:
    return Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{HUB}:assumed-role/{spec.name}/session",
                "action": action,
                "resource": resource,
                "resource_account": HUB,
                "context": {"aws:PrincipalOrgID": ORGANISATION_ID, "aws:SecureTransport": "true", **context},
            },
            "identity_policies": [
                {"name": f"{spec.name}/{name}", "policy": document} for name, document in spec.policies.items()
            ],
            "resource_policy": policy,
        }
    )


def test_the_auditor_s_rights_are_exactly_these() -> None:
    """Guards: somebody who looks, and may change what is looked at; an auditor who has to ask for what proves."""
    assert allowed(auditor()) == {
        "registry": {
            "DescribeGroups": ({"sagemaker:DescribeModelPackageGroup"}, {GROUP}),
            "DescribeVersions": ({"sagemaker:DescribeModelPackage"}, {VERSIONS}),
            "List": ({"sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages"}, {"*"}),
        },
        "tables": {"ReadRecords": ({"dynamodb:Query", "dynamodb:Scan"}, {table(name) for name in TABLES})},
        "evidence": {
            "ListVersions": ({"s3:ListBucketVersions"}, {ANCHORS, DOCUMENTS}),
            "SeeLock": ({"s3:GetBucketObjectLockConfiguration"}, {ANCHORS}),
            "ReadAnchors": (
                {"s3:GetObjectRetention", "s3:GetObjectVersion"},
                {f"{ANCHORS}/anchors/mlgov/*", f"{ANCHORS}/keys/*"},
            ),
            "ReadDocuments": ({"s3:GetObjectVersion"}, {f"{DOCUMENTS}/sha256/*"}),
        },
        "keys": {
            "ReadEncrypted": ({"kms:Decrypt"}, {GOVERNANCE_KEY}),
            "DecryptCards": ({"kms:Decrypt"}, {KEY}),
            "CheckSignatures": ({"kms:GetPublicKey", "kms:Verify"}, {ANCHOR_KEY}),
        },
        "alarms": ALARMS,
    }


def test_the_operator_s_rights_are_exactly_these() -> None:
    """Guards: somebody who mends, and may decide; one who can't send back what was lost."""
    dead = {queue(name) for name in ("rules-dlq", *(spec.dead_letters for spec in FUNCTION_SPECS))}
    sent = {queue(spec.queue) for spec in FUNCTION_SPECS}
    assert allowed(operator()) == {
        "queues": {
            "FindQueues": ({"sqs:GetQueueAttributes", "sqs:GetQueueUrl"}, sent | dead),
            "Send": ({"sqs:SendMessage"}, sent),
            "EmptyDeadLetters": (
                {"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage"},
                dead,
            ),
        },
        "ledger": {"ReadLedger": ({"dynamodb:Scan"}, {table("modelgovernanceledger")})},
        "keys": {
            "ReadEncrypted": ({"kms:Decrypt"}, {GOVERNANCE_KEY}),
            "EncryptSent": ({"kms:GenerateDataKey"}, {GOVERNANCE_KEY}),
        },
        "watch": {
            **ALARMS,
            "ReadLogs": (
                {"logs:FilterLogEvents"},
                {f"arn:aws:logs:{REGION}:{HUB}:log-group:/aws/lambda/mlgov-{name}:*" for name in FUNCTIONS},
            ),
            "SeeSchedules": (
                {"events:DescribeRule"},
                {f"arn:aws:events:{REGION}:{HUB}:rule/mlgov-hub-schedule-{spec.function}" for spec in SCHEDULED},
            ),
            "SeeMappings": ({"lambda:ListEventSourceMappings"}, {"*"}),
            "LookUpCalls": ({"cloudtrail:LookupEvents"}, {"*"}),
        },
    }


@pytest.mark.parametrize("role", [auditor(), operator()], ids=["auditor", "operator"])
def test_whatever_else_somebody_attaches_is_denied(role: RoleSpec) -> None:
    """Guards: AdministratorAccess beside our policies, on the role of those who only look or only mend."""
    everything = {action for rights in allowed(role).values() for found, _ in rights.values() for action in found}
    never = statement(role.policies["never"], "NothingElse")
    assert (never["Effect"], never["Resource"]) == ("Deny", "*")
    assert set(as_list(never["NotAction"])) == everything


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:UpdateModelPackage", VERSIONS.replace("*", "1")),
        ("dynamodb:PutItem", table("modelgovernanceledger")),
        ("dynamodb:PartiQLInsert", table("modelgovernanceledger")),
        ("s3:PutObject", f"{DOCUMENTS}/sha256/00/0"),
        ("s3:DeleteObjectVersion", f"{ANCHORS}/anchors/mlgov/0000000001.json"),
        ("s3:PutObjectRetention", f"{ANCHORS}/anchors/mlgov/0000000001.json"),
        ("s3:BypassGovernanceRetention", f"{ANCHORS}/anchors/mlgov/0000000001.json"),
        ("s3:PutObjectTagging", f"arn:aws:s3:::{BUCKET}/artifacts/dev/G/0/model.tar.gz"),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/artifacts/dev/G/0/model.tar.gz"),
        ("kms:Sign", ANCHOR_KEY),
        ("sts:AssumeRole", f"arn:aws:iam::{HUB}:role/mlgov-hub-approver-dev"),
        ("sagemaker:Search", "*"),
    ],
)
@pytest.mark.parametrize("role", [auditor(), operator()], ids=["auditor", "operator"])
def test_neither_decides_rewrites_or_serves(role: RoleSpec, action: str, resource: str) -> None:
    """Guards: the identity side alone: each is an explicit Deny, however the resource's own policy stands."""
    found = {layer.layer: layer.decision for layer in layers(tried(role, action, resource, {}))}
    assert found["identity"] == "denied"


def test_the_auditor_sends_to_no_queue_and_the_operator_reads_no_evidence() -> None:
    """Guards: two roles in one: who could forge an event also reads the proof that it was one."""
    assert not decide(tried(auditor(), "sqs:SendMessage", queue("capture"), {})).allowed
    assert not decide(tried(operator(), "s3:GetObjectVersion", f"{ANCHORS}/anchors/mlgov/1.json", {})).allowed
    assert not decide(tried(operator(), "dynamodb:Scan", table("modelpackagestatechanges"), {})).allowed


def test_the_evidence_opens_to_the_auditor() -> None:
    """Guards: a right that the bucket's or the key's own policy takes away."""
    anchor = f"{ANCHORS}/anchors/mlgov/0000000001.json"
    assert decide(tried(auditor(), "s3:GetObjectVersion", anchor, {}, anchors_bucket(EXAMPLE))).allowed
    kept = f"{DOCUMENTS}/sha256/00/0"
    assert decide(tried(auditor(), "s3:GetObjectVersion", kept, {}, documents_bucket(EXAMPLE))).allowed
    assert decide(tried(auditor(), "kms:Verify", ANCHOR_KEY, {}, anchor_key(EXAMPLE, trial=False))).allowed
    through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    assert decide(tried(auditor(), "kms:Decrypt", GOVERNANCE_KEY, through, governance_key(EXAMPLE))).allowed
    assert not decide(tried(auditor(), "kms:Decrypt", GOVERNANCE_KEY, {}, governance_key(EXAMPLE))).allowed
    artifact = f"arn:aws:s3:::{BUCKET}/artifacts/dev/G/0/model.tar.gz"
    assert not decide(tried(auditor(), "s3:GetObject", artifact, {}, artifact_bucket(EXAMPLE, KEY))).allowed


@pytest.mark.parametrize(("build", "who"), [(auditor_role, OFFICER), (operator_role, OPERATOR)])
def test_people_say_who_they_are_and_are_as_sure_as_the_strictest_stage_asks(build: Any, who: str) -> None:
    """Guards: a look or a repair by nobody; a way round the MFA that a stage demands."""
    (trusted,) = build(EXAMPLE, KEYS).trust["Statement"]
    assert trusted["Condition"] == {"ArnLike": {"aws:PrincipalArn": who}, "StringLike": {"sts:SourceIdentity": "?*"}}
    strict = organisation(stages=(*STAGES[:2], replace(STAGES[2], require_mfa=True)))
    (trusted,) = build(strict, KEYS).trust["Statement"]
    assert trusted["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}


def test_nobody_is_an_operator_unless_named() -> None:
    """Guards: those who can send what passes for an event being whoever approves, by default."""
    assert operator_role(organisation(operators=()), KEYS) is None
    assert auditor_role(organisation(auditors=()), KEYS) is None
    assert not {"mlgov-hub-auditor", "mlgov-hub-operator"} & {
        role.name for role in hub_roles(organisation(auditors=(), operators=()), KEYS)
    }
