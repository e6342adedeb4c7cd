"""What is deployed and what the ledger says of it, for tests of the inventory: short words for frozen values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governance.canonical import Json, iso
from governance.inventory import (
    Component,
    Config,
    Container,
    DeployedImage,
    Endpoint,
    Gone,
    Model,
    Package,
    Seen,
    Specification,
    StoredArtifact,
    Variant,
)
from governance.verdicts import Scope
from tests.governance.samples import BUCKET, GROUP, HUB, REGION, arn_of, moment

SCOPE = Scope(HUB, frozenset({GROUP}))
TEST = "333333333333"
DIGEST = "sha256:" + "c" * 64
IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
RESOLVED = IMAGE.partition(":")[0] + "@" + DIGEST
APPROVED_AT, DEPLOYED_AT = 10.0, 20.0
"""Minutes of the story: a version is approved, then deployed."""


def sha256_of(version: int) -> str:
    return f"{version:02x}" * 32


def url_of(version: int) -> str:
    return f"s3://{BUCKET}/artifacts/dev/{GROUP}/{sha256_of(version)}/model.tar.gz"


def entry(
    version: int, status: str = "Approved", at: float = APPROVED_AT, *, kind: str = "stage", approved: bool = True,
    **parts: Json,
) -> dict[str, Json]:  # fmt: skip
    """One stage of a state row's `stages`; `parts` replace parts of what was approved."""
    held = {
        "order": f"{iso(moment(APPROVED_AT))}#1#x", "url": url_of(version), "sha256": sha256_of(version),
        "etag": None, "image": IMAGE, "imagedigest": DIGEST, "specificationsha256": "5e" * 32,
    } | parts  # fmt: skip
    entry = {"status": status, "at": iso(moment(at)), "kind": kind, "actor": "arn:bea", "order": "x"}
    return entry | ({"approved": held} if approved else {})


def state(
    version: int = 1,
    status: str = "Approved",
    *,
    kind: str = "approval",
    at: float = APPROVED_AT,
    stages: Mapping[str, Json] | None = None,
    deleted: float | None = None,
    specification: str = "5e" * 32,
) -> dict[str, Json]:
    """A version's state row; by default it holds Staging."""
    return {
        "modelpackagearn": arn_of(version),
        "modelapprovalstatus": status,
        "approvalkind": kind,
        "approvalat": iso(moment(at)),
        "stages": json.dumps({"Staging": entry(version)} if stages is None else stages),
        "deletedat": None if deleted is None else iso(moment(deleted)),
        "artifacturl": url_of(version),
        "specificationsha256": specification,
    }


def package(version: int = 1, *, url: str | None = None, **more: Json) -> Package:
    first = Container(image=IMAGE, digest=DIGEST, url=url or url_of(version))
    return Package(arn=arn_of(version), containers=(first, *more.pop("further", ())), **more)


def of_version(version: int = 1, **more: Json) -> Container:
    return Container(package=arn_of(version), **more)


def model(name: str, *containers: Container, created: float = 15) -> Model:
    return Model(name=name, created=moment(created), containers=containers)


def variant(*models: str, name: str = "AllTraffic", shadow: bool = False) -> Variant:
    return Variant(name=name, models=models, shadow=shadow)


def config(name: str, *variants: Variant, created: float = 16) -> Config:
    return Config(name=name, created=moment(created), variants=variants)


def endpoint(
    name: str = "credit", configuration: str | None = None, *, account: str = TEST, created: float = DEPLOYED_AT,
    modified: float | None = None, status: str = "IN_SERVICE", **more: Json,
) -> Endpoint:  # fmt: skip
    return Endpoint(
        arn=f"arn:aws:sagemaker:{REGION}:{account}:endpoint/{name.lower()}",
        name=name,
        status=status,
        created=moment(created),
        modified=moment(created if modified is None else modified),
        config=name if configuration is None else configuration,
        **more,
    )


def component(
    name: str, *specifications: Specification, on: str = "AllTraffic", status: str = "InService",
    copies: int | None = 1, created: float = DEPLOYED_AT,
) -> Component:  # fmt: skip
    return Component(
        name=name,
        variant=on,
        status=status,
        created=moment(created),
        modified=moment(created),
        copies=copies,
        specifications=specifications,
    )


def resolved(digest: str = DIGEST, specified: str = IMAGE) -> DeployedImage:
    return DeployedImage(specified, f"{specified.partition(':')[0]}@{digest}")


@dataclass
class DictWorld:
    """`governance.verdicts.World` in dictionaries: what isn't there is gone, what was never told has no state."""

    configs: dict[str, Seen[Config]] = field(default_factory=dict)
    models: dict[str, Seen[Model]] = field(default_factory=dict)
    packages: dict[str, Seen[Package]] = field(default_factory=dict)
    states: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    artifacts: dict[str, Seen[StoredArtifact]] = field(default_factory=dict)
    equals: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def config(self, name: str) -> Seen[Config]:
        return self.configs.get(name, Gone())

    def model(self, name: str) -> Seen[Model]:
        return self.models.get(name, Gone())

    def package(self, arn: str) -> Seen[Package]:
        return self.packages.get(arn, Gone())

    def state(self, arn: str) -> Mapping[str, Json] | None:
        return self.states.get(arn)

    def artifact(self, url: str) -> Seen[StoredArtifact]:
        return self.artifacts.get(url, Gone())

    def twins(self, url: str) -> Sequence[str]:
        return self.equals.get(url, ())

    def know(self, version: int = 1, row: Mapping[str, Json] | None = None, shown: Package | None = None) -> DictWorld:
        """A version with its artifact as it was published; by default it holds Staging."""
        self.packages[arn_of(version)] = shown or package(version)
        self.states[arn_of(version)] = row if row is not None else state(version)
        self.artifacts[url_of(version)] = StoredArtifact(sha256_of(version), '"tag"')
        return self

    def host(self, name: str, *containers: Container) -> DictWorld:
        """A configuration and a model of this name."""
        self.configs[name] = config(name, variant(name))
        self.models[name] = model(name, *containers)
        return self


def at(minutes: float) -> datetime:
    return moment(minutes)
