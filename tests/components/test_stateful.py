"""What can't be made anew: one setting says what becomes of all of it, and no rename makes it anew by accident."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from blueprint.settings import HubSettings, Settings, SpokeSettings
from blueprint.stateful import STATEFUL, Stateful
from tests.blueprint.samples import configuration
from tests.components.programs import hub_program, spoke_program
from tests.components.recorder import Registered, Run, run

URNS = Path(__file__).parent / "urns"

KEPT = {
    "aws:dynamodb/table:Table": "rows",
    "aws:ec2/securityGroup:SecurityGroup": "in use by a domain that stays",
    "aws:ec2/subnet:Subnet": "home directories of a domain that stays",
    "aws:ec2/vpc:Vpc": "home directories of a domain that stays",
    "aws:kms/key:Key": "everything encrypted with it",
    "aws:s3/bucket:Bucket": "objects",
    # What guards a bucket stays where the bucket stays.
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "the bucket's guard",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "the bucket's guard",
    "aws:s3/bucketPolicy:BucketPolicy": "the bucket's guard",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "the bucket's guard",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "the bucket's guard",
    "aws:s3/bucketVersioning:BucketVersioning": "the bucket's guard",
    "aws:sagemaker/domain:Domain": "home directories of everybody",
    "aws:sagemaker/mlflowApp:MlflowApp": "runs",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": "runs",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "versions",
    "aws:sagemaker/space:Space": "a person's volume",
    "aws:sagemaker/userProfile:UserProfile": "a person's home directory",
}
"""What would be lost with a resource of the type. ECR repositories join here as soon as a component makes one."""

FREE = {
    "aws:apigatewayv2/api:Api",
    "aws:apigatewayv2/integration:Integration",
    "aws:apigatewayv2/route:Route",
    "aws:apigatewayv2/stage:Stage",
    "aws:cloudwatch/eventBus:EventBus",
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    # Records of what functions did, for a limited time by their own retention; the ledger holds the evidence.
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:dynamodb/tableItem:TableItem",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/flowLog:FlowLog",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/alias:Alias",
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/function:Function",
    "aws:lambda/permission:Permission",
    "aws:oam/link:Link",
    "aws:oam/sink:Sink",
    "aws:oam/sinkPolicy:SinkPolicy",
    "aws:ram/permission:Permission",
    "aws:ram/principalAssociation:PrincipalAssociation",
    "aws:ram/resourceAssociation:ResourceAssociation",
    "aws:ram/resourceShare:ResourceShare",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    # Retained always, under their digest: spokes fetch what they last saw published.
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queue:Queue",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}
"""What the program makes anew as it was."""


def given(stateful: Stateful, **more: Any) -> dict[str, Any]:
    """The example with every part that an account can have."""
    return {**configuration(), "statefulResources": stateful, "network": {"mode": "VpcOnly"}, **more}


@functools.cache
def hub(stateful: Stateful) -> Run:
    settings = Settings.parse(given(stateful, tracking={"kind": "app"}), "hub")
    assert isinstance(settings, HubSettings)
    return run(hub_program(settings))


@functools.cache
def spoke(stateful: Stateful) -> Run:
    settings = Settings.parse(given(stateful, tracking={"kind": "server"}), "dev")
    assert isinstance(settings, SpokeSettings)
    return run(spoke_program(settings, hub("protect").exports), stack="dev")


def is_kept(resource: Registered) -> bool:
    """All of the types above."""
    return resource.type in KEPT


def is_always_retained(resource: Registered, stateful: Stateful) -> bool:
    """What stays whatever the setting is: it is needed for as long as something else stays."""
    # Anchors are proved by their key for as long as they are locked, but for a trial's.
    key = resource.type == "aws:kms/key:Key" and resource.name == "hub-anchors" and stateful != "destroy"
    return key or resource.type == "aws:s3/bucketObjectv2:BucketObjectv2"


def test_somebody_decided_for_each_type_whether_it_can_be_made_anew() -> None:
    """Guards: a new kind of resource that a `destroy` takes with its content, as nobody thought of it."""
    registered = {resource.type for made in (hub("protect"), spoke("protect")) for resource in made.custom()}
    undecided = registered - KEPT.keys() - FREE
    assert not undecided, f"{sorted(undecided)}: does it hold what can't be made anew? Add it to KEPT or to FREE"
    assert not KEPT.keys() & FREE
    assert KEPT.keys() <= registered, "a type of KEPT that no stack has: it is protected from nothing"


@pytest.mark.parametrize("stateful", STATEFUL)
def test_what_can_t_be_made_anew_follows_the_setting(stateful: Stateful) -> None:
    """Guards: a `destroy` that takes ledger and keys with it, or leaves a bucket of evidence without its policy; a
    trial that can't be taken down.
    """
    for resource in [*hub(stateful).custom(), *spoke(stateful).custom()]:
        kept = is_kept(resource)
        assert resource.protect == (kept and stateful == "protect"), resource
        retained = (kept and stateful == "retain") or is_always_retained(resource, stateful)
        assert resource.retain_on_delete == retained, resource


@pytest.mark.parametrize("stateful", STATEFUL)
def test_aws_s_own_protection_follows_the_same_setting(stateful: Stateful) -> None:
    """Guards: a table that the console deletes though its stack protects it, or a trial's bucket that stays full."""
    both = [*hub(stateful).custom(), *spoke(stateful).custom()]
    for resource in both:
        if resource.type == "aws:dynamodb/table:Table":
            assert resource.inputs["deletionProtectionEnabled"] is (stateful == "protect"), resource.name
        if resource.type == "aws:s3/bucket:Bucket":
            assert bool(resource.inputs.get("forceDestroy")) is (stateful == "destroy"), resource.name
        if resource.type == "aws:sagemaker/domain:Domain":
            home = resource.inputs["retentionPolicy"]["homeEfsFileSystem"]
            assert home == ("Delete" if stateful == "destroy" else "Retain"), resource.name


@pytest.mark.parametrize("stack", ["hub", "spoke"])
def test_nothing_that_can_t_be_made_anew_changes_its_identity(stack: str) -> None:
    """Guards: a rename in the program, of a resource or of a component above it, by which the engine deletes a bucket
    or key of every installation and makes an empty one.
    """
    made = hub("protect") if stack == "hub" else spoke("protect")
    kept = [resource for resource in made.custom() if is_kept(resource)]
    known = {identity(alias) for resource in kept for alias in (resource.urn, *resource.aliases)}
    file = URNS / f"{stack}.txt"
    recorded = set(file.read_text(encoding="utf-8").splitlines())
    lost = recorded - known
    assert not lost, (
        f"{sorted(lost)} of {file.name} exist in installations and the program no longer knows them: give the renamed"
        " resource, or its component, its former identity by components.options.renamed_from"
    )
    new = {identity(resource.urn) for resource in kept} - recorded
    assert not new, f"{sorted(new)} are new: add them to {file}, so that no rename loses them"


def identity(urn: str) -> str:
    """Type chain and name of a URN: what the engine knows a resource by, within a stack."""
    return urn.split("::", 2)[2]


def renamed_program(*, renamed: bool) -> Run:
    """A bucket inside two components, before and after all three are renamed."""

    def program() -> None:
        import pulumi
        from pulumi_aws import s3

        from components.options import renamed_from, stateful_child

        class Store(pulumi.ComponentResource):
            def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
                super().__init__(f"mlgovernance:test:{'Vault' if renamed else 'Store'}", name, None, opts)
                child = stateful_child(self, "protect")
                s3.Bucket("kept", opts=child)
                s3.Bucket("new" if renamed else "old", opts=renamed_from(child, "old") if renamed else child)

        top = pulumi.ResourceOptions()
        former = pulumi.Alias(name="store", type_="mlgovernance:test:Store")
        Store("vault" if renamed else "store", renamed_from(top, former) if renamed else top)

    return run(program)


def test_what_was_renamed_with_its_former_identity_is_known_by_it() -> None:
    """Guards: an alias that misses what a renamed component's children were called."""
    before, after = renamed_program(renamed=False), renamed_program(renamed=True)
    buckets = after.of("aws:s3/bucket:Bucket")
    former = {identity(bucket.urn) for bucket in before.of("aws:s3/bucket:Bucket")}
    assert former <= {identity(alias) for bucket in buckets for alias in bucket.aliases}
    assert former.isdisjoint(identity(bucket.urn) for bucket in buckets)
    assert all(bucket.protect and bucket.delete_before_replace for bucket in buckets), "options are kept"
