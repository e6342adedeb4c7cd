"""Entry point of the reconcile function: `lambdas.reconcile.handler.handler`, fed by its jobs queue."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config

from governance.stages import DEFAULT_STAGES, Stages
from lambdas.common.accounts import Account, read_accounts
from lambdas.common.aws import check_boto3, client
from lambdas.common.batch import Context, process, seconds_left
from lambdas.common.documents import S3Documents
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.common.recorder import Recorder
from lambdas.common.registry import S3Artifacts, SageMakerRegistry
from lambdas.common.settings import Environment, names
from lambdas.common.tables import DynamoTables
from lambdas.reconcile.adapters import CloudTrailHistory, DynamoStates, Pace, SageMakerCatalogue, SqsOutbox
from lambdas.reconcile.core import Reconcile
from lambdas.reconcile.settle import Settler
from lambdas.reconcile.tally import Tally

_ONE_TRY = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 1})
"""For CloudTrail: a retry of boto3's own would spend the two calls a second that the pace keeps count of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables."""

    ledger_table: str
    dedup_table: str
    state_table: str
    groups: frozenset[str]
    stages: Stages
    accounts: tuple[Account, ...]
    documents_bucket: str
    approvals_url: str
    guard_url: str
    jobs_url: str
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
            accounts=environment.parsed("ACCOUNTS", read_accounts, ()),
            documents_bucket=environment.text("DOCUMENTS_BUCKET"),
            approvals_url=environment.text("APPROVALS_URL"),
            guard_url=environment.text("GUARD_JOBS_URL"),
            jobs_url=environment.text("JOBS_URL"),
            dlq_url=environment.text("DLQ_URL"),
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment."""

    reconcile: Reconcile
    tally: Tally
    measures: Measures
    log: Log


def _cloudtrail(credentials: Mapping[str, Any]) -> Any:
    return client(
        "cloudtrail",
        config=_ONE_TRY,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    dynamodb, s3, sagemaker = client("dynamodb"), client("s3"), client("sagemaker")
    tally, log = Tally(), Log(installation=settings.prefix)
    outbox = SqsOutbox(
        client("sqs"), settings.approvals_url, settings.guard_url, settings.jobs_url, settings.dlq_url
    )  # fmt: skip
    recorder = Recorder(
        tables=DynamoTables(dynamodb, settings.ledger_table, settings.dedup_table, settings.state_table),
        documents=S3Documents(s3, settings.documents_bucket),
        stages=settings.stages,
        now=lambda: datetime.now(UTC),
        pause=time.sleep,
        watch=tally.add,
    )
    trail = CloudTrailHistory(
        client("cloudtrail", config=_ONE_TRY), client("sts"), _cloudtrail, Pace(time.monotonic, time.sleep)
    )
    reconcile = Reconcile(
        settler=Settler(
            registry=SageMakerRegistry(sagemaker), artifacts=S3Artifacts(s3), recorder=recorder, outbox=outbox
        ),
        catalogue=SageMakerCatalogue(sagemaker),
        trail=trail,
        states=DynamoStates(dynamodb, settings.state_table),
        outbox=outbox,
        meter=tally,
        groups=settings.groups,
        accounts=settings.accounts,
    )
    return Warm(reconcile, tally, Measures(client("cloudwatch"), settings.prefix, log), log)


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Do a batch of jobs; answers the messages that must come again."""
    warm = _warm()
    failures = process(
        event,
        lambda message, log: warm.reconcile.handle(message.message_id, message.body, seconds_left(context), log),
        warm.reconcile.outbox.dead_letter,
        warm.log,
    )
    warm.measures.put(warm.tally.take())
    return failures
