"""Entry point of the inventory function: `lambdas.inventory.handler.handler`, fed by its jobs queue."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance.stages import DEFAULT_STAGES, Stages
from governance.verdicts import Scope
from lambdas.common.accounts import Account, read_accounts
from lambdas.common.aws import check_boto3, client
from lambdas.common.batch import Context, process, seconds_left
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.common.settings import Environment, names
from lambdas.inventory.adapters import ADAPTIVE, ReaderRoles, S3Artifacts, SageMakerRegistry
from lambdas.inventory.core import Inventory
from lambdas.inventory.tables import DynamoHistory, DynamoStates, DynamoTable, SqsJobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The function's environment variables."""

    state_table: str
    endpoints_table: str
    history_table: str
    stages: Stages
    groups: frozenset[str]
    accounts: tuple[Account, ...]
    artifact_bucket: str
    jobs_url: str
    dlq_url: str
    prefix: str

    @staticmethod
    def read(variables: Mapping[str, str]) -> Settings:
        """Raises SettingError listing every variable that is missing or malformed."""
        environment = Environment(variables)
        settings = Settings(
            state_table=environment.text("STATE_TABLE"),
            endpoints_table=environment.text("ENDPOINTS_TABLE"),
            history_table=environment.text("HISTORY_TABLE"),
            stages=environment.parsed("STAGES", Stages.parse, DEFAULT_STAGES),
            groups=environment.parsed("GROUPS", names("GROUPS"), frozenset()),
            accounts=environment.parsed("ACCOUNTS", read_accounts, ()),
            artifact_bucket=environment.text("ARTIFACT_BUCKET"),
            jobs_url=environment.text("JOBS_URL"),
            dlq_url=environment.text("DLQ_URL"),
            prefix=environment.text("PREFIX"),
        )
        environment.check()
        return settings

    @property
    def hub(self) -> str:
        """The account of the registry: the one that is read with the function's own credentials."""
        return next(account.account for account in self.accounts if account.readerrole is None)


@dataclass(frozen=True, slots=True)
class Warm:
    """What lives as long as the execution environment. What was read of an account doesn't."""

    inventory: Inventory
    log: Log


@functools.cache
def _warm() -> Warm:
    check_boto3()
    settings = Settings.read(os.environ)
    dynamodb, own = client("dynamodb"), client("sagemaker", ADAPTIVE)
    log = Log(installation=settings.prefix)
    inventory = Inventory(
        open=ReaderRoles(client("sts"), own),
        registry=SageMakerRegistry(own),
        states=DynamoStates(dynamodb, settings.state_table),
        artifacts=S3Artifacts(client("s3"), settings.artifact_bucket),
        table=DynamoTable(dynamodb, settings.endpoints_table),
        history=DynamoHistory(dynamodb, settings.history_table),
        jobs=SqsJobs(client("sqs"), settings.jobs_url, settings.dlq_url),
        meter=Measures(client("cloudwatch"), settings.prefix, log),
        accounts=settings.accounts,
        scope=Scope(settings.hub, settings.groups),
        stages=settings.stages,
        arn_of=lambda account, name: endpoint_arn(own.meta.partition, own.meta.region_name, account, name),
        now=lambda: datetime.now(UTC),
    )
    return Warm(inventory, log)


def endpoint_arn(partition: str, region: str, account: str, name: str) -> str:
    """An endpoint's ARN as its events write it: lower-cased."""
    return f"arn:{partition}:sagemaker:{region}:{account}:endpoint/{name}".lower()


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Do a batch of jobs; answers the messages that must come again."""
    warm = _warm()
    return process(
        event,
        lambda message, log: warm.inventory.handle(message.message_id, message.body, seconds_left(context), log),
        warm.inventory.jobs.dead_letter,
        warm.log,
    )
