"""MLflow's role and bucket, and what execution roles may do with it."""

from __future__ import annotations

from typing import Any

import pytest

from access import Case, decide
from blueprint.names import Names
from blueprint.policies import hub_roles, spoke_roles
from blueprint.policies.roles import RoleSpec
from blueprint.policies.tracking_roles import tracking_bucket, tracking_rights, tracking_role
from blueprint.tracking_settings import TrackingKind
from tests.blueprint.policies.role_rights import allowed, denied
from tests.blueprint.samples import DEV, HUB, KEY, REGION, TEST, organisation, statement

EXAMPLE = organisation()
BUCKET = f"arn:aws:s3:::mlgov-dev-tracking-{DEV}-{REGION}"
RUN = f"{BUCKET}/mlflow/1/0123/artifacts/model.bin"
OWN_APP = f"arn:aws:sagemaker:{REGION}:{DEV}:mlflow-app/app-0123456789AB"
OWN_SERVER = f"arn:aws:sagemaker:{REGION}:{DEV}:mlflow-tracking-server/mlgov-dev-tracking"
VERSION = f"arn:aws:sagemaker:{REGION}:{HUB}:model-package/ModelCreditRisk/1"
GROUP = f"arn:aws:sagemaker:{REGION}:{DEV}:model-package-group/automatic"


def mlflow() -> RoleSpec:
    return tracking_role(EXAMPLE, "dev", DEV)


def scientist(kind: TrackingKind) -> RoleSpec:
    return spoke_roles.execution_role(EXAMPLE, EXAMPLE.spoke("dev"), KEY, kind)


def may(role: RoleSpec, action: str, resource: str, policies: list[dict[str, Any]] | None = None) -> bool:
    account = resource.split(":")[4] if resource.startswith("arn:") else ""
    case = {
        "request": {
            "principal": f"arn:aws:sts::{DEV}:assumed-role/{role.name}/session",
            "action": action,
            "resource": resource,
            "resource_account": account if account.isdigit() else DEV,
            "context": {"aws:SecureTransport": "true"},
        },
        "identity_policies": [
            *({"name": name, "policy": policy} for name, policy in role.policies.items()),
            *({"name": "another", "policy": policy} for policy in policies or []),
        ],
    }
    return decide(Case.from_dict(case)).allowed


def test_mlflow_keeps_the_artifacts_of_its_own_bucket_and_nothing_else() -> None:
    """Guards: `s3:Get*` on everything, as AWS's own page has it."""
    assert allowed(mlflow()) == {
        "artifacts": {
            "KeepArtifacts": (
                {"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
                {f"{BUCKET}/mlflow/*"},
            ),
            "ListArtifacts": ({"s3:ListBucket"}, {BUCKET}),
        }
    }


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:CreateModelPackage", VERSION),
        ("sagemaker:UpdateModelPackage", VERSION),
        ("sagemaker:DeleteModelPackage", VERSION),
        ("sagemaker:CreateModelPackageGroup", GROUP),
        ("sagemaker:Search", "*"),
    ],
)
def test_mlflow_may_touch_no_registry_whatever_another_policy_says(action: str, resource: str) -> None:
    """Guards: automatic registration that somebody turns on, with the rights that AWS's page asks for."""
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    assert not may(mlflow(), action, resource, [everything])
    assert may(mlflow(), "s3:PutObject", RUN)


def test_its_denies_name_what_they_refuse() -> None:
    """Guards: a Deny that was widened to nothing, or dropped."""
    assert denied(mlflow()).keys() == {"NeverRegister", "NeverDecide", "NeverDestroyEvidence", "NeverSearch"}


def test_sagemaker_alone_becomes_mlflow_for_its_own_account() -> None:
    """Guards: a confused deputy: another account's MLflow with our role (the wildcard form is the one that works)."""
    (found,) = mlflow().trust["Statement"]
    assert found["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert found["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:{REGION}:{DEV}:*"},
        "StringEquals": {"aws:SourceAccount": DEV},
    }


def test_with_an_app_a_scientist_calls_it_and_can_t_replace_it() -> None:
    """Guards: a role that may make, change or delete the app, and with it hand over roles."""
    role = scientist("app")
    for action in ("CallMlflowAppApi", "CreatePresignedMlflowAppUrl", "DescribeMlflowApp"):
        assert may(role, f"sagemaker:{action}", OWN_APP)
        assert not may(role, f"sagemaker:{action}", OWN_APP.replace(DEV, TEST))
    assert may(role, "sagemaker:ListMlflowApps", "*")
    for action in ("CreateMlflowApp", "UpdateMlflowApp", "DeleteMlflowApp"):
        assert not may(role, f"sagemaker:{action}", OWN_APP)
    assert not may(role, "sagemaker-mlflow:CreateRun", OWN_SERVER)


def test_with_a_server_a_scientist_writes_runs_and_takes_none_away() -> None:
    """Guards: runs that are gone when somebody asks how a model came to be; a second registry beside the hub's."""
    role = scientist("server")
    for action in ("CreateRun", "LogBatch", "SearchRuns", "UpdateRun", "LogModel", "ListArtifacts"):
        assert may(role, f"sagemaker-mlflow:{action}", OWN_SERVER)
        assert not may(role, f"sagemaker-mlflow:{action}", OWN_SERVER.replace("mlgov-dev", "other"))
    assert may(role, "sagemaker-mlflow:AccessUI", "*")
    for action in (
        "DeleteRun", "DeleteExperiment", "RestoreRun", "CreateRegisteredModel", "CreateModelVersion",
        "TransitionModelVersionStage",
    ):  # fmt: skip
        assert not may(role, f"sagemaker-mlflow:{action}", OWN_SERVER)
    for action in ("StopMlflowTrackingServer", "DeleteMlflowTrackingServer", "UpdateMlflowTrackingServer"):
        assert not may(role, f"sagemaker:{action}", OWN_SERVER)


@pytest.mark.parametrize("kind", ["app", "server"])
def test_a_scientist_puts_artifacts_itself(kind: TrackingKind) -> None:
    """Guards: `log_artifact` that is refused, as MLflow's clients write to S3 themselves (aws/sagemaker-mlflow#19)."""
    role = scientist(kind)
    assert may(role, "s3:PutObject", RUN)
    assert may(role, "s3:GetObject", RUN)
    assert may(role, "s3:ListBucket", BUCKET)
    assert not may(role, "s3:DeleteObject", RUN)
    assert not may(role, "s3:PutObject", f"{BUCKET}/elsewhere")


def test_without_mlflow_there_are_no_rights_on_it() -> None:
    """Guards: rights that wait for somebody to make what they are about."""
    assert tracking_rights(EXAMPLE, "dev", DEV, "none") == {}
    assert "tracking" not in scientist("none").policies
    assert "tracking" not in hub_roles.execution_role(EXAMPLE, KEY).policies
    assert "tracking" in hub_roles.execution_role(EXAMPLE, KEY, "server").policies


def test_the_bucket_is_closed_to_what_comes_without_tls() -> None:
    """Guards: a bucket with less protection than the others."""
    found = statement(tracking_bucket(EXAMPLE, "dev", DEV), "TlsOnly")
    assert (found["Effect"], found["Action"], found["Principal"]) == ("Deny", "s3:*", "*")
    assert found["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert found["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_stacks_of_one_account_have_buckets_of_their_own() -> None:
    """Guards: a trial in one account whose second stack can't make its bucket, or takes the first one's."""
    names = Names("mlgov", REGION)
    assert names.tracking_bucket("dev", HUB) != names.tracking_bucket("hub", HUB)
    assert names.hub_role("tracking") == tracking_role(EXAMPLE, "hub", HUB).name
