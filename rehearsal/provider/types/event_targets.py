"""aws.cloudwatch: EventTarget.

Id: `rule-target`, with `bus-` before it unless the bus is `default`; an import takes `bus/rule/target`. Since names
hold dashes themselves, the id of the first form is read with the state's bus and rule.
"""

from __future__ import annotations

import uuid

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.values import Props, without_none

DEFAULT_BUS = "default"
PLAIN = {"arn": "Arn", "roleArn": "RoleArn", "input": "Input", "inputPath": "InputPath"}
RETRY = {"maximumEventAgeInSeconds": "MaximumEventAgeInSeconds", "maximumRetryAttempts": "MaximumRetryAttempts"}


class TargetRefused(Exception):
    """PutTargets and RemoveTargets answer 200 and list what they refused."""


def _target(name: str, args: Props) -> Props:
    found: Props = {"Id": name, **{api: args.get(key) for key, api in PLAIN.items()}}
    if args.get("inputTransformer"):
        block = args["inputTransformer"]
        found["InputTransformer"] = without_none(
            {"InputPathsMap": block.get("inputPaths"), "InputTemplate": block["inputTemplate"]}
        )
    if args.get("retryPolicy"):
        retry = {api: args["retryPolicy"].get(key) for key, api in RETRY.items()}
        found["RetryPolicy"] = without_none(retry)
    if (args.get("deadLetterConfig") or {}).get("arn"):
        found["DeadLetterConfig"] = {"Arn": args["deadLetterConfig"]["arn"]}
    if (args.get("sqsTarget") or {}).get("messageGroupId"):
        found["SqsParameters"] = {"MessageGroupId": args["sqsTarget"]["messageGroupId"]}
    return without_none(found)


def _put(aws: Clients, bus: str, rule: str, name: str, args: Props) -> None:
    answer = aws.call("events", "put_targets", Rule=rule, EventBusName=bus, Targets=[_target(name, args)])
    _refused(answer)


def _refused(answer: Props) -> None:
    if answer.get("FailedEntryCount"):
        entry = answer["FailedEntries"][0]
        raise TargetRefused(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')} (target {entry.get('TargetId')})")


def _create(aws: Clients, args: Props) -> str:
    bus, rule = args["eventBusName"], args["rule"]
    name = args.get("targetId") or f"terraform-{uuid.uuid4().hex[:26]}"  # what the Terraform provider prefixes
    _put(aws, bus, rule, name, args)
    return f"{rule}-{name}" if bus == DEFAULT_BUS else f"{bus}-{rule}-{name}"


def _parts(physical_id: str, known: Props) -> tuple[str, str, str]:
    """`(bus, rule, target)`."""
    if "rule" not in known:
        head, _, name = physical_id.rpartition("/")
        bus, _, rule = head.rpartition("/")
        return bus or DEFAULT_BUS, rule, name
    bus, rule = known.get("eventBusName") or DEFAULT_BUS, known["rule"]
    if known.get("targetId"):
        return bus, rule, known["targetId"]
    prefix = f"{rule}-" if bus == DEFAULT_BUS else f"{bus}-{rule}-"
    return bus, rule, physical_id.removeprefix(prefix)


def _read(aws: Clients, physical_id: str, known: Props) -> Props | None:
    bus, rule, name = _parts(physical_id, known)
    targets = aws.pages("events", "list_targets_by_rule", "Targets", Rule=rule, EventBusName=bus)
    target = next((item for item in targets if item["Id"] == name), None)
    if target is None:
        return None
    transformer, retry = target.get("InputTransformer"), target.get("RetryPolicy")
    return {
        "rule": rule,
        "eventBusName": bus,
        "targetId": name,
        **{key: target.get(api) for key, api in PLAIN.items()},
        "inputTransformer": without_none(
            {"inputPaths": transformer.get("InputPathsMap"), "inputTemplate": transformer["InputTemplate"]}
        )
        if transformer
        else None,
        "retryPolicy": without_none({key: retry.get(api) for key, api in RETRY.items()}) if retry else None,
        "deadLetterConfig": {"arn": target["DeadLetterConfig"]["Arn"]} if target.get("DeadLetterConfig") else None,
        "sqsTarget": {"messageGroupId": target["SqsParameters"].get("MessageGroupId")}
        if target.get("SqsParameters")
        else None,
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _put(aws, *_parts(physical_id, old), new)


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    bus, rule, name = _parts(physical_id, state)
    force = state.get("forceDestroy") or None
    _refused(aws.call("events", "remove_targets", Rule=rule, EventBusName=bus, Ids=[name], Force=force))


def _check(args: Props) -> list[tuple[str, str]]:
    given = [key for key in ("input", "inputPath", "inputTransformer") if args.get(key)]
    return [(given[1], f"{' and '.join(given)} conflict: set one of them")] if len(given) > 1 else []


TARGET = ResourceType(
    pulumi_type="aws:cloudwatch/eventTarget:EventTarget",
    cfn="AWS::Events::Rule",
    arguments={
        "arn": Argument(cfn="Targets.Arn"),
        "deadLetterConfig": Argument(),
        "deadLetterConfig.arn": Argument(cfn="Targets.DeadLetterConfig.Arn"),
        # A target lives within its rule; in CloudFormation it is a property of the rule, whose schema can't say it.
        "eventBusName": Argument(cfn="EventBusName", default=DEFAULT_BUS, replaces=True),
        "forceDestroy": Argument(default=False, kept=True),
        "input": Argument(cfn="Targets.Input"),
        "inputPath": Argument(cfn="Targets.InputPath"),
        "inputTransformer": Argument(),
        "inputTransformer.inputPaths": Argument(),
        "inputTransformer.inputTemplate": Argument(cfn="Targets.InputTransformer.InputTemplate"),
        "retryPolicy": Argument(),
        "retryPolicy.maximumEventAgeInSeconds": Argument(
            cfn="Targets.RetryPolicy.MaximumEventAgeInSeconds", shape="events.MaximumEventAgeInSeconds", computed=True
        ),
        "retryPolicy.maximumRetryAttempts": Argument(
            cfn="Targets.RetryPolicy.MaximumRetryAttempts", shape="events.MaximumRetryAttempts", computed=True
        ),
        "roleArn": Argument(cfn="Targets.RoleArn"),
        "rule": Argument(cfn="Name", replaces=True),
        "sqsTarget": Argument(),
        "sqsTarget.messageGroupId": Argument(cfn="Targets.SqsParameters.MessageGroupId"),
        "targetId": Argument(cfn="Targets.Id", replaces=True),
    },
    check=_check,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=("ResourceNotFoundException",),
    adopts="PutTargets overwrites a target of that id, and the real provider doesn't look first",
)
