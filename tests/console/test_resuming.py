"""What `governance resume` makes of a state, without an engine (rehearsal/provider/test_interrupted.py has one)."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blueprint.tags import tags
from console import resuming
from console.errors import CommandError
from console.finders import FINDERS, Aws
from console.pending import NAMED, REPEATED, known
from console.pulumi_cli import Pulumi
from console.resuming import creations_of, with_creations

ROOT = Path(__file__).resolve().parents[2]
OURS = tags("mlgov", "hub")
PROVIDER = {
    "urn": "urn:pulumi:hub::p::pulumi:providers:aws::account",
    "id": "1",
    "type": "pulumi:providers:aws",
    "inputs": {"region": "eu-west-1"},
}


def resource(kind: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:hub::p::x$y${kind}::{name}",
        "custom": True,
        "type": kind,
        "inputs": inputs,
        "provider": f"{PROVIDER['urn']}::1",
    }


def state(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": [PROVIDER], "pending_operations": list(operations)}}


def test_what_may_have_happened_goes_into_the_state_and_nothing_stays_pending() -> None:
    """Guards: a resource that AWS made and that the next update makes again, or forgets."""
    role = resource("aws:iam/role:Role", "role", name="mlgov-hub-x", tagsAll=OURS)
    policy = resource("aws:s3/bucketPolicy:BucketPolicy", "policy", bucket="b", policy="{}")
    before = state({"type": "creating", "resource": role}, {"type": "creating", "resource": policy})
    creations = creations_of(before)
    after = with_creations(before, creations)["deployment"]
    assert [creation.id for creation in creations] == ["mlgov-hub-x", None]
    assert after["resources"] == [PROVIDER, {**role, "id": "mlgov-hub-x", "outputs": role["inputs"]}]
    assert after["pending_operations"] == []
    assert before["deployment"]["resources"] == [PROVIDER], "the state that was read stays as it is"


def test_other_operations_stay_for_the_refresh() -> None:
    """Guards: an interrupted deletion that nobody looks at."""
    deletion = {"type": "deleting", "resource": resource("aws:iam/role:Role", "role", name="x")}
    assert with_creations(state(deletion), [])["deployment"]["pending_operations"] == [deletion]
    assert creations_of(state(deletion)) == []


def test_an_unknown_type_is_named_before_anything_changes() -> None:
    """Guards: a resource that is forgotten silently, and pays for ever."""
    with pytest.raises(CommandError, match="aws:redshift/cluster:Cluster"):
        creations_of(state({"type": "creating", "resource": resource("aws:redshift/cluster:Cluster", "c")}))


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        (OURS, True),
        ({}, True),
        ({**OURS, "team": "risk"}, True),
        ({**OURS, "governance:stack": "dev"}, False),
        ({"owner": "somebody else"}, False),
    ],
)
def test_only_what_carries_this_stack_s_tags_or_none_is_ours(found: dict[str, str], ours: bool) -> None:
    """Guards: adopting a resource of that name whose existence was why the creation failed."""
    wanted = resource("aws:iam/role:Role", "role", name="x", tagsAll=OURS)
    assert resuming._ours(wanted, {"outputs": {"tagsAll": found}}) is ours


def test_each_type_is_looked_for_in_one_way() -> None:
    """Guards: two answers for one type."""
    assert not REPEATED & NAMED.keys()
    assert not FINDERS.keys() & (REPEATED | NAMED.keys())


def test_each_type_of_the_program_can_be_looked_for() -> None:
    """Guards: a new type whose interrupted creation only a person could find."""
    types = json.loads((ROOT / "rehearsal" / "provider" / "metadata.json").read_text(encoding="utf-8"))["types"]
    assert [kind for kind in sorted(types) if not known(kind)] == []


def test_targets_and_rules_of_the_default_bus_have_bare_ids() -> None:
    """Guards: an id that the provider doesn't find, so that the rule is made a second time."""
    rule, find = NAMED["aws:cloudwatch/eventRule:EventRule"], FINDERS["aws:cloudwatch/eventTarget:EventTarget"]
    targets = [{"Id": "t", "Arn": "arn:queue"}, {"Id": "other", "Arn": "arn:bus"}]
    aws = Aws({"region": "eu-west-1"})
    aws._clients["events"] = SimpleNamespace(
        list_targets_by_rule=lambda **_: {"Targets": targets},
        exceptions=SimpleNamespace(ResourceNotFoundException=KeyError),
    )
    assert rule({"name": "r"}) == "r"
    assert rule({"name": "r", "eventBusName": "default"}) == "r"
    assert rule({"name": "r", "eventBusName": "b"}) == "b/r"
    assert find({"rule": "r", "targetId": "t", "arn": "arn:queue"}, aws) == ["r-t"]
    assert find({"rule": "r", "targetId": "t", "arn": "arn:queue", "eventBusName": "b"}, aws) == ["b-r-t"]
    assert find({"rule": "r", "arn": "arn:bus"}, aws) == ["r-other"], "one that the program doesn't name"
    assert find({"rule": "r", "targetId": "gone", "arn": "arn:bus"}, aws) == []


def test_what_has_no_name_of_the_program_s_is_refused_in_words() -> None:
    """Guards: a traceback over a name that the provider chose after the engine had written the creation down."""
    with pytest.raises(CommandError, match="aws:iam/role:Role has no 'name'"):
        creations_of(state({"type": "creating", "resource": resource("aws:iam/role:Role", "role")}))


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, a backend of files with one stack, and a CLI that says where it is."""
    stacks = tmp_path / "state" / ".pulumi" / "stacks" / "p"
    stacks.mkdir(parents=True)
    for name in ("hub.json", "hub.json.attrs", "hub.json.bak", "hub.json.bak.attrs"):
        (stacks / name).write_text('{"whole": true}')
    cli = tmp_path / "bin" / "pulumi"
    cli.parent.mkdir()
    cli.write_text(f"#!/bin/sh\necho '{json.dumps({'url': (tmp_path / 'state').as_uri()})}'\n")
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", str(cli.parent))
    (tmp_path / "Pulumi.yaml").touch()
    return stacks


@pytest.mark.parametrize("name", ["hub", "organization/p/hub"])
def test_files_that_were_cut_off_are_mended(backend: Path, tmp_path: Path, name: str) -> None:
    """Guards: a stack that no command can read after its engine was killed (Pulumi says `EOF`)."""
    (backend / "hub.json").write_text('{"cut')
    (backend / "hub.json.attrs").write_text("")
    done = Pulumi(tmp_path, name).mend_files()
    assert len(done) == 2
    assert (backend / "hub.json").read_text() == '{"whole": true}'
    assert not (backend / "hub.json.attrs").exists()
    assert Pulumi(tmp_path, name).mend_files() == []


def test_a_missing_cli_or_project_is_said_in_one_line(
    tmp_path: Path, backend: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: a traceback where a program isn't installed."""
    with pytest.raises(CommandError, match=r"no Pulumi\.yaml"):
        Pulumi(tmp_path / "state", "hub")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="PATH"):
        Pulumi(tmp_path, "hub")
