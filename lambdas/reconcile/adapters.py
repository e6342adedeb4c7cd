"""Reconcile's ports on AWS, by boto3."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from governance.canonical import Json
from governance.evidence import Action
from governance.terms import Identity
from lambdas.common.accounts import Account
from lambdas.common.aws import Busy, busy_if_transient, code_of, is_transient
from lambdas.common.queues import send_dead_letter
from lambdas.reconcile.ports import Records, Unreadable, Versions

SESSION_NAME = "reconcile"
SESSION_SECONDS = 900
"""The shortest that AssumeRole gives, and longer than an invocation."""

LIFE_CYCLE_ACTION = "ModelLifeCycle"
"""The type of the actions that note changes of a life cycle (sagemaker dg, model-registry-staging-construct-cli)."""

_DENIED = ("AccessDenied", "UnauthorizedOperation", "OptInRequired", "UnrecognizedClient", "InvalidClientTokenId")


@dataclass
class Pace:
    """Two calls a second of one account and Region are allowed (botocore cloudtrail, LookupEvents); throttled, fewer.

    `clock` and `sleep` are those of the `time` module.
    """

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    shortest: float = 0.5
    longest: float = 8.0
    _interval: float = 0.5
    _next: dict[str, float] = field(default_factory=dict)

    def wait(self, account: str) -> None:
        """Wait for the account's turn."""
        now = self.clock()
        at = max(now, self._next.get(account, now))
        if at > now:
            self.sleep(at - now)
        self._next[account] = at + self._interval

    def throttled(self, account: str) -> None:
        self._interval = min(self._interval * 2, self.longest)
        self._next[account] = self.clock() + self._interval

    def answered(self) -> None:
        self._interval = max(self._interval * 0.9, self.shortest)


@dataclass(frozen=True, slots=True)
class CloudTrailHistory:
    """CloudTrail by LookupEvents, in other accounts by their reader roles.

    `own` is a boto3 cloudtrail client of the function's account, `sts` a boto3 sts client, `make` makes a cloudtrail
    client of credentials as AssumeRole answers them.
    """

    own: Any
    sts: Any
    make: Callable[[Mapping[str, Any]], Any]
    pace: Pace
    clients: dict[str, Any] = field(default_factory=dict)

    TRIES = 6

    def lookup(self, account: Account, name: str, start: datetime, end: datetime, token: str | None) -> Records:
        parameters: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": name}],
            "StartTime": start,
            "EndTime": end,
            "MaxResults": 50,
        }
        if token is not None:
            parameters["NextToken"] = token
        for _try in range(self.TRIES):
            client = self._client(account)
            self.pace.wait(account.account)
            try:
                answer = client.lookup_events(**parameters)
            except ClientError as error:
                self._failed(account, "LookupEvents", error)
            else:
                self.pace.answered()
                return Records(tuple(event["CloudTrailEvent"] for event in answer["Events"]), answer.get("NextToken"))
        raise Busy(f"LookupEvents of {account.account}: no answer in {self.TRIES} tries")

    def _client(self, account: Account) -> Any:
        if account.readerrole is None:
            return self.own
        if account.account not in self.clients:
            try:
                with busy_if_transient():
                    answer = self.sts.assume_role(
                        RoleArn=account.readerrole, RoleSessionName=SESSION_NAME, DurationSeconds=SESSION_SECONDS
                    )
            except ClientError as error:
                raise Unreadable(f"AssumeRole of {account.readerrole}: {code_of(error)}") from error
            self.clients[account.account] = self.make(answer["Credentials"])
        return self.clients[account.account]

    def _failed(self, account: Account, operation: str, error: ClientError) -> None:
        """Note a throttle, or forget a session that ended, and return; raise for everything else."""
        if is_transient(error):
            self.pace.throttled(account.account)
            return
        code = code_of(error)
        if code in ("ExpiredToken", "ExpiredTokenException"):
            if self.clients.pop(account.account, None) is None:
                raise Busy(f"{operation} of {account.account}: {code}") from error
            return
        if code.startswith(_DENIED):
            raise Unreadable(f"{operation} in {account.account}: {code}") from error
        raise error


@dataclass(frozen=True, slots=True)
class SageMakerCatalogue:
    """The registry's lists, and the lineage's actions. `client` is a boto3 sagemaker client."""

    client: Any

    def versions(self, group: str, token: str | None) -> Versions:
        more = {"NextToken": token} if token is not None else {}
        answer = self._call("list_model_packages", ModelPackageGroupName=group, MaxResults=100, **more)
        arns = tuple(summary["ModelPackageArn"] for summary in answer["ModelPackageSummaryList"])
        return Versions(arns, answer.get("NextToken"))

    def actions(self, after: datetime) -> Sequence[Action]:
        found: list[Action] = []
        more: dict[str, str] = {}
        while True:
            answer = self._call(
                "list_actions", ActionType=LIFE_CYCLE_ACTION, CreatedAfter=after, MaxResults=100, **more
            )
            found += [self._action(summary["ActionName"]) for summary in answer["ActionSummaries"]]
            if "NextToken" not in answer:
                return found
            more = {"NextToken": answer["NextToken"]}

    def _action(self, name: str) -> Action:
        answer = self._call("describe_action", ActionName=name)
        identity = (answer.get("CreatedBy") or {}).get("IamIdentity") or {}
        return Action(
            arn=answer["ActionArn"],
            source=answer["Source"]["SourceUri"],
            created=answer["CreationTime"],
            properties=answer.get("Properties") or {},
            created_by=Identity(identity["Arn"], identity.get("SourceIdentity") or None)
            if identity.get("Arn")
            else None,
        )

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        with busy_if_transient():
            answer: Mapping[str, Any] = getattr(self.client, operation)(**parameters)
        return answer


@dataclass(frozen=True, slots=True)
class DynamoStates:
    """The state table by Scan. `client` is a boto3 dynamodb client."""

    client: Any
    table: str

    def alive(self) -> Iterable[str]:
        for item in self._items():
            if "S" not in item.get("deletedat", {}):
                yield item["modelpackagearn"]["S"]

    def _items(self) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            with busy_if_transient():
                page = self.client.scan(
                    TableName=self.table,
                    ProjectionExpression="modelpackagearn, deletedat",
                    ConsistentRead=True,
                    **start,
                )
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@dataclass(frozen=True, slots=True)
class SqsOutbox:
    """Approvals queue, the guard's queue, own queue, dead-letter queue. `client` is a boto3 sqs client."""

    client: Any
    approvals_url: str
    guard_url: str
    jobs_url: str
    dead_letter_url: str

    def approval_changed(self, arn: str, content_id: str) -> None:
        body = json.dumps({"modelpackagearn": arn, "contentid": content_id})
        self.client.send_message(QueueUrl=self.approvals_url, MessageBody=body)

    def judge_again(self, arn: str) -> None:
        self.client.send_message(QueueUrl=self.guard_url, MessageBody=json.dumps({"modelpackagearn": arn}))

    def again(self, job: Mapping[str, Json], delay_seconds: int = 0) -> None:
        self.client.send_message(QueueUrl=self.jobs_url, MessageBody=json.dumps(job), DelaySeconds=delay_seconds)

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        send_dead_letter(self.client, self.dead_letter_url, body, reason, event_id)
