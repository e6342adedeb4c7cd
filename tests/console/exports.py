"""An export of tables that capture really wrote, for tests to read and to tamper with."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.governance.samples import arn_of, envelope, iso, moment, package_detail, seen, stage
from tests.lambdas.capture.world import World


def history() -> World:
    """Two versions: the first registered, approved for Development and Staging; the second registered."""
    world = World()
    for prepare, body in deliveries():
        prepare(world)
        world.deliver(body)
    return world


def deliveries() -> list[tuple[Callable[[World], None], str]]:
    """The history's events, each with what the registry shows when it comes: the two registrations first."""
    both = ("ModelApprovalStatus", "ModelLifeCycle")
    story = [
        (1, 0, (), "PendingManualApproval", stage("Development", "PendingApproval")),
        (2, 0, (), "PendingManualApproval", stage("Development", "PendingApproval")),
        (1, 5, both, "Approved", stage("Development", "Approved", "measured")),
        (1, 9, ("ModelLifeCycle",), "Approved", stage("Staging", "Approved", "validated")),
    ]
    return [
        (
            functools.partial(_show, version, minutes),
            envelope(
                package_detail(
                    version=version,
                    modified=iso(moment(minutes)),
                    changed=changed,
                    approval=approval,
                    lifecycle=lifecycle,
                ),
                event_id=f"e{number}",
            ),
        )
        for number, (version, minutes, changed, approval, lifecycle) in enumerate(story)
    ]


def _show(version: int, minutes: float, world: World) -> None:
    world.registry.versions[arn_of(version)] = seen(modified=moment(minutes))


def rows_of(world: World) -> dict[str, list[dict[str, Any]]]:
    """The three tables as plain rows."""
    return {
        "modelgovernanceledger": [dict(row) for row in world.tables.ledger.values()],
        "modelgovernancededup": [dict(item) for item in world.tables.dedup.values()],
        "modelpackagestatechanges": [dict(state) for state in world.tables.state.values()],
    }


def write(folder: Path, tables: dict[str, list[dict[str, Any]]]) -> Path:
    """The tables as `tables/<prefix>_<name>.jsonl`; the folder that holds `tables`."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "tables" / f"mlgov_{name}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def export(folder: Path, tamper: Callable[[dict[str, list[dict[str, Any]]]], object] = lambda tables: None) -> Path:
    """An export of the history, after tampering."""
    tables = rows_of(history())
    tamper(tables)
    return write(folder, tables)
