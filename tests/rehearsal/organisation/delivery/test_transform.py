"""What a target gets: the documented input forms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.organisation.core import ApiError, NotEmulated
from rehearsal.organisation.delivery.transform import Context, InvalidJson, check_target_input, target_input

EVENT: dict[str, Any] = {
    "id": "1",
    "detail-type": "t",
    "detail": {"instance": "i-1", "state": 'a "b"', "list": [{"n": 5}], "deep": {"x": True}},
}
CONTEXT = Context("arn:rule", "rule", "2026-01-01T00:00:00Z")


def _fill(template: str, **paths: str) -> str:
    target = {"Id": "1", "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    check_target_input(target)
    return target_input(target, EVENT, CONTEXT)


def test_without_input_a_target_gets_the_event() -> None:
    """Guards the default form."""
    assert json.loads(target_input({"Id": "1"}, EVENT, CONTEXT)) == EVENT


def test_a_constant_is_sent_as_it_stands() -> None:
    """Guards against re-serialising the constant."""
    assert target_input({"Id": "1", "Input": '{"a":  1}'}, EVENT, CONTEXT) == '{"a":  1}'


def test_a_path_sends_its_part_of_the_event() -> None:
    """Guards indices and names with hyphens."""
    assert target_input({"Id": "1", "InputPath": "$.detail.list[0]"}, EVENT, CONTEXT) == '{"n": 5}'
    assert target_input({"Id": "1", "InputPath": "$.detail-type"}, EVENT, CONTEXT) == '"t"'


def test_a_text_is_quoted_only_outside_quotes() -> None:
    """Guards the quoting rules: a text within a text is escaped, elsewhere it gets quotes."""
    filled = json.loads(_fill('{"a": <s>, "b": "it is <s>", "n": <n>}', s="$.detail.state", n="$.detail.list[0].n"))
    assert filled == {"a": 'a "b"', "b": 'it is a "b"', "n": 5}


def test_an_object_goes_in_as_json() -> None:
    """Guards objects outside quotes."""
    assert json.loads(_fill('{"all": <d>}', d="$.detail.deep")) == {"all": {"x": True}}


def test_an_object_within_quotes_is_refused_by_name() -> None:
    """Guards against inventing what AWS documents in two ways."""
    with pytest.raises(NotEmulated, match="inside quotes"):
        _fill('{"all": "x <d>"}', d="$.detail.deep")


def test_reserved_variables_need_no_path() -> None:
    """Guards the reserved names."""
    filled = json.loads(_fill('{"r": <aws.events.rule-name>, "e": <aws.events.event.json>}'))
    assert filled == {"r": "rule", "e": EVENT}


def test_a_missing_value_that_breaks_the_template_fails_the_delivery() -> None:
    """Guards against sending what is no JSON."""
    with pytest.raises(InvalidJson):
        _fill('{"a": <gone>}', gone="$.detail.gone")


@pytest.mark.parametrize(
    "target",
    [
        {"Id": "1", "Input": "{}", "InputPath": "$"},
        {"Id": "1", "Input": "{"},
        {"Id": "1", "InputPath": "detail"},
        {"Id": "1", "InputTransformer": {"InputTemplate": "<unknown>"}},
        {"Id": "1", "InputTransformer": {"InputTemplate": "{"}},
        {"Id": "1", "InputTransformer": {"InputPathsMap": {"a": "x"}, "InputTemplate": "<a>"}},
    ],
)
def test_a_malformed_input_is_refused_when_the_target_is_put(target: dict[str, Any]) -> None:
    """Guards against a target that only fails at the first event."""
    with pytest.raises(ApiError, match="ValidationException"):
        check_target_input(target)
