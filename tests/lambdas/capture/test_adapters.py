"""The boto3 adapters: what is sent, and what each answer means."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from governance.ledger import EMPTY, Head, Row
from governance.state import COLUMNS, State
from lambdas.capture.adapters import DynamoEndpoints, SqsOutbox
from lambdas.common.aws import Busy
from lambdas.common.recorder import Appended
from lambdas.common.registry import SageMakerRegistry
from lambdas.common.tables import DynamoTables
from tests.governance.samples import answer, arn_of
from tests.lambdas.capture.test_core import REGISTERED
from tests.lambdas.capture.world import World

ARN = arn_of()


def client(service: str) -> Any:
    return boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


def written() -> tuple[Row, State]:
    """A real row and its state, as capture makes them."""
    world = World()
    world.deliver(REGISTERED)
    return world.tables.rows(ARN)[0], world.tables.state[ARN]


class Refusing:
    """A dynamodb client whose every call fails with one error."""

    def __init__(self, code: str, reasons: list[str] | None = None) -> None:
        response: dict[str, Any] = {"Error": {"Code": code, "Message": "m"}}
        if reasons is not None:
            response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
        self.error = ClientError(response, "ExecuteTransaction")

    def __getattr__(self, name: str) -> Any:
        def call(**parameters: Any) -> Any:
            raise self.error

        return call


def append(dynamodb: Any, before: Head = EMPTY) -> Appended:
    row, state = written()
    return DynamoTables(dynamodb, "ledger", "dedup", "state").append(row, state, before)


def test_the_first_row_is_inserted_everywhere_by_documented_partiql() -> None:
    """Guards: a statement that replaces an existing row, or a form that DynamoDB's PartiQL doesn't know."""
    dynamodb, row = client("dynamodb"), written()[0]
    with Stubber(dynamodb) as stub:
        stub.add_response("execute_transaction", {})
        sent: list[Any] = []
        dynamodb.meta.events.register(
            "provide-client-params.dynamodb.ExecuteTransaction", lambda params, **_: sent.append(params)
        )
        assert append(dynamodb) is Appended.COMMITTED
    ledger, dedup, state = sent[0]["TransactStatements"]
    members = ", ".join(f"'{name}': ?" for name in row)
    assert ledger["Statement"] == f'INSERT INTO "ledger" VALUE {{{members}}}'
    assert len(ledger["Parameters"]) == len(row)
    assert dedup["Statement"].startswith("INSERT INTO \"dedup\" VALUE {'contentid': ?, ")
    assert state["Statement"].startswith("INSERT INTO \"state\" VALUE {'modelpackagearn': ?, ")
    assert len(state["Parameters"]) == len(COLUMNS)
    assert max(len(statement["Statement"]) for statement in sent[0]["TransactStatements"]) <= 8192


def test_later_rows_move_the_state_only_from_the_head_that_was_read() -> None:
    """Guards: a state row that is overwritten by a writer who read an older one."""
    dynamodb = client("dynamodb")
    with Stubber(dynamodb) as stub:
        stub.add_response("execute_transaction", {})
        sent: list[Any] = []
        dynamodb.meta.events.register(
            "provide-client-params.dynamodb.ExecuteTransaction", lambda params, **_: sent.append(params)
        )
        append(dynamodb, Head(4, "ab"))
    update = sent[0]["TransactStatements"][2]
    assert update["Statement"].startswith('UPDATE "state" SET "modelpackagegroupname" = ? SET ')
    assert update["Statement"].endswith(' WHERE "modelpackagearn" = ? AND "ledgerseq" = ?')
    assert update["Parameters"][-2:] == [{"S": ARN}, {"N": "4"}]
    assert update["Statement"].count("?") == len(update["Parameters"])


@pytest.mark.parametrize(
    ("reasons", "meaning"),
    [
        (["None", "DuplicateItem", "None"], Appended.DUPLICATE),
        (["DuplicateItem", "DuplicateItem", "ConditionalCheckFailed"], Appended.DUPLICATE),
        (["None", "ConditionalCheckFailed", "None"], Appended.DUPLICATE),
        (["DuplicateItem", "None", "None"], Appended.HEAD_MOVED),
        (["None", "None", "ConditionalCheckFailed"], Appended.HEAD_MOVED),
        (["None", "None", "DuplicateItem"], Appended.HEAD_MOVED),
        (["TransactionConflict", "None", "None"], Appended.BUSY),
        (["None", "ThrottlingError", "None"], Appended.BUSY),
        (["None", "None", "ProvisionedThroughputExceeded"], Appended.BUSY),
    ],
)
def test_cancellation_reasons_decide(reasons: list[str], meaning: Appended) -> None:
    """Guards: a duplicate taken for a moved head (retried for ever), or a conflict taken for a duplicate (lost)."""
    assert append(Refusing("TransactionCanceledException", reasons)) is meaning


@pytest.mark.parametrize("code", ["ThrottlingException", "TransactionInProgressException", "InternalServerError"])
def test_a_transaction_that_time_can_mend_is_busy(code: str) -> None:
    """Guards: a throttle that loses the attempt's place in the queue as if it were a defect."""
    assert append(Refusing(code)) is Appended.BUSY


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("AccessDeniedException", None),
        ("TransactionCanceledException", ["ValidationError", "None", "None"]),
        ("TransactionCanceledException", ["AccessDenied", "None", "None"]),
        ("TransactionCanceledException", []),
        ("ResourceNotFoundException", None),
    ],
)
def test_what_time_can_not_mend_is_raised(code: str, reasons: list[str] | None) -> None:
    """Guards: a missing right or a malformed row that counts as a duplicate and loses the fact."""
    with pytest.raises(ClientError):
        append(Refusing(code, reasons))


def test_the_head_is_read_consistently_and_backwards() -> None:
    """Guards: an eventually consistent head, which makes every second append collide."""
    row, state = written()
    dynamodb = client("dynamodb")
    typed = {"seq": {"N": "1"}, "hash": {"S": row["hash"]}}
    with Stubber(dynamodb) as stub:
        stub.add_response(
            "get_item",
            {"Item": {"ledgerseq": {"N": "1"}, "ledgerhash": {"S": state["ledgerhash"]}, "incident": {"NULL": True}}},
            {"TableName": "state", "Key": {"modelpackagearn": {"S": ARN}}, "ConsistentRead": True},
        )
        stub.add_response(
            "query",
            {"Items": [typed]},
            {
                "TableName": "ledger",
                "KeyConditionExpression": "modelpackagearn = :arn",
                "ExpressionAttributeValues": {":arn": {"S": ARN}},
                "ScanIndexForward": False,
                "Limit": 1,
                "ConsistentRead": True,
            },
        )
        tip = DynamoTables(dynamodb, "ledger", "dedup", "state").tip(ARN)
    assert tip.head == Head(1, str(row["hash"]))
    assert tip.state == {"ledgerseq": 1, "ledgerhash": row["hash"], "incident": None}


def test_a_version_is_read_back() -> None:
    """Guards: card and identities lost between the client's answer and the domain."""
    sagemaker = client("sagemaker")
    described = answer() | {"ModelPackageName": "m", "ModelPackageStatusDetails": {"ValidationStatuses": []}}
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_model_package", described, {"ModelPackageName": ARN})
        read = SageMakerRegistry(sagemaker).read(ARN)
    assert read is not None
    assert read.created_by is not None
    assert (read.created_by.source_identity, read.card_status) == ("ann", "PendingReview")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", f"ModelPackage {ARN} does not exist."),
        ("ValidationException", f"Could not find model package {ARN}"),
        ("ResourceNotFound", "gone"),
    ],
)
def test_a_deleted_version_reads_as_none(code: str, message: str) -> None:
    """Guards: events of a version that was deleted meanwhile return until they are lost."""
    sagemaker = client("sagemaker")
    with Stubber(sagemaker) as stub:
        stub.add_client_error("describe_model_package", code, message, 400)
        assert SageMakerRegistry(sagemaker).read(ARN) is None


@pytest.mark.parametrize(
    ("code", "raised"),
    [("ThrottlingException", Busy), ("AccessDeniedException", ClientError), ("ValidationException", ClientError)],
)
def test_b9_a_refused_read_back_is_not_a_deleted_version(code: str, raised: type[Exception]) -> None:
    """B9 of the reference system: without kms:Decrypt an encrypted card can't be read; that isn't "gone"."""
    sagemaker = client("sagemaker")
    with Stubber(sagemaker) as stub:
        stub.add_client_error("describe_model_package", code, "no", 400)
        with pytest.raises(raised):
            SageMakerRegistry(sagemaker).read(ARN)


def test_an_endpoint_row_is_written_only_over_an_older_one() -> None:
    """Guards: a late event that wins."""
    dynamodb = client("dynamodb")
    row: dict[str, str | None] = {"endpointarn": "arn:e", "status": "IN_SERVICE", "deletedat": None, "lastseen": "now"}
    written_columns = ("status", "deletedat", "lastseen", "eventorder", "firstseen")
    expected = {
        "TableName": "endpoints",
        "Key": {"endpointarn": {"S": "arn:e"}},
        "UpdateExpression": "SET #status = :status, #deletedat = :deletedat, #lastseen = :lastseen, "
        "#eventorder = :eventorder, #firstseen = if_not_exists(#firstseen, :lastseen)",
        "ConditionExpression": "attribute_not_exists(#eventorder) OR #eventorder < :eventorder",
        "ExpressionAttributeNames": {f"#{name}": name for name in written_columns},
        "ExpressionAttributeValues": {
            ":status": {"S": "IN_SERVICE"}, ":deletedat": {"NULL": True}, ":lastseen": {"S": "now"},
            ":eventorder": {"S": "7"},
        },
    }  # fmt: skip
    endpoints = DynamoEndpoints(dynamodb, "endpoints")
    with Stubber(dynamodb) as stub:
        stub.add_response("update_item", {}, expected)
        assert endpoints.record(row, "7")
        stub.add_client_error("update_item", "ConditionalCheckFailedException", "older", 400)
        assert not endpoints.record(row, "7")


def test_a_dead_letter_carries_reason_and_event_id() -> None:
    """Guards: a dead letter of which nobody knows why it died."""
    sqs = client("sqs")
    text = {"DataType": "String"}
    with Stubber(sqs) as stub:
        stub.add_response(
            "send_message",
            {},
            {
                "QueueUrl": "dlq",
                "MessageBody": "body",
                "MessageAttributes": {
                    "reason": text | {"StringValue": "missing-field"},
                    "event_id": text | {"StringValue": "e-1"},
                },
            },
        )
        SqsOutbox(sqs, "approvals", "jobs", "guard", "dlq").dead_letter("body", "missing-field", "e-1")
