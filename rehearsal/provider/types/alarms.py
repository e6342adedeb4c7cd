"""aws.cloudwatch: MetricAlarm. Id: the alarm's name."""

from __future__ import annotations

from typing import Any

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.values import UNKNOWN, Props, without_none

PLAIN = {
    "actionsEnabled": "ActionsEnabled", "alarmActions": "AlarmActions", "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator", "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods", "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions", "metricName": "MetricName", "namespace": "Namespace",
    "okActions": "OKActions", "period": "Period", "statistic": "Statistic", "threshold": "Threshold",
    "treatMissingData": "TreatMissingData", "unit": "Unit",
}  # fmt: skip
"""Arguments that PutMetricAlarm takes and DescribeAlarms shows under one name."""

QUERY = {"accountId": "AccountId", "id": "Id", "label": "Label", "returnData": "ReturnData"}
METRIC = {"period": "Period", "stat": "Stat", "unit": "Unit"}
OF_ONE_METRIC = ("metricName", "namespace", "period", "statistic", "extendedStatistic", "unit", "dimensions")
NEEDED_BY_ONE_METRIC = ("namespace", "period")


def _dimensions(given: dict[str, str] | None) -> list[Props] | None:
    return [{"Name": name, "Value": value} for name, value in sorted((given or {}).items())] or None


def _shown_dimensions(found: list[Props] | None) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in found or ()}


def _query(given: Props) -> Props:
    """A `metricQueries` item as PutMetricAlarm takes it."""
    found = {api: given.get(key) for key, api in QUERY.items()}
    if metric := given.get("metric"):
        found["MetricStat"] = without_none(
            {
                "Metric": without_none(
                    {
                        "Namespace": metric.get("namespace"),
                        "MetricName": metric["metricName"],
                        "Dimensions": _dimensions(metric.get("dimensions")),
                    }
                ),
                **{api: metric.get(key) for key, api in METRIC.items()},
            }
        )
    return without_none(found)


def _shown_query(found: Props) -> Props:
    shown = {key: found.get(api) for key, api in QUERY.items()}
    shown["returnData"] = found.get("ReturnData", False)
    if stat := found.get("MetricStat"):
        metric = stat["Metric"]
        shown["metric"] = without_none(
            {
                "namespace": metric.get("Namespace"),
                "metricName": metric["MetricName"],
                "dimensions": _shown_dimensions(metric.get("Dimensions")) or None,
                **{key: stat.get(api) for key, api in METRIC.items()},
            }
        )
    return without_none(shown)


def _put(aws: Clients, name: str, args: Props, tags: dict[str, str] | None) -> None:
    queries = [_query(item) for item in args.get("metricQueries") or ()]
    aws.call(
        "cloudwatch", "put_metric_alarm",
        AlarmName=name, **{api: args.get(key) for key, api in PLAIN.items()},
        Dimensions=_dimensions(args.get("dimensions")), Metrics=queries or None, Tags=pairs(tags),
    )  # fmt: skip


def _create(aws: Clients, args: Props) -> str:
    name: str = args["name"]
    _put(aws, name, args, args.get("tagsAll"))
    return name


def _read(aws: Clients, physical_id: str, known: Props) -> Props | None:
    answer = aws.call("cloudwatch", "describe_alarms", AlarmNames=[physical_id], AlarmTypes=["MetricAlarm"])
    if not answer.get("MetricAlarms"):
        return None
    alarm = answer["MetricAlarms"][0]
    shown: dict[str, Any] = {key: alarm.get(api) for key, api in PLAIN.items()}
    return {
        **shown,
        "name": alarm["AlarmName"],
        "arn": alarm["AlarmArn"],
        "dimensions": _shown_dimensions(alarm.get("Dimensions")) or None,
        "metricQueries": [_shown_query(item) for item in alarm.get("Metrics") or ()] or None,
    }


def _update(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    """PutMetricAlarm replaces everything but the tags, which it ignores for an alarm that exists."""
    if any(new.get(key) != old.get(key) for key in (*PLAIN, "dimensions", "metricQueries")):
        _put(aws, physical_id, new, None)


def _delete(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("cloudwatch", "delete_alarms", AlarmNames=[physical_id])


def _check(args: Props) -> list[tuple[str, str]]:
    """One metric or a list of queries, one statistic (boto:cloudwatch PutMetricAlarm)."""
    found = []
    queries = args.get("metricQueries")
    if queries is not None:
        found += [(key, f"{key} conflicts with metricQueries: set one of them") for key in OF_ONE_METRIC if key in args]
        if isinstance(queries, list):
            found += _check_queries(queries)
    elif args.get("metricName") is None:
        found.append(("metricName", "one of metricName and metricQueries must be set"))
    else:
        missing = [key for key in NEEDED_BY_ONE_METRIC if args.get(key) is None]
        found += [(key, f"{key} must be set with metricName") for key in missing]
        if (args.get("statistic") is None) == (args.get("extendedStatistic") is None):
            found.append(("statistic", "one of statistic and extendedStatistic must be set, not both"))
    for key in ("comparisonOperator", "evaluationPeriods", "threshold"):
        if args.get(key) is None:
            found.append((key, f"{key} must be set: an alarm here compares a metric with a fixed threshold"))
    most, enough = args.get("evaluationPeriods"), args.get("datapointsToAlarm")
    if isinstance(most, int) and isinstance(enough, int) and enough > most:
        found.append(("datapointsToAlarm", f"datapointsToAlarm is {enough}: must be at most evaluationPeriods, {most}"))
    return found


def _check_queries(queries: list[Any]) -> list[tuple[str, str]]:
    if UNKNOWN in queries or any(item.get("returnData") is UNKNOWN for item in queries):
        return []
    watched = sum(bool(item.get("returnData")) for item in queries)
    if watched != 1:
        return [("metricQueries", f"{watched} of metricQueries have returnData: true, exactly one must")]
    return []


ALARM = ResourceType(
    pulumi_type="aws:cloudwatch/metricAlarm:MetricAlarm",
    cfn="AWS::CloudWatch::Alarm",
    name=AutoName(),
    arguments={
        "actionsEnabled": Argument(cfn="ActionsEnabled", default=True),
        "alarmActions": Argument(shape="cloudwatch.ResourceList", unordered=True),
        "alarmDescription": Argument(cfn="AlarmDescription"),
        "comparisonOperator": Argument(cfn="ComparisonOperator"),
        "datapointsToAlarm": Argument(cfn="DatapointsToAlarm"),
        "dimensions": Argument(),
        "evaluationPeriods": Argument(cfn="EvaluationPeriods"),
        "extendedStatistic": Argument(cfn="ExtendedStatistic"),
        "insufficientDataActions": Argument(shape="cloudwatch.ResourceList", unordered=True),
        "metricName": Argument(cfn="MetricName"),
        "metricQueries": Argument(unordered=True),
        "metricQueries.accountId": Argument(shape="cloudwatch.AccountId"),
        "metricQueries.id": Argument(shape="cloudwatch.MetricId"),
        "metricQueries.label": Argument(shape="cloudwatch.MetricLabel"),
        "metricQueries.metric.dimensions": Argument(),
        "metricQueries.metric.metricName": Argument(shape="cloudwatch.MetricName"),
        "metricQueries.metric.namespace": Argument(shape="cloudwatch.Namespace"),
        "metricQueries.metric.period": Argument(shape="cloudwatch.Period"),
        "metricQueries.metric.stat": Argument(shape="cloudwatch.Stat"),
        "metricQueries.metric.unit": Argument(shape="cloudwatch.StandardUnit"),
        "metricQueries.returnData": Argument(default=False),
        "name": Argument(cfn="AlarmName"),
        "namespace": Argument(cfn="Namespace"),
        "okActions": Argument(shape="cloudwatch.ResourceList", unordered=True),
        "period": Argument(cfn="Period"),
        "statistic": Argument(cfn="Statistic"),
        "threshold": Argument(cfn="Threshold"),
        "treatMissingData": Argument(cfn="TreatMissingData", default="missing"),
        "unit": Argument(cfn="Unit"),
    },
    tags=tag_calls(
        "cloudwatch", by_arn("ResourceARN"), read="list_tags_for_resource", add="tag_resource", remove="untag_resource"
    ),
    check=_check,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=("ResourceNotFound", "ResourceNotFoundException"),
    adopts="PutMetricAlarm overwrites an alarm of that name, and the real provider doesn't look first",
)

TYPES = (ALARM,)
