"""Apps: JupyterLab running in a space, as people start it."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.sagemaker.needs import Context, anywhere
from rehearsal.organisation.services.sagemaker.registry import invalid, now

from .launching import Launch, launch
from .settings import JUPYTER_LAB, check_spec, execution_session, spec_of
from .spaces import ownership
from .store import (
    INSTANCE_TYPES,
    LIFECYCLE_CONFIGS,
    Held,
    add,
    find,
    find_domain,
    held,
    in_use,
    later,
    listed,
    move,
    need,
    sent,
    settled,
    studio,
    studio_arn,
    with_tags,
)

_MODEL = "botocore sagemaker service-2: "
DEFAULT_INSTANCE = "ml.t3.medium"
ONLY_NAME = "default"
takes(
    "sagemaker", "CreateApp", members=("DomainId", "SpaceName", "AppType", "AppName", "Tags", "ResourceSpec")
)  # fmt: skip
for _operation in ("DescribeApp", "DeleteApp"):
    takes("sagemaker", _operation, members=("DomainId", "SpaceName", "AppType", "AppName"))
takes(
    "sagemaker", "ListApps",
    members=("NextToken", "MaxResults", "SortOrder", "SortBy", "DomainIdEquals", "SpaceNameEquals"),
)  # fmt: skip


def _key(call: Call) -> str:
    params = call.params
    if not params.get("SpaceName"):
        raise NotEmulated(f"sagemaker:{call.operation} of an app that is in no space")
    return f"{params['DomainId']}/{params['SpaceName']}/{params['AppType']}/{params['AppName']}"


def _space(org: Organisation, call: Call) -> Held | None:
    return held(org, call, "space").get(f"{call.params['DomainId']}/{call.params.get('SpaceName')}")


def _context(org: Organisation, call: Call) -> Context:
    space = _space(org, call)
    return ownership(org, call, space.record) if space else {}


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    context = _context(org, call)
    spec = call.params.get("ResourceSpec") or {}
    if spec.get("InstanceType"):
        context[INSTANCE_TYPES] = [spec["InstanceType"]]
    if spec.get("LifecycleConfigArn"):
        context[LIFECYCLE_CONFIGS] = [spec["LifecycleConfigArn"]]
    yield from with_tags(call, need(org, call, "app", _key(call), context))


def _named(org: Organisation, call: Call) -> Iterator[Need]:
    yield need(org, call, "app", _key(call), _context(org, call))


@serves(
    "sagemaker", "CreateApp", needs=_needs, fidelity="emulated",
    source=_MODEL + "CreateApp; developer guide, studio-updated-jl (JupyterLab in spaces), jl-lcc",
    note="JupyterLab in private spaces; the lifecycle script of the request, else the owner's profile's, else the "
    "domain's, runs in a process of its own with the role's session; there is no JupyterLab behind it. That a space "
    "without a script of its own takes its owner's is an assumption (aws/amazon-sagemaker-feedback#223 shows it)",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    domain, params = find_domain(org, call), call.params
    key = _key(call)
    if params["AppType"] != JUPYTER_LAB:
        raise NotEmulated(f"sagemaker:CreateApp with AppType {params['AppType']}")
    if params["AppName"] != ONLY_NAME:
        raise invalid(f"AppName must be {ONLY_NAME!r} for apps of type {JUPYTER_LAB}.")
    space = find(org, call, "space", f"{params['DomainId']}/{params['SpaceName']}")
    settled(space, "Space")
    owner = space.record["OwnershipSettings"]["OwnerUserProfileName"]
    profile = find(org, call, "user-profile", f"{params['DomainId']}/{owner}")
    check_spec(org, call, params.get("ResourceSpec") or {}, "ResourceSpec")
    user = profile.record.get("UserSettings") or {}
    defaults = domain.record["DefaultUserSettings"]
    spec: Params = {"InstanceType": DEFAULT_INSTANCE}
    for given in (spec_of(defaults), spec_of(user), spec_of(space.record["SpaceSettings"]), params.get("ResourceSpec")):
        spec |= copy.deepcopy(given or {})
    store = held(org, call, "app")
    if key in store and store[key].record["Status"] == "Deleted":
        del store[key]
    arn = studio_arn(call.owner, call.region, "app", key)
    record = sent(params) | {
        "AppArn": arn,
        "AppType": params["AppType"],
        "Status": "Pending",
        "CreationTime": now(org),
        "ResourceSpec": spec,
    }
    credentials, caller = execution_session(org, call, user.get("ExecutionRole") or defaults["ExecutionRole"], arn)
    app = add(org, call, "app", key, record)
    studio(org, call.owner, call.region).sessions[caller.access_key] = (params["DomainId"], owner)
    launch(org, call, Launch(app, space, credentials, spec.get("LifecycleConfigArn"), call.region))
    return {"AppArn": arn}


@serves("sagemaker", "DescribeApp", needs=_named, source=_MODEL + "DescribeApp")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "app", _key(call)).record)


@serves(
    "sagemaker", "DeleteApp", needs=_named, fidelity="emulated", source=_MODEL + "DeleteApp; AppStatus",
    note="deleted after 0.2 s of the clock; it stays listed as Deleted without end, a day at AWS",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    app = find(org, call, "app", _key(call))
    if app.record["Status"] in ("Deleting", "Deleted"):
        raise in_use(f"App [{app.arn}] is {app.record['Status']}.")
    move(org, app, "Deleting")
    later(org, app, lambda: move(org, app, "Deleted"))
    return {}


@serves("sagemaker", "ListApps", needs=anywhere, source=_MODEL + "ListApps")
def list_apps(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = [
        one.record
        for one in held(org, call, "app").values()
        if params.get("DomainIdEquals") in (None, one.record["DomainId"])
        and params.get("SpaceNameEquals") in (None, one.record["SpaceName"])
    ]
    summary = ("DomainId", "SpaceName", "AppType", "AppName", "Status", "CreationTime", "ResourceSpec")
    return listed(rows, "Apps", summary, call, name="AppName")
