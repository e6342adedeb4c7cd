"""`python -m rehearsal`: play the life of a model in an emulated organisation.

It brings hub, dev and test up with the real Pulumi engine, plays the flow, takes everything down and prints a summary.
Exit status 0: every expectation held; 1: one failed, or it couldn't start.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

DEFAULT_SEED = 2026


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:  # who started us in the background may not want it to reach us
            signal.signal(number, _interrupt)
    try:
        # What each command needs is imported in it: `stop` must not wait for xgboost.
        from blueprint.errors import BlueprintError
        from rehearsal.engine import EngineError
        from rehearsal.scenario.errors import ScenarioError

        try:
            return int(chosen.command(chosen))
        except (BlueprintError, EngineError, ScenarioError) as error:
            print(error, file=sys.stderr)
            return 1
    except KeyboardInterrupt as interrupt:
        print("Interrupted: all that was started has ended.", file=sys.stderr)
        return 128 + int(next(iter(interrupt.args), signal.SIGINT))


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    """End in order: what was started ends on the way out. A second Ctrl-C must not stop that half way."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    print("\nInterrupted: ending what was started …", file=sys.stderr, flush=True)
    raise KeyboardInterrupt(number)


def _rehearse(chosen: argparse.Namespace) -> int:
    from rehearsal.scenario.run import rehearse

    return rehearse(keep=chosen.keep, seed=chosen.seed)


def _serve(chosen: argparse.Namespace) -> int:
    from rehearsal.scenario.serving import serve

    return serve(port=chosen.port, seed=chosen.seed, ready_file=chosen.ready_file, parent=chosen.parent)


def _stop(_: argparse.Namespace) -> int:
    from rehearsal.scenario.emulated import stop

    print("The organisation that was left up is ended." if stop() else "Nothing runs.")
    return 0


def _sign_in(chosen: argparse.Namespace) -> int:
    from rehearsal.scenario.signing_in import exports, sign_in

    print(exports(sign_in(chosen.who)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="leave the organisation up at the end")
    seed = "decides which events come twice and in which order (default: %(default)s)"
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help=seed)
    parser.set_defaults(command=_rehearse)
    commands = parser.add_subparsers(title="other commands", metavar="command")
    serve = commands.add_parser("serve", help="run the emulated organisation alone, for the AWS CLI or boto3")
    serve.add_argument("--port", type=int, default=0, help="on loopback (default: a free one)")
    serve.add_argument("--seed", type=int, default=DEFAULT_SEED, help=seed)
    serve.add_argument("--ready-file", help="written when it answers: endpoint, process, administrators' keys")
    serve.add_argument("--parent", type=int, metavar="PID", help="end when this process ends")
    serve.set_defaults(command=_serve)
    sign_in = commands.add_parser("sign-in", help="print somebody's credentials in what --keep left up, for a shell")
    sign_in.add_argument("who", help="hub, dev, officer, approver-test, …; a wrong name lists them all")
    sign_in.set_defaults(command=_sign_in)
    commands.add_parser("stop", help="end what --keep left up").set_defaults(command=_stop)
    return parser


if __name__ == "__main__":
    sys.exit(main())
