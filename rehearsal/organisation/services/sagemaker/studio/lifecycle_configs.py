"""Studio lifecycle configurations: a script that runs when an app starts. Immutable."""

from __future__ import annotations

import base64
import binascii
import copy
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, Organisation, Params, serves
from rehearsal.organisation.services.sagemaker.needs import anywhere
from rehearsal.organisation.services.sagemaker.registry import invalid, now

from .settings import lifecycle_configs
from .store import add, find, held, in_use, listed, need, sent, studio_arn, with_tags

_MODEL = "botocore sagemaker service-2: "


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    yield from with_tags(call, need(org, call, "studio-lifecycle-config", call.params["StudioLifecycleConfigName"]))


@serves(
    "sagemaker", "CreateStudioLifecycleConfig", needs=_needs, source=_MODEL + "CreateStudioLifecycleConfig: base64",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    name = params["StudioLifecycleConfigName"]
    try:
        base64.b64decode(params["StudioLifecycleConfigContent"], validate=True)
    except binascii.Error:
        raise invalid("StudioLifecycleConfigContent must be base64-encoded.") from None
    arn = studio_arn(call.owner, call.region, "studio-lifecycle-config", name)
    time = now(org)
    record = sent(params) | {"StudioLifecycleConfigArn": arn, "CreationTime": time, "LastModifiedTime": time}
    for member in ("StudioLifecycleConfigContent", "StudioLifecycleConfigAppType"):
        record[member] = params[member]
    add(org, call, "studio-lifecycle-config", name, record)
    return {"StudioLifecycleConfigArn": arn}


@serves("sagemaker", "DescribeStudioLifecycleConfig", needs=_needs, source=_MODEL + "DescribeStudioLifecycleConfig")
def describe(org: Organisation, call: Call) -> Params:
    name = call.params["StudioLifecycleConfigName"]
    return copy.deepcopy(find(org, call, "studio-lifecycle-config", name).record)


@serves(
    "sagemaker", "DeleteStudioLifecycleConfig", needs=_needs,
    source=_MODEL + "DeleteStudioLifecycleConfig: no running app uses it, and no domain's or profile's UserSettings",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    name = call.params["StudioLifecycleConfigName"]
    config = find(org, call, "studio-lifecycle-config", name)
    for domain in held(org, call, "domain").values():
        if config.arn in lifecycle_configs(domain.record["DefaultUserSettings"]):
            raise in_use(f"StudioLifecycleConfig [{config.arn}] is used by the Domain [{domain.arn}].")
    for profile in held(org, call, "user-profile").values():
        if config.arn in lifecycle_configs(profile.record.get("UserSettings") or {}):
            raise in_use(f"StudioLifecycleConfig [{config.arn}] is used by the UserProfile [{profile.arn}].")
    for app in held(org, call, "app").values():
        used = (app.record.get("ResourceSpec") or {}).get("LifecycleConfigArn")
        if used == config.arn and app.record["Status"] in ("InService", "Pending"):
            raise in_use(f"StudioLifecycleConfig [{config.arn}] is used by the App [{app.arn}].")
    del held(org, call, "studio-lifecycle-config")[name]
    return {}


@serves("sagemaker", "ListStudioLifecycleConfigs", needs=anywhere, source=_MODEL + "ListStudioLifecycleConfigs")
def list_configs(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = [
        one.record
        for one in held(org, call, "studio-lifecycle-config").values()
        if (params.get("NameContains") or "").lower() in one.record["StudioLifecycleConfigName"].lower()
        and params.get("AppTypeEquals") in (None, one.record["StudioLifecycleConfigAppType"])
        and all(_within(one.record, params, what, member) for what, member in _TIMES)
    ]
    summary = (
        "StudioLifecycleConfigArn", "StudioLifecycleConfigName", "StudioLifecycleConfigAppType", "CreationTime",
        "LastModifiedTime",
    )  # fmt: skip
    return listed(rows, "StudioLifecycleConfigs", summary, call, name="StudioLifecycleConfigName")


_TIMES = (("CreationTime", "CreationTime"), ("ModifiedTime", "LastModifiedTime"))


def _within(record: Params, params: Params, what: str, member: str) -> bool:
    before, after = params.get(f"{what}Before"), params.get(f"{what}After")
    return (after is None or record[member] > after) and (before is None or record[member] < before)
