"""`python -m access evaluate CASES`: decide a JSON list of cases, one JSON line each.

Exit status: 0 when every case was decided (allowed or denied), 2 when a case was malformed or the file unreadable.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from access.case import Case
from access.decision import decide
from access.errors import MalformedCase
from access.policies import unique_keys

DECIDED, FAULT = 0, 2


class Unreadable(Exception):
    """The file of cases can't be read; the text says why."""


def read_cases(path: str) -> list[Any]:
    """The list in a JSON file, or on standard input for `-`. Raises Unreadable."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Unreadable(f"can't be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8: {error.reason} at byte {error.start}") from None
    try:
        cases = json.loads(text, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not JSON: {error}") from None
    if not isinstance(cases, list):
        raise Unreadable(f"must hold a list of cases, not {type(cases).__name__}; put the case in [ ]")
    return cases


def evaluate(cases: Sequence[Any]) -> int:
    """Print one line per case; a malformed one is {"error", "case"}. Returns the exit status."""
    status = DECIDED
    for index, data in enumerate(cases):
        try:
            decision = decide(Case.from_dict(data, index))
            line: dict[str, Any] = {"decision": decision.decision, "reason": decision.reason, "by": decision.by}
        except MalformedCase as fault:
            line = {"error": str(fault), "case": index}
            status = FAULT
        print(json.dumps(line, ensure_ascii=False))
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m access", description="Evaluate IAM policies as AWS does.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "evaluate", help="decide a JSON list of cases, one JSON line each; see access/README.md"
    )
    command.add_argument("cases", help="file of cases; - reads standard input")
    options = parser.parse_args(arguments)
    try:
        cases = read_cases(options.cases)
    except Unreadable as fault:
        print(f"access: {options.cases} {fault}", file=sys.stderr)
        return FAULT
    return evaluate(cases)


if __name__ == "__main__":
    sys.exit(main())
