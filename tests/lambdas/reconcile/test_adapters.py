"""Reconcile's boto3 adapters: what is sent, what each answer means, and how CloudTrail's rate is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from governance.terms import Identity
from lambdas.common.accounts import Account
from lambdas.common.aws import Busy
from lambdas.reconcile.adapters import CloudTrailHistory, DynamoStates, Pace, SageMakerCatalogue, SqsOutbox
from lambdas.reconcile.ports import Unreadable
from tests.governance.samples import DEV, GROUP, HUB, START, arn_of

ROLE = f"arn:aws:iam::{DEV}:role/mlgov-dev-reader"
OWN, SPOKE = Account(HUB, "hub", None, None), Account(DEV, "dev", "Development", ROLE)
END = START + timedelta(hours=1)


def client(service: str) -> Any:
    return boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret"
    )


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


def history(own: Any, sts: Any = None, spoke: Any = None, time: Time | None = None) -> CloudTrailHistory:
    time = time or Time()
    return CloudTrailHistory(own, sts, lambda credentials: spoke, Pace(time.clock, time.sleep))


def asked(**more: Any) -> dict[str, Any]:
    return {
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "UpdateModelPackage"}],
        "StartTime": START, "EndTime": END, "MaxResults": 50,
    } | more  # fmt: skip


def test_records_are_asked_for_by_name_fifty_a_page() -> None:
    """Guards: a look-up of all that an account does, which takes hours; or one that reads the first page only."""
    own = client("cloudtrail")
    with Stubber(own) as stub:
        stub.add_response("lookup_events", {"Events": [{"CloudTrailEvent": "{}"}], "NextToken": "n"}, asked())
        stub.add_response("lookup_events", {"Events": []}, asked(NextToken="n"))
        trail = history(own)
        first = trail.lookup(OWN, "UpdateModelPackage", START, END, None)
        assert (first.texts, first.token) == (("{}",), "n")
        assert trail.lookup(OWN, "UpdateModelPackage", START, END, "n").token is None
        stub.assert_no_pending_responses()


def test_a_spoke_is_read_by_its_reader_role_assumed_once() -> None:
    """Guards: the hub's own history read as if it were the spoke's; or a new session for each page."""
    sts, spoke = client("sts"), client("cloudtrail")
    credentials = {
        "AccessKeyId": "A" * 16, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": END,
    }  # fmt: skip
    with Stubber(sts) as assumed, Stubber(spoke) as stub:
        assumed.add_response(
            "assume_role",
            {"Credentials": credentials},
            {"RoleArn": ROLE, "RoleSessionName": "reconcile", "DurationSeconds": 900},
        )
        for _ in range(2):
            stub.add_response("lookup_events", {"Events": []}, asked())
        trail = history(None, sts, spoke)
        for _ in range(2):
            trail.lookup(SPOKE, "UpdateModelPackage", START, END, None)
        stub.assert_no_pending_responses()


def test_a_session_that_ended_in_a_warm_function_is_made_anew() -> None:
    """Guards: the first look-up after a quarter of an hour, which then waits for half an hour in the queue."""
    sts, spoke = client("sts"), client("cloudtrail")
    credentials = {"AccessKeyId": "A" * 16, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": END}
    with Stubber(sts) as assumed, Stubber(spoke) as stub:
        for _ in range(2):
            assumed.add_response("assume_role", {"Credentials": credentials})
        stub.add_client_error("lookup_events", "ExpiredTokenException", "expired", 400)
        stub.add_response("lookup_events", {"Events": []})
        assert history(None, sts, spoke).lookup(SPOKE, "UpdateModelPackage", START, END, None).texts == ()
        assumed.assert_no_pending_responses()


def test_two_calls_a_second_of_each_account() -> None:
    """Guards: a run that CloudTrail throttles for everybody in the account."""
    time = Time()
    pace = Pace(time.clock, time.sleep)
    for _ in range(4):
        pace.wait(HUB)
    pace.wait(DEV)
    assert time.slept == [0.5, 0.5, 0.5]


def test_throttled_calls_become_fewer_and_then_more_again() -> None:
    """Guards: somebody else's look-ups and ours that keep each other out."""
    own, time = client("cloudtrail"), Time()
    with Stubber(own) as stub:
        for _ in range(3):
            stub.add_client_error("lookup_events", "ThrottlingException", "Rate exceeded", 400)
        for _ in range(2):
            stub.add_response("lookup_events", {"Events": []})
        trail = history(own, time=time)
        for _ in range(2):
            trail.lookup(OWN, "UpdateModelPackage", START, END, None)
    assert time.slept == [1.0, 2.0, 4.0, 4.0]
    assert trail.pace._interval < 4.0


def test_an_account_that_only_throttles_comes_again() -> None:
    """Guards: an invocation spent on waiting; or changes taken for gaps since nothing could be read."""
    own = client("cloudtrail")
    with Stubber(own) as stub:
        for _ in range(CloudTrailHistory.TRIES):
            stub.add_client_error("lookup_events", "ThrottlingException", "Rate exceeded", 400)
        with pytest.raises(Busy):
            history(own).lookup(OWN, "UpdateModelPackage", START, END, None)


@pytest.mark.parametrize(
    ("code", "raised"),
    [("AccessDeniedException", Unreadable), ("InvalidTimeRangeException", ClientError), ("ExpiredToken", Busy)],
)
def test_what_a_refused_look_up_means(code: str, raised: type[Exception]) -> None:
    """Guards: one account without rights that ends the run of all; or a defect of ours taken for missing rights."""
    own = client("cloudtrail")
    with Stubber(own) as stub:
        stub.add_client_error("lookup_events", code, "no", 400)
        with pytest.raises(raised):
            history(own).lookup(OWN, "UpdateModelPackage", START, END, None)


@pytest.mark.parametrize(("code", "raised"), [("AccessDenied", Unreadable), ("ThrottlingException", Busy)])
def test_what_a_refused_role_means(code: str, raised: type[Exception]) -> None:
    """Guards: the same for an account whose reader role is gone."""
    sts = client("sts")
    with Stubber(sts) as stub:
        stub.add_client_error("assume_role", code, "no", 403)
        with pytest.raises(raised):
            history(None, sts).lookup(SPOKE, "UpdateModelPackage", START, END, None)


def test_versions_are_listed_page_by_page() -> None:
    """Guards: the versions after the first hundred, taken for deleted."""
    sagemaker = client("sagemaker")
    summary = {
        "ModelPackageArn": arn_of(), "CreationTime": START, "ModelPackageStatus": "Completed", "ModelPackageName": "m",
    }  # fmt: skip
    with Stubber(sagemaker) as stub:
        stub.add_response(
            "list_model_packages",
            {"ModelPackageSummaryList": [summary], "NextToken": "n"},
            {"ModelPackageGroupName": GROUP, "MaxResults": 100},
        )
        stub.add_response(
            "list_model_packages",
            {"ModelPackageSummaryList": []},
            {"ModelPackageGroupName": GROUP, "MaxResults": 100, "NextToken": "n"},
        )
        catalogue = SageMakerCatalogue(sagemaker)
        first = catalogue.versions(GROUP, None)
        assert (first.arns, first.token) == ((arn_of(),), "n")
        assert catalogue.versions(GROUP, "n").token is None


def test_life_cycle_actions_are_read_with_their_properties() -> None:
    """Guards: the only place where an old stage stands is never looked at."""
    sagemaker, arn = client("sagemaker"), f"arn:aws:sagemaker:eu-west-1:{HUB}:action/a"
    summary = {"ActionArn": arn, "ActionName": "a", "Source": {"SourceUri": arn_of()}, "CreationTime": START}
    with Stubber(sagemaker) as stub:
        stub.add_response(
            "list_actions",
            {"ActionSummaries": [summary]},
            {"ActionType": "ModelLifeCycle", "CreatedAfter": START, "MaxResults": 100},
        )
        stub.add_response(
            "describe_action",
            {
                "ActionArn": arn, "ActionName": "a", "Source": {"SourceUri": arn_of()}, "CreationTime": START,
                "Properties": {"Stage": "Staging", "StageStatus": "Approved"},
                "CreatedBy": {"IamIdentity": {"Arn": "arn:who", "PrincipalId": "p"}},
            },
            {"ActionName": "a"},
        )  # fmt: skip
        [action] = SageMakerCatalogue(sagemaker).actions(START)
    assert (action.arn, action.source, action.created_by) == (arn, arn_of(), Identity("arn:who"))
    assert action.lifecycle == {"Stage": "Staging", "StageStatus": "Approved"}


def test_versions_alive_are_those_without_a_deletion_on_all_pages() -> None:
    """Guards: tombstones that are looked for each hour; or versions beyond the first megabyte that never die."""
    dynamodb = client("dynamodb")
    sent = {"TableName": "state", "ProjectionExpression": "modelpackagearn, deletedat", "ConsistentRead": True}
    key = {"modelpackagearn": {"S": "two"}}
    with Stubber(dynamodb) as stub:
        stub.add_response(
            "scan",
            {
                "Items": [
                    {"modelpackagearn": {"S": "one"}, "deletedat": {"NULL": True}},
                    {"modelpackagearn": {"S": "two"}, "deletedat": {"S": "2026-03-01T09:00:00.000Z"}},
                ],
                "LastEvaluatedKey": key,
            },
            sent,
        )
        stub.add_response("scan", {"Items": [{"modelpackagearn": {"S": "three"}}]}, sent | {"ExclusiveStartKey": key})
        assert list(DynamoStates(dynamodb, "state").alive()) == ["one", "three"]


def test_continuations_go_to_the_own_queue_with_their_delay() -> None:
    """Guards: a version that is gone looked at again at once, a thousand times."""
    sqs = client("sqs")
    with Stubber(sqs) as stub:
        stub.add_response(
            "send_message", {}, {"QueueUrl": "jobs", "MessageBody": '{"job": "deleted"}', "DelaySeconds": 900}
        )
        stub.add_response(
            "send_message", {},
            {"QueueUrl": "approvals", "MessageBody": '{"modelpackagearn": "arn", "contentid": "c"}'},
        )  # fmt: skip
        outbox = SqsOutbox(sqs, "approvals", "guard", "jobs", "dlq")
        outbox.again({"job": "deleted"}, 900)
        outbox.approval_changed("arn", "c")
        stub.assert_no_pending_responses()
