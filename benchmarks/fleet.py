"""What a hub costs as its fleet grows: previews, the program's own time, resources, bytes of policies and contract.

The fleet is the committed example's hub with so many spokes, a tenth of them in the first stage, each with a network of
its own. `--accounts`: shares that name accounts, instead of each stage's unit. The program is timed from its
configuration to its last registration on the recording engine of the tests, Python's start and imports left out, which
no number of spokes changes. Budget: 1,000 spokes take at most 1.2 times as long as 3.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.timing import interleaved, show
from blueprint.limits import BUCKET_POLICY, BUS_POLICY, KEY_POLICY, TOPIC_POLICY, PolicyLimit
from blueprint.names import HUB
from blueprint.settings import PROJECT
from rehearsal.engine import ROOT, Engine
from rehearsal.scenario import emulated
from rehearsal.scenario.cast import Cast
from rehearsal.scenario.configuration import organisation_of
from rehearsal.scenario.workspace import copy_program
from tests.components.recorder import Run, run

SIZES = (3, 30, 300, 1000)
ROUNDS = 5
FIRST_ACCOUNT = 600_000_000_000
POLICIES: dict[str, tuple[str, str, PolicyLimit]] = {
    "artifact bucket": ("aws:s3/bucketPolicy:BucketPolicy", "hub-artifacts", BUCKET_POLICY),
    "artifact key": ("aws:kms/key:Key", "hub-artifacts", KEY_POLICY),
    "governance bus": ("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "hub", BUS_POLICY),
    "alarms' topic": ("aws:sns/topicPolicy:TopicPolicy", "hub-alarms", TOPIC_POLICY),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", action="store_true", help="share with each account instead of with units")
    units = not parser.parse_args().accounts
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        projects = {size: project(folder / f"fleet-{size}", size, units=units) for size in SIZES}
        show(
            "hub's program, without start and imports",
            interleaved({label(size): partial(program, at, given(at)) for size, at in projects.items()}, ROUNDS),
            label(SIZES[0]),
        )
        for size, at in projects.items():
            _describe(label(size), program(at, given(at)))
        _previews(projects, folder)


def label(size: int) -> str:
    return f"{size:,} spokes"


def project(folder: Path, size: int, *, units: bool) -> Path:
    """A copy of the program whose `Pulumi.yaml` names so many spokes."""
    copy_program(ROOT, folder)
    file = folder / "Pulumi.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    organisation = content["config"][f"{PROJECT}:organisation"]["default"]
    stages = organisation["stages"]
    accounts = {HUB: {**organisation["accounts"][HUB], "cidr": "10.255.0.0/22"}}
    for number in range(size):
        stage = stages[0 if number % 10 == 0 else 1 + number % 2]["name"]
        accounts[f"{stage}-{number:04}"] = {
            "account": str(FIRST_ACCOUNT + number),
            "stage": stage,
            "cidr": f"10.{number // 64}.{number % 64 * 4}.0/22",
        }
    organisation["accounts"] = accounts
    for place, entry in enumerate(stages if units else ()):
        entry["units"] = [f"arn:aws:organizations::999999999999:ou/{organisation['id']}/ou-a1b2-stage{place:03}"]
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def given(folder: Path) -> str:
    """A project's configuration as the engine hands it to the program: every value as text."""
    entries: dict[str, Any] = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    values = {key: entry["default"] for key, entry in entries.items() if "default" in entry}
    return json.dumps({key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()})


def program(folder: Path, configuration: str) -> Run:
    """The hub's whole program of a project, on the recording engine."""
    os.environ["PULUMI_CONFIG"] = configuration
    main_file = str(folder / "__main__.py")
    return run(lambda: _nothing(runpy.run_path(main_file, run_name="__main__")), stack=HUB, preview=True)


def _nothing(_: object) -> None:
    """Programs return nothing."""


def _describe(name: str, made: Run) -> None:
    print(f"{name}: {len(made.custom())} resources, contract of {len(json.dumps(made.exports)):,} bytes")
    for policy, (type_, resource, limit) in POLICIES.items():
        text = made.one(type_, resource).inputs["policy"]
        known = f"{len(text.encode()):>7,}" if isinstance(text, str) else "late"
        print(f"  {policy:<32} {known} of {limit.characters:,} characters")


def _previews(projects: dict[int, Path], folder: Path) -> None:
    """By the real engine, of a hub that isn't there yet."""
    organisation = organisation_of(ROOT)
    process = emulated.start(folder, 1, outlive=False)
    try:
        environment = Cast(process.control, organisation, process.admin_keys).platform.environment()
        engines = {}
        for size, at in projects.items():
            engines[label(size)] = Engine(at, None, folder / f"state-{size}", environment)
            engines[label(size)].init(HUB)
        candidates = {name: partial(engine.preview, HUB) for name, engine in engines.items()}
        show("preview of a new hub", interleaved(candidates, ROUNDS), label(SIZES[0]))
    finally:
        process.stop()


if __name__ == "__main__":
    main()
