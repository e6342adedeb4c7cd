"""Keys of the governance tables."""

from __future__ import annotations

from blueprint.names import TABLES
from blueprint.tables import TABLE_SPECS


def test_every_table_has_its_keys() -> None:
    """Guards: endpoints of one name in two accounts that share a row; metrics without a time series."""
    keys = {spec.table: (spec.hash_key, spec.range_key and (spec.range_key, spec.range_type)) for spec in TABLE_SPECS}
    assert keys == {
        "modelgovernanceledger": ("modelpackagearn", ("seq", "N")),
        "modelgovernancededup": ("contentid", None),
        "modelpackagestatechanges": ("modelpackagearn", None),
        "sagemakermodelendpoints": ("endpointarn", None),
        "sagemakerendpointmetrics": ("endpointvariant", ("timestamp", "N")),
        "sagemakerendpointhistory": ("endpointarn", ("seq", "N")),
    }
    assert tuple(keys) == TABLES


def test_nothing_that_is_evidence_expires() -> None:
    """Guards: a time-to-live that deletes ledger rows or dedup items."""
    assert [spec.table for spec in TABLE_SPECS if spec.expires is not None] == ["sagemakerendpointmetrics"]
