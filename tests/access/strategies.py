"""A small algebra of cases: few principals, actions, resources and conditions, so that they meet often."""

from __future__ import annotations

import copy
import math
from typing import Any

from hypothesis import strategies as st

from tests.access.samples import (
    ACCOUNT,
    BUCKET,
    FEDERATED,
    KEY,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    STRANGER,
    STRANGER_SESSION,
    TARGET,
    USER,
    policy,
)

Document = dict[str, Any]

WITH_IDENTITY = (USER, ROLE, SESSION, FEDERATED, ROOT, STRANGER, STRANGER_SESSION)
PRINCIPALS = (*WITH_IDENTITY, SERVICE, "*")
REQUESTS = (
    ("s3:GetObject", OBJECT),
    ("s3:PutObject", f"{BUCKET}/other"),
    ("kms:Decrypt", KEY),
    ("sts:AssumeRole", TARGET),
    ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"),
)
ACTIONS: tuple[Document, ...] = (
    {"Action": "*"},
    {"Action": ["*"]},
    {"Action": ["s3:*", "kms:*", "sts:*"]},
    {"Action": ["s3:GetObject", "kms:Decrypt", "sqs:SendMessage"]},
    {"Action": "sts:AssumeRole"},
    {"NotAction": ["s3:PutObject", "sqs:*"]},
)
RESOURCES: tuple[Document, ...] = (
    {"Resource": "*"},
    {"Resource": ["*", OBJECT]},
    {"Resource": [OBJECT, KEY, TARGET]},
    {"Resource": f"{BUCKET}/*"},
    {"NotResource": [f"{BUCKET}/other"]},
)
NAMED = (
    "*",
    {"AWS": "*"},
    {"AWS": [ACCOUNT]},
    {"AWS": [OTHER]},
    {"AWS": [ROLE]},
    {"AWS": [SESSION, FEDERATED]},
    {"AWS": [USER, STRANGER]},
    {"Service": SERVICE},
)
CONDITIONS: tuple[Document | None, ...] = (
    *[None] * 8,
    {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
    {"StringNotEquals": {"team": "red"}},
    {"StringEqualsIfExists": {"team": ["red", "blue"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"Null": {"team": "true"}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
)
CONTEXTS: tuple[Document, ...] = (
    {},
    {"team": "red"},
    {"team": "green", "aws:SecureTransport": "true"},
    {"aws:TagKeys": ["team"], "aws:SecureTransport": "false"},
    {"aws:TagKeys": ["team", "other"], "team": "blue"},
)


EFFECTS = ("Allow", "Allow", "Allow", "Deny")


def statements(kind: str, effects: tuple[str, ...] = EFFECTS) -> st.SearchStrategy[Document]:
    """A statement of a policy of `kind`: identity, resource, trust or rcp.

    One number chooses all of its parts: drawing each by itself takes ten times as long.
    """
    named = NAMED if kind in ("resource", "trust") else ("*",) if kind == "rcp" else (None,)
    resources = RESOURCES if kind != "trust" else ({},)
    parts: tuple[tuple[Any, ...], ...] = (effects, ACTIONS, resources, named, CONDITIONS)

    def build(number: int) -> Document:
        chosen = []
        for part in parts:
            number, index = divmod(number, len(part))
            chosen.append(part[index])
        effect, action, resource, principal, condition = chosen
        statement = {"Effect": effect, **action, **resource}
        if principal is not None:
            statement["Principal"] = principal
        if condition is not None:
            statement["Condition"] = condition
        return copy.deepcopy(statement)

    return st.integers(0, math.prod(len(part) for part in parts) - 1).map(build)


def documents(kind: str) -> st.SearchStrategy[Document]:
    """A document of up to three statements."""
    return st.lists(statements(kind), max_size=3).map(lambda found: policy(*found))


def levels(kind: str) -> st.SearchStrategy[list[list[Document]]]:
    """Up to two levels of an organisation, mostly with the policy that allows everything."""

    def full() -> Document:
        principal = {"Principal": "*"} if kind == "rcp" else {}
        return policy({"Effect": "Allow", "Action": "*", "Resource": "*", **principal})

    level = st.one_of(
        st.builds(lambda: [full()]),
        st.builds(lambda found: [full(), found], documents(kind)),
        st.lists(documents(kind), max_size=2),
    )
    return st.lists(level, max_size=2)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """None twice as often as not."""
    return st.one_of(st.none(), st.none(), strategy)


@st.composite
def cases(draw: st.DrawFn, principals: tuple[str, ...] = PRINCIPALS) -> Document:
    """A case that AWS could be asked: policies only where the principal can have them."""
    principal = draw(st.sampled_from(principals))
    action, resource = draw(st.sampled_from(REQUESTS))
    case: Document = {
        "request": {
            "principal": principal,
            "action": action,
            "resource": resource,
            "resource_account": ACCOUNT,
            "context": copy.deepcopy(draw(st.sampled_from(CONTEXTS))),
        },
        "service_control_policies": draw(st.one_of(st.just([]), levels("identity"))),
        "resource_control_policies": draw(st.one_of(st.just([]), levels("rcp"))),
        "grants": draw(st.lists(grants(), max_size=2)),
    }
    if action == "sts:AssumeRole":
        case["role_trust"] = draw(documents("trust"))
    else:
        case["resource_policy"] = draw(st.none() | documents("resource"))
    case["vpc_endpoint_policy"] = draw(maybe(maybe(documents("resource"))))
    if principal in WITH_IDENTITY:
        case["identity_policies"] = draw(st.lists(documents("identity"), max_size=2))
        case["permissions_boundary"] = draw(maybe(documents("identity")))
        case["session_policy"] = draw(maybe(documents("identity")))
    return case


def grants() -> st.SearchStrategy[Document]:
    """A grant to one of the principals."""
    return st.fixed_dictionaries(
        {
            "GranteePrincipal": st.sampled_from([ROLE, SESSION, USER, STRANGER, ROOT]),
            "Operations": st.sampled_from([["Decrypt"], ["Encrypt"], ["Decrypt", "Encrypt"]]),
        }
    )
