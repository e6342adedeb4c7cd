"""Builders of cases: short names for what every test of the evaluator says again and again."""

from __future__ import annotations

from typing import Any

from access import Case, Decision, LayerDecision, decide, layers

ACCOUNT, OTHER, THIRD = "111122223333", "444455556666", "777788889999"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/monday"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
STRANGER = f"arn:aws:iam::{OTHER}:role/reader"
SERVICE = "events.amazonaws.com"
BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
OBJECT = f"{BUCKET}/report"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
STRANGER_SESSION = f"arn:aws:sts::{OTHER}:assumed-role/reader/s"
TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"
VERSION = "2012-10-17"

Document = dict[str, Any]


def allow(action: str | list[str] = "*", resource: str | list[str] = "*", **elements: Any) -> Document:
    """An Allow statement; `elements` are further ones (Principal, Condition, Sid, …)."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: str | list[str] = "*", resource: str | list[str] = "*", **elements: Any) -> Document:
    """A Deny statement."""
    return {"Effect": "Deny", "Action": action, "Resource": resource, **elements}


def policy(*statements: Document, version: str = VERSION) -> Document:
    """A document."""
    return {"Version": version, "Statement": list(statements)}


EVERYTHING = policy(allow())
S3_ONLY = policy(allow("s3:*"))
NOT_S3 = policy(allow(["cloudwatch:*", "ec2:*"]))


def aws(*principals: str) -> Document:
    """A Principal element of AWS principals."""
    return {"AWS": list(principals)}


def trust(principal: Any, action: str | list[str] = "sts:AssumeRole", **elements: Any) -> Document:
    """A role's trust with one Allow."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": action, **elements})


def case(
    principal: str = SESSION,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    owner: str | None = ACCOUNT,
    context: Document | None = None,
    **policies: Any,
) -> Document:
    """A case as JSON has it; `policies` are its further keys."""
    request: Document = {"principal": principal, "action": action, "resource": resource, "context": context or {}}
    if owner is not None:
        request["resource_account"] = owner
    return {"request": request, **policies}


def judged(principal: str = SESSION, *arguments: Any, **policies: Any) -> Decision:
    """The decision on a case built as by :func:`case`."""
    return decide(Case.from_dict(case(principal, *arguments, **policies)))


def allowed(principal: str = SESSION, *arguments: Any, **policies: Any) -> bool:
    """Whether a case built as by :func:`case` is allowed."""
    return judged(principal, *arguments, **policies).allowed


def layered(principal: str = SESSION, *arguments: Any, **policies: Any) -> dict[str, LayerDecision]:
    """The layers of a case built as by :func:`case`, by name."""
    return {one.layer: one for one in layers(Case.from_dict(case(principal, *arguments, **policies)))}
