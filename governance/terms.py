"""The words that facts, rows and states share: kinds, witnesses, fields, and who did it.

They stand apart from what reads events, so that a function which only reads rows doesn't import that too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from governance.canonical import digest

APPROVAL_FIELD = "ModelApprovalStatus"
LIFECYCLE_FIELD = "ModelLifeCycle"
DESCRIPTION_FIELD = "ApprovalDescription"
VERSION_FIELD = "ModelPackage"
STATUS_FIELD = "ModelPackageStatus"
REQUEST_FIELD = "StageRequest"
CARD_FIELD = "ModelCard"
ACTOR_FIELD = "Actor"
GAP_FIELD = "Gap"
GUARD_FIELD = "Guard"

FIRST_SEEN_APPROVED = "first-seen-approved"
"""Incident: a version that came into being approved, or beyond the first stage (a clone, or a forged registration)."""

PACKAGE_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]{9,16}:[0-9]{12}:model-package/[\S]{1,2048}")
"""ModelPackageArn of botocore's sagemaker model."""


class Kind(StrEnum):
    """What a fact is. Only `approval` and `stage` can admit a version anywhere."""

    REGISTRATION = "registration"
    APPROVAL = "approval"
    STAGE = "stage"
    STATUS = "status"
    DELETION = "deletion"
    METADATA = "metadata"
    OBSERVATION = "observation"
    CARD = "card"
    REQUEST = "request"
    ACTOR = "actor"
    GAP = "gap"
    INCIDENT = "incident"


class Witness(StrEnum):
    """How a fact came to be known."""

    EVENT = "event"
    CLOUDTRAIL = "cloudtrail"
    RECOVERED = "recovered"
    GAP = "gap"
    BACKFILL = "backfill"
    GUARD = "guard"


class Clock(StrEnum):
    """Whose time `happened` is. REQUEST: CloudTrail's, when the call came, cut to seconds. ACTION: when SageMaker noted
    a change of the life cycle. FOUND: when it was found, long after. EVENT: the envelope's. REGISTRY: the change's own.
    """

    REGISTRY = "registry"
    EVENT = "event"
    REQUEST = "request"
    ACTION = "action"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who did it: ARN of the IAM identity (else the Studio user profile), and the session's person."""

    arn: str
    source_identity: str | None = None


def content_id(arn: str, field: str, modified: str, value: str) -> str:
    """The id from the texts that a ledger row holds (`happenedat`, `tovalue`), for verifiers."""
    return digest({"arn": arn, "field": field, "modified": modified, "value": value})
