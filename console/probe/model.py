"""What a probe is, what it stands on, what it answers.

A probe asks AWS one question that its documents leave open, and on which the product has an assumption. Dry ones read,
or send what can't succeed; live ones make temporary resources and remove them again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import urlsplit

from blueprint.names import Names
from blueprint.organisation import Organisation, Spoke

Clients = Callable[[str], Any]
"""A boto3 client of a service, with one account's credentials."""

Undo = Callable[[str, Callable[[], Any]], None]
"""Notes what was made, and the call that removes it."""

REFUSALS = frozenset({"AccessDenied", "AccessDeniedException"})
NO_ANSWERS = frozenset(
    {
        "ExpiredToken", "ExpiredTokenException", "InternalServerError", "NotEmulated", "RequestLimitExceeded",
        "ServiceUnavailable", "Throttling", "ThrottlingException", "UnrecognizedClientException",
    }
)  # fmt: skip
DONE = "done"
"""What :func:`answer` gives for a call that AWS carried out."""


class Verdict(StrEnum):
    HELD = "held"
    DIFFERS = "differs"
    UNCLEAR = "could not tell"


@dataclass(frozen=True, slots=True)
class Result:
    """`evidence`: what was seen, a line each."""

    verdict: Verdict
    evidence: tuple[str, ...]


def held(*evidence: str) -> Result:
    return Result(Verdict.HELD, evidence)


def differs(*evidence: str) -> Result:
    return Result(Verdict.DIFFERS, evidence)


def unclear(*evidence: str) -> Result:
    return Result(Verdict.UNCLEAR, evidence)


def is_aws(endpoint: str) -> bool:
    """Whether an endpoint is one of AWS's own; any other is an emulator's."""
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu"))


@dataclass(kw_only=True, slots=True)
class Ground:
    """What probes stand on: an installation, credentials of its hub, and of one spoke where they are given.

    `version`: ARN of a registered version of which copies may be made. `token`: ends the names of temporary resources.
    `patience`: what pauses and limits are multiplied by. `left`: what couldn't be removed, with the reason.
    """

    organisation: Organisation
    hub: Clients
    spoke: Clients | None = None
    spoke_account: Spoke | None = None
    version: str | None = None
    token: str = ""
    patience: float = 1.0
    left: list[str] = field(default_factory=list)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep

    @property
    def names(self) -> Names:
        return self.organisation.names

    @property
    def account(self) -> str:
        return self.organisation.hub

    @property
    def region(self) -> str:
        return self.organisation.region

    @property
    def temporary(self) -> str:
        """The name of what a probe makes."""
        return f"{self.organisation.prefix}-probe-{self.token}"

    def group_arn(self) -> str:
        """A governed group."""
        return self.names.group_arn(self.account, self.organisation.groups[0])

    def until(self, ready: Callable[[], bool], seconds: float, pause: float = 2.0) -> bool:
        """Ask until it is so, at most for so long; whether it became so."""
        deadline = time.monotonic() + seconds * self.patience
        while not ready():
            if time.monotonic() >= deadline:
                return False
            self.sleep(pause * self.patience)
        return True

    @contextmanager
    def cleanup(self) -> Iterator[Undo]:
        """Remove what was made, the last first, whatever happened; what resists is noted and the rest goes on."""
        made: list[tuple[str, Callable[[], Any]]] = []
        try:
            yield lambda what, remove: made.append((what, remove))
        finally:
            for what, remove in reversed(made):
                try:
                    remove()
                except Exception as error:  # noqa: BLE001  # one that stays mustn't keep the others
                    self.left.append(f"{what}: {error}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One question.

    `calls`: what it calls, `service:Operation`. `live`: it makes temporary resources. `needs`: `spoke` credentials,
    a `version`. `expected`: what the product assumes. `otherwise`: what to change in the product if it isn't so.
    """

    name: str
    title: str
    why: str
    calls: tuple[str, ...]
    expected: str
    otherwise: str
    run: Callable[[Ground], Result]
    live: bool = False
    needs: tuple[Literal["spoke", "version"], ...] = ()


def answer(call: Callable[[], Any], *, refusal: bool = False) -> str:
    """Error code of a call, or DONE. See :func:`words`."""
    return words(call, refusal=refusal)[0]


def words(call: Callable[[], Any], *, refusal: bool = False) -> tuple[str, str]:
    """Error code and message of a call, or DONE and nothing.

    Raises what is no answer: that these credentials lack a right (unless a `refusal` is what is asked about), that the
    session ended, that AWS is busy, that an emulator doesn't know the call.
    """
    from botocore.exceptions import ClientError

    try:
        call()
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code in NO_ANSWERS or (code in REFUSALS and not refusal):
            raise
        return code, str(error.response["Error"].get("Message", ""))
    return DONE, ""
