"""A bucket's configuration documents: versioning, public access block, encryption, ownership, lifecycle.

Each is kept as it was put and shown as it was kept.
"""

from __future__ import annotations

import copy
import uuid
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves

from .bucket import ALL_BLOCKED, ENFORCED, OWNERSHIP, PUBLIC_ACCESS
from .encryption import KMS, SETTING
from .locking import SETTING as OBJECT_LOCK
from .needs import on_bucket
from .objects import open_bucket
from .store import malformed

_API = "S3 API reference: "
LIFECYCLE = "LifecycleConfiguration"
_ACTIONS = (
    "Expiration", "Transitions", "NoncurrentVersionTransitions", "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)  # fmt: skip
_MOST_RULES = 1000
_SMALLEST, _DEFAULT_SMALLEST = "TransitionDefaultMinimumObjectSize", "all_storage_classes_128K"


def _missing(code: str, message: str) -> ApiError:
    return ApiError(code, message, 404)


@serves(
    "s3", "PutBucketVersioning", needs=on_bucket("PutBucketVersioning"),
    source=_API + "PutBucketVersioning; object-lock: versions of a bucket with Object Lock can't be suspended",
)  # fmt: skip
def put_versioning(org: Organisation, call: Call) -> Params:
    wanted = call.params["VersioningConfiguration"]
    if wanted.get("MFADelete") == "Enabled" or call.params.get("MFA"):
        raise NotEmulated("s3:PutBucketVersioning with MFADelete")
    if not wanted.get("Status"):
        raise ApiError(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
        )
    bucket = open_bucket(org, call)
    if OBJECT_LOCK in bucket.settings and wanted["Status"] != "Enabled":
        raise ApiError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            409,
        )
    bucket.versioning = wanted["Status"]
    return {}


@serves("s3", "GetBucketVersioning", needs=on_bucket("GetBucketVersioning"), source=_API + "GetBucketVersioning")
def get_versioning(org: Organisation, call: Call) -> Params:
    status = open_bucket(org, call).versioning
    return {"Status": status} if status else {}


@serves(
    "s3",
    "PutPublicAccessBlock",
    needs=on_bucket("PutBucketPublicAccessBlock"),
    source=_API + "PutPublicAccessBlock: what isn't sent is false",
)
def put_public_access(org: Organisation, call: Call) -> Params:
    sent = call.params["PublicAccessBlockConfiguration"]
    open_bucket(org, call).settings[PUBLIC_ACCESS] = {name: bool(sent.get(name)) for name in ALL_BLOCKED}
    return {}


@serves(
    "s3", "GetPublicAccessBlock", needs=on_bucket("GetBucketPublicAccessBlock"), source=_API + "GetPublicAccessBlock"
)
def get_public_access(org: Organisation, call: Call) -> Params:
    found = open_bucket(org, call).settings.get(PUBLIC_ACCESS)
    if found is None:
        raise _missing("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
    return {PUBLIC_ACCESS: found}


@serves(
    "s3",
    "DeletePublicAccessBlock",
    needs=on_bucket("PutBucketPublicAccessBlock"),
    source=_API + "DeletePublicAccessBlock",
)
def delete_public_access(org: Organisation, call: Call) -> Params:
    open_bucket(org, call).settings.pop(PUBLIC_ACCESS, None)
    return {}


@serves(
    "s3",
    "PutBucketEncryption",
    needs=on_bucket("PutEncryptionConfiguration"),
    source=_API + "PutBucketEncryption; UsingKMSEncryption (a key needs aws:kms)",
)
def put_encryption(org: Organisation, call: Call) -> Params:
    configuration = copy.deepcopy(call.params["ServerSideEncryptionConfiguration"])
    rules = configuration["Rules"]
    if len(rules) != 1:
        raise malformed(f"{len(rules)} rules: a bucket has one default encryption rule.")
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {}
    if default.get("KMSMasterKeyID") and default["SSEAlgorithm"] != KMS:
        raise ApiError("InvalidArgument", "a KMSMasterKeyID is not applicable if the default sse algorithm is not "
                       "aws:kms or aws:kms:dsse")  # fmt: skip
    if rules[0].get("BlockedEncryptionTypes"):
        raise NotEmulated("s3:PutBucketEncryption with BlockedEncryptionTypes")
    open_bucket(org, call).settings[SETTING] = configuration
    return {}


@serves(
    "s3",
    "GetBucketEncryption",
    needs=on_bucket("GetEncryptionConfiguration"),
    source=_API + "GetBucketEncryption: AES256 where none was put (since January 2023)",
)
def get_encryption(org: Organisation, call: Call) -> Params:
    by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    return {SETTING: open_bucket(org, call).settings.get(SETTING) or {"Rules": [by_default]}}


@serves(
    "s3",
    "DeleteBucketEncryption",
    needs=on_bucket("PutEncryptionConfiguration"),
    source=_API + "DeleteBucketEncryption: back to AES256",
)
def delete_encryption(org: Organisation, call: Call) -> Params:
    open_bucket(org, call).settings.pop(SETTING, None)
    return {}


@serves(
    "s3",
    "PutBucketOwnershipControls",
    needs=on_bucket("PutBucketOwnershipControls"),
    fidelity="emulated",
    source=_API + "PutBucketOwnershipControls",
    note="BucketOwnerEnforced only: ACLs are not emulated",
)
def put_ownership(org: Organisation, call: Call) -> Params:
    rules = call.params["OwnershipControls"]["Rules"]
    if [rule["ObjectOwnership"] for rule in rules] != [ENFORCED]:
        raise NotEmulated(f"s3:PutBucketOwnershipControls other than {ENFORCED}")
    open_bucket(org, call).settings[OWNERSHIP] = {"Rules": [dict(rule) for rule in rules]}
    return {}


@serves(
    "s3",
    "GetBucketOwnershipControls",
    needs=on_bucket("GetBucketOwnershipControls"),
    source=_API + "GetBucketOwnershipControls",
)
def get_ownership(org: Organisation, call: Call) -> Params:
    found = open_bucket(org, call).settings.get(OWNERSHIP)
    if found is None:
        raise _missing("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
    return {OWNERSHIP: found}


@serves(
    "s3",
    "DeleteBucketOwnershipControls",
    needs=on_bucket("PutBucketOwnershipControls"),
    fidelity="emulated",
    source=_API + "DeleteBucketOwnershipControls",
    note="ACLs stay disabled: they are not emulated",
)
def delete_ownership(org: Organisation, call: Call) -> Params:
    open_bucket(org, call).settings.pop(OWNERSHIP, None)
    return {}


@serves(
    "s3",
    "PutBucketLifecycleConfiguration",
    needs=on_bucket("PutLifecycleConfiguration"),
    fidelity="emulated",
    source=_API + "PutBucketLifecycleConfiguration; at most 1,000 rules",
    note="kept and shown, never carried out: no object expires in a rehearsal",
)
def put_lifecycle(org: Organisation, call: Call) -> Params:
    rules = copy.deepcopy((call.params.get("LifecycleConfiguration") or {}).get("Rules") or [])
    if not rules or len(rules) > _MOST_RULES:
        raise malformed(f"{len(rules)} lifecycle rules: there must be 1 to {_MOST_RULES}.")
    for rule in rules:
        _check_rule(rule)
        rule.setdefault("ID", str(uuid.uuid4()))
    names = [rule["ID"] for rule in rules]
    if len(set(names)) != len(names):
        raise ApiError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule.")
    smallest = {_SMALLEST: call.params.get(_SMALLEST) or _DEFAULT_SMALLEST}
    open_bucket(org, call).settings[LIFECYCLE] = {"Rules": rules, **smallest}
    return smallest


def _check_rule(rule: dict[str, Any]) -> None:
    if not any(rule.get(action) for action in _ACTIONS):
        raise ApiError("InvalidRequest", "At least one action needs to be specified in a rule.")
    if rule.get("Filter") is None and rule.get("Prefix") is None:
        raise malformed("a lifecycle rule needs a Filter (or the older Prefix).")
    if len(rule.get("ID") or "") > 255:
        raise ApiError("InvalidArgument", "ID length should not exceed allowed limit of 255")


@serves(
    "s3",
    "GetBucketLifecycleConfiguration",
    needs=on_bucket("GetLifecycleConfiguration"),
    source=_API + "GetBucketLifecycleConfiguration",
)
def get_lifecycle(org: Organisation, call: Call) -> Params:
    found = open_bucket(org, call).settings.get(LIFECYCLE)
    if found is None:
        raise _missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
    return {"Rules": found["Rules"], _SMALLEST: found[_SMALLEST]}


@serves(
    "s3", "DeleteBucketLifecycle", needs=on_bucket("PutLifecycleConfiguration"), source=_API + "DeleteBucketLifecycle"
)
def delete_lifecycle(org: Organisation, call: Call) -> Params:
    open_bucket(org, call).settings.pop(LIFECYCLE, None)
    return {}
