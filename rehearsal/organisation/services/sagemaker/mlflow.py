"""What MLflow apps and tracking servers have in common: where they are kept, whom they work as, what takes time.

Sources: botocore sagemaker service-2 (shapes, statuses, error codes); Service Authorization Reference (resource types);
dg/mlflow-create-tracking-server-iam (SageMaker takes the role, reads and writes the artifact store with it);
hashicorp/terraform-provider-aws internal/service/sagemaker/mlflow_app.go (a role that can't be taken is a
ValidationException "SageMaker is unable to perform: sts:AssumeRole").
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Literal

from rehearsal.organisation.core import ApiError, Call, Caller, Need, Organisation, Params, pass_role
from rehearsal.organisation.services.s3.store import find_bucket

from .containers import PRINCIPAL
from .hosting import STATUSES, WORDS, Hosted, between, hosted_arn, hosting
from .needs import own_tag_keys
from .registry import invalid, now, paged
from .transitions import later, move

MlflowKind = Literal["mlflow-app", "mlflow-tracking-server"]
Words = tuple[str, str, str]
CREATION: Words = ("Creating", "Created", "CreateFailed")
UPDATE: Words = ("Updating", "Updated", "UpdateFailed")
STABLE = frozenset({"Created", "Updated", "UpdateFailed"})
"""Statuses in which there is something to change."""

_STORE = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<prefix>.*)")
_KEEPS = "SageMaker keeps the runs' artifacts with MLflow's role"


def kept(org: Organisation, call: Call, kind: MlflowKind) -> dict[str, Hosted]:
    """What the owner has of a kind: apps by id, servers by name."""
    return hosting(org, call.owner, call.region).kinds[kind]


def missing(kind: MlflowKind, what: str) -> ApiError:
    return ApiError("ResourceNotFound", f"{WORDS[kind]} {what} does not exist.")


def need_of(call: Call, kind: MlflowKind, name: str, tags: dict[str, str] | None = None) -> Need:
    arn = hosted_arn(call.owner, call.region, kind, name)
    return Need(f"sagemaker:{call.operation}", arn, call.owner, own_tag_keys(tags or {}))


def creation_needs(call: Call, first: Need) -> Iterator[Need]:
    """The create itself, AddTags beside it, and the role that is handed over."""
    yield first
    if call.params.get("Tags"):
        yield Need("sagemaker:AddTags", first.resource, first.resource_account, first.context)
    yield pass_role(call.params["RoleArn"], PRINCIPAL)


def take_role(org: Organisation, call: Call, arn: str, role: str) -> Caller:
    """The session that SageMaker takes of MLflow's role, which must be of the same account and trust it."""
    if role.split(":")[4] != call.owner:
        raise invalid(f"The role {role} must be in the account of the MLflow resource, {call.owner}.")
    try:
        _, caller = org.service_session(
            PRINCIPAL, role, session_name="SageMaker", source_account=call.owner, source_arn=arn
        )
    except ApiError as error:
        raise invalid(f"SageMaker is unable to perform: sts:AssumeRole on {role}. ({error.message})") from error
    return caller


def check_store(org: Organisation, call: Call, uri: str) -> None:
    """The artifact store is a bucket that exists, in the Region. Raises ValidationException."""
    match = _STORE.fullmatch(uri)
    try:
        found = find_bucket(org, match["bucket"]) if match else None
    except ApiError:
        found = None
    if found is None or found.region != call.region:
        raise invalid(
            f"ArtifactStoreUri {uri} must be s3://<bucket>/<prefix> of a bucket that exists in {call.region}."
        )


def keeps_artifacts(org: Organisation, call: Call, found: Hosted) -> bool:
    """Whether MLflow's role may read, write and list in the artifact store; each call is authorised and logged."""
    match = _STORE.fullmatch(found.record["ArtifactStoreUri"])
    assert match is not None, "checked when it was set"  # noqa: S101
    try:
        caller = take_role(org, call, found.arn, found.record["RoleArn"])
        bucket = find_bucket(org, match["bucket"])
        example = f"{bucket.arn}/{'/'.join(part for part in (match['prefix'].strip('/'), '0/artifacts') if part)}"
        needs = [
            Need("s3:ListBucket", bucket.arn, bucket.owner),
            Need("s3:GetObject", example, bucket.owner),
            Need("s3:PutObject", example, bucket.owner),
        ]
        org.authorise(caller, needs, region=call.region, reason=_KEEPS)
    except ApiError:
        return False
    return True


def change(
    org: Organisation, call: Call, kind: MlflowKind, found: Hosted, words: Words, then: Callable[[], None] | None = None
) -> None:
    """Pass through the first status to the second, or to the third where the artifact store can't be kept."""
    under_way, done, failed = words
    move(org, kind, found, under_way)

    def finish() -> None:
        if found.record[STATUSES[kind]] == under_way:
            able = keeps_artifacts(org, call, found)
            move(org, kind, found, done if able else failed)
            if able and then is not None:
                then()

    later(org, found, finish)


def require(kind: MlflowKind, found: Hosted, operation: str) -> None:
    """Refuse a change of what isn't at rest."""
    status = found.record[STATUSES[kind]]
    if status not in STABLE:
        raise ApiError("ConflictException", f"{found.arn} is {status}: {operation} needs it Created or Updated.", 409)


def retire(org: Organisation, call: Call, kind: MlflowKind, found: Hosted, name: str) -> None:
    """Delete on the clock; a second deletion meanwhile is refused."""
    if found.record[STATUSES[kind]] == "Deleting":
        raise invalid(f"{found.arn} is being deleted already.")
    move(org, kind, found, "Deleting")

    def gone() -> None:
        kept(org, call, kind).pop(name, None)

    later(org, found, gone)


def signed_url(org: Organisation, call: Call, found: Hosted) -> str:
    """A URL of the form that dg/mlflow-launch-ui shows, of no host that exists."""
    key = hashlib.sha256(found.arn.encode()).hexdigest()[:12]
    token = hashlib.sha256(f"{call.request_id} {found.arn}".encode()).hexdigest()
    return f"https://{key}.{call.region}.experiments.sagemaker.aws.a2z.com/auth?authToken={token}"


def listed(
    org: Organisation, call: Call, kind: MlflowKind, member: str, summary: tuple[str, ...], equal: dict[str, str]
) -> Params:  # fmt: skip
    """A List answer. `equal`: request member to the record's; names sort by the summary's second member."""
    params = call.params
    rows = [
        one.record
        for one in kept(org, call, kind).values()
        if all(params.get(asked) in (None, one.record.get(held)) for asked, held in equal.items())
        and between(one.record["CreationTime"], params, "Created")
    ]
    name = summary[1]
    by = {"Name": name, "Status": STATUSES[kind]}.get(params.get("SortBy", ""), "CreationTime")
    rows.sort(key=lambda row: (row[by], row[name]), reverse=params.get("SortOrder") != "Ascending")
    return paged(member, [{key: row[key] for key in summary if key in row} for row in rows], params)


def times(org: Organisation, caller: Params) -> Params:
    time = now(org)
    return {"CreationTime": time, "CreatedBy": caller, "LastModifiedTime": time, "LastModifiedBy": caller}
