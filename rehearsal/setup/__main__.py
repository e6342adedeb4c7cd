"""`python -m rehearsal.setup rehearsal|dev`: install what `make rehearse` or `make test` needs."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rehearsal.setup import cli, launchers, packages
from rehearsal.setup.errors import SetupError
from rehearsal.setup.progress import Progress

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Set up one requirement set. Returns the exit status; prints nothing where nothing is to be done."""
    if len(arguments) != 1 or arguments[0] not in packages.FILES:
        print(f"usage: python -m rehearsal.setup {'|'.join(packages.FILES)}", file=sys.stderr)
        return 2
    progress = Progress()
    try:
        set_up(ROOT, arguments[0], progress)
    except KeyboardInterrupt:
        print("\nset-up: interrupted; the same command goes on where it was", file=sys.stderr)
        return 130
    except SetupError as error:
        if error.details:
            print(error.details, file=sys.stderr)
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    return 0


def set_up(root: Path, name: str, progress: Progress) -> None:
    """Install what is missing in a checkout, packages and CLI side by side. Raises SetupError."""
    with _alone(root, progress):
        wanted, pulumi = packages.Packages(root, name), cli.PulumiCli(root)
        steps = {
            step: partial(part.install, progress)
            for step, part in ((packages.STEP, wanted), (cli.STEP, pulumi))
            if not part.current()
        }
        if steps:
            progress.say(f"set-up: {' and '.join(steps)} (once; later runs skip this)")
            progress.together(steps)
        launchers.install(root)


@contextmanager
def _alone(root: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other set-up works on this checkout."""
    path = root / ".pulumi" / "set-up.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("set-up: waiting for another set-up of this checkout")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
