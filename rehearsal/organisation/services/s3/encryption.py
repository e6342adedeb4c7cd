"""Encryption of objects, and the KMS calls that S3 makes as the caller.

Sources: AmazonS3 user guide, UsingKMSEncryption (default encryption, GenerateDataKey and Decrypt through s3, the
encryption context `aws:s3:arn`: the object's ARN, or the bucket's with bucket keys); mpuAndPermissions (a multipart
upload needs GenerateDataKey and Decrypt; so does reading a checksum); bucket-key (AWS then calls KMS less often: here
every call is authorised, the strictest case).
"""

from __future__ import annotations

from rehearsal.organisation.core import Caller, NotEmulated, Organisation, Params

from .store import Bucket, Encryption

KMS = "aws:kms"
SETTING = "ServerSideEncryptionConfiguration"


def chosen(org: Organisation, bucket: Bucket, caller: Caller, params: Params) -> Encryption:
    """How a new object is encrypted: as the request says, else as the bucket's default says, else AES256.

    A key without an account (an id, an alias) is the requester's, also when it comes from the bucket's default.
    """
    for member in ("SSECustomerAlgorithm", "SSEKMSEncryptionContext"):
        if params.get(member):
            raise NotEmulated(f"S3 encryption with {member}")
    default = _default(bucket)
    algorithm, key = params.get("ServerSideEncryption"), params.get("SSEKMSKeyId")
    if algorithm is None:
        algorithm, key = default.get("SSEAlgorithm", "AES256"), default.get("KMSMasterKeyID")
    if algorithm == "AES256":
        return Encryption("AES256")
    if algorithm != KMS:
        raise NotEmulated(f"S3 encryption {algorithm}")
    key = key or (default.get("KMSMasterKeyID") if default.get("SSEAlgorithm") == KMS else None)
    if key is None:
        raise NotEmulated("S3 encryption with the AWS managed key aws/s3")
    wants_bucket_key = params.get("BucketKeyEnabled")
    bucket_key = bool(default.get("BucketKeyEnabled") if wants_bucket_key is None else wants_bucket_key)
    return Encryption(KMS, org.key_arn(key, caller.account, bucket.region), bucket_key)


def _default(bucket: Bucket) -> Params:
    """The bucket's default encryption, flat: SSEAlgorithm, KMSMasterKeyID, BucketKeyEnabled."""
    rules = (bucket.settings.get(SETTING) or {}).get("Rules") or []
    if not rules:
        return {}
    by_default: Params = dict(rules[0].get("ApplyServerSideEncryptionByDefault") or {})
    return by_default | {"BucketKeyEnabled": rules[0].get("BucketKeyEnabled", False)}


def use_key(
    org: Organisation, bucket: Bucket, key: str, encryption: Encryption, action: str, caller: Caller, reason: str
) -> None:
    """Authorise as the caller the KMS call that S3 makes for an object; nothing for AES256."""
    if encryption.key is None:
        return
    arn = bucket.arn if encryption.bucket_key else f"{bucket.arn}/{key}"
    org.use_key(
        encryption.key, action, caller, region=bucket.region, via=f"s3.{bucket.region}.amazonaws.com",
        encryption_context={"aws:s3:arn": arn}, reason=reason,
    )  # fmt: skip
