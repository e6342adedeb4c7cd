"""Experiment tracking: the role that MLflow works with, what execution roles may do with it, and its bucket's policy.

MLflow's own registry of models is left out on purpose: the governed registry is the hub's, and a second one would say
other things. Automatic registration is off, so that MLflow needs no right on any registry (on, it would register
beside the role that may, dg/mlflow-track-experiments-model-registration), and has an explicit Deny of it.

Sources: dg/mlflow-create-tracking-server-iam (the role's s3 rights; data-plane actions), Service Authorization
Reference (SageMaker, SageMaker with MLflow), aws/sagemaker-mlflow#19 (clients put artifacts themselves).
"""

from __future__ import annotations

from blueprint.limits import Document
from blueprint.names import HUB
from blueprint.organisation import Organisation
from blueprint.policies import trust
from blueprint.policies.documents import Statement, allow, deny, document
from blueprint.policies.roles import DECIDE, DESTROY_EVIDENCE, SEARCH, RoleSpec
from blueprint.tracking_settings import TrackingKind

RUNS = "mlflow"
"""Prefix of the runs' artifacts in the bucket."""

OBJECTS = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
"""What MLflow does with an artifact, large ones in parts. It deletes none: a deleted run keeps its artifacts."""

REGISTER = (
    "sagemaker:AddTags",
    "sagemaker:CreateModelPackage",
    "sagemaker:CreateModelPackageGroup",
)
"""What AWS's page grants the role beside s3, for automatic registration."""

APP_USE = ("sagemaker:CallMlflowAppApi", "sagemaker:CreatePresignedMlflowAppUrl", "sagemaker:DescribeMlflowApp")
"""The data plane of an app is one action: whoever reads its runs may write and delete them too."""

SERVER_USE = ("sagemaker:CreatePresignedMlflowTrackingServerUrl", "sagemaker:DescribeMlflowTrackingServer")

READ_RUNS = (
    "sagemaker-mlflow:GetExperiment",
    "sagemaker-mlflow:GetExperimentByName",
    "sagemaker-mlflow:GetLoggedModel",
    "sagemaker-mlflow:GetMetricHistory",
    "sagemaker-mlflow:GetRun",
    "sagemaker-mlflow:GetTraceInfo",
    "sagemaker-mlflow:ListArtifacts",
    "sagemaker-mlflow:ListLoggedModelArtifacts",
    "sagemaker-mlflow:SearchExperiments",
    "sagemaker-mlflow:SearchLoggedModels",
    "sagemaker-mlflow:SearchRuns",
    "sagemaker-mlflow:SearchTraces",
)
WRITE_RUNS = (
    "sagemaker-mlflow:CreateExperiment",
    "sagemaker-mlflow:CreateRun",
    "sagemaker-mlflow:EndTrace",
    "sagemaker-mlflow:FinalizeLoggedModel",
    "sagemaker-mlflow:LogBatch",
    "sagemaker-mlflow:LogInputs",
    "sagemaker-mlflow:LogLoggedModelParams",
    "sagemaker-mlflow:LogMetric",
    "sagemaker-mlflow:LogModel",
    "sagemaker-mlflow:LogOutputs",
    "sagemaker-mlflow:LogParam",
    "sagemaker-mlflow:SetExperimentTag",
    "sagemaker-mlflow:SetLoggedModelTags",
    "sagemaker-mlflow:SetTag",
    "sagemaker-mlflow:SetTraceTag",
    "sagemaker-mlflow:StartTrace",
    "sagemaker-mlflow:UpdateExperiment",
    "sagemaker-mlflow:UpdateRun",
)
"""What runs are written with. Neither delete nor restore: how a registered model came to be can be asked later."""


def tracking_role(organisation: Organisation, stack: str, account: str) -> RoleSpec:
    """The role of a stack's MLflow: its own bucket's runs, and no registry, whatever another policy grants."""
    names = organisation.names
    return RoleSpec(
        name=names.hub_role("tracking") if stack == HUB else names.role(stack, "tracking"),
        description=f"MLflow of {stack}: artifacts of its runs, no registry",
        trust=trust.trust(trust.sagemaker(organisation.region, account)),
        policies={
            "artifacts": document(*_runs(organisation, stack, account)),
            "never": document(
                deny("NeverRegister", REGISTER, ["*"]),
                deny("NeverDecide", DECIDE, ["*"]),
                deny("NeverDestroyEvidence", DESTROY_EVIDENCE, ["*"]),
                deny("NeverSearch", SEARCH, ["*"]),
            ),
        },
    )


def tracking_rights(organisation: Organisation, stack: str, account: str, kind: TrackingKind) -> dict[str, Document]:
    """The inline policy of an execution role that uses the stack's MLflow; none where there is none.

    An app's id is AWS's choice, and the role mustn't wait for it: all apps of the account, of which the stack makes
    one. AccessUI and the lists have no resource type.
    """
    if kind == "none":
        return {}
    names = organisation.names
    base = f"arn:{names.partition}:sagemaker:{organisation.region}:{account}"
    if kind == "app":
        uses = [
            allow("UseApp", APP_USE, [f"{base}:mlflow-app/*"]),
            allow("ListApps", ["sagemaker:ListMlflowApps"], ["*"]),
        ]
    else:
        server = f"{base}:mlflow-tracking-server/{names.tracking(stack)}"
        uses = [
            allow("UseServer", SERVER_USE, [server]),
            allow("ReadRuns", READ_RUNS, [server]),
            allow("WriteRuns", WRITE_RUNS, [server]),
            allow("ListServers", ["sagemaker-mlflow:AccessUI", "sagemaker:ListMlflowTrackingServers"], ["*"]),
        ]
    return {"tracking": document(*uses, *_runs(organisation, stack, account))}


def tracking_bucket(organisation: Organisation, stack: str, account: str) -> Document:
    """The bucket's policy: nothing without TLS. Who reads and writes is the account's own, by its roles' policies."""
    bucket = organisation.names.tracking_bucket_arn(stack, account)
    return document(
        deny(
            "TlsOnly", ["s3:*"], [bucket, f"{bucket}/*"], principal="*",
            condition={"Bool": {"aws:SecureTransport": "false"}},
        )
    )  # fmt: skip


def _runs(organisation: Organisation, stack: str, account: str) -> list[Statement]:
    """Read and write artifacts of runs. S3 encrypts them itself, so no KMS call is implied."""
    bucket = organisation.names.tracking_bucket_arn(stack, account)
    return [
        allow("KeepArtifacts", OBJECTS, [f"{bucket}/{RUNS}/*"]),
        allow("ListArtifacts", ["s3:ListBucket"], [bucket]),
    ]
