"""Tags in the three spellings that AWS's APIs have: a list of keyed pairs, or a map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Tags
from rehearsal.provider.values import Props

Subject = Callable[[str, Props], Mapping[str, Any]]
"""The parameters that name the tagged resource, from its id and state."""


def pairs(tags: Mapping[str, str] | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
    """`[{Key, Value}]`, sorted by key, or None without tags."""
    return [{key: name, value: text} for name, text in sorted((tags or {}).items())] or None


def unpair(tags: list[dict[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """The map of a list of pairs."""
    return {tag[key]: tag[value] for tag in tags or ()}


def by_arn(parameter: str) -> Subject:
    """The resource is named by the ARN in the state."""
    return lambda physical_id, state: {parameter: state["arn"]}


def by_id(parameter: str) -> Subject:
    """The resource is named by its id."""
    return lambda physical_id, state: {parameter: physical_id}


def tag_calls(
    service: str,
    subject: Subject,
    *,
    read: str,
    add: str,
    remove: str,
    field: str = "Tags",
    keys: str = "TagKeys",
    pair: tuple[str, str] | None = ("Key", "Value"),
    read_field: str = "",
) -> Tags:
    """The three calls of a service. `pair` None: tags are a map. `read_field`: if reading has another key."""

    def read_tags(aws: Clients, physical_id: str, state: Props) -> dict[str, str]:
        found = aws.call(service, read, **subject(physical_id, state)).get(read_field or field)
        return unpair(found, *pair) if pair else dict(found or {})

    def add_tags(aws: Clients, physical_id: str, state: Props, tags: dict[str, str]) -> None:
        aws.call(service, add, **subject(physical_id, state), **{field: pairs(tags, *pair) if pair else tags})

    def remove_tags(aws: Clients, physical_id: str, state: Props, names: list[str]) -> None:
        aws.call(service, remove, **subject(physical_id, state), **{keys: names})

    return Tags(read_tags, add_tags, remove_tags)


LAMBDA_TAGS = tag_calls(
    "lambda", by_arn("Resource"), read="list_tags", add="tag_resource", remove="untag_resource", pair=None
)
"""Functions and event source mappings are tagged by the same calls."""
