"""What is known of each type: generated at build time, read here without the SDK (1 s to import)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["string", "integer", "number", "boolean", "archive", "any", "list", "map", "object"]
PATH = Path(__file__).with_name("metadata.json")


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a type, or of an object within it.

    element: of a list or map. properties: of an object. carried: the row carries it out (else it is refused
    by name). computed: an output always has a value, so AWS or the provider chooses one when the input is
    absent. create_only: a change replaces the resource. limits: JSON-schema keywords (`pattern`, `enum`,
    `minimum`, …) and `source`, which schema says so."""

    kind: Kind
    element: Property | None = None
    properties: Mapping[str, Property] = field(default_factory=dict)
    required: bool = False
    carried: bool = False
    computed: bool = False
    create_only: bool = False
    deprecated: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TypeData:
    """The inputs of a type, the outputs that are no input, and the outputs that are secret."""

    inputs: Mapping[str, Property]
    outputs: tuple[str, ...]
    secrets: tuple[str, ...]


def decode(data: Mapping[str, Any]) -> Property:
    """Read one property from the generated JSON."""
    return Property(
        kind=data["kind"],
        element=decode(data["element"]) if "element" in data else None,
        properties={name: decode(item) for name, item in data.get("properties", {}).items()},
        required=data.get("required", False),
        carried=data.get("carried", False),
        computed=data.get("computed", False),
        create_only=data.get("createOnly", False),
        deprecated=data.get("deprecated", False),
        limits=data.get("limits", {}),
    )


@cache
def document() -> Mapping[str, Any]:
    """The generated file as it stands."""
    loaded: Mapping[str, Any] = json.loads(PATH.read_text("utf-8"))
    return loaded


@cache
def type_data(token: str) -> TypeData:
    """The generated data of a type; KeyError if the table has no such row."""
    data = document()["types"][token]
    inputs = {name: decode(item) for name, item in data["inputs"].items()}
    return TypeData(inputs, tuple(data["outputs"]), tuple(data["secrets"]))


@cache
def provider_inputs() -> Mapping[str, Property]:
    """The arguments of `aws.Provider`."""
    return {name: decode(item) for name, item in document()["provider"].items()}


def walk(inputs: Mapping[str, Property], prefix: str = "") -> Iterator[tuple[str, Property]]:
    """Every property with its dotted path, lists passed through."""
    for name, spec in inputs.items():
        path = f"{prefix}{name}"
        yield path, spec
        inner = spec.element if spec.kind == "list" and spec.element is not None else spec
        yield from walk(inner.properties, f"{path}.")
