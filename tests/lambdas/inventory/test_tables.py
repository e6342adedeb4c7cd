"""Fake table and DynamoDB adapter (on the emulated DynamoDB) answer alike, or tests with the fake prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from governance.canonical import iso
from governance.endpoint_history import next_row, verify_history
from governance.inventory_rows import Columns, tombstone_columns, unknown_columns
from governance.ledger import EMPTY, Head, Row
from lambdas.common.attributes import from_item, to_attribute
from lambdas.inventory.fakes import FakeHistory, FakeStates, FakeTable
from lambdas.inventory.ports import History, Table
from lambdas.inventory.tables import DynamoHistory, DynamoStates, DynamoTable, SqsJobs
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings
from tests.governance.hosted import state
from tests.governance.samples import HUB, REGION, arn_of, moment

SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region=REGION,
    accounts=(Account("management", "999999999999"), Account("hub", HUB)),
    management="management",
)
ARN = "arn:aws:sagemaker:eu-west-1:333333333333:endpoint/credit"


@pytest.fixture(scope="module")
def control() -> Iterator[Control]:
    with Emulator(SETTINGS) as organisation:
        yield Control(organisation.endpoint)


def fresh(kind: str, control: Control, name: str, key: str = "endpointarn") -> tuple[Table, Any]:
    """A table and a function that shows one of its rows."""
    if kind == "fake":
        fake = FakeTable()
        return fake, lambda arn=ARN: fake.kept.get(arn, {})
    dynamodb = control.client("hub", None, "dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def row(arn: str = ARN) -> Any:
        return from_item(dynamodb.get_item(TableName=name, Key={key: {"S": arn}}).get("Item", {}))

    return DynamoTable(dynamodb, name), row


def seen(minutes: float, status: str = "IN_SERVICE", *, deleted: float | None = None) -> Columns:
    return {
        "endpointname": "credit", "account": "333333333333", "status": status, "lastseen": iso(moment(minutes)),
        "eventorder": f"{iso(moment(minutes))}#x#{status}", "lastmodifiedtime": iso(moment(minutes)),
        "deletedat": None if deleted is None else iso(moment(deleted)),
    }  # fmt: skip


def said(minutes: float, verdict: str = "approved") -> Columns:
    return {"verdict": verdict, "walkedat": iso(moment(minutes)), "schemaversion": 1, "stage": None}


@pytest.mark.parametrize("kind", ["fake", "emulated"])
class TestConditions:
    def test_state_and_verdict_each_keep_the_newest(self, kind: str, control: Control) -> None:
        """Guards: an older look that replaces a newer; a newer state that takes a newer verdict back with it."""
        table, row = fresh(kind, control, "newest")
        table.record(ARN, seen(10), said(10))
        table.record(ARN, seen(11, "UPDATING"), said(9, "wrong-stage"))
        table.record(ARN, seen(8, "CREATING"), said(12, "unapproved"))
        assert (row()["status"], row()["verdict"]) == ("UPDATING", "unapproved")
        assert (row()["firstseen"], row()["lastseen"]) == (iso(moment(10)), iso(moment(11)))

    def test_doubt_spares_what_was_judged_later_or_is_deleted(self, kind: str, control: Control) -> None:
        """Guards: a walk that couldn't read overwrites one that could; doubt about what isn't there any more."""
        table, row = fresh(kind, control, "doubt")
        table.record(ARN, seen(10), said(10))
        assert not table.doubt(ARN, unknown_columns("no", moment(10)))
        assert table.doubt(ARN, unknown_columns("no", moment(11)))
        assert row()["verdict"] == "unknown"
        table.record(ARN, seen(12, "DELETED", deleted=12), said(12))
        assert not table.doubt(ARN, unknown_columns("no", moment(13)))
        assert table.doubt("arn:never-seen", unknown_columns("no", moment(13)))
        assert row("arn:never-seen")["firstseen"] == iso(moment(13))

    def test_only_what_was_not_seen_since_is_buried_and_once(self, kind: str, control: Control) -> None:
        """Guards: an endpoint made again under its name, buried by a look that began before."""
        table, row = fresh(kind, control, "bury")
        assert not table.bury(ARN, tombstone_columns(moment(9)), moment(9))
        assert row() == {}
        table.record(ARN, seen(10), said(10))
        assert not table.bury(ARN, tombstone_columns(moment(10)), moment(10))
        assert table.bury(ARN, tombstone_columns(moment(11)), moment(11))
        assert not table.bury(ARN, tombstone_columns(moment(12)), moment(12))
        assert (row()["deletedat"], row()["verdict"], row()["status"]) == (iso(moment(11)), "approved", "DELETED")

    def test_a_row_that_only_doubt_wrote_can_be_buried(self, kind: str, control: Control) -> None:
        """Guards: an endpoint that never could be read, and stays in the table when it is gone."""
        table, row = fresh(kind, control, "doubtful")
        table.doubt(ARN, unknown_columns("no", moment(10)))
        assert table.bury(ARN, tombstone_columns(moment(11)), moment(11))
        assert row()["deletedat"] == iso(moment(11))

    def test_an_accounts_row_belongs_to_the_youngest_walk(self, kind: str, control: Control) -> None:
        """Guards: a walk redriven from the dead-letter queue takes the run's heartbeat back."""
        table, row = fresh(kind, control, "account")

        def columns(started: float, walked: float) -> Columns:
            times = {"walkstarted": started, "walkedat": walked, "lastseen": walked}
            return {"account": "3", **{name: iso(moment(value)) for name, value in times.items()}}

        assert table.account("3", columns(10, 11))
        assert not table.account("3", columns(5, 12))
        assert not table.account("3", columns(10, 11))
        assert table.account("3", columns(10, 13))
        assert row("account:3")["walkedat"] == iso(moment(13))

    def test_all_rows_are_read(self, kind: str, control: Control) -> None:
        """Guards: rows beyond the first page of a scan, for ever unseen."""
        table, _row = fresh(kind, control, "rows")
        for number in range(30):
            table.record(f"{ARN}{number}", seen(10) | {"endpointconfigname": "x" * 50_000}, said(10))
        rows = list(table.rows())
        assert len({row["endpointarn"] for row in rows}) == 30
        assert {(row["verdict"], row["account"], row["deletedat"]) for row in rows} == {
            ("approved", "333333333333", None)
        }


@pytest.mark.parametrize("kind", ["fake", "emulated"])
def test_a_history_grows_and_nothing_in_it_is_replaced(kind: str, control: Control) -> None:
    """Guards: a look that writes over what another one added; types that a row doesn't hash to when read."""
    dynamodb = control.client("hub", None, "dynamodb")
    if kind == "emulated":
        dynamodb.create_table(
            TableName="history",
            AttributeDefinitions=[
                {"AttributeName": "endpointarn", "AttributeType": "S"}, {"AttributeName": "seq", "AttributeType": "N"},
            ],
            KeySchema=[
                {"AttributeName": "endpointarn", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )  # fmt: skip
    history: History = FakeHistory() if kind == "fake" else DynamoHistory(dynamodb, "history")
    assert history.last(ARN) is None
    rows: list[Row] = []
    for minute, verdict in enumerate(("approved", "unapproved", "approved")):
        shown = {"endpointarn": ARN, **seen(10), **said(10, verdict)}
        head = Head(int(rows[-1]["seq"]), str(rows[-1]["hash"])) if rows else EMPTY
        new = next_row(shown, rows[-1] if rows else None, head, observed=iso(moment(20 + minute)))
        assert new is not None
        assert history.append(new)
        assert not history.append({**new, "verdict": "forged"})
        rows.append(new)
    assert history.last(ARN) == rows[-1]
    assert verify_history(ARN, rows) == []


def test_states_are_read_one_by_one_and_all_together(control: Control) -> None:
    """Guards: a version's row that the walk can't find; twins that are looked for in a part of the table."""
    dynamodb = control.client("hub", None, "dynamodb")
    fresh("emulated", control, "states", key="modelpackagearn")
    for number in (1, 2):
        item = {name: to_attribute(value) for name, value in state(number).items()}
        dynamodb.put_item(TableName="states", Item=item)
    states = DynamoStates(dynamodb, "states")
    assert states.read(arn_of(1)) == FakeStates({arn_of(1): state(1)}).read(arn_of(1)) == state(1)
    assert states.read(arn_of(3)) is None
    assert {row["modelpackagearn"]: row["artifacturl"] for row in states.all()} == {
        arn_of(number): state(number)["artifacturl"] for number in (1, 2)
    }


def test_jobs_are_sent_to_the_functions_own_queue(control: Control) -> None:
    """Guards: a continuation in the dead-letter queue; a dead letter of which nobody knows why it died."""
    sqs = control.client("hub", None, "sqs")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("jobs", "dead")]
    jobs = SqsJobs(sqs, *urls)
    jobs.send("go on")
    jobs.dead_letter("nonsense", "not-a-job", "m1")
    sent, dead = (sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0] for url in urls)
    assert sent["Body"] == "go on"
    assert (dead["Body"], dead["MessageAttributes"]["reason"]["StringValue"]) == ("nonsense", "not-a-job")
