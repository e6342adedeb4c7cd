"""Entry point of the anchor function: `lambdas.anchor.handler.handler`, fed by its jobs queue."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lambdas.anchor.adapters import DynamoHistory, DynamoLedger, KmsSigner, S3Vault
from lambdas.anchor.core import Anchoring
from lambdas.common.aws import busy_if_transient, check_boto3, client
from lambdas.common.batch import GiveUp, Message, process
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.common.queues import send_dead_letter
from lambdas.common.settings import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables."""

    ledger_table: str
    state_table: str
    history_table: str
    anchor_bucket: str
    signing_key_arn: str
    dlq_url: str
    prefix: str

    @staticmethod
    def read(variables: Mapping[str, str]) -> Settings:
        """Raises SettingError listing every variable that is missing."""
        environment = Environment(variables)
        settings = Settings(
            ledger_table=environment.text("LEDGER_TABLE"),
            state_table=environment.text("STATE_TABLE"),
            history_table=environment.text("HISTORY_TABLE"),
            anchor_bucket=environment.text("ANCHOR_BUCKET"),
            signing_key_arn=environment.text("SIGNING_KEY_ARN"),
            dlq_url=environment.text("DLQ_URL"),
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    anchoring: Anchoring
    give_up: GiveUp
    log: Log


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    log = Log(installation=settings.prefix)
    dynamodb = client("dynamodb")
    anchoring = Anchoring(
        chains=(
            DynamoLedger(dynamodb, settings.state_table, settings.ledger_table),
            DynamoHistory(dynamodb, settings.history_table),
        ),
        vault=S3Vault(client("s3"), settings.anchor_bucket),
        signer=KmsSigner(client("kms"), settings.signing_key_arn),
        measures=Measures(client("cloudwatch"), settings.prefix, log),
        installation=settings.prefix,
        now=lambda: datetime.now(UTC),
    )
    return Warm(anchoring, functools.partial(send_dead_letter, client("sqs"), settings.dlq_url), log)


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Make an anchor for each message of a batch; answers the messages that must come again."""
    warm = _warm()
    return process(event, functools.partial(_make, warm.anchoring), warm.give_up, warm.log)


def _make(anchoring: Anchoring, message: Message, log: Log) -> str:
    with busy_if_transient():
        return anchoring.handle(message.message_id, message.body, log)
