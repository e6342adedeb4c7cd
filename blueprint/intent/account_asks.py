"""Requests in the accounts that serve: endpoints, their logs, images, forwarded events; and becoming each role."""

from __future__ import annotations

from blueprint.intent.asking import Asks
from blueprint.intent.data_asks import ask_queue
from blueprint.intent.model import Context
from blueprint.intent.roles import MEMBER, role_names
from blueprint.names import HUB
from blueprint.policies.conditions import SOURCE_IDENTITY

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
DESCRIBE = {
    "DescribeEndpoint": "endpoint", "DescribeEndpointConfig": "endpoint-config",
    "DescribeInferenceComponent": "inference-component", "DescribeModel": "model",
    "DescribeTransformJob": "transform-job",
}  # fmt: skip
SERVE = {
    "CreateModel": "model", "DeleteModel": "model", "CreateEndpointConfig": "endpoint-config",
    "DeleteEndpointConfig": "endpoint-config", "CreateEndpoint": "endpoint", "UpdateEndpoint": "endpoint",
    "DeleteEndpoint": "endpoint", "AddTags": "endpoint",
}  # fmt: skip
OTHER = {
    "scale": ("sagemaker:UpdateEndpointWeightsAndCapacities", "endpoint"),
    "invoke": ("sagemaker:InvokeEndpoint", "endpoint"),
    "describe-job": ("sagemaker:DescribeTrainingJob", "training-job"),
    "relabel-job": ("sagemaker:AddTags", "training-job"),
}
LISTS = ["sagemaker:ListEndpoints", "sagemaker:ListInferenceComponents", "sagemaker:ListTransformJobs"]
LOG_WRITES = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]


def ask_accounts(asks: Asks) -> None:
    of = asks.organisation
    asks.add("serving:list", LISTS, "*", account="")
    asks.add("serving:list-made", ["sagemaker:ListEndpointConfigs", "sagemaker:ListModels"], "*", account="")
    asks.add("serving:list-jobs", "sagemaker:ListTrainingJobs", "*", account="")
    asks.add("lineage:list", "sagemaker:ListActions", "*", account="")
    asks.add("lineage:describe", "sagemaker:DescribeAction", asks.arn("sagemaker", "action/a"))
    elsewhere = asks.arn("sagemaker", "action/a", MEMBER)
    asks.add("another-lineage:describe", "sagemaker:DescribeAction", elsewhere, account=MEMBER)
    asks.add("lineage:delete", "sagemaker:DeleteAction", asks.arn("sagemaker", "action/a"))
    asks.add("lineage:describe-artifact", "sagemaker:DescribeArtifact", asks.arn("sagemaker", "artifact/a"))
    for stack, account in accounts(asks).items():
        for action, kind in DESCRIBE.items():
            asks.add(
                f"serving@{stack}:describe#{action}", f"sagemaker:{action}",
                asks.arn("sagemaker", f"{kind}/e", account), account=account, stack=stack,
            )  # fmt: skip
        for action, kind in SERVE.items():
            asks.add(
                f"serving@{stack}:serve#{action}", f"sagemaker:{action}", asks.arn("sagemaker", f"{kind}/e", account),
                account=account, stack=stack,
            )  # fmt: skip
        for verb, (action, kind) in OTHER.items():
            asks.add(
                f"serving@{stack}:{verb}", action, asks.arn("sagemaker", f"{kind}/e", account), account=account,
                stack=stack,
            )  # fmt: skip
        _endpoint_log(asks, stack, account)
    for spoke in of.spokes:
        dlq = of.names.queue_arn(spoke.account, of.names.forward_dlq(spoke.stack))
        ask_queue(asks, f"forward-dlq@{spoke.stack}", dlq, account=spoke.account, stack=spoke.stack)
        if spoke.volume_key is not None:
            _volume_key(asks, spoke.stack, spoke.account, spoke.volume_key)
    _images(asks)
    _roles(asks)


def _volume_key(asks: Asks, stack: str, account: str, key: str) -> None:
    """The account's own key for the volumes of its endpoints."""
    thing = f"volume-key@{stack}"
    grant, through = "kms:CreateGrant", asks.via("sagemaker")
    for_aws: Context = {"kms:GrantIsForAWSResource": True}
    asks.add(f"{thing}:grant", grant, key, account=account, stack=stack, context={**through, **for_aws})
    asks.add(f"{thing}:grant-to-anybody", grant, key, account=account, stack=stack, context=through)
    asks.add(f"{thing}:grant-directly", grant, key, account=account, stack=stack, context=for_aws)
    asks.add(f"{thing}:describe", "kms:DescribeKey", key, account=account, stack=stack, context=through)
    asks.add(f"{thing}:describe-directly", "kms:DescribeKey", key, account=account, stack=stack)
    asks.add(f"{thing}:decrypt", "kms:Decrypt", key, account=account, stack=stack, context=through)


def accounts(asks: Asks) -> dict[str, str]:
    """Account by stack, the hub's first."""
    of = asks.organisation
    return {HUB: of.hub, **{spoke.stack: spoke.account for spoke in of.spokes}}


def _endpoint_log(asks: Asks, stack: str, account: str) -> None:
    for thing, group in {"endpoint-log": "/aws/sagemaker/Endpoints/e", "another-log": "/aws/lambda/l"}.items():
        stream = asks.arn("logs", f"log-group:{group}:log-stream:s", account)
        asks.add(f"{thing}@{stack}:write", LOG_WRITES, stream, account=account, stack=stack)
    stream = asks.arn("logs", "log-group:/aws/sagemaker/Endpoints/e:log-stream:s", account)
    asks.add(f"endpoint-log@{stack}:read", "logs:GetLogEvents", stream, account=account, stack=stack)


def _images(asks: Asks) -> None:
    of = asks.organisation
    asks.add("images:log-in", "ecr:GetAuthorizationToken", "*", account="")
    asks.add("images:list", "ecr:DescribeRegistry", "*", account="")
    for arn in of.image_repositories:
        owner, name = arn.split(":")[4], arn.rpartition("/")[2]
        asks.add(f"image/{name}:pull", PULL, arn, account=owner, is_open=True)
        asks.add(f"image/{name}:push", "ecr:PutImage", arn, account=owner)
    asks.add("another-image:pull", PULL, asks.arn("ecr", "repository/somebody-elses"))


def _roles(asks: Asks) -> None:
    """Becoming each role: without saying who one is, with a name, and with MFA besides."""
    of = asks.organisation
    named: Context = {SOURCE_IDENTITY: "ada.lovelace", "aws:MultiFactorAuthPresent": False}
    for (stack, what), name in role_names(of).items():
        account = accounts(asks)[stack]
        arn = of.names.role_arn(account, name)
        thing = f"role/{stack}/{what}"
        inside: Context = {} if of.id is None else {"aws:ResourceOrgID": of.id}
        asks.add(f"{thing}:become", "sts:AssumeRole", arn, account=account, stack=stack, context=inside)
        asks.add(
            f"{thing}:become-by-name", ["sts:AssumeRole", "sts:SetSourceIdentity"], arn, account=account, stack=stack,
            context={**inside, **named},
        )  # fmt: skip
        for verb, service in {"pass": "sagemaker", "pass-to-another": "lambda"}.items():
            asks.add(
                f"{thing}:{verb}", "iam:PassRole", arn, account=account, stack=stack,
                context={"iam:PassedToService": f"{service}.amazonaws.com"},
            )  # fmt: skip
        asks.add(f"{thing}:rewrite", "iam:PutRolePolicy", arn, account=account, stack=stack)
        asks.add(
            f"{thing}:tag-session", "sts:TagSession", arn, account=account, stack=stack, context={**inside, **named}
        )
        asks.add(
            f"{thing}:become-with-mfa", ["sts:AssumeRole", "sts:SetSourceIdentity"], arn, account=account, stack=stack,
            context={**inside, **named, "aws:MultiFactorAuthPresent": True},
        )  # fmt: skip
