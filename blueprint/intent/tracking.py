"""Experiment tracking: requests to MLflow and to the artifacts of its runs, and who may what there.

Sources: Service Authorization Reference (SageMaker, SageMaker with MLflow).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from blueprint.intent.asking import Asks
from blueprint.intent.bucket_asks import CLEAR
from blueprint.intent.model import Admission, Context, Facts, Refusal, RoleIntent
from blueprint.intent.roles import MEMBER
from blueprint.intent.words import DECIDE, DESTROY_EVIDENCE, REGISTER, on
from blueprint.names import HUB
from blueprint.organisation import Organisation

KEEP = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
USE_APP = ["sagemaker:CallMlflowAppApi", "sagemaker:CreatePresignedMlflowAppUrl", "sagemaker:DescribeMlflowApp"]
USE_SERVER = ["sagemaker:CreatePresignedMlflowTrackingServerUrl", "sagemaker:DescribeMlflowTrackingServer"]
READ_RUNS = [
    f"sagemaker-mlflow:{name}"
    for name in (
        "GetExperiment", "GetExperimentByName", "GetLoggedModel", "GetMetricHistory", "GetRun", "GetTraceInfo",
        "ListArtifacts", "ListLoggedModelArtifacts", "SearchExperiments", "SearchLoggedModels", "SearchRuns",
        "SearchTraces",
    )
]  # fmt: skip
WRITE_RUNS = [
    f"sagemaker-mlflow:{name}"
    for name in (
        "CreateExperiment", "CreateRun", "EndTrace", "FinalizeLoggedModel", "LogBatch", "LogInputs",
        "LogLoggedModelParams", "LogMetric", "LogModel", "LogOutputs", "LogParam", "SetExperimentTag",
        "SetLoggedModelTags", "SetTag", "SetTraceTag", "StartTrace", "UpdateExperiment", "UpdateRun",
    )
]  # fmt: skip


def tracked(of: Organisation, facts: Facts) -> Iterator[tuple[str, str, str]]:
    """(stack, account, kind) of the stacks that have an MLflow."""
    homes = {HUB: of.hub} | {spoke.stack: spoke.account for spoke in of.spokes}
    for stack, account in homes.items():
        kind = facts.of(stack).tracking
        if kind != "none":
            yield stack, account, kind


def ask_tracking(asks: Asks) -> None:
    of = asks.organisation
    for stack, account, kind in tracked(of, asks.facts):
        bucket = of.names.tracking_bucket_arn(stack, account)
        add = partial(_add, asks, stack, account)

        add("run", "keep", KEEP, f"{bucket}/mlflow/r")
        add("run", "keep-in-clear", KEEP, f"{bucket}/mlflow/r", context=CLEAR)
        add("run", "delete", "s3:DeleteObject", f"{bucket}/mlflow/r")
        add("stray-run", "keep", KEEP, f"{bucket}/stray")
        add("runs-bucket", "list", "s3:ListBucket", bucket)
        add("runs-bucket", "list-in-clear", "s3:ListBucket", bucket, context=CLEAR)
        add("runs-bucket", "configure", ["s3:PutBucketPolicy", "s3:DeleteBucket"], bucket)
        if kind == "app":
            app = asks.arn("sagemaker", "mlflow-app/app-1", account)
            add("mlflow", "use", USE_APP, app)
            add("mlflow", "delete", "sagemaker:DeleteMlflowApp", app)
            elsewhere = asks.arn("sagemaker", "mlflow-app/app-1", MEMBER)
            asks.add(f"another-mlflow@{stack}:use", USE_APP, elsewhere, account=MEMBER, stack=stack)
        else:
            for thing, name in {"mlflow": of.names.tracking(stack), "another-mlflow": "another"}.items():
                server = asks.arn("sagemaker", f"mlflow-tracking-server/{name}", account)
                add(thing, "use", [*USE_SERVER, *READ_RUNS, *WRITE_RUNS], server)
                add(thing, "delete", ["sagemaker:DeleteMlflowTrackingServer", "sagemaker-mlflow:DeleteRun"], server)
    asks.add("tracking:list-apps", "sagemaker:ListMlflowApps", "*", account="")
    lists = ["sagemaker-mlflow:AccessUI", "sagemaker:ListMlflowTrackingServers"]
    asks.add("tracking:list-servers", lists, "*", account="")


def _add(
    asks: Asks,
    stack: str,
    account: str,
    thing: str,
    verb: str,
    actions: str | list[str],
    arn: str,
    context: Context | None = None,
) -> None:
    """A verb on a thing of the stack."""
    asks.add(f"{thing}@{stack}:{verb}", actions, arn, account=account, stack=stack, context=context)


def experiments(stack: str, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(may, held) of those who make experiments in a stack: its execution role."""
    kind = facts.of(stack).tracking
    if kind == "none":
        return (), ()
    may, held = _runs(stack)
    lists = "tracking:list-apps" if kind == "app" else "tracking:list-servers"
    return (*may, f"mlflow@{stack}:use", lists), held


def _runs(stack: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(may, held) with the artifacts of a stack's runs."""
    return (
        (f"run@{stack}:keep", f"runs-bucket@{stack}:list"),
        (f"run@{stack}:keep-in-clear", f"runs-bucket@{stack}:list-in-clear"),
    )


def tracking_intents(of: Organisation, facts: Facts) -> list[RoleIntent]:
    """MLflow's own role: its runs, and no registry, whatever is attached to it."""
    found = []
    for stack, _, _ in tracked(of, facts):
        may, held = _runs(stack)
        found.append(
            RoleIntent(
                id=f"{stack}/tracking",
                may=may,
                held=held,
                never=(*REGISTER, *DECIDE, *DESTROY_EVIDENCE, "registry:search", "group:create"),
                anywhere=("sagemaker:AddTags",),
            )
        )
    return found


def tracking_sides(of: Organisation, facts: Facts) -> tuple[list[Admission], list[Refusal]]:
    """What roles and buckets of tracking admit and refuse by themselves."""
    admitted, refused = [], []
    for stack, _, _ in tracked(of, facts):
        verbs = ("become", "become-by-name#AssumeRole", "become-with-mfa#AssumeRole")
        admitted.append(Admission(asks=on((f"role/{stack}/tracking",), verbs), who=(f"service/sagemaker@{stack}",)))
        refused.append(Refusal(asks=(f"run@{stack}:keep-in-clear", f"runs-bucket@{stack}:list-in-clear")))
    return admitted, refused
