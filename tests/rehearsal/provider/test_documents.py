"""JSON documents compared by meaning."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.documents import NotJson, parse, same_document

ACTIONS = st.lists(st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"]), min_size=1, unique=True)
PRINCIPALS = st.lists(st.sampled_from(["111111111111", "222222222222", "333333333333"]), min_size=1, unique=True)
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Action": ACTIONS,
            "Principal": PRINCIPALS.map(lambda ids: {"AWS": ids}),
        }
    ),
    min_size=1,
    max_size=3,
)


def respelled(statement: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same statement as AWS might return it: other order, roots for accounts, one value instead of a list of it."""

    def values(items: list[str]) -> list[str] | str:
        shuffled = chance.sample(items, len(items))
        return shuffled[0] if len(shuffled) == 1 else shuffled

    roots = [f"arn:aws:iam::{account}:root" for account in statement["Principal"]["AWS"]]
    found = {**statement, "Action": values(statement["Action"]), "Principal": {"AWS": values(roots)}}
    return dict(chance.sample(list(found.items()), len(found)))


@given(STATEMENTS, st.randoms(use_true_random=False))
def test_a_policy_respelled_by_aws_is_no_change(statements: list[dict[str, Any]], chance: random.Random) -> None:
    """Guards against a preview that shows a change for ever, because AWS returns a policy in its own spelling."""
    spelled = [respelled(statement, chance) for statement in chance.sample(statements, len(statements))]
    sent = json.dumps({"Version": "2012-10-17", "Statement": statements})
    returned = json.dumps({"Statement": spelled, "Version": "2012-10-17"}, indent=2)
    assert same_document(sent, returned, policy=True)


@given(STATEMENTS, st.integers(0, 2))
def test_a_policy_that_means_something_else_is_a_change(statements: list[dict[str, Any]], index: int) -> None:
    """Guards against drift that goes unseen: an action added out of band."""
    changed = [dict(statement) for statement in statements]
    at = index % len(changed)
    changed[at]["Action"] = [*changed[at]["Action"], "s3:DeleteObject"]
    sent, returned = (json.dumps({"Statement": found}) for found in (statements, changed))
    assert not same_document(sent, returned, policy=True)


def test_a_single_statement_is_a_list_of_it() -> None:
    """Guards against a change for ever where the program wrote an object and AWS returns a list."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Sid": ""}
    assert same_document(json.dumps({"Statement": statement}), json.dumps({"Statement": [statement]}), policy=True)


def test_order_in_other_documents_means_something() -> None:
    """Guards against taking an event pattern for a policy."""
    assert same_document('{"a": [1], "b": 2}', '{"b":2,"a":[1]}', policy=False)
    assert not same_document('{"a": ["x", "y"]}', '{"a": ["y", "x"]}', policy=False)


@pytest.mark.parametrize(("text", "reason"), [("{", "is not JSON"), ("[]", "not an object"), ('"x"', "not an object")])
def test_what_is_no_json_object_is_refused_with_the_place(text: str, reason: str) -> None:
    """Guards against a malformed policy that is found only when AWS refuses it, after half an update."""
    with pytest.raises(NotJson, match=reason):
        parse(text)
