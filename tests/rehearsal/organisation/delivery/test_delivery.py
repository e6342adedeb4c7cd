"""Events on their way: queues, buses of other accounts, functions, retries, dead letters, disturbances."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.organisation.delivery.disturbance import Disturbance
from tests.rehearsal.organisation.workbench import REGION, Workbench, allow, document, own_bench


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


@pytest.fixture(autouse=True)
def _tidy(bench: Workbench) -> Iterator[None]:
    yield
    bench.org.component("events").disturb(None)


def _bodies(bench: Workbench, url: str) -> list[dict[str, Any]]:
    return [json.loads(message["Body"]) for message in bench.receive(url)]


def _queued(bench: Workbench, name: str, **target: Any) -> tuple[str, str]:
    """A rule for source `name` to a queue that admits it; returns queue URL and rule ARN."""
    url, queue = bench.queue(name)
    rule = bench.rule(name, {"source": [name]}, {"Arn": queue, **target})
    bench.admit(url, queue, rule)
    return url, rule


def test_an_event_reaches_the_queue_of_a_matching_rule(bench: Workbench) -> None:
    """Guards the plain path, and the event's envelope."""
    url, _ = _queued(bench, "plain")
    id_ = bench.put("plain", {"a": 1})
    bench.put("other", {"a": 2})
    (event,) = _bodies(bench, url)
    assert event == {
        "version": "0", "id": id_, "detail-type": "kind", "source": "plain", "account": bench.account,
        "time": event["time"], "region": REGION, "resources": [], "detail": {"a": 1},
    }  # fmt: skip


def test_a_service_event_arises_on_the_default_bus(bench: Workbench) -> None:
    """Guards Organisation.emit, by which the registry's events reach the rules."""
    url, queue = bench.queue("service")
    bench.admit(url, queue, bench.rule("service", {"source": ["aws.sagemaker"]}, {"Arn": queue}))
    bench.org.emit(bench.account, REGION, "aws.sagemaker", "State Change", {"x": "y"}, ["arn:aws:x"])
    bench.org.drain()
    (event,) = _bodies(bench, url)
    assert (event["source"], event["resources"]) == ("aws.sagemaker", ["arn:aws:x"])


def test_a_disabled_rule_delivers_nothing(bench: Workbench) -> None:
    """Guards DisableRule and EnableRule."""
    url, _ = _queued(bench, "disabled")
    bench.events.disable_rule(Name="disabled")
    bench.put("disabled", {})
    assert _bodies(bench, url) == []
    bench.events.enable_rule(Name="disabled")
    bench.put("disabled", {})
    assert len(_bodies(bench, url)) == 1


def test_a_target_can_get_a_template_instead(bench: Workbench) -> None:
    """Guards the transformer on its way to the queue."""
    transformer = {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '{"value": <a>}'}
    url, _ = _queued(bench, "template", InputTransformer=transformer)
    bench.put("template", {"a": "x"})
    assert _bodies(bench, url) == [{"value": "x"}]


def test_a_queue_without_policy_refuses_and_the_loss_is_told(bench: Workbench) -> None:
    """Guards the queue policy: without it the event is lost at once, without retries, and not silently."""
    url, queue = bench.queue("unadmitted")
    rule = bench.rule("unadmitted", {"source": ["unadmitted"]}, {"Arn": queue})
    since = len(bench.org.events)
    bench.put("unadmitted", {})
    assert _bodies(bench, url) == []
    (lost,) = bench.told("lost", since)
    assert (lost["rule"], lost["error_code"], lost["attempt"]) == (rule, "NO_PERMISSIONS", 1)
    assert "sqs:SendMessage" in lost["reason"]
    bench.admit(url, queue, rule + "-other")
    bench.put("unadmitted", {})
    assert _bodies(bench, url) == [], "the queue policy names another rule's ARN"


def test_what_can_not_be_delivered_goes_to_the_rules_dead_letter_queue(bench: Workbench) -> None:
    """Guards the rule's dead-letter queue, its own policy, and the attributes that say why (eb-rule-dlq)."""
    dead_url, dead = bench.queue("rule-dead")
    _, queue = bench.queue("closed")
    rule = bench.rule("closed", {"source": ["closed"]}, {"Arn": queue, "DeadLetterConfig": {"Arn": dead}})
    since = len(bench.org.events)
    bench.put("closed", {"n": 1})
    (lost,) = bench.told("lost", since)
    assert "its dead-letter queue refused it" in lost["reason"]
    bench.admit(dead_url, dead, rule)
    bench.put("closed", {"n": 2})
    (message,) = bench.receive(dead_url)
    assert json.loads(message["Body"])["detail"] == {"n": 2}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "RULE_ARN": rule, "TARGET_ARN": queue, "ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0",
    }  # fmt: skip


def test_a_missing_queue_is_told_as_such(bench: Workbench) -> None:
    """Guards NO_RESOURCE, which isn't retried either."""
    dead_url, dead = bench.queue("missing-dead")
    target = {"Arn": f"arn:aws:sqs:{REGION}:{bench.account}:missing", "DeadLetterConfig": {"Arn": dead}}
    bench.admit(dead_url, dead, bench.rule("missing", {"source": ["missing"]}, target))
    bench.put("missing", {})
    assert bench.receive(dead_url)[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_an_encrypted_queue_needs_the_key_policy_for_eventbridge(bench: Workbench) -> None:
    """Guards kms:GenerateDataKey and kms:Decrypt of events.amazonaws.com, which a deployment forgets easily."""
    principal = {"AWS": f"arn:aws:iam::{bench.account}:root"}
    root = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    key = bench.kms.create_key(Policy=document(root))["KeyMetadata"]["Arn"]
    url, _ = _queued(bench, "sealed")
    bench.sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": key})
    since = len(bench.org.events)
    bench.put("sealed", {})
    (lost,) = bench.told("lost", since)
    assert "kms:GenerateDataKey" in lost["reason"]
    service = {**allow(["kms:GenerateDataKey", "kms:Decrypt"], "*"), "Principal": {"Service": "events.amazonaws.com"}}
    bench.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(root, service))
    bench.put("sealed", {})
    assert len(_bodies(bench, url)) == 1


class Forwarding:
    """A rule in dev that forwards to a bus in hub, whose rule fills a queue."""

    def __init__(self, bench: Workbench, name: str) -> None:
        self.name, self.hub, self.dev = name, bench, bench.beside("dev")
        self.bus = bench.events.create_event_bus(Name=name)["EventBusArn"]
        self.url, queue = bench.queue(name)
        bench.admit(self.url, queue, bench.rule(name, {"source": [name]}, {"Arn": queue}, bus=name))
        self.role = self.dev.role(name, allow("events:PutEvents", self.bus), services=["events.amazonaws.com"])
        self.dead_url, dead = self.dev.queue(f"{name}-dead")
        target = {"Arn": self.bus, "RoleArn": self.role, "DeadLetterConfig": {"Arn": dead}}
        self.dev.admit(self.dead_url, dead, self.dev.rule(name, {"source": [name]}, target))
        self.admit()

    def admit(self, **changes: Any) -> None:
        """The bus policy: forwarded events of this source from the forwarder's role."""
        statement = {
            "Sid": "forward", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.dev.account}:root"},
            "Action": "events:PutEvents", "Resource": self.bus,
            "Condition": {
                "Bool": {"events:eventBusInvocation": "true"}, "StringEquals": {"events:source": self.name},
                "ArnEquals": {"aws:PrincipalArn": self.role},
            },
        } | changes  # fmt: skip
        self.hub.events.put_permission(EventBusName=self.name, Policy=document(statement))

    def refused(self) -> str:
        """Forward an event that must be refused; returns the error code on the spoke's dead-letter queue."""
        self.dev.put(self.name, {})
        assert self.hub.receive(self.url) == []
        (message,) = self.dev.receive(self.dead_url)
        self.dev.sqs.purge_queue(QueueUrl=self.dead_url)
        return str(message["MessageAttributes"]["ERROR_CODE"]["StringValue"])


def test_an_event_is_forwarded_to_another_accounts_bus(bench: Workbench) -> None:
    """Guards account, source, id and time of the original (eb-cross-account)."""
    forwarding = Forwarding(bench, "forward")
    id_ = forwarding.dev.put("forward", {"a": 1})
    (event,) = _bodies(bench, forwarding.url)
    assert (event["account"], event["id"], event["source"]) == (forwarding.dev.account, id_, "forward")


def test_the_bus_policy_must_admit_the_forwarder(bench: Workbench) -> None:
    """Guards the receiver's side: source and role are demanded by its policy."""
    forwarding = Forwarding(bench, "bus-policy")
    other = {"Bool": {"events:eventBusInvocation": "true"}, "StringEquals": {"events:source": "other"}}
    forwarding.admit(Condition=other)
    assert forwarding.refused() == "NO_PERMISSIONS"


def test_the_forwarder_role_must_be_allowed_to_put(bench: Workbench) -> None:
    """Guards the sender's side: the role's own policy."""
    forwarding = Forwarding(bench, "identity")
    forwarding.dev.iam.delete_role_policy(RoleName="identity", PolicyName="policy")
    assert forwarding.refused() == "NO_PERMISSIONS"


def test_the_forwarder_role_must_trust_eventbridge(bench: Workbench) -> None:
    """Guards the role's trust, which EventBridge needs to use it."""
    forwarding = Forwarding(bench, "trusting")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    forwarding.dev.iam.update_assume_role_policy(RoleName="trusting", PolicyDocument=document(trust))
    assert forwarding.refused() == "FAILED_TO_ASSUME_ROLE"


def test_an_event_goes_to_no_third_bus(bench: Workbench) -> None:
    """Guards the one hop that AWS allows, also within an account (eb-bus-to-bus)."""
    names = ("first", "second", "third")
    arns = [bench.events.create_event_bus(Name=name)["EventBusArn"] for name in names]
    url, queue = bench.queue("third")
    dead_url, dead = bench.queue("third-dead")
    bench.rule("hop", {"source": ["hop"]}, {"Arn": arns[1]}, bus="first")
    target = {"Arn": arns[2], "DeadLetterConfig": {"Arn": dead}}
    bench.admit(dead_url, dead, bench.rule("hop", {"source": ["hop"]}, target, bus="second"))
    bench.admit(url, queue, bench.rule("hop", {"source": ["hop"]}, {"Arn": queue}, bus="third"))
    bench.put("hop", {}, bus="first")
    assert bench.receive(url) == []
    assert bench.receive(dead_url)[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "THIRD_ACCOUNT_HOP_DETECTED"


def test_a_function_needs_a_permission_for_the_rule(bench: Workbench) -> None:
    """Guards the function's resource policy with the rule's ARN."""
    function = bench.function("called", "def handler(event, context):\n    print('got', event['detail']['a'])\n")
    rule = bench.rule("called", {"source": ["called"]}, {"Arn": function})
    since = len(bench.org.events)
    bench.put("called", {"a": 1})
    assert bench.told("lost", since)[0]["error_code"] == "NO_PERMISSIONS"
    bench.lambda_.add_permission(
        FunctionName="called", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
        SourceArn=rule,
    )  # fmt: skip
    bench.put("called", {"a": 2})
    assert "got 2" in bench.log_lines("called")


def test_a_failing_target_is_tried_again_until_the_policy_ends(bench: Workbench) -> None:
    """Guards retries on the clock, and the condition that ended them."""
    dead_url, dead = bench.queue("retry-dead")
    policy = {"RetryPolicy": {"MaximumRetryAttempts": 3}, "DeadLetterConfig": {"Arn": dead}}
    url, rule = _queued(bench, "retry", **policy)
    bench.admit(dead_url, dead, rule)
    bench.org.component("events").disturb(Disturbance(seed=1, failure_probability=1))
    bench.put("retry", {})
    assert bench.receive(dead_url) == [], "the retries lie ahead"
    bench.advance(60)
    (message,) = bench.receive(dead_url)
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert (attributes["RETRY_ATTEMPTS"], attributes["ERROR_CODE"]) == ("3", "ERROR_FROM_TARGET")
    assert bench.receive(url) == []


def test_an_old_event_is_not_tried_for_ever(bench: Workbench) -> None:
    """Guards MaximumEventAgeInSeconds."""
    dead_url, dead = bench.queue("age-dead")
    _, rule = _queued(bench, "age", RetryPolicy={"MaximumEventAgeInSeconds": 60}, DeadLetterConfig={"Arn": dead})
    bench.admit(dead_url, dead, rule)
    bench.org.component("events").disturb(Disturbance(seed=1, failure_probability=1))
    bench.put("age", {})
    bench.advance(120)
    (message,) = bench.receive(dead_url)
    assert message["MessageAttributes"]["EXHAUSTED_RETRY_CONDITION"]["StringValue"] == "MaximumEventAgeInSeconds"


def test_a_target_that_recovers_gets_the_event(bench: Workbench) -> None:
    """Guards that a retry delivers."""
    url, _ = _queued(bench, "recover")
    bench.org.component("events").disturb(Disturbance(seed=1, failure_probability=1))
    bench.put("recover", {})
    bench.org.component("events").disturb(None)
    bench.advance(5)
    assert len(_bodies(bench, url)) == 1


def _all(bench: Workbench, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while messages := bench.receive(url):
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            bench.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_disturbed_deliveries_come_twice_and_out_of_order_but_all_come(bench: Workbench, seed: int) -> None:
    """Guards the disturbance: whatever it does, no event is lost by it."""
    name = f"disturbed-{seed}"
    url, _ = _queued(bench, name)
    bench.org.component("events").disturb(Disturbance(seed=seed, duplicate_probability=0.5, reorder_window=5))
    for number in range(20):
        bench.events.put_events(Entries=[{"Source": name, "DetailType": "t", "Detail": json.dumps({"n": number})}])
    bench.org.drain()
    order = [event["detail"]["n"] for event in _all(bench, url)]
    assert set(order) == set(range(20))
    assert len(order) > 20
    assert order != sorted(order)


def test_a_forwarded_copy_may_get_another_id(bench: Workbench) -> None:
    """Guards against consumers that identify an event by its id: AWS documents nowhere that a copy keeps it."""
    forwarding = Forwarding(bench, "renewed")
    bench.org.component("events").disturb(Disturbance(seed=1, new_id_probability=1))
    id_ = forwarding.dev.put("renewed", {})
    (event,) = _bodies(bench, forwarding.url)
    assert event["id"] != id_


def test_a_rate_fires_on_the_clock(bench: Workbench) -> None:
    """Guards scheduled rules, and that a disabled one ceases."""
    url, queue = bench.queue("rate")
    rule = bench.events.put_rule(Name="rate", ScheduleExpression="rate(5 minutes)")["RuleArn"]
    bench.events.put_targets(Rule="rate", Targets=[{"Id": "1", "Arn": queue}])
    bench.admit(url, queue, rule)
    bench.advance(901)
    events = _all(bench, url)
    assert [event["detail-type"] for event in events] == ["Scheduled Event"] * 3
    assert events[0]["resources"] == [rule]
    bench.events.disable_rule(Name="rate")
    bench.advance(901)
    assert _all(bench, url) == []
