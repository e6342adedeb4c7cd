"""Which function may do what to the tables that are evidence, by the evaluator on the roles as they are deployed."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, decide, layers
from blueprint.names import Function, Table
from blueprint.policies.hub_roles import FUNCTION_ROLES
from blueprint.policies.roles import RoleSpec
from tests.blueprint.samples import HUB, KEYS, ORGANISATION_ID, REGION, organisation

EXAMPLE = organisation()
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
IN_TRANSACTION = {"dynamodb:EnclosingOperation": "ExecuteTransaction"}
EVIDENCE: tuple[Table, ...] = ("modelgovernanceledger", "modelgovernancededup", "sagemakerendpointhistory")
REWRITES = (
    "BatchWriteItem", "DeleteItem", "DeleteResourcePolicy", "DeleteTable", "ImportTable", "PartiQLDelete",
    "PartiQLUpdate", "PutItem", "PutResourcePolicy", "RestoreTableFromBackup", "RestoreTableToPointInTime",
    "UpdateItem", "UpdateTable", "UpdateTimeToLive",
)  # fmt: skip

WRITERS: dict[Table, set[Function]] = {
    "modelgovernanceledger": {"capture", "reconcile", "guard"},
    "modelgovernancededup": {"capture", "reconcile", "guard"},
    "sagemakerendpointhistory": {"inventory"},
}
"""Who may insert, and nothing else."""


def tried(role: RoleSpec, action: str, table: Table, *more: dict[str, Any], **context: str) -> Case:
    return Case.from_dict(
        {
            "request": {
                "principal": f"arn:aws:sts::{HUB}:assumed-role/{role.name}/session",
                "action": f"dynamodb:{action}",
                "resource": f"arn:aws:dynamodb:{REGION}:{HUB}:table/mlgov_{table}",
                "resource_account": HUB,
                "context": {"aws:SecureTransport": "true", "aws:PrincipalOrgID": ORGANISATION_ID, **context},
            },
            "identity_policies": [*role.policies.values(), *more],
        }
    )


@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.parametrize("function", FUNCTION_ROLES)
def test_no_function_can_update_replace_or_delete_a_row(function: Function, table: Table) -> None:
    """Guards: history that some function of ours could change, or let expire."""
    role = FUNCTION_ROLES[function](EXAMPLE, KEYS)
    for action in REWRITES:
        for context in ({}, IN_TRANSACTION):
            assert not decide(tried(role, action, table, **context)).allowed, action


@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.parametrize("function", FUNCTION_ROLES)
def test_only_the_recorders_insert(function: Function, table: Table) -> None:
    """Guards: a row of the ledger that nobody but capture, reconcile or guard should have been able to write."""
    role = FUNCTION_ROLES[function](EXAMPLE, KEYS)
    inserts = decide(tried(role, "PartiQLInsert", table, **IN_TRANSACTION)).allowed
    inserts |= decide(tried(role, "PartiQLInsert", table)).allowed
    assert inserts is (function in WRITERS[table])


@pytest.mark.parametrize(
    ("function", "table"),
    [("anchor", table) for table in EVIDENCE]
    + [("anchor", "modelpackagestatechanges")]
    + [(function, table) for table in EVIDENCE for function in sorted(WRITERS[table])],
)
def test_writers_and_witness_are_refused_even_with_every_right_beside_their_own(
    function: Function, table: Table
) -> None:
    """Guards: a policy attached by mistake makes the writer of evidence, or its witness, able to rewrite it."""
    role = FUNCTION_ROLES[function](EXAMPLE, KEYS)
    actions = (*REWRITES, "PartiQLInsert") if function == "anchor" else REWRITES
    for action in actions:
        case = tried(role, action, table, EVERYTHING, **IN_TRANSACTION)
        assert {found.layer: found.decision for found in layers(case)}["identity"] == "denied", action


@pytest.mark.parametrize("function", sorted(WRITERS["modelgovernanceledger"]))
def test_ledger_rows_are_inserted_within_a_transaction_only(function: Function) -> None:
    """Guards: a row without its dedup item and its state."""
    role = FUNCTION_ROLES[function](EXAMPLE, KEYS)
    assert decide(tried(role, "PartiQLInsert", "modelgovernanceledger", **IN_TRANSACTION)).allowed
    assert not decide(tried(role, "PartiQLInsert", "modelgovernanceledger")).allowed
