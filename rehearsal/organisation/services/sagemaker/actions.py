"""Lineage actions of type ModelLifeCycle, which updates of a version's life cycle leave: ListActions, DescribeAction.

Source: developer guide, model-registry-staging-construct-cli: audit records of ModelLifeCycle updates are listed by
`list-actions --action-type ModelLifeCycle` and shown by `describe-action`. What such an action says beyond its type is
documented nowhere: here its source is the version's ARN, it has an invented name and no properties, and it lies in the
registry's account.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, serves

from .needs import anywhere
from .registry import SERVICE, Package, paged

LIFE_CYCLE = "ModelLifeCycle"
_MODEL = "botocore sagemaker service-2: "
_GUIDE = "; model-registry-staging-construct-cli"
_SUMMARY = ("ActionArn", "ActionName", "Source", "ActionType", "Status", "CreationTime", "LastModifiedTime")
_NOTE = (
    "actions that UpdateModelPackage of a life cycle leaves, in the registry's account: by whom, when, of which "
    "version; name, source and the lack of properties are assumptions; no other lineage"
)


def _actions(org: Organisation, account: str, region: str) -> dict[str, Params]:
    found: dict[str, Params] = org.state(SERVICE, account, region).setdefault("actions", {})
    return found


def leave_action(org: Organisation, package: Package) -> None:
    """Leave the audit record of a life cycle that a version was just given."""
    ref, record = package.ref, package.record
    name = f"ModelLifeCycle-{uuid.uuid4().hex}"
    _actions(org, ref.account, ref.region)[name] = {
        "ActionName": name,
        "ActionArn": f"arn:aws:sagemaker:{ref.region}:{ref.account}:action/{name}",
        "Source": {"SourceUri": ref.arn},
        "ActionType": LIFE_CYCLE,
        "Status": "Completed",
        "CreationTime": record["LastModifiedTime"],
        "CreatedBy": copy.deepcopy(record["LastModifiedBy"]),
        "LastModifiedTime": record["LastModifiedTime"],
        "LastModifiedBy": copy.deepcopy(record["LastModifiedBy"]),
    }


@serves(
    "sagemaker", "ListActions", needs=anywhere, fidelity="emulated", source=_MODEL + "ListActions" + _GUIDE, note=_NOTE
)
def list_actions(org: Organisation, call: Call) -> Params:
    params = call.params
    rows = [row for row in _actions(org, call.owner, call.region).values() if _asked_for(row, params)]
    by = {"Name": "ActionName"}.get(params.get("SortBy", ""), "CreationTime")
    rows.sort(key=lambda row: (row[by], row["ActionName"]), reverse=params.get("SortOrder") != "Ascending")
    shown = [{member: copy.deepcopy(row[member]) for member in _SUMMARY} for row in rows]
    return paged("ActionSummaries", shown, params)


def _asked_for(row: Params, params: Params) -> bool:
    """`on or after` and `on or before` the given times (ListActions)."""
    created: Any = row["CreationTime"]
    after, before = params.get("CreatedAfter"), params.get("CreatedBefore")
    return (
        params.get("SourceUri") in (None, row["Source"]["SourceUri"])
        and params.get("ActionType") in (None, row["ActionType"])
        and (after is None or created >= after)
        and (before is None or created <= before)
    )


def _need(org: Organisation, call: Call) -> Iterator[Need]:
    name = _name(call)
    yield Need("sagemaker:DescribeAction", f"arn:aws:sagemaker:{call.region}:{call.owner}:action/{name}", call.owner)


def _name(call: Call) -> str:
    return str(call.params["ActionName"]).rsplit("/", 1)[-1]


@serves(
    "sagemaker", "DescribeAction", needs=_need, fidelity="emulated", source=_MODEL + "DescribeAction" + _GUIDE,
    note=_NOTE,
)  # fmt: skip
def describe_action(org: Organisation, call: Call) -> Params:
    found = _actions(org, call.owner, call.region).get(_name(call))
    if found is None:
        raise ApiError("ResourceNotFound", f"Action {call.params['ActionName']} does not exist.")
    return copy.deepcopy(found)
