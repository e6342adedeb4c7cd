"""What tests of hosting make over and over, in the hub: an artifact, a role, models, configurations, endpoints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.services.sagemaker import transitions
from tests.rehearsal.organisation.services.registry_world import (
    Client,
    allow,
    bucket_with_artifact,
    role_with,
    unique,
)

STATE = "SageMaker Endpoint State Change"
DEPLOYMENT = "SageMaker Endpoint Deployment State Change"
IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/score:1"
INSTANCE: dict[str, Any] = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
SLOW_SECONDS = 20.0
Emitted = list[tuple[Any, ...]]


def serving_role(client: Client, url: str, *, account: str = "hub", service: str = "sagemaker.amazonaws.com") -> str:
    """A role that SageMaker may take and that reads the artifact; returns its ARN."""
    bucket, key = url.removeprefix("s3://").split("/", 1)
    pulls = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    name = role_with(
        client, account, allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/{key}"),
        allow(*pulls, "ecr:GetAuthorizationToken"),
    )  # fmt: skip
    iam = client(account, None, "iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let transitions take so long that none ends while a test looks; `Hall.wait` skips the time."""
    monkeypatch.setattr(transitions, "TRANSITION_SECONDS", SLOW_SECONDS)


@dataclass(slots=True)
class Hall:
    """Makes hosted things by the hub's administrator; returns names, which no other test uses."""

    org: Emulator
    client: Client
    sagemaker: Any
    url: str
    role: str

    @classmethod
    def of(cls, org: Emulator, client: Client) -> Hall:
        url = bucket_with_artifact(client)
        return cls(org, client, client("hub", None, "sagemaker"), url, serving_role(client, url))

    def model(self, **more: Any) -> str:
        name = unique("Model")
        container = {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": self.url}}
        self.sagemaker.create_model(**({"ModelName": name, "ExecutionRoleArn": self.role} | container | more))
        return str(more.get("ModelName", name))

    def unreadable_model(self) -> str:
        """A model whose role has lost the artifact since."""
        role = serving_role(self.client, self.url)
        name = self.model(ExecutionRoleArn=role)
        self.client("hub", None, "iam").delete_role_policy(RoleName=role.rsplit("/", 1)[1], PolicyName="rights")
        return name

    def config(self, *variants: dict[str, Any], **more: Any) -> str:
        name = unique("Config")
        given = list(variants) or [{"VariantName": "main", "ModelName": self.model(), **INSTANCE}]
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=given, **more)
        return name

    def endpoint(self, config: str | None = None, **more: Any) -> str:
        """An endpoint in service."""
        name = unique("EndPoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config or self.config(), **more)
        self.wait()
        return name

    def modelless_endpoint(self) -> str:
        """An endpoint in service that takes inference components on its variant `main`."""
        return self.endpoint(self.config({"VariantName": "main", **INSTANCE}, ExecutionRoleArn=self.role))

    def component(self, endpoint: str, specification: dict[str, Any], **more: Any) -> str:
        name = unique("Component")
        self.sagemaker.create_inference_component(
            InferenceComponentName=name, EndpointName=endpoint, Specification=specification, **more
        )
        return name

    def wait(self, seconds: float = 2.5 * SLOW_SECONDS) -> None:
        self.org.clock.advance(timedelta(seconds=seconds))

    def described(self, endpoint: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=endpoint)
        return answer

    def status(self, endpoint: str) -> str:
        return str(self.described(endpoint)["EndpointStatus"])
