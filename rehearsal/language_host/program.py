"""Run one Pulumi program: connect the SDK to the engine, run it, report what it raised.

Started by path with the program's own interpreter, so it imports the standard library and that interpreter's
Pulumi SDK only. Its task is that of Pulumi's `pulumi-language-python-exec`; written from the SDK's public
functions (`pulumi.runtime.Settings`, `configure`, `set_all_config`, `run_in_stack`).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The engine has the message already: the host answers "bail" and the CLI adds nothing of its own.
REPORTED = 32
THREADS_PER_OPERATION = 4


def main() -> int:
    """Run the program that the command line names. Returns 0, or REPORTED after a message."""
    options = _parse()
    # Python puts this file's folder first on the path; the program must not see the host's modules.
    sys.path.pop(0)
    try:
        import pulumi
        import pulumi.runtime
    except ImportError as error:
        print(
            f"{sys.executable} can't import the Pulumi SDK ({error}): run `pulumi install` in {options.root_directory}",
            file=sys.stderr,
        )
        return 1

    pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=options.project,
            stack=options.stack,
            organization=options.organization,
            root_directory=options.root_directory,
            monitor=options.monitor,
            engine=options.engine,
            parallel=options.parallel,
            dry_run=options.dry_run,
        )
    )
    sys.argv = [options.program, *options.arguments]
    os.chdir(options.pwd)

    # When a resource fails, the rest of the graph is dropped on purpose; asyncio would report each future.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(options.parallel, 1) * THREADS_PER_OPERATION)
    loop.set_default_executor(executor)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(options.program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return REPORTED
    except Exception as error:  # noqa: BLE001  # whatever a program raises is shown to its author
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_own_traceback(error, options.pwd)}")
        return REPORTED
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _run(program: str) -> None:
    """Run a file, or a folder's `__main__.py`, as the main program."""
    if Path(program).is_dir() and not (Path(program) / "__main__.py").is_file():
        import pulumi

        raise pulumi.RunError(f"there is no program to run: {Path(program).resolve() / '__main__.py'} doesn't exist")
    runpy.run_path(program, run_name="__main__")


def _own_traceback(error: Exception, folder: str) -> str:
    """The traceback from the program's first own line on; whole where none of its lines is in it."""
    root, libraries = os.path.realpath(folder) + os.sep, os.path.realpath(sys.prefix) + os.sep
    frames = traceback.extract_tb(error.__traceback__)
    # A frozen module's file is no path (`<frozen runpy>`).
    files = [os.path.realpath(frame.filename) if frame.filename[0] != "<" else "" for frame in frames]
    own = (i for i, file in enumerate(files) if file.startswith(root) and not file.startswith(libraries))
    limit = next(own, 0) - len(frames)  # negative: the last entries
    return "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=limit))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a Pulumi program for the language host.")
    parser.add_argument("--monitor", required=True, help="address of the resource monitor")
    parser.add_argument("--engine", required=True, help="address of the engine, which takes log messages")
    parser.add_argument("--project", required=True)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--organization", default="organization")
    parser.add_argument("--root_directory", required=True, help="folder of Pulumi.yaml")
    parser.add_argument("--pwd", required=True, help="working folder of the program")
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry_run", action="store_true", help="a preview")
    parser.add_argument("program", help="a file or a folder with __main__.py")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
