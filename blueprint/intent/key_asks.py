"""Requests to the KMS keys, with the keys that the services send that use them for a caller.

Sources: kms conditions-kms (ViaService, EncryptionContext), AmazonS3 UsingKMSEncryption (the context is the object's
ARN, or the bucket's), kms services-dynamodb, sqs-key-management, AmazonCloudWatch/logs encrypt-log-data-kms.
"""

from __future__ import annotations

from blueprint.intent.asking import Asks
from blueprint.intent.model import Context

S3_CONTEXT = "kms:EncryptionContext:aws:s3:arn"
LOGS_CONTEXT = "kms:EncryptionContext:aws:logs:arn"
DECRYPT, DATA_KEY = "kms:Decrypt", "kms:GenerateDataKey"
LOG_USES = [
    DECRYPT, "kms:DescribeKey", "kms:Encrypt", DATA_KEY, "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]  # fmt: skip
ADMINISTER = ["kms:PutKeyPolicy", "kms:CreateGrant", "kms:TagResource"]
DESTROY = ["kms:DisableKey", "kms:ScheduleKeyDeletion"]


ANOTHER = "key/99999999-9999-9999-9999-999999999999"
"""A key of the hub that this installation doesn't know."""


def ask_keys(asks: Asks) -> None:
    _another(asks)
    _artifacts(asks, asks.facts.artifacts_key)
    _governance(asks, asks.facts.governance_key)
    _anchors(asks, asks.facts.anchors_key)
    for thing, key in {
        "artifacts-key": asks.facts.artifacts_key,
        "governance-key": asks.facts.governance_key,
        "anchors-key": asks.facts.anchors_key,
    }.items():
        asks.add(f"{thing}:administer", ADMINISTER, key)
        asks.add(f"{thing}:destroy", DESTROY, key)


def _another(asks: Asks) -> None:
    key = asks.arn("kms", ANOTHER)
    for service in ("dynamodb", "sqs", "s3", "sagemaker", "logs"):
        asks.add(f"another-key:use-{service}", [DECRYPT, DATA_KEY], key, context=asks.via(service), is_gated=True)


def _artifacts(asks: Asks, key: str) -> None:
    of = asks.organisation
    bucket = of.names.bucket_arn(of.hub)
    ours: Context = asks.via("s3", **{S3_CONTEXT: f"{bucket}/artifacts/m"})
    theirs: Context = asks.via("s3", **{S3_CONTEXT: "arn:aws:s3:::somebody-elses/m"})
    asks.add("artifacts-key:decrypt-our-object", DECRYPT, key, context=ours)
    asks.add("artifacts-key:encrypt-our-object", DATA_KEY, key, context=ours)
    asks.add("artifacts-key:decrypt-another-bucket-s", DECRYPT, key, context=theirs)
    asks.add("artifacts-key:encrypt-another-bucket-s", DATA_KEY, key, context=theirs)
    asks.add("artifacts-key:decrypt-card", DECRYPT, key, context=asks.via("sagemaker"))
    asks.add("artifacts-key:encrypt-card", DATA_KEY, key, context=asks.via("sagemaker"))
    asks.add("artifacts-key:reencrypt-our-object", "kms:ReEncryptFrom", key, context=ours)
    sure: Context = {S3_CONTEXT: f"{bucket}/artifacts/m"}
    asks.add("artifacts-key:use-directly", [DECRYPT, DATA_KEY, "kms:Encrypt"], key, context=sure)


def _governance(asks: Asks, key: str) -> None:
    of = asks.organisation
    for service in ("dynamodb", "sqs", "s3"):
        asks.add(f"governance-key:decrypt-{service}", DECRYPT, key, context=asks.via(service))
        asks.add(f"governance-key:encrypt-{service}", DATA_KEY, key, context=asks.via(service))
        asks.add(f"governance-key:reencrypt-{service}", "kms:ReEncryptFrom", key, context=asks.via(service))
    group = of.names.log_group_arn(of.hub, "capture")
    other = asks.arn("logs", "log-group:/aws/lambda/somebody-elses")
    asks.add("governance-key:log", LOG_USES, key, context=asks.via("logs", **{LOGS_CONTEXT: group}))
    asks.add("governance-key:log-more", "kms:GenerateMac", key, context=asks.via("logs", **{LOGS_CONTEXT: group}))
    as_itself = [*LOG_USES, "kms:GenerateDataKeyPair"]
    asks.add("governance-key:use-for-our-log", as_itself, key, context={LOGS_CONTEXT: group})
    asks.add("governance-key:use-for-another-log", as_itself, key, context={LOGS_CONTEXT: other})
    asks.add("governance-key:use-directly", as_itself, key)


def _anchors(asks: Asks, key: str) -> None:
    def how(algorithm: str, kind: str) -> Context:
        return {"kms:SigningAlgorithm": algorithm, "kms:MessageType": kind}

    both = ["kms:Sign", "kms:Verify"]
    asks.add("anchors-key:sign", both, key, context=how("ECDSA_SHA_256", "DIGEST"))
    another = asks.arn("kms", ANOTHER)
    asks.add("another-key:sign", both, another, context=how("ECDSA_SHA_256", "DIGEST"), is_gated=True)
    asks.add("another-key:publish", "kms:GetPublicKey", another, is_gated=True)
    asks.add("anchors-key:sign-otherwise", both, key, context=how("ECDSA_SHA_512", "DIGEST"))
    asks.add("anchors-key:sign-whole-messages", both, key, context=how("ECDSA_SHA_256", "RAW"))
    asks.add("anchors-key:publish", "kms:GetPublicKey", key)
    asks.add("anchors-key:describe", "kms:DescribeKey", key)
