"""`governance validate`: what is missing or set otherwise is found, what is well isn't complained of."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from blueprint.policies.anchors_bucket import documents_bucket
from blueprint.policies.roles import KeyArns
from blueprint.policies.spoke_roles import serving_role
from blueprint.policies.tracking_roles import tracking_role
from blueprint.settings import Settings
from console.errors import CommandError
from console.validating import stack_of, status_of
from console.validation.plan import checks_of
from console.validation.site import Check, Checked, Site, look
from console.validation.things import differences, roles_of_hub
from tests.blueprint.samples import DEV, HUB, KEY, KEYS, REGION, configuration, organisation

ARNS = {"alias/mlgov-artifacts": KEYS.artifacts, "alias/mlgov-governance": KEYS.governance}
Answers = Mapping[str, Any]


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Describe")


class Client:
    """Answers each operation from a table: a value, an error, or what a function makes of the parameters."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        answer = self._answers[operation]

        def call(**parameters: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer(**parameters) if callable(answer) else answer

        return call

    def get_paginator(self, operation: str) -> Any:
        return Client({"paginate": lambda **sent: [getattr(self, operation)(**sent)]})


def describe_key(KeyId: str) -> Any:  # noqa: N803  # boto3's name
    return {"KeyMetadata": {"Arn": ARNS.get(KeyId, KEYS.anchors), "KeyState": "Enabled"}}


def found(stack: str, thing: str, answers: Answers) -> Checked:
    """One check of a stack on scripted answers."""
    settings = Settings.parse(configuration(), stack)
    (check,) = [check for check in checks_of(settings) if check.thing == thing]
    return look(Site(settings, lambda _: Client({"describe_key": describe_key, **answers})), check)


def bucket(**changes: Any) -> dict[str, Any]:
    block = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEYS.governance}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    return {
        "get_bucket_versioning": {"Status": "Enabled"},
        "get_public_access_block": {"PublicAccessBlockConfiguration": block},
        "get_bucket_encryption": {"ServerSideEncryptionConfiguration": rules},
        **changes,
    }


def table(**changes: Any) -> dict[str, Any]:
    about = {
        "TableStatus": "ACTIVE", "SSEDescription": {"KMSMasterKeyArn": KEYS.governance},
        "DeletionProtectionEnabled": True, **changes,
    }  # fmt: skip
    recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    return {
        "describe_table": {"Table": about},
        "describe_continuous_backups": {"ContinuousBackupsDescription": recovery},
    }


def function(state: str = "Active", mapping: str = "Enabled") -> dict[str, Any]:
    return {
        "get_function": {"Configuration": {"State": state, "LastUpdateStatus": "Successful"}},
        "list_event_source_mappings": {"EventSourceMappings": [{"State": mapping}]},
    }


def role(**changes: Any) -> dict[str, Any]:
    """The test account's serving role as IAM holds it, one element lists written as such."""
    spec = serving_role(organisation(), organisation().spoke("test"), KEY)
    held: dict[str, Any] = {**spec.policies, **changes.pop("policies", {})}
    present = {name: document for name, document in held.items() if document is not None}
    return {
        "get_role": {"Role": {"AssumeRolePolicyDocument": spec.trust, **changes}},
        "list_role_policies": {"PolicyNames": sorted(present)},
        "list_attached_role_policies": {"AttachedPolicies": []},
        "get_role_policy": lambda RoleName, PolicyName: {"PolicyDocument": present[PolicyName]},  # noqa: N803
    }


DOCUMENTS = f"mlgov-documents-{HUB}-{REGION}"
POLICY = documents_bucket(organisation())
FEWER = {**POLICY, "Statement": POLICY["Statement"][1:]}
OPEN = {"Statement": [{"Sid": "Open", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
LEDGER = "table mlgov_modelgovernanceledger"
CAPTURE = "function mlgov-capture"
SERVING = "role mlgov-test-serving"
RULE = "rule mlgov-dev-states"
APP = "MLflow mlgov-dev-tracking"


STATED = f"policy of bucket {DOCUMENTS}"


def stated(policy: Any) -> dict[str, Any]:
    return {"get_bucket_policy": {"Policy": json.dumps(policy)}}


def app(*statuses: str) -> dict[str, Any]:
    return {"list_mlflow_apps": {"Summaries": [{"Name": "mlgov-dev-tracking", "Status": one} for one in statuses]}}


def rule(state: str, *targets: str) -> dict[str, Any]:
    return {"describe_rule": {"State": state}, "list_targets_by_rule": {"Targets": list(targets)}}


@pytest.mark.parametrize(
    ("stack", "thing", "answers", "problems"),
    [
        ("hub", f"bucket {DOCUMENTS}", bucket(), ()),
        ("hub", f"bucket {DOCUMENTS}", bucket(get_bucket_versioning={}), ("it keeps no versions",)),
        ("hub", STATED, stated(POLICY), ()),
        ("hub", STATED, stated(FEWER), ("TlsOnly is missing",)),
        ("hub", LEDGER, table(), ()),
        ("hub", LEDGER, table(DeletionProtectionEnabled=False), ("its deletion protection is off",)),
        ("hub", LEDGER, table(SSEDescription={}), ("it isn't encrypted with the governance key",)),
        ("hub", LEDGER, {"describe_table": error("NotFound")}, ("Describe: NotFound: m",)),
        ("hub", CAPTURE, function(), ()),
        ("hub", CAPTURE, function(state="Failed"), ("its state is Failed",)),
        ("hub", CAPTURE, function(mapping="Disabled"), ("mappings of its queue: ['Disabled']",)),
        ("dev", RULE, rule("ENABLED", "bus"), ()),
        ("dev", RULE, rule("DISABLED"), ("it is DISABLED", "it has no target")),
        ("dev", APP, app("Updated"), ()),
        ("dev", APP, app("CreateFailed"), ("its status is CreateFailed",)),
        ("dev", APP, app(), ("there are 0 of this name",)),
        ("dev", "metrics link", {"list_links": {"Items": [{"SinkArn": f"arn:aws:oam:{REGION}:{HUB}:sink/0"}]}}, ()),
        ("dev", "metrics link", {"list_links": {"Items": []}}, ("none leads to the hub",)),
        ("test", SERVING, role(), ()),
        ("test", SERVING, role(policies={"extra": OPEN}), ("policy extra isn't ours",)),
        ("test", SERVING, role(policies={"telemetry": None}), ("policy telemetry is missing",)),
        ("test", SERVING, role(AssumeRolePolicyDocument=OPEN),
         ("trust: Open isn't ours", "trust: SageMakerWorks is missing")),
        ("test", SERVING, role(PermissionsBoundary={"PermissionsBoundaryArn": "arn"}), ("its boundary is arn",)),
    ],
)  # fmt: skip
def test_what_is_set_otherwise_is_said(stack: str, thing: str, answers: Answers, problems: tuple[str, ...]) -> None:
    """Guards: a change by hand that no preview shows until somebody refreshes."""
    assert found(stack, thing, answers).problems == problems


def test_a_right_that_is_missing_is_no_finding() -> None:
    """Guards: an auditor's report full of faults that are the auditor's own rights."""
    seen = found("hub", LEDGER, {"describe_table": error("AccessDeniedException")})
    assert (seen.problems, seen.reason) == (None, "Describe: AccessDeniedException: m")


@pytest.mark.parametrize("stack", ["hub", "dev", "test"])
def test_each_thing_is_looked_at_once(stack: str) -> None:
    """Guards: a check that hides another, or one of a thing that the stack hasn't."""
    things = [check.thing for check in checks_of(Settings.parse(configuration(), stack))]
    assert len(things) == len(set(things))
    assert ("registry of the hub" in things) is (stack != "hub")
    assert any(thing.startswith("MLflow") for thing in things) is (stack == "dev")


def test_every_document_of_ours_equals_itself() -> None:
    """Guards: comparing by spelling, by which AWS's own answer differs."""
    spec = tracking_role(organisation(), "dev", DEV)
    for policy in (*spec.policies.values(), spec.trust, POLICY):
        assert differences(policy, policy) == []


@given(st.data())
def test_spelling_makes_no_difference_and_meaning_does(data: st.DataObject) -> None:
    """Guards: a single value in brackets taken for a change; an action more that passes."""
    held = copy.deepcopy(dict(POLICY))
    statement = data.draw(st.sampled_from(held["Statement"]))
    place = data.draw(st.sampled_from(["Action", "Resource"]))
    values = statement[place] if isinstance(statement[place], list) else [statement[place]]
    statement[place] = data.draw(st.permutations(values))
    assert differences(POLICY, held) == []
    statement[place] = [*values, "s3:Another"]
    assert differences(POLICY, held) == [f"{statement['Sid']} differs"]


def test_the_stack_is_that_of_the_account() -> None:
    """Guards: a look at the hub with a spoke's credentials, which finds that all is missing."""
    assert stack_of(organisation(), HUB, None) == "hub"
    assert stack_of(organisation(), DEV, None) == "dev"
    with pytest.raises(CommandError, match="account 555555555555 has no stack of this project: name one of hub, dev"):
        stack_of(organisation(), "555555555555", None)
    with pytest.raises(CommandError, match="there is no stack prod; known: hub, dev, test"):
        stack_of(organisation(), HUB, "prod")
    trial = organisation(spokes=tuple(replace(spoke, account=HUB) for spoke in organisation().spokes))
    with pytest.raises(CommandError, match="has the stacks hub, dev, test"):
        stack_of(trial, HUB, None)


@pytest.mark.parametrize(
    ("problems", "status"), [([()], 0), ([(), ("x",), None], 1), ([(), None], 2), ([], 0)]
)  # fmt: skip
def test_the_status_is_that_of_the_worst(problems: list[tuple[str, ...] | None], status: int) -> None:
    """Guards: a fault behind something that couldn't be looked at."""
    check = Check("thing", "calls", lambda _: [])
    assert status_of([Checked(check, each) for each in problems]) == status


def test_keys_of_the_samples_are_told_apart() -> None:
    """Guards: a test in which the wrong key would pass for the right one."""
    assert len({KEYS.artifacts, KEYS.governance, KEYS.anchors}) == len(KeyArns.__slots__)


def test_the_hub_s_own_mlflow_belongs_to_its_roles() -> None:
    """Guards: rights that the configuration asks for, reported as somebody's change."""
    settings = Settings.parse({**configuration(), "tracking": {"kind": "app"}}, "hub")
    roles = roles_of_hub(settings, KEYS)
    assert "tracking" in roles["mlgov-hub-execution"].policies
    assert "mlgov-hub-tracking" in roles
    assert "mlgov-hub-tracking" not in roles_of_hub(Settings.parse(configuration(), "hub"), KEYS)
