"""Answers with items, written by moto's serialiser but for their plain values, which are JSON as they are.

moto looks each of an attribute value's ten members up under four spellings, which for a ledger's rows took half of all
the time that the emulated AWS worked.
"""

from __future__ import annotations

from typing import Any

from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer

PLAIN = {"S": str, "N": str, "BOOL": bool, "NULL": bool}
"""Types of values without inner ones and without an encoding (dynamodb AttributeValue)."""


class ItemSerializer(JSONSerializer):
    """moto's JSON serialiser with a short way for an item's plain values."""

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and key and _is_plain(value):
            serialized[key] = value
        else:
            super()._serialize_type_structure(serialized, value, shape, key)


def _is_plain(value: Any) -> bool:
    if type(value) is not dict or len(value) != 1:
        return False
    [(kind, inner)] = value.items()
    return kind in PLAIN and type(inner) is PLAIN[kind]


SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": ItemSerializer}
