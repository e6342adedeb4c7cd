"""The planned program against the declared intent: cell by cell, by each side alone and by both."""

from __future__ import annotations

from console.access.expected import unused_patterns
from console.access.matrix import roles_of
from console.access.rendering import counts
from tests.console.access.planned import planned, planned_intent, planned_proof


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
            assert verdict.claim.shown


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
