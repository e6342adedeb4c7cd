"""`governance as-of`, `endpoints` and `flow` on exports: what is answered, what is printed, which status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.render_answers import duration
from governance.terms import Kind
from tests.console.conftest import Command
from tests.console.exports import write
from tests.governance.histories import Endpoint, Version, registered, stage
from tests.governance.samples import GROUP, moment

ACCOUNT = "333333333333"
COMMANDS = (Path(__file__).resolve().parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


def day(minutes: float) -> str:
    return moment(minutes).isoformat()


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """Approved for Staging at minute 11, served from minute 20, revoked at minute 50, served on."""
    version = Version().tell(Kind.REGISTRATION, registered(), 0)
    version.tell(Kind.APPROVAL, "Approved", 10).tell(Kind.STAGE, stage("Staging"), 11)
    version.tell(Kind.APPROVAL, "Rejected", 50, seen=55)
    waiting = Version(2).tell(Kind.REGISTRATION, registered(), 0)
    endpoint = Endpoint().seen(30, version.arn, modified=20)
    endpoint.seen(60, version.arn, modified=20, verdict="revoked-after-deploy")
    return write(
        tmp_path,
        {
            "modelgovernanceledger": [*version.rows, *waiting.rows],
            "sagemakerendpointhistory": list(endpoint.rows),
            "sagemakermodelendpoints": [*inventory(version.arn)],
        },
    )


def inventory(package: str) -> list[dict[str, Any]]:
    """One endpoint that is wrong, one that is right, one that is gone, one account that can't be read."""
    base = {"account": ACCOUNT, "stage": "Staging", "status": "IN_SERVICE", "modelpackagearns": json.dumps([package])}
    evidence = [
        {
            "where": "variant AllTraffic / model m", "verdict": "revoked-after-deploy", "seen": package,
            "ledger": "Rejected by bea", "since": "2026-03-01T09:50:00.000Z", "serves": True,
        }
    ]  # fmt: skip
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/"
    return [
        base | {"endpointarn": arn + "wrong", "endpointname": "Wrong", "verdict": "revoked-after-deploy"}
        | {"evidence": json.dumps(evidence)},
        base | {"endpointarn": arn + "right", "endpointname": "Right", "verdict": "approved"},
        base | {"endpointarn": arn + "gone", "endpointname": "Gone", "verdict": "unregistered", "deletedat": day(5)},
        {"endpointarn": f"account:{ACCOUNT}", "account": ACCOUNT, "walkedat": "2026-03-01T10:00:00.000Z"},
        {"endpointarn": "account:444444444444", "account": "444444444444", "verdict": "unknown"},
    ]  # fmt: skip


def test_as_of_before_and_after_a_revocation_differ(story: Path, governance: Command) -> None:
    """Guards: an auditor's question about last month answered with today's approvals."""
    before = governance("as-of", day(40), "--export", str(story))
    after = governance("as-of", day(60), "--export", str(story))
    assert (before[0], after[0]) == (0, 1)
    assert "yes" in before[1]
    assert "NO" in after[1]


def test_as_of_by_what_was_known_then(story: Path, governance: Command) -> None:
    """Guards: somebody is blamed for what nobody could have known: the revocation of minute 50 was recorded at 55."""
    status, out, _ = governance("as-of", day(52), "--known-at", day(54), "--export", str(story), "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["known"] == "2026-03-01T09:54:00.000Z"
    assert [version["status"] for version in answer["versions"]] == ["Approved", "PendingManualApproval"]


@pytest.mark.parametrize("time", ["yesterday", "1772355600", "2026-13-01", "1999-01-01"])
def test_what_is_no_time_is_refused_with_the_form(story: Path, governance: Command, time: str) -> None:
    """Guards: a date in another form read as some other day."""
    status, out, err = governance("as-of", time, "--export", str(story))
    assert (status, out) == (2, "")
    assert "ISO 8601" in err
    assert "Traceback" not in err


def test_a_time_without_zone_is_utc(story: Path, governance: Command) -> None:
    """Guards: an answer that depends on the auditor's laptop."""
    naive = governance("as-of", "2026-03-01T09:40:00", "--export", str(story), "--json")[1]
    zoned = governance("as-of", "2026-03-01T10:40:00+01:00", "--export", str(story), "--json")[1]
    assert naive == zoned


def test_endpoints_name_what_is_wrong_and_where(story: Path, governance: Command) -> None:
    """Guards: a verdict without evidence, or an account that can't be read passing as clean."""
    status, out, _ = governance("endpoints", "--export", str(story))
    assert status == 1
    assert "Wrong: revoked-after-deploy at variant AllTraffic / model m" in out
    assert "Rejected by bea" in out
    assert "account 444444444444: never walked COULD NOT BE READ" in out
    assert "Gone" not in out
    assert "2 endpoints, 1 not known to be right" in out


def test_endpoints_by_verdict_and_with_the_deleted(story: Path, governance: Command) -> None:
    """Guards: a filter that hides what it should show."""
    found = json.loads(governance("endpoints", "--deleted", "--json", "--export", str(story))[1])["endpoints"]
    assert [row["endpointname"] for row in found] == ["Gone", "Right", "Wrong"]
    found = json.loads(governance("endpoints", "--verdict", "approved", "--json", "--export", str(story))[1])
    assert [row["endpointname"] for row in found["endpoints"]] == ["Right"]


def test_a_verdict_that_does_not_exist_is_refused(story: Path, governance: Command) -> None:
    """Guards: a typing error in a nightly check, answered with "nothing found" and status 0."""
    status, out, err = governance("endpoints", "--verdict", "unaproved", "--export", str(story))
    assert (status, out) == (2, "")
    assert "unapproved" in err, "the allowed ones are said"


def test_what_is_gone_is_shown_and_alarms_nobody(tmp_path: Path, governance: Command) -> None:
    """Guards: an endpoint deleted years ago that keeps the status at 1 for ever."""
    rows = [row for row in inventory("p") if row.get("endpointname") in ("Right", "Gone")]
    export = str(write(tmp_path, {"sagemakermodelendpoints": rows}))
    status, out, _ = governance("endpoints", "--deleted", "--export", export)
    assert status == 0
    assert "unregistered" in out
    assert "2 endpoints, none not known to be right" in out


@pytest.mark.parametrize("change", [{"lastmodifiedtime": "2026-03-01T09:30:01.000Z"}, {"verdict": None}])
def test_what_changed_since_the_last_look_is_unknown(
    tmp_path: Path, governance: Command, change: dict[str, Any]
) -> None:
    """Guards: another model under an approved name, shown as approved until the next walk."""
    [right] = [row for row in inventory("p") if row.get("endpointname") == "Right"]
    looked = right | {"walkedat": "2026-03-01T09:30:00.000Z", "evidence": json.dumps([{"verdict": "approved"}])}
    status, out, _ = governance(
        "endpoints", "--export", str(write(tmp_path, {"sagemakermodelendpoints": [looked | change]}))
    )
    assert status == 1
    assert "Right: not looked at since it changed" in out


def test_account_and_verdict_stay_whole_on_a_narrow_screen(
    story: Path, governance: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: an account id broken into two lines, which nobody can copy or search for."""
    monkeypatch.setenv("COLUMNS", "80")
    answers = [governance(*asked, "--export", str(story))[1] for asked in (["endpoints"], ["as-of", day(60)])]
    assert all(f"{ACCOUNT} Staging" in out for out in answers)
    assert "revoked-after-deploy" in answers[0].partition("Wrong: ")[0]


def test_rows_stay_whole_where_no_terminal_is(
    story: Path, governance: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: `governance as-of … | grep` that misses a version since its name was folded at 80 columns."""
    monkeypatch.delenv("COLUMNS")
    out = governance("as-of", day(60), "--export", str(story))[1]
    assert any(
        "PendingManualApproval" in line and "decided by" not in line and "no stage" in line for line in out.splitlines()
    )


@pytest.mark.parametrize(
    ("command", "arguments"), [("as-of", [day(40)]), ("endpoints", []), ("flow", []), ("history", [f"{GROUP}/1"])]
)
def test_the_documented_keys_are_those_printed(
    story: Path, governance: Command, command: str, arguments: list[str]
) -> None:
    """Guards: a script written by the documentation that finds no such key."""
    printed = json.loads(governance(command, *arguments, "--json", "--export", str(story))[1])
    [line] = [line for line in COMMANDS.splitlines() if line.startswith(f"| `{command}")]
    documented = line.split("`{")[1].partition("}`")[0].split(", ")
    assert sorted(printed) == sorted(documented)


def test_flow_says_what_waits(story: Path, governance: Command) -> None:
    """Guards: figures that drop what is still open."""
    status, out, _ = governance("flow", "--at", day(100), "--export", str(story))
    assert status == 0
    assert f"{GROUP}/2  1 h 40 min" in out
    assert "Reworked: 1 of 1" in out
    revocation = json.loads(governance("flow", "--at", day(100), "--export", str(story), "--json")[1])["revocation"]
    assert revocation == {"ended": 0, "open": 1, "withdrawn": 0, "median": None, "p90": None}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"),
        (0, "0 s"),
        (59, "59 s"),
        (3_600, "1 h"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d"),
        (90_061, "1 d 1 h"),
    ],
)
def test_durations_are_said_in_two_units(seconds: int | None, said: str) -> None:
    """Guards: a day that reads as 24 h here and 1 d there."""
    assert duration(seconds) == said
