"""ExecuteStatement and ExecuteTransaction through boto3: atomicity, reasons, rights."""

# ruff: noqa: S608 - statements are made of the tests' own names
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.registry_world import (
    HUB,
    Client,
    Statement,
    allow,
    refused,
    role_with,
    skip,
    unique,
)

Request = dict[str, Any]


@pytest.fixture(scope="module")
def database(client: Client) -> Any:
    return client("hub", None, "dynamodb")


@pytest.fixture
def table(database: Any) -> str:
    return new_table(database)


def new_table(database: Any) -> str:
    name = unique("ledger")
    database.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "arn", "AttributeType": "S"}, {"AttributeName": "seq", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "arn", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"}],
    )  # fmt: skip
    return name


def insert(table: str, arn: str, seq: int, **more: str) -> Request:
    item = {"arn": {"S": arn}, "seq": {"N": str(seq)}, **{name: {"S": value} for name, value in more.items()}}
    members = ", ".join(f"'{name}': ?" for name in item)
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{members}}}', "Parameters": list(item.values())}


def update(table: str, arn: str, seq: int, was: str, becomes: str) -> Request:
    return {
        "Statement": f'UPDATE "{table}" SET who = ? WHERE arn = ? AND seq = ? AND who = ?',
        "Parameters": [{"S": becomes}, {"S": arn}, {"N": str(seq)}, {"S": was}],
    }


def rows(database: Any, table: str) -> list[dict[str, Any]]:
    return list(database.scan(TableName=table)["Items"])


def reasons(database: Any, *statements: Request) -> list[str]:
    with pytest.raises(ClientError) as caught:
        database.execute_transaction(TransactStatements=list(statements))
    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    return [reason["Code"] for reason in caught.value.response["CancellationReasons"]]


class TestTransactions:
    def test_all_statements_take_effect_together(self, database: Any, table: str) -> None:
        """Guards: the ledger's row, dedup item and state don't move in one step."""
        database.execute_transaction(TransactStatements=[insert(table, "a", 1, who="x"), insert(table, "a", 2)])
        database.execute_transaction(TransactStatements=[insert(table, "a", 3), update(table, "a", 1, "x", "y")])
        held = {(row["seq"]["N"], row.get("who", {}).get("S")) for row in rows(database, table)}
        assert held == {("1", "y"), ("2", None), ("3", None)}

    def test_a_duplicate_cancels_everything_and_is_named(self, database: Any, table: str) -> None:
        """Guards: a row is rewritten by an INSERT, or the writer can't tell which statement failed."""
        database.execute_transaction(TransactStatements=[insert(table, "a", 1, who="x")])
        assert reasons(database, insert(table, "a", 2), insert(table, "a", 1, who="z")) == ["None", "DuplicateItem"]
        assert [row["who"]["S"] for row in rows(database, table)] == ["x"]

    def test_reasons_stand_in_the_statements_order(self, database: Any, table: str) -> None:
        """Guards: reasons are reported for the first failure only, or out of order."""
        database.execute_transaction(TransactStatements=[insert(table, "a", 1, who="x")])
        found = reasons(database, update(table, "c", 1, "x", "y"), insert(table, "b", 1), insert(table, "a", 1))
        assert found == ["ConditionalCheckFailed", "None", "DuplicateItem"]
        stale = update(table, "a", 1, "stale", "y") | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        with pytest.raises(ClientError) as caught:
            database.execute_transaction(TransactStatements=[stale])
        [reason] = caught.value.response["CancellationReasons"]
        assert reason["Item"]["who"] == {"S": "x"}

    def test_exists_checks_without_writing(self, database: Any, table: str) -> None:
        """Guards: a condition on another item is ignored (ql-reference.functions.exists)."""
        database.execute_transaction(TransactStatements=[insert(table, "a", 1, who="x")])
        check = {"Statement": f"EXISTS(SELECT * FROM \"{table}\" WHERE arn = 'a' AND seq = 1 AND who = ?)"}
        held, lost = check | {"Parameters": [{"S": "x"}]}, check | {"Parameters": [{"S": "y"}]}
        database.execute_transaction(TransactStatements=[held, insert(table, "b", 1)])
        assert reasons(database, lost, insert(table, "b", 2)) == ["ConditionalCheckFailed", "None"]

    def test_one_item_is_concerned_once(self, database: Any, table: str) -> None:
        """Guards: two statements on one item (transaction-apis)."""
        message = refused(
            "ValidationException", database.execute_transaction,
            TransactStatements=[insert(table, "a", 1), insert(table, "a", 1, who="x")],
        )  # fmt: skip
        assert "multiple operations on one item" in message

    def test_reads_and_writes_don_t_mix(self, database: Any, table: str) -> None:
        """Guards: a SELECT beside an INSERT (ql-reference.multiplestatements.transactions)."""
        select = {"Statement": f"SELECT * FROM \"{table}\" WHERE arn = 'a' AND seq = 1"}
        both = [select, insert(table, "a", 1)]
        refused("ValidationException", database.execute_transaction, TransactStatements=both)
        database.execute_transaction(TransactStatements=[insert(table, "a", 1)])
        answer = database.execute_transaction(TransactStatements=[select])
        assert answer["Responses"] == [{"Item": {"arn": {"S": "a"}, "seq": {"N": "1"}}}]

    def test_a_request_token_writes_once_for_ten_minutes(
        self, database: Any, table: str, org: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Guards: a retried transaction is cancelled as its own duplicate (ClientRequestToken)."""
        request = {"TransactStatements": [insert(table, "a", 1)], "ClientRequestToken": unique("t")}
        database.execute_transaction(**request)
        database.execute_transaction(**request)
        other = request | {"TransactStatements": [insert(table, "a", 2)]}
        refused("IdempotentParameterMismatchException", database.execute_transaction, **other)
        skip(monkeypatch, org, timedelta(minutes=10))
        refused("TransactionCanceledException", database.execute_transaction, **request)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(batches=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True), min_size=1, max_size=6))
    def test_each_row_is_written_by_exactly_one_transaction(self, database: Any, batches: list[list[int]]) -> None:
        """Guards: a cancelled transaction leaves something behind, or a row is written twice, in any order."""
        table = new_table(database)
        expected: dict[int, int] = {}
        for number, batch in enumerate(batches):
            statements = [insert(table, "a", seq, who=str(number)) for seq in batch]
            if expected.keys() & set(batch):
                found = reasons(database, *statements)
                assert found == ["DuplicateItem" if seq in expected else "None" for seq in batch]
            else:
                database.execute_transaction(TransactStatements=statements)
                expected |= dict.fromkeys(batch, number)
        held = {int(row["seq"]["N"]): int(row["who"]["S"]) for row in rows(database, table)}
        assert held == expected


class TestStatements:
    def test_a_duplicate_insert_is_refused(self, database: Any, table: str) -> None:
        """Guards: INSERT replaces, as PutItem does (DuplicateItemException)."""
        database.execute_statement(**insert(table, "a", 1, who="x"))
        refused("DuplicateItemException", database.execute_statement, **insert(table, "a", 1, who="y"))

    def test_an_update_is_no_upsert(self, database: Any, table: str) -> None:
        """Guards: UPDATE makes a row that isn't there (ql-reference.update)."""
        refused("ConditionalCheckFailedException", database.execute_statement, **update(table, "a", 1, "x", "y"))

    def test_a_whole_key_is_demanded(self, database: Any, table: str) -> None:
        """Guards: one UPDATE changes many rows."""
        request = {"Statement": f"UPDATE \"{table}\" SET who = 'x' WHERE arn = 'a'"}
        assert "seq" in refused("ValidationException", database.execute_statement, **request)

    def test_what_is_asked_for_is_returned(self, database: Any, table: str) -> None:
        """Guards: RETURNING shows the wrong side of the change."""
        database.execute_statement(**insert(table, "a", 1, who="x"))
        request = update(table, "a", 1, "x", "y")
        shown = database.execute_statement(
            Statement=request["Statement"] + " RETURNING MODIFIED NEW *", Parameters=request["Parameters"]
        )
        assert shown["Items"] == [{"who": {"S": "y"}}]

    def test_select_and_delete(self, database: Any, table: str) -> None:
        """Guards: a query by partition key comes unsorted, or a deletion takes another row."""
        for seq in (10, 9, 1):
            database.execute_statement(**insert(table, "a", seq))
        where = f"FROM \"{table}\" WHERE arn = 'a'"
        found = database.execute_statement(Statement=f"SELECT seq {where} AND seq > 1")
        assert found["Items"] == [{"seq": {"N": "9"}}, {"seq": {"N": "10"}}]
        database.execute_statement(Statement=f"DELETE {where} AND seq = 9")
        assert {row["seq"]["N"] for row in rows(database, table)} == {"1", "10"}


class TestRights:
    def test_each_statement_has_an_action(self, client: Client, database: Any, table: str) -> None:
        """Guards: the ledger's writer could rewrite rows (ql-iam: PartiQLInsert, Update, Delete, Select)."""
        writer = client("hub", role_with(client, "hub", allow("dynamodb:PartiQLInsert")), "dynamodb")
        writer.execute_statement(**insert(table, "a", 1, who="x"))
        where = f"FROM \"{table}\" WHERE arn = 'a' AND seq = 1"
        for request, action in (
            (update(table, "a", 1, "x", "y"), "PartiQLUpdate"),
            ({"Statement": f"DELETE {where}"}, "PartiQLDelete"),
            ({"Statement": f"SELECT * {where}"}, "PartiQLSelect"),
        ):
            assert action in refused("AccessDeniedException", writer.execute_statement, **request)
        item = {"arn": {"S": "a"}, "seq": {"N": "1"}}
        refused("AccessDeniedException", writer.put_item, TableName=table, Item=item)

    def test_a_transaction_is_authorised_statement_by_statement(self, client: Client, table: str) -> None:
        """Guards: one allowed statement opens the transaction for others."""
        writer = client("hub", role_with(client, "hub", allow("dynamodb:PartiQLInsert")), "dynamodb")
        both = [insert(table, "a", 1, who="x"), update(table, "a", 2, "x", "y")]
        refused("AccessDeniedException", writer.execute_transaction, TransactStatements=both)

    def keyed(self, client: Client, key: str, value: str, *actions: str) -> Any:
        statement: Statement = allow(*actions, Condition={"StringEquals": {key: value}})
        return client("hub", role_with(client, "hub", statement), "dynamodb")

    def test_the_enclosing_operation_is_a_key(self, client: Client, table: str) -> None:
        """Guards: a row is inserted outside the transaction that keeps ledger and state together."""
        inside = self.keyed(client, "dynamodb:EnclosingOperation", "ExecuteTransaction", "dynamodb:PartiQLInsert")
        refused("AccessDeniedException", inside.execute_statement, **insert(table, "a", 1))
        inside.execute_transaction(TransactStatements=[insert(table, "a", 1)])

    def test_leading_keys_and_scans_are_keys(self, client: Client, database: Any, table: str) -> None:
        """Guards: a spoke writes another account's rows; a reader scans the table (LeadingKeys, FullTableScan)."""
        statement = allow(
            "dynamodb:PartiQLInsert", Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}
        )
        writer = client("hub", role_with(client, "hub", statement), "dynamodb")
        writer.execute_statement(**insert(table, "a", 1))
        refused("AccessDeniedException", writer.execute_statement, **insert(table, "b", 1))
        reader = self.keyed(client, "dynamodb:FullTableScan", "false", "dynamodb:PartiQLSelect")
        reader.execute_statement(Statement=f"SELECT * FROM \"{table}\" WHERE arn = 'a'")
        everything = f'SELECT * FROM "{table}"'
        refused("AccessDeniedException", reader.execute_statement, Statement=everything)

    def test_the_table_s_key_is_used_as_the_caller(self, client: Client, database: Any) -> None:
        """Guards: a function without the governance key writes the encrypted ledger (encryption.howitworks)."""
        key = client("hub", None, "kms").create_key()["KeyMetadata"]["Arn"]
        table = unique("ledger")
        database.create_table(
            TableName=table, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "arn", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "arn", "KeyType": "HASH"}],
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        )  # fmt: skip
        request = {"Statement": f"INSERT INTO \"{table}\" VALUE {{'arn': 'a'}}"}
        writer = client("hub", role_with(client, "hub", allow("dynamodb:*")), "dynamodb")
        assert "kms:Decrypt" in refused("AccessDeniedException", writer.execute_statement, **request)
        context = {"StringEquals": {"kms:EncryptionContext:aws:dynamodb:tableName": table,
                                    "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com",
                                    "kms:EncryptionContext:aws:dynamodb:subscriberId": HUB}}  # fmt: skip
        rights = (allow("dynamodb:*"), allow("kms:Decrypt", resource=key, Condition=context))
        client("hub", role_with(client, "hub", *rights), "dynamodb").execute_statement(**request)
