"""The copy of the program in which the engine works."""

from __future__ import annotations

from pathlib import Path

import yaml

from rehearsal.scenario.workspace import copy_program
from tests.rehearsal.sabotage import copy_source


def test_a_stack_that_has_been_initialised_for_real_can_be_rehearsed(tmp_path: Path) -> None:
    """Guards: `make rehearse` failing with "incorrect passphrase" for whoever ran `pulumi stack init` before."""
    source = copy_source(tmp_path / "source")
    stack = source / "Pulumi.hub.yaml"
    real = {
        "secretsprovider": "awskms://alias/pulumi",
        "encryptedkey": "AAAA",
        "encryptionsalt": "v1:abc:v1:def",
        "config": {"ml-governance:logRetentionDays": 30},
    }
    stack.write_text(yaml.safe_dump(real), encoding="utf-8")
    copy = copy_program(source, tmp_path / "program")
    assert yaml.safe_load((copy / "Pulumi.hub.yaml").read_text(encoding="utf-8")) == {
        "config": {"ml-governance:logRetentionDays": 30, "ml-governance:statefulResources": "destroy"}
    }
    assert yaml.safe_load(stack.read_text(encoding="utf-8")) == real, "the checkout's own file was changed"
