"""Use of a KMS key by SQS, Lambda and CloudWatch Logs for a caller: the key's ARN from the forms that the APIs take."""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Organisation


def key_arn(org: Organisation, key: str, account: str, region: str) -> str:
    """The ARN of a key given as an id, an alias, or an ARN of either; keys of another account by ARN only.

    Raises ApiError (NotFoundException) for an alias that leads nowhere.
    """
    resource = key.rsplit(":", 1)[-1] if key.startswith("arn:") else key
    if key.startswith("arn:"):
        account, region = key.split(":")[4], key.split(":")[3]
    if not resource.startswith("alias/"):
        return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key.removeprefix('key/')}"
    found = org.moto("kms", account, region).get_key_id_from_alias(resource)
    if found is None:
        raise ApiError("NotFoundException", f"Alias arn:aws:kms:{region}:{account}:{resource} is not found.")
    return f"arn:aws:kms:{region}:{account}:key/{found}"
