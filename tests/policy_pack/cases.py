"""Resources, by rule: those that it objects to, those that it leaves alone, those that it can't judge yet."""

from __future__ import annotations

import json
from typing import Any

from blueprint.tags import tags
from policy_pack.resource import UNKNOWN, Resource

HUB = "111111111111"
SPOKE = "222222222222"
OUR_KEY = f"arn:aws:kms:eu-west-1:{HUB}:key/00000000-0000-0000-0000-000000000001"
ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}

POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PERMISSION = "aws:ram/permission:Permission"
GROUP_POLICY = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
ROUTE = "aws:apigatewayv2/route:Route"
PROVIDER = "pulumi:providers:aws"
FUNCTION = "aws:lambda/function:Function"


def made(type_: str, name: str = "one", /, *, protect: bool = False, **props: Any) -> Resource:
    return Resource(type=type_, name=name, props=props, protect=protect)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **more}


def everybody(**more: Any) -> str:
    return document(allow("s3:GetObject", Principal="*", **more))


def switches(**changes: Any) -> dict[str, Any]:
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return dict.fromkeys(names, True) | changes


def provider(**props: Any) -> Resource:
    """As the engine shows it: objects and lists as JSON."""
    shown: dict[str, Any] = {key: value if value is UNKNOWN else json.dumps(value) for key, value in props.items()}
    return Resource(type=PROVIDER, name="account", props=shown)


def encrypted(key: Any) -> Resource:
    return made(ENCRYPTION, rules=[{"applyServerSideEncryptionByDefault": {"kmsMasterKeyId": key}}])


def environment(**variables: Any) -> Resource:
    return made(FUNCTION, environment={"variables": variables})


OBJECTED: dict[str, list[tuple[Resource, str]]] = {
    "allowed-accounts": [
        (made(PROVIDER), "allowedAccountIds isn't set"),
        (provider(allowedAccountIds=[]), "allowedAccountIds isn't set"),
        (provider(allowedAccountIds=[SPOKE, HUB]), f"the stack's account is {SPOKE}"),
        (provider(allowedAccountIds=[HUB]), f"is {HUB}, the stack's account is {SPOKE}"),
    ],
    "encrypted-with-our-key": [
        (made("aws:sqs/queue:Queue"), "kmsMasterKeyId names no key"),
        (made("aws:sqs/queue:Queue", kmsMasterKeyId="alias/aws/sqs"), "a key that AWS manages"),
        (made("aws:dynamodb/table:Table", serverSideEncryption={"enabled": True}), "kmsKeyArn names no key"),
        (made("aws:sns/topic:Topic", kmsMasterKeyId=""), "kmsMasterKeyId names no key"),
        (made("aws:cloudwatch/logGroup:LogGroup"), "kmsKeyId names no key"),
        (made("aws:sagemaker/domain:Domain"), "kmsKeyId names no key"),
        (encrypted(None), "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId names no key"),
        (made(ENCRYPTION, rules=[]), "rules is empty"),
        (made("aws:ecr/repository:Repository"), "encryptionConfigurations is empty"),
        (made("aws:kms/key:Key"), "enableKeyRotation isn't true"),
    ],
    "full-access": [
        (made(ATTACHMENT, policyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"), "is attached"),
        (made(ATTACHMENT, policyArn="arn:aws:iam::aws:policy/AdministratorAccess"), "is attached"),
        (made(ATTACHMENT, policyArn="arn:aws:iam::aws:policy/job-function/SystemAdministrator"), "is attached"),
        (made(ROLE, managedPolicyArns=["arn:aws:iam::aws:policy/PowerUserAccess"]), "is attached"),
        (made(ROLE_POLICY, policy=document(allow("*", Sid="All"))), "statement All allows *"),
        (made(ROLE_POLICY, policy=document(allow(["s3:GetObject", "sagemaker:*"]))), "allows sagemaker:*"),
        (made("aws:iam/policy:Policy", policy=document({"Effect": "Allow", "NotAction": "iam:*"})), "of its NotAction"),
        (made(ROLE, inlinePolicies=[{"name": "all", "policy": document(allow("*"))}]), "inlinePolicies[0].policy"),
    ],
    "inline-secret": [
        (environment(KEY="AKIA" + "A" * 16), "environment.variables.KEY holds an access key id"),
        (environment(DATABASE_PASSWORD="hunter2"), "is named for a secret"),
        (environment(token="t"), "is named for a secret"),
        (environment(SERVICE_API_KEY="x"), "is named for a secret"),
        (environment(URL="postgres://user:hunter2@host/db"), "a password in a URL"),
        (made(FUNCTION, code={"text": "-----BEGIN RSA PRIVATE KEY-----"}), "code.text holds a private key"),
        (made(PROVIDER, secretKey="x"), "secretKey is named for a secret"),
    ],
    "log-retention": [(made("aws:cloudwatch/logGroup:LogGroup"), "retentionInDays isn't set")],
    "no-approval-by-spokes": [
        (made(ROLE_POLICY, policy=document(allow("sagemaker:UpdateModelPackage"))), "allows in a spoke"),
        (made(ROLE_POLICY, policy=document(allow("sagemaker:Update*"))), "allows in a spoke"),
        (made(ROLE_POLICY, policy=document({"Effect": "Allow", "NotAction": "iam:*"})), "allows in a spoke"),
        (
            made(
                PERMISSION, policyTemplate=json.dumps({"Effect": "Allow", "Action": ["sagemaker:UpdateModelPackage"]})
            ),
            "shares with other accounts",
        ),
        (
            made(
                GROUP_POLICY,
                resourcePolicy=document(
                    allow("sagemaker:*", Principal={"AWS": [f"arn:aws:iam::{HUB}:root", f"arn:aws:iam::{SPOKE}:root"]})
                ),
            ),
            f"lets arn:aws:iam::{SPOKE}:root call",
        ),
    ],
    "point-in-time-recovery": [
        (made("aws:dynamodb/table:Table"), "isn't true"),
        (made("aws:dynamodb/table:Table", pointInTimeRecovery={"enabled": False}), "isn't true"),
    ],
    "public-api": [
        (made(ROUTE), "authorizationType is absent"),
        (made(ROUTE, authorizationType="NONE"), "authorizationType is NONE"),
        (made("aws:lambda/functionUrl:FunctionUrl", authorizationType="NONE"), "everybody may call"),
        (made("aws:apigateway/method:Method", authorization="NONE"), "everybody may call"),
        (made("aws:lambda/permission:Permission", principal="*"), "everybody may invoke"),
        (made("aws:apigatewayv2/api:Api", target="arn:aws:lambda:…"), "default route"),
    ],
    "public-bucket": [
        (made(BLOCK, **switches(blockPublicPolicy=False)), "blockPublicPolicy is False"),
        (made(BLOCK, blockPublicAcls=True), "restrictPublicBuckets is None"),
        (made("aws:s3/bucketAcl:BucketAcl", acl="public-read"), "acl is public-read"),
        (
            made("aws:s3/bucketOwnershipControls:BucketOwnershipControls", rule={"objectOwnership": "ObjectWriter"}),
            "access lists count",
        ),
    ],
    "stateful-protected": [(made("aws:s3/bucket:Bucket"), "protect isn't set")],
    "tags": [
        (made(PROVIDER), "defaultTags lack"),
        (provider(defaultTags={"tags": {"owner": "risk"}}), "defaultTags lack"),
        (provider(defaultTags={"tags": tags("mlgov", "hub")}), "say governance:stack hub, the stack is prod"),
        (made(ROLE, tags={"governance:stack": "elsewhere"}), "tags sets governance:stack"),
    ],
    "tls-only": [
        (made(POLICY, policy=everybody()), "has no Deny"),
        (made(POLICY, policy=document({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})), "has no Deny"),
        (
            made(
                "aws:sqs/queuePolicy:QueuePolicy",
                policy=document(
                    {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Condition": PLAIN_HTTP | ORGANISATION}
                ),
            ),
            "has no Deny",
        ),
    ],
    "wildcard-principal": [
        (made(POLICY, policy=everybody()), "no condition says who"),
        (made(POLICY, policy=document(allow("s3:*", Principal={"AWS": "*"}))), "no condition says who"),
        (made(POLICY, policy=everybody(Condition=PLAIN_HTTP)), "no condition says who"),
        (made(POLICY, policy=everybody(Condition={"StringLike": {"aws:PrincipalArn": "*"}})), "no condition says who"),
        (
            made(POLICY, policy=everybody(Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a"}})),
            "no condition says who",
        ),
        (
            made(POLICY, policy=everybody(Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-a"}})),
            "no condition says who",
        ),
        (
            made(POLICY, policy=document({"Effect": "Allow", "NotPrincipal": {"AWS": HUB}, "Action": "s3:*"})),
            "all but those of its NotPrincipal",
        ),
    ],
}
"""Rule → resource of a spoke of production, and words of what is said of it."""

LEFT_ALONE: dict[str, list[Resource]] = {
    "allowed-accounts": [provider(allowedAccountIds=[SPOKE])],
    "encrypted-with-our-key": [
        made("aws:sqs/queue:Queue", kmsMasterKeyId=OUR_KEY),
        made("aws:dynamodb/table:Table", serverSideEncryption={"enabled": True, "kmsKeyArn": OUR_KEY}),
        encrypted(OUR_KEY),
        made("aws:kms/key:Key", enableKeyRotation=True),
        made("aws:kms/key:Key", keyUsage="SIGN_VERIFY"),
    ],
    "full-access": [
        made(ROLE_POLICY, policy=document(allow("s3:Get*"), {"Effect": "Deny", "Action": "*", "Resource": "*"})),
        made(ROLE, assumeRolePolicy=document(allow("sts:*", Principal={"Service": "lambda.amazonaws.com"}))),
        made(ATTACHMENT, policyArn=f"arn:aws:iam::{SPOKE}:policy/boundary"),
        made("aws:kms/key:Key", policy=document(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{HUB}:root"}))),
    ],
    "inline-secret": [
        environment(LEDGER_TABLE="mlgov_ledger", DLQ_URL="https://sqs.eu-west-1.amazonaws.com/1/q", KEYS="a"),
        environment(DATABASE_PASSWORD="arn:aws:secretsmanager:eu-west-1:111111111111:secret:db"),
        environment(DATABASE_PASSWORD=""),
        made("aws:kms/key:Key", description="password"),
        provider(allowedAccountIds=[SPOKE]),
    ],
    "log-retention": [made("aws:cloudwatch/logGroup:LogGroup", retentionInDays=30)],
    "no-approval-by-spokes": [
        made(ROLE_POLICY, policy=document(allow("sagemaker:DescribeModelPackage"))),
        made(ROLE_POLICY, policy=document({"Effect": "Deny", "Action": "sagemaker:UpdateModelPackage"})),
        made(PERMISSION, policyTemplate=json.dumps({"Effect": "Allow", "Action": "sagemaker:CreateModelPackage"})),
        made("aws:ec2/vpcEndpoint:VpcEndpoint", policy=document(allow("*", Principal="*"))),
        made(GROUP_POLICY, resourcePolicy=document(allow("sagemaker:*", Principal={"AWS": HUB}))),
    ],
    "point-in-time-recovery": [made("aws:dynamodb/table:Table", pointInTimeRecovery={"enabled": True})],
    "public-api": [
        made(ROUTE, authorizationType="AWS_IAM"),
        made("aws:lambda/functionUrl:FunctionUrl", authorizationType="AWS_IAM"),
        made("aws:lambda/permission:Permission", principal="apigateway.amazonaws.com"),
        made("aws:lambda/permission:Permission", principal="*", principalOrgId="o-a1b2c3d4e5"),
        made("aws:apigatewayv2/api:Api", protocolType="HTTP"),
    ],
    "public-bucket": [
        made(BLOCK, **switches()),
        made("aws:s3/bucketOwnershipControls:BucketOwnershipControls", rule={"objectOwnership": "BucketOwnerEnforced"}),
    ],
    "stateful-protected": [
        made("aws:s3/bucket:Bucket", protect=True),
        made("aws:sqs/queue:Queue"),
    ],
    "tags": [
        provider(defaultTags={"tags": tags("mlgov", "prod", owner="risk")}),
        made(ROLE, tags={"owner": "risk"}),
    ],
    "tls-only": [
        made(POLICY, policy=document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": PLAIN_HTTP})),
        made("aws:oam/sinkPolicy:SinkPolicy", policy=everybody()),
    ],
    "wildcard-principal": [
        made(POLICY, policy=everybody(Condition=ORGANISATION)),
        made(POLICY, policy=everybody(Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{HUB}:role/x-*"}})),
        made(POLICY, policy=document({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})),
        made(POLICY, policy=document(allow("s3:*", Principal={"AWS": f"arn:aws:iam::{HUB}:root"}))),
    ],
}

WAITING: dict[str, list[tuple[Resource, str]]] = {
    "allowed-accounts": [(provider(allowedAccountIds=UNKNOWN), "allowedAccountIds")],
    "encrypted-with-our-key": [
        (made("aws:sqs/queue:Queue", kmsMasterKeyId=UNKNOWN), "kmsMasterKeyId"),
        (made("aws:dynamodb/table:Table", serverSideEncryption=UNKNOWN), "serverSideEncryption.kmsKeyArn"),
        (encrypted(UNKNOWN), "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId"),
        (made(ENCRYPTION, rules=UNKNOWN), "rules"),
        (made(ENCRYPTION, rules=[UNKNOWN]), "rules[0]"),
        (made("aws:kms/key:Key", enableKeyRotation=UNKNOWN), "enableKeyRotation"),
    ],
    "full-access": [
        (made(ROLE_POLICY, policy=UNKNOWN), "policy"),
        (made(ATTACHMENT, policyArn=UNKNOWN), "policyArn"),
        (made(ROLE, managedPolicyArns=UNKNOWN), "policyArn"),
    ],
    "inline-secret": [(environment(DATABASE_PASSWORD=UNKNOWN), "environment.variables.DATABASE_PASSWORD")],
    "log-retention": [(made("aws:cloudwatch/logGroup:LogGroup", retentionInDays=UNKNOWN), "retentionInDays")],
    "no-approval-by-spokes": [(made(ROLE_POLICY, policy=UNKNOWN), "policy")],
    "point-in-time-recovery": [
        (made("aws:dynamodb/table:Table", pointInTimeRecovery=UNKNOWN), "pointInTimeRecovery.enabled")
    ],
    "public-api": [
        (made(ROUTE, authorizationType=UNKNOWN), "authorizationType"),
        (made("aws:lambda/permission:Permission", principal=UNKNOWN), "principal"),
    ],
    "public-bucket": [(made(BLOCK, **switches(blockPublicAcls=UNKNOWN)), "blockPublicAcls")],
    "tags": [(provider(defaultTags=UNKNOWN), "defaultTags")],
    "tls-only": [(made(POLICY, policy=UNKNOWN), "policy")],
    "wildcard-principal": [(made(POLICY, policy=UNKNOWN), "policy")],
}
"""Rule → resource, and the path that is waited for. stateful-protected asks of no value."""
