"""The condition operators: the tables of AWS's pages, then every operator and qualifier over edge values.

The pages are under docs.aws.amazon.com/IAM/latest/UserGuide/. Two of their tables contradict the definitions that
stand beside them; they are kept in ERRATA.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.conditions import OPERATORS, condition_test
from access.errors import MalformedPolicy
from access.patterns import Context

TAG = "aws:PrincipalTag/job-category"
PREPROD = {
    "StringEqualsIgnoreCase": {"aws:RequestTag/environment": ["preprod", "storage"]},
    "ForAnyValue:StringEquals": {"aws:TagKeys": "environment"},
}
DELETE_ALL = {
    "ForAllValues:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]},
    "Null": {"aws:TagKeys": "false"},
}
DELETE_ANY = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "cost-center"]}}
TRUE_TLS = {"Bool": {"aws:SecureTransport": "false"}}
BINARY = {"BinaryEquals": {"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}
RANGE = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
TOPIC = {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}}
TYPES = {"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}}
TEMPORARY = {"Null": {"aws:TokenIssueTime": "false"}}
HOME = {"StringLike": {"s3:prefix": ["home/", "home/${aws:username}/"]}}
LOGGED = "logs:LogGeneratingResourceArns"
SOURCES = {
    "ForAllValues:ArnLike": {
        LOGGED: [
            "arn:aws::cloudfront:123456789012:distribution/*",
            "arn:aws::cloudfront:123456789012:distribution/support*",
        ]
    }
}
ANA_MARY = ["arn:aws:iam::222222222222:user/Ana", "arn:aws:iam::222222222222:user/Mary"]
TEAMS = {"aws:PrincipalTag/department": ["finance", "hr", "legal"], "aws:PrincipalTag/role": ["audit", "security"]}
POSITIVE = {"StringEquals": TEAMS, "ArnLike": {"aws:PrincipalArn": ANA_MARY}}
NEGATIVE = {"StringEquals": TEAMS, "ArnNotLike": {"aws:PrincipalArn": ANA_MARY}}


def user(name: str, department: str | None = "hr", role: str | None = "audit") -> dict[str, Any]:
    tags = {"aws:PrincipalTag/department": department, "aws:PrincipalTag/role": role}
    return {"aws:PrincipalArn": f"arn:aws:iam::222222222222:user/{name}"} | {k: v for k, v in tags.items() if v}


def distributions(*names: str, account: str = "123456789012") -> dict[str, Any]:
    return {LOGGED: [f"arn:aws::cloudfront:{account}:distribution/{name}" for name in names]}


OPERATORS_PAGE = [
    ({"StringEquals": {TAG: "iamuser-admin"}}, {TAG: "iamuser-admin"}, True),
    ({"StringEquals": {TAG: "iamuser-admin"}}, {TAG: "dev-ops"}, False),
    ({"StringEquals": {TAG: "iamuser-admin"}}, {}, False),
    (HOME, {"aws:username": "martha_rivera", "s3:prefix": "home/martha_rivera/"}, True),
    (HOME, {"aws:username": "nikki_wolf", "s3:prefix": "home/martha_rivera/"}, False),
    (HOME, {"s3:prefix": "home/martha_rivera/"}, False),
    (PREPROD, {"aws:TagKeys": ["environment"], "aws:RequestTag/environment": "preprod"}, True),
    (PREPROD, {"aws:TagKeys": ["environment", "costcenter"], "aws:RequestTag/environment": "PreProd"}, True),
    (PREPROD, {"aws:TagKeys": ["Environment"], "aws:RequestTag/Environment": "preprod"}, False),
    (PREPROD, {"aws:TagKeys": ["costcenter"], "aws:RequestTag/environment": "preprod"}, False),
    (PREPROD, {"aws:RequestTag/environment": "storage"}, False),
    (PREPROD, {"aws:TagKeys": ["environment"]}, False),
    (PREPROD, {}, False),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": 10}, True),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "11"}, False),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {}, False),
    (
        {"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}},
        {"aws:TokenIssueTime": "2020-01-01T00:00:02Z"},
        True,
    ),
    ({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}}, {}, False),
    (TRUE_TLS, {"aws:SecureTransport": "false"}, True),
    (TRUE_TLS, {"aws:SecureTransport": "true"}, False),
    (TRUE_TLS, {}, False),
    (BINARY, {"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}, True),
    (BINARY, {"key": "ASIAIOSFODNN7EXAMPLE"}, False),
    (BINARY, {}, False),
    (RANGE, {"aws:SourceIp": "203.0.113.1"}, True),
    (RANGE, {"aws:SourceIp": "198.51.100.1"}, False),
    (TOPIC, {"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}, True),
    (TOPIC, {"aws:SourceArn": "arn:aws:sns:us-west-2:777788889999:TOPIC-ID"}, False),
    (TOPIC, {}, False),
    (SOURCES, distributions("costcenter"), True),
    (SOURCES, distributions("costcenter", "support2025"), True),
    (SOURCES, distributions("costcenter", account="777788889999"), False),
    (SOURCES, {}, True),
    (TYPES, {"ec2:InstanceType": "t1.micro"}, True),
    (TYPES, {"ec2:InstanceType": "m2.micro"}, False),
    (TYPES, {}, True),
    (TEMPORARY, {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}, True),
    (TEMPORARY, {}, False),
]
SETS_PAGE = [
    (DELETE_ALL, {"aws:TagKeys": ["environment"]}, True),
    (DELETE_ALL, {"aws:TagKeys": ["cost-center"]}, True),
    (DELETE_ALL, {"aws:TagKeys": ["environment", "cost-center"]}, True),
    (DELETE_ALL, {"aws:TagKeys": ["environment", "dept"]}, False),
    (DELETE_ALL, {}, False),
    (DELETE_ANY, {"aws:TagKeys": ["environment"]}, True),
    (DELETE_ANY, {"aws:TagKeys": ["cost-center"]}, True),
    (DELETE_ANY, {"aws:TagKeys": ["environment", "cost-center"]}, True),
    (DELETE_ANY, {"aws:TagKeys": ["environment", "dept"]}, True),
    (DELETE_ANY, {"aws:TagKeys": ["dept"]}, False),
    (DELETE_ANY, {}, False),
]
LOGIC_PAGE = [
    (POSITIVE, user("Mary", "legal"), True),
    (POSITIVE, user("Nikki"), False),
    (POSITIVE, user("Mary", role="payroll"), False),
    (POSITIVE, user("Mary", role=None), False),
    (POSITIVE, user("Mary", None, None), False),
    (NEGATIVE, user("Nikki", "legal"), True),
    (NEGATIVE, user("Mary"), False),
    (NEGATIVE, user("Nikki", role="payroll"), False),
    (NEGATIVE, user("Nikki", role=None), False),
    (NEGATIVE, user("Nikki", None, None), False),
]
PATHS = {
    "ForAllValues:StringNotLike": {
        "aws:ResourceOrgPaths": ["o-acorg/r-acroot/ou-acroot-mediaou/", "o-acorg/r-acroot/ou-acroot-sportsou/*"]
    }
}
ERRATA = [
    # The page says Match. The value is like the second pattern, and "None of the values … can match" (its own table
    # of multivalued string operators).
    (PATHS, {"aws:ResourceOrgPaths": ["o-acorg/r-acroot/ou-acroot-sportsou/costcenter/"]}, False),
    # The page says No match. Neither pattern is like the value: the first has no wildcard.
    (PATHS, {"aws:ResourceOrgPaths": ["o-acorg/r-acroot/ou-acroot-mediaou/costcenter/"]}, True),
    # The page says No match. "It also returns true if there are no context keys in the request."
    (PATHS, {}, True),
    # One copy of the page says that `admin` doesn't match; `distribution/*` is the first pattern.
    (SOURCES, distributions("costcenter", "admin"), True),
]


def lowered(context: dict[str, Any]) -> Context:
    return {key.lower(): tuple(value) if isinstance(value, list) else str(value) for key, value in context.items()}


def holds(block: dict[str, Any], context: dict[str, Any], *, variables: bool = True) -> bool:
    """Whether a Condition block is true in a context."""
    return all(
        condition_test(
            operator, key, tuple(value if isinstance(value, list) else [value]), variables=variables, where="here"
        )(lowered(context))
        for operator, keys in block.items()
        for key, value in keys.items()
    )


@pytest.mark.parametrize(("block", "context", "expected"), OPERATORS_PAGE)
def test_the_tables_of_the_operators_page_hold(block: dict[str, Any], context: dict[str, Any], expected: bool) -> None:
    """Guards: an operator that departs from reference_policies_elements_condition_operators.html."""
    assert holds(block, context) is expected


@pytest.mark.parametrize(("block", "context", "expected"), SETS_PAGE)
def test_the_tables_of_the_set_operators_page_hold(
    block: dict[str, Any], context: dict[str, Any], expected: bool
) -> None:
    """Guards: ForAllValues or ForAnyValue apart from
    reference_policies_condition-single-vs-multi-valued-context-keys.html.
    """
    assert holds(block, context) is expected


@pytest.mark.parametrize(("block", "context", "expected"), LOGIC_PAGE)
def test_the_tables_of_the_multiple_keys_page_hold(
    block: dict[str, Any], context: dict[str, Any], expected: bool
) -> None:
    """Guards: AND, OR and NOR apart from reference_policies_condition-logic-multiple-context-keys-or-values.html."""
    assert holds(block, context) is expected


@pytest.mark.parametrize(("block", "context", "expected"), ERRATA)
def test_where_a_table_contradicts_its_definition_the_definition_is_followed(
    block: dict[str, Any], context: dict[str, Any], expected: bool
) -> None:
    """Guards: an erratum of the operators page taken for the rule."""
    assert holds(block, context) is expected


MATCHING = {
    "StringEquals": ("a", "a", "A"),
    "StringEqualsIgnoreCase": ("a", "A", "b"),
    "StringLike": ("a*", "abc", "ba"),
    "ArnEquals": ("arn:aws:s3:::a*", "arn:aws:s3:::ab", "arn:aws:s3:::b"),
    "ArnLike": ("arn:aws:s3:::a*", "arn:aws:s3:::ab", "arn:aws:s3:::b"),
    "Bool": ("true", "TRUE", "false"),
    "IpAddress": ("2001:db8::/32", "2001:db8::1", "2001:db9::1"),
    "BinaryEquals": (base64.b64encode(b"x").decode(), base64.b64encode(b"x").decode(), "eQ=="),
    "NumericEquals": ("10", "10.0", "11"),
    "NumericLessThan": ("10", "9.5", "10"),
    "NumericLessThanEquals": ("10", "10", "10.5"),
    "NumericGreaterThan": ("10", "10.5", "10"),
    "NumericGreaterThanEquals": ("10", "10", "9"),
    "DateEquals": ("2026-01-01T00:00:00Z", "1767225600", "2026-01-01T00:00:01Z"),
    "DateLessThan": ("2026-01-02", "2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z"),
    "DateLessThanEquals": ("2026-01-02", "2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z"),
    "DateGreaterThan": ("2026", "2026-01-01T00:00:01+00:00", "2026-01-01T00:00:00Z"),
    "DateGreaterThanEquals": ("2026-01", "2026-01-01T02:00:00+02:00", "2025-12-31"),
}
"""For each un-negated operator: a policy's value, a request's value that matches, one that doesn't."""

NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def test_every_operator_has_a_row() -> None:
    """Guards: an operator that no test has ever run."""
    assert set(OPERATORS) == {*MATCHING, *NEGATIONS, "Null"}


@pytest.mark.parametrize("name", MATCHING)
def test_a_positive_operator_matches_its_value_only(name: str) -> None:
    """Guards: an operator compared by the wrong type, case or limit; the four spellings of an absent key."""
    expected, good, bad = MATCHING[name]
    assert holds({name: {"k": expected}}, {"k": good})
    assert not holds({name: {"k": expected}}, {"k": bad})
    assert not holds({name: {"k": expected}}, {})
    assert holds({f"{name}IfExists": {"k": expected}}, {})
    assert not holds({f"{name}IfExists": {"k": expected}}, {"k": bad})
    assert holds({f"ForAllValues:{name}": {"k": expected}}, {})
    assert not holds({f"ForAllValues:{name}": {"k": expected}}, {"k": [good, bad]})
    assert holds({f"ForAnyValue:{name}": {"k": expected}}, {"k": [bad, good]})
    assert not holds({f"ForAnyValue:{name}": {"k": expected}}, {})
    assert holds({f"ForAnyValue:{name}IfExists": {"k": expected}}, {})


@pytest.mark.parametrize("name", NEGATIONS)
def test_a_negated_operator_is_true_where_the_positive_one_is_not(name: str) -> None:
    """Guards: a Deny with a negated operator that lets an absent key through, or NOR taken for OR."""
    expected, good, bad = MATCHING[NEGATIONS[name]]
    assert not holds({name: {"k": expected}}, {"k": good})
    assert holds({name: {"k": expected}}, {"k": bad})
    assert holds({name: {"k": expected}}, {})
    assert holds({f"{name}IfExists": {"k": expected}}, {})
    assert not holds({f"ForAllValues:{name}": {"k": expected}}, {"k": [good, bad]})
    assert holds({f"ForAnyValue:{name}": {"k": expected}}, {"k": [good, bad]})
    assert not holds({f"ForAnyValue:{name}": {"k": expected}}, {"k": [good]})
    assert not holds({f"ForAnyValue:{name}": {"k": expected}}, {}), "an absent key: ForAnyValue returns false"


@given(st.sampled_from(sorted(NEGATIONS)), st.integers(0, 2), st.integers(0, 2))
def test_a_condition_and_its_negation_never_agree_on_a_present_key(name: str, first: int, second: int) -> None:
    """Guards: a positive and a negated operator that drift apart in one of them."""
    row = MATCHING[NEGATIONS[name]]
    block = [row[first], row[second]]
    assert holds({name: {"k": block}}, {"k": row[1]}) != holds({NEGATIONS[name]: {"k": block}}, {"k": row[1]})


@pytest.mark.parametrize("value", [[], [""], ""])
def test_for_all_values_takes_a_null_dataset_for_true(value: Any) -> None:
    """Guards: an empty list of tags refused.

    operators page: true "if the context key value resolves to a null dataset, such as an empty string".
    """
    assert holds({"ForAllValues:StringEquals": {"k": "a"}}, {"k": value})


def test_an_empty_list_is_an_absent_key_and_an_empty_string_is_not() -> None:
    """Guards: Null true for a tag whose value is the empty string."""
    assert holds({"Null": {"k": "true"}}, {"k": []})
    assert holds({"Null": {"k": "false"}}, {"k": ""})
    assert holds({"Null": {"k": ["true", "true"]}}, {})


def test_a_multivalued_key_without_a_set_operator_matches_by_any_value() -> None:
    """Guards: a policy on aws:CalledVia without ForAnyValue that never matches; NOR over all values for a negation."""
    assert holds({"StringEquals": {"k": "a"}}, {"k": ["b", "a"]})
    assert not holds({"StringNotEquals": {"k": "a"}}, {"k": ["b", "a"]})
    assert holds({"StringNotEquals": {"k": "a"}}, {"k": ["b", "c"]})


def test_condition_keys_differ_in_more_than_case() -> None:
    """Guards: a policy that says AWS:SourceIP and never matches."""
    assert holds({"IpAddress": {"AWS:SourceIP": "10.0.0.1"}}, {"aws:sourceip": "10.0.0.1"})


@pytest.mark.parametrize(
    ("value", "address", "inside"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.7/24", "10.0.0.200", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "10.0.0.1", False),
        ("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::9", True),
        ("10.0.0.0/8", "AWS Internal", False),
    ],
)
def test_addresses_are_compared_within_their_family(value: str, address: str, inside: bool) -> None:
    """Guards: IPv6 in an IPv4 range, a missing /32, an address that is none."""
    assert holds({"IpAddress": {"k": value}}, {"k": address}) is inside
    assert holds({"NotIpAddress": {"k": value}}, {"k": address}) is not inside


def test_an_unreadable_value_of_the_request_matches_no_positive_operator() -> None:
    """Guards: a crash, or an Allow, on a request whose number, date or address is none."""
    for name in ("NumericLessThan", "DateLessThan", "IpAddress", "BinaryEquals"):
        assert not holds({name: {"k": MATCHING[name][0]}}, {"k": "nonsense!"})
    assert not holds({"NumericLessThan": {"k": "1"}}, {"k": "nan"})


def test_variables_stand_in_string_arn_and_bool_values_only() -> None:
    """Guards: variables left unfilled where AWS fills them; the operators page says which operators support them."""
    context = {"k": "alice", "aws:username": "alice", "arn": "arn:aws:s3:::alice", "flag": "true"}
    assert holds({"StringEquals": {"k": "${aws:username}"}}, context)
    assert holds({"StringEqualsIgnoreCase": {"k": "${aws:username}"}}, context)
    assert holds({"ArnLike": {"arn": "arn:aws:s3:::${aws:username}"}}, context)
    assert holds({"Bool": {"flag": "${flag}"}}, context)
    assert not holds({"StringEquals": {"k": "${aws:username}"}}, context, variables=False)
    with pytest.raises(MalformedPolicy):
        holds({"NumericEquals": {"k": "${aws:username}"}}, context)


def test_a_variable_without_value_matches_under_a_negated_operator() -> None:
    """Guards: the page's own example (Deny unless the tags agree) letting untagged principals through.

    reference_policies_variables.html#policy-vars-no-value.
    """
    block = {"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}}
    assert holds(block, {"s3:ExistingObjectTag/Team": "red"})
    assert not holds(block, {"s3:ExistingObjectTag/Team": "red", "aws:PrincipalTag/Team": "red"})


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"StringEqual": {"k": "a"}}, '"StringEqual" is no condition operator; known are'),
        ({"ForSomeValues:StringEquals": {"k": "a"}}, "ForAllValues: or ForAnyValue:"),
        ({"NullIfExists": {"k": "true"}}, "Null takes neither IfExists nor a set qualifier"),
        ({"ForAllValues:Null": {"k": "true"}}, "Null takes neither"),
        ({"Null": {"k": "yes"}}, 'Null takes "true" .* or "false"'),
        ({"Null": {"k": ["true", "false"]}}, "Null takes"),
        ({"Null": {"k": []}}, "Null takes"),
        ({"Bool": {"k": "yes"}}, '"yes" is not true or false'),
        ({"NumericEquals": {"k": "ten"}}, '"ten" is not a number'),
        ({"NumericEquals": {"k": "inf"}}, "not a number"),
        ({"DateEquals": {"k": "yesterday"}}, "not an ISO 8601 date or epoch time"),
        ({"DateEquals": {"k": "2026-13-01"}}, "not an ISO 8601 date"),
        ({"IpAddress": {"k": "10.0.0.0/33"}}, "not an IP address or CIDR range"),
        ({"BinaryEquals": {"k": "###"}}, "not base64"),
    ],
)
def test_a_condition_that_could_never_be_meant_is_an_error(block: dict[str, Any], told: str) -> None:
    """Guards: a misspelt operator or value that silently never matches, so that a Deny denies nothing."""
    with pytest.raises(MalformedPolicy, match=f"here: .*{told}"):
        holds(block, {})
