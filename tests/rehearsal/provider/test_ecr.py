"""The types of image repositories against the emulated organisation, each call of their rows; without the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.organisation.control import Control
from rehearsal.organisation.emulator import Emulator
from rehearsal.provider.clients import Clients, connect
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.lifecycle import Lifecycle
from rehearsal.provider.metadata import type_data
from rehearsal.provider.plan import compare, plan
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import Props

HUB = "111111111111"
REGION = "eu-west-1"
REPOSITORY = "aws:ecr/repository:Repository"
POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


@pytest.fixture(scope="module")
def aws(organisation: Emulator) -> Clients:
    held = Control(organisation.endpoint).credentials("hub")
    return connect(
        Configuration(
            region=REGION, access_key=held.access_key, secret_key=held.secret_key, token=held.session_token,
            endpoints=dict.fromkeys(("ecr", "kms", "sts"), organisation.endpoint),
        )
    )  # fmt: skip


def planned(token: str, **args: Any) -> Props:
    tags = {"tags": {"owner": "risk"}, "tagsAll": {"owner": "risk"}} if token == REPOSITORY else {}
    return {**plan(TYPES[token], args), **tags}


def changed(token: str, old: Props, new: Props) -> dict[str, bool]:
    return {change.path: change.replaces for change in compare(TYPES[token], type_data(token), old, new)}


def life(aws: Clients, token: str) -> Lifecycle:
    return Lifecycle(TYPES[token], type_data(token), aws)


def test_a_repository_comes_up_changes_and_goes(aws: Clients) -> None:
    """Guards: a type that can't be created, read back as planned, changed in place, or deleted with its images."""
    key = aws.call("kms", "create_key")["KeyMetadata"]["Arn"]
    args: Props = {
        "name": "mlgov/credit-risk", "imageTagMutability": "IMMUTABLE", "forceDelete": True,
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key}],
    }  # fmt: skip
    made = life(aws, REPOSITORY).create(planned(REPOSITORY, **args))
    assert made.state["repositoryUrl"] == f"{HUB}.dkr.ecr.{REGION}.amazonaws.com/mlgov/credit-risk"
    assert changed(REPOSITORY, made.state, planned(REPOSITORY, **args)) == {}
    other = {**args, "encryptionConfigurations": [{"encryptionType": "AES256"}]}
    assert set(changed(REPOSITORY, made.state, planned(REPOSITORY, **other)).values()) == {True}
    softer = {**args, "imageTagMutability": "MUTABLE", "imageScanningConfiguration": {"scanOnPush": False}}
    after = life(aws, REPOSITORY).update(made.physical_id, made.state, planned(REPOSITORY, **softer))
    assert changed(REPOSITORY, after.state, planned(REPOSITORY, **softer)) == {}
    for token, texts in (
        (POLICY, [_policy("ecr:BatchGetImage"), _policy("ecr:*")]),
        (LIFECYCLE, [_lifecycle(14)]),
    ):
        given = [planned(token, repository=made.physical_id, policy=text) for text in texts]
        part = life(aws, token).create(given[0])
        assert changed(token, part.state, given[0]) == {}
        for next_one in given[1:]:
            part = life(aws, token).update(part.physical_id, part.state, next_one)
            assert changed(token, part.state, next_one) == {}
        life(aws, token).delete(part.physical_id, part.state)
        assert life(aws, token).read(part.physical_id, part.state) is None
    aws.call("ecr", "put_image", repositoryName=made.physical_id, imageManifest="{}", imageTag="1")
    life(aws, REPOSITORY).delete(made.physical_id, after.state)
    assert life(aws, REPOSITORY).read(made.physical_id, after.state) is None


def _policy(action: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{HUB}:root"}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": action}]}
    )


def _lifecycle(days: int) -> str:
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
