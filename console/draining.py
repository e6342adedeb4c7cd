"""Taking down what people started or made in Studio, and what blocks `pulumi destroy`: apps, then spaces.

Order: apps, spaces, user profiles, domain (dg/gs-studio-delete-domain). The program makes the last two and one private
space for each profile, named after it; everything else is somebody's. A space's volume goes with it, for good.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from blueprint.names import Names
from console.errors import FOUND, CommandError

GONE = ("Deleted", "Deleting")
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class App:
    """An application. It belongs to a space, or, in Studio Classic, to a user profile."""

    domain: str
    kind: str
    name: str
    space: str | None
    profile: str | None

    @property
    def parameters(self) -> dict[str, str]:
        owner = {"SpaceName": self.space} if self.space else {"UserProfileName": self.profile or ""}
        return {"DomainId": self.domain, "AppType": self.kind, "AppName": self.name, **owner}

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.space or self.profile}"


@dataclass(slots=True)
class Drained:
    """What a domain of the installation holds that the program didn't make."""

    domain: str
    name: str
    apps: list[App] = field(default_factory=list)
    spaces: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not self.apps and not self.spaces

    def document(self) -> dict[str, Any]:
        apps = [
            {"type": app.kind, "name": app.name, "space": app.space, "userprofile": app.profile} for app in self.apps
        ]
        return {"domain": self.domain, "name": self.name, "apps": apps, "spaces": list(self.spaces)}


def look(sagemaker: Any, names: Names, stack: str | None) -> list[Drained]:
    """The installation's domains of this account, or the one of a stack. Raises CommandError for a missing one."""
    wanted = None if stack is None else names.domain(stack)
    found = []
    for domain in pages(sagemaker.list_domains, "Domains"):
        name = domain["DomainName"]
        if name == wanted or (wanted is None and name.startswith(f"{names.prefix}-")):
            found.append(_look_into(sagemaker, names, domain["DomainId"], name))
    if wanted is not None and not found:
        raise CommandError(f"there is no Studio domain {wanted} in this account and region: nothing blocks", FOUND)
    return found


def _look_into(sagemaker: Any, names: Names, domain: str, name: str) -> Drained:
    stack = name.removeprefix(f"{names.prefix}-")
    of_domain = {"DomainIdEquals": domain}
    profiles = [one["UserProfileName"] for one in pages(sagemaker.list_user_profiles, "UserProfiles", **of_domain)]
    ours = {names.space(stack, profile) for profile in profiles}
    drained = Drained(domain, name)
    for app in pages(sagemaker.list_apps, "Apps", **of_domain):
        if app["Status"] not in GONE:
            drained.apps.append(
                App(domain, app["AppType"], app["AppName"], app.get("SpaceName"), app.get("UserProfileName"))
            )
    spaces = [one["SpaceName"] for one in pages(sagemaker.list_spaces, "Spaces", **of_domain)]
    drained.spaces = [space for space in spaces if space not in ours]
    return drained


def drain(
    sagemaker: Any, drained: Drained, limit_seconds: float, *, sleep: Callable[[float], None] = time.sleep
) -> None:  # fmt: skip
    """Delete them and wait until they are gone. Raises CommandError where they aren't in time; may be repeated."""
    for app in drained.apps:
        sagemaker.delete_app(**app.parameters)
    _wait(lambda: [str(app) for app in drained.apps if not _app_gone(sagemaker, app)], limit_seconds, sleep)
    for space in drained.spaces:
        sagemaker.delete_space(DomainId=drained.domain, SpaceName=space)
    there = set(drained.spaces)
    _wait(
        lambda: [
            one["SpaceName"]
            for one in pages(sagemaker.list_spaces, "Spaces", DomainIdEquals=drained.domain)
            if one["SpaceName"] in there
        ],
        limit_seconds,
        sleep,
    )


def _app_gone(sagemaker: Any, app: App) -> bool:
    """A deleted application is shown for a day."""
    status: str = sagemaker.describe_app(**app.parameters)["Status"]
    return status == "Deleted"


def _wait(left: Callable[[], list[str]], limit_seconds: float, sleep: Callable[[float], None]) -> None:
    waited, pause = 0.0, FIRST_WAIT_SECONDS
    while remaining := left():
        if waited >= limit_seconds:
            raise CommandError(
                f"after {limit_seconds:g} seconds there still is {', '.join(remaining)}; SageMaker takes up to 20"
                " minutes: run the command again",
                FOUND,
            )
        sleep(pause)
        waited += pause
        pause = min(pause * 2, LONGEST_WAIT_SECONDS)


def pages(operation: Callable[..., Mapping[str, Any]], member: str, **parameters: str) -> Iterator[dict[str, Any]]:
    """All items of a list operation of SageMaker."""
    token: dict[str, str] = {}
    while True:
        answer = operation(**parameters, **token, MaxResults=100)
        yield from answer[member]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}
