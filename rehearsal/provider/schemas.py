"""What CloudFormation's schemas (as cfn-lint ships them) and botocore's models say of a property; for `generate.py`."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import regex

REGION = "eu-west-1"
LIMITS = (
    "pattern",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
)


class BadRow(Exception):
    """A row names an argument or a schema path that doesn't exist."""


@cache
def cfn_schema(name: str) -> Mapping[str, Any]:
    """The CloudFormation schema of a type as cfn-lint ships it."""
    base = importlib.resources.files("cfnlint") / "data" / "schemas"
    table = json.loads((base / "providers" / f"{REGION}.json").read_text("utf-8"))
    schema: Mapping[str, Any] = json.loads((base / "resources" / f"{table[name]}.json").read_text("utf-8"))
    return schema


def _resolve(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
    return node


def cfn_node(name: str, path: str) -> Mapping[str, Any]:
    """The schema at a dotted property path, lists passed through."""
    schema = cfn_schema(name)
    node: Mapping[str, Any] = schema
    for part in path.split("."):
        node = _resolve(schema, node)
        if "items" in node:
            node = _resolve(schema, node["items"])
        choices = [
            node,
            *(_resolve(schema, choice) for choice in (*node.get("oneOf", ()), *node.get("anyOf", ()))),
        ]
        found = next((choice["properties"][part] for choice in choices if part in choice.get("properties", {})), None)
        if found is None:
            raise BadRow(f"{name} has no property {path} (at {part})")
        node = found
    return _resolve(schema, node)


def _checked(limits: dict[str, Any], where: str) -> dict[str, Any]:
    """The limits with their source, if there are any; BadRow if their pattern can't be read."""
    if limits.get("uniqueItems") is False:
        del limits["uniqueItems"]
    if "pattern" in limits:
        try:
            regex.compile(limits["pattern"])
        except regex.error as error:
            raise BadRow(f"the pattern of {where} can't be read: {limits['pattern']} ({error})") from error
    return {**limits, "source": where} if limits else {}


def cfn_limits(name: str, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The limits of one CloudFormation property, and those of its items if it is a list."""
    node = cfn_node(name, path)
    items = _resolve(cfn_schema(name), node.get("items", {}))
    own, inner = ({key: value for key, value in part.items() if key in LIMITS} for part in (node, items))
    return _checked(own, f"{name} {path}"), _checked(inner, f"{name} {path}")


@cache
def _service_shapes(service: str) -> Any:
    from botocore.session import get_session

    return get_session().get_service_model(service)


def botocore_limits(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The limits of a botocore shape (`lambda.Runtime`), and those of its members if it is a list."""
    service, shape_name = name.split(".")
    shape = _service_shapes(service).shape_for(shape_name)
    member = getattr(shape, "member", None)
    inner = _shape_limits(member) if shape.type_name == "list" else {}
    return _checked(_shape_limits(shape), f"botocore {name}"), _checked(inner, f"botocore {name}")


def _shape_limits(shape: Any) -> dict[str, Any]:
    """What a shape says of its values; its patterns hold for the whole value."""
    found: dict[str, Any] = {}
    if getattr(shape, "enum", None):
        found["enum"] = list(shape.enum)
    length = {"string": ("minLength", "maxLength"), "list": ("minItems", "maxItems")}
    low, high = length.get(shape.type_name, ("minimum", "maximum"))
    for key, keyword in (("min", low), ("max", high)):
        if key in shape.metadata:
            found[keyword] = shape.metadata[key]
    if "pattern" in shape.metadata:
        found["pattern"] = f"^(?:{shape.metadata['pattern']})$"
    return found


def create_only(name: str | None, path: str | None) -> bool:
    """Whether CloudFormation replaces the resource when this property changes."""
    if name is None or path is None:
        return False
    marks = [mark.removeprefix("/properties/") for mark in cfn_schema(name).get("createOnlyProperties", ())]
    here = path.replace(".", "/")
    return any(here == mark or here.startswith(f"{mark}/") for mark in marks)
