"""Resources out of the engine's messages (Pulumi's `proto/pulumi/analyzer.proto`).

Signatures and sentinels: `sdk/go/common/resource/properties.go` and `sdk/go/common/resource/plugin/rpc.go` of Pulumi.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from policy_pack.resource import UNKNOWN, Resource

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a signature that marks secrets
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN_TEXTS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # a string
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


def before(request: analyzer_pb2.AnalyzeRequest) -> Resource:
    """A resource that is about to be made, changed or left: its inputs."""
    return Resource(
        type=request.type,
        name=request.name,
        urn=request.urn,
        props=properties(request.properties),
        protect=request.options.protect,
    )


def at_the_end(resource: analyzer_pb2.AnalyzerResource) -> Resource:
    """A resource of the whole stack: its outputs, as far as the preview knows them."""
    return Resource(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        props=properties(resource.properties),
        protect=resource.options.protect,
        depends={key: frozenset(urns.urns) for key, urns in resource.propertyDependencies.items()},
    )


def properties(struct: struct_pb2.Struct) -> dict[str, Any]:
    return {key: value_of(value) for key, value in struct.fields.items()}


def value_of(value: struct_pb2.Value) -> Any:
    """A protobuf value as Python's, secrets and outputs unwrapped, UNKNOWN where it is."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _object(properties(value.struct_value))
    if kind == "list_value":
        return [value_of(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_TEXTS else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _object(found: dict[str, Any]) -> Any:
    """An object, or what a signed one stands for. Assets and archives stay objects: their text may hold a secret."""
    signature = found.get(SIGNATURE)
    if signature == OUTPUT and "value" not in found:
        return UNKNOWN
    return found["value"] if signature in (SECRET, OUTPUT) else found
