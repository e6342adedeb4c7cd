"""aws.cloudwatch: EventBus, EventBusPolicy, EventRule.

Ids: the bus's name (also of its policy), the rule's name with `bus/` before it unless the bus is `default`.
"""

from __future__ import annotations

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.types.event_targets import TARGET
from rehearsal.provider.values import UNKNOWN, Props

DEFAULT_BUS = "default"
GONE = ("ResourceNotFoundException",)
TAGS = tag_calls(
    "events", by_arn("ResourceARN"), read="list_tags_for_resource", add="tag_resource", remove="untag_resource"
)


def _letters(args: Props) -> Props | None:
    block = args.get("deadLetterConfig")
    return {"Arn": block["arn"]} if block and block.get("arn") else None


def _log(args: Props) -> Props | None:
    block = args.get("logConfig")
    if not block:
        return None
    names = {"includeDetail": "IncludeDetail", "level": "Level"}
    return {api: block[name] for name, api in names.items() if block.get(name)}


def _create_bus(aws: Clients, args: Props) -> str:
    aws.call(
        "events", "create_event_bus",
        Name=args["name"], Description=args.get("description"), KmsKeyIdentifier=args.get("kmsKeyIdentifier"),
        DeadLetterConfig=_letters(args), LogConfig=_log(args), EventSourceName=args.get("eventSourceName"),
        Tags=pairs(args.get("tagsAll")),
    )  # fmt: skip
    name: str = args["name"]
    return name


def _read_bus(aws: Clients, physical_id: str, known: Props) -> Props:
    bus = aws.call("events", "describe_event_bus", Name=physical_id)
    letters, log = bus.get("DeadLetterConfig") or {}, bus.get("LogConfig") or {}
    return {
        "name": bus["Name"],
        "arn": bus["Arn"],
        "description": bus.get("Description") or None,
        "kmsKeyIdentifier": bus.get("KmsKeyIdentifier") or None,
        "deadLetterConfig": {"arn": letters["Arn"]} if letters.get("Arn") else None,
        "logConfig": {"includeDetail": log.get("IncludeDetail"), "level": log.get("Level")} if log else None,
    }


def _update_bus(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    keys = ("description", "kmsKeyIdentifier", "deadLetterConfig", "logConfig")
    if any(new.get(key) != old.get(key) for key in keys):
        aws.call(
            "events", "update_event_bus",
            Name=physical_id, Description=new.get("description") or "",
            KmsKeyIdentifier=new.get("kmsKeyIdentifier") or "", DeadLetterConfig=_letters(new) or {},
            LogConfig=_log(new),
        )  # fmt: skip


def _delete_bus(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("events", "delete_event_bus", Name=physical_id)


BUS = ResourceType(
    pulumi_type="aws:cloudwatch/eventBus:EventBus",
    cfn="AWS::Events::EventBus",
    name=AutoName(),
    arguments={
        "deadLetterConfig": Argument(),
        "deadLetterConfig.arn": Argument(shape="events.ResourceArn"),
        "description": Argument(shape="events.EventBusDescription"),
        # A partner's bus is bound to its event source: the Terraform provider replaces, no update call has it.
        "eventSourceName": Argument(cfn="EventSourceName", replaces=True, kept=True),
        "kmsKeyIdentifier": Argument(shape="events.KmsKeyIdentifier"),
        "logConfig": Argument(),
        "logConfig.includeDetail": Argument(shape="events.IncludeDetail", computed=True),
        "logConfig.level": Argument(shape="events.Level", computed=True),
        "name": Argument(cfn="Name"),
    },
    tags=TAGS,
    create=_create_bus,
    read=_read_bus,
    update=_update_bus,
    delete=_delete_bus,
    gone=GONE,
)


def _put_bus_policy(aws: Clients, bus: str, policy: str) -> str:
    aws.call("events", "put_permission", EventBusName=bus, Policy=policy)
    return bus


def _read_bus_policy(aws: Clients, physical_id: str, known: Props) -> Props | None:
    policy = aws.call("events", "describe_event_bus", Name=physical_id).get("Policy")
    return {"eventBusName": physical_id, "policy": policy} if policy else None


def _update_bus_policy(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _put_bus_policy(aws, physical_id, new["policy"])


def _delete_bus_policy(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("events", "remove_permission", EventBusName=physical_id, RemoveAllPermissions=True)


BUS_POLICY = ResourceType(
    pulumi_type="aws:cloudwatch/eventBusPolicy:EventBusPolicy",
    cfn="AWS::Events::EventBusPolicy",
    arguments={
        "eventBusName": Argument(cfn="EventBusName", default=DEFAULT_BUS),
        "policy": Argument(text="policy"),
    },
    create=lambda aws, args: _put_bus_policy(aws, args["eventBusName"], args["policy"]),
    read=_read_bus_policy,
    update=_update_bus_policy,
    delete=_delete_bus_policy,
    gone=GONE,
    adopts="PutPermission with a policy replaces the bus's policy, and the real provider doesn't look first",
)


def split_rule(physical_id: str) -> tuple[str, str]:
    """`(bus, rule)` of a rule's id; a bus may be named by its ARN, which holds slashes."""
    bus, _, rule = physical_id.rpartition("/")
    return bus or DEFAULT_BUS, rule


def _put_rule(aws: Clients, bus: str, name: str, args: Props, tags: dict[str, str] | None) -> None:
    aws.call(
        "events", "put_rule",
        Name=name, EventBusName=bus, Description=args.get("description"), EventPattern=args.get("eventPattern"),
        ScheduleExpression=args.get("scheduleExpression"), RoleArn=args.get("roleArn"), State=args["state"],
        Tags=pairs(tags),
    )  # fmt: skip


def _create_rule(aws: Clients, args: Props) -> str:
    bus, name = args["eventBusName"], args["name"]
    _put_rule(aws, bus, name, args, args.get("tagsAll"))
    return name if bus == DEFAULT_BUS else f"{bus}/{name}"


def _read_rule(aws: Clients, physical_id: str, known: Props) -> Props:
    bus, name = split_rule(physical_id)
    rule = aws.call("events", "describe_rule", Name=name, EventBusName=bus)
    return {
        "name": rule["Name"],
        "arn": rule["Arn"],
        "eventBusName": bus,
        "description": rule.get("Description") or None,
        "eventPattern": rule.get("EventPattern") or None,
        "scheduleExpression": rule.get("ScheduleExpression") or None,
        "roleArn": rule.get("RoleArn") or None,
        "state": rule["State"],
    }


def _update_rule(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    """PutRule replaces everything but the tags, which it ignores for a rule that exists (boto:events PutRule)."""
    bus, name = split_rule(physical_id)
    keys = ("description", "eventPattern", "scheduleExpression", "roleArn", "state")
    if any(new.get(key) != old.get(key) for key in keys):
        _put_rule(aws, bus, name, new, None)


def _delete_rule(aws: Clients, physical_id: str, state: Props) -> None:
    bus, name = split_rule(physical_id)
    aws.call("events", "delete_rule", Name=name, EventBusName=bus, Force=state.get("forceDestroy") or None)


def _check_rule(args: Props) -> list[tuple[str, str]]:
    if args.get("scheduleExpression") and args.get("eventBusName", DEFAULT_BUS) not in (DEFAULT_BUS, UNKNOWN):
        return [("scheduleExpression", "scheduleExpression can be used on the default event bus only")]
    return []


RULE = ResourceType(
    pulumi_type="aws:cloudwatch/eventRule:EventRule",
    cfn="AWS::Events::Rule",
    name=AutoName(limit=64),
    arguments={
        "description": Argument(cfn="Description"),
        # A rule is named within its bus: with another bus it is another rule. CloudFormation's schema marks Name only.
        "eventBusName": Argument(cfn="EventBusName", default=DEFAULT_BUS, replaces=True),
        "eventPattern": Argument(shape="events.EventPattern", text="json"),
        "forceDestroy": Argument(default=False, kept=True),
        "name": Argument(cfn="Name"),
        "roleArn": Argument(cfn="RoleArn"),
        "scheduleExpression": Argument(cfn="ScheduleExpression"),
        "state": Argument(cfn="State", default="ENABLED"),
    },
    tags=TAGS,
    check=_check_rule,
    create=_create_rule,
    read=_read_rule,
    update=_update_rule,
    delete=_delete_rule,
    gone=GONE,
    adopts="PutRule overwrites a rule of that name, and the real provider doesn't look first",
)

TYPES = (BUS, BUS_POLICY, RULE, TARGET)
