"""`python -m rehearsal`: play the flow; `serve`: the emulated organisation alone; `stop`: end what was left up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

DEFAULT_SEED = 2026


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    # What each command needs is imported in it: `stop` must not wait for xgboost.
    from blueprint.errors import BlueprintError
    from rehearsal.engine import EngineError

    try:
        return int(chosen.command(chosen))
    except (BlueprintError, EngineError) as error:
        print(error, file=sys.stderr)
        return 1


def _rehearse(chosen: argparse.Namespace) -> int:
    from rehearsal.scenario.run import rehearse

    return rehearse(keep=chosen.keep, seed=chosen.seed)


def _serve(chosen: argparse.Namespace) -> int:
    from rehearsal.scenario.serving import serve

    return serve(port=chosen.port, seed=chosen.seed, ready_file=chosen.ready_file, parent=chosen.parent)


def _stop(_: argparse.Namespace) -> int:
    from rehearsal.scenario.emulated import stop

    print("Ended." if stop() else "Nothing runs.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rehearsal", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the organisation up at the end")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="decides what comes twice and in which order")
    parser.set_defaults(command=_rehearse)
    commands = parser.add_subparsers()
    serve = commands.add_parser("serve", help="run the emulated organisation alone, for the AWS CLI or boto3")
    serve.add_argument("--port", type=int, default=0, help="0: a free one")
    serve.add_argument("--seed", type=int, default=DEFAULT_SEED)
    serve.add_argument("--ready-file", help="written when it answers: endpoint, process, administrators' keys")
    serve.add_argument("--parent", type=int, help="end when this process ends")
    serve.set_defaults(command=_serve)
    commands.add_parser("stop", help="end what --keep left up").set_defaults(command=_stop)
    return parser


if __name__ == "__main__":
    sys.exit(main())
