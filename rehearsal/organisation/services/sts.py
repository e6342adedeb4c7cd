"""STS of our own: who may take a role, and credentials scoped to account, role and session."""

from __future__ import annotations

from typing import Any

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    NotEmulated,
    Organisation,
    Params,
    condition_keys,
    serves,
)
from rehearsal.organisation.identity import Session, account_of
from rehearsal.organisation.identity import document_of as managed_document
from rehearsal.organisation.policies import document_of, parsed, statements
from rehearsal.organisation.resolve import request_tags

CHAINED_SECONDS = 3600
"""Longest session of a role assumed with a role's credentials (iam/id_roles: role chaining)."""
DEFAULT_SECONDS = 3600

condition_keys(
    "sts",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
    "sts:DurationSeconds",
)


def _previous(org: Organisation, call: Call) -> Session | None:
    return org.identity.session(call.caller.access_key)


def _tags(org: Organisation, call: Call) -> dict[str, str]:
    """The new session's tags: the caller's transitive ones, which stay, and the ones given
    (iam/id_session-tags).
    """
    previous = _previous(org, call)
    kept = previous.transitive_tags if previous is not None else frozenset()
    inherited = {key: value for key, value in call.caller.tags.items() if key in kept}
    return {**request_tags(call.params), **inherited}


def _needs(org: Organisation, call: Call) -> list[Need]:
    params = call.params
    role = params["RoleArn"]
    context: dict[str, str | list[str]] = {"sts:RoleSessionName": params["RoleSessionName"]}
    if "ExternalId" in params:
        context["sts:ExternalId"] = params["ExternalId"]
    if "DurationSeconds" in params:
        context["sts:DurationSeconds"] = str(params["DurationSeconds"])
    source_identity = params.get("SourceIdentity") or call.caller.source_identity
    if source_identity:
        context["sts:SourceIdentity"] = source_identity
    if params.get("TransitiveTagKeys"):
        context["sts:TransitiveTagKeys"] = list(params["TransitiveTagKeys"])
    actions = ["sts:AssumeRole"]
    if params.get("Tags"):
        actions.append("sts:TagSession")
    if source_identity:
        actions.append("sts:SetSourceIdentity")
    return [Need(action, role, account_of(role), context) for action in actions]


def _duration(org: Organisation, call: Call, role: Any) -> int:
    asked = int(call.params.get("DurationSeconds", DEFAULT_SECONDS))
    longest = int(role.max_session_duration or DEFAULT_SECONDS)
    if asked > longest:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    if _previous(org, call) is not None and asked > CHAINED_SECONDS:
        raise ApiError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    return asked


def _session_policy(org: Organisation, call: Call, account: str) -> dict[str, Any] | None:
    """The inline session policy and the managed ones as one document: a session may do what any of them
    allows.
    """
    documents = []
    if "Policy" in call.params:
        documents.append(document_of(call.params["Policy"], "MalformedPolicyDocument", "the session policy"))
    for one in call.params.get("PolicyArns", []):
        found = org.moto("iam", account, "").managed_policies.get(one["arn"])
        if found is None:
            raise NotEmulated(f"session policy {one['arn']}, which is no customer managed policy of {account},")
        documents.append(parsed(managed_document(found)))
    if not documents:
        return None
    return {
        "Version": "2012-10-17",
        "Statement": [one for document in documents for one in statements(document)],
    }


@serves(
    "sts",
    "AssumeRole",
    source="STS/latest/APIReference/API_AssumeRole; iam/id_roles (chaining); iam/id_session-tags",
    needs=_needs,
    fidelity="emulated",
    note="PackedPolicySize isn't computed; MFA (SerialNumber, TokenCode), ProvidedContexts are refused",
)
def assume_role(org: Organisation, call: Call) -> Params:
    params = call.params
    for name in ("SerialNumber", "TokenCode", "ProvidedContexts"):
        if name in params:
            raise NotEmulated(f"sts:AssumeRole with {name}")
    if call.caller.arn.endswith(":root"):
        raise ApiError("AccessDenied", "Roles may not be assumed by root accounts.", 403)
    given = params.get("SourceIdentity")
    if call.caller.source_identity and given and given != call.caller.source_identity:
        raise ApiError("AccessDenied", "The source identity of a chained session can't be changed.", 403)
    role = org.identity.role(params["RoleArn"])
    tags = _tags(org, call)
    previous = _previous(org, call)
    transitive = set(params.get("TransitiveTagKeys", [])) | set(previous.transitive_tags if previous else ())
    missing = sorted(set(params.get("TransitiveTagKeys", [])) - set(tags))
    if missing:
        raise ApiError("ValidationError", f"TransitiveTagKeys {', '.join(missing)} are no keys of Tags.")
    session = org.identity.issue(
        role,
        params["RoleSessionName"],
        _duration(org, call, role),
        session_policy=_session_policy(org, call, account_of(params["RoleArn"])),
        source_identity=given or call.caller.source_identity,
        tags=tags,
        transitive_tags=sorted(transitive),
        asked_by=call.caller.access_key,
    )
    issued = session.credentials
    answer: Params = {
        "Credentials": {
            "AccessKeyId": issued.access_key,
            "SecretAccessKey": issued.secret_key,
            "SessionToken": issued.session_token,
            "Expiration": issued.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": session.caller.user_id, "Arn": session.caller.arn},
    }
    if session.caller.source_identity:
        answer["SourceIdentity"] = session.caller.source_identity
    return answer


@serves(
    "sts",
    "GetCallerIdentity",
    source="STS/latest/APIReference/API_GetCallerIdentity (no permissions are required)",
    needs=lambda _org, _call: [],
)
def get_caller_identity(_: Organisation, call: Call) -> Params:
    caller = call.caller
    return {"UserId": caller.user_id or caller.account, "Account": caller.account, "Arn": caller.arn}
