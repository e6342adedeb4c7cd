"""Object Lock of buckets and of object versions: configuration, retention, legal hold.

Sources: S3 API reference of each operation; AmazonS3 user guide, object-lock-managing.
"""

from __future__ import annotations

import copy

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves

from .locking import SETTING, bypasses, check_configuration, missing_configuration, require_future, retain
from .needs import on_bucket, on_object, with_bypass
from .objects import open_bucket, opened_version
from .store import Bucket, Version, malformed

_API = "S3 API reference: "


@serves(
    "s3", "PutObjectLockConfiguration", needs=on_bucket("PutBucketObjectLockConfiguration"),
    source=_API + "PutObjectLockConfiguration: new and existing buckets that keep versions; Days or Years",
)  # fmt: skip
def put_configuration(org: Organisation, call: Call) -> Params:
    bucket, configuration = open_bucket(org, call), copy.deepcopy(call.params.get(SETTING) or {})
    check_configuration(configuration)
    if bucket.versioning != "Enabled":
        message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        raise ApiError("InvalidBucketState", message, 409)
    bucket.settings[SETTING] = configuration
    return {}


@serves(
    "s3", "GetObjectLockConfiguration", needs=on_bucket("GetBucketObjectLockConfiguration"),
    source=_API + "GetObjectLockConfiguration",
)  # fmt: skip
def get_configuration(org: Organisation, call: Call) -> Params:
    bucket = open_bucket(org, call)
    if SETTING not in bucket.settings:
        message = "Object Lock configuration does not exist for this bucket"
        raise ApiError("ObjectLockConfigurationNotFoundError", message, 404, BucketName=bucket.name)
    return {SETTING: bucket.settings[SETTING]}


def _lockable(org: Organisation, call: Call) -> tuple[Bucket, Version]:
    """The version that a call names, in a bucket with Object Lock."""
    bucket, version = opened_version(org, call)
    if SETTING not in bucket.settings:
        raise missing_configuration()
    return bucket, version


def _not_locked(call: Call) -> ApiError:
    message = "The specified object does not have a ObjectLock configuration"
    return ApiError("NoSuchObjectLockConfiguration", message, 404, Key=call.params["Key"])


@serves(
    "s3", "PutObjectRetention", needs=with_bypass(on_object("PutObjectRetention")),
    source=_API + "PutObjectRetention; object-lock-managing: COMPLIANCE is never shortened, GOVERNANCE with the bypass",
)  # fmt: skip
def put_retention(org: Organisation, call: Call) -> Params:
    _, version = _lockable(org, call)
    wanted, now = call.params.get("Retention") or {}, org.clock.now()
    if held := sorted(set(wanted) - {"Mode", "RetainUntilDate"}):
        raise NotEmulated(f"s3:PutObjectRetention with {', '.join(held)}")
    mode, until = wanted.get("Mode"), wanted.get("RetainUntilDate")
    if (mode is None) != (until is None):
        raise malformed("Retention needs Mode and RetainUntilDate, or neither to take it off.")
    if until is not None:
        require_future(until, now)
    retain(version, mode, until, now, bypass=bypasses(call))
    return {}


@serves("s3", "GetObjectRetention", needs=on_object("GetObjectRetention"), source=_API + "GetObjectRetention")
def get_retention(org: Organisation, call: Call) -> Params:
    _, version = _lockable(org, call)
    if version.lock.mode is None:
        raise _not_locked(call)
    return {"Retention": {"Mode": version.lock.mode, "RetainUntilDate": version.lock.until}}


@serves(
    "s3", "PutObjectLegalHold", needs=on_object("PutObjectLegalHold"),
    source=_API + "PutObjectLegalHold; object-lock-legal-holds: independent of retention, no end of its own",
)  # fmt: skip
def put_legal_hold(org: Organisation, call: Call) -> Params:
    _, version = _lockable(org, call)
    status = (call.params.get("LegalHold") or {}).get("Status")
    if status is None:
        raise malformed("LegalHold needs a Status.")
    version.lock.hold = status
    return {}


@serves("s3", "GetObjectLegalHold", needs=on_object("GetObjectLegalHold"), source=_API + "GetObjectLegalHold")
def get_legal_hold(org: Organisation, call: Call) -> Params:
    _, version = _lockable(org, call)
    if version.lock.hold is None:
        raise _not_locked(call)
    return {"LegalHold": {"Status": version.lock.hold}}
