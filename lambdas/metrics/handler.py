"""Entry point of the metrics function: `lambdas.metrics.handler.handler`, fed by its jobs queue, one job at a time."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance.metrics_catalogue import catalogue, parse_quality_names
from governance.metrics_window import parse_days, parse_period
from lambdas.common.accounts import Account, read_accounts
from lambdas.common.aws import check_boto3, client
from lambdas.common.batch import Context, process, seconds_left
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.common.settings import Environment
from lambdas.metrics.adapters import CloudWatch, DynamoEndpoints, DynamoMetrics, SqsOutbox
from lambdas.metrics.core import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables. Lambda itself sets AWS_REGION; QUALITY_METRICS may be missing."""

    endpoints_table: str
    metrics_table: str
    accounts: tuple[Account, ...]
    period: int
    retention_days: int
    quality_namespace: str
    quality_metrics: tuple[str, ...]
    jobs_url: str
    dlq_url: str
    prefix: str
    region: str

    @property
    def own(self) -> frozenset[str]:
        """The accounts whose metrics lie in the function's own account: no other account's role reads them."""
        return frozenset(account.account for account in self.accounts if account.readerrole is None)

    @staticmethod
    def read(variables: Mapping[str, str]) -> Settings:
        """Raises SettingError listing every variable that is missing or malformed."""
        environment = Environment({"QUALITY_METRICS": "[]", **variables})
        settings = Settings(
            endpoints_table=environment.text("ENDPOINTS_TABLE"),
            metrics_table=environment.text("METRICS_TABLE"),
            accounts=environment.parsed("ACCOUNTS", read_accounts, ()),
            period=environment.parsed("PERIOD_SECONDS", parse_period, 0),
            retention_days=environment.parsed("METRICS_RETENTION_DAYS", parse_days, 0),
            quality_namespace=environment.text("QUALITY_NAMESPACE"),
            quality_metrics=environment.parsed("QUALITY_METRICS", parse_quality_names, ()),
            jobs_url=environment.text("JOBS_URL"),
            dlq_url=environment.text("DLQ_URL"),
            prefix=environment.text("PREFIX"),
            region=environment.text("AWS_REGION"),
        )
        environment.check()
        return settings


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    metrics: Metrics
    log: Log


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    log = Log(installation=settings.prefix)
    dynamodb, cloudwatch = client("dynamodb"), client("cloudwatch")
    metrics = Metrics(
        endpoints=DynamoEndpoints(dynamodb, settings.endpoints_table),
        telemetry=CloudWatch(cloudwatch, settings.own),
        table=DynamoMetrics(dynamodb, settings.metrics_table),
        outbox=SqsOutbox(client("sqs"), settings.jobs_url, settings.dlq_url),
        meter=Measures(cloudwatch, settings.prefix, log),
        catalogue=catalogue(settings.quality_namespace, settings.quality_metrics),
        accounts=frozenset(account.account for account in settings.accounts),
        own=settings.own,
        region=settings.region,
        period=settings.period,
        retention_days=settings.retention_days,
        now=lambda: datetime.now(UTC),
        pause=time.sleep,
    )
    return Warm(metrics, log)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Collect what the message asks for; answers the message if it must come again."""
    warm = _warm()

    return process(
        event,
        lambda message, log: warm.metrics.handle(message.message_id, message.body, seconds_left(context), log),
        warm.metrics.outbox.dead_letter,
        warm.log,
    )
