"""`governance verify` and `governance history` on exports: what is found, what is printed, which status."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console import app
from tests.console.exports import export, history, rows_of, write
from tests.governance.samples import APPROVER, arn_of

ROOT = Path(__file__).resolve().parents[2]

Tables = dict[str, list[dict[str, Any]]]


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str, columns: int = 200
) -> tuple[int, str, str]:
    """Status, output and error of a command."""
    monkeypatch.setattr("sys.argv", ["governance", *arguments])
    monkeypatch.setenv("COLUMNS", str(columns))
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        app.main()
    out, err = capsys.readouterr()
    code = ended.value.code
    return code if isinstance(code, int) else 0, out, err


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    return lambda *arguments: run(capsys, monkeypatch, *arguments)


Command = Callable[..., tuple[int, str, str]]


def ledger_row(tables: Tables, seq: int) -> dict[str, Any]:
    return next(row for row in tables["modelgovernanceledger"] if row["seq"] == seq)


def state_row(tables: Tables) -> dict[str, Any]:
    return tables["modelpackagestatechanges"][0]


def test_a_sound_export_is_status_0(tmp_path: Path, command: Command) -> None:
    """Guards: a verifier that can't be used in a pipeline, or cries wolf."""
    status, out, _ = command("verify", "--export", str(export(tmp_path)))
    assert status == 0
    assert "ModelCreditRisk/1" in out
    assert "2 packages, 5 rows, none broken" in out


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda t: ledger_row(t, 3).update(reason="forged"), "row 3 was changed"),
        (lambda t: t["modelgovernanceledger"].remove(ledger_row(t, 2)), "row 2 is missing"),
        (lambda t: t["modelgovernanceledger"].remove(ledger_row(t, 4)), "row 4 is missing: the tail is cut"),
        (lambda t: t["modelgovernanceledger"].append(dict(ledger_row(t, 4))), "row 4 stands twice"),
        (lambda t: t["modelgovernancededup"].pop(0), "has no dedup item"),
        (lambda t: t["modelpackagestatechanges"].pop(0), "no state row"),
        (lambda t: t["modelpackagestatechanges"].append(state_row(t)), "has 2 state rows"),
        (lambda t: state_row(t).pop("ledgerseq"), "no ledgerseq"),
        (
            lambda t: state_row(t).update(modelapprovalstatus="Rejected"),
            "state column modelapprovalstatus is 'Rejected'",
        ),
        (lambda t: state_row(t).update(modellifecycleprodstatus="Approved"), "state column modellifecycleprodstatus"),
        (lambda t: state_row(t).update(cardsha256="0" * 64), "state column cardsha256"),
        (lambda t: state_row(t).update(stages="{}"), "state column stages"),
    ],
)
def test_what_was_tampered_with_is_named_with_status_1(
    tmp_path: Path, command: Command, tamper: Callable[[Tables], object], said: str
) -> None:
    """Guards: a rewritten ledger, dedup table or state row that passes."""
    folder = str(export(tmp_path, tamper))
    status, out, _ = command("verify", "--export", folder, "--json")
    assert status == 1
    reports = json.loads(out)["packages"]
    findings = [f"row {finding['seq']} {finding['problem']}" for report in reports for finding in report["findings"]]
    assert any(said in finding for finding in findings), findings
    assert [report["modelpackagearn"] for report in reports if report["findings"]] == [arn_of(1)]
    assert command("verify", "--export", folder)[0] == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mlgov_modelgovernanceledger.jsonl", "{\n", "line 1 is no JSON"),
        ("mlgov_modelgovernanceledger.jsonl", "[]\n", "line 1 is a list"),
        ("other_modelgovernanceledger.jsonl", "", "holds 2 files"),
    ],
)
def test_an_export_that_can_not_be_read_is_status_2(
    tmp_path: Path, command: Command, name: str, content: str, said: str
) -> None:
    """Guards: "could not look" that reads as "nothing found"."""
    folder = export(tmp_path)
    (folder / "tables" / name).write_text(content, encoding="utf-8")
    status, out, err = command("verify", "--export", str(folder))
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_folder_without_tables_is_status_2(tmp_path: Path, command: Command) -> None:
    """Guards: an empty folder that verifies."""
    status, _, err = command("verify", "--export", str(tmp_path))
    assert status == 2
    assert "no file for table modelpackagestatechanges" in err


def test_wrong_stages_are_status_2(tmp_path: Path, command: Command) -> None:
    """Guards: a traceback instead of the form wanted."""
    status, _, err = command("verify", "--export", str(export(tmp_path)), "--stages", "dev")
    assert status == 2
    assert "--stages is no JSON" in err


def test_a_row_written_between_the_two_readings_is_no_finding() -> None:
    """Guards: verifying a live installation while capture writes to it."""
    from console.verify import verify
    from governance.stages import DEFAULT_STAGES

    world = history()
    before, after = rows_of(world), rows_of(history())
    before["modelgovernanceledger"] = [row for row in before["modelgovernanceledger"] if row["seq"] != 4]

    class Moving:
        """The first four readings see the table half written."""

        readings = 0

        def rows(self, table: str) -> list[dict[str, Any]]:
            self.readings += 1
            return (before if self.readings <= 4 else after).get(table, [])

        def ledger_of(self, arn: str) -> list[dict[str, Any]]:
            return []

    assert [report.findings for report in verify(Moving(), DEFAULT_STAGES).packages] == [(), ()]


def test_history_shows_who_what_why(tmp_path: Path, command: Command) -> None:
    """Guards: the audit question "who approved this, and why" takes a query language."""
    status, out, _ = command("history", "ModelCreditRisk/1", "--export", str(export(tmp_path)), "--json")
    rows = json.loads(out)["rows"]
    assert status == 0
    assert [row["kind"] for row in rows] == ["registration", "approval", "stage", "stage"]
    assert (rows[3]["actor"], rows[3]["reason"]) == (APPROVER, "validated")
    status, out, _ = command("history", arn_of(1), "--export", str(tmp_path))
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert (status, lines[0]) == (0, arn_of(1))
    [told] = [number for number, line in enumerate(lines) if line.endswith("Development Approved → Staging Approved")]
    assert lines[told].startswith("4 2026-")
    assert (" stage " in lines[told], lines[told + 1]) == (True, "by bea: validated")


def test_history_says_what_its_marks_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: "late" and "unknown", left to the reader; values as escaped JSON, cut by a narrow terminal."""
    folder = export(
        tmp_path, lambda tables: ledger_row(tables, 4).update(late=True, actor=None, actorsourceidentity=None)
    )
    arguments = ("history", "ModelCreditRisk/1", "--export", str(folder))
    status, out, _ = run(capsys, monkeypatch, *arguments, columns=40)
    assert status == 0
    assert "stage (late)  Development Approved → Staging Approved\n      by unknown: validated\n" in out
    assert "\nlate: something younger was recorded before it arrived\nunknown: the version had changed" in out
    assert "{" not in out


def test_the_history_of_an_unknown_version_is_status_1(tmp_path: Path, command: Command) -> None:
    """Guards: an empty history that reads as "nothing happened"."""
    status, _, err = command("history", "ModelCreditRisk/9", "--export", str(write(tmp_path, rows_of(history()))))
    assert status == 1
    assert "names no package of the export" in err


def test_what_can_t_be_read_is_said_with_the_remedy(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: botocore's bare "Unable to locate credentials", and a missing folder told as a missing table."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert command("verify")[::2] == (
        2,
        "governance: no region: set AWS_REGION to the installation's, such as eu-west-1\n",
    )
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    status, _, err = command("verify")
    assert (status, err.startswith("governance: no AWS credentials: set AWS_PROFILE or")) == (2, True)
    status, _, err = command("verify", "--export", str(tmp_path / "nowhere"))
    assert (status, "nowhere is no folder" in err) == (2, True)


def test_the_command_runs_from_any_folder(tmp_path: Path) -> None:
    """Guards: `tools/governance` finding its modules in the checkout only."""
    folder = export(tmp_path)
    done = subprocess.run(
        [ROOT / "tools" / "governance", "verify", "--export", folder.name],
        cwd=folder.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "none broken" in done.stdout
