"""What tests of Studio make over and over, in the hub: a network, an execution role, a domain with its parts."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rehearsal.organisation.emulator import Emulator
from tests.rehearsal.organisation.services.registry_world import HUB, REGION, Client, Statement, unique

SCRIPT = '#!/bin/bash\necho fetched > "$HOME/notebook"\n'


def execution_role(client: Client, *statements: Statement, service: str = "sagemaker.amazonaws.com") -> str:
    """A role that SageMaker may take; returns its ARN."""
    iam = client("hub", None, "iam")
    name = unique("execution")
    trusted = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    )
    if statements:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=json.dumps(document))
    return f"arn:aws:iam::{HUB}:role/{name}"


@dataclass(slots=True)
class Campus:
    """Makes domains and what is in them by the hub's administrator; names are no other test's."""

    org: Emulator
    client: Client
    sagemaker: Any
    role: str
    vpc: str
    subnets: list[str]

    @classmethod
    def of(cls, org: Emulator, client: Client) -> Campus:
        ec2 = client("hub", None, "ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/22")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for cidr, zone in (("10.9.0.0/24", f"{REGION}a"), ("10.9.1.0/24", f"{REGION}b"))
        ]
        return cls(org, client, client("hub", None, "sagemaker"), execution_role(client), vpc, subnets)

    def wait(self, seconds: float = 1.0) -> None:
        self.org.clock.advance(timedelta(seconds=seconds))

    def domain_request(self, **more: Any) -> dict[str, Any]:
        return {
            "DomainName": unique("domain"), "AuthMode": "IAM", "VpcId": self.vpc, "SubnetIds": self.subnets,
            "DefaultUserSettings": {"ExecutionRole": self.role}, **more,
        }  # fmt: skip

    def domain(self, **more: Any) -> str:
        """A domain in service; returns its id."""
        made = self.sagemaker.create_domain(**self.domain_request(**more))["DomainId"]
        self.wait()
        return str(made)

    def profile(self, domain: str, name: str = "alice", **settings: Any) -> str:
        self.sagemaker.create_user_profile(DomainId=domain, UserProfileName=name, UserSettings=settings)
        self.wait()
        return name

    def space_request(self, domain: str, owner: str, **more: Any) -> dict[str, Any]:
        return {
            "DomainId": domain, "SpaceName": f"{owner}-lab", "OwnershipSettings": {"OwnerUserProfileName": owner},
            "SpaceSharingSettings": {"SharingType": "Private"}, "SpaceSettings": {"AppType": "JupyterLab"}, **more,
        }  # fmt: skip

    def space(self, domain: str, owner: str = "alice", **more: Any) -> str:
        self.sagemaker.create_space(**self.space_request(domain, owner, **more))
        self.wait()
        return f"{owner}-lab"

    def app(self, domain: str, space: str = "alice-lab", *, wait: bool = True) -> dict[str, str]:
        """A JupyterLab app, in service if one waits; returns how it is named."""
        named = {"DomainId": domain, "SpaceName": space, "AppType": "JupyterLab", "AppName": "default"}
        self.sagemaker.create_app(**named)
        if wait:
            self.wait()
        return named

    def script(self, text: str = SCRIPT, app_type: str = "JupyterLab") -> str:
        """A lifecycle configuration; returns its ARN."""
        made = self.sagemaker.create_studio_lifecycle_config(
            StudioLifecycleConfigName=unique("script"), StudioLifecycleConfigAppType=app_type,
            StudioLifecycleConfigContent=base64.b64encode(text.encode()).decode(),
        )  # fmt: skip
        return str(made["StudioLifecycleConfigArn"])


def running(script: str) -> dict[str, Any]:
    """User settings whose apps run a script by default."""
    return {
        "JupyterLabAppSettings": {
            "LifecycleConfigArns": [script],
            "DefaultResourceSpec": {"InstanceType": "ml.t3.large", "LifecycleConfigArn": script},
        }
    }
