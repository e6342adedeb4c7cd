"""MLflow apps: MLflow without a server of one's own. The app's ARN ends in an id of AWS's choice."""

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
from .needs import anywhere, own_tag_keys
from .registry import invalid, tags_of, user_context

_KIND: Final = "mlflow-app"
_MODEL = "botocore sagemaker service-2: "
_GUIDE = "; dg/mlflow-app-setup"
VERSION = "3.10.1"
"""The one version of apps (dg/mlflow, MLflow app versions)."""

DEFAULT_WINDOW = "Tue:03:30"
_SETTABLE = (
    "Name", "ArtifactStoreUri", "ModelRegistrationMode", "WeeklyMaintenanceWindowStart", "DefaultDomainIdList",
    "AccountDefaultStatus",
)  # fmt: skip
takes("sagemaker", "CreateMlflowApp", members=(*_SETTABLE, "RoleArn", "Tags"))
takes("sagemaker", "UpdateMlflowApp", members=("Arn", *_SETTABLE))


def _new_id(call: Call) -> str:
    """The id of the app that a call makes: `app-` and twelve letters and digits."""
    return f"app-{hashlib.sha256(call.request_id.encode()).hexdigest()[:12].upper()}"


def _creates(org: Organisation, call: Call) -> Iterator[Need]:
    yield from creation_needs(call, need_of(call, _KIND, _new_id(call)))


def _named(org: Organisation, call: Call) -> Iterator[Need]:
    """On the app's ARN as it is given: one of another account is judged as that account's."""
    found = kept(org, call, _KIND).get(_id(call))
    arn = call.params["Arn"]
    yield Need(f"sagemaker:{call.operation}", arn, arn.split(":")[4], own_tag_keys(found.tags if found else {}))


def _id(call: Call) -> str:
    return str(call.params["Arn"]).rpartition("/")[2]


def _find(org: Organisation, call: Call) -> Hosted:
    found = kept(org, call, _KIND).get(_id(call))
    if found is None or found.arn != call.params["Arn"]:
        raise missing(_KIND, call.params["Arn"])
    return found


@serves(
    "sagemaker", "CreateMlflowApp", needs=_creates, fidelity="emulated", source=_MODEL + "CreateMlflowApp" + _GUIDE,
    note="no MLflow runs: CallMlflowAppApi can't be called; Created after 1 s of the clock if the role may list, read "
    "and write the artifact store, else CreateFailed; a taken name is refused, which AWS doesn't document; keys and "
    "automatic registration are refused",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    _refuse_registration(params)
    if any(one.record["Name"] == params["Name"] for one in kept(org, call, _KIND).values()):
        raise invalid(f"An MLflow App with the name {params['Name']} already exists.")
    check_store(org, call, params["ArtifactStoreUri"])
    name = _new_id(call)
    arn = hosted_arn(call.owner, call.region, _KIND, name)
    take_role(org, call, arn, params["RoleArn"])
    record: Params = {
        "Arn": arn,
        "MlflowVersion": VERSION,
        "ModelRegistrationMode": "AutoModelRegistrationDisabled",
        "WeeklyMaintenanceWindowStart": DEFAULT_WINDOW,
        "RoleArn": params["RoleArn"],
        "Status": "Creating",
        **{member: copy.deepcopy(params[member]) for member in _SETTABLE if params.get(member) is not None},
        **times(org, user_context(call.caller)),
    }
    app = kept(org, call, _KIND)[name] = Hosted(arn, record, tags_of(params))
    change(org, call, _KIND, app, CREATION)
    return {"Arn": arn}


def _refuse_registration(params: Params) -> None:
    if params.get("ModelRegistrationMode") == "AutoModelRegistrationEnabled":
        raise NotEmulated("sagemaker: an MLflow App with ModelRegistrationMode AutoModelRegistrationEnabled")


@serves(
    "sagemaker", "UpdateMlflowApp", needs=_named, fidelity="emulated", source=_MODEL + "UpdateMlflowApp" + _GUIDE,
    note="Updated after 1 s of the clock; automatic registration is refused",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    params = call.params
    found = _find(org, call)
    _refuse_registration(params)
    require(_KIND, found, "UpdateMlflowApp")
    others = [one for one in kept(org, call, _KIND).values() if one is not found]
    if any(one.record["Name"] == params.get("Name") for one in others):
        raise invalid(f"An MLflow App with the name {params['Name']} already exists.")
    if params.get("ArtifactStoreUri"):
        check_store(org, call, params["ArtifactStoreUri"])
    sent = {member: copy.deepcopy(params[member]) for member in _SETTABLE if params.get(member) is not None}
    found.record |= sent | {"LastModifiedBy": user_context(call.caller)}
    change(org, call, _KIND, found, UPDATE)
    return {"Arn": found.arn}


@serves("sagemaker", "DescribeMlflowApp", needs=_named, source=_MODEL + "DescribeMlflowApp")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(_find(org, call).record)


@serves(
    "sagemaker", "DeleteMlflowApp", needs=_named, fidelity="emulated", source=_MODEL + "DeleteMlflowApp",
    note="gone after 1 s of the clock, not shown as Deleted; the artifacts stay",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    found = _find(org, call)
    retire(org, call, _KIND, found, _id(call))
    return {"Arn": found.arn}


@serves(
    "sagemaker", "CreatePresignedMlflowAppUrl", needs=_named, fidelity="emulated", source=_MODEL
    + "CreatePresignedMlflowAppUrl; dg/mlflow-launch-ui",
    note="nothing answers at the URL",
)  # fmt: skip
def presign(org: Organisation, call: Call) -> Params:
    found = _find(org, call)
    if found.record["Status"] not in STABLE:
        raise invalid(f"{found.arn} is {found.record['Status']}: it has no user interface yet.")
    return {"AuthorizedUrl": signed_url(org, call, found)}


@serves(
    "sagemaker", "ListMlflowApps", needs=anywhere, fidelity="emulated", source=_MODEL + "ListMlflowApps",
    note="DefaultForDomainId is refused",
)  # fmt: skip
def list_apps(org: Organisation, call: Call) -> Params:
    if call.params.get("DefaultForDomainId"):
        raise NotEmulated("sagemaker:ListMlflowApps with DefaultForDomainId")
    summary = ("Arn", "Name", "Status", "CreationTime", "LastModifiedTime", "MlflowVersion")
    equal = {name: name for name in ("Status", "MlflowVersion", "AccountDefaultStatus")}
    return listed(org, call, _KIND, "Summaries", summary, equal)
