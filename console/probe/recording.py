"""Questions of what is recorded: CloudTrail's records, life-cycle actions, calls that AWS makes for others. All dry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from console.probe.model import Ground, Probe, Result, differs, held, unclear
from governance.matching import EARLIER, LATER
from governance.times import parse_time

LOOKED_AT = 200
"""Records that a probe reads at most; LookupEvents gives 50 a page, two pages a second."""

AROUND = timedelta(minutes=2)


def records(
    ground: Ground, name: str, *, start: datetime | None = None, end: datetime | None = None
) -> list[dict[str, Any]]:  # fmt: skip
    """CloudTrail's newest records of an operation in the hub, as they were written."""
    window = {key: value for key, value in (("StartTime", start), ("EndTime", end)) if value is not None}
    pages = ground.hub("cloudtrail").get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
        PaginationConfig={"MaxItems": LOOKED_AT}, **window,
    )  # fmt: skip
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def _time(record: dict[str, Any]) -> datetime:
    return parse_time(record["eventTime"]).at


def _who(record: dict[str, Any]) -> str:
    identity = record.get("userIdentity") or {}
    names = (identity.get(key) for key in ("type", "arn", "accountId", "invokedBy"))
    return " ".join(str(name) for name in names if name)


def _shared_calls(ground: Ground) -> Result:
    registered = records(ground, "CreateModelPackage")
    sagemaker, foreign = ground.hub("sagemaker"), []
    for one in ground.organisation.groups:
        rows = sagemaker.list_model_packages(ModelPackageGroupName=one, MaxResults=10)["ModelPackageSummaryList"]
        for row in rows:
            shown = sagemaker.describe_model_package(ModelPackageName=row["ModelPackageArn"])
            identity = (shown.get("CreatedBy") or {}).get("IamIdentity") or {}
            if f":{ground.account}:" not in str(identity.get("Arn") or f":{ground.account}:"):
                foreign.append(row["ModelPackageArn"])
    copies = [record for record in registered if (record.get("userIdentity") or {}).get("accountId") != ground.account]
    seen = (
        f"{len(foreign)} of the newest versions were registered from spokes",
        f"{len(copies)} of {len(registered)} records in the hub are of other accounts' callers",
    )
    if not foreign and not copies:
        return unclear(*seen)
    return differs(*seen) if copies else held(*seen)


def _actions(ground: Ground) -> Result:
    from governance.evidence import Action

    sagemaker = ground.hub("sagemaker")
    rows = sagemaker.list_actions(ActionType="ModelLifeCycle", SortBy="CreationTime", SortOrder="Descending")
    if not rows["ActionSummaries"]:
        return unclear("there is no action of type ModelLifeCycle: change a version's stage first")
    shown = sagemaker.describe_action(ActionName=rows["ActionSummaries"][0]["ActionName"])
    source = str((shown.get("Source") or {}).get("SourceUri", ""))
    properties = shown.get("Properties") or {}
    action = Action(shown["ActionArn"], source, shown["CreationTime"], properties, None)
    who = sorted((shown.get("CreatedBy") or {}).keys())
    seen = (f"source {source}", f"properties {sorted(properties)}", f"created by {who or 'nobody'}")
    good = ":model-package/" in source and action.lifecycle is not None
    return held(*seen) if good else differs(*seen)


def _call_times(ground: Ground) -> Result:
    sagemaker, seen, outside = ground.hub("sagemaker"), [], 0
    newest: dict[str, dict[str, Any]] = {}
    for record in records(ground, "UpdateModelPackage"):
        arn = str((record.get("requestParameters") or {}).get("modelPackageArn") or "")
        if not arn or record.get("errorCode"):
            continue
        if arn not in newest or _time(record) > _time(newest[arn]):
            newest[arn] = record
    for arn, record in newest.items():
        changed = sagemaker.describe_model_package(ModelPackageName=arn).get("LastModifiedTime")
        if changed is None or abs(changed - _time(record)) > AROUND:
            continue  # it changed again since
        after = (changed - _time(record)).total_seconds()
        seen.append(f"{arn.rpartition(':')[2]}: the registry's time is {after:+.3f} s from the record's")
        outside += not (-EARLIER.total_seconds() <= after <= LATER.total_seconds())
    if not seen:
        return unclear("no recent decision whose version hasn't changed since: approve one, wait a few minutes")
    return differs(*seen) if outside else held(*seen)


def _artifact_reader(ground: Ground) -> Result:
    seen: set[str] = set()
    for record in records(ground, "CreateModelPackage")[:5]:
        if record.get("errorCode"):
            continue
        at = _time(record)
        decrypts = records(ground, "Decrypt", start=at - AROUND, end=at + AROUND)
        seen |= {_who(one) for one in decrypts if ":s3:::" in json.dumps(one.get("requestParameters") or {})}
    if not seen:
        return unclear("no registration with a decryption of an artifact beside it in the hub's records")
    foreign = [who for who in seen if "AWSAccount" in who or ("AssumedRole" in who and ground.account not in who)]
    return differs(*sorted(seen)) if foreign else held(*sorted(seen))


def _log_writer(ground: Ground) -> Result:
    group = f"log-group:/aws/lambda/{ground.organisation.prefix}-"
    ours = [
        record
        for name in ("Decrypt", "GenerateDataKey")
        for record in records(ground, name)
        if group in json.dumps(record.get("requestParameters") or {})
    ]
    callers = sorted({_who(record) for record in ours})
    if not ours:
        return unclear("no use of a key for our log groups in the hub's newest records")
    roles = [who for who in callers if "AssumedRole" in who]
    return held(*callers) if roles else differs(*_few(callers))


def _few(lines: Iterable[str]) -> list[str]:
    return list(lines)[:10]


PROBES = (
    Probe(
        name="shared-call-records",
        title="Does only the caller's account record a call on a shared version?",
        why="Callers are looked up in every account; a copy in the hub would name them sooner.",
        calls=("cloudtrail:LookupEvents", "sagemaker:ListModelPackages", "sagemaker:DescribeModelPackage"),
        expected="the hub's trail holds the hub's own calls only",
        otherwise="nothing breaks: a second record of one call is known by its content",
        run=_shared_calls,
    ),
    Probe(
        name="life-cycle-actions",
        title="Does a life-cycle action carry the version, the stage and the status?",
        why="Reconcile recovers a change of stage from it where no event and no record told it.",
        calls=("sagemaker:ListActions", "sagemaker:DescribeAction"),
        expected="its source is the version's ARN, its properties hold Stage and StageStatus",
        otherwise="teach governance/evidence.py (Action) the form that was seen; until then CloudTrail alone recovers",
        run=_actions,
    ),
    Probe(
        name="call-times",
        title="Is CloudTrail's eventTime within seconds of the registry's time of the change?",
        why="Two tellings of one change are recognised by it (governance/matching.py).",
        calls=("cloudtrail:LookupEvents", "sagemaker:DescribeModelPackage"),
        expected=f"from {EARLIER.seconds} s before to {LATER.seconds} s after",
        otherwise="widen EARLIER or LATER in governance/matching.py to what was seen",
        run=_call_times,
    ),
    Probe(
        name="artifact-reader",
        title="Who reads the artifact at CreateModelPackage?",
        why="AWS's page asks for rights of the registry's account; roles alone might not do.",
        calls=("cloudtrail:LookupEvents",),
        expected="a principal of the hub, or SageMaker itself",
        otherwise="let the caller's role read its own prefix (it does), and say so in docs/security.md",
        run=_artifact_reader,
    ),
    Probe(
        name="log-writer",
        title="Is the governance key used as the function's role when it writes its encrypted log?",
        why="The functions' roles hold KMS rights for their log groups; if CloudWatch uses the key itself, they are one"
        " right too many.",
        calls=("cloudtrail:LookupEvents",),
        expected="as the role",
        otherwise="take GovernanceKeyThroughLogs out of blueprint/policies/function_parts.py",
        run=_log_writer,
    ),
)
