"""Entry point of the guard function: `lambdas.guard.handler.handler`, fed by its jobs queue."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from governance.errors import SettingError
from governance.stages import DEFAULT_STAGES, Stages
from lambdas.common.aws import check_boto3, client
from lambdas.common.batch import GiveUp, process
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.common.queues import send_dead_letter
from lambdas.common.recorder import Recorder
from lambdas.common.registry import S3Artifacts, SageMakerRegistry
from lambdas.common.settings import Environment, names
from lambdas.common.tables import DynamoTables
from lambdas.guard.adapters import NoDocuments, SageMakerBolt
from lambdas.guard.core import Guard, Mode
from lambdas.guard.tally import Tally

MODES = ("alarm", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables."""

    ledger_table: str
    dedup_table: str
    state_table: str
    groups: frozenset[str]
    stages: Stages
    mode: Mode
    dlq_url: str
    prefix: str

    @staticmethod
    def read(variables: Mapping[str, str]) -> Settings:
        """Raises SettingError listing every variable that is missing or malformed."""
        environment = Environment(variables)
        settings = Settings(
            ledger_table=environment.text("LEDGER_TABLE"),
            dedup_table=environment.text("DEDUP_TABLE"),
            state_table=environment.text("STATE_TABLE"),
            groups=environment.parsed("GROUPS", names("GROUPS"), frozenset()),
            stages=environment.parsed("STAGES", Stages.parse, DEFAULT_STAGES),
            mode=environment.parsed("GUARD_MODE", _mode, "reject"),
            dlq_url=environment.text("DLQ_URL"),
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings


def _mode(text: str) -> Mode:
    if text not in MODES:
        raise SettingError(f"GUARD_MODE is {text[:80]!r}; wanted: one of {', '.join(MODES)}")
    return cast("Mode", text)


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    guard: Guard
    give_up: GiveUp
    measures: Measures
    log: Log


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    sagemaker, tally, log = client("sagemaker"), Tally(), Log(installation=settings.prefix)
    guard = Guard(
        registry=SageMakerRegistry(sagemaker),
        artifacts=S3Artifacts(client("s3")),
        recorder=Recorder(
            tables=DynamoTables(
                client("dynamodb"), settings.ledger_table, settings.dedup_table, settings.state_table
            ),
            documents=NoDocuments(),
            stages=settings.stages,
            now=lambda: datetime.now(UTC),
            pause=time.sleep,
            watch=tally.add,
        ),
        bolt=SageMakerBolt(sagemaker),
        tally=tally,
        groups=settings.groups,
        mode=settings.mode,
    )  # fmt: skip
    give_up = functools.partial(send_dead_letter, client("sqs"), settings.dlq_url)
    return Warm(guard, give_up, Measures(client("cloudwatch"), settings.prefix, log), log)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Judge a batch of versions; answers the messages that must come again."""
    warm = _warm()
    failures = process(
        event,
        lambda message, log: warm.guard.handle(message.message_id, message.body, message.receives, log),
        warm.give_up,
        warm.log,
    )
    warm.measures.put(warm.guard.tally.take())
    return failures
