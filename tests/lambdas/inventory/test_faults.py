"""Random organisations against a brute-force reference; crashes and interruptions at every point."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.endpoint_history import verify_history
from governance.inventory import Container, Specification, StoredArtifact, Unreadable
from tests.governance.hosted import (
    IMAGE,
    component,
    config,
    entry,
    model,
    of_version,
    sha256_of,
    state,
    url_of,
    variant,
)
from tests.governance.samples import DEV, HUB, arn_of
from tests.lambdas.inventory.test_shadow_endpoints import EXPECTED, organisation
from tests.lambdas.inventory.world import TEST, Crash, Organisation, impatient

WORST_FIRST = [
    "unregistered", "digest-differs", "unapproved", "revoked-after-deploy", "wrong-stage", "deleted-package",
    "model-deleted", "config-deleted", "unknown", "approved",
]  # fmt: skip

LEDGER: dict[str, tuple[dict[str, Any] | None, dict[str, str]]] = {
    # what the ledger says of a version: its verdict in test, in dev, in the hub
    "never seen": (None, {TEST: "unapproved", DEV: "unapproved", HUB: "unapproved"}),
    "pending": (
        {"status": "PendingManualApproval", "kind": "registration", "stages": {}},
        {TEST: "unapproved", DEV: "unapproved", HUB: "unapproved"},
    ),
    "for test": ({}, {TEST: "approved", DEV: "wrong-stage", HUB: "wrong-stage"}),
    "for dev": (
        {"stages": {"Development": entry(1)}}, {TEST: "wrong-stage", DEV: "approved", HUB: "wrong-stage"},
    ),
    "for both": (
        {"stages": {"Development": entry(1), "Staging": entry(1)}},
        {TEST: "approved", DEV: "approved", HUB: "wrong-stage"},
    ),
    "rejected": (
        {"status": "Rejected", "at": 30}, {TEST: "revoked-after-deploy", DEV: "unapproved", HUB: "unapproved"},
    ),
    "rejected early": ({"status": "Rejected", "at": 12}, {TEST: "unapproved", DEV: "unapproved", HUB: "unapproved"}),
    "withdrawn": (
        {"stages": {"Development": entry(1), "Staging": entry(1, "Rejected", 30)}},
        {TEST: "revoked-after-deploy", DEV: "approved", HUB: "wrong-stage"},
    ),
}  # fmt: skip

PARTS = ("variant", "second variant", "shadow", "second container", "pool", "component")
TROUBLES = ("none", "swapped", "no object", "unreadable object", "deleted version", "unreadable version")


BROKEN = {
    "no config": ["config-deleted"], "no model": ["model-deleted"], "config refused": ["unknown"],
    "components refused": ["unknown"],
}  # fmt: skip
"""What an endpoint is for something that is missing there, beside all that serves."""

HIDDEN = {
    "no config": set(PARTS) - {"component"},
    "config refused": set(PARTS) - {"component"},
    "no model": {"variant", "second container", "pool"},
    "components refused": {"component"},
}
"""Parts that can't be seen then."""


@dataclass(frozen=True)
class Part:
    """One thing that serves: a version as the ledger knows it, or a bare artifact (`ledger` None)."""

    place: str
    ledger: str | None
    trouble: str


PART = st.builds(
    Part,
    place=st.sampled_from(PARTS),
    ledger=st.sampled_from([None, *LEDGER]),
    trouble=st.sampled_from(TROUBLES),
)
ENDPOINT = st.tuples(
    st.lists(PART, max_size=4),
    st.sampled_from(["none", "none", "none", "no config", "no model", "config refused", "components refused"]),
)
ORGANISATION = st.dictionaries(
    st.tuples(st.sampled_from([HUB, DEV, TEST]), st.sampled_from(["a", "b", "c", "d"])), ENDPOINT, max_size=6
)


def expected(account: str, parts: list[Part], broken: str) -> str:
    """The reference: every part by itself, the worst of all."""
    found = ["approved", *BROKEN.get(broken, [])]
    for part in parts:
        if part.place not in HIDDEN.get(broken, ()):
            found += ["unregistered"] if part.ledger is None else _versions(account, part)
    return min(found, key=WORST_FIRST.index)


def _versions(account: str, part: Part) -> list[str]:
    row, verdicts = LEDGER[str(part.ledger)]
    found = [verdicts[account]]
    stage = {TEST: "Staging", DEV: "Development"}.get(account)
    stages = None if row is None else row.get("stages", {"Staging": entry(1)})
    held = bool(stages and stage and "approved" in stages.get(stage, {}))
    if part.trouble == "deleted version":
        found.append("deleted-package")
    if part.trouble == "unreadable version":
        found.append("unknown")
    if held and part.trouble in ("swapped", "no object"):
        found.append("digest-differs")
    if held and part.trouble == "unreadable object":
        found.append("unknown")
    return found


def build(spec: dict[tuple[str, str], tuple[list[Part], str]]) -> Organisation:
    org, versions = Organisation(), itertools.count(1)
    for (account, name), (parts, broken) in spec.items():
        org.serve(account, name)
        hosting = org.hosting(account)
        variants, first, pool, components = [], [], [], []
        for number, part in enumerate(parts):
            container, other = _container(org, part, versions), f"{name}-{number}"
            match part.place:
                case "variant" | "second container":
                    first.append(container)
                case "pool":
                    hosting.models[other] = model(other, container)
                    pool.append(other)
                case "component":
                    hosting.models[other] = model(other, container)
                    bare = Specification(url=container.url) if container.package is None else Specification(model=other)
                    components.append(component(other, bare))
                case place:
                    hosting.models[other] = model(other, container)
                    variants.append(variant(other, name=other, shadow=place == "shadow"))
        hosting.models[name] = model(name, *first)
        if broken == "no model":
            # The pool's models hang on the variant whose own model is gone, but are there.
            del hosting.models[name]
            for other in pool:
                del hosting.models[other]
            first = first or [Container()]
        models = ([name] if first else []) + pool
        hosting.configs[name] = config(name, variant(*models), *variants)
        hosting.placed[name] = tuple(components)
        if broken == "no config":
            del hosting.configs[name]
        if broken == "config refused":
            hosting.refused[f"config {name}"] = Unreadable("AccessDeniedException")
        if broken == "components refused":
            hosting.refused[f"components {name}"] = Unreadable("AccessDeniedException")
    return org


def _container(org: Organisation, part: Part, versions: Iterator[int]) -> Container:
    number = next(versions)
    if part.ledger is None:
        return Container(image=IMAGE, url=url_of(number))
    row = LEDGER[part.ledger][0]
    org.version(number)
    if row is None:
        del org.states.states[arn_of(number)]
    else:
        given = {k: v for k, v in row.items() if k != "stages"}
        stages = {
            stage: held | ({"approved": held["approved"] | {"url": url_of(number), "sha256": sha256_of(number)}})
            for stage, held in row.get("stages", {"Staging": entry(number)}).items()
        }
        org.states.states[arn_of(number)] = state(number, stages=stages, **given)
    objects = org.artifacts.objects
    match part.trouble:
        case "swapped":
            objects[url_of(number)] = StoredArtifact("00" * 32, None)
        case "no object":
            del objects[url_of(number)]
        case "unreadable object":
            objects[url_of(number)] = Unreadable("AccessDenied")
        case "deleted version":
            del org.registry.packages[arn_of(number)]
        case "unreadable version":
            org.registry.packages[arn_of(number)] = Unreadable("AccessDeniedException")
    return of_version(number)


@settings(max_examples=200, deadline=None)
@given(ORGANISATION, st.integers(1, 3), st.integers(1, 5))
def test_verdicts_equal_a_brute_force_reference(
    spec: dict[tuple[str, str], tuple[list[Part], str]], page: int, patience: int
) -> None:
    """Guards: any combination of parts in which one hides another, however the walk is paged and interrupted."""
    org = build(spec)
    for account in (HUB, DEV, TEST):
        org.hosting(account).page = page
    org.left = impatient(patience)
    org.run()
    assert org.verdicts() == {place: expected(place[0], *endpoint) for place, endpoint in spec.items()}


TIMES = {"walkedat", "lastseen", "firstseen", "eventorder", "walkstarted", "deletedat"}


def table(org: Organisation) -> dict[str, dict[str, Any]]:
    """The table without times, which differ from run to run."""
    return {
        key: {name: value for name, value in row.items() if name not in TIMES} | {"lives": row["deletedat"] is None}
        for key, row in org.table.kept.items()
    }


def told(org: Organisation) -> dict[str, list[tuple[Any, ...]]]:
    """The history without times; its chains must be whole."""
    assert [f for arn, chain in org.history.chains.items() for f in verify_history(arn, chain)] == []
    return {
        arn: [(row.get("verdict"), row.get("status"), row.get("modelpackagearns")) for row in chain]
        for arn, chain in org.history.chains.items()
    }


def walked(plan: Iterator[Callable[[str], None] | None] | None = None) -> Organisation:
    """The organisation of all verdicts after a run, a deletion, and a second run that is broken as planned."""
    org = organisation()
    org.run("first")
    del org.hosting(TEST).live["approved"]
    if plan is not None:
        org.plan = plan
    deliver(org)
    return org


def deliver(org: Organisation) -> None:
    """The second run as a queue delivers it: what fails comes again."""
    body = json.dumps(
        {
            "source": "aws.events", "detail-type": "Scheduled Event", "id": "second",
            "time": "2026-03-01T20:00:00Z",
        }
    )  # fmt: skip
    org.minutes = 700
    org.jobs.sent = [body]
    while org.jobs.sent:
        message = org.jobs.sent[0]
        try:
            org.handle(message)
        except Crash:
            continue
        org.jobs.sent.remove(message)


def crash_at(call: int, points: list[str]) -> Iterator[Callable[[str], None] | None]:
    """A plan in which the process ends at one port call, and only once."""
    for number in itertools.count():
        yield _crash(points) if number == call else points.append


def _crash(points: list[str]) -> Callable[[str], None]:
    def crash(point: str) -> None:
        points.append(point)
        raise Crash(point)

    return crash


def test_a_crash_before_or_after_any_call_changes_nothing() -> None:
    """Guards: a step that, done twice or left out once, leaves another table behind."""
    points: list[str] = []
    undisturbed = walked(crash_at(10**9, points))
    reference, history, calls = table(undisturbed), told(undisturbed), len(points)
    assert {"table.verdict:after", "jobs.send:after", "table.bury:after", "history.append:after"} <= set(points)
    for call in range(calls):
        org = walked(crash_at(call, []))
        assert table(org) == reference, points[call]
        assert told(org) == history, points[call]
    assert {(a, n): v for (a, n), v in EXPECTED.items() if n != "approved"} == undisturbed.verdicts()


def test_resuming_at_any_point_gives_the_same_table() -> None:
    """Guards: a continuation that leaves one endpoint out, or looks at the rest with what it read before."""
    reference = table(walked())
    for page, patience in itertools.product((1, 3, 100), (1, 2, 3, 7)):
        org = organisation()
        for account in (HUB, DEV, TEST):
            org.hosting(account).page = page
        org.run("first")
        del org.hosting(TEST).live["approved"]
        org.left = impatient(patience)
        deliver(org)
        assert table(org) == reference, (page, patience)


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(6)), st.integers(0, 5))
def test_jobs_twice_and_in_any_order_end_the_same(order: list[int], again: int) -> None:
    """Guards: a queue that delivers at least once, in its own order."""
    org = organisation()
    bodies = [
        json.dumps({"job": "endpoint", "account": TEST, "endpoint": "approved"}),
        json.dumps({"job": "endpoint", "account": DEV, "endpoint": "same-name"}),
        *(
            json.dumps({"job": "account", "account": a, "walk": "w", "started": "2026-03-01T19:00:00Z"})
            for a in (HUB, DEV, TEST)
        ),
        json.dumps({"job": "endpoint", "account": TEST, "endpoint": "updating"}),
    ]
    for number in (*order, again):
        org.handle(bodies[number])
    assert org.verdicts() == EXPECTED
