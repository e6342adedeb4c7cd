"""How long `pulumi preview` of each stack takes, against an empty program on the same engine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.timing import interleaved, show
from rehearsal.engine import ROOT, Engine
from rehearsal.scenario import emulated
from rehearsal.scenario.cast import Cast
from rehearsal.scenario.configuration import organisation_of
from rehearsal.scenario.workspace import copy_program

ROUNDS = 5
EMPTY = "empty program"


def main() -> None:
    organisation = organisation_of(ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = emulated.start(folder, 1, outlive=False)
        try:
            environment = Cast(process.control, organisation, process.admin_keys).platform.environment()
            engine = Engine(copy_program(ROOT, folder / "program"), None, folder / "state", environment)
            stacks = ["hub", *(spoke.stack for spoke in organisation.spokes)]
            for stack in stacks:
                engine.init(stack)
                engine.up(stack)
            empty = _empty(folder / "empty", environment)
            candidates: dict[str, Callable[[], object]] = {EMPTY: partial(empty.preview, "empty")}
            candidates |= {stack: partial(engine.preview, stack, True) for stack in stacks}
            show("preview without change", interleaved(candidates, ROUNDS), EMPTY)
        finally:
            process.stop()


def _empty(folder: Path, environment: dict[str, str]) -> Engine:
    """A project of the same language and options whose program does nothing."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        "name: empty\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n", encoding="utf-8"
    )
    (folder / "__main__.py").write_text("", encoding="utf-8")
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    engine = Engine(folder, None, folder / "state", environment)
    engine.init("empty")
    engine.up("empty")
    return engine


if __name__ == "__main__":
    main()
