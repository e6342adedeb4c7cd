"""Questions of metrics, alarms and links."""

from __future__ import annotations

from datetime import timedelta

from console.probe.model import DONE, Ground, Probe, Result, differs, held, unclear, words

NOT_LINKED = "000000000000"
"""No account has this id."""

REFUSED = frozenset({"ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterCombination"})
"""The codes that the metrics function takes for an account that isn't linked (lambdas/metrics/adapters.py)."""

ALARM_SECONDS = 60.0


def _unlinked(ground: Ground) -> Result:
    now = ground.now()
    query = {
        "Id": "m1",
        "AccountId": NOT_LINKED,
        "MetricStat": {
            "Metric": {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}, "Period": 300, "Stat": "Sum",
        },
    }  # fmt: skip
    code, message = words(
        lambda: ground.hub("cloudwatch").get_metric_data(
            MetricDataQueries=[query], StartTime=now - timedelta(hours=1), EndTime=now
        )
    )
    if code == DONE:
        return held("answered without data")
    return held(f"{code}: {message}") if code in REFUSED else differs(f"{code}: {message}")


def _alarm(ground: Ground) -> Result:
    assert ground.spoke is not None, "the runner asks for it"  # noqa: S101
    assert ground.spoke_account is not None, "known with the credentials"  # noqa: S101
    cloudwatch = ground.spoke("cloudwatch")
    name = ground.names.alarm(f"{ground.spoke_account.stack}-forward-dlq-depth")
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        return unclear(f"there is no alarm {name} in the spoke: is its stack up?")
    since = ground.now()
    with ground.cleanup() as undo:
        undo(
            f"state of alarm {name}",
            lambda: cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="governance probe ended"),
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="governance probe")
        told: list[str] = []

        def acted() -> bool:
            items = cloudwatch.describe_alarm_history(
                AlarmName=name, HistoryItemType="Action", StartDate=since, EndDate=ground.now() + timedelta(minutes=1)
            )["AlarmHistoryItems"]
            told.extend(str(item["HistorySummary"]) for item in items)
            return bool(items)

        ground.until(acted, ALARM_SECONDS)
    if not told:
        return unclear("the alarm's history shows no action yet")
    return held(*told) if all("success" in line.lower() for line in told) else differs(*told)


def _self_link(ground: Ground) -> Result:
    oam = ground.hub("oam")
    sinks = oam.list_sinks()["Items"]
    if not sinks:
        return unclear("the hub has no sink")
    with ground.cleanup() as undo:
        arns: list[str] = []

        def link() -> None:
            arns.append(
                oam.create_link(
                    LabelTemplate="$AccountName", ResourceTypes=["AWS::CloudWatch::Metric"],
                    SinkIdentifier=sinks[0]["Arn"],
                )["Arn"]
            )  # fmt: skip
            undo(f"link {arns[0]}", lambda: oam.delete_link(Identifier=arns[0]))

        code, message = words(link, refusal=True)
    return differs("the link was made") if code == DONE else held(f"{code}: {message}")


PROBES = (
    Probe(
        name="unlinked-account",
        title="How does CloudWatch answer a query for an account that isn't linked?",
        why="The metrics function goes on without such an account; another error would stop its whole run.",
        calls=("cloudwatch:GetMetricData",),
        expected=f"without data, or by one of {', '.join(sorted(REFUSED))}",
        otherwise="add the code to _REFUSED in lambdas/metrics/adapters.py",
        run=_unlinked,
    ),
    Probe(
        name="alarm-across-accounts",
        title="Does an alarm of a spoke reach the hub's encrypted topic?",
        why="It needs the topic's policy and the key's, neither of which names the spoke's account for KMS.",
        calls=("cloudwatch:DescribeAlarms", "cloudwatch:SetAlarmState (those who subscribed are told)",
               "cloudwatch:DescribeAlarmHistory"),
        expected="its history says that the action succeeded",
        otherwise="give AlarmsPublish in blueprint/policies/keys.py what the history's error asks for",
        run=_alarm,
        live=True,
        needs=("spoke",),
    ),
    Probe(
        name="self-link",
        title="Does OAM refuse a link of an account to its own sink?",
        why="In same-account mode the program makes neither sink nor link.",
        calls=("oam:ListSinks", "oam:CreateLink", "oam:DeleteLink"),
        expected="refused",
        otherwise="nothing: own metrics are read without a link",
        run=_self_link,
        live=True,
    ),
)  # fmt: skip
