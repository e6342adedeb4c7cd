"""Who may assume a role.

docs.aws.amazon.com/: STS/latest/APIReference/API_AssumeRole.html,
IAM/latest/UserGuide/id_roles_update-role-trust-policy.html.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.access.samples import (
    ACCOUNT,
    EVERYTHING,
    OTHER,
    ROLE,
    ROOT,
    S3_ONLY,
    SERVICE,
    SESSION,
    STRANGER_SESSION,
    TARGET,
    USER,
    allow,
    allowed,
    aws,
    judged,
    policy,
    trust,
)


class TestRoleTrust:
    """STS/latest/APIReference/API_AssumeRole.html; id_roles_update-role-trust-policy.html."""

    ASSUME = policy(allow("sts:AssumeRole", TARGET))

    def assumes(
        self, principal: str, role_trust: Any, *identity: Any, action: str = "sts:AssumeRole", **more: Any
    ) -> bool:
        return allowed(
            principal, action, TARGET, None, more.pop("context", {}), role_trust=role_trust,
            identity_policies=list(identity), **more,
        )  # fmt: skip

    def test_in_one_account_a_trust_by_name_is_enough_and_a_trust_of_the_account_delegates(self) -> None:
        """Guards: "Attach a policy to the user …(as long as the role's trust policy trusts the account)" or "Add the
        user as a principal directly in the role's trust policy. You can do either".
        """
        assert self.assumes(USER, trust(aws(USER)))
        assert self.assumes(SESSION, trust(aws(ROLE)))
        assert not self.assumes(USER, trust(aws(ROOT)))
        assert self.assumes(USER, trust(aws(ROOT)), self.ASSUME)

    def test_without_trust_no_identity_policy_is_enough(self) -> None:
        """Guards: an administrator that assumes every role: trust policies "must explicitly allow access"."""
        assert not self.assumes(USER, trust(aws(OTHER)), EVERYTHING)
        assert not self.assumes(USER, None, EVERYTHING)
        assert not self.assumes(ROLE.replace("reader", "target"), None, EVERYTHING)

    def test_across_accounts_both_are_needed(self) -> None:
        """Guards: "adding an account to the trust policy of a role is only half"."""
        assert not self.assumes(STRANGER_SESSION, trust(aws(OTHER)))
        assert not self.assumes(STRANGER_SESSION, trust(aws(STRANGER_SESSION)))
        assert not self.assumes(STRANGER_SESSION, None, self.ASSUME)
        assert self.assumes(STRANGER_SESSION, trust(aws(OTHER)), self.ASSUME)

    def test_a_users_boundary_limits_even_a_trust_that_names_the_user(self) -> None:
        """Guards: "If a permissions boundary is set for the user, then it must allow the sts:AssumeRole action"."""
        assert not self.assumes(USER, trust(aws(USER)), permissions_boundary=S3_ONLY)
        assert self.assumes(USER, trust(aws(USER)), permissions_boundary=EVERYTHING)

    def test_a_service_assumes_by_trust_alone_within_its_conditions(self) -> None:
        """Guards: the confused deputy: a service that assumes for a resource of another account."""
        condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
        role = trust({"Service": "lambda.amazonaws.com"}, Condition=condition)
        service = "lambda.amazonaws.com"
        assert self.assumes(service, role, context={"aws:SourceAccount": ACCOUNT})
        assert not self.assumes(service, role, context={"aws:SourceAccount": OTHER})
        assert not self.assumes(service, role)
        assert not self.assumes(SERVICE, role, context={"aws:SourceAccount": ACCOUNT})

    def test_an_identity_provider_assumes_with_the_claims_that_the_trust_asks_for(self) -> None:
        """Guards: a pipeline of another repository that deploys (id_roles_providers_create_oidc.html)."""
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
        claim = "token.actions.githubusercontent.com:sub"
        role = trust(
            {"Federated": provider},
            "sts:AssumeRoleWithWebIdentity",
            Condition={"StringLike": {claim: "repo:mlgov/*"}},
        )
        action = "sts:AssumeRoleWithWebIdentity"
        assert self.assumes(provider, role, action=action, context={claim: "repo:mlgov/main"})
        assert not self.assumes(provider, role, action=action, context={claim: "repo:other/main"})

    @pytest.mark.parametrize("action", ["sts:TagSession", "sts:SetSourceIdentity"])
    def test_session_tags_and_source_identity_need_trust_of_their_own(self, action: str) -> None:
        """Guards: a tag or source identity passed by who may only assume (id_session-tags.html)."""
        assert not self.assumes(SESSION, trust(aws(ROLE)), EVERYTHING, action=action)
        assert self.assumes(SESSION, trust(aws(ROLE), ["sts:AssumeRole", action]), action=action)

    def test_a_trust_may_ask_for_mfa_and_an_external_id(self) -> None:
        """Guards: API_AssumeRole.html: `"Bool": {"aws:MultiFactorAuthPresent": true}`; a third party's external id."""
        condition = {"Bool": {"aws:MultiFactorAuthPresent": True}, "StringEquals": {"sts:ExternalId": "12345"}}
        role = trust(aws(OTHER), Condition=condition)
        good = {"aws:MultiFactorAuthPresent": "true", "sts:ExternalId": "12345"}
        assert self.assumes(STRANGER_SESSION, role, self.ASSUME, context=good)
        assert not self.assumes(STRANGER_SESSION, role, self.ASSUME, context={**good, "sts:ExternalId": "1"})
        assert not self.assumes(STRANGER_SESSION, role, self.ASSUME, context={"sts:ExternalId": "12345"})

    def test_the_trust_says_nothing_about_other_actions(self) -> None:
        """Guards: iam:PassRole or GetRole refused because a trust doesn't name the caller."""
        assert allowed(
            USER, "iam:PassRole", TARGET, identity_policies=[EVERYTHING], role_trust=trust({"Service": SERVICE})
        )

    def test_what_the_trust_lacks_is_told(self) -> None:
        """Guards: a reason that sends the reader to the identity policy."""
        found = judged(
            USER, "sts:AssumeRole", TARGET, None, identity_policies=[EVERYTHING], role_trust=trust(aws(OTHER))
        )
        assert found.by == "trust"
        assert found.reason == f"no statement of the trust of {TARGET} allows alice sts:AssumeRole on {TARGET}"
