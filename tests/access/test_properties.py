"""What holds for every case: deny wins, limits only narrow, two accounts need two sides, order is nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from access import Case, decide, layers
from access.layers import Layer
from access.principals import Reach
from tests.access.samples import ACCOUNT, OTHER, STRANGER_SESSION, USER
from tests.access.strategies import (
    WITH_IDENTITY,
    Document,
    cases,
    documents,
    levels,
    statements,
)

KINDS = {
    "identity_policies": "identity",
    "permissions_boundary": "identity",
    "session_policy": "identity",
    "service_control_policies": "identity",
    "resource_control_policies": "rcp",
    "resource_policy": "resource",
    "role_trust": "trust",
    "vpc_endpoint_policy": "resource",
}
"""The keys that hold documents, and which kind of statement each holds."""

MANY = settings(max_examples=100, deadline=None)


def allowed(case: Document) -> bool:
    return decide(Case.from_dict(case)).allowed


def documents_of(value: Any) -> Iterator[Document]:
    """Every document under a key of a case, however deep in levels."""
    if isinstance(value, list):
        for item in value:
            yield from documents_of(item)
    elif value is not None:
        yield value


def everything(kind: str, effect: str) -> Document:
    """A statement that covers every request."""
    statement: Document = {"Effect": effect, "Action": "*"}
    if kind != "trust":
        statement["Resource"] = "*"
    if kind != "identity":
        statement["Principal"] = "*"
    return statement


def places(case: Document) -> list[tuple[str, Document]]:
    """Every document of a case with its key."""
    return [(key, document) for key in KINDS for document in documents_of(case.get(key))]


@MANY
@given(cases(), st.data())
def test_adding_a_deny_never_allows(case: Document, data: st.DataObject) -> None:
    """Guards: a Deny that opens what was closed."""
    found = places(case)
    assume(found)
    key, document = data.draw(st.sampled_from(found))
    before = allowed(case)
    document["Statement"].append(data.draw(statements(KINDS[key], ("Deny",))))
    assert before or not allowed(case)


@MANY
@given(cases(), st.data())
def test_removing_an_allow_never_allows(case: Document, data: st.DataObject) -> None:
    """Guards: an Allow whose absence opens something."""
    found = [
        (document, index)
        for _, document in places(case)
        for index, statement in enumerate(document["Statement"])
        if statement["Effect"] == "Allow"
    ]
    assume(found)
    document, index = data.draw(st.sampled_from(found))
    before = allowed(case)
    del document["Statement"][index]
    assert before or not allowed(case)


@MANY
@given(cases(), st.data())
def test_adding_an_allow_never_denies(case: Document, data: st.DataObject) -> None:
    """Guards: a closer or later Allow that hides the one that decided."""
    found = places(case)
    assume(found)
    key, document = data.draw(st.sampled_from(found))
    before = allowed(case)
    document["Statement"].insert(0, data.draw(statements(KINDS[key], ("Allow",))))
    assert allowed(case) or not before


@MANY
@given(cases(), st.data())
def test_a_deny_of_everything_wins_wherever_it_applies(case: Document, data: st.DataObject) -> None:
    """Guards: an explicit deny that any Allow overrides, in any layer that applies to the request."""
    found = places(case)
    assume(found)
    key, document = data.draw(st.sampled_from(found))
    document["Statement"].append(everything(KINDS[key], "Deny"))
    described = Case.from_dict(case)
    applies = any(one.decision == "denied" for one in layers(described))
    exempt: dict[str, Layer] = {"service_control_policies": "scp", "resource_control_policies": "rcp"}
    if not applies:
        alone = {one.layer: one.decision for one in layers(described)}
        assert alone[exempt[key]] == "absent"
    else:
        decision = decide(described)
        assert not decision.allowed
        assert decision.reason.startswith("explicit deny in ")


@MANY
@given(cases(), st.sampled_from(["permissions_boundary", "session_policy", "vpc_endpoint_policy"]), st.data())
def test_a_boundary_session_or_endpoint_policy_only_narrows(case: Document, key: str, data: st.DataObject) -> None:
    """Guards: a limit that grants. A federated user alone gains by a session policy: without one it has nothing."""
    assume(case["request"]["principal"] in WITH_IDENTITY or key == "vpc_endpoint_policy")
    assume(not (key == "session_policy" and ":federated-user/" in case["request"]["principal"]))
    case[key] = None
    before = allowed(case)
    case[key] = data.draw(documents(KINDS[key]))
    assert before or not allowed(case)


@MANY
@given(cases(), st.sampled_from(["service_control_policies", "resource_control_policies"]), st.data())
def test_a_further_level_of_the_organisation_only_narrows(case: Document, key: str, data: st.DataObject) -> None:
    """Guards: an SCP or RCP that grants, or a level that makes up for another."""
    before = allowed(case)
    case[key] = [*case[key], *data.draw(levels(KINDS[key]))]
    assert before or not allowed(case)


@MANY
@given(cases((STRANGER_SESSION, f"arn:aws:iam::{OTHER}:user/alice")))
def test_across_accounts_both_sides_must_allow(case: Document) -> None:
    """Guards: access from another account by one side alone. A grant of a key stands for both."""
    case["grants"] = []
    if not allowed(case):
        return
    alone = {one.layer: one for one in layers(Case.from_dict(case))}
    side = alone["trust" if case["request"]["action"] == "sts:AssumeRole" else "resource"]
    assert alone["identity"].decision == "allowed"
    assert side.decision == "allowed"
    assert not allowed({**case, "identity_policies": []})
    assert not allowed({**case, "resource_policy": None, "role_trust": None})


@MANY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_policies_and_statements_is_nothing(case: Document, random: Any) -> None:
    """Guards: a decision by the first statement that matches."""
    shuffled = copy.deepcopy(case)
    for _, document in places(shuffled):
        random.shuffle(document["Statement"])
    for key in ("identity_policies", "grants"):
        random.shuffle(shuffled.get(key) or [])
    for key in ("service_control_policies", "resource_control_policies"):
        for level in shuffled[key]:
            random.shuffle(level)
        random.shuffle(shuffled[key])
    assert allowed(shuffled) == allowed(case)


@MANY
@given(cases())
def test_saying_everything_twice_changes_nothing(case: Document) -> None:
    """Guards: duplicate policies, statements, actions, resources or values that count for more."""
    twice = copy.deepcopy(case)
    for _, document in places(twice):
        for statement in document["Statement"]:
            for element in ("Action", "NotAction", "Resource", "NotResource"):
                if element in statement:
                    value = statement[element]
                    statement[element] = [value, value] if isinstance(value, str) else value * 2
        document["Statement"] = document["Statement"] * 2
    for key in ("identity_policies", "grants", "service_control_policies", "resource_control_policies"):
        if twice.get(key):
            twice[key] = twice[key] * 2
    assert allowed(twice) == allowed(case)


@MANY
@given(cases())
def test_the_decision_follows_from_the_layers(case: Document) -> None:
    """Guards: layers shown to a reader that don't add up to the decision.

    Written out anew from the rules in one account and across two, apart from the code under test.
    """
    described = Case.from_dict(case)
    alone = {one.layer: one for one in layers(described)}
    verdict = {name: one.decision for name, one in alone.items()}
    who, action = case["request"]["principal"], case["request"]["action"]
    side = alone["trust" if action == "sts:AssumeRole" else "resource"]
    grant = alone["grants"]
    expected = "denied" not in verdict.values() and verdict["scp"] != "silent" and verdict["endpoint"] != "silent"
    unlimited = verdict["boundary"] != "silent" and verdict["session"] != "silent"
    itself = verdict["identity"] == "allowed" and unlimited
    if who == "*":
        expected = expected and side.decision == "allowed" and action[:3] in ("s3:", "sqs")
    elif who not in WITH_IDENTITY:
        expected = expected and "allowed" in (side.decision, grant.decision)
    else:
        personal = grant.reach is Reach.DIRECT or (grant.reach is Reach.ROLE and unlimited)
        shared = itself and "allowed" in (side.decision, grant.decision)
        if f"::{OTHER}:" in who:
            expected = expected and (personal or shared)
        else:
            free = side.reach is Reach.DIRECT and not (action == "sts:AssumeRole" and who == USER and not unlimited)
            named = free or (side.reach is Reach.ROLE and unlimited)
            ungoverned = itself and action not in ("sts:AssumeRole", "kms:Decrypt")
            expected = expected and (personal or shared or named or ungoverned)
    assert decide(described).allowed is expected


@MANY
@given(cases())
def test_every_decision_gives_its_reason(case: Document) -> None:
    """Guards: a denial without a word, a reason that leaves out the action."""
    decision = decide(Case.from_dict(case))
    assert decision.by
    assert decision.reason
    assert decision.decision == ("allowed" if decision.allowed else "denied")
    if not decision.reason.startswith("explicit deny") and "no anonymous request" not in decision.reason:
        assert f"{case['request']['action']} on {case['request']['resource']}" in decision.reason


@MANY
@given(cases(), st.sampled_from(["sagemaker:CreateModel", "lambda:InvokeFunction", "iam:PassRole"]))
def test_an_rcp_says_nothing_about_services_without_it(case: Document, action: str) -> None:
    """Guards: an RCP that binds a service which has none."""
    case["request"] |= {"action": action, "resource": "*", "resource_account": ACCOUNT}
    case["role_trust"] = None
    before = allowed(case)
    case["resource_control_policies"] = [[{"Statement": everything("rcp", "Deny")}]]
    assert allowed(case) is before


class Reached(Exception):
    """All that was looked for was seen."""


def test_the_algebra_reaches_both_decisions_and_every_layer() -> None:
    """Guards: properties that hold because nothing is ever allowed, or a layer never speaks."""
    layered = ("identity", "boundary", "session", "scp", "resource", "trust", "endpoint")
    wanted = {(layer, said) for layer in layered for said in ("allowed", "denied", "silent", "absent")}
    wanted |= {("rcp", "denied"), ("rcp", "allowed"), ("rcp", "absent"), ("grants", "allowed")}
    seen: set[tuple[str, str]] = set()
    decisions: list[bool] = []

    # What Hypothesis draws depends on the modules that are loaded, so the number of cases is a bound, not an amount.
    @settings(max_examples=4000, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(cases())
    def collect(case: Document) -> None:
        described = Case.from_dict(case)
        decisions.append(decide(described).allowed)
        seen.update((one.layer, one.decision) for one in layers(described))
        if wanted <= seen and len(decisions) >= 100:
            raise Reached

    with pytest.raises(Reached):
        collect()
    assert 20 < sum(decisions) < len(decisions) - 20
