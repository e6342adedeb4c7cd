"""The operations on alarms.

Sources: botocore's cloudwatch model and the CloudWatch API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    Organisation,
    Params,
    condition_keys,
    resource_tags,
    serves,
    takes,
)
from rehearsal.organisation.services.cloudwatch.alarms import (
    ACTIONS,
    Alarm,
    alarm_arn,
    alarms,
    check_actions,
    condition_of,
    watched_by,
)
from rehearsal.organisation.services.cloudwatch.history import named_needs, remember
from rehearsal.organisation.services.cloudwatch.put import SOURCE
from rehearsal.organisation.services.oam.visibility import seen_accounts
from rehearsal.organisation.services.paging import paged

MOST_ALARMS = 5000
MOST_TAGS = 50
PAGE = 50
GIVEN = (
    "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
    "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit", "EvaluationPeriods",
    "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "Metrics", "Tags",
)  # fmt: skip

condition_keys("cloudwatch", "cloudwatch:AlarmActions")
takes("cloudwatch", "PutMetricAlarm", members=GIVEN)


@resource_tags("cloudwatch")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    alarm = _by_arn(org, arn)
    return alarm.tags if alarm is not None else None


def _by_arn(org: Organisation, arn: str) -> Alarm | None:
    parts = arn.split(":", 6)
    if len(parts) < 7 or parts[5] != "alarm":
        return None
    return alarms(org, parts[4], parts[3]).get(parts[6])


def _put_needs(org: Organisation, call: Call) -> Iterable[Need]:
    """cloudwatch:PutMetricAlarm with the actions' ARNs; TagResource for tags (API PutMetricAlarm, Tags)."""
    arn = alarm_arn(call.caller.account, call.region, call.params["AlarmName"])
    actions = [action for name in ACTIONS.values() for action in call.params.get(name, [])]
    context = {"cloudwatch:AlarmActions": actions} if actions else {}
    yield Need("cloudwatch:PutMetricAlarm", arn, call.caller.account, context)
    if call.params.get("Tags"):
        yield Need("cloudwatch:TagResource", arn, call.caller.account)


@serves(
    "cloudwatch", "PutMetricAlarm", source=f"{SOURCE}/API_PutMetricAlarm", needs=_put_needs, fidelity="emulated",
    note="alarms on one metric of a minute or more, topics as actions; looks at 2 periods more than it counts",
)  # fmt: skip
def put_metric_alarm(org: Organisation, call: Call) -> Params:
    account, region = call.caller.account, call.region
    given = {name: value for name, value in call.params.items() if name != "Tags"}
    watched = watched_by(given, account)
    condition = condition_of(given, watched)
    check_actions(given, region)
    if watched.account not in seen_accounts(org, account, region):
        raise ApiError("Forbidden", f"Account {watched.account} isn't linked to account {account}.", 403)
    store, now = alarms(org, account, region), org.clock.now()
    known = store.get(given["AlarmName"])
    if known is None:
        if len(store) >= MOST_ALARMS:
            raise ApiError("LimitExceeded", f"The account has {MOST_ALARMS} alarms in {region}, which is the most.")
        tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}
        known = Alarm(account, region, given, watched, condition, now, now, now, tags=tags)
        store[known.name] = known
        remember(org, known, "ConfigurationUpdate", f'Alarm "{known.name}" created', {"type": "Create"})
    else:
        known.given, known.watched, known.condition, known.updated = given, watched, condition, now
        remember(org, known, "ConfigurationUpdate", f'Alarm "{known.name}" updated', {"type": "Update"})
    org.component("cloudwatch").changed(known)
    return {}


takes(
    "cloudwatch", "DescribeAlarms",
    members=["AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix", "MaxRecords", "NextToken"],
)  # fmt: skip


@serves("cloudwatch", "DescribeAlarms", source=f"{SOURCE}/API_DescribeAlarms", needs=named_needs)
def describe_alarms(org: Organisation, call: Call) -> Params:
    params = call.params
    if params.get("AlarmNames") and "AlarmNamePrefix" in params:
        raise ApiError("InvalidParameterCombination", "AlarmNames and AlarmNamePrefix must not be given together.")
    found = [
        alarm.shown()
        for name, alarm in sorted(alarms(org, call.caller.account, call.region).items())
        if (not params.get("AlarmNames") or name in params["AlarmNames"])
        and name.startswith(params.get("AlarmNamePrefix", ""))
        and params.get("StateValue") in (None, alarm.state)
        and _has_action(alarm, params.get("ActionPrefix", ""))
    ]
    if "MetricAlarm" not in params.get("AlarmTypes", ["MetricAlarm"]):
        found = []
    refused = ApiError("InvalidNextToken", "The next token is not valid.")
    answer = paged("MetricAlarms", found, params, default=PAGE, invalid=refused, most="MaxRecords")
    return {**answer, "CompositeAlarms": []}


def _has_action(alarm: Alarm, prefix: str) -> bool:
    actions = [action for name in ACTIONS.values() for action in alarm.given.get(name, [])]
    return not prefix or any(action.startswith(prefix) for action in actions)


@serves("cloudwatch", "DeleteAlarms", source=f"{SOURCE}/API_DeleteAlarms", needs=named_needs)
def delete_alarms(org: Organisation, call: Call) -> Params:
    """Names that there are go, also beside one that there isn't."""
    store, names = alarms(org, call.caller.account, call.region), call.params["AlarmNames"]
    missing = [name for name in names if name not in store]
    for name in set(names) & store.keys():
        org.component("cloudwatch").forget(store.pop(name))
    if missing:
        raise ApiError("ResourceNotFound", f"Unknown alarm: {missing[0]}", 404)
    return {}


@serves("cloudwatch", "SetAlarmState", source=f"{SOURCE}/API_SetAlarmState", needs=named_needs)
def set_alarm_state(org: Organisation, call: Call) -> Params:
    """The next evaluation sets the alarm's own state again."""
    params = call.params
    alarm = _alarm(org, call, params["AlarmName"])
    watch = org.component("cloudwatch")
    if params["StateValue"] != alarm.state:
        watch.turn(alarm, params["StateValue"], params["StateReason"], params.get("StateReasonData", ""))
    watch.changed(alarm)
    return {}


def _alarm(org: Organisation, call: Call, name: str) -> Alarm:
    alarm = alarms(org, call.caller.account, call.region).get(name)
    if alarm is None:
        raise ApiError("ResourceNotFound", f"Alarm {name} does not exist.", 404)
    return alarm


@serves("cloudwatch", "EnableAlarmActions", "DisableAlarmActions", source=f"{SOURCE}/API_EnableAlarmActions",
        needs=named_needs)  # fmt: skip
def switch_actions(org: Organisation, call: Call) -> Params:
    for name in call.params["AlarmNames"]:
        _alarm(org, call, name).given["ActionsEnabled"] = call.operation == "EnableAlarmActions"
    return {}


def _tag_needs(org: Organisation, call: Call) -> Iterable[Need]:
    arn = call.params["ResourceARN"]
    yield Need(f"cloudwatch:{call.operation}", arn, arn.split(":")[4])


@serves("cloudwatch", "TagResource", "UntagResource", "ListTagsForResource", source=f"{SOURCE}/API_TagResource",
        needs=_tag_needs)  # fmt: skip
def tags(org: Organisation, call: Call) -> Params:
    arn = call.params["ResourceARN"]
    alarm = _by_arn(org, arn)
    if alarm is None:
        raise ApiError("ResourceNotFoundException", f"Unknown resource: {arn}", 404)
    if call.operation == "ListTagsForResource":
        return {"Tags": [{"Key": key, "Value": value} for key, value in alarm.tags.items()]}
    merged = {**alarm.tags, **{tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}}
    for key in call.params.get("TagKeys", []):
        merged.pop(key, None)
    if len(merged) > MOST_TAGS:
        raise ApiError(
            "InvalidParameterValue", f"{arn} would have {len(merged)} tags, at most {MOST_TAGS} are allowed."
        )
    alarm.tags = merged
    return {}
