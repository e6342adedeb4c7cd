"""Targets: keys that can't meet, and endpoints that live."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from governance.inventory import Endpoint
from governance.inventory_rows import state_columns, verdict_columns
from governance.metrics_targets import COLUMNS, Target, targets_of
from governance.metrics_window import Window
from governance.verdicts import Judgement, Verdict

REGION = "eu-west-1"
WHEN = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNTS = ("111111111111", "222222222222")
NAME = st.text("aB1", min_size=1, max_size=3)
WINDOW = Window(1_772_366_400, 1_772_370_000, 300)


def row(account: str, name: str, variants: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "endpointarn": f"arn:aws:sagemaker:{REGION}:{account}:endpoint/{name.lower()}",
        "endpointname": name,
        "account": account,
        "region": REGION,
        "variants": json.dumps(variants),
        **more,
    }


@given(st.lists(st.builds(Target, NAME, NAME, NAME, NAME, NAME, st.none() | NAME), max_size=30))
def test_different_targets_have_different_keys(targets: list[Target]) -> None:
    """Guards: M5: two series in one row. Account, endpoint and Region are told apart by the ARN."""
    identities = {(one.endpoint_arn, one.variant, one.component) for one in targets}
    assert len({one.key for one in targets}) == len(identities)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(ACCOUNTS), NAME.map(str.lower)),
        st.lists(NAME, unique=True, min_size=1, max_size=3),
        max_size=8,
    )
)
def test_every_variant_of_every_account_is_a_target_once_and_in_order(
    endpoints: dict[tuple[str, str], list[str]],
) -> None:
    """Guards: M5, M7: an account's or variant's series that is never asked for; an order that no run can resume in."""
    rows = [row(account, name, [{"name": one} for one in names]) for (account, name), names in endpoints.items()]
    found = targets_of(rows, frozenset(ACCOUNTS), REGION, WINDOW).ordered
    assert [(one.account, one.endpoint, one.variant) for one in found] == [
        (one.account, one.endpoint, one.variant) for one in sorted(found, key=lambda one: one.key)
    ]
    assert {(one.account, one.endpoint, one.variant) for one in found} == {
        (account, name, variant) for (account, name), names in endpoints.items() for variant in names
    }


def test_only_what_lived_in_the_window_is_asked_about() -> None:
    """Guards: deleted endpoints that are paid for for ever (M7); the last minutes of one that was just deleted."""
    rows = [
        row(ACCOUNTS[0], "lives", [{"name": "v"}], deletedat=None),
        row(ACCOUNTS[0], "ended", [{"name": "v"}], deletedat="2026-03-01T12:00:00.001Z"),
        row(ACCOUNTS[0], "gone", [{"name": "v"}], deletedat="2026-03-01T11:59:59.999Z"),
    ]
    found = targets_of(rows, frozenset(ACCOUNTS), REGION, WINDOW)
    assert [one.endpoint for one in found.ordered] == ["ended", "lives"]


def test_what_cannot_be_asked_about_is_counted() -> None:
    """Guards: endpoints without metrics that nobody hears of."""
    rows = [
        row("333333333333", "other", [{"name": "v"}]),
        row(ACCOUNTS[0], "elsewhere", [{"name": "v"}]) | {"region": "us-east-1"},
        row(ACCOUNTS[0], "new", []),
        {"endpointarn": "account:222222222222", "verdict": "unknown"},
    ]
    found = targets_of(rows, frozenset(ACCOUNTS), REGION, WINDOW)
    assert (found.ordered, found.elsewhere, found.without_variants) == ((), 2, 1)


def test_components_on_no_variant_and_several_of_one_name_are_asked_about_once() -> None:
    """Guards: an adapter's base that names no variant, taken for a variant called None; the same query paid twice."""
    endpoint = Endpoint(
        arn="arn:aws:sagemaker:eu-west-1:111111111111:endpoint/e", name="E", status="IN_SERVICE", created=WHEN,
        modified=WHEN, config="c",
    )  # fmt: skip
    variants: tuple[dict[str, Any], ...] = (
        {"name": "v", "components": [{"name": "two", "model": "a"}, {"name": "two", "model": "b"}], "pending": False},
        {"name": "v", "components": [], "pending": True},
        {"name": None, "components": [{"name": "adapter"}], "pending": False},
    )
    judgement = Judgement(verdict=Verdict.APPROVED, stage="Development", findings=(), variants=variants, packages=())
    written = {"endpointarn": endpoint.arn, **state_columns(endpoint, WHEN)}
    written |= verdict_columns(endpoint, judgement, "dev", WHEN)
    found = targets_of([written], frozenset(ACCOUNTS), REGION, WINDOW).ordered
    assert [one.key.partition("#")[2] for one in found] == ["#adapter", "v", "v#two"]


def test_only_these_columns_are_read() -> None:
    """Guards: a scan that reads evidence and specifications of ten thousand endpoints to learn their names."""
    full = row(ACCOUNTS[0], "E", [{"name": "v", "components": [{"name": "c", "copies": 1}]}], evidence="{}")
    narrow = {name: full[name] for name in COLUMNS if name in full}
    accounts = frozenset(ACCOUNTS)
    assert targets_of([narrow], accounts, REGION, WINDOW) == targets_of([full], accounts, REGION, WINDOW)
    assert [one.component for one in targets_of([narrow], accounts, REGION, WINDOW).ordered] == [None, "c"]
