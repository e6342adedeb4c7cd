"""The provider's own arguments: read, checked, and the account they lead to compared with those allowed."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.provider.check import Failure, value_failures
from rehearsal.provider.clients import Clients
from rehearsal.provider.metadata import Property, provider_inputs
from rehearsal.provider.values import UNKNOWN_TEXTS, Props, has_unknown

NOT_CARRIED_OUT = ("assumeRoleWithWebIdentity", "httpProxy", "httpsProxy", "noProxy", "customCaBundle")
"""Arguments that change whom or what the provider talks to, and that the rehearsal doesn't carry out."""

MUST_BE_OFF = ("useDualstackEndpoint", "useFipsEndpoint")
"""Endpoint choices that mean nothing where an endpoint URL is set."""

OWN_KEYS = ("version", "pluginDownloadURL")
"""What the engine adds to a provider's properties."""

ASSUME_ROLE = {
    "roleArn": "RoleArn", "sessionName": "RoleSessionName", "externalId": "ExternalId", "policy": "Policy",
    "sourceIdentity": "SourceIdentity", "transitiveTagKeys": "TransitiveTagKeys",
}  # fmt: skip
DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
DEFAULT_ATTEMPTS = 3


class Misconfigured(Exception):
    """The provider can't work with this configuration; the text names argument, value and remedy."""


class WrongAccount(Misconfigured):
    """The credentials belong to an account that the configuration doesn't admit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The provider's arguments, read. `roles` are parameters of sts:AssumeRole, in the order of the chain."""

    region: str
    access_key: str | None = None
    secret_key: str | None = None
    token: str | None = None
    profile: str | None = None
    roles: Sequence[Props] = ()
    allowed: Sequence[str] = ()
    forbidden: Sequence[str] = ()
    default_tags: Mapping[str, str] = field(default_factory=dict)
    ignored_tags: Sequence[str] = ()
    ignored_prefixes: Sequence[str] = ()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    attempts: int = DEFAULT_ATTEMPTS
    s3_path_style: bool = False

    def ignores(self, tag: str) -> bool:
        """Whether the provider leaves this tag to others (`ignoreTags`)."""
        return tag in self.ignored_tags or tag.startswith(tuple(self.ignored_prefixes))


def _camel(value: Any) -> Any:
    """Nested arguments with Pulumi's keys: plain dicts of a Python program arrive with `role_arn`."""
    if isinstance(value, dict):
        return {re.sub(r"_(.)", lambda match: match.group(1).upper(), key): _camel(item) for key, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value


def decode(arguments: Props, known: Mapping[str, Property] | None = None) -> Props:
    """Undo what the SDK does to a provider's arguments: whatever is no string travels as JSON text."""
    found: Props = {}
    for name, sent in arguments.items():
        value, spec = sent, (known or provider_inputs()).get(name)
        if isinstance(value, str) and spec is not None and spec.kind != "string":
            with contextlib.suppress(ValueError):  # not JSON: the type check names it
                value = json.loads(value)
            if any(text in json.dumps(value) for text in UNKNOWN_TEXTS):
                continue  # known only after the update: configured then
        if name == "defaultTags" and isinstance(value, dict):
            found[name] = value  # the keys below are tags, not arguments
        else:
            found[name] = _camel(value)
    return found


def _carried(spec: Property) -> Property:
    """A copy of a provider argument with everything in it carried out, for the shared value check."""
    return Property(
        kind=spec.kind,
        element=_carried(spec.element) if spec.element else None,
        properties={name: _carried(item) for name, item in spec.properties.items()},
        required=spec.required,
        carried=True,
    )


def failures(arguments: Props) -> Iterator[Failure]:
    """What is wrong with a provider's arguments."""
    known = provider_inputs()
    for name, value in decode(arguments).items():
        if name in OWN_KEYS or value is None:
            continue
        if name not in known:
            yield Failure(name, f"{name} is no argument of aws.Provider that pulumi_aws 7.51.1 knows")
        elif name in NOT_CARRIED_OUT:
            yield Failure(name, f"{name} is an argument of aws.Provider that the rehearsal doesn't carry out")
        elif name in MUST_BE_OFF and value:
            yield Failure(name, f"{name} means nothing in the rehearsal, whose endpoint is a URL: leave it out")
        else:
            yield from value_failures(_carried(known[name]), value, name)
            if name in ("allowedAccountIds", "forbiddenAccountIds") and not has_unknown(value):
                for item in value if isinstance(value, list) else ():
                    if not re.fullmatch(r"\d{12}", str(item)):
                        yield Failure(name, f"{name} holds {item!r}: an account id has 12 digits, quoted")


def _role(role: Mapping[str, Any]) -> Props:
    parameters = {api: role[name] for name, api in ASSUME_ROLE.items() if role.get(name)}
    parameters.setdefault("RoleSessionName", "pulumi")
    if role.get("policyArns"):
        parameters["PolicyArns"] = [{"arn": arn} for arn in role["policyArns"]]
    if role.get("tags"):
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(role["tags"].items())]
    match = DURATION.fullmatch(role.get("duration") or "")
    if match and role.get("duration"):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        parameters["DurationSeconds"] = hours * 3600 + minutes * 60 + seconds
    return parameters


def read(arguments: Props) -> Configuration:
    """Read a provider's arguments; Misconfigured if there is no Region or anything in them is wrong."""
    wrong = [failure.reason for failure in failures(arguments)]
    if wrong:
        raise Misconfigured("; ".join(wrong))
    found = decode(arguments)
    region = found.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise Misconfigured("missing region: set aws:region in the stack's configuration, or AWS_REGION")
    endpoints = {name: url for item in found.get("endpoints") or () for name, url in item.items()}
    ignored = found.get("ignoreTags") or {}
    return Configuration(
        region=region,
        access_key=found.get("accessKey"),
        secret_key=found.get("secretKey"),
        token=found.get("token"),
        profile=found.get("profile"),
        roles=[_role(role) for role in found.get("assumeRoles") or ()],
        allowed=found.get("allowedAccountIds") or (),
        forbidden=found.get("forbiddenAccountIds") or (),
        default_tags=(found.get("defaultTags") or {}).get("tags") or {},
        ignored_tags=ignored.get("keys") or (),
        ignored_prefixes=ignored.get("keyPrefixes") or (),
        endpoints=endpoints,
        attempts=found.get("maxRetries") or DEFAULT_ATTEMPTS,
        s3_path_style=bool(found.get("s3UsePathStyle")),
    )


def admit(clients: Clients) -> None:
    """Compare the account of the credentials with the ones allowed and forbidden; WrongAccount names both."""
    configuration = clients.configuration
    if not configuration.allowed and not configuration.forbidden:
        return
    account = clients.account
    if account in configuration.forbidden:
        raise WrongAccount(f"AWS account ID not allowed: {account} is in forbiddenAccountIds; nothing was changed")
    if configuration.allowed and account not in configuration.allowed:
        raise WrongAccount(
            f"AWS account ID not allowed: the credentials belong to account {account}, this stack admits "
            f"only {', '.join(configuration.allowed)} (allowedAccountIds); nothing was changed. Use the "
            "credentials or the assumeRoles of the right account"
        )
