"""Requests to tables, queues, bus, topic, sink, logs and metrics of the hub.

Sources: Service Authorization Reference; dynamodb ql-iam (PartiQL actions, EnclosingOperation), eventbridge
eb-cross-account and eb-use-identity-based (keys of PutEvents), CloudWatch-Unified-Cross-Account-Setup (links).
"""

from __future__ import annotations

from blueprint.functions import FUNCTION_SPECS
from blueprint.intent.asking import Asks
from blueprint.intent.bucket_asks import CLEAR
from blueprint.intent.model import Context
from blueprint.intent.roles import MEMBER
from blueprint.names import TABLES, Queue
from blueprint.rules import schedule_arns

TRANSACTION: Context = {"dynamodb:EnclosingOperation": "ExecuteTransaction"}
TABLE_VERBS = {
    "get": "GetItem", "query": "Query", "scan": "Scan", "put": "PutItem", "update": "UpdateItem",
    "delete": "DeleteItem", "batch": "BatchWriteItem", "describe": "DescribeTable",
}  # fmt: skip
REPLACE = [
    "dynamodb:DeleteResourcePolicy", "dynamodb:DeleteTable", "dynamodb:ImportTable", "dynamodb:PutResourcePolicy",
    "dynamodb:RestoreTableFromBackup", "dynamodb:RestoreTableToPointInTime", "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
]  # fmt: skip
FIND = ["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"]
CONSUME = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
FORWARDED = {
    "endpoint": "SageMaker Endpoint State Change",
    "deployment": "SageMaker Endpoint Deployment State Change",
    "card": "SageMaker Model Card State Change",
    "call": "AWS API Call via CloudTrail",
}


def queues() -> list[Queue]:
    """All queues of the hub."""
    fed = [queue for spec in FUNCTION_SPECS for queue in (spec.queue, spec.dead_letters)]
    return ["rules-dlq", *fed]


def ask_data(asks: Asks) -> None:
    of = asks.organisation
    for table in TABLES:
        _table(asks, table, of.names.table_arn(of.hub, table))
    another = asks.arn("dynamodb", "table/somebody-elses")
    asks.add("another-table:read", ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"], another)
    asks.add("another-table:write", ["dynamodb:PartiQLInsert", "dynamodb:UpdateItem"], another, context=TRANSACTION)
    for queue in queues():
        ask_queue(asks, f"queue/{queue}", of.names.queue_arn(of.hub, of.names.queue(queue)))
    _bus(asks)
    _watching(asks)
    _logs(asks)


def _table(asks: Asks, table: str, arn: str) -> None:
    for verb, action in TABLE_VERBS.items():
        asks.add(f"{table}:{verb}", f"dynamodb:{action}", arn)
    asks.add(f"{table}:append", "dynamodb:PartiQLInsert", arn, context=TRANSACTION)
    asks.add(f"{table}:select", "dynamodb:PartiQLSelect", arn, context=TRANSACTION)
    asks.add(f"{table}:append-alone", "dynamodb:PartiQLInsert", arn)
    asks.add(f"{table}:move", "dynamodb:PartiQLUpdate", arn, context=TRANSACTION)
    asks.add(f"{table}:move-alone", "dynamodb:PartiQLUpdate", arn)
    asks.add(f"{table}:remove", "dynamodb:PartiQLDelete", arn, context=TRANSACTION)
    asks.add(f"{table}:replace", REPLACE, arn)


def ask_queue(asks: Asks, thing: str, arn: str, *, account: str | None = None, stack: str = "hub") -> None:
    asks.add(f"{thing}:consume", CONSUME, arn, account=account, stack=stack)
    asks.add(f"{thing}:send", "sqs:SendMessage", arn, account=account, stack=stack)
    asks.add(f"{thing}:send-in-clear", "sqs:SendMessage", arn, account=account, stack=stack, context=CLEAR)
    asks.add(f"{thing}:find", FIND, arn, account=account, stack=stack)
    asks.add(f"{thing}:reconfigure", "sqs:SetQueueAttributes", arn, account=account, stack=stack)
    asks.add(f"{thing}:purge", "sqs:PurgeQueue", arn, account=account, stack=stack)


def _bus(asks: Asks) -> None:
    of = asks.organisation
    bus = of.names.bus_arn(of.hub)

    def event(source: str, kind: str, *, rule: bool) -> Context:
        return {"events:source": source, "events:detail-type": kind, "events:eventBusInvocation": rule}

    for verb, kind in FORWARDED.items():
        asks.add(f"bus:forward.{verb}", "events:PutEvents", bus, context=event("aws.sagemaker", kind, rule=True))
    state = FORWARDED["endpoint"]
    asks.add("bus:forge", "events:PutEvents", bus, context=event("aws.sagemaker", state, rule=False))
    asks.add("bus:forward-another-type", "events:PutEvents", bus, context=event("aws.sagemaker", "Other", rule=True))
    asks.add("bus:forward-another-source", "events:PutEvents", bus, context=event("aws.s3", state, rule=True))
    asks.add("bus:ask", "events:PutEvents", bus, context=event("mlgov.requests", "Stage Requested", rule=False))
    asks.add("bus:ask-otherwise", "events:PutEvents", bus, context=event("mlgov.requests", "Other", rule=False))
    asks.add("bus:ask-as-another", "events:PutEvents", bus, context=event("other", "Stage Requested", rule=False))
    asks.add("bus:open", "events:PutPermission", bus)
    another = asks.arn("events", "event-bus/another")
    asks.add(
        "another-bus:ask", "events:PutEvents", another, context=event("mlgov.requests", "Stage Requested", rule=False)
    )
    asks.add("another-bus:forward", "events:PutEvents", another, context=event("aws.sagemaker", state, rule=True))


def _watching(asks: Asks) -> None:
    of = asks.organisation
    topic = of.names.topic_arn(of.hub)
    asks.add("topic:publish", "sns:Publish", topic)
    asks.add("topic:publish-in-clear", "sns:Publish", topic, context=CLEAR)
    asks.add("topic:subscribe-in-clear", "sns:Subscribe", topic, context=CLEAR)
    asks.add("topic:subscribe", "sns:Subscribe", topic)
    if asks.facts.sink:
        metrics, logs = "AWS::CloudWatch::Metric", "AWS::Logs::LogGroup"
        for action in ("CreateLink", "UpdateLink"):
            for verb, types in {"metrics": [metrics], "logs-too": [metrics, logs]}.items():
                asks.add(
                    f"sink:{action}.{verb}", f"oam:{action}", asks.facts.sink, context={"oam:ResourceTypes": types}
                )
        asks.add("sink:configure", "oam:PutSinkPolicy", asks.facts.sink)
    for namespace, name in {
        "own": "MLGovernance", "quality": "MLGovernance/Quality", "serving": "/aws/sagemaker/Endpoints",
        "any": "AWS/Billing",
    }.items():  # fmt: skip
        asks.add(
            f"metrics:put.{namespace}", "cloudwatch:PutMetricData", "*", account="",
            context={"cloudwatch:namespace": name},
        )  # fmt: skip
    asks.add("metrics:read", "cloudwatch:GetMetricData", "*", account="")
    asks.add("metrics:list", "cloudwatch:ListMetrics", "*", account="")
    alarms = ["cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"]
    asks.add("alarms:see", alarms, asks.arn("cloudwatch", "alarm:*"))
    elsewhere = asks.arn("cloudwatch", "alarm:*", MEMBER)
    asks.add("another-account-s-alarms:see", alarms, elsewhere, account=MEMBER)
    asks.add(
        "alarms:silence",
        ["cloudwatch:DeleteAlarms", "cloudwatch:DisableAlarmActions"],
        asks.arn("cloudwatch", "alarm:a"),
    )
    for function, rule in schedule_arns(of).items():
        asks.add(f"schedule/{function}:see", "events:DescribeRule", rule)
        asks.add(f"schedule/{function}:stop", "events:DisableRule", rule)
    asks.add("another-rule:see", "events:DescribeRule", asks.arn("events", "rule/somebody-elses"))
    asks.add("functions:list-mappings", "lambda:ListEventSourceMappings", "*", account="")
    asks.add("functions:list", "lambda:ListFunctions", "*", account="")
    asks.add("trail:look-up", "cloudtrail:LookupEvents", "*", account="")
    asks.add("trail:list", "cloudtrail:ListTrails", "*", account="")


def _logs(asks: Asks) -> None:
    of = asks.organisation
    writes = ["logs:CreateLogStream", "logs:PutLogEvents"]
    for spec in FUNCTION_SPECS:
        stream = f"{of.names.log_group_arn(of.hub, spec.function)}:log-stream:s"
        asks.add(f"log/{spec.function}:write", writes, stream)
        asks.add(f"log/{spec.function}:read", ["logs:FilterLogEvents", "logs:GetLogEvents"], stream)
    other = asks.arn("logs", "log-group:/aws/lambda/somebody-elses:log-stream:s")
    asks.add("log/another:write", writes, other)
    asks.add("log/another:read", "logs:FilterLogEvents", other)
