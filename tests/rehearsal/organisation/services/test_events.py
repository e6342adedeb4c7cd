"""EventBridge's control plane as clients see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.organisation.workbench import REGION, Workbench, document, own_bench

PATTERN = json.dumps({"source": ["mine"]})


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with own_bench() as made:
        yield made


def _refused(text: str) -> Any:
    return pytest.raises(ClientError, match=text)


def _queue(bench: Workbench, name: str = "target") -> str:
    return f"arn:aws:sqs:{REGION}:{bench.account}:{name}"


def test_a_bus_is_made_shown_and_deleted(bench: Workbench) -> None:
    """Guards the bus's life, and that a taken name is refused."""
    arn = bench.events.create_event_bus(Name="life", Description="d", Tags=[{"Key": "a", "Value": "1"}])["EventBusArn"]
    with _refused("ResourceAlreadyExistsException"):
        bench.events.create_event_bus(Name="life")
    shown = bench.events.describe_event_bus(Name="life")
    assert (shown["Arn"], shown["Description"]) == (arn, "d")
    assert bench.events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    bench.events.put_rule(Name="r", EventPattern=PATTERN, EventBusName="life")
    with _refused("still has rules: r"):
        bench.events.delete_event_bus(Name="life")
    bench.events.delete_rule(Name="r", EventBusName="life")
    bench.events.delete_event_bus(Name="life")
    with _refused("ResourceNotFoundException"):
        bench.events.describe_event_bus(Name="life")
    with _refused("Cannot delete event bus default"):
        bench.events.delete_event_bus(Name="default")


@pytest.mark.parametrize("unknown", [{"KmsKeyIdentifier": "k"}, {"DeadLetterConfig": {"Arn": "arn:aws:sqs:a:b:c"}}])
def test_what_a_bus_can_not_have_here_is_refused_by_name(bench: Workbench, unknown: dict[str, Any]) -> None:
    """Guards against a parameter that is dropped silently."""
    with _refused(f"NotEmulated.*{next(iter(unknown))}"):
        bench.events.create_event_bus(Name="unknown", **unknown)


def test_a_bus_policy_is_kept_replaced_and_removed(bench: Workbench) -> None:
    """Guards PutPermission with a whole policy, as the provider of infrastructure sends it."""
    arn = bench.events.create_event_bus(Name="policy")["EventBusArn"]
    statement = {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": arn}
    bench.events.put_permission(EventBusName="policy", Policy=document(statement))
    assert json.loads(bench.events.describe_event_bus(Name="policy")["Policy"])["Statement"] == [statement]
    bench.events.put_permission(
        EventBusName="policy", StatementId="t", Action="events:PutEvents", Principal="123456789012"
    )
    sids = [one["Sid"] for one in json.loads(bench.events.describe_event_bus(Name="policy")["Policy"])["Statement"]]
    assert sids == ["s", "t"]
    bench.events.remove_permission(EventBusName="policy", StatementId="t")
    with _refused("Statement t does not exist"):
        bench.events.remove_permission(EventBusName="policy", StatementId="t")
    bench.events.remove_permission(EventBusName="policy", RemoveAllPermissions=True)
    assert "Policy" not in bench.events.describe_event_bus(Name="policy")


def test_a_bus_policy_over_its_limit_is_refused(bench: Workbench) -> None:
    """Guards the 10,240 characters that bound the number of spokes."""
    arn = bench.events.create_event_bus(Name="long")["EventBusArn"]
    many = [f"arn:aws:iam::{number:012d}:root" for number in range(320)]
    statement = {"Effect": "Allow", "Principal": {"AWS": many}, "Action": "events:PutEvents", "Resource": arn}
    with _refused("PolicyLengthExceededException.*10240"):
        bench.events.put_permission(EventBusName="long", Policy=document(statement))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Principal": None}, "lacks Principal"),
        ({"Action": "sqs:SendMessage"}, "events actions only"),
        ({"Resource": "arn:aws:events:eu-west-1:123456789012:event-bus/other"}, "neither the bus nor a rule"),
    ],
)
def test_a_malformed_bus_policy_is_refused(bench: Workbench, change: dict[str, Any], reason: str) -> None:
    """Guards against a policy that only AWS would find fault with."""
    name = f"malformed-{len(reason)}"
    arn = bench.events.create_event_bus(Name=name)["EventBusArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": arn, **change}
    given = {key: value for key, value in statement.items() if value is not None}
    with _refused(reason):
        bench.events.put_permission(EventBusName=name, Policy=document(given))


def test_a_rule_is_shown_as_put_and_not_deleted_with_targets(bench: Workbench) -> None:
    """Guards the order of a destroy: targets first."""
    bench.events.put_rule(Name="shown", EventPattern=PATTERN, Description="d", State="DISABLED")
    shown = bench.events.describe_rule(Name="shown")
    assert (shown["EventPattern"], shown["State"], shown["EventBusName"]) == (PATTERN, "DISABLED", "default")
    assert shown["Arn"] == f"arn:aws:events:{REGION}:{bench.account}:rule/shown"
    bench.events.put_targets(Rule="shown", Targets=[{"Id": "1", "Arn": _queue(bench)}])
    with _refused("Rule can't be deleted since it has targets"):
        bench.events.delete_rule(Name="shown")
    assert bench.events.list_rule_names_by_target(TargetArn=_queue(bench))["RuleNames"] == ["shown"]
    bench.events.remove_targets(Rule="shown", Ids=["1"])
    assert bench.events.remove_targets(Rule="shown", Ids=["1"])["FailedEntryCount"] == 1
    bench.events.delete_rule(Name="shown")
    with _refused("Rule shown does not exist on EventBus default"):
        bench.events.describe_rule(Name="shown")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "EventPattern or ScheduleExpression"),
        ({"EventPattern": '{"source": "x"}'}, "InvalidEventPatternException"),
        ({"ScheduleExpression": "rate(1 minutes)"}, "ScheduleExpression is not valid"),
        ({"ScheduleExpression": "rate(1 day)", "EventBusName": "other"}, "only on the default event bus"),
        ({"EventPattern": PATTERN, "EventBusName": "missing"}, "Event bus missing does not exist"),
    ],
)
def test_a_malformed_rule_is_refused(bench: Workbench, given: dict[str, Any], reason: str) -> None:
    """Guards PutRule's checks."""
    if given.get("EventBusName") == "other":
        bench.events.create_event_bus(Name="other")
    with _refused(reason):
        bench.events.put_rule(Name="malformed", **given)


def test_targets_are_checked_when_they_are_put(bench: Workbench) -> None:
    """Guards what AWS refuses at PutTargets, and what the rehearsal refuses by name."""
    bench.events.put_rule(Name="checked", EventPattern=PATTERN)
    foreign = f"arn:aws:events:{REGION}:123456789012:event-bus/bus"
    own = f"arn:aws:events:{REGION}:{bench.account}:event-bus/bus"
    bad: list[tuple[dict[str, Any], str]] = [
        ({"Arn": foreign}, "RoleArn is required"),
        ({"Arn": own, "Input": "{}"}, "Modifying the input for target 1 is not supported"),
        ({"Arn": f"arn:aws:sns:{REGION}:{bench.account}:topic"}, "NotEmulated.*sns"),
        ({"Arn": _queue(bench) + ".fifo"}, "NotEmulated.*FIFO"),
        ({"Arn": _queue(bench).replace(REGION, "us-east-1")}, "Region"),
        ({"Arn": _queue(bench), "SqsParameters": {"MessageGroupId": "g"}}, "NotEmulated.*SqsParameters"),
        ({"Arn": _queue(bench), "DeadLetterConfig": {"Arn": _queue(bench) + ".fifo"}}, "must be a standard SQS queue"),
        ({"Arn": _queue(bench), "InputPath": "detail"}, "Invalid InputPath"),
    ]
    for target, reason in bad:
        with _refused(reason):
            bench.events.put_targets(Rule="checked", Targets=[{"Id": "1", **target}])
    with _refused("LimitExceededException"):
        bench.events.put_targets(Rule="checked", Targets=[{"Id": str(n), "Arn": _queue(bench)} for n in range(6)])


def test_a_target_role_needs_pass_role(bench: Workbench) -> None:
    """Guards iam:PassRole: who may put targets must not thereby use any role."""
    bench.events.put_rule(Name="passed", EventPattern=PATTERN)
    role = bench.role("forwarder", services=["events.amazonaws.com"])
    principal = {"AWS": f"arn:aws:iam::{bench.account}:root"}
    bench.iam.create_role(
        RoleName="putter",
        AssumeRolePolicyDocument=document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}),
    )
    rights: dict[str, Any] = {"Effect": "Allow", "Action": "events:PutTargets", "Resource": "*"}
    bench.iam.put_role_policy(RoleName="putter", PolicyName="p", PolicyDocument=document(rights))
    target = {"Id": "1", "Arn": f"arn:aws:events:{REGION}:123456789012:event-bus/bus", "RoleArn": role}
    with _refused("iam:PassRole"):
        bench.client("putter", "events").put_targets(Rule="passed", Targets=[target])
    passing = {
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}},
    }  # fmt: skip
    bench.iam.put_role_policy(RoleName="putter", PolicyName="p", PolicyDocument=document(rights, passing))
    bench.client("putter", "events").put_targets(Rule="passed", Targets=[target])


def test_entries_of_put_events_fail_one_by_one(bench: Workbench) -> None:
    """Guards that an `aws.` source can't be forged, and the entry's other checks."""
    good = {"Source": "mine", "DetailType": "t", "Detail": "{}"}
    entries = [
        good, {**good, "Source": "aws.sagemaker"}, {**good, "Detail": "[]"}, {**good, "DetailType": ""},
        {**good, "Detail": json.dumps({"x": "y" * 262_144})},
    ]  # fmt: skip
    answer = bench.events.put_events(Entries=entries)
    codes = [one.get("ErrorCode") for one in answer["Entries"]]
    assert codes == [None, "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", "InvalidArgument"]
    assert answer["FailedEntryCount"] == 4
    with _refused("entries"):
        bench.events.put_events(Entries=[good] * 11)


def test_put_events_is_authorised_per_source_and_detail_type(bench: Workbench) -> None:
    """Guards the condition keys that a bus policy separates forwarded from direct events with."""
    arn = bench.events.create_event_bus(Name="guarded")["EventBusArn"]
    statement = {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{bench.beside('dev').account}:root"},
        "Action": "events:PutEvents", "Resource": arn,
        "Condition": {
            "StringEquals": {"events:source": "requests", "events:detail-type": "Request"},
            "Bool": {"events:eventBusInvocation": "false"},
        },
    }  # fmt: skip
    bench.events.put_permission(EventBusName="guarded", Policy=document(statement))
    dev = bench.beside("dev").events
    good = {"Source": "requests", "DetailType": "Request", "Detail": "{}", "EventBusName": arn}
    assert dev.put_events(Entries=[good])["FailedEntryCount"] == 0
    for change in ({"Source": "other"}, {"DetailType": "Other"}):
        with _refused("AccessDenied"):
            dev.put_events(Entries=[{**good, **change}])


def test_a_pattern_can_be_tried(bench: Workbench) -> None:
    """Guards TestEventPattern, and its demand for a whole event."""
    event = {
        "id": "1",
        "account": "1",
        "source": "mine",
        "time": "t",
        "region": "r",
        "resources": [],
        "detail-type": "t",
    }
    assert bench.events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(event))["Result"] is True
    other = json.dumps({**event, "source": "x"})
    assert bench.events.test_event_pattern(EventPattern=PATTERN, Event=other)["Result"] is False
    with _refused("Parameter Event is not valid"):
        bench.events.test_event_pattern(EventPattern=PATTERN, Event='{"source": "mine"}')
