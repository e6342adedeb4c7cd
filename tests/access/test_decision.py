"""Decisions: the worked examples of AWS's evaluation pages.

The pages are under docs.aws.amazon.com/IAM/latest/UserGuide/ unless a test says otherwise.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from tests.access.samples import (
    ACCOUNT,
    EVERYTHING,
    FEDERATED,
    NOT_S3,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    S3_ONLY,
    SESSION,
    STRANGER,
    STRANGER_SESSION,
    USER,
    allow,
    allowed,
    aws,
    deny,
    judged,
    policy,
)


def bucket(principal: Any, *further: dict[str, Any]) -> dict[str, Any]:
    return policy({**allow("s3:*"), "Principal": principal}, *further)


class TestOneAccount:
    """reference_policies_evaluation-logic_policy-eval-basics.html and …-denyallow.html."""

    CARLOS = f"arn:aws:iam::{ACCOUNT}:user/carlossalazar"
    OWN = "arn:aws:s3:::amzn-s3-demo-bucket-carlossalazar"
    IDENTITY = policy(
        allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*", Sid="AllowS3ListRead"),
        allow("s3:*", [f"{OWN}/*", OWN], Sid="AllowS3Self"),
        deny("s3:*", "arn:aws:s3:::*log*", Sid="DenyS3Logs"),
    )
    BUCKET = policy({**allow("s3:*", [f"{OWN}/*", OWN]), "Principal": aws(CARLOS)})

    def test_carlos_is_denied_the_log_bucket_and_allowed_his_own(self) -> None:
        """Guards: the page's example: the Deny of his own policy decides, whatever the bucket says."""
        logs = judged(
            self.CARLOS,
            "s3:PutObject",
            f"{self.OWN}-logs/x",
            identity_policies=[self.IDENTITY],
            resource_policy=self.BUCKET,
        )
        assert logs.decision == "denied"
        assert logs.by == "identity policy statement DenyS3Logs"
        assert logs.reason == "explicit deny in identity policy statement DenyS3Logs"
        own = (self.CARLOS, "s3:PutObject", f"{self.OWN}/x")
        assert allowed(*own, identity_policies=[self.IDENTITY], resource_policy=self.BUCKET)

    def test_either_side_is_enough(self) -> None:
        """Guards: "If one of the policy types allows the request and the other doesn't, …" it "is still allowed"."""
        own = (self.CARLOS, "s3:PutObject", f"{self.OWN}/x")
        assert allowed(*own, identity_policies=[self.IDENTITY])
        assert allowed(*own, resource_policy=self.BUCKET)
        assert not allowed(*own)

    def test_sqs_allows_as_its_table_of_both_policies_says(self) -> None:
        """Guards: repost.aws/knowledge-center/sqs-queue-access-permissions: the two tables of nine rows."""
        queue = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"
        forms: dict[str, list[dict[str, Any]]] = {"allow": [allow("sqs:*")], "none": [], "deny": [deny("sqs:*")]}
        for principal, both in ((USER, False), (f"arn:aws:iam::{OTHER}:user/alice", True)):
            for mine, own in forms.items():
                for its, other in forms.items():
                    found = allowed(
                        principal,
                        "sqs:SendMessage",
                        queue,
                        identity_policies=[policy(*own)],
                        resource_policy=policy(*({**one, "Principal": aws(principal)} for one in other)),
                    )
                    needed = {mine, its} == {"allow"} if both else "allow" in (mine, its)
                    assert found is (needed and "deny" not in (mine, its)), (principal, mine, its)

    def test_the_root_user_has_full_access_to_its_account(self) -> None:
        """Guards: "By default, all requests are implicitly denied with the exception of the AWS account root user"."""
        assert allowed(ROOT)
        assert not allowed(ROOT, resource_policy=policy({**deny(), "Principal": aws(ROOT)}))
        assert not allowed(ROOT, service_control_policies=[[policy(allow(), deny("s3:*"))]])
        assert not allowed(ROOT, owner=OTHER)

    def test_an_account_principal_delegates_and_grants_nobody(self) -> None:
        """Guards: a bucket policy that names the own account's root, read as a grant to each of its users."""
        assert not allowed(USER, resource_policy=bucket(aws(ACCOUNT)))
        assert allowed(USER, identity_policies=[S3_ONLY], resource_policy=bucket(aws(ACCOUNT)))

    def test_a_deny_of_the_account_denies_its_users(self) -> None:
        """Guards: a Deny with the account's root as principal that reaches only the root user."""
        denying = policy({**deny(), "Principal": aws(ROOT)})
        assert not allowed(USER, identity_policies=[EVERYTHING], resource_policy=denying)
        assert not allowed(SESSION, identity_policies=[EVERYTHING], resource_policy=denying)


class TestBoundaryAndSession:
    """access_policies_boundaries.html and reference_policies_evaluation-logic_policy-eval-denyallow.html."""

    @pytest.mark.parametrize("limit", ["permissions_boundary", "session_policy"])
    def test_identity_policy_and_limit_intersect(self, limit: str) -> None:
        """Guards: a boundary or session policy that grants, or doesn't limit."""
        cases: list[tuple[dict[str, Any], dict[str, Any] | None, bool]] = [
            (EVERYTHING, S3_ONLY, True),
            (EVERYTHING, NOT_S3, False),
            (NOT_S3, S3_ONLY, False),
            (EVERYTHING, policy(allow(), deny("s3:*")), False),
            (EVERYTHING, None, True),
        ]
        for identity, limiting, expected in cases:
            policies: dict[str, Any] = {"identity_policies": [identity], limit: limiting}
            assert allowed(**policies) is expected

    def test_shirley_can_do_nothing_with_a_policy_outside_her_boundary(self) -> None:
        """Guards: the page's example: iam:CreateUser allowed, boundary s3, cloudwatch, ec2."""
        shirley = f"arn:aws:iam::{ACCOUNT}:user/Shirley"
        found = judged(
            shirley,
            "iam:CreateUser",
            "*",
            identity_policies=[policy(allow("iam:CreateUser"))],
            permissions_boundary=policy(allow(["s3:*", "cloudwatch:*", "ec2:*"])),
        )
        assert not found.allowed
        assert found.by == "boundary"
        assert found.reason == "no statement of the permissions boundary of Shirley allows iam:CreateUser on *"

    TABLE: ClassVar[list[tuple[str, Any, tuple[bool, bool, bool]]]] = [
        # who asks, whom the bucket names, whether an implicit deny of identity policy, boundary, session limits it
        (USER, aws(USER), (False, False, False)),
        (SESSION, aws(SESSION), (False, False, False)),
        (SESSION, aws(ROLE), (False, True, True)),
        (ROLE, aws(ROLE), (False, True, True)),
        (FEDERATED, aws(FEDERATED), (False, False, False)),
        (USER, "*", (False, False, False)),
        (SESSION, "*", (False, False, False)),
        (SESSION, {"AWS": "*"}, (False, False, False)),
        (USER, aws(ROOT), (True, True, True)),
        (SESSION, aws(ROOT), (True, True, True)),
    ]

    @pytest.mark.parametrize(("principal", "named", "limited"), TABLE)
    def test_what_limits_a_resource_policy_depends_on_whom_it_names(
        self, principal: str, named: Any, limited: tuple[bool, bool, bool]
    ) -> None:
        """Guards: the rules "IAM role", "IAM role session", "IAM user", "federated user" of the page, and `*` of
        reference_policies_elements_principal.html#principal-anonymous.
        """
        by_identity, by_boundary, by_session = limited
        session = {"session_policy": EVERYTHING} if principal == FEDERATED else {}
        full: dict[str, Any] = {"identity_policies": [EVERYTHING], "resource_policy": bucket(named), **session}
        assert allowed(principal, **full)
        assert allowed(principal, **(full | {"identity_policies": [NOT_S3]})) is not by_identity
        without: dict[str, Any] = full | {"identity_policies": [NOT_S3]} if not by_identity else full
        assert allowed(principal, **(without | {"permissions_boundary": NOT_S3})) is not by_boundary
        assert allowed(principal, **(without | {"session_policy": NOT_S3})) is not by_session

    def test_principal_arn_with_a_wildcard_principal_is_not_limited_and_with_the_account_is(self) -> None:
        """Guards: "Permissions boundaries and session policies do not limit permissions granted using the
        aws:PrincipalArn condition key with a wildcard(*) in the Principal element, unless … an explicit deny".
        """
        condition = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
        everybody = policy({**allow("s3:*", Condition=condition), "Principal": "*"})
        account = policy({**allow("s3:*", Condition=condition), "Principal": aws(ROOT)})
        assert allowed(SESSION, resource_policy=everybody, permissions_boundary=NOT_S3, session_policy=NOT_S3)
        assert not allowed(SESSION, resource_policy=account)
        assert not allowed(USER, resource_policy=everybody)
        assert not allowed(SESSION, resource_policy=everybody, permissions_boundary=policy(deny("s3:*")))

    def test_a_federated_user_without_a_session_policy_has_what_resources_give_it(self) -> None:
        """Guards: STS/latest/APIReference/API_GetFederationToken.html: "if you do not pass a policy, then the resulting
        federated user session has no permissions", but for resource policies that name it.
        """
        assert not allowed(FEDERATED, identity_policies=[EVERYTHING])
        assert allowed(FEDERATED, identity_policies=[EVERYTHING], session_policy=S3_ONLY)
        assert allowed(FEDERATED, resource_policy=bucket(aws(FEDERATED)))


class TestTwoAccounts:
    """reference_policies_evaluation-logic-cross-account.html."""

    DEMO = "arn:aws:sts::111111111111:assumed-role/Demo/carlos"
    PRODUCTION = "arn:aws:s3:::amzn-s3-demo-bucket-production"
    IDENTITY = policy(
        allow("s3:ListAllMyBuckets", Sid="AllowS3ListRead"),
        allow("s3:*Object*", f"{PRODUCTION}/*", Sid="AllowS3ProductionObjectActions"),
        deny("s3:*", ["arn:aws:s3:::*log*", "arn:aws:s3:::*log*/*"], Sid="DenyS3Logs"),
    )
    BUCKET = policy(
        {
            **allow(["s3:GetObject*", "s3:PutObject*", "s3:ReplicateObject", "s3:RestoreObject"], f"{PRODUCTION}/*"),
            "Principal": aws("arn:aws:iam::111111111111:role/Demo"),
        }
    )

    def test_carlos_may_save_to_production_and_not_to_the_logs(self) -> None:
        """Guards: the page's example, both requests."""
        theirs: dict[str, Any] = {"owner": "222222222222", "identity_policies": [self.IDENTITY]}
        logs = judged(self.DEMO, "s3:PutObject", f"{self.PRODUCTION}-logs/x", **theirs)
        assert logs.by == "identity policy statement DenyS3Logs"
        saved = judged(self.DEMO, "s3:PutObject", f"{self.PRODUCTION}/x", resource_policy=self.BUCKET, **theirs)
        assert saved.allowed
        assert saved.by == ("identity policy statement AllowS3ProductionObjectActions and resource policy statement 0")
        delete = judged(self.DEMO, "s3:DeleteObject", f"{self.PRODUCTION}/x", resource_policy=self.BUCKET, **theirs)
        assert delete.by == "resource"

    @pytest.mark.parametrize("named", [aws(OTHER), aws(STRANGER), aws(STRANGER_SESSION), "*"])
    def test_however_the_resource_names_it_the_identity_side_must_allow_too(self, named: Any) -> None:
        """Guards: access from another account by the bucket policy alone; boundary and session policy count."""
        mine: dict[str, Any] = {"owner": ACCOUNT, "resource_policy": bucket(named)}
        assert not allowed(STRANGER_SESSION, **mine)
        assert allowed(STRANGER_SESSION, identity_policies=[S3_ONLY], **mine)
        assert not allowed(STRANGER_SESSION, identity_policies=[S3_ONLY], permissions_boundary=NOT_S3, **mine)
        assert not allowed(STRANGER_SESSION, identity_policies=[S3_ONLY], session_policy=NOT_S3, **mine)

    def test_the_other_accounts_root_user_has_what_the_account_was_given(self) -> None:
        """Guards: access_policies-cross-account-resource-access.html: "the root user has full access to BucketA"."""
        assert allowed(f"arn:aws:iam::{OTHER}:root", owner=ACCOUNT, resource_policy=bucket(aws(OTHER)))
        assert not allowed(f"arn:aws:iam::{OTHER}:root", owner=ACCOUNT)

    def test_what_both_sides_lack_is_told(self) -> None:
        """Guards: a reader who mends one side and is denied by the other."""
        found = judged(STRANGER_SESSION, owner=ACCOUNT)
        assert found.by == "identity"
        assert found.reason == (
            f"no identity policy of reader allows s3:GetObject on {OBJECT}; "
            f"no resource policy is there that allows reader s3:GetObject on {OBJECT}"
        )
        half = judged(STRANGER_SESSION, owner=ACCOUNT, identity_policies=[S3_ONLY], resource_policy=bucket(aws(ROOT)))
        assert half.by == "resource"
        assert half.reason == f"no statement of the resource policy allows reader s3:GetObject on {OBJECT}"


def test_get_caller_identity_can_neither_be_missing_nor_denied() -> None:
    """Guards: every SDK's first call refused (STS/latest/APIReference/API_GetCallerIdentity.html)."""
    denied = policy(deny())
    assert allowed(USER, "sts:GetCallerIdentity", "*", identity_policies=[denied])
    assert allowed(USER, "sts:GetCallerIdentity", "*", service_control_policies=[[denied]])


def test_matching_tags_open_and_other_tags_dont() -> None:
    """Guards: tutorial_attribute-based-access-control.html: the policy access-same-project-team."""
    keys = ("access-project", "access-team", "cost-center")
    tags = {key: f"${{aws:PrincipalTag/{key}}}" for key in keys}
    abac = policy(
        allow(
            "secretsmanager:*",
            Condition={
                "StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()},
                "ForAllValues:StringEquals": {"aws:TagKeys": [*keys, "Name", "OwnedBy"]},
                "StringEqualsIfExists": {f"aws:RequestTag/{key}": value for key, value in tags.items()},
            },
        ),
        allow(
            ["secretsmanager:Describe*", "secretsmanager:Get*", "secretsmanager:List*"],
            Condition={"StringEquals": {"aws:ResourceTag/access-team": tags["access-team"]}},
        ),
        deny("secretsmanager:UntagResource", Condition={"ForAnyValue:StringLike": {"aws:TagKeys": "access-*"}}),
        deny("secretsmanager:*Policy"),
    )
    secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:s"

    def tagged(kind: str, project: str, team: str = "eng") -> dict[str, Any]:
        return dict(zip((f"aws:{kind}Tag/{key}" for key in keys), (project, team, "987654"), strict=True))

    def can(action: str, context: dict[str, Any]) -> bool:
        return allowed(
            SESSION,
            f"secretsmanager:{action}",
            secret,
            None,
            {**tagged("Principal", "peg"), **context},
            identity_policies=[abac],
        )

    own, other, foreign = tagged("Resource", "peg"), tagged("Resource", "uni"), tagged("Resource", "peg", "qas")
    assert can("UpdateSecret", own)
    assert not can("UpdateSecret", other)
    assert can("GetSecretValue", other), "reading across projects, within the team"
    assert not can("GetSecretValue", foreign)
    assert not can("TagResource", {**own, "aws:TagKeys": ["access-project", "colour"]})
    assert can("TagResource", {**own, "aws:TagKeys": ["Name"]})
    assert not can("TagResource", {**own, "aws:TagKeys": ["access-project"], "aws:RequestTag/access-project": "uni"})
    assert not can("UntagResource", {**own, "aws:TagKeys": ["access-team"]})
    assert not can("PutResourcePolicy", own)
