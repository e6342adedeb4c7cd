"""What AWS checks of a policy document before it stores it: grammar, and that the principals it names
exist.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from rehearsal.organisation.core import ApiError, Document, Organisation
from rehearsal.organisation.policies import listed, statements

ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
VERSIONS = ("2012-10-17", "2008-10-17")
SERVICE = re.compile(r"(?P<service>[a-z0-9-]+)(?P<rest>(\.[a-z0-9-]+)*)\.amazonaws\.com")
OTHER_SERVICES = frozenset({"edgelambda", "delivery", "apidestinations", "cloudtrail", "monitoring", "vpc-flow-logs"})
"""Service principals whose first word is no IAM prefix (iam/reference_policies_elements_principal)."""

Kind = Literal["identity", "trust", "resource", "key"]


def check_grammar(document: Document, kind: Kind, code: str) -> None:
    """Refuse what the policy grammar refuses (iam/reference_policies_grammar). Raises ApiError with `code`.

    Resource policies may lack Resource where the service takes it as itself (KMS does nothing with such a
    statement).
    """
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise ApiError(code, f"The policy must contain a valid version string, one of {', '.join(VERSIONS)}")
    unknown = sorted(set(document) - {"Version", "Id", "Statement"})
    if unknown:
        raise ApiError(code, f"Syntax errors in policy: unknown element {', '.join(unknown)}")
    sids = [str(one["Sid"]) for one in statements(document) if "Sid" in one]
    for sid in sids:
        if sids.count(sid) > 1:
            raise ApiError(code, f"Statement IDs (SID) in a single policy must be unique: {sid}")
    for number, statement in enumerate(statements(document)):
        problem = _problem(statement, kind)
        if problem:
            raise ApiError(code, f"Syntax errors in policy: statement {number}: {problem}")


def _problem(statement: Any, kind: Kind) -> str | None:
    if not isinstance(statement, Mapping):
        return "is no object"
    unknown = sorted(set(statement) - ELEMENTS)
    if unknown:
        return f"unknown element {', '.join(unknown)}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return f"Effect is {statement.get('Effect')!r}, not Allow or Deny"
    actions = ("Action" in statement) + ("NotAction" in statement)
    if actions > 1 or (actions == 0 and kind != "key"):
        return "exactly one of Action and NotAction is required"
    has_principal = "Principal" in statement or "NotPrincipal" in statement
    has_resource = "Resource" in statement or "NotResource" in statement
    if kind == "identity" and has_principal:
        return "Policy document should not specify a principal."
    if kind == "identity" and not has_resource:
        return "Policy statement must contain resources."
    if kind == "trust" and has_resource:
        return "Has prohibited field Resource"
    if kind != "identity" and not has_principal:
        return "Missing required field Principal"
    condition = statement.get("Condition", {})
    if not isinstance(condition, Mapping) or not all(isinstance(one, Mapping) for one in condition.values()):
        return "Condition is no object of operators, each an object of keys"
    return _bad_action(statement)


def _bad_action(statement: Mapping[str, Any]) -> str | None:
    for element in ("Action", "NotAction"):
        for action in listed(statement.get(element)):
            if not isinstance(action, str) or (
                action != "*" and not re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+", action)
            ):
                return f"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: {action!r}"
    return None


def check_principals(org: Organisation, document: Document, code: str) -> None:
    """Refuse principals that don't exist: AWS resolves a role to its id when it stores the policy.

    Source: reference: a resource policy naming a role that doesn't exist is refused (S3 MalformedPolicy, KMS
    MalformedPolicyDocumentException, IAM MalformedPolicyDocument), iam/reference_policies_elements_principal.
    Raises ApiError with `code` naming the principal.
    """
    for statement in statements(document):
        for element in ("Principal", "NotPrincipal"):
            value = statement.get(element)
            if isinstance(value, str) and value != "*":
                raise ApiError(code, f"Invalid principal in policy: {value!r}")
            if isinstance(value, Mapping):
                for kind, named in value.items():
                    for one in listed(named):
                        if not _exists(org, str(kind), str(one)):
                            raise ApiError(code, f'Invalid principal in policy: "{kind.upper()}":"{one}"')


def _exists(org: Organisation, kind: str, name: str) -> bool:
    if kind == "AWS":
        if name == "*":
            return True
        account = name if re.fullmatch(r"\d{12}", name) else ""
        match = re.fullmatch(r"arn:aws:(iam|sts)::(\d{12}):(.+)", name)
        if match:
            account = match[2]
        if account not in {one.id for one in org.accounts.values()}:
            return False
        return match is None or _principal_exists(org, account, match[3])
    if kind == "Service":
        match = SERVICE.fullmatch(name)
        return match is not None and match["service"] in _services()
    return kind in ("Federated", "CanonicalUser")


def _principal_exists(org: Organisation, account: str, rest: str) -> bool:
    backend = org.moto("iam", account, "")
    if rest == "root":
        return True
    if rest.startswith("assumed-role/"):
        return any(one.name == rest.split("/")[1] for one in list(backend.roles.values()))
    arn = f"arn:aws:iam::{account}:{rest}"
    return any(one.arn == arn for one in [*list(backend.roles.values()), *list(backend.users.values())])


@cache
def _services() -> frozenset[str]:
    from rehearsal.organisation.resolve import REFERENCE

    return frozenset(REFERENCE.services.get_service_keys()) | OTHER_SERVICES
