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
from lambdas.capture.adapters import DynamoEndpoints, DynamoTables, SageMakerRegistry, SqsOutbox
from lambdas.capture.core import Capture
from lambdas.common.aws import check_boto3, client
from lambdas.common.batch import process
from lambdas.common.log import Log
from lambdas.common.settings import Environment, names


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
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    capture: Capture
    log: Log


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    dynamodb = client("dynamodb")
    capture = Capture(
        registry=SageMakerRegistry(client("sagemaker")),
        tables=DynamoTables(dynamodb, settings.ledger_table, settings.dedup_table, settings.state_table),
        endpoints=DynamoEndpoints(dynamodb, settings.endpoints_table),
        outbox=SqsOutbox(client("sqs"), settings.approvals_url, settings.dlq_url),
        groups=settings.groups,
        stages=settings.stages,
        now=lambda: datetime.now(UTC),
        pause=time.sleep,
    )
    return Warm(capture, Log(installation=settings.prefix))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Record a batch of the capture queue; answers the messages that must come again."""
    warm = _warm()
    return process(
        event,
        lambda message, log: warm.capture.handle(message.body, log),
        warm.capture.outbox.dead_letter,
        warm.log,
    )
