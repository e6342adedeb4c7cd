"""Each probe tells the answer that the product assumes from another one, and a lack of rights from both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from blueprint.policies.shares import shares
from console.errors import CommandError
from console.probe import storing, watching
from console.probe.commands import status_of
from console.probe.model import Ground, Probe, Result, Verdict, differs, held, is_aws, unclear
from console.probe.running import PROBES, Outcome, chosen, run_all
from lambdas.common import tables
from lambdas.metrics import adapters
from tests.blueprint.samples import DEV, HUB, REGION, SPOKES, organisation

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VERSION = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/1"
BY_NAME = {probe.name: probe for probe in PROBES}
Answers = Mapping[str, Any]


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


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


def ask(name: str, answers: Answers) -> Result:
    """One probe on scripted answers."""
    ground = Ground(
        organisation=organisation(), hub=lambda _: Client(answers), spoke=lambda _: Client(answers),
        spoke_account=SPOKES[0], version=VERSION, now=lambda: NOW, sleep=lambda _: None, patience=0,
    )  # fmt: skip
    (outcome,) = run_all(ground, [BY_NAME[name]])
    return outcome.result


def policies(**changes: Any) -> dict[str, Any]:
    """What RAM would keep of our shares, each statement with changes."""
    statements = [{**share.template, "Principal": {"AWS": DEV}, **changes} for share in shares(organisation())]
    return {"policies": [json.dumps({"Version": "2012-10-17", "Statement": statements})]}


def permission(*actions: str) -> dict[str, Any]:
    return {"permission": {"permission": json.dumps({"Effect": "Allow", "Action": list(actions)})}}


def spelt(kind: str) -> dict[str, Any]:
    return {"list_resource_types": {"resourceTypes": [{"resourceType": kind}]}}


def action(**properties: str) -> dict[str, Any]:
    return {
        "list_actions": {"ActionSummaries": [{"ActionName": "a"}]},
        "describe_action": {
            "ActionArn": "arn", "Source": {"SourceUri": VERSION}, "CreationTime": NOW, "Properties": properties,
        },
    }  # fmt: skip


def trail(*records: dict[str, Any]) -> dict[str, Any]:
    return {"Events": [{"CloudTrailEvent": json.dumps(record)} for record in records]}


def decision(after: float) -> dict[str, Any]:
    """A decision, which the registry dates so many seconds after CloudTrail does."""
    return {
        "lookup_events": trail(
            {"eventTime": "2026-11-24T12:00:00Z", "requestParameters": {"modelPackageArn": VERSION}}
        ),
        "describe_model_package": {"LastModifiedTime": NOW + timedelta(seconds=after)},
    }


def registered_by(account: str) -> dict[str, Any]:
    """One version in the registry, registered from an account."""
    identity = {"Arn": f"arn:aws:sts::{account}:assumed-role/r/s"}
    return {
        "list_model_packages": {"ModelPackageSummaryList": [{"ModelPackageArn": VERSION}]},
        "describe_model_package": {"CreatedBy": {"IamIdentity": identity}},
    }


def call_of(account: str) -> dict[str, Any]:
    return {"eventTime": "2026-11-24T12:00:00Z", "userIdentity": {"type": "AssumedRole", "accountId": account}}


def log_use(kind: str) -> dict[str, Any]:
    context = {"aws:logs:arn": f"arn:aws:logs:{REGION}:{HUB}:log-group:/aws/lambda/mlgov-capture"}
    record = {"userIdentity": {"type": kind}, "requestParameters": {"encryptionContext": context}}
    return {"lookup_events": trail({"eventTime": "2026-11-24T12:00:00Z", **record})}


SINK = {"list_sinks": {"Items": [{"Arn": "a"}]}}
FULL = ("sagemaker:CreateModel", "sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup", "sagemaker:ListModelPackages")  # fmt: skip
DENIED = error("AccessDeniedException", "no identity-based policy allows the action")
BY_SCP = error("AccessDeniedException", "with an explicit deny in a service control policy")
TABLE = {"create_table": {}, "delete_table": {}, "describe_table": {"Table": {"TableStatus": "ACTIVE"}}}


def twice(second: Any) -> Callable[..., Any]:
    """The first call is carried out, the second answers otherwise."""
    calls: list[int] = []

    def call(**_: Any) -> Any:
        calls.append(1)
        if len(calls) > 1 and isinstance(second, Exception):
            raise second
        return {}

    return call


def cancelled(reason: str) -> ClientError:
    response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": reason}]}
    return ClientError(response, "ExecuteTransaction")


@pytest.mark.parametrize(
    ("name", "answers", "verdict"),
    [
        ("resource-type", spelt("sagemaker:model-package-group"), "held"),
        ("resource-type", spelt("sagemaker:ModelPackageGroup"), "differs"),
        ("shared-policy", {"get_resource_policies": policies()}, "held"),
        ("shared-policy", {"get_resource_policies": policies(Condition={})}, "differs"),
        ("shared-policy", {"get_resource_policies": policies(Action="sagemaker:*")}, "differs"),
        ("shared-policy", {"get_resource_policies": {"policies": []}}, "could not tell"),
        ("shared-policy", {"get_resource_policies": DENIED}, "could not tell"),
        ("aws-permissions", {"get_permission": permission(*FULL)}, "held"),
        ("aws-permissions", {"get_permission": permission("sagemaker:ListModelPackages")}, "differs"),
        ("no-group-policy", {"get_model_package_group_policy": error("ValidationException", "Cannot find")}, "held"),
        ("no-group-policy", {"get_model_package_group_policy": {"ResourcePolicy": "{}"}}, "differs"),
        ("no-group-policy", {"get_model_package_group_policy": DENIED}, "could not tell"),
        ("control-policy", {"update_model_package": BY_SCP}, "held"),
        ("control-policy", {"update_model_package": DENIED}, "differs"),
        ("control-policy", {"update_model_package": error("ValidationException")}, "differs"),
        ("life-cycle-actions", action(Stage="Staging", StageStatus="Approved"), "held"),
        ("life-cycle-actions", action(Other="x"), "differs"),
        ("life-cycle-actions", {"list_actions": {"ActionSummaries": []}}, "could not tell"),
        ("call-times", decision(0.9), "held"),
        ("call-times", decision(30), "differs"),
        ("call-times", decision(4000), "could not tell"),
        ("shared-call-records", {**registered_by(HUB), "lookup_events": trail()}, "could not tell"),
        ("shared-call-records", {**registered_by(DEV), "lookup_events": trail()}, "held"),
        ("shared-call-records", {**registered_by(DEV), "lookup_events": trail(call_of(DEV))}, "differs"),
        ("log-writer", log_use("AssumedRole"), "held"),
        ("log-writer", log_use("AWSService"), "differs"),
        ("log-writer", {"lookup_events": trail()}, "could not tell"),
        ("unlinked-account", {"get_metric_data": {"MetricDataResults": []}}, "held"),
        ("unlinked-account", {"get_metric_data": error("ValidationError", "not linked")}, "held"),
        ("unlinked-account", {"get_metric_data": error("ResourceNotFound")}, "differs"),
        ("unlinked-account", {"get_metric_data": error("Throttling")}, "could not tell"),
        ("self-link", {**SINK, "create_link": error("InvalidParameterException")}, "held"),
        ("self-link", {**SINK, "create_link": {"Arn": "l"}, "delete_link": {}}, "differs"),
        ("share-operators", {"create_permission": error("MalformedPolicyTemplateException")}, "held"),
        ("share-operators", {"create_permission": {"permission": {"arn": "p"}}, "delete_permission": {}}, "differs"),
        ("share-operators", {"create_permission": DENIED}, "could not tell"),
        ("duplicate-insert", {**TABLE, "execute_transaction": twice(cancelled("DuplicateItem"))}, "held"),
        ("duplicate-insert", {**TABLE, "execute_transaction": twice(cancelled("ItemExists"))}, "differs"),
        ("duplicate-insert", {**TABLE, "execute_transaction": twice({})}, "differs"),
    ],
)  # fmt: skip
def test_a_probe_tells_answers_apart(name: str, answers: Answers, verdict: str) -> None:
    """Guards: a probe that is green whatever AWS says, or that takes a lack of rights for an answer."""
    found = ask(name, answers)
    assert (str(found.verdict), bool(found.evidence)) == (verdict, True), found.evidence


@pytest.mark.parametrize(
    ("codes", "verdict"),
    [
        (("ValidationException", "AccessDeniedException", "AccessDeniedException", "AccessDeniedException"), "held"),
        (("ValidationException", "ValidationException", "AccessDeniedException", "AccessDeniedException"), "differs"),
        (("AccessDeniedException",) * 4, "could not tell"),
    ],
)
def test_a_share_s_condition_is_judged_beside_what_it_admits(codes: tuple[str, ...], verdict: str) -> None:
    """Guards: a share that refuses everything taken for one whose condition works."""
    left = list(codes)

    def create(**_: Any) -> Any:
        raise error(left.pop(0))

    assert str(ask("share-conditions", {"create_model_package": create}).verdict) == verdict


def test_a_version_that_is_made_after_all_is_removed() -> None:
    """Guards: an approved version in the registry, made by the probe that was to show that nobody can."""
    removed: list[str] = []
    answers = {
        "create_model_package": {"ModelPackageArn": VERSION},
        "delete_model_package": lambda **sent: removed.append(sent["ModelPackageName"]),
    }
    assert ask("share-conditions", answers).verdict is Verdict.DIFFERS
    assert removed == [VERSION] * 4


def test_what_can_t_be_removed_is_told_and_the_rest_goes_on() -> None:
    """Guards: a table that stays because a role couldn't be deleted, and nobody knows."""
    ground = Ground(organisation=organisation(), hub=lambda _: Client({}))
    order: list[str] = []

    def resist() -> None:
        order.append("role")
        raise error("DeleteConflict", "still used")

    with pytest.raises(ValueError, match="probe broke"), ground.cleanup() as undo:  # noqa: PT012  # what was made first
        undo("table t", lambda: order.append("table"))
        undo("role r", resist)
        raise ValueError("probe broke")
    assert order == ["role", "table"]
    (left,) = ground.left
    assert left.startswith("role r: ")
    assert "still used" in left


def test_live_probes_run_only_when_asked_for_as_such() -> None:
    """Guards: resources in somebody's account for a name after --run."""
    assert all(not probe.live for probe in chosen([], live=False))
    assert all(probe.live for probe in chosen([], live=True))
    with pytest.raises(CommandError, match="give --live instead of --run"):
        chosen(["clone-status"], live=False)
    with pytest.raises(CommandError, match=r"there is no probe clone; known: .*clone-status"):
        chosen(["clone"], live=True)


def test_a_probe_without_its_ground_says_what_to_give() -> None:
    """Guards: an error of a client that isn't there."""
    ground = Ground(organisation=organisation(), hub=lambda _: Client({}))
    told = {outcome.probe.name: outcome.result for outcome in run_all(ground, [p for p in PROBES if p.needs])}
    assert {result.verdict for result in told.values()} == {Verdict.UNCLEAR}
    assert "--spoke-profile" in told["control-policy"].evidence[0]
    assert "--version" in told["clone-status"].evidence[0]


@given(st.lists(st.sampled_from([held("x"), differs("x"), unclear("x")]), max_size=6), st.booleans())
def test_the_status_is_that_of_the_worst(results: list[Result], left: bool) -> None:
    """Guards: a difference behind a question that couldn't be asked; something left behind and status 0."""
    probe = PROBES[0]
    outcomes = [Outcome(probe, result, ("role r: stays",) if left else ()) for result in results]
    verdicts = {result.verdict for result in results}
    wrong = Verdict.DIFFERS in verdicts or (left and bool(results))
    assert status_of(outcomes) == (1 if wrong else 2 if Verdict.UNCLEAR in verdicts else 0)


@pytest.mark.parametrize(
    ("endpoint", "aws"),
    [
        ("https://sts.eu-west-1.amazonaws.com", True),
        ("https://sts.eu-west-1.api.aws", True),
        ("http://127.0.0.1:4566", False),
        ("https://amazonaws.com.example.org", False),
        ("https://sts.amazonaws.com.evil", False),
    ],
)
def test_an_emulator_is_known_by_its_endpoint(endpoint: str, aws: bool) -> None:
    """Guards: a stand-in's answer that goes into a report as AWS's."""
    assert is_aws(endpoint) is aws


def test_what_the_functions_take_is_what_is_probed() -> None:
    """Guards: a code that a function learns, and the probe goes on calling it a difference."""
    assert storing.EXISTS == tables._EXISTS
    assert watching.REFUSED == adapters._REFUSED


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_each_says_why_what_and_what_then(probe: Probe) -> None:
    """Guards: a question whose answer changes nothing, or of which nobody knows what it calls."""
    assert probe.title.endswith("?")
    assert probe.calls
    assert all(":" in call for call in probe.calls)
    assert min(len(probe.why), len(probe.otherwise)) > 20
    assert probe.expected
