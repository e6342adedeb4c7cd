"""The governance tables."""

from __future__ import annotations

from blueprint.names import TABLES
from tests.components.programs import hub_run

TABLE = "aws:dynamodb/table:Table"


def test_every_table_is_recoverable_and_encrypted_with_the_governance_key() -> None:
    """Guards: evidence without backup, or under a key that nobody controls."""
    made = hub_run().of(TABLE)
    assert {table.inputs["name"] for table in made} == {f"mlgov_{table}" for table in TABLES}
    for table in made:
        assert table.inputs["pointInTimeRecovery"] == {"enabled": True}
        encryption = table.inputs["serverSideEncryption"]
        assert encryption["enabled"]
        assert encryption["kmsKeyArn"].endswith("2"), "the second key of the recorder is the governance key"


def test_attributes_are_declared_for_keys_only() -> None:
    """Guards: an attribute that is no key, which DynamoDB refuses."""
    for table in hub_run().of(TABLE):
        keys = {table.inputs["hashKey"], table.inputs.get("rangeKey")} - {None}
        assert {attribute["name"] for attribute in table.inputs["attributes"]} == keys


def test_the_ledger_s_rows_never_expire() -> None:
    """Guards: a time-to-live on evidence."""
    with_ttl = [table.name for table in hub_run().of(TABLE) if table.inputs.get("ttl")]
    assert with_ttl == ["hub-sagemakerendpointmetrics"]
