"""Studio: a domain in the account's network, a user profile and a private JupyterLab space for each person, a script.

The script that fetches the notebooks is attached to the profiles, not to the domain or the spaces, since it changes
with every notebook: the provider's update of a domain without internet is refused by SageMaker
(hashicorp/terraform-provider-aws#45528), and so is one of a space's settings (#38370). An application takes its owner's
script where its space names none.

What a space begins with is its owner's from then on, who chooses another instance in Studio: the program looks away.
Not owned: applications, which people start. They, and spaces that people made, block a `destroy`; `governance cleanup`
takes them down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import sagemaker

from blueprint.library import LibraryFacts, encoded, script, script_digest
from blueprint.settings import Settings
from components.network import Network, NetworkArgs
from components.options import stateful_child

JUPYTER_LAB = "JupyterLab"


@dataclass(frozen=True, kw_only=True, slots=True)
class StudioArgs:
    """`execution_ready`: the role's policies."""

    settings: Settings
    root: Path
    network: Network
    execution_role_arn: pulumi.Input[str]
    execution_ready: Sequence[pulumi.Resource]
    library: LibraryFacts


def idle(
    settings: Settings,
) -> sagemaker.DomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagementIdleSettingsArgsDict:
    """Native idle shutdown, whose time nobody can put off."""
    minutes = settings.studio.idle_minutes
    return {
        "lifecycle_management": "ENABLED",
        "idle_timeout_in_minutes": minutes,
        "min_idle_timeout_in_minutes": minutes,
        "max_idle_timeout_in_minutes": minutes,
    }


class Studio(pulumi.ComponentResource):
    """`profiles`: name of the private space by user profile."""

    domain_id: pulumi.Output[str]
    profiles: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: StudioArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:studio:Studio", name, None, opts)
        settings = args.settings
        domain = self._domain(name, args)
        fetch = self._script(name, args)
        self.domain_id = domain.id
        self.profiles = {
            person: self._place(name, args, domain, fetch, person) for person in settings.studio.user_profiles
        }
        self.register_outputs({"domain_id": self.domain_id, "profiles": self.profiles})

    def _place(
        self,
        name: str,
        args: StudioArgs,
        domain: sagemaker.Domain,
        fetch: sagemaker.StudioLifecycleConfig,
        person: str,
    ) -> pulumi.Output[str]:
        """A person's profile and private space; the space's name."""
        settings, chosen = args.settings, args.settings.studio
        profile = sagemaker.UserProfile(
            f"{name}-{person}",
            domain_id=domain.id,
            user_profile_name=person,
            user_settings={
                "execution_role": args.execution_role_arn,
                "jupyter_lab_app_settings": {
                    # Once more, since a profile's settings come before the domain's as a whole.
                    "app_lifecycle_management": {"idle_settings": idle(settings)},
                    "default_resource_spec": {"instance_type": chosen.instance_type, "lifecycle_config_arn": fetch.arn},
                    "lifecycle_config_arns": [fetch.arn],
                },
            },
            opts=stateful_child(self, settings.stateful),
        )
        space = sagemaker.Space(
            f"{name}-{person}",
            domain_id=domain.id,
            space_name=settings.organisation.names.space(settings.stack, person),
            ownership_settings={"owner_user_profile_name": profile.user_profile_name},
            space_sharing_settings={"sharing_type": "Private"},
            space_settings={
                "app_type": JUPYTER_LAB,
                "jupyter_lab_app_settings": {"default_resource_spec": {"instance_type": chosen.instance_type}},
                "space_storage_settings": {"ebs_storage_settings": {"ebs_volume_size_in_gb": chosen.volume_gb}},
            },
            opts=pulumi.ResourceOptions.merge(
                stateful_child(self, settings.stateful), pulumi.ResourceOptions(ignore_changes=["spaceSettings"])
            ),
        )
        return space.space_name

    def _domain(self, name: str, args: StudioArgs) -> sagemaker.Domain:
        """IAM users, no Docker, idle applications stopped, tags handed on.

        In a trial the home directories' file system goes with the domain; else it stays, with what people wrote.
        """
        settings, network = args.settings, args.network
        groups = None if network.security_group_id is None else [network.security_group_id]
        return sagemaker.Domain(
            name,
            domain_name=settings.organisation.names.domain(settings.stack),
            auth_mode="IAM",
            app_network_access_type=settings.network.mode,
            vpc_id=network.vpc_id,
            subnet_ids=network.subnet_ids,
            tag_propagation="ENABLED",
            retention_policy={"home_efs_file_system": "Delete" if settings.stateful == "destroy" else "Retain"},
            domain_settings={"docker_settings": {"enable_docker_access": "DISABLED"}},
            default_user_settings={
                "execution_role": args.execution_role_arn,
                "security_groups": groups,
                "studio_web_portal": "ENABLED",
                "default_landing_uri": "studio::",
                "jupyter_lab_app_settings": {"app_lifecycle_management": {"idle_settings": idle(settings)}},
            },
            # Of shared spaces, should an administrator make one: no other role is there for them.
            default_space_settings={"execution_role": args.execution_role_arn, "security_groups": groups},
            # The role is tried when the domain is made, and its rights when somebody opens it.
            opts=stateful_child(
                self,
                settings.stateful,
                after=[*network.ready, *args.execution_ready],
                adopted=settings.adopt.domain,
            ),
        )

    def _script(self, name: str, args: StudioArgs) -> sagemaker.StudioLifecycleConfig:
        """It can't be changed: a new one has a new name, is attached to the profiles, and then the old one goes."""
        settings = args.settings
        organisation, stack = settings.organisation, settings.stack
        text = script(args.root, organisation, stack, settings.account, args.library)
        return sagemaker.StudioLifecycleConfig(
            name,
            studio_lifecycle_config_name=organisation.names.lifecycle_config(stack, script_digest(text)),
            studio_lifecycle_config_app_type=JUPYTER_LAB,
            studio_lifecycle_config_content=encoded(text),
            opts=pulumi.ResourceOptions(parent=self),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkplaceArgs:
    """As StudioArgs, before there is a network."""

    settings: Settings
    root: Path
    execution_role_arn: pulumi.Input[str]
    execution_ready: Sequence[pulumi.Resource]
    library: LibraryFacts


class Workplace(pulumi.ComponentResource):
    """Studio in a network of its own, in the stacks that have it; else neither: `domain_id` is "" then."""

    domain_id: pulumi.Input[str]
    profiles: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: WorkplaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:studio:Workplace", name, None, opts)
        settings = args.settings
        self.domain_id = ""
        self.profiles = {}
        if settings.studio.wanted(settings.organisation, settings.stack):
            inside = pulumi.ResourceOptions(parent=self)
            studio = Studio(
                name,
                StudioArgs(
                    settings=settings,
                    root=args.root,
                    network=Network(name, NetworkArgs(settings=settings), inside),
                    execution_role_arn=args.execution_role_arn,
                    execution_ready=args.execution_ready,
                    library=args.library,
                ),
                inside,
            )
            self.domain_id, self.profiles = studio.domain_id, studio.profiles
        self.register_outputs({"domain_id": self.domain_id, "profiles": self.profiles})
