"""What an interrupted creation left behind: where to look for each type of resource, by what it was called.

A creation that is written down as pending may have happened or not. Types fall in three kinds. REPEATED: it is a part
of another resource and goes with it, and the create call replaces what is there, so it is made again. NAMED: the id
follows from the inputs, so the engine's own look-up by id tells whether it exists. FINDERS: AWS chose the id, so it is
looked up by what the program gave it. Ids have the form in which the AWS provider keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from console.errors import FOUND, CommandError
from console.finders import DEFAULT_BUS, FINDERS, Aws, Inputs

PROVIDER = "pulumi:providers:aws"

REPEATED = frozenset(
    {
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
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


Id = Callable[[Inputs], str]


def _input(name: str) -> Id:
    return lambda inputs: str(inputs[name])


def _rule(inputs: Inputs) -> str:
    """A rule of the default bus has its bare name."""
    bus = inputs.get("eventBusName") or DEFAULT_BUS
    return str(inputs["name"]) if bus == DEFAULT_BUS else f"{bus}/{inputs['name']}"


NAMED: Mapping[str, Id] = {
    "aws:cloudwatch/eventBus:EventBus": _input("name"),
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/logGroup:LogGroup": _input("name"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _input("name"),
    "aws:dynamodb/table:Table": _input("name"),
    "aws:ecr/repository:Repository": _input("name"),
    "aws:apigatewayv2/stage:Stage": _input("name"),
    "aws:iam/role:Role": _input("name"),
    "aws:iam/rolePolicy:RolePolicy": lambda i: f"{i['role']}:{i['name']}",
    "aws:kms/alias:Alias": _input("name"),
    "aws:lambda/function:Function": _input("name"),
    "aws:lambda/permission:Permission": _input("statementId"),
    "aws:ram/principalAssociation:PrincipalAssociation": lambda i: f"{i['resourceShareArn']},{i['principal']}",
    "aws:ram/resourceAssociation:ResourceAssociation": lambda i: f"{i['resourceShareArn']},{i['resourceArn']}",
    "aws:ram/resourceShareAccepter:ResourceShareAccepter": _input("shareArn"),
    "aws:s3/bucket:Bucket": _input("bucket"),
    "aws:s3/bucketObjectv2:BucketObjectv2": lambda i: f"{i['bucket']}/{i['key']}",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": _input("trackingServerName"),
    "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig": _input("studioLifecycleConfigName"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _input("modelPackageGroupName"),
}


def known(kind: str) -> bool:
    """Whether it is known how to look for a resource of this type."""
    return kind in REPEATED or kind in NAMED or kind in FINDERS


def id_of(kind: str, inputs: Inputs, aws: Aws) -> str | None:
    """The id to look at, None where the creation can be made again or came to nothing.

    Raises CommandError where several resources could be it.
    """
    if kind in REPEATED:
        return None
    if kind in NAMED:
        try:
            return NAMED[kind](inputs)
        except KeyError as missing:
            raise CommandError(
                f"the interrupted {kind} has no {missing} of the program's, so it can't be told from others: find it in"
                " AWS and delete it, then run `pulumi refresh --clear-pending-creates`",
                FOUND,
            ) from None
    found = FINDERS[kind](inputs, aws)
    if len(found) > 1:
        raise CommandError(
            f"{len(found)} resources could be the interrupted {kind}: {', '.join(sorted(found))}; delete those that no"
            " stack holds, then run the command again",
            FOUND,
        )
    return found[0] if found else None
