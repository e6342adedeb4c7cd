"""Are the rights of the hub's functions and of what they become all used? A right that nobody uses is one to lose.

The request log tells both: the policies that roles were given, and what was authorised as whom. A right is an action
of an Allow, or one of several resources of it; where it is bound to a service (`kms:ViaService`), only that service's
calls count.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from access.patterns import glob
from blueprint.functions import FUNCTIONS
from blueprint.names import HubPurpose, Purpose
from blueprint.organisation import Organisation

Row = Mapping[str, Any]

VIA = "kms:ViaService"
ASSUMED = ":assumed-role/"
SPOKE_PURPOSES: Sequence[Purpose] = ("reader", "forwarder", "deployer", "inference")
"""The spokes' roles whose work is always the same. What an execution or serving role may depends on what is done."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """An action, or one of several resources, of the statement `sid`. `role`: its purpose, `reader` for all spokes'."""

    role: str
    sid: str
    what: str

    def __str__(self) -> str:
        return f"{self.role}: statement {self.sid}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Rights that this rehearsal doesn't use, and why they stand nevertheless."""

    roles: Sequence[str]
    sid: str
    what: Sequence[str]
    reason: str

    def rights(self) -> set[Right]:
        return {Right(role, self.sid, what) for role in self.roles for what in self.what}


@dataclass(frozen=True, slots=True)
class Call:
    """What was authorised as a role: the service that called on its behalf is `via`, None for the role itself."""

    action: str
    resource: str
    via: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """Patterns of which a call has to fit one each; `via` may be empty: then it doesn't matter."""

    actions: Sequence[str]
    resources: Sequence[str]
    via: Sequence[str]

    def covers(self, call: Call) -> bool:
        return (
            any(glob(action.lower()).matches(call.action.lower()) for action in self.actions)
            and any(glob(resource).matches(call.resource) for resource in self.resources)
            and (not self.via or call.via in self.via)
        )


_DESCRIBES = ("Endpoint", "EndpointConfig", "InferenceComponent", "Model", "TransformJob")
_HOSTED = ("endpoint", "endpoint-config", "inference-component", "model", "transform-job")

IDLE: Sequence[Idle] = (
    Idle(
        roles=FUNCTIONS,
        sid="GovernanceKeyThroughLogs",
        what=(
            "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom", "kms:ReEncryptTo",
        ),
        reason="CloudWatch Logs asks them of whoever writes (encrypt-log-data-kms), and doesn't say which a write uses",
    ),
    Idle(
        roles=["anchor"], sid="ReadAnchors", what=["s3:GetObjectRetention"],
        reason="no call of its own: S3's answer to GetObject tells the lock to whom has it",
    ),
    Idle(
        roles=["approval", "inventory"], sid="TellMissingFromForbidden", what=["s3:ListBucket"],
        reason="no call of its own: to whom has it S3 answers 404 instead of 403 for what isn't there",
    ),
    Idle(
        roles=["auditor", "capture", "guard", "reconcile"], sid="DecryptCards", what=["kms:Decrypt"],
        reason="only a version that the hub registers with a key has an encrypted card; none here",
    ),
    Idle(
        roles=["deployer"], sid="Serve", what=["sagemaker:UpdateEndpoint"],
        reason="no second model is rolled out here (tests/blueprint/policies/test_deployer_role.py)",
    ),
    Idle(
        roles=["operator"], sid="SeeAlarms", what=["cloudwatch:DescribeAlarmHistory"],
        reason="the same statement as the auditor's, who looks",
    ),
    Idle(
        roles=["auditor"], sid="ReadAnchors", what=["s3:GetObjectRetention"],
        reason="as the anchor function's: S3's answer to GetObject tells the lock to whom has it",
    ),
    Idle(
        roles=["inference"], sid="InvokeConfigured", what=["endpoint/CreditRisk"],
        reason="the endpoint's ARN is judged in lower case, as AWS's denials name it; no page says so",
    ),
    Idle(
        roles=["metrics"], sid="HandOn", what=["metrics-jobs"],
        reason="a run hands on only what its time doesn't suffice for (tests/lambdas/metrics)",
    ),
    Idle(
        roles=["inventory"], sid="ListServing", what=["sagemaker:ListInferenceComponents"],
        reason="the hub itself serves nothing here; readers use the same statement",
    ),
    Idle(
        roles=["inventory"], sid="DescribeServing",
        what=[*(f"sagemaker:Describe{kind}" for kind in _DESCRIBES), *(f"{kind}/*" for kind in _HOSTED)],
        reason="the hub itself serves nothing here; readers use the same statement",
    ),
    Idle(
        roles=["reader"], sid="DescribeServing",
        what=[
            "sagemaker:DescribeInferenceComponent", "sagemaker:DescribeTransformJob", "inference-component/*",
            "transform-job/*",
        ],
        reason="nobody here hosts inference components or runs transform jobs (tests/lambdas/inventory)",
    ),
)  # fmt: skip
"""What is listed here and used after all fails the rehearsal, too: a list that only grows says nothing."""


def unused(requests: Sequence[Row], organisation: Organisation) -> list[str]:
    """One line for each right that nobody used and the list doesn't name, and for each entry of the list that is
    wrong.
    """
    purposes = _purposes(organisation)
    called = _called(requests)
    granted: set[Right] = set()
    used: set[Right] = set()
    for role, policy in _policies(requests).items():
        if role[:2] in purposes:
            for right, grant in _rights(purposes[role[:2]], policy, organisation.prefix):
                granted.add(right)
                if any(grant.covers(call) for call in called[role[:2]]):
                    used.add(right)
    idle = {right: entry.reason for entry in IDLE for right in entry.rights()}
    return sorted(
        [
            *(f"{right}: granted, and never used" for right in granted - used - idle.keys()),
            *(f"{right}: used, although the list of idle rights says: {idle[right]}" for right in used & idle.keys()),
            *(f"{right}: not granted, but in the list of idle rights" for right in idle.keys() - granted),
        ]
    )


def _purposes(organisation: Organisation) -> dict[tuple[str, str], str]:
    """What the roles that are looked at are for, by account and name."""
    names = organisation.names
    purposes: Sequence[HubPurpose] = (*FUNCTIONS, "auditor", "operator")
    hub = {(organisation.hub, names.hub_role(purpose)): str(purpose) for purpose in purposes}
    return hub | {
        (spoke.account, names.role(spoke.stack, purpose)): str(purpose)
        for spoke in organisation.spokes
        for purpose in SPOKE_PURPOSES
    }


def _policies(requests: Sequence[Row]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The roles' policies as they were put last, by account, role, and name."""
    return {
        (row["account"], row["parameters"]["RoleName"], row["parameters"]["PolicyName"]): json.loads(
            row["parameters"]["PolicyDocument"]
        )
        for row in requests
        if row["operation"] == "PutRolePolicy" and row["decision"] == "allowed"
    }


def _called(requests: Sequence[Row]) -> Mapping[tuple[str, str], set[Call]]:
    """What was authorised as each role, by account and name."""
    calls: dict[tuple[str, str], set[Call]] = defaultdict(set)
    for row in requests:
        principal = row["principal"] or ""
        if ASSUMED in principal and row["decision"] == "allowed":
            account, name = principal.split(":")[4], principal.split("/")[1]
            calls[account, name] |= {Call(action, resource, row["via"]) for action, resource in row["actions"]}
    return calls


def _rights(purpose: str, policy: Mapping[str, Any], prefix: str) -> Iterator[tuple[Right, Grant]]:
    """The rights of a policy's Allows. A statement's only resource is in use if any of its actions is."""
    for statement in policy["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        sid, actions, resources = statement["Sid"], _list(statement["Action"]), _list(statement["Resource"])
        via = _list(statement.get("Condition", {}).get("StringEquals", {}).get(VIA, []))
        for action in actions:
            yield Right(purpose, sid, action), Grant([action], resources, via)
        for resource in resources if len(resources) > 1 else []:
            named = resource.rpartition(":")[2].removeprefix(f"{prefix}-")
            yield Right(purpose, sid, named), Grant(actions, [resource], via)


def _list(one_or_many: str | list[str]) -> list[str]:
    return [one_or_many] if isinstance(one_or_many, str) else one_or_many
