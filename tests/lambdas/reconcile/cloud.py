"""A registry that lives, and what AWS tells of it: events, records of CloudTrail, life-cycle actions, the last state.

Nothing here shares code with the domain but the shapes of its inputs: the fault model's histories are made of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from governance.evidence import Action
from governance.readback import ReadBack, read_back
from governance.terms import Identity
from tests.governance.samples import BUCKET, CARD, DEV, GROUP, HUB, IMAGE, REGION, START, arn_of, envelope, iso

STAGES = ("Development", "Staging", "Production", "QA")
STATUSES = ("Approved", "Rejected", "OnHold")
SPACING = (20, 90, 3600)
"""Seconds between the calls that change one version: no two are near enough to be taken for one."""

LATENCY_MS = 3000
ANSWERED_MS = 1900
"""How long after the registry took a change its call may end, at most."""

AUTHOR = (DEV, f"arn:aws:sts::{DEV}:assumed-role/mlgov-dev-execution/ann", "ann")
APPROVERS = tuple(
    (HUB, f"arn:aws:sts::{HUB}:assumed-role/mlgov-hub-approver-{stage}/{person}", person)
    for stage, person in (("dev", "bea"), ("test", "cyd"))
)

APPROVAL, LIFECYCLE, SPECIFICATION, METADATA, CARD_FIELD = (
    "ModelApprovalStatus", "ModelLifeCycle", "InferenceSpecification", "CustomerMetadataProperties", "ModelCard",
)  # fmt: skip
SILENT = frozenset({CARD_FIELD})
"""Fields whose change no event announces."""


def url_of(digit: int) -> str:
    return f"s3://{BUCKET}/artifacts/dev/{GROUP}/{digit:064x}/model.tar.gz"


@dataclass(frozen=True)
class Shown:
    """A version as the registry shows it at one moment."""

    approval: str
    lifecycle: dict[str, str]
    url: str
    modified: datetime
    by: tuple[str, str, str]

    def specification(self) -> dict[str, Any]:
        return {
            "Containers": [{"Image": IMAGE, "ImageDigest": "sha256:" + "c" * 64, "ModelDataUrl": self.url}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }


@dataclass(frozen=True)
class Change:
    """One call and what it made of the version. `field` names: those that its events may announce."""

    index: int
    name: str
    asked: datetime
    sent: dict[str, Any]
    reason: str | None
    by: tuple[str, str, str]
    after: Shown

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(sorted(self.sent))

    @property
    def dated(self) -> datetime:
        """When CloudTrail says that the call was. Its guide said "was made", and now says "was completed": half of the
        calls that change a version are dated so, a while after the registry took them.
        """
        begun = self.name == "DeleteModelPackage" or self.index % 2
        return self.asked if begun else self.after.modified + timedelta(milliseconds=ANSWERED_MS)


@dataclass
class Version:
    """The life of one version."""

    number: int
    changes: list[Change] = field(default_factory=list)
    deleted: bool = False

    @property
    def arn(self) -> str:
        return arn_of(self.number)

    @property
    def created(self) -> datetime:
        return self.changes[0].after.modified

    @property
    def last(self) -> Change:
        """The last change that the registry shows, or showed."""
        return [change for change in self.changes if change.name != "DeleteModelPackage"][-1]

    def read_back(self, index: int) -> ReadBack | None:
        """The version as DescribeModelPackage shows it after a change."""
        change = self.changes[index]
        if change.name == "DeleteModelPackage":
            return None
        account, arn, person = change.after.by
        identity = {"IamIdentity": {"Arn": arn, "PrincipalId": account, "SourceIdentity": person}}
        author = {"IamIdentity": {"Arn": AUTHOR[1], "PrincipalId": DEV, "SourceIdentity": AUTHOR[2]}}
        return read_back(
            {
                "ModelPackageArn": self.arn,
                "CreationTime": self.created,
                "LastModifiedTime": change.after.modified,
                "ModelPackageStatus": "Completed",
                "ModelApprovalStatus": change.after.approval,
                "ModelLifeCycle": change.after.lifecycle,
                "InferenceSpecification": change.after.specification(),
                "CreatedBy": author,
                "LastModifiedBy": identity,
                "ModelCard": {"ModelCardContent": json.dumps(CARD), "ModelCardStatus": "PendingReview"},
            }
        )

    def event(self, change: Change, fields: tuple[str, ...], event_id: str) -> str:
        """SageMaker's event of a change, or of some of its fields."""
        after = change.after
        detail: dict[str, Any] = {
            "ModelPackageGroupName": GROUP,
            "ModelPackageVersion": self.number,
            "ModelPackageArn": self.arn,
            "CreationTime": iso(self.created),
            "LastModifiedTime": iso(after.modified),
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": after.approval,
            "ModelLifeCycle": after.lifecycle,
            "InferenceSpecification": after.specification(),
        }
        if fields:
            detail["UpdatedModelPackageFields"] = list(fields)
        if change.reason and APPROVAL in fields:
            detail["UpdatedModelPackageFields"].append("ApprovalDescription")
            detail["ApprovalDescription"] = change.reason
        return envelope(detail, event_id=event_id)

    def record(self, change: Change, recipient: str, copied: bool) -> dict[str, Any]:
        """CloudTrail's record of a call in one account's history; `copied`: the owner's copy, which names nobody."""
        account, arn, person = change.by
        identity = (
            {"type": "AWSAccount", "accountId": account}
            if copied
            else {
                "type": "AssumedRole", "accountId": account, "arn": arn,
                "sessionContext": {"sourceIdentity": person},
            }
        )  # fmt: skip
        return {
            "eventVersion": "1.11", "userIdentity": identity, "eventTime": f"{change.dated:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "sagemaker.amazonaws.com", "eventName": change.name, "awsRegion": REGION,
            "requestParameters": self._request(change), "responseElements": self._response(change),
            "requestID": f"r-{self.number}-{change.index}", "recipientAccountId": recipient,
            "sharedEventID": f"s-{self.number}-{change.index}",
            "eventID": f"t-{self.number}-{change.index}-{recipient}", "readOnly": False, "eventType": "AwsApiCall",
        }  # fmt: skip

    def _response(self, change: Change) -> dict[str, Any] | None:
        return None if change.name == "DeleteModelPackage" else {"modelPackageArn": self.arn}

    def _request(self, change: Change) -> dict[str, Any]:
        if change.name == "DeleteModelPackage":
            return {"modelPackageName": self.arn}
        lifecycle = {name[:1].lower() + name[1:]: value for name, value in change.after.lifecycle.items()}
        specification = {"containers": [{"image": IMAGE, "modelDataUrl": change.after.url}]}
        if change.name == "CreateModelPackage":
            return {
                "modelPackageGroupName": GROUP, "modelApprovalStatus": change.after.approval,
                "modelLifeCycle": lifecycle, "inferenceSpecification": specification,
            }  # fmt: skip
        parts: dict[str, Any] = {
            APPROVAL: {"modelApprovalStatus": change.after.approval},
            LIFECYCLE: {"modelLifeCycle": lifecycle},
            SPECIFICATION: {"inferenceSpecification": specification},
            METADATA: {"customerMetadataProperties": {"ticket": str(change.index)}},
            CARD_FIELD: {"modelCard": {"modelCardContent": "HIDDEN_DUE_TO_SECURITY_REASONS"}},
        }
        sent = {name: value for part in change.sent for name, value in parts[part].items()}
        reason = {"approvalDescription": change.reason} if change.reason else {}
        return {"modelPackageArn": self.arn, "clientToken": f"c-{self.number}-{change.index}", **sent, **reason}

    def action(self, change: Change, *, says: bool) -> Action:
        """The life-cycle action of a change, with the properties that it may or may not have."""
        properties = dict(change.after.lifecycle) if says else {}
        name = f"a-{self.number}-{change.index}"
        arn = f"arn:aws:sagemaker:{REGION}:{HUB}:action/{name}"
        return Action(arn, self.arn, change.after.modified, properties, Identity(change.by[1], change.by[2]))


def live(rng: Random, numbers: range, most_changes: int) -> list[Version]:
    """Versions with random lives."""
    return [_life(rng, number, rng.randint(0, most_changes)) for number in numbers]


def _life(rng: Random, number: int, changes: int) -> Version:
    version = Version(number)
    asked = START + timedelta(milliseconds=rng.randint(0, 7_200_000))
    lifecycle = {"Stage": "Development", "StageStatus": "PendingApproval"}
    shown = Shown("PendingManualApproval", lifecycle, url_of(number), _later(rng, asked), AUTHOR)
    version.changes.append(Change(0, "CreateModelPackage", asked, {}, None, AUTHOR, shown))
    for index in range(1, changes + 1):
        asked += timedelta(seconds=rng.choice(SPACING), milliseconds=rng.randint(0, 999))
        version.changes.append(_update(rng, index, asked, version.changes[-1].after, number))
    if rng.random() < 0.25:
        asked += timedelta(seconds=rng.choice(SPACING))
        gone = version.changes[-1].after
        version.changes.append(Change(len(version.changes), "DeleteModelPackage", asked, {}, None, APPROVERS[0], gone))
        version.deleted = True
    return version


def _update(rng: Random, index: int, asked: datetime, before: Shown, number: int) -> Change:
    names = rng.choice(
        [(APPROVAL,), (LIFECYCLE,), (APPROVAL, LIFECYCLE), (METADATA,), (SPECIFICATION,), (CARD_FIELD,),
         (SPECIFICATION, LIFECYCLE), (LIFECYCLE, METADATA)]
    )  # fmt: skip
    by = rng.choice(APPROVERS)
    approval = rng.choice(("Approved", "Rejected")) if APPROVAL in names else before.approval
    lifecycle = before.lifecycle
    if LIFECYCLE in names:
        lifecycle = {"Stage": rng.choice(STAGES), "StageStatus": rng.choice(STATUSES)}
        if rng.random() < 0.5:
            lifecycle["StageDescription"] = f"because {index}"
    url = url_of(number * 1000 + index) if SPECIFICATION in names else before.url
    after = Shown(approval, lifecycle, url, _later(rng, asked), by)
    values: dict[str, Any] = {APPROVAL: approval, LIFECYCLE: lifecycle}
    sent = {name: values.get(name) for name in names}
    reason = f"measured {index}" if APPROVAL in names and rng.random() < 0.5 else None
    return Change(index, "UpdateModelPackage", asked, sent, reason, by, after)


def _later(rng: Random, asked: datetime) -> datetime:
    """When the registry takes a change, a little after the call."""
    at = asked + timedelta(milliseconds=rng.randint(0, LATENCY_MS))
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
