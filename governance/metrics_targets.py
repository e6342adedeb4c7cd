"""What metrics are asked about: the variants and inference components of the endpoints in the endpoints' table.

Never by listing CloudWatch's metrics: those of a deleted endpoint stay listed for two weeks, and an idle endpoint's
aren't listed at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from governance.canonical import Json
from governance.metrics_catalogue import Kind
from governance.metrics_window import Window

COLUMNS = ("endpointarn", "endpointname", "account", "region", "variants", "deletedat")
"""What is read of an endpoint's row."""


@dataclass(frozen=True, slots=True)
class Target:
    """A variant of an endpoint, or an inference component that runs on it. `endpoint_arn` is lower-cased, as the
    endpoints' table's key. `variant` is None only for a component of which SageMaker names none (an adapter).
    """

    endpoint_arn: str
    endpoint: str
    account: str
    region: str
    variant: str | None
    component: str | None = None

    @property
    def key(self) -> str:
        """The row's partition key. The ARN holds account and Region: equal names elsewhere are other keys, and none of
        the three parts can hold a `#`.
        """
        own = f"{self.endpoint_arn}#{self.variant or ''}"
        return own if self.component is None else f"{own}#{self.component}"

    @property
    def kind(self) -> Kind:
        return Kind.VARIANT if self.component is None else Kind.COMPONENT

    @property
    def dimensions(self) -> tuple[tuple[str, str], ...]:
        """CloudWatch's dimensions, names and values."""
        values = (self.endpoint, self.variant or "") if self.component is None else (self.component,)
        return tuple(zip(self.kind.value, values, strict=True))


@dataclass(frozen=True, slots=True)
class Targets:
    """What to ask about, by key in order, and what can't be asked. `elsewhere`: endpoints of accounts or Regions whose
    metrics this installation doesn't see. `without_variants`: endpoints of which no variant is known yet.
    """

    ordered: tuple[Target, ...]
    elsewhere: int
    without_variants: int


def targets_of(rows: Iterable[Mapping[str, Json]], accounts: frozenset[str], region: str, window: Window) -> Targets:
    """The targets of the endpoints that lived in the window: metrics of one that was deleted since are still there."""
    found: dict[str, Target] = {}
    elsewhere = without_variants = 0
    for row in rows:
        arn = str(row["endpointarn"])
        if not arn.startswith("arn:") or _deleted_before(row.get("deletedat"), window.start):
            continue
        if row.get("account") not in accounts or row.get("region") != region:
            elsewhere += 1
            continue
        targets = list(_of_endpoint(arn, row))
        without_variants += not targets
        found |= {target.key: target for target in targets}
    return Targets(tuple(found[key] for key in sorted(found)), elsewhere, without_variants)


def _deleted_before(deleted: Json, start: int) -> bool:
    return bool(deleted) and datetime.fromisoformat(str(deleted)).timestamp() < start


def _of_endpoint(arn: str, row: Mapping[str, Json]) -> Iterator[Target]:
    name, account, region = str(row["endpointname"]), str(row["account"]), str(row["region"])
    for variant, components in _variants(row.get("variants")):
        if variant is not None:
            yield Target(arn, name, account, region, variant)
        for component in components:
            yield Target(arn, name, account, region, variant, component)


def _variants(column: Json) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """Names of variants, each with its components' names.

    The walk writes a JSON list of objects, the name null where components are on no variant; until it came by, events
    leave the names alone, separated by commas.
    """
    if not column:
        return
    if not str(column).startswith("["):
        yield from ((name, ()) for name in str(column).split(","))
        return
    for variant in json.loads(str(column)):
        yield variant["name"], tuple(component["name"] for component in variant.get("components", ()))
