"""Aliases: names of keys, unique per account and region."""

from __future__ import annotations

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves
from rehearsal.organisation.services.kms.keys import paged
from rehearsal.organisation.services.kms.needs import alias_needs
from rehearsal.organisation.services.kms.store import API, aliases_of, find, key_of, require_not_deleted


def _arn(call: Call, name: str) -> str:
    return f"arn:aws:kms:{call.region}:{call.caller.account}:{name}"


def _require_own_name(name: str) -> None:
    if not name.startswith("alias/") or name.startswith("alias/aws/"):
        raise ApiError("InvalidAliasNameException", f"{name}: an alias starts with alias/, and alias/aws/ is AWS's own")


@serves("kms", "CreateAlias", source=API + "CreateAlias", needs=alias_needs)
def create_alias(org: Organisation, call: Call) -> Params:
    name = call.params["AliasName"]
    _require_own_name(name)
    aliases = aliases_of(org, call.caller.account, call.region)
    if name in aliases:
        raise ApiError("AlreadyExistsException", f"An alias with the name {_arn(call, name)} already exists")
    key = key_of(org, call, "TargetKeyId")
    require_not_deleted(key)
    aliases[name] = key.id
    return {}


@serves("kms", "UpdateAlias", source=API + "UpdateAlias", needs=alias_needs)
def update_alias(org: Organisation, call: Call) -> Params:
    name = call.params["AliasName"]
    aliases = aliases_of(org, call.caller.account, call.region)
    if name not in aliases:
        raise ApiError("NotFoundException", f"Alias {_arn(call, name)} is not found.")
    key = key_of(org, call, "TargetKeyId")
    require_not_deleted(key)
    aliases[name] = key.id
    return {}


@serves("kms", "DeleteAlias", source=API + "DeleteAlias", needs=alias_needs)
def delete_alias(org: Organisation, call: Call) -> Params:
    name = call.params["AliasName"]
    if aliases_of(org, call.caller.account, call.region).pop(name, None) is None:
        raise ApiError("NotFoundException", f"Alias {_arn(call, name)} is not found.")
    return {}


@serves(
    "kms", "ListAliases", source=API + "ListAliases", fidelity="emulated",
    note="without the aliases of AWS's own keys (alias/aws/…); LastUpdatedDate isn't shown",
)  # fmt: skip
def list_aliases(org: Organisation, call: Call) -> Params:
    wanted = None
    if "KeyId" in call.params:
        wanted = find(org, call.params["KeyId"], call.owner, call.region).id
    rows = [
        {"AliasName": name, "AliasArn": _arn(call, name), "TargetKeyId": key}
        for name, key in sorted(aliases_of(org, call.owner, call.region).items())
        if wanted is None or key == wanted
    ]
    return paged("Aliases", rows, call)
