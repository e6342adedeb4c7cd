"""Data at rest is encrypted with a key of ours, not with one that AWS manages."""

from __future__ import annotations

from collections.abc import Iterator

from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Exemption, Finding, NotKnown, Rule, Violation

QUEUE = "aws:sqs/queue:Queue"
BUCKET = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUS = "aws:cloudwatch/eventBus:EventBus"
KEY = "aws:kms/key:Key"
DOMAIN = "aws:sagemaker/domain:Domain"
LOGS = "aws:cloudwatch/logGroup:LogGroup"

KEY_OF = {
    QUEUE: "kmsMasterKeyId",
    BUS: "kmsKeyIdentifier",
    "aws:sns/topic:Topic": "kmsMasterKeyId",
    "aws:dynamodb/table:Table": "serverSideEncryption.kmsKeyArn",
    LOGS: "kmsKeyId",
    DOMAIN: "kmsKeyId",
    "aws:secretsmanager/secret:Secret": "kmsKeyId",
}
"""Where each type names its key. Functions aren't here: their environments hold names only (rule inline-secret)."""

LISTED_KEY_OF = {BUCKET: ("rules", "applyServerSideEncryptionByDefault.kmsMasterKeyId"),
                 "aws:ecr/repository:Repository": ("encryptionConfigurations", "kmsKey")}  # fmt: skip
"""The same where a list of objects names keys: the list, and the path within each item."""

SIGNING = ("SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT")
"""Keys that AWS doesn't rotate (kms rotate-keys): the key of the anchors is one."""


def _judge(path: str, value: object) -> Iterator[Finding]:
    if value is UNKNOWN:
        yield NotKnown(path)
    elif not value:
        yield Violation(f"{path} names no key")
    elif "alias/aws/" in str(value):
        yield Violation(f"{path} is {value}: a key that AWS manages, whose policy nobody can set")


def _items(resource: Resource) -> Iterator[Finding]:
    key, path = LISTED_KEY_OF[resource.type]
    items = resource.at(key)
    if items is UNKNOWN:
        yield NotKnown(key)
    elif not items:
        yield Violation(f"{key} is empty: no key is named")
    else:
        for index, item in enumerate(items):
            if item is UNKNOWN:
                yield NotKnown(f"{key}[{index}]")
            else:
                inner = Resource(type=resource.type, name=resource.name, props=item).at(path)
                yield from _judge(f"{key}[{index}].{path}", inner)


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    if resource.type in KEY_OF:
        path = KEY_OF[resource.type]
        yield from _judge(path, resource.at(path))
    elif resource.type in LISTED_KEY_OF:
        yield from _items(resource)
    elif resource.type == KEY:
        turned = resource.at("enableKeyRotation")
        if turned is UNKNOWN or resource.at("keyUsage") is UNKNOWN:
            yield NotKnown("enableKeyRotation")
        elif turned is not True and resource.at("keyUsage") not in SIGNING:
            yield Violation("enableKeyRotation isn't true")


RULE = Rule(
    name="encrypted-with-our-key",
    description="What holds data is encrypted with a key of ours, and that key is rotated.",
    remedy="pass the governance or artifact key's ARN (components/kms.py); a lasting exception goes into `exempt`",
    check=check,
    exempt=(
        Exemption(BUS, "*", "a bus with a key of ours needs that key in every rule's and reader's hands (eventbridge"
                  " eb-encryption-key-policy); what passes it lands in an encrypted queue"),
        Exemption(QUEUE, "*-forward-dlq", "encrypted by SQS itself: a spoke has no key of its own for one queue of"
                  " events, which hold names and states only"),
        Exemption(BUCKET, "*-anchors", "encrypted by S3 itself, so that no lost key makes the anchors unreadable; they"
                  " hold digests and signatures only"),
        Exemption(BUCKET, "*-tracking", "encrypted by S3 itself: a spoke has no key of its own, and what is registered"
                  " of a run is published to the hub's bucket under the artifact key"),
        Exemption(DOMAIN, "*-studio", "home directories and volumes are encrypted by EFS and EBS themselves: a spoke"
                  " has no key of its own, and a domain's can't be changed"),
        Exemption(LOGS, "*-inference*", "encrypted by CloudWatch Logs itself: a spoke has no key of its own for lines"
                  " that hold no payload"),
    ),
)  # fmt: skip
