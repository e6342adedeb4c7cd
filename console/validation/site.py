"""An account to look at, one look, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from blueprint.names import Key
from blueprint.settings import Settings

KEYS: tuple[Key, ...] = ("artifacts", "governance", "anchors")


@dataclass(frozen=True)
class Site:
    """A stack's account. `client`: a boto3 client of a service, with credentials of the account."""

    settings: Settings
    client: Callable[[str], Any]

    @cached_property
    def keys(self) -> Mapping[Key, str]:
        """ARN of each of the hub's keys, by its alias."""
        kms, names = self.client("kms"), self.settings.organisation.names
        return {key: kms.describe_key(KeyId=names.alias(key))["KeyMetadata"]["Arn"] for key in KEYS}


@dataclass(frozen=True, slots=True)
class Check:
    """`look` gives what is wrong, nothing where all is well; it raises AWS's error where the thing is missing."""

    thing: str
    calls: str
    look: Callable[[Site], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """`problems` is None where it couldn't be looked at; then `reason` says why."""

    check: Check
    problems: tuple[str, ...] | None
    reason: str = ""


def look(site: Site, check: Check) -> Checked:
    """Do one check. A thing that isn't there is a problem; a right that these credentials lack is none."""
    from botocore.exceptions import ClientError

    try:
        return Checked(check, tuple(check.look(site)))
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        told = f"{error.operation_name}: {code}: {error.response['Error'].get('Message', '')}"
        if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotEmulated"):
            return Checked(check, None, told)
        return Checked(check, (told,))
