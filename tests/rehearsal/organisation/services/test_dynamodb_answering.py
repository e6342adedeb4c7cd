"""Answers with items are what moto's own serialiser makes of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from moto.core.serialize import JSONSerializer, XFormedAttributePicker

from rehearsal.organisation.model import model
from rehearsal.organisation.services.dynamodb.answering import ItemSerializer

PLAIN = st.one_of(
    st.builds(lambda text: {"S": text}, st.text(max_size=5)),
    st.builds(lambda number: {"N": str(number)}, st.integers()),
    st.builds(lambda truth: {"BOOL": truth}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda texts: {"SS": texts}, st.lists(st.text(max_size=3), min_size=1, max_size=3)),
    st.builds(lambda data: {"B": data}, st.binary(max_size=5)),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.builds(lambda values: {"L": values}, st.lists(inner, max_size=3)),
        st.builds(lambda values: {"M": values}, st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    ),
    max_leaves=6,
)
ITEMS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=3)


@given(ITEMS)
def test_the_short_way_writes_what_moto_writes(items: list[dict[str, Any]]) -> None:
    """Guards: an item that loses a member, or gains a wrong encoding, on the short way past moto's look-ups."""
    result = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
    answers = [
        serializer(model("dynamodb").operation_model("Scan"), value_picker=XFormedAttributePicker()).serialize(result)
        for serializer in (ItemSerializer, JSONSerializer)
    ]
    assert json.loads(answers[0]["body"]) == json.loads(answers[1]["body"])
    assert answers[0]["headers"] == answers[1]["headers"]
