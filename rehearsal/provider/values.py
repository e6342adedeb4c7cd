"""Values as the engine sends them over gRPC, and as the plugin works with them.

A property value is JSON (None, bool, int, float, str, list, dict), or :data:`UNKNOWN`, or an
:class:`Archive` or :class:`Asset`. Secrets and output values are unwrapped: the plugin answers
`acceptSecrets` false, so the engine marks the outputs again by the inputs of the same name. Signatures and
sentinels: pulumi `sdk/python/lib/pulumi/runtime/ rpc.py` and `sdk/go/common/resource/plugin/rpc.go`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from google.protobuf import struct_pb2

Props = dict[str, Any]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  # a signature that marks secrets
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"

UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_TEXTS: Final = frozenset(
    {
        UNKNOWN_TEXT,  # a string
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


class Unknown(Enum):
    """A value that is known only after the update."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: `source` is which key is set (`text`, `path`, `uri`), `value` its text, `hash` SHA-256 hex."""

    hash: str
    source: str
    value: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A tree of files: `source` is `path`, `uri` (with `value`) or `assets` (with `assets`), `hash` SHA-256
    hex.

    Two archives are the same when their hashes are: the path may differ between two checkouts.
    """

    hash: str
    source: str
    value: str = ""
    assets: tuple[tuple[str, Asset | Archive], ...] = ()


def from_value(value: struct_pb2.Value) -> Any:
    """Turn a protobuf value into a property value."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _from_object(value.struct_value)
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_TEXTS else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _from_object(struct: struct_pb2.Struct) -> Any:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else None
    if signature is None:
        return from_struct(struct)
    if signature == SECRET:
        return from_value(fields["value"])
    if signature == OUTPUT:
        return from_value(fields["value"]) if "value" in fields else UNKNOWN
    if signature == RESOURCE:
        return from_value(fields["id"]) if "id" in fields else fields["urn"].string_value
    if signature in (ASSET, ARCHIVE):
        return _from_asset(signature, fields)
    raise ValueError(f"the engine sent a value with the signature {signature!r}, which this plugin doesn't know")


def _from_asset(signature: str, fields: Any) -> Asset | Archive:
    """The engine sends the keys that aren't used too, empty; of an old state it may send the hash alone."""
    digest = fields["hash"].string_value if "hash" in fields else ""
    kind = Asset if signature == ASSET else Archive
    for source in ("text", "path", "uri"):
        if source in fields and fields[source].string_value:
            return kind(digest, source, fields[source].string_value)
    if signature == ARCHIVE and "assets" in fields:
        members = fields["assets"].struct_value.fields
        return Archive(digest, "assets", "", tuple((name, from_value(members[name])) for name in sorted(members)))
    return kind(digest, "text" if "text" in fields else "", "")


def from_struct(struct: struct_pb2.Struct) -> Props:
    """Turn a protobuf struct into properties, keys without a value left out."""
    read = {key: from_value(value) for key, value in struct.fields.items()}
    return {key: value for key, value in read.items() if value is not None}


def to_plain(value: Any) -> Any:
    """Turn a property value into JSON with the engine's signatures and sentinels."""
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Asset):
        return _signed(ASSET, value.hash, value.source, value.value)
    if isinstance(value, Archive):
        members = {name: to_plain(asset) for name, asset in value.assets}
        return _signed(ARCHIVE, value.hash, value.source, members if value.source == "assets" else value.value)
    return value


def _signed(signature: str, digest: str, source: str, content: Any) -> Props:
    found = {SIGNATURE: signature, "hash": digest}
    return {**found, source: content} if source else found


def to_struct(props: Props) -> struct_pb2.Struct:
    """Turn properties into a protobuf struct, keys without a value left out."""
    struct = struct_pb2.Struct()
    struct.update(to_plain(props))
    return struct


def has_unknown(value: Any) -> bool:
    """Say whether any part of the value is known only after the update."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def without_none(props: Props) -> Props:
    """Leave out the keys without a value."""
    return {key: value for key, value in props.items() if value is not None}
