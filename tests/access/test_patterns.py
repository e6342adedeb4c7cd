"""Wildcards, ARN patterns and policy variables, against a matcher that tries every way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import MalformedPolicy
from access.patterns import Context, Template, arn_matches, compiled, glob

LETTERS = st.text(alphabet="ab:/", max_size=8)
PATTERNS = st.text(alphabet="ab:/*?", max_size=8)


def brute_force(pattern: str, value: str) -> bool:
    """Wildcard matching by trying every length of every star."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(brute_force(pattern[1:], value[taken:]) for taken in range(len(value) + 1))
    return bool(value) and pattern[0] in ("?", value[0]) and brute_force(pattern[1:], value[1:])


def expanded(text: str, context: Context | None = None, *, variables: bool = True) -> str | None:
    return Template(text, variables=variables, wildcards=True, where="here").expand(context or {})


def like(text: str, value: str, context: Context | None = None, *, variables: bool = True) -> bool:
    pattern = expanded(text, context, variables=variables)
    return pattern is not None and compiled(pattern).matches(value)


@given(PATTERNS, LETTERS)
def test_wildcards_match_what_trying_every_way_finds(pattern: str, value: str) -> None:
    """Guards: a shortcut (prefix, exact, atomic group) that matches more or less than the wildcards mean."""
    assert glob(pattern).matches(value) == brute_force(pattern, value)


@given(PATTERNS)
def test_a_pattern_matches_every_value_that_it_was_made_from(pattern: str) -> None:
    """Guards: a star that can't be empty or long, a question mark that isn't one character."""
    assert glob(pattern).matches(pattern.replace("*", "").replace("?", "x"))
    assert glob(pattern).matches(pattern.replace("*", "abab/b:").replace("?", "é"))


@given(st.lists(PATTERNS, min_size=6, max_size=6), st.lists(LETTERS, min_size=6, max_size=6))
def test_arn_patterns_match_component_by_component(pattern: list[str], value: list[str]) -> None:
    """Guards: ArnLike whose star crosses a colon of the first five components.

    reference_policies_elements_condition_operators.html: "Each of the six colon-delimited components of the ARN is
    checked separately".
    """
    pattern[:5] = [part.replace(":", "") for part in pattern[:5]]
    value[:5] = [part.replace(":", "") for part in value[:5]]
    text = expanded(":".join(pattern))
    assert text is not None
    assert arn_matches(text, ":".join(value)) == all(map(brute_force, pattern, value))


def test_many_stars_cost_no_more_than_their_length() -> None:
    """Guards: a policy that makes the evaluator backtrack for hours."""
    assert not glob("*a" * 40 + "b").matches("a" * 20_000)


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("*", "arn:aws:s3:::bucket", True),
        ("arn:aws:sns:*", "arn:aws:sns:eu-west-1:111122223333:topic", True),
        ("arn:aws:sns", "arn:aws:sns:eu-west-1:111122223333:topic", False),
        ("arn:aws:iam::*:role/x-*", "arn:aws:iam::111122223333:role/x-1", True),
        ("arn:aws:iam::*:role/x-*", "not an arn", False),
        ("arn:aws:logs:*:*:log-group:*", "arn:aws:logs:eu-west-1:111122223333:log-group:a:b", True),
        ("arn:*:role/x", "arn:aws:iam::111122223333:role/x", False),
    ],
)
def test_arn_patterns_of_fewer_components_match_only_with_a_star_at_the_end(
    pattern: str, value: str, matches: bool
) -> None:
    """Guards: a star inside a component that crosses colons, or a `*` that matches no ARN.

    reference_policies_elements_resource.html: a star at the end of a segment "can expand to match beyond the colon
    boundaries".
    """
    text = expanded(pattern)
    assert text is not None
    assert arn_matches(text, value) is matches


@pytest.mark.parametrize(
    ("text", "context", "value"),
    [
        ("home/${aws:username}/*", {"aws:username": "alice"}, "home/alice/x"),
        ("home/${AWS:UserName}/*", {"aws:username": "alice"}, "home/alice/x"),
        ("${aws:PrincipalTag/team, 'company-wide'}", {}, "company-wide"),
        ("${aws:PrincipalTag/team, 'company-wide'}", {"aws:principaltag/team": "yellow"}, "yellow"),
        ("${aws:PrincipalTag/team,'x, y'}", {}, "x, y"),
        ("a${*}b${?}c${$}d", {}, "a*b?c$d"),
    ],
)
def test_variables_are_filled_from_the_context(text: str, context: Context, value: str) -> None:
    """Guards: case-sensitive variable names, lost defaults, special characters taken as wildcards.

    reference_policies_variables.html: key names are case-insensitive; default values; special characters.
    """
    assert like(text, value, context)


def test_a_special_variable_is_the_character_itself() -> None:
    """Guards: `${*}` read as a wildcard, which would widen an Allow."""
    assert not like("a${*}", "ab")
    assert not like("a${?}", "ab")


def test_a_star_in_a_value_is_no_wildcard() -> None:
    """Guards: a session tag of `*` that opens every user's folder."""
    context: Context = {"aws:principaltag/team": "*"}
    assert like("home/${aws:PrincipalTag/team}/x", "home/*/x", context)
    assert not like("home/${aws:PrincipalTag/team}/x", "home/red/x", context)


@pytest.mark.parametrize("smuggled", ["\ufdd0", "a\ufdd1"])
def test_a_value_can_smuggle_no_wildcard_in(smuggled: str) -> None:
    """Guards: a tag made of the characters by which this module marks wildcards."""
    assert expanded("home/${aws:PrincipalTag/team}/x", {"aws:principaltag/team": smuggled}) is None


@pytest.mark.parametrize("context", [{}, {"aws:tagkeys": ("a", "b")}, {"aws:tagkeys": ()}])
def test_a_variable_without_a_single_value_matches_nothing(context: Context) -> None:
    """Guards: an absent variable read as an empty string, which would match `home//x`.

    reference_policies_variables.html#policy-vars-no-value; "You can't use a multivalued condition key as a variable".
    """
    assert expanded("home/${aws:TagKeys}/*", context) is None


def test_before_2012_a_variable_is_literal_text() -> None:
    """Guards: variables filled in policies of Version 2008-10-17.

    reference_policies_variables.html: they "are treated as literal strings in the policy".
    """
    assert like("home/${aws:username}", "home/${aws:username}", {"aws:username": "alice"}, variables=False)
    assert not like("home/${aws:username}", "home/alice", {"aws:username": "alice"}, variables=False)


@pytest.mark.parametrize(
    "text",
    ["${", "a${aws:username", "${}", "${ , 'x'}", "${aws:a, x}", "${aws:a, 'x}", "${${aws:a}}", "\ufdd0"],
)
def test_a_broken_variable_is_an_error(text: str) -> None:
    """Guards: a typing error in a variable that silently never matches."""
    with pytest.raises(MalformedPolicy, match="here: "):
        Template(text, variables=True, wildcards=True, where="here")
