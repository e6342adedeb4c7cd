"""aws.sagemaker: MlflowApp (id: its ARN), MlflowTrackingServer (id: its name).

Sources: hashicorp/terraform-provider-aws internal/service/sagemaker mlflow_app.go, mlflow_tracking_server.go
(defaults, what replaces, the waits; the server's version is kept as major and minor).
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.provider.clients import Clients, NeverReady, wait_gone, wait_until
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.values import Props

GONE = ("ResourceNotFound",)
TAGS = tag_calls("sagemaker", by_arn("ResourceArn"), read="list_tags", add="add_tags", remove="delete_tags")

APP = {
    "name": "Name",
    "artifactStoreUri": "ArtifactStoreUri",
    "modelRegistrationMode": "ModelRegistrationMode",
    "weeklyMaintenanceWindowStart": "WeeklyMaintenanceWindowStart",
    "accountDefaultStatus": "AccountDefaultStatus",
    "defaultDomainIdLists": "DefaultDomainIdList",
}
SERVER = {
    "artifactStoreUri": "ArtifactStoreUri",
    "automaticModelRegistration": "AutomaticModelRegistration",
    "trackingServerSize": "TrackingServerSize",
    "weeklyMaintenanceWindowStart": "WeeklyMaintenanceWindowStart",
}


def _app(aws: Clients, arn: str) -> Props:
    return aws.call("sagemaker", "describe_mlflow_app", Arn=arn)


def _server(aws: Clients, name: str) -> Props:
    return aws.call("sagemaker", "describe_mlflow_tracking_server", TrackingServerName=name)


def _sent(args: Props, names: dict[str, str]) -> Props:
    return {api: args.get(name) for name, api in names.items()}


def _wait_app(aws: Clients, arn: str) -> None:
    _wait(f"the MLflow app {arn}", lambda: str(_app(aws, arn)["Status"]))


def _wait_server(aws: Clients, name: str) -> None:
    _wait(f"the tracking server {name}", lambda: str(_server(aws, name)["TrackingServerStatus"]))


def _wait(what: str, status: Callable[[], str]) -> None:
    def settled() -> bool:
        found = status()
        if found.endswith("Failed"):
            raise NeverReady(f"{what} has the status {found}")
        return not found.endswith("ing")

    wait_until(settled, f"{what} didn't settle")


def _create_app(aws: Clients, args: Props) -> str:
    arn: str = aws.call(
        "sagemaker", "create_mlflow_app",
        **_sent(args, APP), RoleArn=args["roleArn"], Tags=pairs(args.get("tagsAll")),
    )["Arn"]  # fmt: skip
    return arn


def _configure_app(aws: Clients, physical_id: str, args: Props) -> None:
    _wait_app(aws, physical_id)


def _read_app(aws: Clients, physical_id: str, known: Props) -> Props | None:
    found = _app(aws, physical_id)
    if found["Status"] == "Deleted":
        return None
    shown = {name: found.get(api) for name, api in APP.items()}
    return {**shown, "arn": found["Arn"], "roleArn": found["RoleArn"]}


def _update_app(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if any(new.get(name) != old.get(name) for name in APP):
        aws.call("sagemaker", "update_mlflow_app", Arn=physical_id, **_sent(new, APP))
        _wait_app(aws, physical_id)


def _delete_app(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("sagemaker", "delete_mlflow_app", Arn=physical_id)
    wait_gone(lambda: _app(aws, physical_id), GONE, f"the MLflow app {physical_id}")


MLFLOW_APP = ResourceType(
    pulumi_type="aws:sagemaker/mlflowApp:MlflowApp",
    cfn="AWS::SageMaker::MlflowApp",
    name=AutoName(limit=256),
    arguments={
        "accountDefaultStatus": Argument(shape="sagemaker.AccountDefaultStatus"),
        "artifactStoreUri": Argument(cfn="ArtifactStoreUri"),
        "defaultDomainIdLists": Argument(shape="sagemaker.DefaultDomainIdList", unordered=True),
        "modelRegistrationMode": Argument(cfn="ModelRegistrationMode", default="AutoModelRegistrationDisabled"),
        # The provider renames it in place, CloudFormation doesn't.
        "name": Argument(cfn="Name", replaces=False),
        "roleArn": Argument(cfn="RoleArn"),
        "weeklyMaintenanceWindowStart": Argument(cfn="WeeklyMaintenanceWindowStart"),
    },
    tags=TAGS,
    create=_create_app,
    configure=_configure_app,
    read=_read_app,
    update=_update_app,
    delete=_delete_app,
    gone=GONE,
)


def _create_server(aws: Clients, args: Props) -> str:
    aws.call(
        "sagemaker", "create_mlflow_tracking_server",
        TrackingServerName=args["trackingServerName"], MlflowVersion=args.get("mlflowVersion"),
        **_sent(args, SERVER), RoleArn=args["roleArn"], Tags=pairs(args.get("tagsAll")),
    )  # fmt: skip
    name: str = args["trackingServerName"]
    return name


def _configure_server(aws: Clients, physical_id: str, args: Props) -> None:
    _wait_server(aws, physical_id)


def _read_server(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _server(aws, physical_id)
    return {
        **{name: found.get(api) for name, api in SERVER.items()},
        "trackingServerName": found["TrackingServerName"],
        "mlflowVersion": ".".join(found["MlflowVersion"].split(".")[:2]),
        "arn": found["TrackingServerArn"],
        "roleArn": found["RoleArn"],
        "trackingServerUrl": found.get("TrackingServerUrl"),
    }


def _update_server(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    changed = {api: new.get(name) for name, api in SERVER.items() if new.get(name) != old.get(name)}
    if changed:
        aws.call("sagemaker", "update_mlflow_tracking_server", TrackingServerName=physical_id, **changed)
        _wait_server(aws, physical_id)


def _delete_server(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("sagemaker", "delete_mlflow_tracking_server", TrackingServerName=physical_id)
    wait_gone(lambda: _server(aws, physical_id), GONE, f"the tracking server {physical_id}")


MLFLOW_TRACKING_SERVER = ResourceType(
    pulumi_type="aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
    cfn="AWS::SageMaker::MlflowTrackingServer",
    arguments={
        "artifactStoreUri": Argument(cfn="ArtifactStoreUri"),
        "automaticModelRegistration": Argument(cfn="AutomaticModelRegistration", default=False),
        "mlflowVersion": Argument(cfn="MlflowVersion", replaces=True),
        "roleArn": Argument(cfn="RoleArn", replaces=True),
        "trackingServerName": Argument(cfn="TrackingServerName"),
        "trackingServerSize": Argument(cfn="TrackingServerSize", default="Small"),
        "weeklyMaintenanceWindowStart": Argument(cfn="WeeklyMaintenanceWindowStart"),
    },
    tags=TAGS,
    create=_create_server,
    configure=_configure_server,
    read=_read_server,
    update=_update_server,
    delete=_delete_server,
    gone=GONE,
)

TYPES = (MLFLOW_APP, MLFLOW_TRACKING_SERVER)
