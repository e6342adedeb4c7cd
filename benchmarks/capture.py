"""Facts a second through capture, its adapters on the emulated AWS, against a bare loop of the same transactions.

Capture reads the head (GetItem, Query), stores the event, the specification and the card (PutObject), and writes row,
dedup item and state row (ExecuteTransaction). The bare loop only writes such transactions, ready made. What the
registry and the artifacts' bucket answer is canned: they are other people's services.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks.timing import interleaved
from governance.canonical import iso
from governance.ledger import EMPTY, Row
from governance.readback import ReadBack
from governance.stages import DEFAULT_STAGES
from governance.state import State
from lambdas.capture.core import Capture
from lambdas.capture.fakes import FakeEndpoints, FakeOutbox
from lambdas.common.documents import S3Documents
from lambdas.common.fakes import FakeArtifacts
from lambdas.common.log import Log
from lambdas.common.recorder import Appended, Recorder, Tip
from lambdas.common.tables import DynamoTables
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings

ROUNDS, BATCH = 15, 20
HUB, REGION, GROUP = "111111111111", "eu-west-1", "Benchmark"
SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region=REGION,
    accounts=(Account("management", "999999999999"), Account("hub", HUB)),
    management="management",
)
KEYS = {"ledger": ("modelpackagearn", "seq"), "dedup": ("contentid",), "state": ("modelpackagearn",)}
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
BUCKET = f"benchmark-documents-{HUB}"
BARE = "bare ExecuteTransaction"


def arn_of(version: int) -> str:
    return f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/{GROUP}/{version}"


def event(version: int) -> str:
    """The registration of a version."""
    detail = {
        "ModelPackageGroupName": GROUP, "ModelPackageVersion": version, "ModelPackageArn": arn_of(version),
        "CreationTime": iso(START), "LastModifiedTime": iso(START), "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelLifeCycle": {"Stage": "Development", "StageStatus": "PendingApproval"},
        "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": f"s3://b/{version}"}]},
    }  # fmt: skip
    return json.dumps(
        {
            "version": "0", "id": f"e{version}", "detail-type": "SageMaker Model Package State Change",
            "source": "aws.sagemaker", "account": HUB, "time": iso(START), "region": REGION, "detail": detail,
        }
    )  # fmt: skip


class Registry:
    """The same read-back for all versions."""

    def read(self, arn: str) -> ReadBack:
        card = json.dumps({"model_overview": {"model_creator": arn}})
        return ReadBack(START, START, None, None, None, None, None, None, card, "Draft", "Completed")


class Ready:
    """Tables that keep what would be written, to be written by the bare loop."""

    def __init__(self) -> None:
        self.kept: list[tuple[Row, State]] = []

    def tip(self, arn: str) -> Tip:
        return Tip(None, EMPTY)

    def rows(self, arn: str) -> list[Row]:
        return []

    def append(self, row: Row, state: State, before: object) -> Appended:
        self.kept.append((row, state))
        return Appended.COMMITTED


class Nowhere:
    """Documents that are kept nowhere."""

    def store(self, document: object) -> None:
        return


def capture(tables: Any, documents: Any) -> Capture:
    recorder = Recorder(
        tables=tables, documents=documents, stages=DEFAULT_STAGES, now=lambda: START, pause=time.sleep
    )  # fmt: skip
    return Capture(
        registry=Registry(), artifacts=FakeArtifacts(), recorder=recorder, endpoints=FakeEndpoints(),
        outbox=FakeOutbox(), groups=frozenset({GROUP}),
    )  # fmt: skip


def quietly(work: Callable[[], None]) -> Callable[[], None]:
    """The work without its log lines: they cost the same on a terminal as nowhere else."""

    def run() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            work()

    return run


def main() -> None:
    with Emulator(SETTINGS) as organisation:
        control = Control(organisation.endpoint)
        dynamodb, s3 = control.client("hub", None, "dynamodb"), control.client("hub", None, "s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        tables = {name: _tables(dynamodb, name) for name in ("ours", "written", "bare")}
        versions, log = iter(range(1, 1_000_000)), Log()
        ready = Ready()
        full = capture(tables["ours"], S3Documents(s3, BUCKET))
        written = capture(tables["written"], Nowhere())
        prepared = capture(ready, Nowhere())
        bodies = [event(next(versions)) for _ in range(3 * BATCH * (ROUNDS + 1))]
        quietly(lambda: _all(prepared, bodies[: BATCH * (ROUNDS + 1)], log))()
        rows = iter(ready.kept)

        def bare() -> None:
            for _ in range(BATCH):
                row, state = next(rows)
                if tables["bare"].append(row, state, EMPTY) is not Appended.COMMITTED:
                    raise RuntimeError("the bare loop wrote nothing: its numbers would mean nothing")

        ours, plain = iter(bodies), iter(bodies)
        medians = interleaved(
            {
                BARE: bare,
                "capture, without documents": quietly(lambda: _all(written, [next(plain) for _ in range(BATCH)], log)),
                "capture": quietly(lambda: _all(full, [next(ours) for _ in range(BATCH)], log)),
            },
            ROUNDS,
        )
    print(f"facts a second, one writer, {BATCH} facts a round")
    for name, seconds in medians.items():
        print(f"  {name:<32} {BATCH / seconds:9.1f} facts/s   {medians[BARE] / seconds:6.2f} x {BARE}")


def _all(function: Capture, bodies: list[str], log: Log) -> None:
    for body in bodies:
        if function.handle(body, log) != "recorded":
            raise RuntimeError("a fact wasn't recorded: the numbers would mean nothing")


def _tables(dynamodb: Any, prefix: str) -> DynamoTables:
    for table, keys in KEYS.items():
        dynamodb.create_table(
            TableName=f"{prefix}_{table}",
            AttributeDefinitions=[{"AttributeName": k, "AttributeType": "N" if k == "seq" else "S"} for k in keys],
            KeySchema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            BillingMode="PAY_PER_REQUEST",
        )
    return DynamoTables(dynamodb, f"{prefix}_ledger", f"{prefix}_dedup", f"{prefix}_state")


if __name__ == "__main__":
    main()
