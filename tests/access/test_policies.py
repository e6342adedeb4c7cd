"""Documents: found again by content, seen when changed, read from text, refused with duplicate keys."""

from __future__ import annotations

import copy
import json
from types import MappingProxyType

import pytest

from access.errors import MalformedPolicy
from access.policies import NamedPolicy, Policy, compile_policy
from access.statements import PolicyKind
from tests.access.samples import allow, allowed, deny, policy

IDENTITY = PolicyKind.IDENTITY


def test_equal_documents_are_compiled_once() -> None:
    """Guards: an evaluator that parses every policy again for every request."""
    document = policy(allow("s3:GetObject", Sid="Once"))
    assert compile_policy(document, IDENTITY) is compile_policy(copy.deepcopy(document), IDENTITY)


def test_a_document_changed_in_place_is_read_anew() -> None:
    """Guards: a cache by identity, which would go on allowing after a PutRolePolicy."""
    document = policy(allow())
    assert allowed(identity_policies=[document])
    document["Statement"][0]["Effect"] = "Deny"
    assert not allowed(identity_policies=[document])


def test_one_document_means_different_things_in_different_places() -> None:
    """Guards: a cache that forgets what a document is attached to."""
    document = policy(allow())
    compile_policy(document, IDENTITY)
    with pytest.raises(MalformedPolicy, match="Principal"):
        compile_policy(document, PolicyKind.RESOURCE)


def test_text_mappings_and_compiled_policies_are_read_too() -> None:
    """Guards: callers that keep policies as IAM's API hands them out, as JSON text."""
    document = policy(allow())
    ready = compile_policy(document, IDENTITY)
    assert compile_policy(ready, IDENTITY) is ready
    for form in (json.dumps(document), MappingProxyType(document), ready):
        assert allowed(identity_policies=[form])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON"),
        ('{"Statement": [], "Statement": []}', 'the key "Statement" stands twice'),
        ("[]", "is not a policy document"),
    ],
)
def test_text_that_is_no_document_is_an_error(text: str, told: str) -> None:
    """Guards: a duplicate key, of which JSON keeps the last and AWS refuses both."""
    with pytest.raises(MalformedPolicy, match=told):
        compile_policy(text, IDENTITY)


def test_only_the_statements_that_speak_of_an_action_are_looked_at() -> None:
    """Guards: an index by action that loses a statement or its place."""
    compiled = Policy(policy(allow("s3:Get*", Sid="Read"), deny("sqs:*", Sid="Queue"), allow("*", Sid="All")), IDENTITY)
    assert [one.name for one in compiled.speaking_of("s3:getobject")] == ["Read", "All"]
    assert [one.name for one in compiled.speaking_of("sqs:sendmessage")] == ["Queue", "All"]


def test_more_actions_than_are_remembered_are_still_told_apart() -> None:
    """Guards: a bounded memory that answers for another action once it is full."""
    compiled = Policy(policy(allow("s3:Action4999")), IDENTITY)
    spoken = [number for number in range(5000) if compiled.speaking_of(f"s3:action{number}")]
    assert spoken == [4999]


def test_a_statement_is_called_by_kind_policy_and_sid() -> None:
    """Guards: a reason that doesn't lead to the statement."""
    compiled = Policy(policy(deny(Sid="DenyApproval")), IDENTITY)
    [statement] = compiled.statements
    assert NamedPolicy("registry", compiled).statement(statement) == "identity policy registry statement DenyApproval"
    assert NamedPolicy("", compiled).statement(statement) == "identity policy statement DenyApproval"
