"""An engine that is interrupted or killed at any point: what its user does next brings the stack up, and all down.

`make interrupts` tries twenty points of each kind; tests/console/test_resuming.py is in `make test`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rehearsal.engine import ROOT
from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.provider.conftest import SETTINGS, STACK, Stack
from tests.rehearsal.provider.test_engine import EVERYTHING

SECONDS = 180.0
CHANGES_OF_AN_UP = 45
CHANGES_OF_A_DESTROY = 25
READS = ("Describe", "Get", "List", "Head", "Assume", "Batch")
SEEDS = 20


@pytest.fixture
def organisation() -> Iterator[Emulator]:
    """One of its own for each case: what one leaves behind is found by it, and by no other."""
    with Emulator(SETTINGS) as emulator:
        yield emulator


def seeds(*signals: signal.Signals) -> list[object]:
    """The cases. Where a signal falls depends on the machine, so that none of them is repeatable: all on demand."""
    return [
        pytest.param(which, seed, id=f"{which.name}-{seed}", marks=pytest.mark.long)
        for which in signals
        for seed in range(SEEDS)
    ]


def interrupt(stack: Stack, verb: str, which: signal.Signals, after: int) -> None:
    """Run `pulumi up` or `destroy` and send it a signal once it has made `after` changes in the account."""
    before = changes(stack)
    command = ["pulumi", "--non-interactive", verb, "--stack", STACK, "--yes", "--skip-preview"]
    environment = stack.engine.environment()
    running = subprocess.Popen(
        command, cwd=stack.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        executable=which_pulumi(environment), start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + SECONDS
    while changes(stack) - before < after and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if which is signal.SIGKILL:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may have come to its end
            helpers = psutil.Process(running.pid).children(recursive=True)
            running.kill()
            for helper in helpers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    helper.kill()
    else:
        running.send_signal(which)
    running.wait(SECONDS)


def changes(stack: Stack) -> int:
    """How many calls have changed something in the hub."""
    return sum(not row["operation"].startswith(READS) for row in stack.control.log())


def which_pulumi(environment: dict[str, str]) -> str:
    folders = environment["PATH"].split(os.pathsep)
    return next(str(Path(folder, "pulumi")) for folder in folders if Path(folder, "pulumi").exists())


def resume(stack: Stack, *options: str) -> str:
    """`governance resume`, as its user runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "console", "resume", STACK, "--project", str(stack.folder), "--yes", *options],
        env={**stack.engine.environment(), "PYTHONPATH": str(ROOT)},
        cwd=stack.folder, capture_output=True, text=True, check=False, timeout=2 * SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def left(stack: Stack) -> dict[str, list[str]]:
    """What is in the account that it didn't have before."""
    keys = stack.aws("kms").list_keys()["Keys"]
    state = [stack.aws("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in keys]
    return {
        "buckets": [bucket["Name"] for bucket in stack.aws("s3").list_buckets()["Buckets"]],
        "functions": [each["FunctionName"] for each in stack.aws("lambda").list_functions()["Functions"]],
        "groups": [
            group["ModelPackageGroupName"]
            for group in stack.aws("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
        ],
        "keys": [key["KeyId"] for key in state if key["KeyState"] == "Enabled"],
        "logs": [group["logGroupName"] for group in stack.aws("logs").describe_log_groups()["logGroups"]],
        "roles": [
            role["RoleName"]
            for role in stack.aws("iam").list_roles()["Roles"]
            if role["RoleName"] != "OrganizationAccountAccessRole"
        ],
        "rules": [rule["Name"] for rule in stack.aws("events").list_rules()["Rules"]],
        "shares": [
            share["name"]
            for share in stack.aws("ram").get_resource_shares(resourceOwner="SELF")["resourceShares"]
            if share["status"] not in ("DELETING", "DELETED")
        ],
        "tables": stack.aws("dynamodb").list_tables()["TableNames"],
    }


@pytest.mark.parametrize(("which", "seed"), seeds(signal.SIGKILL))
def test_a_killed_up_is_resumed_and_leaves_no_orphan(stack: Stack, which: signal.Signals, seed: int) -> None:
    """Guards: resources that AWS made and no state knows, or names that are taken for ever."""
    stack.program(EVERYTHING)
    interrupt(stack, "up", which, random.Random(seed).randint(1, CHANGES_OF_AN_UP))
    resume(stack)
    stack.engine.preview(STACK, expect_no_changes=True)
    stack.engine.destroy(STACK)
    assert not any(left(stack).values()), left(stack)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_killed_destroy_goes_on(stack: Stack, seed: int) -> None:
    """Guards: a stack that can be neither brought up nor taken down."""
    stack.program(EVERYTHING)
    stack.engine.up(STACK)
    interrupt(stack, "destroy", signal.SIGKILL, random.Random(seed).randint(1, CHANGES_OF_A_DESTROY))
    resume(stack, "--no-up")
    stack.engine.destroy(STACK)
    assert not any(left(stack).values()), left(stack)


@pytest.mark.parametrize(("which", "seed"), seeds(signal.SIGINT, signal.SIGTERM))
def test_an_interrupted_up_goes_on_with_a_plain_up(stack: Stack, which: signal.Signals, seed: int) -> None:
    """Guards: a state that is left behind what AWS has, although the engine was asked to stop in order."""
    stack.program(EVERYTHING)
    interrupt(stack, "up", which, random.Random(seed).randint(1, CHANGES_OF_AN_UP))
    stack.engine.up(STACK)
    stack.engine.preview(STACK, expect_no_changes=True)
    stack.engine.destroy(STACK)
    assert not any(left(stack).values()), left(stack)
