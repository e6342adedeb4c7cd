"""KMS keys: key policy, delegation to IAM policies, other accounts. Grants: test_grants.py."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access.samples import (
    ACCOUNT,
    EVERYTHING,
    KEY,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    USER,
    allow,
    allowed,
    aws,
    deny,
    judged,
    policy,
)


class TestKeyPolicies:
    """docs.aws.amazon.com/kms/latest/developerguide/: policy-evaluation.html, key-policy-default.html,
    key-policy-modifying-external-accounts.html.
    """

    DEFAULT = policy({**allow("kms:*", Sid="Enable IAM User Permissions"), "Principal": aws(ROOT)})
    USE = policy(allow(["kms:Decrypt", "kms:DescribeKey"], KEY))

    def uses(self, principal: str, key_policy: Any, *identity: Any, action: str = "kms:Decrypt", **more: Any) -> bool:
        return allowed(
            principal, action, KEY, None, identity_policies=list(identity), resource_policy=key_policy, **more
        )

    def test_alice_is_denied_for_want_of_an_iam_policy(self) -> None:
        """Guards: Example 1: the default key policy delegates; "no IAM policy gives Alice permission"."""
        found = judged(USER, "kms:Decrypt", KEY, None, resource_policy=self.DEFAULT)
        assert (found.allowed, found.by) == (False, "identity")
        assert self.uses(USER, self.DEFAULT, self.USE)

    def test_bob_uses_the_key_of_another_account(self) -> None:
        """Guards: Example 2: key policy for the account, IAM policy for the role; each alone is nothing."""
        shared = policy(
            {**allow("kms:*"), "Principal": aws(ROOT)},
            {**allow(["kms:Decrypt", "kms:DescribeKey"]), "Principal": aws(OTHER)},
        )
        bob = f"arn:aws:sts::{OTHER}:assumed-role/Engineering/bob"
        assert self.uses(bob, shared, self.USE)
        assert not self.uses(bob, shared)
        assert not self.uses(bob, self.DEFAULT, self.USE)
        assert not self.uses(bob, shared, policy(allow("kms:*")), action="kms:Encrypt")

    def test_an_iam_policy_alone_is_ineffective(self) -> None:
        """Guards: "Without this permission, IAM policies that allow access to the key are ineffective"."""
        admin_only = policy({**allow("kms:*"), "Principal": aws(USER)})
        found = judged(SESSION, "kms:Decrypt", KEY, None, identity_policies=[EVERYTHING], resource_policy=admin_only)
        assert (found.allowed, found.by) == (False, "resource")
        assert found.reason == f"no statement of the key policy allows reader kms:Decrypt on {KEY}"
        assert not self.uses(SESSION, None, EVERYTHING)

    def test_iam_policies_that_deny_are_still_effective(self) -> None:
        """Guards: "although IAM policies that deny access to the key are still effective"."""
        named = policy({**allow("kms:*"), "Principal": aws(ROLE)})
        assert self.uses(SESSION, named)
        assert not self.uses(SESSION, named, policy(deny("kms:Decrypt")))

    def test_delegation_covers_only_the_actions_that_it_names(self) -> None:
        """Guards: "the permissions specified in the policy statement" read as all of them."""
        describe = policy({**allow("kms:DescribeKey"), "Principal": aws(ROOT)})
        assert self.uses(USER, describe, self.USE, action="kms:DescribeKey")
        assert not self.uses(USER, describe, self.USE)

    def test_even_the_root_user_needs_the_key_policy(self) -> None:
        """Guards: "a key policy does not automatically give permission to the account or any of its identities"."""
        assert self.uses(ROOT, self.DEFAULT)
        assert not self.uses(ROOT, policy({**allow("kms:*"), "Principal": aws(USER)}))

    @pytest.mark.parametrize("action", ["kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:TagResource"])
    def test_management_across_accounts_has_no_effect(self, action: str) -> None:
        """Guards: key-policy-modifying-external-accounts.html: "those permissions have no effect"."""
        shared = policy({**allow("kms:*"), "Principal": aws(OTHER)})
        bob = f"arn:aws:sts::{OTHER}:assumed-role/Engineering/bob"
        assert not self.uses(bob, shared, EVERYTHING, action=action)
        assert self.uses(bob, shared, EVERYTHING, action="kms:CreateGrant")

    def test_a_condition_on_via_service_binds_the_key_to_the_service(self) -> None:
        """Guards: conditions-kms.html#conditions-kms-via-service: a role that decrypts outside S3."""
        condition = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": ACCOUNT}}
        through = policy({**allow("kms:*", Condition=condition), "Principal": {"AWS": "*"}})
        context = {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": ACCOUNT}
        assert self.uses(USER, through, context=context)
        assert not self.uses(USER, through)
        assert not self.uses(USER, through, context={**context, "kms:ViaService": "sqs.eu-west-1.amazonaws.com"})

    @pytest.mark.parametrize(
        ("action", "resource"),
        [("kms:CreateKey", "*"), ("kms:ListKeys", "*"), ("kms:CreateAlias", KEY.replace("key/", "alias/"))],
    )
    def test_what_isnt_done_on_a_key_is_up_to_iam_policies(self, action: str, resource: str) -> None:
        """Guards: "The kms:CreateKey permission is valid only in an IAM policy"."""
        assert allowed(USER, action, resource, identity_policies=[EVERYTHING])

    def test_a_statement_that_kms_ignores_is_told(self) -> None:
        """Guards: hours of search for a key policy's statement without Resource, which KMS stores without a word."""
        lame = policy({"Sid": "Use the key", "Effect": "Allow", "Principal": aws(ROLE), "Action": "kms:*"})
        found = judged(SESSION, "kms:Decrypt", KEY, None, identity_policies=[EVERYTHING], resource_policy=lame)
        assert not found.allowed
        assert "KMS ignores the statements without Action or Resource: Use the key" in found.reason
