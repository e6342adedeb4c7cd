"""Settings of users, spaces and apps: what is served of them, and what must exist of what they name.

Sources: botocore sagemaker service-2 (UserSettings, SpaceSettings, ResourceSpec); developer guide, sagemaker-roles
(iam:PassRole on the execution role), studio-notebooks-and-internet-access (VpcOnly).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from rehearsal.organisation.core import ApiError, Call, Caller, Need, NotEmulated, Organisation, Params, pass_role
from rehearsal.organisation.services.ec2.store import Interface, network
from rehearsal.organisation.services.sagemaker.hosting import refuse_members
from rehearsal.organisation.services.sagemaker.needs import Context
from rehearsal.organisation.services.sagemaker.registry import invalid

from .store import INSTANCE_TYPES, LIFECYCLE_CONFIGS, SECURITY_GROUPS, at_arn

PRINCIPAL = "sagemaker.amazonaws.com"
JUPYTER_LAB = "JupyterLab"
_USER = frozenset(
    {
        "ExecutionRole", "SecurityGroups", "JupyterLabAppSettings", "SpaceStorageSettings", "DefaultLandingUri",
        "StudioWebPortal", "AutoMountHomeEFS",
    }
)  # fmt: skip
_JUPYTER_LAB = frozenset({"DefaultResourceSpec", "LifecycleConfigArns", "AppLifecycleManagement", "CodeRepositories"})
_SPEC = frozenset({"InstanceType", "LifecycleConfigArn"})
_SPACE = frozenset({"AppType", "JupyterLabAppSettings", "SpaceStorageSettings"})
_DEFAULT_SPACE = frozenset({"ExecutionRole", "SecurityGroups", "JupyterLabAppSettings", "SpaceStorageSettings"})


def jupyter_lab(settings: Params) -> Params:
    found: Params = settings.get("JupyterLabAppSettings") or {}
    return found


def spec_of(settings: Params) -> Params:
    found: Params = jupyter_lab(settings).get("DefaultResourceSpec") or {}
    return found


def lifecycle_configs(settings: Params) -> list[str]:
    """All lifecycle configurations that settings name."""
    default = spec_of(settings).get("LifecycleConfigArn")
    return [*jupyter_lab(settings).get("LifecycleConfigArns", []), *([default] if default else [])]


def context_of(settings: Params) -> Context:
    """The condition keys that settings carry."""
    context: Context = {}
    if spec_of(settings).get("InstanceType"):
        context[INSTANCE_TYPES] = [spec_of(settings)["InstanceType"]]
    if lifecycle_configs(settings):
        context[LIFECYCLE_CONFIGS] = sorted(set(lifecycle_configs(settings)))
    if settings.get("SecurityGroups"):
        context[SECURITY_GROUPS] = list(settings["SecurityGroups"])
    return context


def role_needs(*settings: Params) -> Iterator[Need]:
    """iam:PassRole on each execution role that the settings name."""
    for role in sorted({one["ExecutionRole"] for one in settings if one.get("ExecutionRole")}):
        yield pass_role(role, PRINCIPAL)


def check_user_settings(org: Organisation, call: Call, settings: Params, where: str) -> None:
    """Refuse what isn't served, and what names something that isn't there."""
    refuse_members(f"{call.operation} in {where}", settings, _USER)
    _check_jupyter_lab(org, call, settings, where)
    default = spec_of(settings).get("LifecycleConfigArn")
    if default and default not in jupyter_lab(settings).get("LifecycleConfigArns", []):
        raise invalid(f"The default lifecycle config [{default}] must be one of LifecycleConfigArns of {where}.")


def check_default_space_settings(org: Organisation, call: Call, settings: Params) -> None:
    refuse_members(f"{call.operation} in DefaultSpaceSettings", settings, _DEFAULT_SPACE)
    _check_jupyter_lab(org, call, settings, "DefaultSpaceSettings")


def check_space_settings(org: Organisation, call: Call, settings: Params) -> None:
    refuse_members(f"{call.operation} in SpaceSettings", settings, _SPACE)
    _check_jupyter_lab(org, call, settings, "SpaceSettings")


def _check_jupyter_lab(org: Organisation, call: Call, settings: Params, where: str) -> None:
    refuse_members(f"{call.operation} in JupyterLabAppSettings of {where}", jupyter_lab(settings), _JUPYTER_LAB)
    check_spec(org, call, spec_of(settings), where)
    for arn in lifecycle_configs(settings):
        check_lifecycle_config(org, call, arn)
    idle = (jupyter_lab(settings).get("AppLifecycleManagement") or {}).get("IdleSettings") or {}
    bounds = [idle.get(name) for name in ("MinIdleTimeoutInMinutes", "IdleTimeoutInMinutes", "MaxIdleTimeoutInMinutes")]
    known = [bound for bound in bounds if bound is not None]
    if known != sorted(known):
        raise invalid(f"IdleTimeoutInMinutes must lie between its minimum and maximum: {known}.")


def check_spec(org: Organisation, call: Call, spec: Params, where: str) -> None:
    refuse_members(f"{call.operation} in ResourceSpec of {where}", spec, _SPEC)
    if spec.get("LifecycleConfigArn"):
        check_lifecycle_config(org, call, spec["LifecycleConfigArn"])


def check_lifecycle_config(org: Organisation, call: Call, arn: str) -> None:
    """One of this account, for JupyterLab."""
    found = at_arn(org, arn)
    if found is None or arn.split(":")[4] != call.owner:
        raise invalid(f"StudioLifecycleConfig [{arn}] does not exist.")
    kind = found.record["StudioLifecycleConfigAppType"]
    if kind != JUPYTER_LAB:
        raise invalid(f"StudioLifecycleConfig [{arn}] is for {kind} apps, not for {JUPYTER_LAB}.")


def execution_session(org: Organisation, call: Call, role: str, arn: str) -> tuple[object, Caller]:
    """The session that SageMaker takes of an execution role; its trust must admit SageMaker for this account.

    Returns credentials and caller. The trust is judged when a domain or profile is made, too: AWS documents that it
    checks PassRole then, and the trust when an app starts.
    """
    if role.split(":")[4] != call.owner:
        raise invalid(f"The execution role {role} must be in the account of the domain, {call.owner}.")
    try:
        return org.service_session(
            PRINCIPAL, role, session_name="SageMaker", source_account=call.owner, source_arn=arn
        )  # fmt: skip
    except ApiError as error:
        raise invalid(
            f'The execution role ARN "{role}" is invalid. Please ensure that the role exists and that its trust '
            f'relationship policy allows the action "sts:AssumeRole" for the service principal "{PRINCIPAL}". '
            f"({error.message})"
        ) from error


def check_network(org: Organisation, call: Call, vpc: str, subnets: list[str], groups: list[str]) -> None:
    """The VPC of this account and region, its subnets, and security groups, must be there.

    Looked up as SageMaker's service-linked role does, not with the caller's rights.
    """
    held = network(org, call.owner, call.region)
    if vpc not in held.vpcs:
        raise invalid(f"The vpc ID '{vpc}' does not exist.")
    for subnet in subnets:
        if subnet not in held.subnets or held.subnets[subnet].vpc != vpc:
            raise invalid(f"The subnet ID '{subnet}' does not exist in the VPC '{vpc}'.")
    for group in groups:
        if group not in held.groups or held.groups[group].vpc != vpc:
            raise invalid(f"The security group '{group}' does not exist in the VPC '{vpc}'.")


def mount(org: Organisation, call: Call, file_system: str, subnets: list[str]) -> None:
    """The mount targets of a domain's home directories: no subnet goes before them."""
    there = network(org, call.owner, call.region)
    for subnet in subnets:
        made = Interface(
            id=f"eni-{uuid.uuid4().hex[:17]}", account=call.owner, region=call.region, subnet=subnet,
            tags={"file-system": file_system},
        )  # fmt: skip
        there.interfaces[made.id] = made


def unmount(org: Organisation, call: Call, file_system: str) -> None:
    there = network(org, call.owner, call.region)
    for one in [one for one in there.interfaces.values() if one.tags.get("file-system") == file_system]:
        del there.interfaces[one.id]


def refuse_sso(params: Params) -> None:
    if params.get("AuthMode") not in (None, "IAM"):
        raise NotEmulated(f"sagemaker:CreateDomain with AuthMode {params['AuthMode']}")
