"""Event patterns: the worked examples of EventBridge's documentation, and moto's two known faults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.delivery.patterns import InvalidPattern, load_pattern, matches

EVENT: dict[str, Any] = {
    "source": "aws.sagemaker",
    "detail-type": "SageMaker Model Package State Change",
    "account": "111111111111",
    "resources": ["arn:aws:sagemaker:eu-west-1:111111111111:model-package/group/1"],
    "detail": {
        "ModelPackageGroupName": "CreditRisk",
        "ModelApprovalStatus": "Approved",
        "ModelPackageVersion": 3,
        "price": 10.5,
        "flag": True,
        "nothing": None,
        "ip": "10.0.0.7",
        "path": "dir/file.txt",
        "containers": [{"image": "a", "port": 80}, {"image": "b", "port": 443}],
        "empty": [],
    },
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.sagemaker"]}, True),
        ({"source": ["aws.ec2", "aws.sagemaker"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"source": [{"prefix": {"equals-ignore-case": "AWS."}}]}, True),
        ({"source": [{"suffix": "maker"}]}, True),
        ({"source": [{"suffix": {"equals-ignore-case": "MAKER"}}]}, True),
        ({"source": [{"equals-ignore-case": "AWS.SageMaker"}]}, True),
        ({"source": [{"wildcard": "aws.*maker"}]}, True),
        ({"source": [{"wildcard": "aws.*x"}]}, False),
        ({"detail": {"path": [{"wildcard": "dir/*.txt"}]}}, True),
        ({"source": [{"anything-but": "aws.ec2"}]}, True),
        ({"source": [{"anything-but": ["aws.ec2", "aws.sagemaker"]}]}, False),
        ({"source": [{"anything-but": {"prefix": "aws."}}]}, False),
        ({"source": [{"anything-but": {"suffix": ["ec2", "s3"]}}]}, True),
        ({"source": [{"anything-but": {"equals-ignore-case": "AWS.SAGEMAKER"}}]}, False),
        ({"source": [{"anything-but": {"wildcard": "aws.*"}}]}, False),
        ({"detail": {"ModelPackageVersion": [3]}}, True),
        ({"detail": {"ModelPackageVersion": ["3"]}}, False),
        ({"detail": {"ModelPackageVersion": [{"numeric": [">", 2, "<=", 3]}]}}, True),
        ({"detail": {"ModelPackageVersion": [{"numeric": ["=", 4]}]}}, False),
        ({"detail": {"price": [{"numeric": ["<", 11]}]}}, True),
        ({"detail": {"price": [{"anything-but": 10.5}]}}, False),
        ({"detail": {"flag": [True]}}, True),
        ({"detail": {"flag": [1]}}, False),
        ({"detail": {"ModelPackageVersion": [True]}}, False),
        ({"detail": {"nothing": [None]}}, True),
        ({"detail": {"nothing": [{"exists": True}]}}, True),
        ({"detail": {"absent": [{"exists": False}]}}, True),
        ({"detail": {"absent": [{"exists": True}]}}, False),
        ({"detail": {"absent": {"below": [{"exists": False}]}}}, True),
        ({"detail": {"absent": {"below": ["x"]}}}, False),
        ({"detail": {"ModelApprovalStatus": [{"exists": False}]}}, False),
        ({"detail": {"absent": [{"anything-but": "x"}]}}, False),
        ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
        ({"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}}, False),
        ({"detail": {"containers": {"image": ["b"]}}}, True),
        ({"detail": {"containers": {"image": ["b"], "port": [443]}}}, True),
        ({"detail": {"containers": {"image": ["b"], "port": [80]}}}, False),
        ({"detail": {"empty": [{"exists": True}]}}, False),
        ({"resources": [{"wildcard": "*:model-package/group/*"}]}, True),
        ({"$or": [{"source": ["no"]}, {"account": ["111111111111"]}]}, True),
        ({"$or": [{"source": ["no"]}, {"account": ["2"]}]}, False),
        ({"source": ["aws.sagemaker"], "detail": {"$or": [{"price": [1]}, {"flag": [True]}]}}, True),
        ({"source": ["aws.sagemaker"], "account": ["222222222222"]}, False),
    ],
)
def test_a_pattern_matches_as_documented(pattern: dict[str, Any], expected: bool) -> None:
    """Guards the documented operators, array consistency, and that `true` is not 1 and 3 not "3"."""
    assert matches(load_pattern(json.dumps(pattern)), EVENT) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no", "not JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects"),
        ('{"source": []}', "Empty arrays"),
        ('{"source": "aws.ec2"}', "must be an object or an array"),
        ('{"source": [["a"]]}', "Match value must be"),
        ('{"source": [{"like": "a"}]}', "Unrecognized match type like"),
        ('{"source": [{"prefix": "a", "suffix": "b"}]}', "Only one key"),
        ('{"source": [{"prefix": 1}]}', "no operand of prefix"),
        ('{"source": [{"wildcard": "a**b"}]}', "no operand of wildcard"),
        ('{"source": [{"numeric": [">", 3, "<", 2]}]}', "no operand of numeric"),
        ('{"source": [{"numeric": ["~", 3]}]}', "no operand of numeric"),
        ('{"source": [{"exists": "yes"}]}', "no operand of exists"),
        ('{"source": [{"cidr": "10.0.0.0/40"}]}', "no operand of cidr"),
        ('{"source": [{"anything-but": {"exists": true}}]}', "no operand of anything-but"),
        ('{"source": [{"anything-but": ["a", 1]}]}', "no operand of anything-but"),
        ('{"$or": [{"source": ["a"]}]}', "two or more"),
        (json.dumps({"source": ["x" * 4096]}), "at most 4096"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_reason(text: str, reason: str) -> None:
    """Guards against a rule that deploys here and is refused by AWS."""
    with pytest.raises(InvalidPattern, match=reason):
        load_pattern(text)


SCALARS = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none())
KEYS = st.text("abc", min_size=1, max_size=2)
EVENTS = st.dictionaries(
    KEYS, st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, min_size=1), max_leaves=6)
)


def _exactly(event: dict[str, Any]) -> dict[str, Any]:
    return {key: _exactly(value) if isinstance(value, dict) else [value] for key, value in event.items()}


@given(EVENTS.filter(bool))
def test_an_event_matches_the_pattern_of_its_own_values(event: dict[str, Any]) -> None:
    """Guards equality of every JSON type at every depth."""
    assert matches(_exactly(event), event)


@given(EVENTS.filter(bool), KEYS)
def test_of_exists_and_not_exists_just_one_holds(event: dict[str, Any], key: str) -> None:
    """Guards against a field that both is and isn't there."""
    assert matches({key: [{"exists": True}]}, event) != matches({key: [{"exists": False}]}, event)
