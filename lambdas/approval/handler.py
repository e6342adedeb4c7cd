"""Entry point of the approval function: `lambdas.approval.handler.handler`, fed by the approvals queue."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.stages import DEFAULT_STAGES, Stages
from lambdas.approval.adapters import DynamoStates, S3Artifacts
from lambdas.approval.core import Approval
from lambdas.common.aws import check_boto3, client
from lambdas.common.batch import GiveUp, process
from lambdas.common.log import Log
from lambdas.common.queues import send_dead_letter
from lambdas.common.settings import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables."""

    state_table: str
    artifact_bucket: str
    stages: Stages
    dlq_url: str
    prefix: str

    @staticmethod
    def read(variables: Mapping[str, str]) -> Settings:
        """Raises SettingError listing every variable that is missing or malformed."""
        environment = Environment(variables)
        settings = Settings(
            state_table=environment.text("STATE_TABLE"),
            artifact_bucket=environment.text("ARTIFACT_BUCKET"),
            stages=environment.parsed("STAGES", Stages.parse, DEFAULT_STAGES),
            dlq_url=environment.text("DLQ_URL"),
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    approval: Approval
    give_up: GiveUp
    log: Log


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    approval = Approval(
        states=DynamoStates(client("dynamodb"), settings.state_table),
        artifacts=S3Artifacts(client("s3"), settings.artifact_bucket),
        bucket=settings.artifact_bucket,
        stages=settings.stages,
    )
    give_up = functools.partial(send_dead_letter, client("sqs"), settings.dlq_url)
    return Warm(approval, give_up, Log(installation=settings.prefix))


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Bring the tags of a batch of versions in line; answers the messages that must come again."""
    warm = _warm()
    return process(
        event,
        lambda message, log: warm.approval.handle(message.message_id, message.body, log),
        warm.give_up,
        warm.log,
    )
