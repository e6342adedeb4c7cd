"""Object Lock: which lock a new version gets, and what a lock forbids, by the organisation's clock.

Sources: AmazonS3 user guide, object-lock (retention modes and periods, legal holds, delete markers are not protected),
object-lock-managing (bypass, checksum of uploads); S3 API reference, PutObject, PutObjectRetention. How long a year of
default retention is, is documented nowhere: here 365 days. Event holds are refused by name.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params

from .needs import object_need
from .store import Bucket, Lock, Version, malformed

SETTING = "ObjectLockConfiguration"
COMPLIANCE, GOVERNANCE = "COMPLIANCE", "GOVERNANCE"
YEAR_DAYS = 365
MOST_DAYS, MOST_YEARS = 36_500, 100
"""The longest default retention (object-lock-configure)."""

_MODE, _UNTIL, _HOLD = "ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"
LOCK_MEMBERS = (_MODE, _UNTIL, _HOLD)


def missing_configuration() -> ApiError:
    return ApiError("InvalidRequest", "Bucket is missing Object Lock Configuration")


def denied() -> ApiError:
    """The answer to who would delete or loosen what is locked."""
    return ApiError("AccessDenied", "Access Denied because object protected by object lock.", 403)


def check_configuration(configuration: Params) -> None:
    """Refuse what PutObjectLockConfiguration refuses.

    Raises ApiError (MalformedXML, InvalidRetentionPeriod), NotEmulated.
    """
    if configuration.get("ObjectLockEnabled") != "Enabled":
        raise malformed("ObjectLockEnabled must be Enabled.")
    if "Rule" not in configuration:
        return
    default = configuration["Rule"].get("DefaultRetention") or {}
    if default.get("DefaultEventHold"):
        raise NotEmulated("s3:PutObjectLockConfiguration with DefaultEventHold")
    periods = [name for name in ("Days", "Years") if default.get(name) is not None]
    if not default.get("Mode") or len(periods) != 1:
        raise malformed("DefaultRetention needs a Mode and either Days or Years.")
    period, most = default[periods[0]], MOST_DAYS if periods == ["Days"] else MOST_YEARS
    if not 0 < period <= most:
        message = f"Default retention period must be a positive integer value of at most {most} {periods[0].lower()}."
        raise ApiError("InvalidRetentionPeriod", message)


def new_lock(bucket: Bucket, params: Params, now: datetime) -> Lock:
    """The lock of a version that is being written: as its headers say, else the bucket's default retention.

    Raises ApiError for headers that don't go together, or a bucket without Object Lock.
    """
    asked = [name for name in LOCK_MEMBERS if params.get(name) is not None]
    if asked and SETTING not in bucket.settings:
        raise missing_configuration()
    mode, until = params.get(_MODE), params.get(_UNTIL)
    if (mode is None) != (until is None):
        message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
        raise ApiError("InvalidArgument", message)
    if until is not None:
        require_future(until, now)
    else:
        mode, until = _default(bucket, now)
    return Lock(mode, until, params.get(_HOLD))


def require_future(until: datetime, now: datetime) -> None:
    if until <= now:
        raise ApiError("InvalidArgument", "The retain until date must be in the future!")


def _default(bucket: Bucket, now: datetime) -> tuple[str | None, datetime | None]:
    retention = (bucket.settings.get(SETTING, {}).get("Rule") or {}).get("DefaultRetention")
    if not retention:
        return None, None
    days = retention.get("Days") or retention["Years"] * YEAR_DAYS
    until = now + timedelta(days=days)
    return retention["Mode"], until.replace(microsecond=until.microsecond // 1000 * 1000)


def require_digest(lock: Lock, params: Params, operation: str) -> None:
    """An upload that will be locked must prove what it is (API_PutObject, ContentMD5)."""
    if lock.mode is None and lock.hold is None:
        return
    if params.get("ContentMD5") or any(name.startswith("Checksum") and value for name, value in params.items()):
        return
    kind = "Part" if operation == "UploadPart" else "Object"
    message = (
        f"Content-MD5 OR x-amz-checksum- HTTP header is required for Put {kind} requests with Object Lock parameters"
    )
    raise ApiError("InvalidRequest", message)


def bypasses(call: Call) -> bool:
    """Whether a call asks to bypass governance retention; that it may was authorised before."""
    return bool(call.params.get("BypassGovernanceRetention"))


def require_deletable(version: Version, now: datetime, *, bypass: bool) -> None:
    """Refuse to delete a version for good while a hold or a retention protects it (a delete marker never is)."""
    retained = version.lock.retained(now) and not (bypass and version.lock.mode == GOVERNANCE)
    if version.lock.hold == "ON" or retained:
        raise denied()


def retain(version: Version, mode: str | None, until: datetime | None, now: datetime, *, bypass: bool) -> None:
    """Give a version another retention, or none.

    A running COMPLIANCE retention can only be prolonged, by nobody shortened; GOVERNANCE likewise without the bypass.
    Raises ApiError (AccessDenied).
    """
    lock = version.lock
    prolonged = mode == lock.mode and until is not None and lock.until is not None and until >= lock.until
    if lock.retained(now) and not prolonged and not (bypass and lock.mode == GOVERNANCE):
        raise denied()
    lock.mode, lock.until = mode, until


def shown(org: Organisation, call: Call, bucket: Bucket, version: Version) -> Params:
    """The lock as GetObject and HeadObject show it, to those who may read it (API_HeadObject)."""

    def may(action: str) -> bool:
        need = object_need(call, bucket, action, version.key, version.id)
        return org.would_allow(call.caller, need, region=bucket.region)

    lock = version.lock
    answer: Params = {}
    if lock.mode is not None and may("GetObjectRetention"):
        answer |= {_MODE: lock.mode, _UNTIL: lock.until}
    if lock.hold is not None and may("GetObjectLegalHold"):
        answer[_HOLD] = lock.hold
    return answer
