"""Check at every depth of every type: no misspelt, mistyped or unlisted value gets through, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.provider.check import Naming, check
from rehearsal.provider.metadata import Kind, Property, type_data
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import Props

Place = tuple[str, tuple[str, ...], Property]
"""A type, the names down to one of its arguments (lists passed through), and what is known of the argument."""

WRONG: dict[Kind, st.SearchStrategy[Any]] = {
    "string": st.one_of(st.integers(), st.booleans(), st.just(["x"]), st.just({"x": "y"})),
    "integer": st.one_of(st.text(), st.booleans(), st.just(1.5), st.just([1])),
    "number": st.one_of(st.text(), st.booleans(), st.just([1])),
    "boolean": st.one_of(st.text(), st.integers(), st.just([True])),
    "list": st.one_of(st.text(), st.integers(), st.just({"0": "x"})),
    "map": st.one_of(st.text(), st.integers(), st.just(["x"])),
    "object": st.one_of(st.text(), st.integers(), st.just(["x"])),
    "archive": st.one_of(st.text(), st.integers(), st.just({"path": "x"})),
}


def descend(token: str, known: dict[str, Property], above: tuple[str, ...] = ()) -> Iterator[Place]:
    for name, spec in known.items():
        yield token, (*above, name), spec
        inner = spec.element if spec.kind == "list" and spec.element is not None else spec
        if spec.carried:
            yield from descend(token, dict(inner.properties), (*above, name))


PLACES = [place for token in sorted(TYPES) for place in descend(token, dict(type_data(token).inputs))]
CARRIED = [place for place in PLACES if place[2].carried]
LEFT_OUT = [place for place in PLACES if not place[2].carried]
OBJECTS = [
    (token, names, spec)
    for token, names, spec in CARRIED
    if spec.properties or (spec.element is not None and spec.element.properties)
]
LISTED = [
    (token, names, spec)
    for token, names, spec in CARRIED
    if "enum" in spec.limits or (spec.element is not None and "enum" in spec.element.limits)
]


def put(token: str, names: tuple[str, ...], value: Any) -> tuple[Props, str]:
    """Inputs with one value at a place, and the path by which Check must name it."""
    specs, known, path = [], dict(type_data(token).inputs), ""
    for depth, name in enumerate(names):
        spec = known.get(name)
        path += f".{name}" if depth else name
        if spec is None:
            specs.append((name, False))
            break
        through_list = spec.kind == "list" and depth < len(names) - 1
        path += "[0]" if through_list else ""
        specs.append((name, through_list))
        inner = spec.element if spec.kind == "list" and spec.element is not None else spec
        known = dict(inner.properties)
    for name, through_list in reversed(specs):
        value = {name: [value] if through_list else value}
    return value, path


def failed_at(token: str, news: Props) -> dict[str, str]:
    _, failures = check(TYPES[token], type_data(token), news, {}, Naming("it", bytes(4)), {})
    return {failure.path: failure.reason for failure in failures}


@given(st.data())
def test_a_value_of_another_type_is_refused_at_any_depth(data: st.DataObject) -> None:
    """Guards against a nested argument whose type nobody checks."""
    token, names, spec = data.draw(st.sampled_from(CARRIED))
    news, path = put(token, names, data.draw(WRONG[spec.kind]))
    assert "must be of type" in failed_at(token, news).get(path, ""), (token, path)


@given(st.sampled_from(OBJECTS), st.from_regex(r"[a-z]{3,12}Zz", fullmatch=True))
def test_an_unknown_argument_is_refused_at_any_depth(place: Place, name: str) -> None:
    """Guards against a misspelt argument of an object in an object, dropped without a word."""
    token, names, spec = place
    news, path = put(token, names, [{name: 1}] if spec.kind == "list" else {name: 1})
    inside = f"{path}[0].{name}" if spec.kind == "list" else f"{path}.{name}"
    assert "no argument that pulumi_aws 7.51.1 knows" in failed_at(token, news).get(inside, ""), (token, inside)


@pytest.mark.parametrize(("token", "names"), [(token, names) for token, names, _ in LEFT_OUT])
def test_what_is_not_carried_out_is_refused_at_any_depth(token: str, names: tuple[str, ...]) -> None:
    """Guards against an argument that pulumi_aws knows, and that would do nothing here."""
    news, path = put(token, names, "x")
    assert "doesn't carry out" in failed_at(token, news).get(path, ""), (token, path)


@pytest.mark.parametrize(("token", "names", "spec"), LISTED)
def test_a_value_that_is_not_listed_is_refused(token: str, names: tuple[str, ...], spec: Property) -> None:
    """Guards against a bad value of an enumeration, which AWS refuses at the update."""
    wrong: Any = "NoSuchValue" if "string" in (spec.kind, spec.element.kind if spec.element else "") else -7
    news, path = put(token, names, [wrong] if spec.kind == "list" else wrong)
    told = failed_at(token, news)
    assert any("must be one of" in reason for at, reason in told.items() if at.startswith(path)), (token, path, told)


def test_there_is_something_to_check() -> None:
    """Guards against empty lists above, by which nothing would be checked."""
    assert min(len(CARRIED), len(OBJECTS), len(LISTED), len(LEFT_OUT)) > 10
    assert {token for token, _, _ in CARRIED} == set(TYPES)
    assert any(spec.kind == "archive" for _, _, spec in CARRIED)
