"""Tags of what EC2 makes: given at its creation by type, later by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Tags
from rehearsal.provider.tagging import pairs, unpair
from rehearsal.provider.values import Props


def specification(kind: str, tags: Mapping[str, str] | None) -> list[dict[str, Any]] | None:
    """The tags of a creation, None without any."""
    found = pairs(tags)
    return [{"ResourceType": kind, "Tags": found}] if found else None


def by_filter(name: str, value: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [value]}]


def _read(aws: Clients, physical_id: str, state: Props) -> dict[str, str]:
    return unpair(aws.pages("ec2", "describe_tags", "Tags", Filters=by_filter("resource-id", physical_id)))


def _add(aws: Clients, physical_id: str, state: Props, tags: dict[str, str]) -> None:
    aws.call("ec2", "create_tags", Resources=[physical_id], Tags=pairs(tags))


def _remove(aws: Clients, physical_id: str, state: Props, names: list[str]) -> None:
    aws.call("ec2", "delete_tags", Resources=[physical_id], Tags=[{"Key": name} for name in names])


TAGS = Tags(_read, _add, _remove)
