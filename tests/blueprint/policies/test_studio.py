"""What Studio adds to execution roles, and who reads the library."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from access import Case, decide
from blueprint.organisation import Organisation
from blueprint.policies.library_bucket import library_bucket
from blueprint.policies.studio import studio_rights
from tests.blueprint.samples import (
    DEV,
    HUB,
    ORGANISATION_ID,
    OUTSIDER,
    REGION,
    TEST,
    grants,
    organisation,
    statement,
)

EXAMPLE = organisation()
STUDIO = f"arn:aws:sagemaker:{REGION}:{DEV}"
SPACE_APP = f"{STUDIO}:app/d-one/mlgov-dev-alice/JupyterLab/default"
LIBRARY = f"arn:aws:s3:::mlgov-notebooks-{HUB}-{REGION}"
FILE = f"{LIBRARY}/notebooks/{'0' * 64}/register.ipynb"


def asked(action: str, resource: str, **context: Any) -> bool:
    """Whether the dev execution role may, in a Studio session of alice unless the context says otherwise."""
    session = {"sagemaker:DomainId": "d-one", "sagemaker:UserProfileName": "alice"}
    return decide(
        Case.from_dict(
            {
                "request": {
                    "principal": f"arn:aws:sts::{DEV}:assumed-role/mlgov-dev-execution/SageMaker",
                    "action": action,
                    "resource": resource,
                    "context": session | context,
                },
                "identity_policies": [studio_rights(EXAMPLE, "dev", DEV)["studio"]],
            }
        )
    ).allowed


def of(owner: str, sharing: str = "Private") -> dict[str, str]:
    return {
        "sagemaker:OwnerUserProfileArn": f"{STUDIO}:user-profile/d-one/{owner}",
        "sagemaker:SpaceSharingType": sharing,
    }


@pytest.mark.parametrize("action", ["sagemaker:CreateApp", "sagemaker:DeleteApp"])
def test_a_person_runs_what_is_in_the_own_private_space(action: str) -> None:
    """Guards: one role for all profiles, with which everybody stops or opens everybody's work."""
    assert asked(action, SPACE_APP, **of("alice"))
    assert not asked(action, SPACE_APP, **of("bob"))
    assert not asked(action, SPACE_APP, **of("alice", "Shared"))
    assert not asked(action, f"{STUDIO}:app/d-two/mlgov-dev-alice/JupyterLab/default", **of("alice"))


def test_a_session_that_studio_didn_t_give_runs_nothing() -> None:
    """Guards: a variable without a value that matches everything."""
    request = {
        "principal": f"arn:aws:sts::{DEV}:assumed-role/mlgov-dev-execution/somebody",
        "action": "sagemaker:CreateApp",
        "resource": SPACE_APP,
        "context": of("alice"),
    }
    policy = studio_rights(EXAMPLE, "dev", DEV)["studio"]
    assert not decide(Case.from_dict({"request": request, "identity_policies": [policy]})).allowed


def test_spaces_are_changed_by_their_owners_and_made_by_nobody() -> None:
    """Guards: spaces that the program doesn't know, without the script that fetches the notebooks."""
    space = f"{STUDIO}:space/d-one/mlgov-dev-alice"
    assert asked("sagemaker:UpdateSpace", space, **of("alice"))
    assert not asked("sagemaker:UpdateSpace", space, **of("bob"))
    assert not asked("sagemaker:CreateSpace", space, **of("alice"))
    assert not asked("sagemaker:DeleteSpace", space, **of("alice"))


def test_a_way_in_is_made_for_the_own_profile_alone() -> None:
    """Guards: one person's applications opened under another's name."""
    assert asked("sagemaker:CreatePresignedDomainUrl", f"{STUDIO}:user-profile/d-one/alice")
    assert not asked("sagemaker:CreatePresignedDomainUrl", f"{STUDIO}:user-profile/d-one/bob")


def test_tags_are_put_on_by_starting_and_in_no_other_way() -> None:
    """Guards: a tag, by which others are admitted, put on whatever one likes."""
    assert asked("sagemaker:AddTags", SPACE_APP, **{"sagemaker:TaggingAction": "CreateApp"})
    assert not asked("sagemaker:AddTags", SPACE_APP)
    assert not asked("sagemaker:AddTags", f"{STUDIO}:model/m", **{"sagemaker:TaggingAction": "CreateModel"})


def test_only_validators_try_endpoints() -> None:
    """Guards: a registering role that asks what serves, or a validator that can't."""
    assert "TryEndpoints" not in grants(studio_rights(EXAMPLE, "dev", DEV)["studio"])
    assert "TryEndpoints" not in grants(studio_rights(EXAMPLE, "hub", HUB)["studio"])
    tried = grants(studio_rights(EXAMPLE, "test", TEST)["studio"])["TryEndpoints"]
    assert tried == ({"sagemaker:InvokeEndpoint"}, {f"arn:aws:sagemaker:{REGION}:{TEST}:endpoint/*"})


def without_studio(name: str) -> Organisation:
    stages = tuple(replace(stage, studio=stage.name != name) for stage in EXAMPLE.stages)
    return replace(EXAMPLE, stages=stages)


def test_a_stage_without_studio_gives_no_right_to_it() -> None:
    """Guards: rights for what isn't there, in the account that serves customers."""
    assert studio_rights(without_studio("test"), "test", TEST) == {}
    fetch = statement(library_bucket(without_studio("test")), "ExecutionRolesFetch")
    assert fetch["Principal"] == {"AWS": f"arn:aws:iam::{DEV}:root"}


def fetched(role: str, account: str, action: str = "s3:GetObject", *, tls: str = "true") -> bool:
    """What the library's bucket policy says to a role that may everything itself."""
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    context = {
        "aws:PrincipalArn": f"arn:aws:iam::{account}:role/{role}",
        "aws:PrincipalAccount": account,
        "aws:SecureTransport": tls,
    }
    if account != OUTSIDER:
        context["aws:PrincipalOrgID"] = ORGANISATION_ID
    return decide(
        Case.from_dict(
            {
                "request": {
                    "principal": f"arn:aws:sts::{account}:assumed-role/{role}/s",
                    "action": action,
                    "resource": FILE,
                    "resource_account": HUB,
                    "context": context,
                },
                "identity_policies": [everything],
                "resource_policy": library_bucket(EXAMPLE),
            }
        )
    ).allowed


def test_execution_roles_read_the_library_and_nobody_else_outside_the_hub() -> None:
    """Guards: notebooks that a spoke can't fetch, or that anybody can."""
    assert fetched("mlgov-dev-execution", DEV)
    assert fetched("mlgov-test-execution", TEST)
    assert fetched("mlgov-hub-execution", HUB)
    assert not fetched("mlgov-dev-execution", DEV, tls="false")
    assert not fetched("mlgov-dev-serving", DEV)
    assert not fetched("Administrator", DEV)
    assert not fetched("mlgov-dev-execution", OUTSIDER)


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectTagging"])
def test_none_of_our_roles_changes_the_library(action: str) -> None:
    """Guards: a notebook that one team puts under the others' hands; the deployment itself still publishes."""
    assert not fetched("mlgov-dev-execution", DEV, action)
    assert not fetched("mlgov-hub-execution", HUB, action)
    assert fetched("OrganizationAccountAccessRole", HUB, action)
