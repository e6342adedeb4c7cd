"""aws.s3: BucketObjectLockConfiguration. Id: the bucket's name, with `,owner` where one is expected.

Object Lock stays once it is on: a delete puts the configuration without its rule, as the real provider does. `token`,
which AWS once gave out for existing buckets, is not carried out.
"""

from __future__ import annotations

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument
from rehearsal.provider.types.s3_parts import part
from rehearsal.provider.values import Props, without_none

PERIODS = {"mode": "Mode", "days": "Days", "years": "Years"}
RULE = "rule.defaultRetention"


def _configuration(args: Props) -> Props:
    """ObjectLockConfiguration as S3 takes it; ObjectLockEnabled must stand in it each time."""
    configuration: Props = {"ObjectLockEnabled": args["objectLockEnabled"]}
    if args.get("rule"):
        default = args["rule"]["defaultRetention"]
        retention = {api: default.get(name) for name, api in PERIODS.items()}
        configuration["Rule"] = {"DefaultRetention": without_none(retention)}
    return configuration


def _put(aws: Clients, target: Props, args: Props) -> None:
    aws.call("s3", "put_object_lock_configuration", **target, ObjectLockConfiguration=_configuration(args))


def _get(aws: Clients, target: Props, known: Props) -> Props:
    found = aws.call("s3", "get_object_lock_configuration", **target)["ObjectLockConfiguration"]
    default = found.get("Rule", {}).get("DefaultRetention")
    if not default:
        return {"objectLockEnabled": found["ObjectLockEnabled"], "rule": None}
    retention = without_none({name: default.get(api) for name, api in PERIODS.items()})
    return {"objectLockEnabled": found["ObjectLockEnabled"], "rule": {"defaultRetention": retention}}


def _drop(aws: Clients, target: Props, state: Props) -> None:
    _put(aws, target, {"objectLockEnabled": state["objectLockEnabled"]})


def _check(args: Props) -> list[tuple[str, str]]:
    rule = args.get("rule")
    default = rule.get("defaultRetention") if isinstance(rule, dict) else None
    if isinstance(default, dict) and default.get("days") is not None and default.get("years") is not None:
        return [(f"{RULE}.years", f"{RULE}.days and {RULE}.years conflict: set one of them")]
    return []


OBJECT_LOCK = part(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    {
        # The Terraform provider replaces (ForceNew), though the only value there is is Enabled.
        "objectLockEnabled": Argument(
            cfn="ObjectLockConfiguration.ObjectLockEnabled", default="Enabled", replaces=True
        ),
        "rule": Argument(),
        RULE: Argument(),
        f"{RULE}.days": Argument(cfn="ObjectLockConfiguration.Rule.DefaultRetention.Days"),
        f"{RULE}.mode": Argument(cfn="ObjectLockConfiguration.Rule.DefaultRetention.Mode"),
        f"{RULE}.years": Argument(cfn="ObjectLockConfiguration.Rule.DefaultRetention.Years"),
    },
    put=_put,
    get=_get,
    drop=_drop,
    gone=("ObjectLockConfigurationNotFoundError",),
    check=_check,
)
