"""Tables and items through boto3: what moto answers, and what is checked around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.organisation.services.registry_world import DEV, HUB, Client, allow, refused, role_with, unique

KEYS: dict[str, Any] = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(scope="module")
def database(client: Client) -> Any:
    return client("hub", None, "dynamodb")


@pytest.fixture
def table(database: Any) -> str:
    name = unique("table")
    database.create_table(TableName=name, **KEYS)
    return name


class TestTables:
    def test_what_is_asked_for_is_kept(self, client: Client, database: Any) -> None:
        """Guards: a parameter is dropped on its way to moto."""
        key = client("hub", None, "kms").create_key()["KeyMetadata"]["Arn"]
        name = unique("table")
        database.create_table(
            TableName=name, **KEYS, DeletionProtectionEnabled=True, Tags=[{"Key": "a", "Value": "b"}],
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        )  # fmt: skip
        shown = database.describe_table(TableName=name)["Table"]
        assert shown["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
        assert (shown["DeletionProtectionEnabled"], shown["TableStatus"]) == (True, "ACTIVE")
        assert database.list_tags_of_resource(ResourceArn=shown["TableArn"])["Tags"] == [{"Key": "a", "Value": "b"}]

    def test_a_name_is_taken_once(self, database: Any, table: str) -> None:
        """Guards: a table is adopted (ResourceInUseException)."""
        refused("ResourceInUseException", database.create_table, TableName=table, **KEYS)

    def test_deletion_protection_protects(self, database: Any, table: str) -> None:
        """Guards: the ledger's table is deleted under deletion protection."""
        database.update_table(TableName=table, DeletionProtectionEnabled=True)
        refused("ValidationException", database.delete_table, TableName=table)
        database.update_table(TableName=table, DeletionProtectionEnabled=False)
        database.delete_table(TableName=table)
        refused("ResourceNotFoundException", database.describe_table, TableName=table)

    def test_recovery_and_time_to_live_are_kept(self, database: Any, table: str) -> None:
        """Guards: point-in-time recovery or the time to live is dropped."""
        recovery = {"PointInTimeRecoveryEnabled": True}
        database.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
        shown = database.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        assert shown["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        lives = {"Enabled": True, "AttributeName": "expires"}
        database.update_time_to_live(TableName=table, TimeToLiveSpecification=lives)
        found = database.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        assert found == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}

    def test_a_key_of_the_table_must_be_usable_by_its_maker(self, client: Client) -> None:
        """Guards: a table is encrypted with a key that its maker may not use (encryption.usagenotes)."""
        key = client("hub", None, "kms").create_key()["KeyMetadata"]["Arn"]
        maker = client("hub", role_with(client, "hub", allow("dynamodb:*")), "dynamodb")
        encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        create = maker.create_table
        message = refused("AccessDeniedException", create, TableName=unique("t"), **KEYS, SSESpecification=encryption)
        assert "kms:DescribeKey" in message

    @pytest.mark.parametrize(
        "extra", [{"OnDemandThroughput": {"MaxReadRequestUnits": 1}}, {"TableClass": "STANDARD_INFREQUENT_ACCESS"}]
    )
    def test_what_moto_drops_is_refused_by_name(self, database: Any, extra: dict[str, Any]) -> None:
        """Guards: a table is made without what was asked for."""
        with pytest.raises(ClientError, match=f"(?s)NotEmulated.*{next(iter(extra))}"):
            database.create_table(TableName=unique("t"), **KEYS, **extra)


class TestItems:
    def test_a_condition_decides(self, database: Any, table: str) -> None:
        """Guards: a conditional put replaces (ConditionalCheckFailedException)."""
        item = {"TableName": table, "Item": {"id": {"S": "a"}, "n": {"N": "1"}}}
        database.put_item(**item, ConditionExpression="attribute_not_exists(id)")
        refused(
            "ConditionalCheckFailedException", database.put_item, **item, ConditionExpression="attribute_not_exists(id)"
        )
        database.update_item(
            TableName=table, Key={"id": {"S": "a"}}, UpdateExpression="SET #n = #n + :one",
            ExpressionAttributeNames={"#n": "n"}, ExpressionAttributeValues={":one": {"N": "1"}},
        )  # fmt: skip
        assert database.get_item(TableName=table, Key={"id": {"S": "a"}})["Item"]["n"] == {"N": "2"}

    def test_a_transaction_is_all_or_nothing(self, database: Any, table: str) -> None:
        """Guards: half of a transaction is written, or its reasons are lost (CancellationReasons)."""
        database.put_item(TableName=table, Item={"id": {"S": "a"}})
        put = {"TableName": table, "ConditionExpression": "attribute_not_exists(id)"}
        entries = [{"Put": {**put, "Item": {"id": {"S": name}}}} for name in ("b", "a")]
        with pytest.raises(ClientError) as caught:
            database.transact_write_items(TransactItems=entries)
        codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
        assert codes == ["None", "ConditionalCheckFailed"]
        assert database.scan(TableName=table)["Count"] == 1

    def test_a_transaction_s_actions_are_authorised_one_by_one(self, client: Client, table: str) -> None:
        """Guards: TransactWriteItems is an action of its own, which it isn't (transaction-apis-iam)."""
        inside = {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
        writer = client("hub", role_with(client, "hub", allow("dynamodb:PutItem", Condition=inside)), "dynamodb")
        put = {"TableName": table, "Item": {"id": {"S": "a"}}}
        writer.transact_write_items(TransactItems=[{"Put": put}])
        refused("AccessDeniedException", writer.put_item, **put)
        delete = {"Delete": {"TableName": table, "Key": {"id": {"S": "a"}}}}
        refused("AccessDeniedException", writer.transact_write_items, TransactItems=[delete])

    def test_leading_keys_narrow_every_access(self, client: Client, database: Any, table: str) -> None:
        """Guards: dynamodb:LeadingKeys is missing from a query, so a row rule lets everything through."""
        database.put_item(TableName=table, Item={"id": {"S": "mine"}})
        own = {
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        }
        reader = client("hub", role_with(client, "hub", allow("dynamodb:*", Condition=own)), "dynamodb")

        def query(value: str) -> Any:
            return reader.query(
                TableName=table, KeyConditionExpression="#k = :v", ExpressionAttributeNames={"#k": "id"},
                ExpressionAttributeValues={":v": {"S": value}},
            )  # fmt: skip

        assert query("mine")["Count"] == 1
        assert reader.get_item(TableName=table, Key={"id": {"S": "mine"}})["Item"]
        with pytest.raises(ClientError, match="AccessDenied"):
            query("theirs")
        refused("AccessDeniedException", reader.scan, TableName=table)

    def test_attributes_are_named(self, client: Client, database: Any, table: str) -> None:
        """Guards: a reader of two columns reads them all (dynamodb:Attributes, specifying-conditions)."""
        database.put_item(TableName=table, Item={"id": {"S": "a"}, "open": {"S": "x"}, "secret": {"S": "y"}})
        columns = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "open"]}}
        reader = client("hub", role_with(client, "hub", allow("dynamodb:GetItem", Condition=columns)), "dynamodb")
        get = {"TableName": table, "Key": {"id": {"S": "a"}}}
        assert reader.get_item(**get, ProjectionExpression="id, #o", ExpressionAttributeNames={"#o": "open"})["Item"]
        refused("AccessDeniedException", reader.get_item, **get, ProjectionExpression="secret")

    def test_another_account_comes_by_arn_and_policy(self, client: Client, database: Any, table: str) -> None:
        """Guards: a bare name reaches another account's table, or its policy isn't asked (rbac-cross-account)."""
        arn = f"arn:aws:dynamodb:eu-west-1:{HUB}:table/{table}"
        other = client("dev", None, "dynamodb")
        put = {"Item": {"id": {"S": "a"}}}
        refused("ResourceNotFoundException", other.put_item, TableName=table, **put)
        refused("AccessDeniedException", other.put_item, TableName=arn, **put)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{DEV}:root"}, "Action": "dynamodb:PutItem",
                    "Resource": arn,
                }
            ],
        }  # fmt: skip
        database.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))
        other.put_item(TableName=arn, **put)
        refused("AccessDeniedException", other.delete_item, TableName=arn, Key=put["Item"])
        assert database.get_item(TableName=table, Key=put["Item"])["Item"] == put["Item"]
