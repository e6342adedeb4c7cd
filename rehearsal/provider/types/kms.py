"""aws.kms: Key, Alias. Ids: the key physical_id, the alias's name with `alias/`."""

from __future__ import annotations

from rehearsal.provider.clients import Clients, error_code, wait_until
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_id, pairs, tag_calls
from rehearsal.provider.values import UNKNOWN, Props

DEFAULT_SPEC = "SYMMETRIC_DEFAULT"
ROTATION_REASON = "automatic rotation is only for symmetric encryption keys (KMS developer guide, rotate-keys)"


def _create_key(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "kms", "create_key",
        Policy=args.get("policy"), Description=args.get("description"), KeyUsage=args["keyUsage"],
        KeySpec=args["customerMasterKeySpec"], MultiRegion=args.get("multiRegion"),
        BypassPolicyLockoutSafetyCheck=args["bypassPolicyLockoutSafetyCheck"],
        Tags=pairs(args.get("tagsAll"), "TagKey", "TagValue"),
    )  # fmt: skip
    physical_id: str = answer["KeyMetadata"]["KeyId"]
    return physical_id


def _configure_key(aws: Clients, physical_id: str, args: Props) -> None:
    if args["enableKeyRotation"]:
        aws.call(
            "kms",
            "enable_key_rotation",
            KeyId=physical_id,
            RotationPeriodInDays=args.get("rotationPeriodInDays"),
        )
    if not args["isEnabled"]:
        aws.call("kms", "disable_key", KeyId=physical_id)


def _rotation(aws: Clients, physical_id: str, key: Props) -> Props:
    if key["KeySpec"] != DEFAULT_SPEC or key.get("KeyState") == "PendingDeletion":
        return {}
    return aws.call("kms", "get_key_rotation_status", KeyId=physical_id)


def _read_key(aws: Clients, physical_id: str, known: Props) -> Props | None:
    key = aws.call("kms", "describe_key", KeyId=physical_id)["KeyMetadata"]
    if key["KeyState"] == "PendingDeletion":
        return None  # the real provider counts it as gone: its key material can't be used any more
    rotation = _rotation(aws, physical_id, key)
    enabled = rotation.get("KeyRotationEnabled", False)
    return {
        "arn": key["Arn"],
        "keyId": key["KeyId"],
        "description": key.get("Description"),
        "keyUsage": key["KeyUsage"],
        "customerMasterKeySpec": key["KeySpec"],
        "multiRegion": key.get("MultiRegion", False),
        "isEnabled": key["Enabled"],
        "enableKeyRotation": enabled,
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays") if enabled else None,
        "policy": aws.call("kms", "get_key_policy", KeyId=physical_id, PolicyName="default")["Policy"],
    }


def _update_key(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    """A disabled key is enabled first and disabled last: KMS changes nothing on a disabled one."""
    if new["isEnabled"] and not old.get("isEnabled"):
        aws.call("kms", "enable_key", KeyId=physical_id)
    rotation = ("enableKeyRotation", "rotationPeriodInDays")
    if any(new.get(key) != old.get(key) for key in rotation if new.get(key) is not None):
        if new["enableKeyRotation"]:
            aws.call(
                "kms",
                "enable_key_rotation",
                KeyId=physical_id,
                RotationPeriodInDays=new.get("rotationPeriodInDays"),
            )
        else:
            aws.call("kms", "disable_key_rotation", KeyId=physical_id)
    if new.get("description") is not None and new["description"] != old.get("description"):
        aws.call("kms", "update_key_description", KeyId=physical_id, Description=new["description"])
    if new.get("policy") is not None and new["policy"] != old.get("policy"):
        bypass = new["bypassPolicyLockoutSafetyCheck"]
        aws.call("kms", "put_key_policy", KeyId=physical_id, PolicyName="default", Policy=new["policy"],
                 BypassPolicyLockoutSafetyCheck=bypass)  # fmt: skip
    if not new["isEnabled"] and old.get("isEnabled"):
        aws.call("kms", "disable_key", KeyId=physical_id)


def _delete_key(aws: Clients, physical_id: str, state: Props) -> None:
    try:
        aws.call(
            "kms",
            "schedule_key_deletion",
            KeyId=physical_id,
            PendingWindowInDays=state.get("deletionWindowInDays"),
        )
    except Exception as error:
        if error_code(error) == "KMSInvalidStateException" and "pending deletion" in str(error):
            return
        raise


def _check_key(args: Props) -> list[tuple[str, str]]:
    rotating = args.get("enableKeyRotation") or args.get("rotationPeriodInDays") is not None
    if rotating and args.get("customerMasterKeySpec", DEFAULT_SPEC) not in (DEFAULT_SPEC, UNKNOWN):
        spec = args["customerMasterKeySpec"]
        return [
            (
                "enableKeyRotation",
                f"enableKeyRotation can't be set for a key of spec {spec}: {ROTATION_REASON}",
            )
        ]
    if args.get("rotationPeriodInDays") is not None and not args.get("enableKeyRotation"):
        return [("rotationPeriodInDays", "rotationPeriodInDays needs enableKeyRotation to be true")]
    return []


KEY = ResourceType(
    pulumi_type="aws:kms/key:Key",
    cfn="AWS::KMS::Key",
    arguments={
        "bypassPolicyLockoutSafetyCheck": Argument(cfn="BypassPolicyLockoutSafetyCheck", default=False, kept=True),
        # KMS has no call that changes spec, usage or the multi-Region property of a key (boto:kms
        # UpdatePrimaryRegion moves the primary only), so the Terraform provider replaces; CloudFormation's
        # schema marks none of them.
        "customerMasterKeySpec": Argument(cfn="KeySpec", default=DEFAULT_SPEC, replaces=True),
        "deletionWindowInDays": Argument(cfn="PendingWindowInDays", kept=True),
        "description": Argument(cfn="Description"),
        "enableKeyRotation": Argument(cfn="EnableKeyRotation", default=False),
        "isEnabled": Argument(cfn="Enabled", default=True),
        "keyUsage": Argument(cfn="KeyUsage", default="ENCRYPT_DECRYPT", replaces=True),
        "multiRegion": Argument(cfn="MultiRegion", replaces=True),
        "policy": Argument(shape="kms.PolicyType", text="policy"),
        "rotationPeriodInDays": Argument(cfn="RotationPeriodInDays"),
    },
    tags=tag_calls(
        "kms",
        by_id("KeyId"),
        read="list_resource_tags",
        add="tag_resource",
        remove="untag_resource",
        pair=("TagKey", "TagValue"),
    ),
    check=_check_key,
    create=_create_key,
    configure=_configure_key,
    read=_read_key,
    update=_update_key,
    delete=_delete_key,
    gone=("NotFoundException",),
)


def _create_alias(aws: Clients, args: Props) -> str:
    aws.call("kms", "create_alias", AliasName=args["name"], TargetKeyId=args["targetKeyId"])
    name: str = args["name"]
    return name


def _find_alias(aws: Clients, name: str) -> Props | None:
    aliases = aws.pages("kms", "list_aliases", "Aliases")
    return next((alias for alias in aliases if alias["AliasName"] == name), None)


def _read_alias(aws: Clients, physical_id: str, known: Props) -> Props | None:
    alias = _find_alias(aws, physical_id)
    if alias is None:
        return None
    target = alias["TargetKeyId"]
    arn = f"{alias['AliasArn'].rsplit(':', 1)[0]}:key/{target}"
    given = known.get("targetKeyId")
    return {
        "name": alias["AliasName"],
        "arn": alias["AliasArn"],
        "targetKeyId": given if given in (target, arn) else target,  # an ARN and its key id are the same target
        "targetKeyArn": arn,
    }


def _update_alias(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if new["targetKeyId"] != old.get("targetKeyId"):
        aws.call("kms", "update_alias", AliasName=physical_id, TargetKeyId=new["targetKeyId"])


def _wait_for_alias(aws: Clients, physical_id: str, args: Props) -> None:
    wait_until(
        lambda: _find_alias(aws, physical_id) is not None,
        f"the alias {physical_id} didn't appear in ListAliases",
    )


def _delete_alias(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("kms", "delete_alias", AliasName=physical_id)


ALIAS = ResourceType(
    pulumi_type="aws:kms/alias:Alias",
    cfn="AWS::KMS::Alias",
    name=AutoName(),
    arguments={"name": Argument(cfn="AliasName"), "targetKeyId": Argument(cfn="TargetKeyId")},
    create=_create_alias,
    configure=_wait_for_alias,
    read=_read_alias,
    update=_update_alias,
    delete=_delete_alias,
    gone=("NotFoundException",),
)

TYPES = (KEY, ALIAS)
