"""Sizes as AWS counts them."""

from __future__ import annotations

from blueprint.limits import compact, stored_size


def test_policies_are_counted_without_white_space_and_in_bytes() -> None:
    """Guards: characters counted where AWS counts bytes; spaces counted where AWS strips them."""
    assert compact({"b": 1, "a": [1, 2]}) == '{"a":[1,2],"b":1}'
    assert stored_size({"a": "é"}) == len('{"a":"é"}') + 1


def test_equal_documents_are_equal_texts() -> None:
    """Guards: a diff because keys came in another order."""
    assert compact({"x": 1, "y": {"b": 2, "a": 1}}) == compact({"y": {"a": 1, "b": 2}, "x": 1})
