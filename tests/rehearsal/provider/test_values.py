"""Values over gRPC: secrets, unknowns and archives survive the way in and out."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.values import (
    ARCHIVE,
    ASSET,
    OUTPUT,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_TEXTS,
    Archive,
    Asset,
    from_struct,
    has_unknown,
    to_plain,
    to_struct,
)

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8).filter(
    lambda name: name != SIGNATURE
)
ASSETS = st.builds(Asset, st.just("ab"), st.sampled_from(["text", "path"]), st.text("xyz", min_size=1))
ARCHIVES = st.recursive(
    st.builds(Archive, st.just("cd"), st.just("path"), st.text("xyz", min_size=1)),
    lambda inner: st.builds(
        lambda members: Archive("ef", "assets", "", tuple(sorted(members.items()))),
        st.dictionaries(st.text("abc", min_size=1, max_size=4), inner | ASSETS, max_size=3),
    ),
    max_leaves=5,
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.just(UNKNOWN)
    | ASSETS
    | ARCHIVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def struct(value: Any) -> struct_pb2.Struct:
    """A struct with one property, `it`."""
    found = struct_pb2.Struct()
    found.update({"it": value})
    return found


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_properties_come_back_as_they_went(props: dict[str, Any]) -> None:
    """Guards against a type lost on the way: an int read as float is a change at every preview."""
    assert from_struct(to_struct(props)) == props


@given(VALUES)
def test_unknown_parts_are_found_wherever_they_are(value: Any) -> None:
    """Guards against sending Pulumi's sentinel to AWS as if it were a name."""
    assert has_unknown({"it": value}) == ("04da6b54-80e4-46f7-96ec-b56ff0331ba9" in str(to_plain(value)))


@pytest.mark.parametrize("text", sorted(UNKNOWN_TEXTS))
def test_every_sentinel_of_the_engine_is_unknown(text: str) -> None:
    """Guards against an unknown list or number that arrives with its own sentinel and passes as text."""
    assert from_struct(struct(text)) == {"it": UNKNOWN}


def test_secrets_and_outputs_are_unwrapped() -> None:
    """Guards against a secret's wrapper being compared with the plain value that AWS returns."""
    inner = {SIGNATURE: OUTPUT, "value": ["a"], "secret": True}
    assert from_struct(struct({SIGNATURE: SECRET, "value": inner})) == {"it": ["a"]}
    assert from_struct(struct({SIGNATURE: OUTPUT, "secret": True})) == {"it": UNKNOWN}


def test_an_unknown_signature_is_refused() -> None:
    """Guards against a kind of value that a newer engine sends and that would pass as an ordinary object."""
    with pytest.raises(ValueError, match="which this plugin doesn't know"):
        from_struct(struct({SIGNATURE: "another"}))


def test_the_engines_empty_keys_of_an_archive_are_passed_over() -> None:
    """Guards against an empty package: the engine sends `assets` empty beside the `path` of a file archive."""
    sent = {SIGNATURE: ARCHIVE, "hash": "ab", "assets": {}, "path": "build/capture.zip", "uri": ""}
    assert from_struct(struct(sent)) == {"it": Archive("ab", "path", "build/capture.zip")}


def test_an_asset_of_which_only_the_hash_is_known_is_read() -> None:
    """Guards against a failing diff: of the old state the engine may send hashes alone."""
    assert from_struct(struct({SIGNATURE: ASSET, "hash": "ab"})) == {"it": Asset("ab", "", "")}
