"""Request parameters and response elements as CloudTrail writes them: lowerCamel names, no payloads, no secrets.

Sources: awscloudtrail cloudtrail-event-reference-record-contents (content above 100 KB is omitted),
cloudtrail-event-reference-user-identity (the AssumeRole sample: names, `expiration` as `Jan 22, 2021 12:46:28 AM`, no
secret access key). Members that a model marks sensitive (ModelCardContent) are hidden.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
MOST_BYTES = 102_400
_SECRETS = frozenset({"SecretAccessKey", "Password", "PrivateKeyPlaintext"})


def written(params: Mapping[str, Any] | None, shape: Any) -> dict[str, Any] | None:
    """A structure of botocore's as a record shows it; None for an empty or too large one."""
    if not params:
        return None
    shown: dict[str, Any] = _written(params, shape)
    if len(json.dumps(shown).encode()) > MOST_BYTES:
        return None
    return shown or None


def _written(value: Any, shape: Any) -> Any:
    if shape is not None and shape.metadata.get("sensitive"):
        return HIDDEN
    if isinstance(value, Mapping):
        return _mapping(value, shape)
    if isinstance(value, list | tuple):
        inner = getattr(shape, "member", None)
        return [_written(one, inner) for one in value]
    if isinstance(value, datetime):
        return moment(value)
    return value


def _mapping(value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    if shape is not None and shape.type_name == "map":
        return {str(key): _written(one, shape.value) for key, one in value.items()}
    members = getattr(shape, "members", {})
    return {
        lower_camel(name): _written(one, members.get(name))
        for name, one in value.items()
        if name not in _SECRETS and not isinstance(one, bytes | bytearray) and one is not None
    }


def lower_camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def moment(time: datetime) -> str:
    """`Jan 22, 2021 12:46:28 AM`, UTC."""
    utc = time.astimezone(UTC)
    hour = utc.hour % 12 or 12
    return f"{utc:%b} {utc.day}, {utc.year} {hour}:{utc:%M:%S} {'PM' if utc.hour >= 12 else 'AM'}"
