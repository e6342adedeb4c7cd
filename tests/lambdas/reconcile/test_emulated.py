"""Reconcile with its real adapters against the emulated AWS: its records, lists and pages are read as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from governance.ledger import actors, verify_chain
from governance.stages import DEFAULT_STAGES
from governance.state import head_of, holds
from lambdas.common.accounts import Account as Governed
from lambdas.common.documents import S3Documents
from lambdas.common.recorder import Recorder
from lambdas.common.registry import S3Artifacts, SageMakerRegistry
from lambdas.common.tables import DynamoTables
from lambdas.reconcile.adapters import CloudTrailHistory, DynamoStates, Pace, SageMakerCatalogue
from lambdas.reconcile.core import Reconcile
from lambdas.reconcile.fakes import FakeJobs
from lambdas.reconcile.settle import Settler
from lambdas.reconcile.tally import Tally
from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from tests.lambdas.capture.test_tables import KEYS, SETTINGS
from tests.lambdas.reconcile.world import Quiet
from tests.rehearsal.organisation.services.registry_world import (
    HUB,
    bucket_with_artifact,
    new_group,
    unique,
    version_of,
)


@pytest.fixture(scope="module")
def organisation() -> Iterator[Emulator]:
    with Emulator(SETTINGS) as running:
        yield running


class Installation:
    """Tables, bucket and group in the hub, and reconcile over them."""

    def __init__(self, organisation: Emulator) -> None:
        self.organisation = organisation
        self.client = Control(organisation.endpoint).client
        self.group = new_group(self.client).rsplit("/", 1)[1]
        self.url = bucket_with_artifact(self.client)
        self.sagemaker = self.client("hub", None, "sagemaker")
        dynamodb, s3 = self.client("hub", None, "dynamodb"), self.client("hub", None, "s3")
        documents = unique("documents")
        s3.create_bucket(Bucket=documents, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.tables, self.outbox, self.tally = self._tables(dynamodb), FakeJobs(), Tally()
        recorder = Recorder(
            tables=self.tables, documents=S3Documents(s3, documents), stages=DEFAULT_STAGES,
            now=organisation.clock.now, pause=lambda seconds: None, watch=self.tally.add,
        )  # fmt: skip
        trail = CloudTrailHistory(
            self.client("hub", None, "cloudtrail"), None, lambda credentials: None,
            Pace(lambda: organisation.clock.now().timestamp(), self.advance),
        )  # fmt: skip
        self.reconcile = Reconcile(
            settler=Settler(
                registry=SageMakerRegistry(self.sagemaker), artifacts=S3Artifacts(s3), recorder=recorder,
                outbox=self.outbox,
            ),
            catalogue=SageMakerCatalogue(self.sagemaker), trail=trail,
            states=DynamoStates(dynamodb, self.tables.state), outbox=self.outbox, meter=self.tally,
            groups=frozenset({self.group}), accounts=(Governed(HUB, "hub", None, None),),
        )  # fmt: skip

    def advance(self, seconds: float) -> None:
        self.organisation.clock.advance(timedelta(seconds=seconds))

    @staticmethod
    def _tables(dynamodb: Any) -> DynamoTables:
        name = unique("t")
        for table, keys in KEYS.items():
            dynamodb.create_table(
                TableName=f"{name}_{table}",
                AttributeDefinitions=[{"AttributeName": k, "AttributeType": "N" if k == "seq" else "S"} for k in keys],
                KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
                BillingMode="PAY_PER_REQUEST",
            )
        return DynamoTables(dynamodb, f"{name}_ledger", f"{name}_dedup", f"{name}_state")

    def run(self) -> None:
        """One run: all links of its chain, delays aside."""
        waiting: list[dict[str, Any]] = [{"job": "run"}]
        while waiting:
            self.reconcile.handle("m", json.dumps(waiting.pop(0)), lambda: 300.0, Quiet())
            for job, delay in self.outbox.jobs:
                self.advance(delay)
                waiting.append(job)
            self.outbox.jobs.clear()

    def kinds(self, arn: str) -> list[tuple[str, str, str]]:
        return [(row["kind"], row["witness"], row["clock"]) for row in self.tables.rows(arn)]


def test_everything_that_was_lost_is_read_out_of_aws_s_own_records(organisation: Emulator) -> None:
    """Guards: records, lists or pages in another shape than the fakes', so that nothing is ever recovered in AWS."""
    here = Installation(organisation)
    arn = here.sagemaker.create_model_package(**version_of(here.group, here.url))["ModelPackageArn"]
    here.advance(60)
    here.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="measured"
    )
    here.advance(60)
    here.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelLifeCycle={"Stage": "Staging", "StageStatus": "Approved", "StageDescription": "ok"}
    )
    gone = here.sagemaker.create_model_package(**version_of(here.group, here.url))["ModelPackageArn"]
    here.advance(60)
    here.sagemaker.delete_model_package(ModelPackageName=gone)
    here.advance(2400)
    here.run()
    assert here.kinds(arn) == [
        ("registration", "recovered", "registry"), ("approval", "recovered", "request"),
        ("stage", "recovered", "registry"),
    ]  # fmt: skip
    assert here.kinds(gone) == [("registration", "recovered", "request"), ("deletion", "recovered", "request")]
    rows, tip = here.tables.rows(arn), here.tables.tip(arn)
    assert tip.state is not None
    assert verify_chain(arn, rows, head_of(tip.state)) == []
    assert holds(tip.state, "Staging")
    assert {identity.arn for identity in actors(rows).values()} == {
        here.sagemaker.describe_model_package(ModelPackageName=arn)["LastModifiedBy"]["IamIdentity"]["Arn"]
    }
    assert rows[1]["reason"] == "measured"
    assert str(rows[2]["artifactchecksum"]).startswith("SHA256:")
    before = [here.kinds(arn), here.kinds(gone)]
    here.run()
    assert [here.kinds(arn), here.kinds(gone)] == before
