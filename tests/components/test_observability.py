"""Alarms, topic and sink."""

from __future__ import annotations

from dataclasses import replace

from blueprint.alarms import hub_alarms
from tests.blueprint.samples import HUB, REGION, organisation
from tests.components.programs import hub_program, hub_run, hub_settings
from tests.components.recorder import run

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def test_every_alarm_of_the_list_is_made_and_published() -> None:
    """Guards: an alarm that is described and isn't there, or that tells nobody."""
    made = hub_run()
    specs = {spec.what: spec for spec in hub_alarms(organisation(), hub_settings().data.schedules)}
    assert {alarm.name for alarm in made.of(ALARM)} == specs.keys()
    for alarm in made.of(ALARM):
        spec, inputs = specs[alarm.name], alarm.inputs
        assert inputs["name"] == f"mlgov-{spec.what}"
        assert inputs["alarmActions"] == inputs["okActions"] == [made.exports["alarmTopicArn"]]
        assert (inputs["namespace"], inputs["metricName"]) == (spec.namespace, spec.metric)
        assert (inputs["period"], inputs["evaluationPeriods"]) == (spec.period_seconds, spec.periods)
        assert inputs["treatMissingData"] == spec.missing
        assert inputs["dimensions"] == dict(spec.dimensions)


def test_the_topic_is_encrypted_with_the_governance_key() -> None:
    """Guards: AWS's own key, which CloudWatch may not use: alarms that never arrive."""
    assert hub_run().one("aws:sns/topic:Topic", "hub-alarms").inputs["kmsMasterKeyId"].endswith("2")


def test_those_who_are_configured_hear_of_alarms() -> None:
    """Guards: addresses that are checked and then forgotten."""
    settings = hub_settings()
    assert not hub_run().of("aws:sns/topicSubscription:TopicSubscription")
    told = replace(settings, data=replace(settings.data, alarm_emails=("risk@example.com", "ops@example.com")))
    made = run(hub_program(told)).of("aws:sns/topicSubscription:TopicSubscription")
    assert [(one.inputs["protocol"], one.inputs["endpoint"]) for one in made] == [
        ("email", "risk@example.com"),
        ("email", "ops@example.com"),
    ]


def test_an_existing_sink_is_adopted_as_it_is() -> None:
    """Guards: a second sink, which an account can't have; a policy of ours over the company's own."""
    arn = f"arn:aws:oam:{REGION}:{HUB}:sink/01234567-89ab-cdef-0123-456789abcdef"
    settings = hub_settings()
    made = run(hub_program(replace(settings, data=replace(settings.data, oam_sink_arn=arn))))
    assert not [resource for resource in made.custom() if resource.type.startswith("aws:oam/")]
    assert made.exports["sinkArn"] == arn
