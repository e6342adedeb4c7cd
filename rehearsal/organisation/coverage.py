"""COVERAGE.md: what the emulated organisation answers, how faithfully, by which source; and what it leaves out.

`python -m rehearsal.organisation.coverage` writes it, `--check` fails where the committed one is stale.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rehearsal.organisation import core, services
from rehearsal.organisation.authoriser import SERVICE_ADDRESS
from rehearsal.organisation.core import Served
from rehearsal.organisation.left_out import WITHOUT_EFFECT, refused_of
from rehearsal.organisation.model import model
from rehearsal.organisation.settings import OrganisationSettings
from rehearsal.organisation.validation import PatternError, compiled

COVERAGE = Path(__file__).resolve().parents[1] / "COVERAGE.md"
WIDEST_CELL = 160

INTRODUCTION = """\
# What the rehearsal emulates

Generated from the served table by `python -m rehearsal.organisation.coverage`; do not edit. A test fails when it is
stale.

- **faithful**: answers as the cited source says AWS does, in all that the operation offers here.
- **emulated**: answers, with the gap that the note names.
- Whatever is in no table is **refused**: error `NotEmulated`, HTTP 400, with service and operation. So are parameters
  that moto, which answers some operations, would drop or alter.

A green rehearsal proves the program against this reading of AWS, not against AWS.
"""


def load_all() -> None:
    """Import every service module, so that the served table is full."""
    for found in pkgutil.iter_modules(services.__path__):
        importlib.import_module(f"{services.__name__}.{found.name}")


def by_service() -> dict[str, list[Served]]:
    rows: dict[str, list[Served]] = defaultdict(list)
    for row in core.SERVED.values():
        rows[row.service].append(row)
    return {service: sorted(rows[service], key=lambda row: row.operation) for service in sorted(rows)}


def generate() -> str:
    """The whole document."""
    load_all()
    served = by_service()
    parts = [INTRODUCTION, _summary(served), *(_service(name, rows) for name, rows in served.items())]
    return "\n".join([*parts, _left_out(), _authorisation(), _patterns(served), _gaps()])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _summary(served: dict[str, list[Served]]) -> str:
    lines = ["## Services", "", "| service | faithful | emulated | refused |", "|---|---:|---:|---:|"]
    totals = [0, 0, 0]
    for name, rows in served.items():
        faithful = sum(row.fidelity == "faithful" for row in rows)
        refused = len(model(name).operation_names) - len(rows)
        counts = [faithful, len(rows) - faithful, refused]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        lines.append(f"| {name} | {' | '.join(str(count) for count in counts)} |")
    lines.append(f"| together | {' | '.join(str(total) for total in totals)} |")
    return "\n".join([*lines, "", "All operations of all other services are refused.", ""])


def _service(name: str, rows: list[Served]) -> str:
    lines = [f"## {name}", "", "| operation | answered | by | source | note |", "|---|---|---|---|---|"]
    for row in rows:
        by = "moto" if row.by == "moto" else "own"
        cells = (row.operation, row.fidelity, by, _cell(row.source), _cell(row.note))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _left_out() -> str:
    """What operations of ours refuse or accept without effect, parameter by parameter."""
    lines = [
        "## Parameters",
        "",
        "Every parameter of an operation that is answered by our own code is acted on, but for these (a test compares",
        "code and models). What moto answers takes the request whole; below the table stands what is compared",
        "afterwards.",
        "",
        "| operation | parameter | what becomes of it |",
        "|---|---|---|",
    ]
    for service, operation in sorted(core.SERVED):
        shape = model(service).operation_model(operation).input_shape
        members = list(shape.members) if shape is not None else []
        refused = list(refused_of(service, operation, members))
        if refused:
            lines.append(f"| {service}:{operation} | {', '.join(refused)} | refused by name |")
        for member, why in WITHOUT_EFFECT.get((service, operation), {}).items():
            lines.append(f"| {service}:{operation} | {member} | no effect: {_cell(why)} |")
    compared = sorted(f"{row.service}:{row.operation}" for row in core.SERVED.values() if row.read_back is not None)
    lines += ["", f"Read back after moto answered, and compared with what was sent: {', '.join(compared)}."]
    return "\n".join([*lines, ""])


def _authorisation() -> str:
    lines = [
        "## Authorisation",
        "",
        "Every request, and each call that AWS makes on the caller's behalf, is decided by `access` (its README says",
        "what is evaluated). An action, resource or condition key that can't be resolved is an error by name. The",
        "services' own condition keys that requests carry; a policy that asks for another one is refused by name:",
        "",
        "| service | condition keys |",
        "|---|---|",
    ]
    for prefix in sorted(core.CONDITION_KEYS):
        keys = ", ".join(f"`{key}`" for key in sorted(core.CONDITION_KEYS[prefix]))
        lines.append(f"| {prefix} | {keys} |")
    lines += [
        "",
        f"Resource policies are read of: {_names(core.RESOURCE_POLICIES)}.",
        f"Resource tags are read of: {_names(core.RESOURCE_TAGS)}.",
        "",
    ]
    return "\n".join(lines)


def _names(table: dict[str, Any]) -> str:
    return ", ".join(sorted(table))


def uncompiled(served: dict[str, list[Served]]) -> Iterator[tuple[str, str, str]]:
    """(service, shape, pattern) of every input pattern of the served operations that can't be checked."""
    for name, rows in served.items():
        seen: set[str] = set()
        for row in rows:
            for shape in _shapes(model(name).operation_model(row.operation).input_shape, seen):
                pattern = shape.metadata.get("pattern")
                if pattern is None:
                    continue
                try:
                    compiled(pattern)
                except PatternError:
                    yield name, shape.name, pattern


def _shapes(shape: Any, seen: set[str]) -> Iterator[Any]:
    """Every shape that an input shape is made of, each once per service."""
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    yield shape
    inner: list[Any] = []
    if shape.type_name == "structure":
        inner = list(shape.members.values())
    elif shape.type_name == "list":
        inner = [shape.member]
    elif shape.type_name == "map":
        inner = [shape.key, shape.value]
    for one in inner:
        yield from _shapes(one, seen)


def _patterns(served: dict[str, list[Served]]) -> str:
    lines = ["## Patterns of the models that can't be checked", ""]
    rows = sorted(set(uncompiled(served)))
    if not rows:
        return "\n".join([*lines, "None: every pattern of the served operations' inputs compiles.", ""])
    lines += ["| service | shape | pattern |", "|---|---|---|"]
    lines += [f"| {name} | {shape} | `{_cell(pattern[:WIDEST_CELL])}` |" for name, shape, pattern in rows]
    return "\n".join([*lines, ""])


def _gaps() -> str:
    address = OrganisationSettings.__dataclass_fields__["source_ip"].default
    return f"""\
## What holds for all services

- **Signatures** are not verified. Access key and session token must be the ones issued, and not expired.
- **TLS**: the port speaks plain HTTP on loopback; the gateway stands for AWS's TLS end, so `aws:SecureTransport` is
  `true`. A TLS-only statement is therefore evaluated, but never denies here.
- **Source address**: `aws:SourceIp` is {address} (TEST-NET-3) for callers and {SERVICE_ADDRESS} (TEST-NET-2) for what a
  service does on the caller's behalf. No request comes from a VPC: `aws:SourceVpc`, `aws:SourceVpce` and the like are
  absent.
- **`aws:CalledVia`** names one service, the one that calls; chains of several aren't modelled.
- **Time** is real time plus what was skipped by `clock/advance`; credentials, key deletion, schedules, retries follow
  it. What moto stamps by itself, and what runs inside a function's process, sees real time.
- **Consistency**: every write is visible at once everywhere; AWS's delays (IAM, grants, events) don't occur.
- **Throttling and quotas** aren't emulated, but for the sizes and counts that the tables' notes and sources name.
- **Faults** come on demand only, by the organisation's seed (`Control.disturbance`): events of AWS services lost;
  deliveries late, doubled, out of order, failed once, forwarded under a new id; a share of the calls of functions
  throttled; functions killed before or after a call. SQS itself loses, doubles and delays nothing.
- **Validation** is the botocore model's (required, type, enum, pattern, length, range, unions, unknown members), plus
  what a service's own code checks. Patterns match whole values.
- **AWS managed policies** aren't there: attaching one is refused by name. The administrators' roles hold an inline
  policy AdministratorAccess instead.
- **Service-linked roles** aren't there.
- **Control policies** are fixed when the organisation starts; they bind members, not the management account.
- **MFA**: no session has one (`aws:MultiFactorAuthPresent` is `false`), so nothing that demands it can be used.
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.organisation.coverage", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed file instead of writing it")
    check = parser.parse_args(arguments).check
    text = generate()
    if not check:
        COVERAGE.write_text(text, encoding="utf-8")
        return 0
    if COVERAGE.exists() and COVERAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{COVERAGE.name} is stale: run `python -m rehearsal.organisation.coverage` and commit it\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
