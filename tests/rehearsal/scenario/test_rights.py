"""Idle rights: what the request log says that nobody used, and a list of exceptions that can't rot."""

from __future__ import annotations

import json
from typing import Any

from blueprint.names import Function
from blueprint.organisation import Organisation
from blueprint.policies.hub_roles import FUNCTION_ROLES
from blueprint.policies.inference_roles import inference_role
from blueprint.policies.people_roles import auditor_role, operator_role
from blueprint.policies.roles import RoleSpec
from blueprint.policies.spoke_role_list import spoke_roles
from rehearsal.scenario.rights import IDLE, unused
from tests.blueprint.samples import HUB, KEY, KEYS, organisation

EXAMPLE = organisation()
Row = dict[str, Any]
Policy = dict[str, Any]


def put(account: str, role: str, name: str, policy: Policy) -> Row:
    return {
        "account": account, "operation": "PutRolePolicy", "decision": "allowed", "principal": "", "actions": [],
        "parameters": {"RoleName": role, "PolicyName": name, "PolicyDocument": json.dumps(policy)}, "via": None,
    }  # fmt: skip


def call(account: str, role: str, action: str, resource: str, via: str | None = None, decision: str = "allowed") -> Row:
    return {
        "account": account, "operation": action, "decision": decision, "parameters": {}, "via": via,
        "principal": f"arn:aws:sts::{account}:assumed-role/{role}/session", "actions": [[action, resource]],
    }  # fmt: skip


def listed(statement: Policy) -> list[str]:
    return [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]


def actions(statement: Policy) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def roles(of: Organisation) -> list[tuple[str, RoleSpec]]:
    looked_at = ("reader", "forwarder", "deployer")
    hub = [build(of, KEYS) for build in (*FUNCTION_ROLES.values(), auditor_role, operator_role)]
    spokes = [
        (spoke.account, spec)
        for spoke in of.spokes
        for spec in spoke_roles(of, spoke, KEY)
        if spec.name.endswith(looked_at)
    ]
    return [*((of.hub, spec) for spec in hub if spec is not None), *spokes, *inference_roles(of)]


def inference_roles(of: Organisation) -> list[tuple[str, RoleSpec]]:
    return [(spoke.account, inference_role(of, spoke, ("CreditRisk",))) for spoke in of.spokes]


def granted(of: Organisation = EXAMPLE) -> list[Row]:
    return [
        put(account, spec.name, name, policy) for account, spec in roles(of) for name, policy in spec.policies.items()
    ]


def exercised(of: Organisation = EXAMPLE) -> list[Row]:
    """One call for each action with each resource of each Allow, but for what the list calls idle."""
    idle = {(right.role, right.sid, right.what) for entry in IDLE for right in entry.rights()}
    rows = []
    for account, spec in roles(of):
        purpose = spec.name.rpartition("-")[2]
        for policy in spec.policies.values():
            for statement in (each for each in policy["Statement"] if each["Effect"] == "Allow"):
                through = statement.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService")
                via = through[0] if isinstance(through, list) else through
                for action in actions(statement):
                    for resource in listed(statement):
                        what = {action, resource.rpartition(":")[2].removeprefix("mlgov-")}
                        if not any((purpose, statement["Sid"], each) in idle for each in what):
                            rows.append(call(account, spec.name, action, resource, via))
    return rows


def policy(*actions: str, resource: str | list[str] = "*", **more: Any) -> Policy:
    return {"Version": "2012-10-17", "Statement": [
        {"Sid": "Extra", "Effect": "Allow", "Action": list(actions), "Resource": resource, **more}
    ]}  # fmt: skip


def role_name(function: Function) -> str:
    return EXAMPLE.names.hub_role(function)


def test_an_installation_that_uses_all_its_rights_has_none_to_lose() -> None:
    """Guards: an expectation that no program can meet."""
    assert unused([*granted(), *exercised()], EXAMPLE) == []


def test_a_right_that_nobody_uses_is_named_with_role_and_statement() -> None:
    """Guards: rights that pile up, each of them harmless."""
    extra = put(HUB, role_name("metrics"), "extra", policy("dynamodb:ListTables", "dynamodb:ListExports"))
    rows = [*granted(), *exercised(), extra, call(HUB, role_name("metrics"), "dynamodb:ListTables", "*")]
    assert unused(rows, EXAMPLE) == ["metrics: statement Extra: dynamodb:ListExports: granted, and never used"]


def test_one_of_several_resources_that_nobody_touches_is_named() -> None:
    """Guards: a table too many beside one that is needed."""
    tables = ["arn:aws:dynamodb:eu-west-1:1:table/a", "arn:aws:dynamodb:eu-west-1:1:table/b"]
    extra = put(HUB, role_name("anchor"), "extra", policy("dynamodb:Query", resource=tables))
    rows = [*granted(), *exercised(), extra, call(HUB, role_name("anchor"), "dynamodb:Query", tables[0])]
    assert unused(rows, EXAMPLE) == ["anchor: statement Extra: table/b: granted, and never used"]


def test_what_was_refused_came_through_another_service_or_was_another_s_is_no_use() -> None:
    """Guards: a key's right by way of one service that seems in use since another service uses the key."""
    via: Policy = {"Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}}
    extra = put(HUB, role_name("capture"), "extra", policy("kms:Encrypt", **via))
    other = [
        call(HUB, role_name("capture"), "kms:Encrypt", "arn:key", "sqs.eu-west-1.amazonaws.com"),
        call(HUB, role_name("capture"), "kms:Encrypt", "arn:key", "s3.eu-west-1.amazonaws.com", "denied"),
        call(HUB, role_name("anchor"), "kms:Encrypt", "arn:key", "s3.eu-west-1.amazonaws.com"),
    ]
    named = ["capture: statement Extra: kms:Encrypt: granted, and never used"]
    assert unused([*granted(), *exercised(), extra, *other], EXAMPLE) == named
    right = call(HUB, role_name("capture"), "kms:Encrypt", "arn:key", "s3.eu-west-1.amazonaws.com")
    assert unused([*granted(), *exercised(), extra, *other, right], EXAMPLE) == []


def test_a_right_is_in_use_if_any_spoke_s_role_uses_it() -> None:
    """Guards: an account that serves nothing makes its reader's rights seem idle."""
    dev = EXAMPLE.spoke("dev").account
    rows = [row for row in exercised() if row["account"] != dev]
    assert unused([*granted(), *rows], EXAMPLE) == []


def test_the_policy_that_was_put_last_counts() -> None:
    """Guards: a right that was taken away, told as idle."""
    role = role_name("anchor")
    first, last = put(HUB, role, "extra", policy("dynamodb:Scan")), put(HUB, role, "extra", policy("dynamodb:Query"))
    rows = [*granted(), first, last, *exercised(), call(HUB, role, "dynamodb:Query", "arn:table")]
    assert unused(rows, EXAMPLE) == []


def test_an_idle_right_that_is_used_or_gone_fails_the_list() -> None:
    """Guards: a list of exceptions that outlives its reasons."""
    bucket = f"arn:aws:s3:::{EXAMPLE.names.bucket(HUB)}"
    used = call(HUB, role_name("approval"), "s3:ListBucket", bucket)
    (told,) = unused([*granted(), *exercised(), used], EXAMPLE)
    assert told.startswith("approval: statement TellMissingFromForbidden: s3:ListBucket: used, although")
    gone = [row for row in granted() if row["parameters"]["RoleName"] != role_name("anchor")]
    told_gone = unused([*gone, *exercised()], EXAMPLE)
    assert (
        "anchor: statement ReadAnchors: s3:GetObjectRetention: not granted, but in the list of idle rights" in told_gone
    )


def test_each_exception_has_a_reason_and_stands_once() -> None:
    """Guards: a list in which anything can be put."""
    assert all(len(entry.reason.split()) > 5 for entry in IDLE)
    rights = [right for entry in IDLE for right in entry.rights()]
    assert len(rights) == len(set(rights))
