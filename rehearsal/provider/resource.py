"""What a row of the type table says: arguments, and the calls that carry a resource through its life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rehearsal.provider.values import Props

if TYPE_CHECKING:
    from rehearsal.provider.clients import Clients

Text = Literal["plain", "policy", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One input, by its dotted Pulumi path (`pointInTimeRecovery.enabled`); lists are passed through.

    cfn: the property path in the CloudFormation schema whose limits and create-only mark hold for it.
    shape: the botocore shape (`lambda.Runtime`) whose enum, pattern and range hold, where CloudFormation
    has none. default: the Terraform provider's default (it is planned, not written into the inputs, as the
    bridge does). replaces: whether a change replaces the resource, where the Terraform provider differs
    from CloudFormation. text: whether a string is a policy or another JSON document, compared by meaning
    and not by spelling. unordered: a set: the order of a list means nothing. kept: AWS never returns it;
    the state keeps what was sent. computed: AWS chooses a value when it is absent (None: as the SDK's
    output type says)."""

    cfn: str | None = None
    shape: str | None = None
    default: Any = None
    replaces: bool | None = None
    text: Text = "plain"
    unordered: bool = False
    kept: bool = False
    computed: bool | None = None


@dataclass(frozen=True, slots=True)
class AutoName:
    """How pulumi-aws names what the program leaves unnamed: logical name, a dash, 7 hexadecimal digits."""

    argument: str = "name"
    limit: int = 255
    lower: bool = False


@dataclass(frozen=True, slots=True)
class Tags:
    """The calls that read, add and remove tags; each gets the clients, the id and the state (with `arn`)."""

    read: Callable[[Clients, str, Props], dict[str, str]]
    add: Callable[[Clients, str, Props, dict[str, str]], None]
    remove: Callable[[Clients, str, Props, list[str]], None]


def no_later_steps(aws: Clients, physical_id: str, args: Props) -> None:
    """Do nothing after the create call: it alone makes the whole resource."""


def no_update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    """Do nothing on update: every argument replaces the resource, is a tag, or concerns only the provider."""


def no_more_checks(args: Props) -> list[tuple[str, str]]:
    """Find nothing beyond what the schemas say."""
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A row.

    create(aws, args) -> id: makes the resource, or raises; after it returned the resource is in the state,
    whatever follows. configure(aws, physical_id, args): the steps after that (a wait, a second call); if
    one fails the resource is kept as initialised badly, as the real provider does, and the next update
    mends it. read(aws, physical_id, known) -> outputs in Pulumi's spelling, or None when it is gone;
    `known` is the state so far (arguments at creation, {} at an import). update(aws, physical_id, old,
    new): `old` is the state, `new` the planned arguments. delete(aws, physical_id, state). check(args) ->
    (path, reason) of what no schema says; an argument that isn't wholly known is UNKNOWN. gone: error
    codes that mean "not found". recomputed: output -> arguments whose change makes it unknown in an
    update's preview. adopts: why a create over an existing one succeeds in the real provider too, or "".
    """

    pulumi_type: str
    cfn: str | None = None
    arguments: Mapping[str, Argument]
    create: Callable[[Clients, Props], str]
    read: Callable[[Clients, str, Props], Props | None]
    delete: Callable[[Clients, str, Props], None]
    configure: Callable[[Clients, str, Props], None] = no_later_steps
    update: Callable[[Clients, str, Props, Props], None] = no_update
    check: Callable[[Props], list[tuple[str, str]]] = no_more_checks
    name: AutoName | None = None
    tags: Tags | None = None
    gone: tuple[str, ...] = ()
    recomputed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    adopts: str = ""
