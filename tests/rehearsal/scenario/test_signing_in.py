"""Signing in to an organisation that was left up."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.scenario import emulated
from rehearsal.scenario.errors import NobodySigned
from rehearsal.scenario.signing_in import exports, sign_in


@pytest.fixture(scope="module")
def left_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a running organisation in which nothing is deployed."""
    folder = tmp_path_factory.mktemp("left-up")
    running = emulated.start(folder, seed=1, outlive=False)
    yield folder
    running.stop()


@pytest.mark.parametrize(
    ("who", "identity"),
    [
        ("management", "arn:aws:iam::999999999999:user/"),
        ("prod", "arn:aws:sts::444444444444:assumed-role/OrganizationAccountAccessRole/"),
        ("officer", "arn:aws:sts::111111111111:assumed-role/ModelRiskOfficer/ada.lovelace"),
        ("outsider", "arn:aws:sts::555555555555:assumed-role/Admin/"),
    ],
)
def test_everybody_can_sign_in(left_up: Path, who: str, identity: str) -> None:
    """Guards: credentials that are printed and open nothing."""
    assert sign_in(who, left_up).client("sts").get_caller_identity()["Arn"].startswith(identity)


def test_a_former_session_doesn_t_mix_in(left_up: Path) -> None:
    """Guards: a user's keys beside the session token of the role that the shell was before."""
    assert "unset AWS_SESSION_TOKEN" in exports(sign_in("management", left_up))
    assert "unset" not in exports(sign_in("hub", left_up))


def test_who_has_no_role_yet_is_told_so(left_up: Path) -> None:
    """Guards: a traceback where the stack isn't up."""
    with pytest.raises(NobodySigned, match=r"data-scientist can't sign in: .*mlgov-dev-execution"):
        sign_in("data-scientist", left_up)


def test_an_unknown_name_lists_the_known_ones(left_up: Path) -> None:
    """Guards: guessing."""
    with pytest.raises(NobodySigned, match=r"no 'bob' .* known: management, hub, dev, prod, test, data-scientist"):
        sign_in("bob", left_up)


def test_a_file_of_a_dead_organisation_names_nobody_else_s_process(tmp_path: Path) -> None:
    """Guards: `make stop` ending a stranger's process that got the number of ours after a restart."""
    with pytest.raises(NobodySigned, match="no organisation is up"):
        sign_in("hub", tmp_path)
    stale = {"process": os.getpid(), "endpoint": "http://127.0.0.1:1", "admin_keys": {}}
    (tmp_path / emulated.READY).write_text(json.dumps(stale), encoding="utf-8")
    with pytest.raises(NobodySigned, match="no organisation is up"):
        sign_in("hub", tmp_path)
