"""Capture's ports on AWS, by boto3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from governance.canonical import Json
from lambdas.common.attributes import to_attribute
from lambdas.common.aws import busy_if_transient, code_of
from lambdas.common.queues import send_dead_letter


@dataclass(frozen=True, slots=True)
class DynamoEndpoints:
    """The endpoints' table. `client` is a boto3 dynamodb client."""

    client: Any
    table: str

    def record(self, row: Mapping[str, str | None], order: str) -> bool:
        columns = [name for name in row if name != "endpointarn"]
        sets = [f"#{name} = :{name}" for name in (*columns, "eventorder")]
        try:
            with busy_if_transient():
                self.client.update_item(
                    TableName=self.table,
                    Key={"endpointarn": to_attribute(row["endpointarn"])},
                    UpdateExpression=f"SET {', '.join(sets)}, #firstseen = if_not_exists(#firstseen, :lastseen)",
                    # Older or equal events lose: the row never moves back.
                    ConditionExpression="attribute_not_exists(#eventorder) OR #eventorder < :eventorder",
                    ExpressionAttributeNames={f"#{name}": name for name in (*columns, "eventorder", "firstseen")},
                    ExpressionAttributeValues={
                        **{f":{name}": to_attribute(row[name]) for name in columns},
                        ":eventorder": to_attribute(order),
                    },
                )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


@dataclass(frozen=True, slots=True)
class SqsOutbox:
    """The queues of approvals, of the inventory's and the guard's jobs, and of dead letters. `client` is a boto3 sqs
    client.
    """

    client: Any
    approvals_url: str
    inventory_url: str
    guard_url: str
    dead_letter_url: str

    def approval_changed(self, arn: str, content_id: str) -> None:
        body = json.dumps({"modelpackagearn": arn, "contentid": content_id})
        self.client.send_message(QueueUrl=self.approvals_url, MessageBody=body)

    def look_again(self, job: Mapping[str, Json]) -> None:
        self.client.send_message(QueueUrl=self.inventory_url, MessageBody=json.dumps(job))

    def judge_again(self, arn: str) -> None:
        self.client.send_message(QueueUrl=self.guard_url, MessageBody=json.dumps({"modelpackagearn": arn}))

    def dead_letter(self, body: str, reason: str, event_id: str) -> None:
        send_dead_letter(self.client, self.dead_letter_url, body, reason, event_id)
