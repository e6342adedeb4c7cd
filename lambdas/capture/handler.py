"""Entry point of the capture function: `lambdas.capture.handler.handler`, fed by the capture queue.

Nothing reads the environment or makes a client at import; both happen once per execution environment, at the
first batch, and are kept for the warm ones.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance.stages import DEFAULT_STAGES, Stages
from lambdas.capture.adapters import DynamoEndpoints, SqsOutbox
from lambdas.capture.core import Capture
from lambdas.capture.tally import Tally
from lambdas.common.aws import check_boto3, client
from lambdas.common.batch import process
from lambdas.common.documents import S3Documents
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.common.recorder import Recorder
from lambdas.common.registry import S3Artifacts, SageMakerRegistry
from lambdas.common.settings import Environment, names
from lambdas.common.tables import DynamoTables


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables."""

    ledger_table: str
    dedup_table: str
    state_table: str
    endpoints_table: str
    groups: frozenset[str]
    stages: Stages
    dlq_url: str
    approvals_url: str
    inventory_url: str
    guard_url: str
    documents_bucket: str
    prefix: str

    @staticmethod
    def read(variables: Mapping[str, str]) -> Settings:
        """Raises SettingError listing every variable that is missing or malformed."""
        environment = Environment(variables)
        settings = Settings(
            ledger_table=environment.text("LEDGER_TABLE"),
            dedup_table=environment.text("DEDUP_TABLE"),
            state_table=environment.text("STATE_TABLE"),
            endpoints_table=environment.text("ENDPOINTS_TABLE"),
            groups=environment.parsed("GROUPS", names("GROUPS"), frozenset()),
            stages=environment.parsed("STAGES", Stages.parse, DEFAULT_STAGES),
            dlq_url=environment.text("DLQ_URL"),
            approvals_url=environment.text("APPROVALS_URL"),
            inventory_url=environment.text("INVENTORY_JOBS_URL"),
            guard_url=environment.text("GUARD_JOBS_URL"),
            documents_bucket=environment.text("DOCUMENTS_BUCKET"),
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    capture: Capture
    tally: Tally
    measures: Measures
    log: Log


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    dynamodb, s3 = client("dynamodb"), client("s3")
    tally, log = Tally(), Log(installation=settings.prefix)
    recorder = Recorder(
        tables=DynamoTables(dynamodb, settings.ledger_table, settings.dedup_table, settings.state_table),
        documents=S3Documents(s3, settings.documents_bucket),
        stages=settings.stages,
        now=lambda: datetime.now(UTC),
        pause=time.sleep,
        watch=tally.add,
    )
    capture = Capture(
        registry=SageMakerRegistry(client("sagemaker")),
        artifacts=S3Artifacts(s3),
        recorder=recorder,
        endpoints=DynamoEndpoints(dynamodb, settings.endpoints_table),
        outbox=SqsOutbox(
            client("sqs"), settings.approvals_url, settings.inventory_url, settings.guard_url, settings.dlq_url
        ),
        groups=settings.groups,
    )
    return Warm(capture, tally, Measures(client("cloudwatch"), settings.prefix, log), log)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Record a batch of the capture queue; answers the messages that must come again."""
    warm = _warm()
    failures = process(
        event,
        lambda message, log: warm.capture.handle(message.body, log),
        warm.capture.outbox.dead_letter,
        warm.log,
    )
    warm.measures.put(warm.tally.take())
    return failures
