"""The claims tell what is wrong with other designs: what can't find their holes would find none of ours."""

from __future__ import annotations

import functools

import pytest

from console.access.differences import Proof, Verdict, prove
from tests.console.access.designs import published_design, reference_system


@functools.cache
def of_reference_system() -> Proof:
    return prove(*reference_system())


def verdict(proof: Proof, claim: str) -> Verdict:
    return next(verdict for verdict in proof.verdicts if verdict.claim.id == claim)


def named(found: Verdict) -> set[tuple[str, str]]:
    """Principal and request of what AWS would answer otherwise than claimed."""
    return {(one.principal, one.ask.partition("#")[0]) for one in found.against if one.where == "both"}


@pytest.mark.parametrize(
    ("claim", "principal", "request_"),
    [
        ("no-self-approval", "dev/execution", "version:decide-and-approve.dev"),
        ("no-self-approval", "test/execution", "version:approve"),
        ("no-self-approval", "dev/execution", "version:rewrite"),
        ("no-spoke-decides", "dev/administrator", "version:approve"),
        ("born-pending", "dev/execution", "version:register-approved"),
        ("versions-stay", "dev/execution", "version:delete"),
        ("versions-stay", "test/execution", "version:delete"),
        ("artifacts-stay", "dev/execution", "artifacts/another:overwrite"),
        ("artifacts-stay", "test/execution", "artifacts/another:overwrite"),
        ("validators-publish-no-artifact", "test/execution", "artifacts/dev:publish"),
        ("no-search", "dev/execution", "registry:search"),
        ("hub-reads-artifacts", "hub/execution", "artifacts-key:decrypt-our-object"),
        ("api-asks-for-identity", "anonymous", "api@test:ask"),
        ("services-for-us-only", "service/sagemaker@outsider", "role/hub/execution:become"),
        ("services-for-us-only", "service/sagemaker-without-source", "role/dev/execution:become"),
    ],
)
def test_the_reference_system_s_holes_are_named(claim: str, principal: str, request_: str) -> None:
    """Guards: a proof that would have passed self-approval, deletion, overwriting, an open API, a missing key grant."""
    found = verdict(of_reference_system(), claim)
    assert not found.proved
    assert (principal, request_) in named(found)


def test_what_decides_is_named_with_the_hole() -> None:
    """Guards: a report that says what is wrong and not where."""
    found = verdict(of_reference_system(), "no-self-approval")
    reason = next(one.reason for one in found.against if one.ask == "version:approve" and one.where == "both")
    assert "AllowAllNonAdminSageMakerActions" in reason
    assert "RAM permission ResourceShareCustomPermissions" in reason


def test_roles_that_nobody_declared_are_named() -> None:
    """Guards: the role through which everybody of a spoke could write any endpoint's row."""
    assert "hub/SageMakerModelEndpointMetricsDDBRole: the intent has no row for this role" in "\n".join(
        str(difference) for difference in of_reference_system().differences
    )


def test_a_published_design_contradicts_its_own_matrix() -> None:
    """Guards: a stage's condition taken for one on approval; one call with both fields passes."""
    found = verdict(prove(*published_design()), "no-self-approval")
    assert ("dev/execution", "version:decide-and-approve.dev") in named(found)
    assert ("dev/execution", "version:approve") not in named(found), "a stage is demanded, so this one is refused"


def test_with_the_missing_condition_the_design_keeps_its_matrix() -> None:
    """Guards: a claim that no design meets, so that it tells nothing."""
    assert named(verdict(prove(*published_design(tests_approval=True)), "no-self-approval")) == {
        ("dev/execution", "version:reopen.dev")
    }, "asking for a stage by an update is all that is left"
