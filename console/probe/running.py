"""Running probes one after the other, each on the ground that it needs; every outcome is one of three, or a reason."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from console.errors import CommandError
from console.probe import recording, registering, routing, sharing, storing, watching
from console.probe.model import Ground, Probe, Result, Verdict, unclear

PROBES: tuple[Probe, ...] = (
    *sharing.PROBES,
    *registering.PROBES,
    *recording.PROBES,
    *routing.PROBES,
    *watching.PROBES,
    *storing.PROBES,
)
"""In the order in which one would settle them: who may do what, what is recorded, what arrives, what is refused."""

GIVE = {
    "spoke": "needs credentials of a spoke: --spoke and --spoke-profile",
    "version": "needs a registered version to copy: --version ARN",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`left`: temporary resources that couldn't be removed, with the reason."""

    probe: Probe
    result: Result
    left: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        probe = self.probe
        return {
            "name": probe.name,
            "title": probe.title,
            "result": str(self.result.verdict),
            "evidence": list(self.result.evidence),
            "expected": probe.expected,
            "otherwise": probe.otherwise if self.result.verdict is Verdict.DIFFERS else None,
            "left": list(self.left),
        }


def chosen(names: Sequence[str], *, live: bool) -> list[Probe]:
    """The probes of these names, or all that are dry, and with `live` the others instead. Raises CommandError."""
    known = {probe.name: probe for probe in PROBES}
    strange = [name for name in names if name not in known]
    if strange:
        raise CommandError(f"there is no probe {', '.join(strange)}; known: {', '.join(sorted(known))}")
    picked = [known[name] for name in names] or [probe for probe in PROBES if probe.live is live]
    wrong = [probe.name for probe in picked if probe.live and not live]
    if wrong:
        raise CommandError(
            f"{', '.join(wrong)} make temporary resources: give --live instead of --run, in an account of a trial first"
        )
    return picked


def run_all(ground: Ground, probes: Iterable[Probe]) -> Iterator[Outcome]:
    """Run them, each to its end. What AWS refuses to tell is no finding."""
    for probe in probes:
        missing = [GIVE[need] for need in probe.needs if _lacks(ground, need)]
        if missing:
            yield Outcome(probe, unclear(*missing))
            continue
        ground.left.clear()
        ground.token = secrets.token_hex(4)  # a name that was just freed may not be taken again at once (SQS: 60 s)
        result = _run(ground, probe)
        yield Outcome(probe, result, tuple(ground.left))


def _lacks(ground: Ground, need: str) -> bool:
    return ground.spoke is None if need == "spoke" else ground.version is None


def _run(ground: Ground, probe: Probe) -> Result:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return probe.run(ground)
    except ClientError as error:
        told = error.response["Error"]
        return unclear(f"{error.operation_name}: {told['Code']}: {told.get('Message', '')}")
    except BotoCoreError as error:
        return unclear(str(error))
