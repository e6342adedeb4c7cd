"""aws.sagemaker: Domain, UserProfile, Space, StudioLifecycleConfig. Ids: domain id; ARNs; the configuration's name.

As terraform-provider-aws does it, its faults included: an update of a domain without internet sends its network access
without the VPC, which SageMaker refuses (#45528), and one of a space's settings sends the app type, which it refuses
likewise (#38370); other subnets replace a domain (#48778).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.provider.clients import Clients, NeverReady, wait_gone, wait_until
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.tagging import by_arn, pairs, tag_calls
from rehearsal.provider.values import Props

GONE = ("ResourceNotFound",)
TAGS = tag_calls("sagemaker", by_arn("ResourceArn"), read="list_tags", add="add_tags", remove="delete_tags")
SPELT = {
    "defaultUserSettings": "DefaultUserSettings",
    "defaultSpaceSettings": "DefaultSpaceSettings",
    "domainSettings": "DomainSettings",
    "userSettings": "UserSettings",
    "ownershipSettings": "OwnershipSettings",
    "spaceSharingSettings": "SpaceSharingSettings",
    "spaceSettings": "SpaceSettings",
    "executionRole": "ExecutionRole",
    "securityGroups": "SecurityGroups",
    "securityGroupIds": "SecurityGroupIds",
    "studioWebPortal": "StudioWebPortal",
    "defaultLandingUri": "DefaultLandingUri",
    "jupyterLabAppSettings": "JupyterLabAppSettings",
    "appLifecycleManagement": "AppLifecycleManagement",
    "idleSettings": "IdleSettings",
    "idleTimeoutInMinutes": "IdleTimeoutInMinutes",
    "lifecycleManagement": "LifecycleManagement",
    "maxIdleTimeoutInMinutes": "MaxIdleTimeoutInMinutes",
    "minIdleTimeoutInMinutes": "MinIdleTimeoutInMinutes",
    "defaultResourceSpec": "DefaultResourceSpec",
    "instanceType": "InstanceType",
    "lifecycleConfigArn": "LifecycleConfigArn",
    "lifecycleConfigArns": "LifecycleConfigArns",
    "dockerSettings": "DockerSettings",
    "enableDockerAccess": "EnableDockerAccess",
    "spaceStorageSettings": "SpaceStorageSettings",
    "defaultEbsStorageSettings": "DefaultEbsStorageSettings",
    "defaultEbsVolumeSizeInGb": "DefaultEbsVolumeSizeInGb",
    "maximumEbsVolumeSizeInGb": "MaximumEbsVolumeSizeInGb",
    "ebsStorageSettings": "EbsStorageSettings",
    "ebsVolumeSizeInGb": "EbsVolumeSizeInGb",
    "appType": "AppType",
    "ownerUserProfileName": "OwnerUserProfileName",
    "sharingType": "SharingType",
}
"""Pulumi's spelling of the nested settings that are carried out, and SageMaker's."""

READ = {api: name for name, api in SPELT.items()}
JUPYTER_LAB = "jupyterLabAppSettings"
SPEC = f"{JUPYTER_LAB}.defaultResourceSpec"
DOCKER = "domainSettings.dockerSettings.enableDockerAccess"
IDLE = f"{JUPYTER_LAB}.appLifecycleManagement.idleSettings"


def _to_api(value: Any) -> Any:
    if isinstance(value, dict):
        return {SPELT[name]: _to_api(item) for name, item in value.items() if item is not None}
    return [_to_api(item) for item in value] if isinstance(value, list) else value


def _from_api(value: Any) -> Any:
    if isinstance(value, dict):
        return {READ[name]: _from_api(item) for name, item in value.items() if name in READ}
    return [_from_api(item) for item in value] if isinstance(value, list) else value


def _under(prefix: str, cfn: str, paths: Mapping[str, str]) -> dict[str, Argument]:
    """Arguments of settings, by their path under `prefix` and the CloudFormation path of each ("" for none)."""
    return {
        f"{prefix}.{path}": Argument(cfn=f"{cfn}.{api}" if api else None, unordered=path.endswith("Groups"))
        for path, api in paths.items()
    }


def _api_path(path: str) -> str:
    return ".".join(SPELT[part] for part in path.split("."))


USER_PATHS = (
    "executionRole", "securityGroups", "studioWebPortal", "defaultLandingUri", f"{SPEC}.instanceType",
    f"{SPEC}.lifecycleConfigArn", f"{JUPYTER_LAB}.lifecycleConfigArns", f"{IDLE}.idleTimeoutInMinutes",
    f"{IDLE}.lifecycleManagement", f"{IDLE}.maxIdleTimeoutInMinutes", f"{IDLE}.minIdleTimeoutInMinutes",
    "spaceStorageSettings.defaultEbsStorageSettings.defaultEbsVolumeSizeInGb",
    "spaceStorageSettings.defaultEbsStorageSettings.maximumEbsVolumeSizeInGb",
)  # fmt: skip


def _wait(what: str, status: Callable[[], str]) -> None:
    def ready() -> bool:
        found = status()
        if "failed" in found.lower():
            raise NeverReady(f"{what} has the status {found}")
        return found == "InService"

    wait_until(ready, f"{what} didn't become InService")


def _describe_domain(aws: Clients, physical_id: str) -> Props:
    return aws.call("sagemaker", "describe_domain", DomainId=physical_id)


def _create_domain(aws: Clients, args: Props) -> str:
    made: str = aws.call(
        "sagemaker", "create_domain",
        DomainName=args["domainName"], AuthMode=args["authMode"], VpcId=args["vpcId"], SubnetIds=args["subnetIds"],
        AppNetworkAccessType=args.get("appNetworkAccessType"), TagPropagation=args.get("tagPropagation"),
        DefaultUserSettings=_to_api(args["defaultUserSettings"]),
        DefaultSpaceSettings=_to_api(args.get("defaultSpaceSettings")),
        DomainSettings=_to_api(args.get("domainSettings")), Tags=pairs(args.get("tagsAll")),
    )["DomainId"]  # fmt: skip
    return made


def _domain_ready(aws: Clients, physical_id: str, args: Props) -> None:
    _wait(f"the domain {physical_id}", lambda: str(_describe_domain(aws, physical_id)["Status"]))


def _read_domain(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _describe_domain(aws, physical_id)
    return {
        "arn": found["DomainArn"],
        "domainName": found["DomainName"],
        "authMode": found["AuthMode"],
        "vpcId": found["VpcId"],
        "subnetIds": found["SubnetIds"],
        "appNetworkAccessType": found["AppNetworkAccessType"],
        "tagPropagation": found["TagPropagation"],
        "defaultUserSettings": _from_api(found["DefaultUserSettings"]),
        "defaultSpaceSettings": _from_api(found.get("DefaultSpaceSettings")),
        "domainSettings": _from_api(found.get("DomainSettings")),
        "homeEfsFileSystemId": found["HomeEfsFileSystemId"],
        "url": found["Url"],
        "retentionPolicy": known.get("retentionPolicy"),
    }


def _update_domain(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    sections = (
        "defaultUserSettings",
        "defaultSpaceSettings",
        "domainSettings",
        "appNetworkAccessType",
        "tagPropagation",
    )
    changed = {name for name in sections if new.get(name) != old.get(name)}
    if not changed:
        return
    aws.call(
        "sagemaker", "update_domain", DomainId=physical_id,
        DefaultUserSettings=_to_api(new["defaultUserSettings"]) if "defaultUserSettings" in changed else None,
        DefaultSpaceSettings=_to_api(new.get("defaultSpaceSettings")) if "defaultSpaceSettings" in changed else None,
        DomainSettingsForUpdate=_to_api(new.get("domainSettings")) if "domainSettings" in changed else None,
        TagPropagation=new.get("tagPropagation") if "tagPropagation" in changed else None,
        AppNetworkAccessType=new.get("appNetworkAccessType"),
    )  # fmt: skip
    _domain_ready(aws, physical_id, new)


def _delete_domain(aws: Clients, physical_id: str, state: Props) -> None:
    retention = (state.get("retentionPolicy") or {}).get("homeEfsFileSystem")
    aws.call(
        "sagemaker", "delete_domain", DomainId=physical_id,
        RetentionPolicy={"HomeEfsFileSystem": retention} if retention else None,
    )  # fmt: skip
    wait_gone(lambda: _describe_domain(aws, physical_id), GONE, f"the domain {physical_id}")


DOMAIN = ResourceType(
    pulumi_type="aws:sagemaker/domain:Domain",
    cfn="AWS::SageMaker::Domain",
    arguments={
        "domainName": Argument(cfn="DomainName"),
        "authMode": Argument(cfn="AuthMode"),
        "vpcId": Argument(cfn="VpcId", replaces=True),
        "subnetIds": Argument(cfn="SubnetIds", replaces=True, unordered=True),
        "appNetworkAccessType": Argument(cfn="AppNetworkAccessType", default="PublicInternetOnly"),
        "tagPropagation": Argument(cfn="TagPropagation", default="DISABLED"),
        "retentionPolicy.homeEfsFileSystem": Argument(shape="sagemaker.RetentionType", kept=True),
        DOCKER: Argument(cfn=_api_path(DOCKER)),
        **_under("defaultUserSettings", "DefaultUserSettings", {path: _api_path(path) for path in USER_PATHS}),
        **_under("defaultSpaceSettings", "DefaultSpaceSettings",
                 {path: _api_path(path) for path in ("executionRole", "securityGroups")}),
    },
    tags=TAGS,
    create=_create_domain,
    configure=_domain_ready,
    read=_read_domain,
    update=_update_domain,
    delete=_delete_domain,
    gone=GONE,
)  # fmt: skip


def _named(physical_id: str) -> tuple[str, str]:
    """Domain and name of a profile's or space's ARN."""
    _, domain, name = physical_id.rsplit("/", 2)
    return domain, name


def _describe_profile(aws: Clients, physical_id: str) -> Props:
    domain, name = _named(physical_id)
    return aws.call("sagemaker", "describe_user_profile", DomainId=domain, UserProfileName=name)


def _create_profile(aws: Clients, args: Props) -> str:
    arn: str = aws.call(
        "sagemaker", "create_user_profile", DomainId=args["domainId"], UserProfileName=args["userProfileName"],
        UserSettings=_to_api(args.get("userSettings")), Tags=pairs(args.get("tagsAll")),
    )["UserProfileArn"]  # fmt: skip
    return arn


def _profile_ready(aws: Clients, physical_id: str, args: Props) -> None:
    _wait(f"the user profile {physical_id}", lambda: str(_describe_profile(aws, physical_id)["Status"]))


def _read_profile(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _describe_profile(aws, physical_id)
    return {
        "arn": found["UserProfileArn"],
        "domainId": found["DomainId"],
        "userProfileName": found["UserProfileName"],
        "userSettings": _from_api(found.get("UserSettings")),
    }


def _update_profile(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    domain, name = _named(physical_id)
    if new.get("userSettings") != old.get("userSettings"):
        settings = _to_api(new.get("userSettings"))
        aws.call("sagemaker", "update_user_profile", DomainId=domain, UserProfileName=name, UserSettings=settings)
        _profile_ready(aws, physical_id, new)


def _delete_profile(aws: Clients, physical_id: str, state: Props) -> None:
    domain, name = _named(physical_id)
    aws.call("sagemaker", "delete_user_profile", DomainId=domain, UserProfileName=name)
    wait_gone(lambda: _describe_profile(aws, physical_id), GONE, f"the user profile {physical_id}")


PROFILE = ResourceType(
    pulumi_type="aws:sagemaker/userProfile:UserProfile",
    cfn="AWS::SageMaker::UserProfile",
    arguments={
        "domainId": Argument(cfn="DomainId"),
        "userProfileName": Argument(cfn="UserProfileName"),
        # CloudFormation's profiles know no idle settings of their own.
        **_under("userSettings", "UserSettings",
                 {path: "" if path.startswith(IDLE) else _api_path(path) for path in USER_PATHS}),
    },
    tags=TAGS,
    create=_create_profile,
    configure=_profile_ready,
    read=_read_profile,
    update=_update_profile,
    delete=_delete_profile,
    gone=GONE,
)  # fmt: skip


def _describe_space(aws: Clients, physical_id: str) -> Props:
    domain, name = _named(physical_id)
    return aws.call("sagemaker", "describe_space", DomainId=domain, SpaceName=name)


def _create_space(aws: Clients, args: Props) -> str:
    arn: str = aws.call(
        "sagemaker", "create_space", DomainId=args["domainId"], SpaceName=args["spaceName"],
        SpaceSettings=_to_api(args.get("spaceSettings")), OwnershipSettings=_to_api(args.get("ownershipSettings")),
        SpaceSharingSettings=_to_api(args.get("spaceSharingSettings")), Tags=pairs(args.get("tagsAll")),
    )["SpaceArn"]  # fmt: skip
    return arn


def _space_ready(aws: Clients, physical_id: str, args: Props) -> None:
    _wait(f"the space {physical_id}", lambda: str(_describe_space(aws, physical_id)["Status"]))


def _read_space(aws: Clients, physical_id: str, known: Props) -> Props:
    found = _describe_space(aws, physical_id)
    return {
        "arn": found["SpaceArn"],
        "domainId": found["DomainId"],
        "spaceName": found["SpaceName"],
        "url": found["Url"],
        "spaceSettings": _from_api(found["SpaceSettings"]),
        "ownershipSettings": _from_api(found["OwnershipSettings"]),
        "spaceSharingSettings": _from_api(found["SpaceSharingSettings"]),
    }


def _update_space(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    domain, name = _named(physical_id)
    if new.get("spaceSettings") != old.get("spaceSettings"):
        settings = _to_api(new["spaceSettings"])
        aws.call("sagemaker", "update_space", DomainId=domain, SpaceName=name, SpaceSettings=settings)
        _space_ready(aws, physical_id, new)


def _delete_space(aws: Clients, physical_id: str, state: Props) -> None:
    domain, name = _named(physical_id)
    aws.call("sagemaker", "delete_space", DomainId=domain, SpaceName=name)
    wait_gone(lambda: _describe_space(aws, physical_id), GONE, f"the space {physical_id}")


SPACE = ResourceType(
    pulumi_type="aws:sagemaker/space:Space",
    cfn="AWS::SageMaker::Space",
    arguments={
        "domainId": Argument(cfn="DomainId"),
        "spaceName": Argument(cfn="SpaceName"),
        "ownershipSettings.ownerUserProfileName": Argument(cfn="OwnershipSettings.OwnerUserProfileName"),
        "spaceSharingSettings.sharingType": Argument(cfn="SpaceSharingSettings.SharingType"),
        **_under("spaceSettings", "SpaceSettings", {path: _api_path(path) for path in (
            "appType", f"{SPEC}.instanceType", "spaceStorageSettings.ebsStorageSettings.ebsVolumeSizeInGb",
        )}),
    },
    tags=TAGS,
    create=_create_space,
    configure=_space_ready,
    read=_read_space,
    update=_update_space,
    delete=_delete_space,
    gone=GONE,
)  # fmt: skip


def _create_script(aws: Clients, args: Props) -> str:
    name: str = args["studioLifecycleConfigName"]
    aws.call(
        "sagemaker", "create_studio_lifecycle_config", StudioLifecycleConfigName=name,
        StudioLifecycleConfigContent=args["studioLifecycleConfigContent"],
        StudioLifecycleConfigAppType=args["studioLifecycleConfigAppType"], Tags=pairs(args.get("tagsAll")),
    )  # fmt: skip
    return name


def _read_script(aws: Clients, physical_id: str, known: Props) -> Props:
    found = aws.call("sagemaker", "describe_studio_lifecycle_config", StudioLifecycleConfigName=physical_id)
    return {
        "arn": found["StudioLifecycleConfigArn"],
        "studioLifecycleConfigName": found["StudioLifecycleConfigName"],
        "studioLifecycleConfigContent": found["StudioLifecycleConfigContent"],
        "studioLifecycleConfigAppType": found["StudioLifecycleConfigAppType"],
    }


def _delete_script(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("sagemaker", "delete_studio_lifecycle_config", StudioLifecycleConfigName=physical_id)


LIFECYCLE_CONFIG = ResourceType(
    pulumi_type="aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig",
    cfn="AWS::SageMaker::StudioLifecycleConfig",
    arguments={
        "studioLifecycleConfigName": Argument(cfn="StudioLifecycleConfigName"),
        "studioLifecycleConfigContent": Argument(cfn="StudioLifecycleConfigContent"),
        "studioLifecycleConfigAppType": Argument(cfn="StudioLifecycleConfigAppType"),
    },
    tags=TAGS,
    create=_create_script,
    read=_read_script,
    delete=_delete_script,
    gone=GONE,
)

TYPES = (DOMAIN, PROFILE, SPACE, LIFECYCLE_CONFIG)
