"""The canonical form: one text per document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.canonical import canonical, digest, floats_as_text

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_the_form_does_not_depend_on_how_the_document_was_written(document: Any) -> None:
    """Guards: two writers of one fact disagree on its content id."""
    rewritten = json.loads(json.dumps(document, indent=2, sort_keys=False))
    assert canonical(rewritten) == canonical(document)
    assert json.loads(canonical(document)) == document


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"b": 1, "a": [True, None, "ü\n"]}, '{"a":[true,null,"ü\\n"],"b":1}'),
        ("\x00\x1f\x7f/\u2028", '"\\u0000\\u001f\x7f/\u2028"'),
        ({}, "{}"),
    ],
)
def test_the_form_is_the_one_that_the_document_states(document: Any, text: str) -> None:
    """Guards: a third party's verifier, written from docs/ledger.md, hashes other bytes."""
    assert canonical(document) == text


@pytest.mark.parametrize("value", [0.5, [1.0], {"a": {"b": float("nan")}}])
def test_a_float_has_no_canonical_form(value: Any) -> None:
    """Guards: 0.1 + 0.2 hashing differently in another language."""
    with pytest.raises(TypeError, match="float"):
        canonical(value)
    assert digest(floats_as_text(value))


def test_a_lone_surrogate_has_no_canonical_form() -> None:
    """Guards: a text that no UTF-8 reader can read back gets into the ledger."""
    with pytest.raises(ValueError, match="surrogates not allowed"):
        canonical("\ud800")
