"""The planned program against the declared intent, cell by cell; and each word of its policies against the cells.

In one file, so that one worker computes the matrices once.
"""

from __future__ import annotations

import functools

import pytest

from console.access.expected import unused_patterns
from console.access.matrix import roles_of
from console.access.rendering import counts
from tests.console.access.mutants import mutants_of
from tests.console.access.mutation import Outcome, outcomes
from tests.console.access.mutation import counts as counted
from tests.console.access.needless import EXCUSES, Excuse
from tests.console.access.planned import ROOT, planned, planned_intent, planned_proof

LEAST = 1_300
"""Mutants that there are at least: fewer, and something isn't mutated any more."""


def test_every_cell_is_as_intended() -> None:
    """Guards: a statement that opens, closes or weakens anything that somebody declared otherwise."""
    proof = planned_proof()
    assert [str(difference) for difference in proof.differences] == []
    assert "none not as intended" in counts(proof)


def test_every_claim_is_proved_or_said_to_be_enforced_otherwise() -> None:
    """Guards: a promise that the policies don't keep, or that covers no cell and so proves nothing."""
    for verdict in planned_proof().verdicts:
        if verdict.claim.kind == "policy":
            assert verdict.proved, f"{verdict.claim.id}: {[str(one) for one in verdict.against[:5]]}"
        else:
            assert not verdict.proved
            shown = verdict.claim.shown
            assert shown.startswith("docs.aws.amazon.com/") or (ROOT / shown).exists(), verdict.claim.id


def test_no_word_of_the_intent_names_nothing() -> None:
    """Guards: a misspelt row, which would promise what nobody looks at."""
    intent = planned_intent()
    principals = [one.id for one in (*roles_of(planned(), intent.organisation), *intent.strangers)]
    assert unused_patterns(intent, principals) == []


def test_every_policy_of_the_program_is_read() -> None:
    """Guards: a document that no cell is computed from."""
    estate = planned()
    kinds = {slot.kind for slot in estate.slots}
    assert {"identity", "trust", "resource", "share"} <= kinds
    for role in estate.roles:
        assert estate.of("trust", role), role
        assert estate.of("identity", role), role


@functools.cache
def found() -> list[Outcome]:
    proof = planned_proof()
    return outcomes(planned(), proof.cells, proof.matrix)


def test_every_mutant_changes_a_cell_or_has_a_reason() -> None:
    """Guards: statements, actions, principals and conditions that nobody would miss, and cells that nobody asks."""
    idle = [outcome.mutant.name for outcome in found() if outcome.changed is None and outcome.reason is None]
    assert idle == []
    assert len(found()) > LEAST, counted(found())


@pytest.mark.parametrize("excuse", EXCUSES, ids=lambda excuse: f"{excuse.policies} {excuse.sids[0]}")
def test_every_reason_is_needed(excuse: Excuse) -> None:
    """Guards: a list of exceptions that outlives its reasons, and hides the next word too many."""
    assert any(outcome.changed is None and excuse.covers(outcome.mutant) for outcome in found())


def test_each_statement_is_dropped_and_widened() -> None:
    """Guards: mutants that forget a part of a statement."""
    slot = next(
        slot for slot in planned().slots if slot.name.endswith("bucket policy mlgov-artifacts-111111111111-eu-west-1")
    )
    changes = [mutant.change for mutant in mutants_of(slot) if mutant.sid == "PublishDev"]
    assert [change.split(" widened")[0] for change in changes] == [
        "dropped", "Action", "Resource", "Principal", "without ArnLike aws:PrincipalArn",
        "without StringEquals aws:PrincipalOrgID",
    ]  # fmt: skip
