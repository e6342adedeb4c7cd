"""Multipart uploads.

Source: S3 API reference of each operation; conditional-writes (If-None-Match on CompleteMultipartUpload);
mpuAndPermissions (GenerateDataKey to begin, Decrypt for parts and completion under a KMS key);
qfacts (parts of 5 MiB to 5 GiB but the last, numbers 1 to 10,000).
"""

from __future__ import annotations

import hashlib
import secrets

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves

from .checksums import checked, composite, refuse_unknown
from .context import requested_tags
from .encryption import chosen, use_key
from .locking import LOCK_MEMBERS, new_lock, require_digest
from .needs import on_bucket, on_object, put_object
from .objects import body_of, check_preconditions, described, etag, open_bucket, whole_seconds, written
from .store import Bucket, Part, Upload, Version

_API = "S3 API reference: "
_LEAST_PART = 5 * 1024 * 1024
_PART_NUMBERS = range(1, 10_001)
_REASON = "S3 reads the encrypted parts of the upload"


def _upload(bucket: Bucket, params: Params) -> Upload:
    upload = bucket.uploads.get(params["UploadId"])
    if upload is None or upload.key != params["Key"]:
        raise ApiError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            404,
            UploadId=params["UploadId"],
        )
    return upload


@serves(
    "s3",
    "CreateMultipartUpload",
    needs=put_object,
    fidelity="emulated",
    source=_API + "CreateMultipartUpload",
    note="composite checksums of SHA256, SHA1 and CRC32 only; no grants, no event holds",
)
def create(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    refuse_unknown(params)
    if params.get("ChecksumType") == "FULL_OBJECT":
        raise NotEmulated("s3:CreateMultipartUpload with ChecksumType FULL_OBJECT")
    new_lock(bucket, params, org.clock.now())  # refuses at the beginning what the completion would refuse
    encryption = chosen(org, bucket, call.caller, params)
    use_key(
        org, bucket, params["Key"], encryption, "kms:GenerateDataKey", call.caller, "S3 encrypts the upload's parts"
    )
    upload = Upload(
        secrets.token_urlsafe(48), params["Key"], org.clock.now(), described(params), requested_tags(params),
        encryption, params.get("ChecksumAlgorithm"), {name: params[name] for name in LOCK_MEMBERS if name in params},
    )  # fmt: skip
    bucket.uploads[upload.id] = upload
    answer: Params = {"Bucket": bucket.name, "Key": upload.key, "UploadId": upload.id} | encryption.shown()
    if upload.algorithm:
        answer |= {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": "COMPOSITE"}
    return answer


@serves("s3", "UploadPart", needs=on_object("PutObject"), source=_API + "UploadPart: no If-None-Match on parts")
def upload_part(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    upload = _upload(bucket, params)
    if params["PartNumber"] not in _PART_NUMBERS:
        raise ApiError("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
    require_digest(new_lock(bucket, upload.lock, upload.started), params, call.operation)
    body = body_of(params.get("Body"))
    checksum = checked(params | ({"ChecksumAlgorithm": upload.algorithm} if upload.algorithm else {}), body)
    if upload.algorithm and checksum and checksum.algorithm != upload.algorithm:
        raise ApiError(
            "InvalidRequest",
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()}, actual checksum "
            f"Type: {checksum.algorithm.lower()}",
        )
    use_key(org, bucket, upload.key, upload.encryption, "kms:Decrypt", call.caller, _REASON)
    tag = etag(body, upload.encryption, f"{upload.id}/{params['PartNumber']}")
    upload.parts[params["PartNumber"]] = Part(params["PartNumber"], body, tag, checksum, org.clock.now())
    answer: Params = {"ETag": tag} | upload.encryption.shown()
    return answer | ({f"Checksum{checksum.algorithm}": checksum.value} if checksum else {})


@serves(
    "s3",
    "CompleteMultipartUpload",
    needs=on_object("PutObject"),
    source=_API + "CompleteMultipartUpload; conditional-writes (412 where the key exists)",
)
def complete(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    upload = _upload(bucket, params)
    parts = _chosen_parts(upload, params)
    check_preconditions(bucket, params)
    use_key(org, bucket, upload.key, upload.encryption, "kms:Decrypt", call.caller, _REASON)
    version = Version(
        upload.key, bucket.new_version_id(), org.clock.now(), b"".join(part.body for part in parts),
        tags=upload.tags, described=upload.described, encryption=upload.encryption, parts=len(parts),
        lock=new_lock(bucket, upload.lock, upload.started),
    )  # fmt: skip
    digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    version.etag = f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"'
    checksums = [part.checksum for part in parts if part.checksum]
    if upload.algorithm and len(checksums) == len(parts):
        version.checksum = composite(upload.algorithm, checksums)
    bucket.add(version)
    del bucket.uploads[upload.id]
    location = f"http://{bucket.name}.s3.amazonaws.com/{upload.key}"
    return {"Location": location, "Bucket": bucket.name, "Key": upload.key} | written(version)


def _chosen_parts(upload: Upload, params: Params) -> list[Part]:
    """The parts that the request lists, checked: known, in ascending order, none but the last too small."""
    listed = (params.get("MultipartUpload") or {}).get("Parts") or []
    numbers = [one["PartNumber"] for one in listed]
    if not numbers:
        raise ApiError("MalformedXML", "You must specify at least one part")
    if numbers != sorted(set(numbers)):
        raise ApiError("InvalidPartOrder", "The list of parts was not in ascending order.")
    chosen_parts: list[Part] = []
    for one in listed:
        part = upload.parts.get(one["PartNumber"])
        if part is None or one.get("ETag", "").strip('"') != part.etag.strip('"'):
            raise ApiError(
                "InvalidPart",
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
                "specified entity tag may not match the part's entity tag.",
            )
        chosen_parts.append(part)
    for part in chosen_parts[:-1]:
        if len(part.body) < _LEAST_PART:
            raise ApiError("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    return chosen_parts


@serves("s3", "AbortMultipartUpload", needs=on_object("AbortMultipartUpload"), source=_API + "AbortMultipartUpload")
def abort(org: Organisation, call: Call) -> Params:
    bucket = open_bucket(org, call)
    del bucket.uploads[_upload(bucket, call.params).id]
    return {}


@serves("s3", "ListParts", needs=on_object("ListMultipartUploadParts"), fidelity="emulated",
        source=_API + "ListParts", note="one page")  # fmt: skip
def list_parts(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    if params.get("MaxParts") or params.get("PartNumberMarker"):
        raise NotEmulated("s3:ListParts in pages")
    upload = _upload(bucket, params)
    rows = [
        {
            "PartNumber": part.number,
            "ETag": part.etag,
            "Size": len(part.body),
            "LastModified": whole_seconds(part.modified),
        }
        for _, part in sorted(upload.parts.items())
    ]
    return {"Bucket": bucket.name, "Key": upload.key, "UploadId": upload.id, "Parts": rows, "IsTruncated": False}


@serves("s3", "ListMultipartUploads", needs=on_bucket("ListBucketMultipartUploads"), fidelity="emulated",
        source=_API + "ListMultipartUploads", note="one page, no delimiter")  # fmt: skip
def list_uploads(org: Organisation, call: Call) -> Params:
    bucket, params = open_bucket(org, call), call.params
    for member in ("Delimiter", "KeyMarker", "UploadIdMarker", "MaxUploads"):
        if params.get(member):
            raise NotEmulated(f"s3:ListMultipartUploads with {member}")
    prefix = params.get("Prefix") or ""
    rows = [
        {"Key": upload.key, "UploadId": upload.id, "Initiated": upload.started, "StorageClass": "STANDARD"}
        for upload in sorted(bucket.uploads.values(), key=lambda one: (one.key, one.started))
        if upload.key.startswith(prefix)
    ]
    return {"Bucket": bucket.name, "Uploads": rows, "IsTruncated": False}
