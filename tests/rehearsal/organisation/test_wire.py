"""The wire protocols: what a client writes is read, and every client reads our errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.parsers import create_parser

from rehearsal.organisation.answers import answer, error_answer, read
from rehearsal.organisation.core import ApiError, NotEmulated
from rehearsal.organisation.model import model
from rehearsal.organisation.wire import CBOR, Http, parse, service_of, to_environ, write

CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("sts", "AssumeRole", "query", {"RoleArn": "arn:aws:iam::111111111111:role/r", "RoleSessionName": "ss"}),
    ("iam", "TagRole", "query", {"RoleName": "r", "Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]}),
    ("kms", "Encrypt", "json", {"KeyId": "k", "Plaintext": b"\x00\xff", "EncryptionContext": {"a": "b"}}),
    ("dynamodb", "PutItem", "json", {"TableName": "t", "Item": {"a": {"B": b"\x01"}, "n": {"N": "1"}}}),
    ("sqs", "SendMessage", "json", {"QueueUrl": "http://h/1/q", "MessageBody": "é", "DelaySeconds": 3}),
    ("sqs", "SendMessage", "query", {"QueueUrl": "http://h/1/q", "MessageBody": "é", "DelaySeconds": 3}),
    ("lambda", "Invoke", "rest-json", {"FunctionName": "f", "InvocationType": "Event", "Payload": b'{"a": 1}'}),
    ("ram", "CreateResourceShare", "rest-json", {"name": "n", "allowExternalPrincipals": False, "principals": ["1"]}),
    ("s3", "PutObject", "rest-xml", {"Bucket": "b", "Key": "a b/ü+.gz", "Body": b"\x00", "Metadata": {"k": "v"}}),
    ("s3", "ListObjectsV2", "rest-xml", {"Bucket": "b", "Prefix": "a/", "MaxKeys": 2}),
    (
        "s3",
        "PutBucketVersioning",
        "rest-xml",
        {"Bucket": "b", "VersioningConfiguration": {"Status": "Enabled"}},
    ),
    ("ec2", "DescribeVpcs", "ec2", {"VpcIds": ["vpc-1", "vpc-2"]}),
    ("cloudwatch", "ListMetrics", CBOR, {"Namespace": "n", "Dimensions": [{"Name": "d", "Value": "v"}]}),
    (
        "scheduler",
        "CreateSchedule",
        "rest-json",
        {"Name": "n", "ScheduleExpression": "rate(1 day)", "StartDate": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)},
    ),
]


@pytest.mark.parametrize(("service", "operation", "protocol", "params"), CALLS)
def test_what_a_client_writes_is_read(service: str, operation: str, protocol: str, params: dict[str, Any]) -> None:
    """Guards: parameters that get lost or change their type between client and service."""
    if protocol == CBOR:
        from botocore.serialize import create_serializer

        made = create_serializer(CBOR).serialize_to_request(params, model(service).operation_model(operation))
        http = Http("POST", made["url_path"], "", dict(made["headers"]), made["body"])
    else:
        http = write(service, operation, params, protocol)
    found = parse(service, to_environ(http, "127.0.0.1:1"), http.body)
    assert (found.operation, found.protocol) == (operation, protocol)
    found.params.pop("ContentLength", None)  # S3's model counts the header among the parameters
    assert found.params == params


@pytest.mark.parametrize(("service", "operation", "protocol"), [(one[0], one[1], one[2]) for one in CALLS])
def test_every_client_reads_our_errors(service: str, operation: str, protocol: str) -> None:
    """Guards: an error that an SDK takes for a broken answer and retries."""
    made = error_answer(service, protocol, ApiError("SomeCode", "what is <wrong> & why", 400), "request-1")
    parser = create_parser(protocol)
    headers = {name.lower(): value for name, value in made.headers.items()}
    raw = {"status_code": made.status, "headers": headers, "body": made.body}
    shape = model(service).operation_model(operation).output_shape
    error = parser.parse(raw, shape)["Error"]
    assert (error["Code"], error["Message"]) == ("SomeCode", "what is <wrong> & why")


def test_dynamodbs_errors_keep_their_namespace_and_fields() -> None:
    """Guards: a writer that decides on CancellationReasons and finds none."""
    error = ApiError("TransactionCanceledException", "no", CancellationReasons=[{"Code": "DuplicateItem"}])
    made = error_answer("dynamodb", "json", error, "r")
    assert b"com.amazonaws.dynamodb.v20120810#TransactionCanceledException" in made.body
    with pytest.raises(ApiError) as caught:
        read("dynamodb", "ExecuteTransaction", made, "json")
    assert caught.value.fields["CancellationReasons"] == [{"Code": "DuplicateItem"}]


def test_sqs_errors_carry_the_code_of_the_old_protocol() -> None:
    """Guards: clients that catch AWS.SimpleQueueService.NonExistentQueue."""
    made = error_answer("sqs", "json", ApiError("QueueDoesNotExist", "no"), "r")
    assert made.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


def test_an_errors_status_is_the_models() -> None:
    """Guards: a not-found that is no 404 where SDKs and providers look at the status."""
    assert error_answer("lambda", "rest-json", ApiError("ResourceNotFoundException", "no"), "r").status == 404


@pytest.mark.parametrize("protocol", [CBOR, "json"])
def test_answers_are_read_back(protocol: str) -> None:
    """Guards: an answer that its own protocol's client can't read."""
    result = {"ResourceTagMappingList": [{"ResourceARN": "arn", "Tags": [{"Key": "a", "Value": "b"}]}]}
    made = answer("resourcegroupstaggingapi", "GetResources", protocol, result, "r")
    assert read("resourcegroupstaggingapi", "GetResources", made, protocol) == result


def test_services_that_share_a_signing_name_are_told_apart() -> None:
    """Guards: an inference taken for a control call."""
    assert service_of("sagemaker", "/endpoints/e/invocations", "") == "sagemaker-runtime"
    assert service_of("sagemaker", "/", "SageMaker.ListModels") == "sagemaker"
    assert service_of("monitoring", "/", "") == "cloudwatch"
    assert service_of("dynamodb", "/", "DynamoDBStreams_20120810.ListStreams") == "dynamodbstreams"
    with pytest.raises(NotEmulated, match="nonsense"):
        model("nonsense")
