"""aws.s3: what the v7 provider splits from the bucket. Ids: the bucket's name, with `,owner` where one is
expected.

Each has one put, one get and one delete call; a put replaces what is there, so the real provider adopts a
configuration that exists. Only BucketLifecycleConfiguration's rules are converted in depth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.provider.clients import Clients, error_code
from rehearsal.provider.resource import Argument, ResourceType, no_more_checks
from rehearsal.provider.types.s3_lifecycle import from_api as rules_from_api
from rehearsal.provider.types.s3_lifecycle import to_api as rules_to_api
from rehearsal.provider.values import Props, without_none

ADOPTS = "the put call of this configuration replaces whatever is set, and the real provider doesn't look first"

Call = Callable[[Clients, Props, Props], Any]
"""`(aws, target, args)`; target holds Bucket and, if given, ExpectedBucketOwner."""


def _id(args: Props) -> str:
    owner = args.get("expectedBucketOwner")
    return f"{args['bucket']},{owner}" if owner else str(args["bucket"])


def _target(physical_id: str) -> Props:
    bucket, _, owner = physical_id.partition(",")
    return without_none({"Bucket": bucket, "ExpectedBucketOwner": owner or None})


def part(
    pulumi_type: str,
    arguments: Mapping[str, Argument],
    *,
    put: Call,
    get: Callable[[Clients, Props, Props], Props | None],
    drop: Call,
    gone: tuple[str, ...] = (),
    check: Callable[[Props], list[tuple[str, str]]] = no_more_checks,
    owner: bool = True,
    cfn: str = "AWS::S3::Bucket",
) -> ResourceType:
    def create(aws: Clients, args: Props) -> str:
        put(aws, _target(_id(args)), args)
        return _id(args)

    def read(aws: Clients, physical_id: str, known: Props) -> Props | None:
        found = get(aws, _target(physical_id), known)
        if found is None:
            return None
        bucket, _, expected = physical_id.partition(",")
        return {"bucket": bucket, **({"expectedBucketOwner": expected or None} if owner else {}), **found}

    def delete(aws: Clients, physical_id: str, state: Props) -> None:
        drop(aws, _target(physical_id), state)

    # A part belongs to its bucket: the Terraform provider replaces it when the bucket changes (ForceNew on
    # both); in CloudFormation it is a property of the bucket, so its schema can't say it.
    own = {"bucket": Argument(cfn="BucketName" if cfn == "AWS::S3::Bucket" else "Bucket", replaces=True)}
    if owner:
        own["expectedBucketOwner"] = Argument(shape="s3.AccountId", replaces=True)
    return ResourceType(
        pulumi_type=pulumi_type,
        cfn=cfn,
        arguments={**own, **arguments},
        check=check,
        create=create,
        read=read,
        update=lambda aws, physical_id, old, new: put(aws, _target(physical_id), new),
        delete=delete,
        gone=("NoSuchBucket", *gone),
        adopts=ADOPTS,
    )


def _put_versioning(aws: Clients, target: Props, args: Props) -> None:
    block = args["versioningConfiguration"]
    if block["status"] == "Disabled":
        return  # a bucket that never had versioning stays without: S3 has no call for it
    configuration = without_none({"Status": block["status"], "MFADelete": block.get("mfaDelete")})
    aws.call("s3", "put_bucket_versioning", **target, VersioningConfiguration=configuration)


def _get_versioning(aws: Clients, target: Props, known: Props) -> Props:
    answer = aws.call("s3", "get_bucket_versioning", **target)
    return {
        "versioningConfiguration": without_none(
            {"status": answer.get("Status", "Disabled"), "mfaDelete": answer.get("MFADelete")}
        )
    }


def _suspend(aws: Clients, target: Props, state: Props) -> None:
    """Versioning can't be taken back, only suspended; under Object Lock not even that, and the bucket keeps it."""
    if (state.get("versioningConfiguration") or {}).get("status") == "Disabled":
        return
    try:
        aws.call("s3", "put_bucket_versioning", **target, VersioningConfiguration={"Status": "Suspended"})
    except Exception as error:
        if error_code(error) != "InvalidBucketState" or "Object Lock" not in str(error):
            raise


def _check_versioning(args: Props) -> list[tuple[str, str]]:
    """The API has no "Disabled"; the Terraform provider takes it for a bucket that never had versioning."""
    block = args.get("versioningConfiguration")
    status = block.get("status") if isinstance(block, dict) else None
    if status in (None, "Enabled", "Suspended", "Disabled"):
        return []
    path = "versioningConfiguration.status"
    return [(path, f"{path} is {status!r}: must be Enabled, Suspended or Disabled")]


BLOCKS = {
    "blockPublicAcls": "BlockPublicAcls", "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls", "restrictPublicBuckets": "RestrictPublicBuckets",
}  # fmt: skip


def _put_block(aws: Clients, target: Props, args: Props) -> None:
    block = {api: args[name] for name, api in BLOCKS.items()}
    aws.call("s3", "put_public_access_block", **target, PublicAccessBlockConfiguration=block)


def _get_block(aws: Clients, target: Props, known: Props) -> Props:
    found = aws.call("s3", "get_public_access_block", **target)["PublicAccessBlockConfiguration"]
    return {name: found.get(api, False) for name, api in BLOCKS.items()}


def _put_encryption(aws: Clients, target: Props, args: Props) -> None:
    rules = []
    for rule in args["rules"]:
        default = rule.get("applyServerSideEncryptionByDefault") or {}
        converted = {
            "SSEAlgorithm": default.get("sseAlgorithm"),
            "KMSMasterKeyID": default.get("kmsMasterKeyId"),
        }
        blocked = rule.get("blockedEncryptionTypes")
        found = {
            "ApplyServerSideEncryptionByDefault": without_none(converted) or None,
            "BucketKeyEnabled": rule.get("bucketKeyEnabled"),
            "BlockedEncryptionTypes": {"EncryptionType": blocked} if blocked else None,
        }
        rules.append(without_none(found))
    aws.call("s3", "put_bucket_encryption", **target, ServerSideEncryptionConfiguration={"Rules": rules})


def _encryption_rule(rule: Props, given: Props) -> Props:
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    converted = {
        "sseAlgorithm": default.get("SSEAlgorithm"),
        "kmsMasterKeyId": default.get("KMSMasterKeyID") or None,
    }
    enabled = rule.get("BucketKeyEnabled", False)
    return without_none(
        {
            "applyServerSideEncryptionByDefault": without_none(converted),
            # S3 answers false where nothing was sent (boto:s3 ServerSideEncryptionRule)
            "bucketKeyEnabled": None if not enabled and "bucketKeyEnabled" not in given else enabled,
            "blockedEncryptionTypes": rule.get("BlockedEncryptionTypes", {}).get("EncryptionType"),
        }
    )


def _get_encryption(aws: Clients, target: Props, known: Props) -> Props:
    answer = aws.call("s3", "get_bucket_encryption", **target)["ServerSideEncryptionConfiguration"]["Rules"]
    given = known.get("rules") or []
    return {
        "rules": [
            _encryption_rule(rule, given[index] if index < len(given) else {}) for index, rule in enumerate(answer)
        ]
    }


def _put_ownership(aws: Clients, target: Props, args: Props) -> None:
    rules = {"Rules": [{"ObjectOwnership": args["rule"]["objectOwnership"]}]}
    aws.call("s3", "put_bucket_ownership_controls", **target, OwnershipControls=rules)


def _get_ownership(aws: Clients, target: Props, known: Props) -> Props:
    rules = aws.call("s3", "get_bucket_ownership_controls", **target)["OwnershipControls"]["Rules"]
    return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}}


def _put_lifecycle(aws: Clients, target: Props, args: Props) -> None:
    aws.call(
        "s3", "put_bucket_lifecycle_configuration", **target,
        LifecycleConfiguration={"Rules": rules_to_api(args["rules"])},
        TransitionDefaultMinimumObjectSize=args.get("transitionDefaultMinimumObjectSize"),
    )  # fmt: skip


def _get_lifecycle(aws: Clients, target: Props, known: Props) -> Props:
    answer = aws.call("s3", "get_bucket_lifecycle_configuration", **target)
    size = answer.get("TransitionDefaultMinimumObjectSize") or known.get("transitionDefaultMinimumObjectSize")
    return {"rules": rules_from_api(answer["Rules"]), "transitionDefaultMinimumObjectSize": size}


def _get_policy(aws: Clients, target: Props, known: Props) -> Props:
    return {"policy": aws.call("s3", "get_bucket_policy", **target)["Policy"]}


VERSIONING = part(
    "aws:s3/bucketVersioning:BucketVersioning",
    {
        "versioningConfiguration": Argument(),
        "versioningConfiguration.status": Argument(),
        "versioningConfiguration.mfaDelete": Argument(shape="s3.MFADelete", computed=True),
    },
    put=_put_versioning,
    get=_get_versioning,
    drop=_suspend,
    check=_check_versioning,
)

PUBLIC_ACCESS_BLOCK = part(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    {name: Argument(default=False) for name in BLOCKS},
    put=_put_block,
    get=_get_block,
    drop=lambda aws, target, state: aws.call("s3", "delete_public_access_block", **target),
    gone=("NoSuchPublicAccessBlockConfiguration",),
    owner=False,
)

ENCRYPTION = part(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    {
        "rules": Argument(unordered=True),
        "rules.applyServerSideEncryptionByDefault": Argument(),
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": Argument(),
        "rules.applyServerSideEncryptionByDefault.sseAlgorithm": Argument(shape="s3.ServerSideEncryption"),
        "rules.blockedEncryptionTypes": Argument(unordered=True, computed=True),
        "rules.bucketKeyEnabled": Argument(),
    },
    put=_put_encryption,
    get=_get_encryption,
    drop=lambda aws, target, state: aws.call("s3", "delete_bucket_encryption", **target),
    gone=("ServerSideEncryptionConfigurationNotFoundError",),
)

OWNERSHIP = part(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    {"rule": Argument(), "rule.objectOwnership": Argument(shape="s3.ObjectOwnership")},
    put=_put_ownership,
    get=_get_ownership,
    drop=lambda aws, target, state: aws.call("s3", "delete_bucket_ownership_controls", **target),
    gone=("OwnershipControlsNotFoundError",),
    owner=False,
)

POLICY = part(
    "aws:s3/bucketPolicy:BucketPolicy",
    {"policy": Argument(cfn="PolicyDocument", text="policy")},
    put=lambda aws, target, args: aws.call("s3", "put_bucket_policy", **target, Policy=args["policy"]),
    get=_get_policy,
    drop=lambda aws, target, state: aws.call("s3", "delete_bucket_policy", **target),
    gone=("NoSuchBucketPolicy",),
    owner=False,
    cfn="AWS::S3::BucketPolicy",
)

LIFECYCLE = part(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    {
        "rules": Argument(),
        "rules.id": Argument(cfn="LifecycleConfiguration.Rules.Id"),
        "rules.status": Argument(cfn="LifecycleConfiguration.Rules.Status"),
        "rules.abortIncompleteMultipartUpload": Argument(),
        "rules.abortIncompleteMultipartUpload.daysAfterInitiation": Argument(
            cfn="LifecycleConfiguration.Rules.AbortIncompleteMultipartUpload.DaysAfterInitiation"
        ),
        "rules.expiration": Argument(),
        "rules.expiration.days": Argument(),
        "rules.expiration.expiredObjectDeleteMarker": Argument(computed=True),
        "rules.filter": Argument(computed=True),
        "rules.filter.prefix": Argument(computed=True),
        "rules.noncurrentVersionExpiration": Argument(),
        "rules.noncurrentVersionExpiration.noncurrentDays": Argument(),
        "rules.noncurrentVersionExpiration.newerNoncurrentVersions": Argument(),
        "rules.noncurrentVersionTransitions": Argument(unordered=True),
        "rules.noncurrentVersionTransitions.noncurrentDays": Argument(),
        "rules.noncurrentVersionTransitions.newerNoncurrentVersions": Argument(),
        "rules.noncurrentVersionTransitions.storageClass": Argument(shape="s3.TransitionStorageClass"),
        "rules.transitions": Argument(unordered=True),
        "rules.transitions.days": Argument(),
        "rules.transitions.storageClass": Argument(shape="s3.TransitionStorageClass"),
        "transitionDefaultMinimumObjectSize": Argument(
            shape="s3.TransitionDefaultMinimumObjectSize", default="all_storage_classes_128K"
        ),
    },
    put=_put_lifecycle,
    get=_get_lifecycle,
    drop=lambda aws, target, state: aws.call("s3", "delete_bucket_lifecycle", **target),
    gone=("NoSuchLifecycleConfiguration",),
)

PARTS = (VERSIONING, PUBLIC_ACCESS_BLOCK, ENCRYPTION, OWNERSHIP, POLICY, LIFECYCLE)
