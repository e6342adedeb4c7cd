"""The Lambda run time: what a package sees, how it ends, what it costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.organisation.workbench import ECHO, REGION, Workbench, allow, own_bench, package


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def _invoke(bench: Workbench, name: str, event: Any = None, **more: Any) -> dict[str, Any]:
    answer = bench.lambda_.invoke(FunctionName=name, Payload=json.dumps(event).encode(), **more)
    return {**answer, "Payload": json.loads(answer["Payload"].read() or b"null")}


def _run(bench: Workbench, name: str, source: str, event: Any = None, **settings: Any) -> dict[str, Any]:
    bench.function(name, source, **settings)
    return _invoke(bench, name, event)


def test_a_function_answers_its_event(bench: Workbench) -> None:
    """Guards the plain path."""
    answer = _run(bench, "echo", ECHO, {"a": [1, None, "é"]})
    assert (answer["Payload"], answer["StatusCode"], answer["ExecutedVersion"]) == (
        {"a": [1, None, "é"]},
        200,
        "$LATEST",
    )
    assert "FunctionError" not in answer


def test_a_function_sees_its_own_environment_only(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards against variables of the machine leaking in, which AWS wouldn't set."""
    monkeypatch.setenv("LEAKED", "x")
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    seen = _run(bench, "environment", source, Environment={"Variables": {"MINE": "1"}})["Payload"]
    assert "LEAKED" not in seen
    assert (seen["MINE"], seen["_HANDLER"], seen["AWS_REGION"]) == ("1", "index.handler", REGION)
    assert (seen["AWS_LAMBDA_FUNCTION_NAME"], seen["AWS_EXECUTION_ENV"]) == ("environment", "AWS_Lambda_python3.12")
    assert seen["AWS_ENDPOINT_URL"] == bench.org.endpoint


def test_a_function_calls_as_its_role(bench: Workbench) -> None:
    """Guards the credentials: the role's session, named as the function, with the role's rights only."""
    source = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
    assert _run(bench, "identity", source)["Payload"] == f"arn:aws:sts::{bench.account}:assumed-role/identity/identity"
    denied = "import boto3\ndef handler(event, context):\n    return boto3.client('sqs').list_queues()\n"
    answer = _run(bench, "denied", denied)
    assert answer["FunctionError"] == "Unhandled"
    assert "sqs:ListQueues" in answer["Payload"]["errorMessage"]


def test_a_function_has_boto3_and_its_package_and_nothing_else(bench: Workbench) -> None:
    """Guards against a package that works here because the rehearsal's installation has what it lacks."""
    source = (
        "import boto3\ndef handler(event, context):\n    import importlib\n    return "
        "importlib.import_module(event).__name__\n"
    )
    bench.function("imports", source)
    for missing in ("pulumi", "moto", "rehearsal", "governance", "pytest"):
        assert _invoke(bench, "imports", missing)["Payload"]["errorType"] == "ModuleNotFoundError"
    assert _invoke(bench, "imports", "botocore")["Payload"] == "botocore"


def test_a_function_sees_the_organisations_time(bench: Workbench) -> None:
    """Guards schedules, graces and look-backs: a function that lives in another time than what it reads."""
    source = (
        "import datetime, time\ndef handler(event, context):\n    started = time.monotonic()\n"
        "    return [datetime.datetime.now(datetime.UTC).timestamp(), time.time(), "
        "context.get_remaining_time_in_millis(), time.monotonic() - started]\n"
    )
    bench.function("clock", source, Timeout=3)
    for _ in range(2):  # cold, then warm
        bench.org.clock.advance(timedelta(minutes=10))
        now = bench.org.clock.now().timestamp()
        by_datetime, by_time, remaining, took = _invoke(bench, "clock")["Payload"]
        assert 0 <= by_datetime - now < 5
        assert 0 <= by_time - now < 5
        assert 0 < remaining <= 3000
        assert took < 1


def test_a_warm_environment_is_used_again_until_the_function_changes(bench: Workbench) -> None:
    """Guards warm reuse (a cache in a module survives) and the cold start after any change."""
    source = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
    bench.function("warm", source)
    assert [_invoke(bench, "warm")["Payload"] for _ in range(3)] == [1, 2, 3]
    bench.lambda_.update_function_configuration(FunctionName="warm", Environment={"Variables": {"NAME": "1"}})
    assert _invoke(bench, "warm")["Payload"] == 1
    bench.lambda_.update_function_code(FunctionName="warm", ZipFile=package(source + "# changed\n"))
    assert _invoke(bench, "warm")["Payload"] == 1


def test_credentials_are_renewed_before_they_expire(bench: Workbench) -> None:
    """Guards against a warm environment whose credentials have run out."""
    source = (
        "import boto3, os\ndef handler(event, context):\n    boto3.client('sts').get_caller_identity()\n    "
        "return os.environ['AWS_ACCESS_KEY_ID']\n"
    )
    bench.function("renewed", source)
    first = _invoke(bench, "renewed")["Payload"]
    assert _invoke(bench, "renewed")["Payload"] == first
    bench.advance(7200)
    again = _invoke(bench, "renewed")
    assert "FunctionError" not in again
    assert again["Payload"] != first


def test_invocations_at_once_have_an_environment_each(bench: Workbench, tmp_path: Path) -> None:
    """Guards against two events in one process at a time, which Lambda never does."""
    source = (
        "import os, time\nfrom pathlib import Path\ndef handler(folder, context):\n"
        "    (Path(folder) / str(os.getpid())).touch()\n"
        "    while len(os.listdir(folder)) < 3:\n        time.sleep(0.01)\n    return os.getpid()\n"
    )
    bench.function("parallel", source, Timeout=30)
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: _invoke(bench, "parallel", str(tmp_path)), range(3)))
    assert ["FunctionError" in answer for answer in answers] == [False] * 3, "none saw the two others at work"
    assert len({answer["Payload"] for answer in answers}) == 3


def test_reserved_concurrency_throttles(bench: Workbench) -> None:
    """Guards TooManyRequestsException, which a caller must hold for."""
    bench.function("throttled", ECHO)
    bench.lambda_.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        _invoke(bench, "throttled")


def test_an_error_shows_type_message_and_trace(bench: Workbench) -> None:
    """Guards the error's shape and its log line."""
    answer = _run(bench, "error", "def handler(event, context):\n    raise KeyError('x')\n")
    payload = answer["Payload"]
    assert (answer["FunctionError"], payload["errorType"], payload["errorMessage"]) == ("Unhandled", "KeyError", "'x'")
    assert len(payload["stackTrace"]) == 1
    assert "raise KeyError" in payload["stackTrace"][0]
    assert payload["requestId"]
    assert "[ERROR] KeyError: 'x'" in bench.log_lines("error")


@pytest.mark.parametrize(
    ("source", "settings", "kind"),
    [
        ("import nothing_of_that_name\n", {}, "Runtime.ImportModuleError"),
        ("def other(event, context): pass\n", {}, "Runtime.HandlerNotFound"),
        ("def handler(:\n", {}, "Runtime.UserCodeSyntaxError"),
        ("raise ValueError('at import')\n", {}, "ValueError"),
        ("def handler(event, context):\n    return {1, 2}\n", {}, "Runtime.MarshalError"),
        ("import sys\ndef handler(event, context):\n    sys.exit(3)\n", {}, "Runtime.ExitError"),
        ("import os\ndef handler(event, context):\n    os._exit(0)\n", {}, "Runtime.ExitError"),
        ("import time\ndef handler(event, context):\n    time.sleep(60)\n", {"Timeout": 1}, "Sandbox.Timedout"),
        ("def handler(event, context):\n    bytearray(200 << 20)\n", {"MemorySize": 128}, "Runtime.ExitError"),
        ("def handler(event, context):\n    return 'x' * ((6 << 20) + 200)\n", {}, "Function.ResponseSizeTooLarge"),
    ],
)  # fmt: skip
def test_each_way_to_fail_has_its_type(bench: Workbench, source: str, settings: dict[str, Any], kind: str) -> None:
    """Guards the error types by which an operator tells a timeout from a crash from a package at fault."""
    name = f"fails-{kind.replace('.', '-')}-{len(source)}"
    answer = _run(bench, name, source, **settings)
    assert (answer["FunctionError"], answer["Payload"]["errorType"]) == ("Unhandled", kind)
    again = _invoke(bench, name)
    assert again["Payload"]["errorType"] == kind, "the next invocation must get a new environment"


def test_a_timeout_kills_what_the_function_started(bench: Workbench) -> None:
    """Guards against child processes that outlive their environment."""
    source = (
        "import subprocess, time\ndef handler(event, context):\n    print(subprocess.Popen(['sleep', "
        "'60']).pid, flush=True)\n    time.sleep(60)\n"
    )
    answer = _run(bench, "children", source, Timeout=1)
    assert "Task timed out after 1.00 seconds" in answer["Payload"]["errorMessage"]
    pid = next(int(line) for line in bench.log_lines("children") if line.isdigit())
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"process {pid} outlived its environment"
        time.sleep(0.02)


def test_the_log_group_has_start_output_end_and_report(bench: Workbench) -> None:
    """Guards the lines that metric filters and people read; the first report tells the initialisation."""
    source = (
        "import logging\nlogging.getLogger().setLevel('INFO')\nprint('at init')\n"
        "def handler(event, context):\n    print('out')\n    logging.info('info')\n    logging.debug('no')\n"
        "    return context.get_remaining_time_in_millis()\n"
    )
    answer = _run(bench, "logged", source)
    assert 5_000 < answer["Payload"] <= 10_000
    lines = bench.log_lines("logged")
    assert lines[0] == "at init"
    assert lines[1].startswith("START RequestId: ")
    assert lines[2] == "out"
    assert lines[3].startswith("[INFO]\t")
    assert lines[3].endswith("\tinfo")
    assert lines[4].startswith("END RequestId: ")
    assert "Memory Size: 256 MB" in lines[5]
    assert "Init Duration" in lines[5]
    assert len(lines) == 6


def test_a_role_that_may_not_write_logs_loses_them_and_that_is_told(bench: Workbench) -> None:
    """Guards the log rights: on AWS the function runs and its log is missing."""
    role = bench.role("mute", allow("sqs:ListQueues", "*"))
    bench.lambda_.create_function(
        FunctionName="mute", Role=role, Runtime="python3.12", Handler="index.handler", Code={"ZipFile": package(ECHO)}
    )
    since = len(bench.org.events)
    assert _invoke(bench, "mute", 1)["Payload"] == 1
    assert "logs:CreateLogStream" in bench.told("lost-logs", since)[0]["reason"]


def test_environments_that_start_together_lose_no_log(bench: Workbench) -> None:
    """Guards the race for the log group: all find none, one makes it, the others' attempts are no failures."""
    bench.function("crowd", "import time\ndef handler(event, context):\n    time.sleep(0.3)\n    print('here')\n")
    since = len(bench.org.events)
    client = bench.lambda_
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: client.invoke(FunctionName="crowd"), range(4)))
    assert bench.told("lost-logs", since) == []
    assert bench.log_lines("crowd").count("here") == 4


def test_a_slow_initialisation_is_begun_again(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards the limit of the init phase: beyond it the work counts against the function's own timeout."""
    monkeypatch.setattr("rehearsal.organisation.runtime.pool.INIT_SECONDS", 0.3)
    source = "import time\ntime.sleep(0.8)\ndef handler(event, context):\n    return 'done'\n"
    assert _run(bench, "slow", source)["Payload"] == "done"
    answer = _run(bench, "too-slow", source.replace("0.8", "30"), Timeout=1)
    assert answer["Payload"]["errorType"] == "Sandbox.Timedout"
    assert any("Phase: init\tStatus: timeout" in line for line in bench.log_lines("too-slow"))


def test_code_may_come_from_a_bucket(bench: Workbench) -> None:
    """Guards packages by S3 key, read with the caller's rights."""
    bucket = f"code-{bench.account}"
    bench.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    bench.s3.put_object(Bucket=bucket, Key="code.zip", Body=package(ECHO))
    bench.lambda_.create_function(
        FunctionName="stored", Role=bench.role("stored"), Runtime="python3.12", Handler="index.handler",
        Code={"S3Bucket": bucket, "S3Key": "code.zip"},
    )  # fmt: skip
    assert _invoke(bench, "stored", 7)["Payload"] == 7


def test_dry_run_and_log_tail(bench: Workbench) -> None:
    """Guards the other ways to invoke."""
    bench.function("ways", "def handler(event, context):\n    print('tail')\n")
    assert bench.lambda_.invoke(FunctionName="ways", InvocationType="DryRun")["StatusCode"] == 204
    import base64

    assert "tail" in base64.b64decode(_invoke(bench, "ways", LogType="Tail")["LogResult"]).decode()


def test_asynchronous_errors_are_tried_twice_more_and_end_in_the_destination(bench: Workbench) -> None:
    """Guards the retries after 1 and 2 minutes on the clock, and the on-failure destination by the role's right."""
    url, queue = bench.queue("failures")
    bench.function(
        "later", "def handler(event, context):\n    raise ValueError(event)\n", allow("sqs:SendMessage", queue)
    )
    bench.lambda_.put_function_event_invoke_config(
        FunctionName="later", DestinationConfig={"OnFailure": {"Destination": queue}}
    )
    since = len(bench.org.events)
    assert bench.lambda_.invoke(FunctionName="later", InvocationType="Event", Payload=b'"x"')["StatusCode"] == 202
    bench.org.drain()
    assert len(bench.told("invocation", since)) == 1
    bench.advance(61)
    assert len(bench.told("invocation", since)) == 2
    assert bench.receive(url) == []
    bench.advance(121)
    assert len(bench.told("invocation", since)) == 3
    record = json.loads(bench.receive(url)[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"] == "x"


def test_an_asynchronous_failure_without_destination_is_told(bench: Workbench) -> None:
    """Guards against an event that vanishes inside Lambda unseen."""
    bench.function("vanishing", "def handler(event, context):\n    raise ValueError\n")
    since = len(bench.org.events)
    bench.lambda_.invoke(FunctionName="vanishing", InvocationType="Event", Payload=b"{}")
    bench.advance(600)
    assert "RetriesExhausted" in bench.told("lost", since)[0]["reason"]
