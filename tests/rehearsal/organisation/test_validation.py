"""Validation against the models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.organisation.core import ApiError
from rehearsal.organisation.validation import compiled, validate

TRUST = "{}"


@pytest.mark.parametrize(
    ("service", "operation", "params", "words"),
    [
        ("iam", "CreateRole", {"RoleName": "r"}, "'assumeRolePolicyDocument'"),
        ("iam", "CreateRole", {"RoleName": "a b", "AssumeRolePolicyDocument": TRUST}, "regular expression"),
        ("iam", "CreateRole", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": TRUST}, "less than or equal to 64"),
        ("iam", "CreateRole", {"RoleName": 1, "AssumeRolePolicyDocument": TRUST}, "string"),
        (
            "iam",
            "CreateRole",
            {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 60},
            "greater than or equal to 3600",
        ),
        (
            "iam",
            "CreateRole",
            {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "k"}]},
            "'tags.1.member.value'",
        ),
        ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "Nme": "x"}, "nme"),
        ("kms", "GenerateDataKey", {"KeyId": "k", "KeySpec": "AES_512"}, "enum value set: [AES_256, AES_128]"),
        ("kms", "GenerateDataKey", {"KeyId": "k", "NumberOfBytes": True}, "number"),
        ("kms", "GenerateDataKey", {"KeyId": "k", "NumberOfBytes": 1.5}, "whole number"),
        ("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"x" * 5000}, "4096"),
        ("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"x", "EncryptionContext": ["a"]}, "map"),
        ("kms", "CreateKey", {"Tags": {"a": "b"}}, "list"),
        ("kms", "CreateKey", {"MultiRegion": "true"}, "boolean"),
        ("lambda", "Invoke", {"FunctionName": "f", "InvocationType": "Sync"}, "enum"),
        (
            "scheduler",
            "CreateSchedule",
            {
                "Name": "n",
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": "a", "RoleArn": "r"},
                "StartDate": "today",
            },
            "timestamp",
        ),
    ],
)
def test_the_model_refuses(service: str, operation: str, params: dict[str, Any], words: str) -> None:
    """Guards: an argument that only AWS refuses."""
    with pytest.raises(ApiError) as caught:
        validate(service, operation, params)
    assert words in caught.value.message
    assert caught.value.code in ("ValidationException", "ValidationError", "InvalidParameterValueException")


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 3600}),
        ("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"x", "EncryptionContext": {"a": "b"}}),
        ("dynamodb", "PutItem", {"TableName": "t", "Item": {"a": {"S": "x"}, "b": {"M": {"c": {"N": "1"}}}}}),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "é\n"}]},
        ),
        (
            "scheduler",
            "CreateSchedule",
            {
                "Name": "n",
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": "a", "RoleArn": "arn:aws:iam::111111111111:role/r"},
                "StartDate": datetime(2026, 1, 1, tzinfo=UTC),
            },
        ),
        ("sts", "GetCallerIdentity", {}),
    ],
)
def test_the_model_admits(service: str, operation: str, params: dict[str, Any]) -> None:
    """Guards: false refusals."""
    validate(service, operation, params)


def test_exactly_one_member_of_a_union_is_set() -> None:
    """Guards: a DynamoDB value of two types, or of none."""
    for value in ({}, {"S": "x", "N": "1"}):
        with pytest.raises(ApiError, match="exactly one"):
            validate(
                "bedrock-runtime", "Converse", {"modelId": "m", "messages": [{"role": "user", "content": [value]}]}
            )


def test_all_violations_are_told_at_once() -> None:
    """Guards: mending one argument after the other."""
    with pytest.raises(ApiError, match=r"^ValidationError: 2 validation errors detected: .*; "):
        validate("iam", "CreateRole", {"RoleName": "a b"})


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"[\p{Alnum}_]*", "abc_1", "é"),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "é 1", "\n"),
        (r"\p{ASCII}+", "abc", "é"),
        (r"[\p{Print}]+", "a b", "\n"),
        (r"[\p{Alpha}\p{Digit}-]+", "a-1", "_"),
        (r"[a-z]+", "abc", "abc1"),
    ],
)
def test_javas_patterns_are_read_as_java_reads_them(pattern: str, good: str, bad: str) -> None:
    """Guards: patterns that are skipped, or match a part of a value."""
    assert compiled(pattern).fullmatch(good)
    assert not compiled(pattern).fullmatch(bad)
