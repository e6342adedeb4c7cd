"""What an interrupted creation left behind: where to look for each type of resource, by what it was called.

A creation that is written down as pending may have happened or not. Types fall in three kinds. REPEATED: it is a part
of another resource and goes with it, and the create call replaces what is there, so it is made again. NAMED: the id
follows from the inputs, so the engine's own look-up by id tells whether it exists. FOUND: AWS chose the id, so it is
looked up by what the program gave it. Ids have the form in which the AWS provider keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from blueprint.names import partition_of
from console.errors import FOUND as REFUSED
from console.errors import CommandError

Inputs = Mapping[str, Any]
PROVIDER = "pulumi:providers:aws"

REPEATED = frozenset(
    {
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        "aws:oam/sinkPolicy:SinkPolicy",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queuePolicy:QueuePolicy",
    }
)


@dataclass
class Aws:
    """The account and region that a provider of the state works in, with its own credentials.

    `provider`: the provider's inputs; `assumeRoles` is JSON text there, as the engine keeps a provider's inputs.
    """

    provider: Inputs
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        return str(self.provider["region"])

    @cached_property
    def account(self) -> str:
        answer: dict[str, str] = self.client("sts").get_caller_identity()
        return answer["Account"]

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
        """All items of a paged list."""
        paginator = self.client(service).get_paginator(operation)
        return [item for page in paginator.paginate(**parameters) for item in page[key]]

    @cached_property
    def _session(self) -> Any:
        import json

        import boto3

        session = boto3.Session(region_name=self.region)
        for role in json.loads(self.provider.get("assumeRoles") or "[]"):
            # A program that passes a dictionary has its keys as it wrote them.
            arn = role.get("roleArn") or role["role_arn"]
            answer = session.client("sts").assume_role(RoleArn=arn, RoleSessionName="governance-resume")
            keys = answer["Credentials"]
            session = boto3.Session(
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
                region_name=self.region,
            )
        return session


Id = Callable[[Inputs], str]
Finder = Callable[[Inputs, Aws], list[str]]


DEFAULT_BUS = "default"


def _input(name: str) -> Id:
    return lambda inputs: str(inputs[name])


def _rule(inputs: Inputs) -> str:
    """A rule of the default bus has its bare name."""
    bus = inputs.get("eventBusName") or DEFAULT_BUS
    return str(inputs["name"]) if bus == DEFAULT_BUS else f"{bus}/{inputs['name']}"


def _target(inputs: Inputs) -> str:
    bus = inputs.get("eventBusName") or DEFAULT_BUS
    return "-".join([*([] if bus == DEFAULT_BUS else [bus]), inputs["rule"], inputs["targetId"]])


NAMED: Mapping[str, Id] = {
    "aws:cloudwatch/eventBus:EventBus": _input("name"),
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/eventTarget:EventTarget": _target,
    "aws:cloudwatch/logGroup:LogGroup": _input("name"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _input("name"),
    "aws:dynamodb/table:Table": _input("name"),
    "aws:iam/role:Role": _input("name"),
    "aws:iam/rolePolicy:RolePolicy": lambda i: f"{i['role']}:{i['name']}",
    "aws:kms/alias:Alias": _input("name"),
    "aws:lambda/function:Function": _input("name"),
    "aws:lambda/permission:Permission": _input("statementId"),
    "aws:ram/principalAssociation:PrincipalAssociation": lambda i: f"{i['resourceShareArn']},{i['principal']}",
    "aws:ram/resourceAssociation:ResourceAssociation": lambda i: f"{i['resourceShareArn']},{i['resourceArn']}",
    "aws:s3/bucket:Bucket": _input("bucket"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _input("modelPackageGroupName"),
}


def _key(inputs: Inputs, aws: Aws) -> list[str]:
    """Keys of this description and these tags that aren't about to be deleted."""
    found = []
    for entry in aws.pages("kms", "list_keys", "Keys"):
        about = aws.client("kms").describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
        if about.get("Description") == inputs.get("description") and about["KeyState"] != "PendingDeletion":
            answer = aws.client("kms").list_resource_tags(KeyId=entry["KeyId"])
            if {tag["TagKey"]: tag["TagValue"] for tag in answer["Tags"]} == dict(inputs.get("tagsAll") or {}):
                found.append(entry["KeyId"])
    return found


def _mapping(inputs: Inputs, aws: Aws) -> list[str]:
    mappings = aws.pages(
        "lambda", "list_event_source_mappings", "EventSourceMappings",
        FunctionName=inputs["functionName"], EventSourceArn=inputs["eventSourceArn"],
    )  # fmt: skip
    return [mapping["UUID"] for mapping in mappings if mapping["State"] != "Deleting"]


def _permission(inputs: Inputs, aws: Aws) -> list[str]:
    answers = _ram(aws, "list_permissions", "permissions", permissionType="CUSTOMER_MANAGED")
    return [one["arn"] for one in answers if one["name"] == inputs["name"] and one["status"] != "DELETING"]


def _share(inputs: Inputs, aws: Aws) -> list[str]:
    answers = _ram(
        aws, "get_resource_shares", "resourceShares",
        resourceOwner="SELF", name=inputs["name"], resourceShareStatus="ACTIVE",
    )  # fmt: skip
    return [one["resourceShareArn"] for one in answers]


def _ram(aws: Aws, operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
    """All items of one of RAM's lists; botocore has paginators for some of them only."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = getattr(aws.client("ram"), operation)(**parameters, **token)
        found += answer[key]
        if not answer.get("nextToken"):
            return found
        token = {"nextToken": answer["nextToken"]}


def _sink(inputs: Inputs, aws: Aws) -> list[str]:
    return [sink["Arn"] for sink in aws.pages("oam", "list_sinks", "Items") if sink["Name"] == inputs["name"]]


def _link(inputs: Inputs, aws: Aws) -> list[str]:
    links = aws.pages("oam", "list_links", "Items")
    return [link["Arn"] for link in links if link["SinkArn"] == inputs["sinkIdentifier"]]


def _queue(inputs: Inputs, aws: Aws) -> list[str]:
    sqs = aws.client("sqs")
    try:
        return [sqs.get_queue_url(QueueName=inputs["name"])["QueueUrl"]]
    except sqs.exceptions.QueueDoesNotExist:
        return []


def _topic(inputs: Inputs, aws: Aws) -> list[str]:
    return [f"arn:{partition_of(aws.region)}:sns:{aws.region}:{aws.account}:{inputs['name']}"]


FOUND: Mapping[str, Finder] = {
    "aws:kms/key:Key": _key,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _mapping,
    "aws:oam/link:Link": _link,
    "aws:oam/sink:Sink": _sink,
    "aws:ram/permission:Permission": _permission,
    "aws:ram/resourceShare:ResourceShare": _share,
    "aws:sns/topic:Topic": _topic,
    "aws:sqs/queue:Queue": _queue,
}


def known(kind: str) -> bool:
    """Whether it is known how to look for a resource of this type."""
    return kind in REPEATED or kind in NAMED or kind in FOUND


def id_of(kind: str, inputs: Inputs, aws: Aws) -> str | None:
    """The id to look at, None where the creation can be made again or came to nothing.

    Raises CommandError where several resources could be it.
    """
    if kind in REPEATED:
        return None
    if kind in NAMED:
        return NAMED[kind](inputs)
    found = FOUND[kind](inputs, aws)
    if len(found) > 1:
        raise CommandError(
            f"{len(found)} resources could be the interrupted {kind}: {', '.join(sorted(found))}; delete those that no"
            " stack holds, then run the command again",
            REFUSED,
        )
    return found[0] if found else None
