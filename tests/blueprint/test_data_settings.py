"""Settings of the governance data: schedules, retention, locks, the sink, who hears of alarms."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.data_settings import COLUMNS_TAKEN, INTERVAL_MINUTES, AnchorRetention, DataSettings, Interval
from blueprint.errors import ConfigurationError
from blueprint.settings import HubSettings, Settings, SpokeSettings
from governance.errors import SettingError
from governance.metrics_catalogue import IDENTITY, Kind, catalogue, parse_quality_names
from tests.blueprint.samples import HUB, REGION, configuration

SINK = f"arn:aws:oam:{REGION}:{HUB}:sink/01234567-89ab-cdef-0123-456789abcdef"


def settings(**values: Any) -> DataSettings:
    parsed = Settings.parse({**configuration(), **values}, "hub")
    assert isinstance(parsed, HubSettings)
    return parsed.data


def problems(**values: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(**values)
    return "\n".join(caught.value.problems)


def test_a_lasting_installation_locks_for_ten_years() -> None:
    """Guards: anchors that somebody can delete the day after, by default."""
    assert settings() == DataSettings(
        schedules={
            "anchor": Interval(60),
            "inventory": Interval(15),
            "metrics": Interval(60),
            "reconcile": Interval(60),
        },
        metrics_retention_days=455,
        quality_metrics=(),
        anchor_retention=AnchorRetention("compliance", 3650),
        oam_sink_arn=None,
        alarm_emails=(),
    )
    assert settings(statefulResources="retain").anchor_retention == AnchorRetention("compliance", 3650)


def test_a_trial_can_be_taken_down() -> None:
    """Guards: a trial whose bucket nobody can delete for ten years."""
    assert settings(statefulResources="destroy").anchor_retention == AnchorRetention("governance", 1)
    told = problems(statefulResources="destroy", anchorRetention={"mode": "compliance"})
    assert "anchorRetention.mode is compliance while statefulResources is destroy" in told


def test_what_is_configured_is_what_is_read() -> None:
    """Guards: a key that is described and has no effect."""
    read = settings(
        schedules={"inventory": "rate(2 hours)", "anchor": "rate(1 day)"},
        metricsRetentionDays="30",
        qualityMetrics=["Recall", "AUC"],
        anchorRetention={"mode": "governance", "days": 90},
        oamSinkArn=SINK,
        alarmEmails=["risk@example.com"],
    )
    assert (read.schedules["inventory"], read.schedules["anchor"]) == (Interval(120), Interval(1440))
    assert read.schedules["metrics"] == Interval(60)
    assert (read.metrics_retention_days, read.quality_metrics) == (30, ("Recall", "AUC"))
    assert read.anchor_retention == AnchorRetention("governance", 90)
    assert (read.oam_sink_arn, read.alarm_emails) == (SINK, ("risk@example.com",))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"schedules": {"inventory": "rate(1 minutes)"}}, "schedules.inventory is 'rate(1 minutes)'; a rate from"),
        ({"schedules": {"inventory": "rate(15 minute)"}}, "singular for one"),
        ({"schedules": {"metrics": "rate(1 minute)"}}, "schedules.metrics is 'rate(1 minute)'"),
        ({"schedules": {"anchor": "rate(2 days)"}}, "schedules.anchor is 'rate(2 days)'"),
        ({"schedules": {"anchor": "cron(0 3 * * ? *)"}}, "which a cron expression doesn't say"),
        ({"schedules": {"inventroy": "rate(1 hour)"}}, "did you mean inventory?"),
        ({"schedules": "rate(1 hour)"}, "schedules is 'rate(1 hour)'; a mapping"),
        ({"metricsRetentionDays": 0}, "metricsRetentionDays is 0; a number of days from 1 to 3650"),
        ({"anchorRetention": {"mode": "COMPLIANCE"}}, "anchorRetention.mode is 'COMPLIANCE'; one of compliance"),
        ({"anchorRetention": {"days": 36501}}, "anchorRetention.days is 36501; a number of days from 1 to 36500"),
        ({"anchorRetention": {"years": 10}}, "anchorRetention.years is unknown"),
        ({"oamSinkArn": "mlgov-metrics"}, "oamSinkArn is 'mlgov-metrics'; an OAM sink's ARN is needed"),
        ({"oamSinkArn": SINK.replace(HUB, "222222222222")}, "of account 222222222222 in eu-west-1"),
        ({"oamSinkArn": SINK.replace(REGION, "us-east-1")}, "in us-east-1"),
        ({"alarmEmails": ["nobody"]}, "alarmEmails[0] is 'nobody'; an e-mail address is needed"),
        ({"alarmEmails": ["a@b.example", "a@b.example"]}, "alarmEmails[1] is 'a@b.example', which the list already"),
        ({"qualityMetrics": ["F 2"]}, "qualityMetrics[0] is 'F 2'; a metric's name"),
        ({"qualityMetrics": [f"M{number}" for number in range(21)]}, "has 21 names; at most 20"),
        ({"qualityMetrics": ["Region"]}, "names Region, whose column region is a column of the metrics table already"),
        ({"qualityMetrics": ["f2SCORE"]}, "whose column f2score is a column of the metrics table already"),
        ({"qualityMetrics": ["AUC", "Auc"]}, "names Auc, whose column auc is that of AUC in this list already"),
        ({"qualityMetrics": ["AUC", "AUC"]}, "qualityMetrics[1] is 'AUC', which the list already"),
    ],
)
def test_each_mistake_is_named_with_its_place_and_its_mend(values: dict[str, Any], said: str) -> None:
    """Guards: a schedule that EventBridge refuses in the middle of an `up`; a retention of a misspelt unit."""
    assert said in problems(**values)


@pytest.mark.parametrize("name", ["Recall", "AUC", *sorted(COLUMNS_TAKEN)])
def test_what_is_configured_is_what_the_function_takes(name: str) -> None:
    """Guards: a name that `up` takes, after which the metrics function refuses to start; or the other way round."""
    told = ""
    try:
        parse_quality_names(json.dumps([name]))
    except SettingError as error:
        told = str(error)
    taken = bool(told)
    assert taken is (name in COLUMNS_TAKEN), told
    if taken:
        assert f"column {name} is" in problems(qualityMetrics=[name])
    else:
        assert settings(qualityMetrics=[name]).quality_metrics == (name,)


def test_no_column_of_the_metrics_table_is_free() -> None:
    """Guards: a standard metric that is added later, and hidden by a configured one of its name."""
    standard = {metric.column for kind in Kind for metric in catalogue("any").of(kind)}
    assert {*IDENTITY, *standard} == COLUMNS_TAKEN


def test_all_mistakes_come_in_one_message() -> None:
    """Guards: one `up` for each mistake."""
    told = problems(schedules={"anchor": "x"}, anchorRetention={"mode": "y", "days": "z"}, alarmEmails=["w"])
    assert len(told.splitlines()) == 4


def test_a_spoke_takes_the_same_keys_from_the_project() -> None:
    """Guards: keys of Pulumi.yaml, which every stack gets, refused by the spokes as unknown."""
    given = {**configuration(), "schedules": {}, "alarmEmails": [], "anchorRetention": {}, "oamSinkArn": ""}
    assert isinstance(Settings.parse(given, "dev"), SpokeSettings)


@given(st.integers(INTERVAL_MINUTES.start, INTERVAL_MINUTES.stop - 1))
def test_every_interval_is_said_as_it_is_read(minutes: int) -> None:
    """Guards: `rate(60 minutes)` and `rate(1 hours)`: the one a diff without a change, the other refused."""
    expression = Interval(minutes).expression
    assert settings(schedules={"anchor": expression}).schedules["anchor"] == Interval(minutes)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["schedules", "metricsRetentionDays", "qualityMetrics", "anchorRetention", "oamSinkArn", "alarmEmails"]
        ),
        _VALUES,
        max_size=6,
    )
)
def test_whatever_stands_there_the_answer_is_settings_or_one_message(values: dict[str, Any]) -> None:
    """Guards: a traceback for hostile values."""
    try:
        told = [interval.expression for interval in settings(**values).schedules.values()]
    except ConfigurationError as error:
        told = list(error.problems)
    assert told
