"""The whole function on the emulated organisation: reader roles, hosting of a spoke, registry, artifacts, tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from governance.endpoint_history import verify_history
from governance.publishing import publish
from governance.stages import DEFAULT_STAGES
from governance.verdicts import Scope
from lambdas.common.accounts import Account
from lambdas.common.attributes import from_item, to_attribute
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from lambdas.inventory import adapters
from lambdas.inventory.adapters import ReaderRoles, S3Artifacts, SageMakerRegistry
from lambdas.inventory.core import Inventory
from lambdas.inventory.handler import endpoint_arn
from lambdas.inventory.tables import DynamoHistory, DynamoStates, DynamoTable, SqsJobs
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account as Member
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.services.sagemaker import transitions
from rehearsal.organisation.services.sagemaker.images import digest_of, push
from rehearsal.organisation.settings import OrganisationSettings
from tests.governance.hosted import entry, state
from tests.governance.samples import GROUP, REGION
from tests.rehearsal.organisation.services.hosting_world import IMAGE, INSTANCE, serving_role
from tests.rehearsal.organisation.services.registry_world import HUB, TEST, Client, allow, role_with, share

SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region=REGION,
    accounts=(Member("management", "999999999999"), Member("hub", HUB), Member("test", TEST)),
    management="management",
)
BUCKET = f"mlgov-artifacts-{HUB}-{REGION}"
SECRET = "hunter2-the-password"
WEIGHTS = b"weights"
READER = (
    "sagemaker:ListEndpoints", "sagemaker:ListInferenceComponents", "sagemaker:ListTransformJobs",
    "sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig", "sagemaker:DescribeModel",
    "sagemaker:DescribeInferenceComponent", "sagemaker:DescribeTransformJob",
)  # fmt: skip
"""What the inventory needs of an account, and nothing else: the roles of this test have no more."""


@dataclass
class Site:
    """An organisation with one approved version, shared with the account `test`, and what serves there."""

    org: Emulator
    client: Client
    inventory: Inventory
    arn: str
    url: str
    role: str
    reader: str

    @property
    def spoke(self) -> Any:
        return self.client("test", None, "sagemaker")

    def wait(self, seconds: float = 60) -> None:
        self.org.clock.advance(timedelta(seconds=seconds))

    def model(self, name: str, **container: Any) -> None:
        given = {"Environment": {"PASSWORD": SECRET}} | (container or {"ModelPackageName": self.arn})
        self.spoke.create_model(ModelName=name, ExecutionRoleArn=self.role, PrimaryContainer=given)

    def serve(self, name: str, *models: str, shadow: str | None = None, **more: Any) -> None:
        """An endpoint in service with a configuration of its name; its model is named so too unless others are."""
        variants = [{"VariantName": f"v{n}", "ModelName": m, **INSTANCE} for n, m in enumerate(models or (name,))]
        shadows = [{"VariantName": "shadow", "ModelName": shadow, **INSTANCE}] if shadow else []
        further: dict[str, Any] = {"ShadowProductionVariants": shadows} if shadows else {}
        self.spoke.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **further, **more)
        self.spoke.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.wait()

    def handle(self, body: str) -> str:
        return self.inventory.handle("m", body, lambda: 300.0, Log())

    def run(self) -> None:
        """A scheduled run; its jobs come through the queue."""
        now = self.org.clock.now()
        self.handle(
            json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "id": "run", "time": now.isoformat()})
        )
        sqs, url = self.client("hub", None, "sqs"), queue(self.client, "jobs")
        while messages := sqs.receive_message(QueueUrl=url).get("Messages"):
            for message in messages:
                self.handle(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def rows(self) -> list[dict[str, Any]]:
        items = self.client("hub", None, "dynamodb").scan(TableName="endpoints")["Items"]
        return [from_item(item) for item in items]

    def row(self, name: str) -> dict[str, Any]:
        return next(row for row in self.rows() if row.get("endpointname") == name)

    def history(self, name: str) -> list[dict[str, Any]]:
        items = self.client("hub", None, "dynamodb").scan(TableName="history")["Items"]
        rows = [row for row in map(from_item, items) if row["endpointname"] == name]
        return sorted(rows, key=lambda row: row["seq"])

    def account(self) -> dict[str, Any]:
        return next(row for row in self.rows() if row["endpointarn"] == f"account:{TEST}")

    def verdicts(self) -> dict[str, str]:
        return {row["endpointname"]: row["verdict"] for row in self.rows() if "endpointname" in row}


def queue(client: Client, name: str) -> str:
    return str(client("hub", None, "sqs").create_queue(QueueName=name)["QueueUrl"])


@pytest.fixture(scope="module")
def org() -> Iterator[Emulator]:
    with Emulator(SETTINGS) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def environment(org: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Lambda tells a function, and pages small enough that there are several."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", org.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(adapters, "PAGE", 2)


@pytest.fixture(scope="module")
def site(org: Emulator) -> Site:
    client = Control(org.endpoint).client
    storage = client("hub", None, "s3")
    storage.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    storage.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    read = allow("s3:GetObject", resource=f"arn:aws:s3:::{BUCKET}/*", Principal={"AWS": f"arn:aws:iam::{TEST}:root"})
    storage.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [read]}))
    url = publish(storage, BUCKET, "dev", GROUP, WEIGHTS).url

    registry = client("hub", None, "sagemaker")
    group = registry.create_model_package_group(ModelPackageGroupName=GROUP)["ModelPackageGroupArn"]
    share(client, group, [TEST], "sagemaker:CreateModel")
    container = {"Image": IMAGE, "ModelDataUrl": url, "Environment": {"PASSWORD": SECRET}}
    arn = registry.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [container], "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]  # fmt: skip

    dynamodb = client("hub", None, "dynamodb")
    for table, key in (("states", "modelpackagearn"), ("endpoints", "endpointarn")):
        dynamodb.create_table(
            TableName=table,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    dynamodb.create_table(
        TableName="history",
        AttributeDefinitions=[
            {"AttributeName": "endpointarn", "AttributeType": "S"}, {"AttributeName": "seq", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "endpointarn", "KeyType": "HASH"}, {"AttributeName": "seq", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    held = entry(1, url=url, sha256=digest, image=IMAGE, imagedigest=digest_of(org, IMAGE))
    row = state(stages={"Staging": held}) | {"modelpackagearn": arn, "artifacturl": url}
    dynamodb.put_item(TableName="states", Item={name: to_attribute(value) for name, value in row.items()})

    role = serving_role(client, f"s3://{BUCKET}/*", account="test")
    reader = role_with(client, "test", allow(*READER))
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"}, "Action": "sts:AssumeRole"}
    client("test", None, "iam").update_assume_role_policy(
        RoleName=reader, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    inventory = Inventory(
        open=ReaderRoles(client("hub", None, "sts"), registry),
        registry=SageMakerRegistry(registry),
        states=DynamoStates(dynamodb, "states"),
        artifacts=S3Artifacts(storage, BUCKET),
        table=DynamoTable(dynamodb, "endpoints"),
        history=DynamoHistory(dynamodb, "history"),
        jobs=SqsJobs(client("hub", None, "sqs"), queue(client, "jobs"), queue(client, "dead")),
        meter=Measures(client("hub", None, "cloudwatch"), "mlgov"),
        accounts=(
            Account(HUB, "hub", None, None),
            Account(TEST, "test", "Staging", f"arn:aws:iam::{TEST}:role/{reader}"),
        ),
        scope=Scope(HUB, frozenset({GROUP})),
        stages=DEFAULT_STAGES,
        arn_of=lambda account, name: endpoint_arn("aws", REGION, account, name),
        now=org.clock.now,
    )
    return Site(org, client, inventory, arn, url, role, reader)


def test_endpoints_of_a_spoke_are_walked_and_judged(site: Site) -> None:
    """Guards: adapters that work on fakes only; a right that the reader role lacks; an environment that is stored."""
    site.model("good")
    site.model("bare", Image=IMAGE, ModelDataUrl=site.url)
    site.serve("good")
    site.serve("bare")
    site.serve("shadowed", "good", shadow="bare")
    site.serve("two", "good", "bare")
    site.serve("config-gone", "good")
    site.spoke.delete_endpoint_config(EndpointConfigName="config-gone")
    site.model("lost")
    site.serve("model-gone", "lost")
    site.spoke.delete_model(ModelName="lost")

    site.spoke.create_endpoint_config(
        EndpointConfigName="components", ExecutionRoleArn=site.role,
        ProductionVariants=[{"VariantName": "v0", **INSTANCE}],
    )  # fmt: skip
    for name in ("component", "bare-component", "adapter"):
        site.spoke.create_endpoint(EndpointName=name, EndpointConfigName="components")
    site.wait()
    compute = {"ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024}}

    def component(name: str, endpoint: str, **more: Any) -> None:
        base = "BaseInferenceComponentName" in more
        site.spoke.create_inference_component(
            InferenceComponentName=name, EndpointName=endpoint, Specification={**more, **({} if base else compute)},
            **({} if base else {"VariantName": "v0", "RuntimeConfig": {"CopyCount": 1}}),
        )  # fmt: skip
        site.wait()

    component("ic-good", "component", ModelName="good")
    own = {"Image": IMAGE, "ArtifactUrl": site.url, "Environment": {"PASSWORD": SECRET}}
    component("ic-bare", "bare-component", Container=own)
    component("ic-base", "adapter", ModelName="good")
    component("ic-lora", "adapter", BaseInferenceComponentName="ic-base", Container={"ArtifactUrl": site.url})

    site.run()
    assert site.verdicts() == {
        "good": "approved", "bare": "unregistered", "shadowed": "unregistered", "two": "unregistered",
        "config-gone": "config-deleted", "model-gone": "model-deleted", "component": "approved",
        "bare-component": "unregistered", "adapter": "unregistered",
    }  # fmt: skip
    told = json.dumps(site.rows())
    assert SECRET not in told
    assert f"the same artifact as {site.arn}" in told
    assert (site.account()["verdict"], site.account()["endpoints"]) == (None, 9)


def test_what_serves_now_counts_while_an_update_is_in_flight(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: an endpoint judged by what it will serve; one that was deleted and stays; batch jobs that nobody sees."""
    site.model("version")
    site.model("image", Image=IMAGE, ModelDataUrl=site.url)
    site.serve("moving", "version")
    site.serve("next", "image")
    site.run()
    monkeypatch.setattr(transitions, "TRANSITION_SECONDS", 600.0)
    site.spoke.update_endpoint(EndpointName="moving", EndpointConfigName="next")
    site.spoke.delete_endpoint(EndpointName="next")
    site.handle(json.dumps({"job": "endpoint", "account": TEST, "endpoint": "moving"}))
    assert site.row("moving")["verdict"] == "approved"
    assert "pending deployment / variant" in site.row("moving")["evidence"]
    site.wait(2000)
    site.spoke.create_transform_job(
        TransformJobName="running",
        ModelName="image",
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/"}}},
        TransformOutput={"S3OutputPath": "s3://out/"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    site.run()
    assert site.row("moving")["verdict"] == "unregistered"
    assert (site.row("next")["status"], site.row("next")["verdict"]) == ("DELETED", "unregistered")
    workloads = json.loads(site.account()["workloads"])
    assert [(w["name"], w["verdict"]) for w in workloads] == [("running", "unregistered")]


def test_bytes_that_were_exchanged_are_found(site: Site) -> None:
    """Guards: S3's checksum or SageMaker's image digest read in another form than the ledger's."""
    site.model("exchanged")
    site.serve("exchanged")
    site.run()
    assert site.row("exchanged")["verdict"] == "approved"
    storage, key = site.client("hub", None, "s3"), site.url.removeprefix(f"s3://{BUCKET}/")
    storage.put_object(Bucket=BUCKET, Key=key, Body=b"other", ChecksumAlgorithm="SHA256")
    site.run()
    assert site.row("exchanged")["verdict"] == "digest-differs"
    assert hashlib.sha256(b"other").hexdigest() in site.row("exchanged")["evidence"]
    storage.put_object(Bucket=BUCKET, Key=key, Body=WEIGHTS, ChecksumAlgorithm="SHA256")
    site.run()
    assert site.row("exchanged")["verdict"] == "approved"
    before = digest_of(site.org, IMAGE)
    push(site.org, IMAGE, "sha256:" + "d" * 64)
    site.serve("moved-tag", "exchanged")
    push(site.org, IMAGE, before)
    site.run()
    assert site.row("moved-tag")["verdict"] == "digest-differs"


def test_a_reader_role_without_rights_leaves_the_account_unknown(site: Site) -> None:
    """Guards: AccessDenied in a form that passes for an empty account."""
    site.model("unseen")
    site.serve("unseen")
    site.run()
    iam = site.client("test", None, "iam")
    document = iam.get_role_policy(RoleName=site.reader, PolicyName="rights")["PolicyDocument"]
    iam.delete_role_policy(RoleName=site.reader, PolicyName="rights")
    site.run()
    assert site.row("unseen")["verdict"] == site.account()["verdict"] == "unknown"
    iam.put_role_policy(RoleName=site.reader, PolicyName="rights", PolicyDocument=json.dumps(document))
    site.run()
    assert (site.row("unseen")["verdict"], site.account()["verdict"]) == ("approved", None)
    chain = site.history("unseen")
    assert [row["verdict"] for row in chain] == ["approved", "unknown", "approved"]
    assert verify_history(chain[0]["endpointarn"], chain) == []
