"""Sinks and links as OAM keeps them: sinks in the monitoring account, links in the source account.

Sources: botocore's oam model, cw/CloudWatch-Unified-Cross-Account (one sink per account and Region; five monitoring
accounts per source account).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rehearsal.organisation.core import ApiError, Organisation
from rehearsal.organisation.services.oam.filters import Filter


@dataclass(slots=True)
class Sink:
    id: str
    name: str
    account: str
    region: str
    policy: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:oam:{self.region}:{self.account}:sink/{self.id}"


@dataclass(slots=True)
class Link:
    """One link. `metric_filter` is the filter as sent, `metrics` the parsed one; None lets all namespaces through."""

    id: str
    account: str
    region: str
    sink: str
    label: str
    label_template: str
    created: datetime
    resource_types: list[str]
    metric_filter: str | None = None
    metrics: Filter | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:oam:{self.region}:{self.account}:link/{self.id}"


def sinks(org: Organisation, account: str, region: str) -> dict[str, Sink]:
    """The sinks of an account and region by id: none or one."""
    found: dict[str, Sink] = org.state("oam", account, region).setdefault("sinks", {})
    return found


def links(org: Organisation, account: str, region: str) -> dict[str, Link]:
    """The links that a source account made in a region, by id."""
    found: dict[str, Link] = org.state("oam", account, region).setdefault("links", {})
    return found


def all_links(org: Organisation, region: str) -> Iterator[Link]:
    for account in org.accounts.values():
        yield from links(org, account.id, region).values()


def not_found(what: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"The resource {what} could not be found.", 404)


def find_sink(org: Organisation, arn: str) -> Sink | None:
    """The sink of an ARN, of whatever account."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "oam" or not parts[5].startswith("sink/"):
        return None
    return sinks(org, parts[4], parts[3]).get(parts[5].removeprefix("sink/"))


def find_link(org: Organisation, arn: str) -> Link | None:
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "oam" or not parts[5].startswith("link/"):
        return None
    return links(org, parts[4], parts[3]).get(parts[5].removeprefix("link/"))
