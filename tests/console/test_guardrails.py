"""`governance guardrails`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from blueprint.policies.guardrails import guardrails
from console.access.project import settings_of
from rehearsal.engine import ROOT
from tests.console.conftest import Command


@pytest.mark.parametrize("name", ["spokes", "hub-decisions", "hub-evidence"])
def test_each_is_printed_as_it_is_attached(governance: Command, name: str) -> None:
    """Guards: a document that AWS Organizations doesn't take."""
    status, out, _ = governance("guardrails", name, "--project", str(ROOT))
    assert status == 0
    assert json.loads(out) == guardrails(settings_of(ROOT).organisation, "OrganizationAccountAccessRole")[name]


def test_the_list_says_where_each_belongs(governance: Command) -> None:
    """Guards: a policy for the spokes on the hub's account, where it stops every approver."""
    status, out, _ = governance("guardrails", "--project", str(ROOT))
    assert status == 0
    assert "to the units of the spokes' accounts" in out
    assert out.count("to the hub's account") == 2


def test_without_a_role_that_deploys_there_are_none(governance: Command, tmp_path: Path) -> None:
    """Guards: an installation that locks out who keeps it."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    project["config"]["ml-governance:deployRole"]["default"] = ""
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    status, _, err = governance("guardrails", "--project", str(tmp_path))
    assert (status, "deployRole is empty" in err) == (2, True)
    status, _, err = governance("guardrails", "prod", "--project", str(ROOT))
    assert (status, "there is no policy prod; known: spokes, hub-decisions, hub-evidence" in err) == (2, True)
