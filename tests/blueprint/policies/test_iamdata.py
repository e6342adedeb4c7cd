"""Every statement of every policy against AWS's Service Authorization Reference.

A misspelt action, a resource that the action doesn't take, or a condition key that AWS doesn't send with it is accepted
in silence: an Allow that never allows, or, worse, a Deny that never denies. Where our statement is right and the
reference disagrees or can't tell, the case stands in a list with its reason, and a listed case that no statement needs
any more fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from blueprint.functions import FUNCTIONS
from blueprint.organisation import Organisation
from blueprint.policies.anchors_bucket import anchors_bucket, documents_bucket
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.bus import governance_bus
from blueprint.policies.hub_roles import hub_roles
from blueprint.policies.keys import anchor_key, artifact_key, governance_key
from blueprint.policies.observability import sink, topic
from blueprint.policies.queues import fed_by_rules
from blueprint.policies.roles import RoleSpec
from blueprint.policies.shares import shares
from blueprint.policies.spoke_role_list import spoke_roles
from blueprint.policies.spoke_roles import execution_role
from blueprint.rules import hub_rules
from tests.blueprint.policies.service_reference import Action, actions, as_list, fits, key_type
from tests.blueprint.samples import ANCHOR_KEY, GOVERNANCE_KEY, HUB, KEY, KEYS, SPOKES, STAGES, fleet, organisation

VOLUME_KEY = "arn:aws:kms:eu-west-1:{}:key/44444444-4444-4444-4444-444444444444"
GLOBAL_KEYS = {
    "aws:MultiFactorAuthPresent": "Bool",
    "aws:PrincipalAccount": "String",
    "aws:PrincipalArn": "ARN",
    "aws:PrincipalOrgID": "String",
    "aws:ResourceOrgID": "String",
    "aws:SecureTransport": "Bool",
    "aws:SourceAccount": "String",
    "aws:SourceArn": "ARN",
}
"""IAM reference_policies_condition-keys: present with every action (some only for some callers)."""

OPERATORS = {
    "ArnEquals": ("ARN",),
    "ArnLike": ("ARN", "String"),
    "ArnNotEquals": ("ARN",),
    "Bool": ("Bool",),
    "StringEquals": ("String", "ARN"),
    "StringLike": ("String",),
    "StringNotEquals": ("String", "ARN"),
}
"""Which types of keys an operator compares; `Null` takes all."""

ANY_RESOURCE = {
    "sagemaker:ListModelPackages": "its request names a group, not the versions that the reference lists as resource",
    "cloudwatch:GetMetricData": "as PutMetricData; whose metrics there are is decided by the links",
    "cloudwatch:PutMetricData": "metrics have no ARN, the namespace is the bound; only OTLP data sets have one",
}
"""Allows on `*` though the reference knows a resource type."""

OTHER_RESOURCE = {
    ("sagemaker:CreateModel", "model-package"): (
        "a model of another account's version needs the action on the version, too: that is what the group policies of"
        " dg/model-registry-deploy-xaccount grant; the reference knows the model alone"
    ),
}
"""Resources of a kind that the reference doesn't give the action."""

NO_SUCH_KEY = {
    ("kms:DescribeKey", "kms:EncryptionContext:aws:logs:arn"): (
        "the statement is the one that CloudWatch Logs documents (logs encrypt-log-data-kms); its DescribeKey matches"
        " nothing, as the call has no encryption context"
    ),
}
"""Condition keys that the reference doesn't list with the action."""

OTHER_TYPE = {
    (
        "events:source",
        "StringEquals",
    ): "one event is judged at a time, its source is one value (eb-custom-bus-access-actions)",
    ("events:detail-type", "StringEquals"): "as events:source",
    ("events:eventBusInvocation", "Bool"): "true or false (eventbridge eb-use-conditions), whatever the type says",
}
"""Operators that don't suit the type that the reference gives the key."""


@dataclass(frozen=True, slots=True)
class Found:
    """A statement, and the policy that it stands in."""

    where: str
    statement: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.where} {self.statement.get('Sid', '')}".strip()


def _organisations() -> Iterator[tuple[str, Organisation]]:
    """Every form of the policies: exact, listed, organisation, same account; every optional part."""
    first = replace(STAGES[0], require_mfa=True, users=("DataScientist",), deployers=("Pipeline",))
    asked_more = (first, *STAGES[1:])
    yield "example", organisation()
    yield (
        "full",
        organisation(
            stages=asked_more,
            groups=("ModelCreditRisk", "Fraud"),
            spokes=tuple(replace(spoke, volume_key=VOLUME_KEY.format(spoke.account)) for spoke in SPOKES),
            image_repositories=(f"arn:aws:ecr:eu-west-1:{HUB}:repository/models/*",),
        ),
    )
    yield "listed", fleet(150)
    yield "many", fleet(700)
    yield "alone", organisation(id=None)
    trial = organisation()
    yield (
        "trial",
        replace(trial, id=None, same_account=True, spokes=tuple(replace(spoke, account=HUB) for spoke in trial.spokes)),
    )


def _roles(of: Organisation) -> Iterator[RoleSpec]:
    yield from hub_roles(of, KEYS)
    for stage in of.stages:
        for spoke in of.spokes_of(stage.name)[:1]:
            yield from spoke_roles(of, spoke, KEY, "server")
            yield execution_role(of, spoke, KEY, "app")


def _documents(of: Organisation) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Name, document, and the resource of the policies that state none or `*` for themselves."""
    names = of.names
    for role in _roles(of):
        yield f"trust of {role.name}", role.trust, names.role_arn(HUB, role.name)
        for purpose, policy in role.policies.items():
            yield f"{role.name}/{purpose}", dict(policy), ""
    yield "artifact bucket", artifact_bucket(of, KEY), ""
    yield "artifact key", artifact_key(of), KEY
    yield "governance key", governance_key(of), GOVERNANCE_KEY
    yield "anchor key", anchor_key(of, trial=False), ANCHOR_KEY
    yield "anchors bucket", anchors_bucket(of), ""
    yield "documents bucket", documents_bucket(of), ""
    yield "alarms", topic(of), ""
    linked = sink(of)
    if linked is not None:
        # A sink's policy says `*` for itself; updates are of links.
        yield "sink", linked, f"arn:aws:oam:{of.region}:*:*"
    bus = governance_bus(of)
    if bus is not None:
        yield "governance bus", bus, ""
    queue = names.queue_arn(HUB, names.queue("capture"))
    yield "queue", fed_by_rules(queue, HUB, {rule.rule: rule.arn(of) for rule in hub_rules(of)}), ""
    for share in shares(of):
        # RAM adds the resource: the shared groups and their versions.
        versions = [names.versions_arn(HUB, group) for group in of.groups]
        owned = [] if share.level == "contributor-register" else [names.group_arn(HUB, group) for group in of.groups]
        yield f"permission {share.level}", {"Statement": [{**share.template, "Resource": [*owned, *versions]}]}, ""


def _statements() -> list[Found]:
    found = []
    for label, of in _organisations():
        for name, document, implied in _documents(of):
            for statement in document["Statement"]:
                resource = statement.get("Resource")
                stated = {**statement, "Resource": implied} if implied and resource in (None, "*") else statement
                found.append(Found(f"{label}: {name}", stated))
    return found


STATEMENTS = _statements()


def _of(statement: dict[str, Any]) -> list[tuple[str, tuple[Action, ...]]]:
    return [
        (pattern, actions(pattern)) for pattern in as_list(statement.get("Action") or statement.get("NotAction") or [])
    ]


def _resources(statement: dict[str, Any]) -> list[str]:
    """What a statement is about, or what it is about everything but."""
    return as_list(statement["Resource"] if "Resource" in statement else statement["NotResource"])


def _kind(arn: str) -> str:
    """The kind of resource: what stands before the first slash of an ARN's last field."""
    return arn.rpartition(":")[2].partition("/")[0]


def _keys(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Operator and key of each condition."""
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            yield operator, key


def _all_of(found: Iterable[Found]) -> Iterator[tuple[Found, str, tuple[Action, ...]]]:
    for one in found:
        for pattern, meant in _of(one.statement):
            yield one, pattern, meant


def test_the_samples_hold_every_kind_of_policy() -> None:
    """Guards against a check that looks at nothing: each form and each function's role must be among the statements."""
    seen = {one.where.partition(": ")[2] for one in STATEMENTS}
    assert {"artifact bucket", "artifact key", "governance key", "governance bus", "queue"} <= seen
    assert {"anchor key", "anchors bucket", "documents bucket", "alarms", "sink", "mlgov-dev-reader/never"} <= seen
    assert {f"mlgov-hub-{function}/logs" for function in FUNCTIONS} <= seen
    assert {"mlgov-test-deployer/volumes", "mlgov-hub-auditor/evidence", "mlgov-hub-operator/queues"} <= seen
    assert {"permission consumer", "permission contributor-register", "mlgov-dev-serving/images"} <= seen
    assert any(one.statement.get("Principal") == "*" and one.statement["Effect"] == "Allow" for one in STATEMENTS)


def test_every_action_exists() -> None:
    """Guards against a misspelt action, which IAM accepts and never matches."""
    assert sorted({f"{one.name}: {pattern}" for one, pattern, meant in _all_of(STATEMENTS) if not meant}) == []


def test_every_action_takes_a_resource_that_its_statement_names() -> None:
    """Guards against an Allow or Deny on an ARN that the action is never checked against, such as a bucket for
    GetObject.
    """
    wrong, excused, used = set(), set(), set()
    for one, pattern, meant in _all_of(STATEMENTS):
        resources = _resources(one.statement)
        if resources == ["*"]:
            bound = {action.name for action in meant if action.resources}
            if one.statement["Effect"] == "Allow" and bound:
                excused |= bound & ANY_RESOURCE.keys()
                wrong |= {f"{one.name}: {name} on *" for name in bound - ANY_RESOURCE.keys()}
        elif not any(fits(action, resource) for action in meant for resource in resources):
            others = {(action.name, _kind(resource)) for action in meant for resource in resources}
            used |= others & OTHER_RESOURCE.keys()
            if not others & OTHER_RESOURCE.keys():
                wrong.add(f"{one.name}: {pattern} takes none of {resources}")
    assert sorted(wrong) == []
    assert used == OTHER_RESOURCE.keys(), "remove what no statement needs any more"
    assert excused == ANY_RESOURCE.keys(), "remove what no statement needs any more"


def test_every_resource_is_taken_by_an_action_of_its_statement() -> None:
    """Guards against a resource that widens nothing, the sign of a statement that means something else than it says."""
    wrong = [
        f"{one.name}: {resource}"
        for one in STATEMENTS
        for resource in _resources(one.statement)
        if resource != "*"
        and not any(
            fits(action, resource) or (action.name, _kind(resource)) in OTHER_RESOURCE
            for _, meant in _of(one.statement)
            for action in meant
        )
    ]
    assert wrong == []


def test_every_condition_key_comes_with_its_action() -> None:
    """Guards against a condition on a key that the request never has: an Allow that can't match, a Deny that can't, or
    one that always does.
    """
    wrong, excused = set(), set()
    for one, pattern, meant in _all_of(STATEMENTS):
        for _operator, key in _keys(one.statement):
            if key in GLOBAL_KEYS or any(key_type(action, key) for action in meant):
                continue
            if (pattern, key) in NO_SUCH_KEY:
                excused.add((pattern, key))
            else:
                wrong.add(f"{one.name}: {key} with {pattern}")
    assert sorted(wrong) == []
    assert excused == NO_SUCH_KEY.keys(), "remove what no statement needs any more"


def test_every_operator_suits_its_key() -> None:
    """Guards against Bool on text, single-value operators on lists and set operators on single values: ForAllValues is
    true where the key is absent, and a plain operator on a list is undefined.
    """
    wrong, excused = set(), set()
    for one, pattern, meant in _all_of(STATEMENTS):
        for operator, key in _keys(one.statement):
            kinds = {
                GLOBAL_KEYS.get(key) or kind
                for action in meant
                if (kind := key_type(action, key)) or key in GLOBAL_KEYS
            }
            for kind in kinds - {None}:
                if _suits(operator, str(kind)):
                    continue
                if (key, operator) in OTHER_TYPE:
                    excused.add((key, operator))
                else:
                    wrong.add(f"{one.name}: {operator} on {key} of type {kind} with {pattern}")
    assert sorted(wrong) == []
    assert excused == OTHER_TYPE.keys(), "remove what no statement needs any more"


def _suits(operator: str, kind: str) -> bool:
    if operator == "Null":
        return True
    set_form, _, plain = operator.rpartition(":")
    single = kind.removeprefix("ArrayOf")
    return bool(set_form) == (single != kind) and single in OPERATORS[plain.removesuffix("IfExists")]


def test_every_global_key_is_used() -> None:
    """Guards against a list of global keys that has outlived the policies."""
    assert {key for one in STATEMENTS for _, key in _keys(one.statement)} & GLOBAL_KEYS.keys() == GLOBAL_KEYS.keys()


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", "arn:aws:s3:::bucket/artifacts/*", True),
        ("s3:GetObject", "arn:aws:s3:::bucket", False),
        ("s3:ListBucket", "arn:aws:s3:::bucket/*", False),
        ("s3:ListBucket", "arn:aws:s3:::bucket", True),
        ("dynamodb:PartiQLInsert", "arn:aws:dynamodb:eu-west-1:111111111111:table/ledger", True),
        ("dynamodb:PartiQLInsert", "arn:aws:sqs:eu-west-1:111111111111:ledger", False),
        ("sagemaker:UpdateModelPackage", "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/g", False),
    ],
)
def test_the_check_tells_right_from_wrong(action: str, resource: str, expected: bool) -> None:
    """Guards the check itself: a comparison of ARN forms that accepts all would find nothing."""
    assert any(fits(one, resource) for one in actions(action)) is expected


def test_the_check_knows_no_invented_action_or_key() -> None:
    """Guards the check itself: names that AWS doesn't know must not pass."""
    [update] = actions("sagemaker:UpdateModelPackage")
    assert actions("sagemaker:ApproveModelPackage") == ()
    assert key_type(update, "sagemaker:ModelLifeCycle:Stage") == "String"
    assert key_type(update, "sagemaker:ModelLifeCycle/stage") is None
