"""The one byte form in which things are hashed, and the one text form of times.

Canonical JSON: UTF-8, keys sorted by code point, no white space, no escapes but those that JSON demands,
integers only (a float has no single text form), no NaN. `docs/ledger.md` states the same for third parties.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""What `json.loads` gives: None, bool, int, float, str, list, dict with str keys."""


def canonical(value: Json) -> str:
    """The canonical JSON text of a value.

    Raises TypeError for a float or anything that JSON has no form for, ValueError for a lone surrogate.
    """
    _refuse_floats(value)
    text = _ENCODER.encode(value)
    text.encode("utf-8")
    return text


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_PLAIN = frozenset({str, int, bool, type(None)})
"""Types that need no look inside: nearly every value of a row, so they aren't worth a call each."""


def _refuse_floats(value: Json) -> None:
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float: it has no single text form, so it can't be hashed; store it as text")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"key {key!r} is no text")
            if type(inner) not in _PLAIN:
                _refuse_floats(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            if type(inner) not in _PLAIN:
                _refuse_floats(inner)


def sha256_text(text: str) -> str:
    """SHA-256 of the UTF-8 bytes of a text, 64 lower-case hex digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def digest(value: Json) -> str:
    """SHA-256 of a value's canonical JSON, 64 lower-case hex digits."""
    return sha256_text(canonical(value))


def floats_as_text(value: Json) -> Json:
    """The same document with each float as its shortest decimal text, so that it can be hashed."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: floats_as_text(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [floats_as_text(inner) for inner in value]
    return value


def iso(moment: datetime) -> str:
    """A time as `YYYY-MM-DDTHH:MM:SS.mmmZ`: UTC, milliseconds (cut, not rounded), so that texts sort as times
    do.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: a naive time is nobody's time")
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
