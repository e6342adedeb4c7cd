"""Faults on demand: events lost or late, calls throttled, functions killed; each told, and the same for a seed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.retries.standard import ThrottledRetryableChecker

from rehearsal.organisation import core, coverage
from rehearsal.organisation.control import Control, ControlError
from rehearsal.organisation.faults import OTHERS_THROTTLED, THROTTLED, Crash, Throttle
from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, document, own_bench, package

TWO_SENDS = """
import boto3
from botocore.config import Config
ONCE = Config(retries={"total_max_attempts": 1})
sqs = boto3.client("sqs", config=ONCE)
def handler(event, context):
    url = "https://sqs.eu-west-1.amazonaws.com/ACCOUNT/NAME-out"
    for number in (1, 2):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    return "sent"
"""


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


@pytest.fixture
def control(bench: Workbench) -> Iterator[Control]:
    yield Control(bench.org.endpoint)
    Control(bench.org.endpoint).send("disturb")


def queued(bench: Workbench, name: str) -> str:
    """A queue that gets the events of source `aws.<name>` and `<name>`; returns its URL."""
    url, queue = bench.queue(name)
    bench.admit(url, queue, bench.rule(name, {"source": [name, f"aws.{name}"]}, {"Arn": queue}))
    return url


def emit(bench: Workbench, name: str, count: int) -> None:
    for number in range(count):
        bench.org.emit(bench.account, REGION, f"aws.{name}", "Change", {"number": number})
    bench.org.drain()


def numbers(bench: Workbench, url: str) -> list[int]:
    """The events that a queue holds, taken off it."""
    found: list[int] = []
    while messages := bench.receive(url):
        for message in messages:
            bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"])["detail"]["number"])
    return found


def sender(bench: Workbench, name: str) -> tuple[str, str]:
    """A function that sends two messages; returns the URL of their queue and the function's ARN."""
    url, queue = bench.queue(f"{name}-out")
    source = TWO_SENDS.replace("ACCOUNT", bench.account).replace("NAME", name)
    return url, bench.function(name, source, allow("sqs:SendMessage", queue))


def run(bench: Workbench, name: str) -> Any:
    """What a function answers, or its error."""
    return json.loads(bench.lambda_.invoke(FunctionName=name)["Payload"].read() or b"null")


class TestEvents:
    def test_what_is_lost_is_told_and_the_rest_arrives(self, bench: Workbench, control: Control) -> None:
        """Guards: an event that is lost without a trace, so that no test can tell the reconcile's gap from a bug."""
        url = queued(bench, "lossy")
        since = len(bench.org.events)
        with control.disturbance(drop_probability=0.5):
            emit(bench, "lossy", 20)
        lost = [row["detail"]["number"] for row in bench.told("dropped", since)]
        assert 0 < len(lost) < 20
        assert sorted(numbers(bench, url) + lost) == list(range(20))
        with control.disturbance(drop_probability=0.5):
            again = len(bench.org.events)
            emit(bench, "lossy", 20)
        assert [row["detail"]["number"] for row in bench.told("dropped", again)] == lost, "one seed, one outcome"
        emit(bench, "lossy", 20)
        assert len(numbers(bench, url)) == 40 - len(lost)

    def test_only_events_of_aws_services_are_lost(self, bench: Workbench, control: Control) -> None:
        """Guards: PutEvents and schedules, which EventBridge keeps once it took them, lost like service events."""
        url = queued(bench, "kept")
        with control.disturbance(drop_probability=1):
            bench.put("kept", {"number": 1})
            emit(bench, "kept", 1)
        assert numbers(bench, url) == [1]

    def test_a_delayed_delivery_comes_when_its_time_has_come(self, bench: Workbench, control: Control) -> None:
        """Guards: a delay that holds the drain up, or is a loss."""
        url = queued(bench, "late")
        since = len(bench.org.events)
        with control.disturbance(delay_probability=1, delay_seconds=600):
            emit(bench, "late", 3)
        assert numbers(bench, url) == []
        waits = {row["event"]: row["seconds"] for row in bench.told("delayed", since)}
        assert len(waits) == 3
        bench.advance(600)
        delivered = [row["event"] for row in bench.told("delivery", since)]
        assert delivered == sorted(waits, key=lambda event: waits[event]), "the shortest wait first"
        assert sorted(numbers(bench, url)) == [0, 1, 2]

    @pytest.mark.parametrize(
        "how",
        [
            {"drop_probability": 2},
            {"delay_probability": 0.5},
            {"delay_seconds": 5},
            {"delay_probability": 0.5, "delay_seconds": -1},
            {"dropp_probability": 0.5},
        ],
    )
    def test_what_would_disturb_nothing_is_refused(self, control: Control, how: dict[str, Any]) -> None:
        """Guards: a typing error after which a test of faults is green without any."""
        with pytest.raises(ControlError, match="BadRequest"), control.disturbance(**how):
            pass


class TestThrottles:
    def test_a_functions_call_answers_the_services_own_error(self, bench: Workbench, control: Control) -> None:
        """Guards: a program that never met a throttle; and clients of the test that meet one by mistake."""
        url, _ = sender(bench, "throttled")
        since, calls = len(bench.org.events), len(bench.org.log)
        throttle = Throttle(service="sqs", operations=["SendMessage"], functions=["throttled"], probability=1)
        with control.disturbance(throttles=[throttle]):
            error = run(bench, "throttled")
            bench.sqs.send_message(QueueUrl=url, MessageBody="by the test")
        assert error["errorType"] == "RequestThrottled"
        assert [message["Body"] for message in bench.receive(url)] == ["by the test"]
        (told,) = bench.told("throttled", since)
        assert (told["function"], told["operation"]) == ("throttled", "sqs:SendMessage")
        rows = [row for row in bench.org.log.since(calls) if row["operation"] == "SendMessage"]
        assert [(row["error"], row["decision"]) for row in rows] == [
            ("RequestThrottled", "not reached"), (None, "allowed"),
        ]  # fmt: skip

    def test_a_throttle_spares_other_functions_and_operations(self, bench: Workbench, control: Control) -> None:
        """Guards: a throttle of one thing that strikes all, by which nothing tells what a program doesn't bear."""
        sender(bench, "spared")
        by_function = Throttle(service="sqs", functions=["somebody"], probability=1)
        by_operation = Throttle(service="sqs", operations=["ReceiveMessage"], probability=1)
        by_service = Throttle(service="dynamodb", probability=1)
        with control.disturbance(throttles=[by_function, by_operation, by_service]):
            assert run(bench, "spared") == "sent"

    def test_the_sdk_tries_again_and_gets_through(self, bench: Workbench, control: Control) -> None:
        """Guards: an error that boto3 doesn't take for a throttle."""
        url, _ = sender(bench, "patient")
        code = TWO_SENDS.replace("ACCOUNT", bench.account).replace("NAME", "patient")
        code = code.replace('"total_max_attempts": 1', '"total_max_attempts": 9')
        bench.lambda_.update_function_code(FunctionName="patient", ZipFile=package(code))
        with control.disturbance(throttles=[Throttle(service="sqs", functions=["patient"], probability=0.4)]):
            outcomes = [run(bench, "patient") for _ in range(3)]
        assert outcomes == ["sent"] * 3
        assert len(bench.receive(url)) == 6

    def test_one_seed_throttles_the_same_calls(self, bench: Workbench, control: Control) -> None:
        """Guards: a failure that can't be had again, because another function's calls moved the draws."""
        sender(bench, "same")
        sender(bench, "other")
        throttle = Throttle(service="sqs", probability=0.5)
        outcomes = []
        for others in (0, 3):
            with control.disturbance(throttles=[throttle]):
                for _ in range(others):
                    run(bench, "other")
                outcomes.append([run(bench, "same") == "sent" for _ in range(8)])
        assert outcomes[0] == outcomes[1]
        assert len(set(outcomes[0])) == 2

    def test_each_service_answers_what_the_sdks_take_for_a_throttle(self) -> None:
        """Guards: an error that no SDK tries again, which AWS's throttling errors all are."""
        coverage.load_all()
        codes = {THROTTLED.get(service, OTHERS_THROTTLED)[0] for service, _ in core.SERVED}
        known = {*ThrottledRetryableChecker._THROTTLED_ERROR_CODES, "Throttled"}
        assert codes <= known

    def test_a_throttle_of_nothing_is_refused(self) -> None:
        """Guards: a misspelt operation, after which nothing is throttled."""
        with pytest.raises(ValueError, match="SendMesage"):
            Throttle(service="sqs", operations=["SendMesage"], probability=1)
        with pytest.raises(ValueError, match="from 0 to 1"):
            Throttle(service="sqs", probability=1.1)


class TestCrashes:
    @pytest.mark.parametrize(
        ("call", "when", "sent"),
        [(1, "before", []), (1, "after", ["1"]), (2, "before", ["1"]), (2, "after", ["1", "2"])],
    )
    def test_a_function_dies_around_its_nth_call(
        self, bench: Workbench, control: Control, call: int, when: Any, sent: list[str]
    ) -> None:
        """Guards: a crash that undoes the call before it, or lets the call after it happen."""
        name = f"dies-{call}-{when}"
        url, _ = sender(bench, name)
        since = len(bench.org.events)
        with control.disturbance(crashes=[Crash(function=name, call=call, when=when)]):
            error = run(bench, name)
        assert error["errorType"] == "Runtime.ExitError"
        assert "signal: killed" in error["errorMessage"]
        assert sorted(message["Body"] for message in bench.receive(url)) == sent
        (told,) = bench.told("crash", since)
        assert (told["function"], told["call"], told["when"], told["operation"]) == (
            name, call, when, "sqs:SendMessage",
        )  # fmt: skip
        assert run(bench, name) == "sent", "a new environment runs as before"

    def test_the_queue_delivers_again_what_a_crash_interrupted(self, bench: Workbench, control: Control) -> None:
        """Guards: a message that is deleted though its function died (lambda/services-sqs-errorhandling)."""
        url, queue = bench.queue("interrupted", VisibilityTimeout="60")
        out, out_arn = bench.queue("interrupted-job-out")
        source = TWO_SENDS.replace("ACCOUNT", bench.account).replace("NAME", "interrupted-job")
        rights = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue)
        bench.function("interrupted-job", source, rights, allow("sqs:SendMessage", out_arn))
        bench.lambda_.create_event_source_mapping(FunctionName="interrupted-job", EventSourceArn=queue)
        with control.disturbance(crashes=[Crash(function="interrupted-job", call=2, when="before")]):
            bench.sqs.send_message(QueueUrl=url, MessageBody="job")
            bench.org.drain()
            assert [message["Body"] for message in bench.receive(out)] == ["1"]
            bench.advance(61)
            bench.org.drain()
        again = sorted(message["Body"] for message in bench.receive(out))
        assert again == ["1", "1", "2"], "the first message of the run that died stays sent"
        left = bench.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"

    def test_calls_are_counted_in_each_invocation_and_crashes_end(self, bench: Workbench, control: Control) -> None:
        """Guards: a count over invocations, by which the n-th call is another each time; a crash that never ends."""
        sender(bench, "counted")
        with control.disturbance(crashes=[Crash(function="counted", call=2, when="after", times=2)]):
            outcomes = [run(bench, "counted") for _ in range(4)]
        assert [one == "sent" for one in outcomes] == [False, False, True, True]

    def test_calls_with_an_assumed_role_count_and_may_be_chosen(self, bench: Workbench, control: Control) -> None:
        """Guards: a function that reads other accounts by a role, and would be out of the crashes' reach."""
        own = f"arn:aws:iam::{bench.account}:root"
        bench.iam.create_role(
            RoleName="reader",
            AssumeRolePolicyDocument=document(
                {"Effect": "Allow", "Principal": {"AWS": own}, "Action": "sts:AssumeRole"}
            ),
        )
        bench.iam.put_role_policy(
            RoleName="reader", PolicyName="p", PolicyDocument=document(allow("sqs:ListQueues", "*"))
        )  # fmt: skip
        role = f"arn:aws:iam::{bench.account}:role/reader"
        source = f"""
import boto3
def handler(event, context):
    found = boto3.client("sts").assume_role(RoleArn="{role}", RoleSessionName="reading")["Credentials"]
    session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
    return len(session.client("sqs").list_queues()["QueueUrls"]) > 0
"""
        bench.function("assuming", source, allow("sts:AssumeRole", role))
        for crash in (
            Crash(function="assuming", call=2, when="before"),
            Crash(function="assuming", call=1, when="after", service="sqs", operation="ListQueues"),
        ):
            with control.disturbance(crashes=[crash]):
                assert run(bench, "assuming")["errorType"] == "Runtime.ExitError"
        assert run(bench, "assuming") is True

    def test_other_functions_live_on(self, bench: Workbench, control: Control) -> None:
        """Guards: a crash that strikes whoever calls first."""
        sender(bench, "living")
        with control.disturbance(crashes=[Crash(function="nobody", call=1, when="before")]):
            assert run(bench, "living") == "sent"

    @pytest.mark.parametrize("wrong", [{"call": 0}, {"times": 0}, {"when": "during"}])
    def test_a_crash_of_nothing_is_refused(self, wrong: dict[str, Any]) -> None:
        """Guards: a crash that never comes, and a test of it that is green."""
        with pytest.raises(ValueError, match="nothing would crash"):
            Crash(**{"function": "f", "call": 1, "when": "before", **wrong})
