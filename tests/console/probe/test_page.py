"""docs/security.md says what the probes ask."""

from __future__ import annotations

from console.probe.running import PROBES
from rehearsal.engine import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_the_page_lists_every_probe_as_it_is() -> None:
    """Guards: a question that nobody finds, or one that is asked otherwise than the page says."""
    rows = []
    for probe in PROBES:
        kind = ", ".join(["live" if probe.live else "dry", *(f"`--{need}`" for need in probe.needs)])
        rows.append(f"| `{probe.name}` | {kind} | {probe.title} | {probe.expected} |")
    start = PAGE.index("| probe | kind |")
    found = PAGE[start:].split("\n\n")[0].splitlines()[2:]
    assert found == rows
