"""The command line: one JSON line for each case, faults named, no traceback."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from access.__main__ import main
from tests.access.samples import allow, case, deny, policy

ROOT = Path(__file__).parents[2]
ALLOWED = case(identity_policies=[policy(allow(Sid="Read"))])
DENIED = case(identity_policies=[policy(deny(Sid="Never"))])


def written(folder: Path, content: Any) -> str:
    path = folder / "cases.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_case_gives_one_line_with_decision_reason_and_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: another shape than {"decision", "reason", "by"}; a denial taken for a failure of the command."""
    assert main(["evaluate", written(tmp_path, [ALLOWED, DENIED])]) == 0
    assert lines(capsys) == [
        {
            "decision": "allowed",
            "reason": "identity policy statement Read allows s3:GetObject on arn:aws:s3:::amzn-s3-demo-bucket/report",
            "by": "identity policy statement Read",
        },
        {
            "decision": "denied",
            "reason": "explicit deny in identity policy statement Never",
            "by": "identity policy statement Never",
        },
    ]


def test_a_malformed_case_is_an_error_line_in_its_place_and_the_others_are_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: one bad case that hides the rest, or a status that hides the bad one."""
    broken = {**ALLOWED, "identity_polices": []}
    assert main(["evaluate", written(tmp_path, [ALLOWED, broken, DENIED])]) == 2
    first, second, third = lines(capsys)
    assert first["decision"] == "allowed"
    assert second["case"] == 1
    assert second["error"].startswith("case 1: identity_polices: unknown key; known are request, identity_policies")
    assert "decision" not in second
    assert third["decision"] == "denied"


def test_no_cases_are_no_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a failure on an empty list."""
    assert main(["evaluate", written(tmp_path, [])]) == 0
    assert lines(capsys) == []


def test_a_byte_order_mark_and_letters_beyond_ascii_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: files from editors that write a mark; names that come out as \\u escapes."""
    named = case(identity_policies=[{"name": "prüfer", "policy": policy(allow())}])
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([named], ensure_ascii=False), encoding="utf-8-sig")
    assert main(["evaluate", str(path)]) == 0
    assert "prüfer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is not JSON: "),
        ("", "is not JSON: "),
        ('{"request": {}}', "must hold a list of cases, not dict; put the case in [ ]"),
        ('"x"', "must hold a list of cases, not str"),
        ('[{"request": 1, "request": 2}]', 'the key "request" stands twice'),
        ("[" * 100_000, "is not JSON: "),
    ],
)
def test_what_is_no_list_of_cases_is_told_in_one_line(
    content: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a traceback in place of a message."""
    path = written(tmp_path, content)
    assert main(["evaluate", path]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"access: {path} ")
    assert told in shown.err
    assert shown.err.count("\n") == 1


def test_files_that_cant_be_read_are_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a traceback on a missing file, a folder, or bytes that are no text."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path, told in ((tmp_path / "none", "No such file"), (tmp_path, "directory"), (binary, "is not UTF-8")):
        assert main(["evaluate", str(path)]) == 2
        shown = capsys.readouterr().err
        assert told in shown
        assert shown.count("\n") == 1


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a pipe that looks for a file called `-`."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps([DENIED])))
    assert main(["evaluate", "-"]) == 0
    assert lines(capsys)[0]["decision"] == "denied"


@pytest.mark.parametrize("arguments", [[], ["evaluate"], ["judge", "x"]])
def test_a_wrong_call_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a command that does nothing and says so with status 0."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m access" in capsys.readouterr().err


def test_it_runs_as_a_module_with_nothing_but_the_standard_library(tmp_path: Path) -> None:
    """Guards: an import of ours or of a dependency that creeps in: -S -I leaves neither site packages nor path."""
    path = written(tmp_path, [ALLOWED])
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from access.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, "evaluate", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["decision"] == "allowed"


def test_python_dash_m_access_is_the_command(tmp_path: Path) -> None:
    """Guards: the documented call."""
    done = subprocess.run(
        [sys.executable, "-m", "access", "evaluate", written(tmp_path, [{}])],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert json.loads(done.stdout) == {"error": "case 0: request: missing", "case": 0}
