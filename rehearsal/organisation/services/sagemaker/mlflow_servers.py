"""MLflow tracking servers: MLflow on an instance of one's own, by the hour."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from typing import Final

from rehearsal.organisation.core import Call, Need, NotEmulated, Organisation, Params, serves, takes

from .hosting import Hosted, hosted_arn
from .mlflow import (
    CREATION,
    STABLE,
    UPDATE,
    change,
    check_store,
    creation_needs,
    kept,
    listed,
    missing,
    need_of,
    require,
    retire,
    signed_url,
    take_role,
    times,
)
from .needs import anywhere
from .registry import invalid, tags_of, user_context

_KIND: Final = "mlflow-tracking-server"
_MODEL = "botocore sagemaker service-2: "
VERSIONS = {"3.0": "3.0.0", "2.16": "2.16.2", "2.13": "2.13.2"}
"""By major and minor; patch versions as dg/mlflow-track-experiments pairs clients with them."""

LATEST = "3.0"
DEFAULT_WINDOW = "Tue:03:30"
_SETTABLE = (
    "ArtifactStoreUri", "TrackingServerSize", "AutomaticModelRegistration", "WeeklyMaintenanceWindowStart",
)  # fmt: skip
takes(
    "sagemaker", "CreateMlflowTrackingServer",
    members=("TrackingServerName", *_SETTABLE, "MlflowVersion", "RoleArn", "Tags"),
)  # fmt: skip
takes("sagemaker", "UpdateMlflowTrackingServer", members=("TrackingServerName", *_SETTABLE))


def _name(call: Call) -> str:
    return str(call.params["TrackingServerName"])


def _creates(org: Organisation, call: Call) -> Iterator[Need]:
    yield from creation_needs(call, need_of(call, _KIND, _name(call)))


def _named(org: Organisation, call: Call) -> Iterator[Need]:
    found = kept(org, call, _KIND).get(_name(call))
    yield need_of(call, _KIND, _name(call), found.tags if found else None)


def _find(org: Organisation, call: Call) -> Hosted:
    found = kept(org, call, _KIND).get(_name(call))
    if found is None:
        raise missing(_KIND, _name(call))
    return found


def _version(asked: str | None) -> str:
    wanted = ".".join((asked or LATEST).split(".")[:2])
    if wanted not in VERSIONS or (asked or wanted) not in (wanted, VERSIONS[wanted]):
        raise invalid(f"MlflowVersion {asked} is not available: {', '.join(VERSIONS)}.")
    return VERSIONS[wanted]


@serves(
    "sagemaker", "CreateMlflowTrackingServer", needs=_creates, fidelity="emulated",
    source=_MODEL + "CreateMlflowTrackingServer; dg/mlflow (versions, sizes)",
    note="no MLflow runs: the data plane (sagemaker-mlflow) can't be called; Created after 1 s of the clock (AWS: 25 "
    "min and more) if the role may list, read and write the artifact store, else CreateFailed; no events; automatic "
    "registration and the bucket's owner are refused",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    _refuse_registration(params)
    arn = hosted_arn(call.owner, call.region, _KIND, _name(call))
    if _name(call) in kept(org, call, _KIND):
        raise invalid(f"Tracking server {arn} already exists.")
    version = _version(params.get("MlflowVersion"))
    check_store(org, call, params["ArtifactStoreUri"])
    take_role(org, call, arn, params["RoleArn"])
    record: Params = {
        "TrackingServerArn": arn,
        "TrackingServerName": _name(call),
        "TrackingServerSize": "Small",
        "MlflowVersion": version,
        "RoleArn": params["RoleArn"],
        "AutomaticModelRegistration": False,
        "WeeklyMaintenanceWindowStart": DEFAULT_WINDOW,
        "TrackingServerStatus": "Creating",
        "IsActive": "Inactive",
        **{member: copy.deepcopy(params[member]) for member in _SETTABLE if params.get(member) is not None},
        **times(org, user_context(call.caller)),
    }
    server = kept(org, call, _KIND)[_name(call)] = Hosted(arn, record, tags_of(params))
    host = f"t-{hashlib.sha256(arn.encode()).hexdigest()[:12]}"

    def open_to_all() -> None:
        url = f"https://{host}.{call.region}.experiments.sagemaker.aws"
        server.record |= {"IsActive": "Active", "TrackingServerUrl": url}

    change(org, call, _KIND, server, CREATION, open_to_all)
    return {"TrackingServerArn": arn}


def _refuse_registration(params: Params) -> None:
    if params.get("AutomaticModelRegistration"):
        raise NotEmulated("sagemaker: an MLflow Tracking Server with AutomaticModelRegistration")


@serves(
    "sagemaker", "UpdateMlflowTrackingServer", needs=_named, fidelity="emulated",
    source=_MODEL + "UpdateMlflowTrackingServer", note="Updated after 1 s of the clock; as CreateMlflowTrackingServer",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    params = call.params
    found = _find(org, call)
    _refuse_registration(params)
    require(_KIND, found, "UpdateMlflowTrackingServer")
    if params.get("ArtifactStoreUri"):
        check_store(org, call, params["ArtifactStoreUri"])
    sent = {member: copy.deepcopy(params[member]) for member in _SETTABLE if params.get(member) is not None}
    found.record |= sent | {"LastModifiedBy": user_context(call.caller)}
    change(org, call, _KIND, found, UPDATE)
    return {"TrackingServerArn": found.arn}


@serves("sagemaker", "DescribeMlflowTrackingServer", needs=_named, source=_MODEL + "DescribeMlflowTrackingServer")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(_find(org, call).record)


@serves(
    "sagemaker", "DeleteMlflowTrackingServer", needs=_named, fidelity="emulated",
    source=_MODEL + "DeleteMlflowTrackingServer", note="gone after 1 s of the clock; the artifacts stay",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    found = _find(org, call)
    retire(org, call, _KIND, found, _name(call))
    return {"TrackingServerArn": found.arn}


@serves(
    "sagemaker", "CreatePresignedMlflowTrackingServerUrl", needs=_named, fidelity="emulated",
    source=_MODEL + "CreatePresignedMlflowTrackingServerUrl; dg/mlflow-launch-ui", note="nothing answers at the URL",
)  # fmt: skip
def presign(org: Organisation, call: Call) -> Params:
    found = _find(org, call)
    if found.record["TrackingServerStatus"] not in STABLE:
        raise invalid(f"{found.arn} is {found.record['TrackingServerStatus']}: it has no user interface yet.")
    return {"AuthorizedUrl": signed_url(org, call, found)}


@serves("sagemaker", "ListMlflowTrackingServers", needs=anywhere, source=_MODEL + "ListMlflowTrackingServers")
def list_servers(org: Organisation, call: Call) -> Params:
    summary = (
        "TrackingServerArn", "TrackingServerName", "CreationTime", "LastModifiedTime", "TrackingServerStatus",
        "IsActive", "MlflowVersion",
    )  # fmt: skip
    equal = {name: name for name in ("TrackingServerStatus", "MlflowVersion")}
    return listed(org, call, _KIND, "TrackingServerSummaries", summary, equal)
