"""Default tags."""

from __future__ import annotations

from blueprint.tags import tags


def test_nothing_hides_who_owns_a_resource() -> None:
    """Guards: a customer's tag that overrides the ownership tags, which clean-up goes by."""
    made = tags("mlgov", "dev", **{"governance:managed-by": "somebody", "team": "risk"})
    assert made == {
        "team": "risk",
        "governance:managed-by": "ml-governance",
        "governance:installation": "mlgov",
        "governance:stack": "dev",
    }
