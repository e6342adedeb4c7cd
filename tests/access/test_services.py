"""Each service's own rules, and the policies by which this product shares things between accounts."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from access.services import is_key, works_across_accounts
from tests.access.samples import (
    ACCOUNT,
    EVERYTHING,
    KEY,
    OTHER,
    ROOT,
    SERVICE,
    SESSION,
    USER,
    allow,
    allowed,
    aws,
    deny,
    judged,
    policy,
)

OTHERS = f"arn:aws:sts::{OTHER}:assumed-role/mlgov-dev-execution/s"
HUB_BUCKET = "arn:aws:s3:::hub-bucket"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:mlgov-capture"
BUS = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/mlgov-governance"
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/mlgov-packages"
GROUP = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package-group/ModelCreditRisk"
PACKAGE = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/ModelCreditRisk/1"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
REPOSITORY = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/r"
SHARED = [("s3:GetObject", f"{HUB_BUCKET}/k"), ("sqs:SendMessage", QUEUE), ("events:PutEvents", BUS),
            ("dynamodb:GetItem", TABLE), ("lambda:InvokeFunction", FUNCTION), ("ecr:BatchGetImage", REPOSITORY),
            ("sagemaker:DescribeModelPackage", PACKAGE)]  # fmt: skip


@pytest.mark.parametrize(("action", "resource"), SHARED)
def test_services_with_resource_policies_follow_the_general_rule(action: str, resource: str) -> None:
    """Guards: in one account an identity policy is enough; from another account both sides are needed."""
    both = policy({**allow(action), "Principal": aws(OTHER)})
    assert allowed(SESSION, action, resource, identity_policies=[EVERYTHING])
    assert not allowed(OTHERS, action, resource, identity_policies=[EVERYTHING])
    assert not allowed(OTHERS, action, resource, resource_policy=both)
    assert allowed(OTHERS, action, resource, identity_policies=[EVERYTHING], resource_policy=both)


class TestS3:
    """The hub's bucket: account principals narrowed by role, TLS only, artifacts that can't be overwritten."""

    READ: ClassVar[dict[str, Any]] = {
        **allow(["s3:GetObject"], f"{HUB_BUCKET}/models/*", Sid="SpokeRead"),
        "Principal": aws(OTHER),
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{OTHER}:role/mlgov-*-exec*"]},
            "StringEquals": {"aws:PrincipalOrgID": "o-example"},
        },
    }
    TLS: ClassVar[dict[str, Any]] = {
        **deny("s3:*", [HUB_BUCKET, f"{HUB_BUCKET}/*"], Sid="TlsOnly"),
        "Principal": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    MEMBER: ClassVar[dict[str, str]] = {"aws:PrincipalOrgID": "o-example", "aws:SecureTransport": "true"}

    def reads(self, principal: str, context: dict[str, Any], key: str = "models/m") -> bool:
        return allowed(
            principal, "s3:GetObject", f"{HUB_BUCKET}/{key}", ACCOUNT, context, identity_policies=[EVERYTHING],
            resource_policy=policy(self.READ, self.TLS),
        )  # fmt: skip

    def test_the_spokes_role_reads_its_prefix_over_tls(self) -> None:
        """Guards: another role, another prefix, plain http, or a principal outside the organisation that reads."""
        assert self.reads(OTHERS, self.MEMBER)
        assert not self.reads(OTHERS.replace("execution", "other"), self.MEMBER)
        assert not self.reads(OTHERS, self.MEMBER, key="other/m")
        assert not self.reads(OTHERS, {**self.MEMBER, "aws:SecureTransport": "false"})
        assert not self.reads(OTHERS, {"aws:SecureTransport": "true"}), "PrincipalOrgID is absent outside it"

    def test_an_object_is_made_only_where_none_is(self) -> None:
        """Guards: AmazonS3/latest/userguide/conditional-writes-enforce.html: If-None-Match demanded, parts exempt."""
        demand = {
            **deny("s3:PutObject", f"{HUB_BUCKET}/*"),
            "Principal": "*",
            "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
        }

        def puts(**context: str) -> bool:
            keys = {f"s3:{name.replace('_', '-')}": value for name, value in context.items()}
            return allowed(
                SESSION, "s3:PutObject", f"{HUB_BUCKET}/k", ACCOUNT, keys, identity_policies=[EVERYTHING],
                resource_policy=policy(demand),
            )  # fmt: skip

        assert puts(if_none_match="*", ObjectCreationOperation="true")
        assert not puts(ObjectCreationOperation="true")
        assert puts(ObjectCreationOperation="false"), "UploadPart"

    def test_anonymous_callers_read_what_is_public_and_no_more(self) -> None:
        """Guards: a private object read without credentials, a public one refused."""
        public = policy({**allow("s3:GetObject", f"{HUB_BUCKET}/public/*"), "Principal": "*"})
        assert allowed("*", "s3:GetObject", f"{HUB_BUCKET}/public/k", ACCOUNT, resource_policy=public)
        assert not allowed("*", "s3:GetObject", f"{HUB_BUCKET}/k", ACCOUNT, resource_policy=public)
        assert not allowed("*", "s3:GetObject", f"{HUB_BUCKET}/public/k", ACCOUNT)

    @pytest.mark.parametrize("action", ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"])
    def test_the_owners_root_user_is_never_locked_out_of_the_bucket_policy(self, action: str) -> None:
        """Guards: API_PutBucketPolicy.html: "even if their bucket policy explicitly denies the root principal's
        access"; blocked only "by VPC endpoint policies and Organizations policies"; nobody of another account.
        """
        closed = policy({**deny(), "Principal": "*"})
        assert allowed(ROOT, action, HUB_BUCKET, resource_policy=closed)
        assert not allowed(USER, action, HUB_BUCKET, identity_policies=[EVERYTHING], resource_policy=closed)
        assert not allowed(ROOT, "s3:ListBucket", HUB_BUCKET, resource_policy=closed)
        assert not allowed(ROOT, action, HUB_BUCKET, resource_policy=closed, service_control_policies=[[closed_scp()]])
        assert not allowed(ROOT, action, HUB_BUCKET, resource_policy=closed, vpc_endpoint_policy=closed)
        opened = policy({**allow(), "Principal": "*"})
        assert not allowed(OTHERS, action, HUB_BUCKET, identity_policies=[EVERYTHING], resource_policy=opened)


def closed_scp() -> dict[str, Any]:
    return policy(deny())


class TestServicePrincipals:
    """Services by resource policy alone, bound to the source."""

    def test_a_rule_sends_to_the_queue_that_names_it(self) -> None:
        """Guards: another rule, or another account's, that fills the queue
        (eventbridge/latest/userguide/eb-use-resource-based.html).
        """
        queue = policy(
            {
                **allow("sqs:SendMessage", QUEUE),
                "Principal": {"Service": SERVICE},
                "Condition": {"ArnEquals": {"aws:SourceArn": RULE}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        )

        def sends(principal: str = SERVICE, rule: str = RULE, account: str = ACCOUNT) -> bool:
            context = {"aws:SourceArn": rule, "aws:SourceAccount": account}
            return allowed(principal, "sqs:SendMessage", QUEUE, None, context, resource_policy=queue)

        assert sends()
        assert not sends(rule=RULE + "2")
        assert not sends(account=OTHER)
        assert not sends(principal="sns.amazonaws.com")
        assert not allowed(SERVICE, "sqs:SendMessage", QUEUE)

    def test_a_wildcard_principal_with_a_source_admits_the_service(self) -> None:
        """Guards: the older form of queue policies, Principal `*` with ArnLike aws:SourceArn, refused."""
        queue = policy(
            {**allow("sqs:SendMessage"), "Principal": {"AWS": "*"}, "Condition": {"ArnLike": {"aws:SourceArn": RULE}}}
        )
        assert allowed(SERVICE, "sqs:SendMessage", QUEUE, None, {"aws:SourceArn": RULE}, resource_policy=queue)
        assert not allowed(SERVICE, "sqs:SendMessage", QUEUE, None, resource_policy=queue)

    def test_a_service_uses_the_queues_key_by_key_policy_or_grant(self) -> None:
        """Guards: events refused by an encrypted queue (eventbridge/latest/userguide/eb-troubleshooting.html)."""
        key = policy({**allow(["kms:Decrypt", "kms:GenerateDataKey"]), "Principal": {"Service": SERVICE}})
        assert allowed(SERVICE, "kms:GenerateDataKey", KEY, None, resource_policy=key)
        assert not allowed("sns.amazonaws.com", "kms:GenerateDataKey", KEY, None, resource_policy=key)

    def test_what_a_service_lacks_is_told(self) -> None:
        """Guards: a queue that stays empty without a word."""
        found = judged(SERVICE, "sqs:SendMessage", QUEUE, None)
        assert found.by == "resource"
        assert found.reason == f"no resource policy is there that allows {SERVICE} sqs:SendMessage on {QUEUE}"

    def test_only_three_services_take_anonymous_requests(self) -> None:
        """Guards: a bus or key open to the world because its policy says `*`.

        IAM/latest/UserGuide/reference_policies_variables.html: "Anonymous caller (Amazon SQS, Amazon SNS, and Amazon
        S3 only)".
        """
        everybody = policy({**allow(), "Principal": "*"})
        assert allowed("*", "sqs:SendMessage", QUEUE, None, resource_policy=everybody)
        for action, resource in (("events:PutEvents", BUS), ("kms:Decrypt", KEY), ("dynamodb:GetItem", TABLE)):
            assert judged("*", action, resource, None, resource_policy=everybody).reason.startswith(
                f"{action.split(':')[0]} takes no anonymous request"
            )


def test_the_bus_takes_forwarded_sagemaker_events_from_the_forwarder_only() -> None:
    """Guards: any principal of a spoke that posts events
    (service-authorization/latest/reference/list_amazoneventbridge.html).
    """
    bus = policy(
        {
            **allow("events:PutEvents", BUS),
            "Principal": aws(OTHER),
            "Condition": {
                "Bool": {"events:eventBusInvocation": "true"},
                "StringEquals": {"events:source": "aws.sagemaker"},
                "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/mlgov-*-forwarder"},
            },
        }
    )
    forwarder = f"arn:aws:sts::{OTHER}:assumed-role/mlgov-dev-forwarder/s"
    forwarded = {"events:eventBusInvocation": "true", "events:source": "aws.sagemaker"}

    def puts(principal: str, context: dict[str, str]) -> bool:
        return allowed(
            principal, "events:PutEvents", BUS, None, context, identity_policies=[EVERYTHING], resource_policy=bus
        )

    assert puts(forwarder, forwarded)
    assert not puts(OTHERS, forwarded)
    assert not puts(forwarder, {**forwarded, "events:eventBusInvocation": "false"})
    assert not puts(forwarder, {**forwarded, "events:source": "mlgov.requests"})


class TestShares:
    """RAM: one resource policy, the union of all shares of the group."""

    UNION = policy(
        {**allow(["sagemaker:Describe*", "sagemaker:List*"], [GROUP, PACKAGE]), "Principal": aws(OTHER)},
        {
            **allow(
                "sagemaker:CreateModelPackage",
                PACKAGE,
                Condition={
                    "StringEquals": {
                        "sagemaker:ModelApprovalStatus": "PendingManualApproval",
                        "sagemaker:ModelLifeCycle:Stage": "Development",
                    }
                },
            ),
            "Principal": aws(OTHER),
        },
    )
    DRAFT: ClassVar[dict[str, str]] = {
        "sagemaker:ModelApprovalStatus": "PendingManualApproval",
        "sagemaker:ModelLifeCycle:Stage": "Development",
    }

    def can(self, action: str, context: dict[str, str] | None = None) -> bool:
        return allowed(
            OTHERS, f"sagemaker:{action}", PACKAGE, None, context, identity_policies=[EVERYTHING],
            resource_policy=self.UNION,
        )  # fmt: skip

    def test_a_contributor_registers_drafts_and_approves_nothing(self) -> None:
        """Guards: a version registered as approved, or straight into Production, or without a word about either."""
        assert self.can("DescribeModelPackage")
        assert self.can("CreateModelPackage", self.DRAFT)
        assert not self.can("CreateModelPackage", {**self.DRAFT, "sagemaker:ModelApprovalStatus": "Approved"})
        assert not self.can("CreateModelPackage", {**self.DRAFT, "sagemaker:ModelLifeCycle:Stage": "Production"})
        assert not self.can("CreateModelPackage", {"sagemaker:ModelLifeCycle:Stage": "Development"})
        assert not self.can("UpdateModelPackage")
        assert not self.can("DeleteModelPackage")

    def test_a_share_that_allows_more_wins(self) -> None:
        """Guards: shares taken as an intersection: they are OR-ed, "the widest wins"."""
        wide = policy({**allow("sagemaker:CreateModelPackage", PACKAGE), "Principal": aws(OTHER)})
        approved = {**self.DRAFT, "sagemaker:ModelApprovalStatus": "Approved"}
        assert allowed(
            OTHERS, "sagemaker:CreateModelPackage", PACKAGE, None, approved, identity_policies=[EVERYTHING],
            resource_policy=[self.UNION, wide],
        )  # fmt: skip


def test_the_ledgers_writer_inserts_and_rewrites_nothing() -> None:
    """Guards: a row replaced by PutItem or a transaction that isn't the one meant
    (amazondynamodb/latest/developerguide/ql-iam.html).
    """
    writer = policy(
        allow(
            "dynamodb:PartiQLInsert",
            TABLE,
            Condition={"StringEquals": {"dynamodb:EnclosingOperation": "ExecuteTransaction"}},
        )
    )
    inside = {"dynamodb:EnclosingOperation": "ExecuteTransaction"}
    assert allowed(SESSION, "dynamodb:PartiQLInsert", TABLE, None, inside, identity_policies=[writer])
    assert not allowed(SESSION, "dynamodb:PartiQLInsert", TABLE, None, identity_policies=[writer])
    for action in ("PutItem", "UpdateItem", "DeleteItem", "PartiQLUpdate", "PartiQLDelete", "BatchWriteItem"):
        assert not allowed(SESSION, f"dynamodb:{action}", TABLE, None, inside, identity_policies=[writer])


def test_repositories_are_pulled_from_by_policies_without_resource() -> None:
    """Guards: ECR's policies, whose statements have no Resource, that never match."""
    pull = policy({"Effect": "Allow", "Principal": aws(OTHER), "Action": ["ecr:BatchGetImage"]})
    given: dict[str, Any] = {"identity_policies": [EVERYTHING], "resource_policy": pull}
    assert allowed(OTHERS, "ecr:BatchGetImage", REPOSITORY, None, **given)
    assert not allowed(OTHERS, "ecr:PutImage", REPOSITORY, None, **given)


def test_a_function_is_invoked_by_the_service_that_it_names() -> None:
    """Guards: lambda/latest/dg/access-control-resource-based.html: a rule of another account that invokes."""
    function = policy(
        {
            **allow("lambda:InvokeFunction", FUNCTION),
            "Principal": {"Service": SERVICE},
            "Condition": {"ArnLike": {"AWS:SourceArn": RULE}},
        }
    )
    action = "lambda:InvokeFunction"
    assert allowed(SERVICE, action, FUNCTION, None, {"aws:SourceArn": RULE}, resource_policy=function)
    assert not allowed(SERVICE, action, FUNCTION, None, resource_policy=function)


@pytest.mark.parametrize("action", ["sqs:SetQueueAttributes", "sqs:DeleteQueue", "sqs:AddPermission", "sqs:TagQueue"])
def test_a_queue_is_managed_from_its_own_account_only(action: str) -> None:
    """Guards: sqs-limitations-of-custom-policies.html: "Cross-account permissions don't apply to" these actions."""
    opened: dict[str, Any] = {
        "identity_policies": [EVERYTHING], "resource_policy": policy({**allow(), "Principal": "*"}),
    }  # fmt: skip
    assert allowed(SESSION, action, QUEUE, None, **opened)
    found = judged(OTHERS, action, QUEUE, None, **opened)
    assert not found.allowed
    assert found.reason.startswith(f"{action} has no effect across accounts")
    assert works_across_accounts("sqs:sendmessage")


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        (KEY, True),
        ("arn:aws:kms:eu-west-1:111122223333:alias/a", False),
        ("*", False),
        ("arn:aws:s3:::x:kms:key/1", False),
    ],
)
def test_a_key_is_known_by_its_arn(resource: str, key: bool) -> None:
    """Guards: an alias or `*` judged by a key policy that there is none of."""
    assert is_key(resource) is key
