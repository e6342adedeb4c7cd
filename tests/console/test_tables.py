"""Reading live tables by boto3."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from blueprint.names import Names
from console.errors import CommandError
from console.tables import LEDGER, LiveTables

ITEM = {"modelpackagearn": {"S": "arn"}, "seq": {"N": "1"}, "late": {"BOOL": False}, "incident": {"NULL": True}}
ROW = {"modelpackagearn": "arn", "seq": 1, "late": False, "incident": None}


def client() -> Any:
    return boto3.client(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


def test_all_pages_of_the_installations_table_are_read_consistently() -> None:
    """Guards: a ledger larger than one page looks cut; another installation's table is verified."""
    dynamodb = client()
    first = {"TableName": "trial_modelgovernanceledger", "ConsistentRead": True}
    key = {"modelpackagearn": {"S": "arn"}, "seq": {"N": "1"}}
    with Stubber(dynamodb) as stub:
        stub.add_response("scan", {"Items": [ITEM], "LastEvaluatedKey": key}, first)
        stub.add_response("scan", {"Items": [ITEM]}, first | {"ExclusiveStartKey": key})
        rows = LiveTables(dynamodb, Names("trial", "eu-west-1")).rows(LEDGER)
    assert rows == [ROW, ROW]


def test_one_packages_rows_are_queried() -> None:
    """Guards: a history that scans the whole ledger."""
    dynamodb = client()
    expected = {
        "TableName": "mlgov_modelgovernanceledger",
        "KeyConditionExpression": "modelpackagearn = :arn",
        "ExpressionAttributeValues": {":arn": {"S": "arn"}},
        "ConsistentRead": True,
    }
    with Stubber(dynamodb) as stub:
        stub.add_response("query", {"Items": [ITEM]}, expected)
        assert LiveTables(dynamodb, Names("mlgov", "eu-west-1")).ledger_of("arn") == [ROW]


def test_a_foreign_attribute_stays_visible() -> None:
    """Guards: a number that is none of ours is rounded before it is hashed."""
    dynamodb = client()
    with Stubber(dynamodb) as stub:
        stub.add_response("scan", {"Items": [{"seq": {"N": "1.5"}, "x": {"SS": ["a"]}}]})
        assert LiveTables(dynamodb, Names("mlgov", "eu-west-1")).rows(LEDGER) == [{"seq": "1.5", "x": ["a"]}]


def test_a_missing_table_is_named_with_what_to_look_at() -> None:
    """Guards: "Requested resource not found", for a wrong prefix, account or region."""
    dynamodb = client()
    with Stubber(dynamodb) as stub:
        stub.add_client_error("scan", "ResourceNotFoundException", "Requested resource not found")
        with pytest.raises(CommandError, match=r"no table trial_modelgovernanceledger in eu-west-1 .*--prefix"):
            LiveTables(dynamodb, Names("trial", "eu-west-1")).rows(LEDGER)
