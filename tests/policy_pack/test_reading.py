"""Values as the engine sends them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2

from policy_pack.reading import OUTPUT, SECRET, SIGNATURE, UNKNOWN_TEXTS, properties
from policy_pack.resource import UNKNOWN, Resource


def read(value: Any) -> Any:
    return properties(json_format.ParseDict({"value": value}, struct_pb2.Struct()))["value"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({SIGNATURE: SECRET, "value": {"a": "hush"}}, {"a": "hush"}),
        ({SIGNATURE: OUTPUT, "value": [1, 2.5]}, [1, 2.5]),
        ({SIGNATURE: OUTPUT}, UNKNOWN),
        (None, None),
        (30, 30),
        (True, True),
    ],
)
def test_wrapped_values_are_unwrapped(sent: Any, expected: Any) -> None:
    """Guards: a secret that hides from the rules, or a wrapper taken for an object."""
    assert read(sent) == expected


@pytest.mark.parametrize("text", sorted(UNKNOWN_TEXTS))
def test_every_kind_of_unknown_is_unknown(text: str) -> None:
    """Guards: a sentinel taken for a value: a queue encrypted with the key 6a19a0b0-…."""
    assert read({"inner": [text]}) == {"inner": [UNKNOWN]}


def test_paths_lead_through_objects_and_stop_at_what_is_unknown() -> None:
    """Guards: an unknown object whose parts count as absent."""
    resource = Resource(type="t", name="n", props={"a": {"b": 1, "c": UNKNOWN}, "d": UNKNOWN, "e": [{"f": 2}]})
    assert resource.at("a.b") == 1
    assert resource.at("a.c.x") is UNKNOWN
    assert resource.at("d.x") is UNKNOWN
    assert resource.at("a.x") is None
    assert resource.at("e.f") is None
    assert ("e[0].f", 2) in list(resource.leaves())
