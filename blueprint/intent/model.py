"""What an intent is made of: requests, principals, what each role may, what each resource admits.

A request (`Ask`) is concrete: one action on one ARN with the condition keys that AWS sends with it. Its id is
`<thing>:<verb>`, with `#<Action>` behind it where several actions are one verb. Rows name requests and principals by
patterns of these ids (`*`, as in a shell); a row without `#` covers all actions of its verb.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Value = str | bool | list[str]
Context = Mapping[str, Value]

Side = Literal["identity", "resource"]
Kind = Literal["policy", "service", "function", "detected"]

EVERYTHING: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}
"""What AdministratorAccess says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a stack's own settings say that it has.

    `tracking`: `app`, `server` or `none`. `studio`: its people work in Studio. `endpoints`: those that its inference
    API asks, none where it has no API. `routes`: ARNs of that API's routes. `private`: its network has no way out.
    """

    tracking: str = "none"
    studio: bool = False
    endpoints: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an intent needs to know beside the organisation.

    ARNs that AWS gives when something is made ("" where a part is off), and what the stacks' own settings say. `trial`:
    the hub's stateful resources may be destroyed. `parts` are by stack.
    """

    artifacts_key: str
    governance_key: str
    anchors_key: str
    sink: str = ""
    trial: bool = False
    parts: Mapping[str, Parts] = field(default_factory=dict)

    def of(self, stack: str) -> Parts:
        return self.parts.get(stack, Parts())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. `account` owns the resource, "" for what is the caller's own. `stack`: the stack that it is of.

    `open`: the resource is AWS's, and AWS documents that it admits every account; its policy is none of ours.
    `gated`: another's key, whose own policy would have to admit, and says nothing of us.
    """

    id: str
    action: str
    resource: str
    account: str
    stack: str
    context: Context
    open: bool = False
    gated: bool = False

    @property
    def thing(self) -> str:
        return self.id.partition(":")[0]

    @property
    def verb(self) -> str:
        return self.id.partition("#")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. `identity`: the policies of principals that aren't in the program, None where it is read from it.

    `stack`: the stack of the account, "" where it is none of the installation's. `context`: keys that AWS sends with
    each of its requests. `outside`: not in the configured organisation, whatever its account.
    """

    id: str
    arn: str
    stack: str = ""
    identity: Mapping[str, Any] | None = None
    context: Context = field(default_factory=dict)
    outside: bool = False

    @property
    def is_role(self) -> bool:
        """Whether its policies are the program's."""
        return self.identity is None and ":assumed-role/" in self.arn

    @property
    def account(self) -> str:
        parts = self.arn.split(":")
        return parts[4] if len(parts) > 4 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleIntent:
    """What a role of the program may do.

    `may`: allowed. `never`: its own policies refuse explicitly, so it holds whatever else is attached to it and
    whatever a resource grants. `anywhere`: actions that they refuse so on whatever resource. `held`: its own policies
    would allow, the resource's policy alone refuses. `only`: every action that it may do nothing with is refused
    explicitly, too. All other requests: nothing of it grants them.
    """

    id: str
    may: tuple[str, ...]
    never: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The resource's side alone lets these principals do these requests, whatever their identity side says.

    `direct`: it names everybody, so that in its own account nothing else has to allow.
    """

    asks: tuple[str, ...]
    who: tuple[str, ...]
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The resource's side alone refuses these requests explicitly, to all of `who` but `but`."""

    asks: tuple[str, ...]
    who: tuple[str, ...] = ("*",)
    but: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence about who may or may never, with what enforces it.

    `kind`: `policy` is computed, cell by cell; each of `alone` must refuse by itself. Else nothing is computed:
    `shown` names the page (service), or the test or expectation that shows it (function, detected).
    """

    id: str
    text: str
    kind: Kind
    who: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    allowed: bool = False
    alone: tuple[Side, ...] = ()
    shown: str = ""


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether an id is covered by one of the patterns."""
    short = name.partition("#")[0]
    return any(fnmatchcase(name, pattern) or fnmatchcase(short, pattern) for pattern in patterns)
