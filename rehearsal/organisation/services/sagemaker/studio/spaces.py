"""Spaces: where a JupyterLab app and its volume belong to."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.sagemaker.needs import Context, anywhere
from rehearsal.organisation.services.sagemaker.registry import invalid

from .settings import JUPYTER_LAB, check_space_settings, context_of
from .store import (
    OWNER,
    SHARING,
    add,
    begin,
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
    stamped,
    studio_arn,
    with_tags,
)

_MODEL = "botocore sagemaker service-2: "
takes(
    "sagemaker", "CreateSpace",
    members=("DomainId", "SpaceName", "Tags", "SpaceSettings", "OwnershipSettings", "SpaceSharingSettings"),
)  # fmt: skip


def _key(call: Call) -> str:
    return f"{call.params['DomainId']}/{call.params['SpaceName']}"


def ownership(org: Organisation, call: Call, record: Params) -> Context:
    """The keys that say whose a space is, and whether it is shared."""
    context: Context = {}
    owner = (record.get("OwnershipSettings") or {}).get("OwnerUserProfileName")
    if owner:
        context[OWNER] = studio_arn(call.owner, call.region, "user-profile", f"{record['DomainId']}/{owner}")
    sharing = (record.get("SpaceSharingSettings") or {}).get("SharingType")
    if sharing:
        context[SHARING] = sharing
    return context


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    """With what is there already, or with what the request brings."""
    there = held(org, call, "space").get(_key(call))
    context = ownership(org, call, there.record if there else call.params)
    context |= context_of(call.params.get("SpaceSettings") or {})
    yield from with_tags(call, need(org, call, "space", _key(call), context))


@serves(
    "sagemaker", "CreateSpace", needs=_needs, fidelity="emulated",
    source=_MODEL + "CreateSpace; hashicorp/terraform-provider-aws#38370 (SpaceSettings are asked for)",
    note="private JupyterLab spaces; in service after 0.2 s of the clock; its volume is an empty folder",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    domain, params = find_domain(org, call), call.params
    settings = params.get("SpaceSettings") or {}
    if (params.get("SpaceSharingSettings") or {}).get("SharingType") != "Private":
        raise NotEmulated("sagemaker:CreateSpace of a space that isn't Private")
    owner = (params.get("OwnershipSettings") or {}).get("OwnerUserProfileName")
    if not owner:
        raise invalid("OwnershipSettings and SpaceSharingSettings must be given together.")
    arn = studio_arn(call.owner, call.region, "space", _key(call))
    if not settings.get("AppType"):
        raise invalid(f"SpaceSettings must be provided for creating private space [{arn}]")
    if settings["AppType"] != JUPYTER_LAB:
        raise NotEmulated(f"sagemaker:CreateSpace with AppType {settings['AppType']}")
    find(org, call, "user-profile", f"{params['DomainId']}/{owner}")
    check_space_settings(org, call, settings)
    record = sent(params) | {"SpaceArn": arn, "Url": f"{domain.record['Url']}/{JUPYTER_LAB.lower()}/default"}
    space = add(org, call, "space", _key(call), stamped(org, record, "Pending"))
    begin(org, space, "Pending")
    return {"SpaceArn": arn}


def _named(org: Organisation, call: Call) -> Iterator[Need]:
    there = held(org, call, "space").get(_key(call))
    yield need(org, call, "space", _key(call), ownership(org, call, there.record) if there else {})


@serves("sagemaker", "DescribeSpace", needs=_named, source=_MODEL + "DescribeSpace")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "space", _key(call)).record)


@serves(
    "sagemaker", "UpdateSpace", needs=_needs, fidelity="emulated",
    source=_MODEL + "UpdateSpace; boto/boto3#4375 (an AppType, even the same, is refused)",
    note="settings that aren't sent stay; a volume grows only",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    params = call.params
    space = find(org, call, "space", _key(call))
    settled(space, "Space")
    settings = params.get("SpaceSettings") or {}
    if settings.get("AppType"):
        raise invalid("Updating AppType for Space is not supported.")
    check_space_settings(org, call, settings)
    if _volume(settings) < _volume(space.record["SpaceSettings"]) and settings.get("SpaceStorageSettings"):
        raise invalid("EbsVolumeSizeInGb can't be decreased.")
    space.record["SpaceSettings"] = space.record["SpaceSettings"] | copy.deepcopy(settings)
    if params.get("SpaceDisplayName"):
        space.record["SpaceDisplayName"] = params["SpaceDisplayName"]
    begin(org, space, "Updating")
    return {"SpaceArn": space.arn}


def _volume(settings: Params) -> int:
    storage = (settings.get("SpaceStorageSettings") or {}).get("EbsStorageSettings") or {}
    return int(storage.get("EbsVolumeSizeInGb", 0))


@serves(
    "sagemaker", "DeleteSpace", needs=_named, fidelity="emulated",
    source=_MODEL + "DeleteSpace; developer guide, gs-studio-delete-domain (its apps first)",
    note="gone, with its volume, after 0.2 s of the clock",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    key = _key(call)
    space = find(org, call, "space", key)
    settled(space, "Space")
    for path, app in held(org, call, "app").items():
        if path.startswith(f"{key}/") and app.record["Status"] != "Deleted":
            raise in_use(f"Unable to delete Space [{space.arn}] because it has the App [{app.arn}].")
    store = held(org, call, "space")

    def gone() -> None:
        store.pop(key, None)
        if space.home is not None:
            shutil.rmtree(space.home, ignore_errors=True)

    move(org, space, "Deleting")
    later(org, space, gone)
    return {}


@serves("sagemaker", "ListSpaces", needs=anywhere, source=_MODEL + "ListSpaces")
def list_spaces(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = [
        _summary(one.record)
        for one in held(org, call, "space").values()
        if params.get("DomainIdEquals") in (None, one.record["DomainId"])
        and (params.get("SpaceNameContains") or "").lower() in one.record["SpaceName"].lower()
    ]
    summary = (
        "DomainId", "SpaceName", "Status", "CreationTime", "LastModifiedTime", "SpaceDisplayName",
        "SpaceSettingsSummary", "SpaceSharingSettingsSummary", "OwnershipSettingsSummary",
    )  # fmt: skip
    return listed(rows, "Spaces", summary, call, name="SpaceName")


def _summary(record: Params) -> Params:
    settings = {key: value for key, value in record["SpaceSettings"].items() if key != "JupyterLabAppSettings"}
    return record | {
        "SpaceSettingsSummary": settings,
        "SpaceSharingSettingsSummary": record["SpaceSharingSettings"],
        "OwnershipSettingsSummary": record["OwnershipSettings"],
    }
