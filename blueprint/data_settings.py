"""Settings of the governance data: when functions run, how long is kept, who hears of alarms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from blueprint.functions import SCHEDULED
from blueprint.names import Function
from blueprint.organisation import Organisation
from blueprint.reading import ABSENT, Reader

LockMode = Literal["compliance", "governance"]
LOCK_MODES: tuple[LockMode, ...] = ("compliance", "governance")

LOCK_DAYS = range(1, 36_501)
"""S3 keeps a lock for at most 100 years (AmazonS3 userguide object-lock-managing)."""

LASTING_LOCK_DAYS = 3_650
TRIAL_LOCK_DAYS = 1

INTERVAL_MINUTES = range(5, 24 * 60 + 1)
"""From the period of the metrics to a day, so that the alarm on three missed runs stays within CloudWatch's week."""

METRICS_DAYS = range(1, 3_651)
DEFAULT_METRICS_DAYS = 455
"""As long as CloudWatch itself keeps hourly metrics (AmazonCloudWatch cloudwatch_concepts, retention)."""

MOST_QUALITY_METRICS = 20
"""They stand in an environment variable, and all of a function's have 4 KB together."""

COLUMNS_TAKEN = frozenset(
    {
        "accountid", "accuracy", "componentname", "cpuutilization", "cpuutilizationnormalized", "diskutilization",
        "endpointarn", "endpointname", "endpointvariant", "expiresat", "f2score", "gpumemoryutilization",
        "gpumemoryutilizationnormalized", "gpuutilization", "gpuutilizationnormalized", "invocation4xxerrors",
        "invocation5xxerrors", "invocationmodelerrors", "invocations", "memoryutilization",
        "memoryutilizationnormalized", "modellatency", "overheadlatencymicroseconds", "periodseconds", "precision",
        "region", "schemaversion", "timestamp", "totalviolations", "variantname",
    }
)  # fmt: skip
"""Columns of the metrics table (docs/metrics.md). A further metric's column is its name in lower case."""

_RATE = re.compile(r"rate\(([0-9]{1,4}) (minutes?|hours?|days?)\)")
_UNIT_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
_SINK = re.compile(r"arn:aws[a-z-]*:oam:[a-z0-9-]+:[0-9]{12}:sink/[a-f0-9-]{36}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,}")
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


@dataclass(frozen=True, slots=True)
class AnchorRetention:
    """How long an anchor can't be deleted: in compliance mode by nobody, in governance mode but with a right to it."""

    mode: LockMode
    days: int


@dataclass(frozen=True, slots=True)
class Interval:
    """How often a function's scheduled run starts."""

    minutes: int

    @property
    def expression(self) -> str:
        """As EventBridge takes it: the largest whole unit, in singular for one (eventbridge eb-rate-expressions)."""
        unit = max(
            (unit for unit, minutes in _UNIT_MINUTES.items() if self.minutes % minutes == 0),
            key=_UNIT_MINUTES.__getitem__,
        )
        count = self.minutes // _UNIT_MINUTES[unit]
        return f"rate({count} {unit}{'' if count == 1 else 's'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """`oam_sink_arn`: a sink of the hub that exists already, None to make one. `quality_metrics`: names that are
    collected beside the standard ones.
    """

    schedules: Mapping[Function, Interval]
    metrics_retention_days: int
    quality_metrics: tuple[str, ...]
    anchor_retention: AnchorRetention
    oam_sink_arn: str | None
    alarm_emails: tuple[str, ...]


def read_data_settings(reader: Reader, stateful: str) -> DataSettings:
    """The settings, noting every problem with the reader."""
    quality = reader.texts("qualityMetrics", _METRIC, "a metric's name of letters and digits", default=())
    if len(quality) > MOST_QUALITY_METRICS:
        reader.problem(
            "qualityMetrics",
            f"has {len(quality)} names; at most {MOST_QUALITY_METRICS} fit the function's environment: name fewer",
        )
    _check_columns(reader, quality)
    return DataSettings(
        schedules=_schedules(reader),
        metrics_retention_days=reader.integer(
            "metricsRetentionDays", METRICS_DAYS, "a number of days from 1 to 3650", default=DEFAULT_METRICS_DAYS
        ),
        quality_metrics=quality,
        anchor_retention=_anchor_retention(reader, stateful),
        oam_sink_arn=None
        if reader.raw("oamSinkArn") == ""
        else reader.text("oamSinkArn", _SINK, "an OAM sink's ARN", default=None),
        alarm_emails=reader.texts("alarmEmails", _EMAIL, "an e-mail address", default=()),
    )


def _check_columns(reader: Reader, quality: tuple[str, ...]) -> None:
    """Two metrics of one column would hide each other; the function refuses them, too, but only when it runs."""
    taken = dict.fromkeys(COLUMNS_TAKEN, "a column of the metrics table already")
    for name in quality:
        column = name.lower()
        if column in taken:
            reader.problem(
                "qualityMetrics",
                f"names {name}, whose column {column} is {taken[column]}; the metrics function would refuse to start:"
                " remove or rename it",
            )
        taken[column] = f"that of {name} in this list already"


def check_data_settings(settings: DataSettings, organisation: Organisation, problems: list[str]) -> None:
    """What the settings must have in common with the organisation."""
    sink = settings.oam_sink_arn
    if sink is None:
        return
    _, _, _, region, account, _ = sink.split(":", 5)
    if (region, account) != (organisation.region, organisation.hub):
        problems.append(
            f"oamSinkArn is {sink!r}, of account {account} in {region}; the metrics function reads in the hub,"
            f" {organisation.hub} in {organisation.region}, and an account has one sink a region: name the hub's, or"
            " remove oamSinkArn to have one made"
        )


def _schedules(reader: Reader) -> dict[Function, Interval]:
    chosen = _optional_mapping(reader, "schedules")
    schedules: dict[Function, Interval] = {}
    for spec in SCHEDULED:
        text = chosen.text(spec.function, None, "a rate such as rate(15 minutes)", default=None)
        schedules[spec.function] = Interval(spec.every_minutes or 0)
        if text is not None:
            minutes = _minutes(text)
            if minutes is None or minutes not in INTERVAL_MINUTES:
                chosen.problem(
                    spec.function,
                    f"is {text!r}; a rate from rate(5 minutes) to rate(1 day) is needed, singular for one: the alarm on"
                    " missed runs follows from it, which a cron expression doesn't say",
                )
            else:
                schedules[spec.function] = Interval(minutes)
    chosen.close()
    return schedules


def _minutes(text: str) -> int | None:
    found = _RATE.fullmatch(text)
    if found is None:
        return None
    count, unit = int(found[1]), found[2]
    return None if (count == 1) == unit.endswith("s") else count * _UNIT_MINUTES[unit.removesuffix("s")]


def _anchor_retention(reader: Reader, stateful: str) -> AnchorRetention:
    trial = stateful == "destroy"
    chosen = _optional_mapping(reader, "anchorRetention")
    mode = chosen.choice("mode", LOCK_MODES, default="governance" if trial else "compliance")
    days = chosen.integer(
        "days", LOCK_DAYS, "a number of days from 1 to 36500", default=TRIAL_LOCK_DAYS if trial else LASTING_LOCK_DAYS
    )
    chosen.close()
    if trial and mode == "compliance":
        chosen.problem(
            "mode",
            "is compliance while statefulResources is destroy; nobody could delete the bucket before the retention"
            " ends, so `pulumi destroy` would fail: remove it, or set statefulResources to protect",
        )
    return AnchorRetention("compliance" if mode == "compliance" else "governance", days)


def _optional_mapping(reader: Reader, key: str) -> Reader:
    value: Any = reader.raw(key)
    return Reader({} if value is ABSENT else value, reader.at(key), reader.problems)
