"""The hub as a whole: what it holds, how it is protected, what it hands on."""

from __future__ import annotations

from collections import Counter

from blueprint.alarms import hub_alarms
from blueprint.contracts import HubContract
from tests.blueprint.samples import SPOKES, organisation
from tests.components.programs import HUB_STACK, WORKPLACE, hub_program, hub_run, hub_settings
from tests.components.recorder import run


def test_the_hub_holds_these_resources() -> None:
    """Guards: a resource that was dropped, or that nobody decided on."""
    counted = Counter(resource.type for resource in hub_run().custom())
    assert counted == {
        "aws:cloudwatch/eventBus:EventBus": 1,
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy": 1,
        "aws:cloudwatch/eventRule:EventRule": 9,
        "aws:cloudwatch/eventTarget:EventTarget": 9,
        "aws:cloudwatch/logGroup:LogGroup": 7,
        "aws:cloudwatch/metricAlarm:MetricAlarm": len(hub_alarms(organisation(), hub_settings().data.schedules)),
        "aws:dynamodb/table:Table": 6,
        "aws:iam/role:Role": 13,
        "aws:iam/rolePolicy:RolePolicy": 76,
        "aws:kms/alias:Alias": 3,
        "aws:kms/key:Key": 3,
        "aws:lambda/eventSourceMapping:EventSourceMapping": 7,
        "aws:lambda/function:Function": 7,
        "aws:oam/sink:Sink": 1,
        "aws:oam/sinkPolicy:SinkPolicy": 1,
        "aws:ram/permission:Permission": 3,
        "aws:ram/principalAssociation:PrincipalAssociation": 3,
        "aws:ram/resourceAssociation:ResourceAssociation": 3,
        "aws:ram/resourceShare:ResourceShare": 3,
        "aws:s3/bucket:Bucket": 4,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": 1,
        "aws:s3/bucketObjectv2:BucketObjectv2": 5,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 4,
        "aws:s3/bucketPolicy:BucketPolicy": 4,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 4,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 4,
        "aws:s3/bucketVersioning:BucketVersioning": 4,
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup": 1,
        **WORKPLACE,
        "aws:sns/topic:Topic": 1,
        "aws:sns/topicPolicy:TopicPolicy": 1,
        "aws:sqs/queue:Queue": 15,
        "aws:sqs/queuePolicy:QueuePolicy": 6,
    }


def test_auditor_and_operator_are_there_only_where_somebody_is_named_to_be_one() -> None:
    """Guards: a role without anybody in its trust, which AWS refuses."""
    assert hub_run().exports["auditorRoleArn"].endswith("mlgov-hub-auditor")
    assert hub_run().exports["operatorRoleArn"].endswith("mlgov-hub-operator")
    nobody = run(hub_program(hub_settings(auditors=(), operators=()))).exports
    assert (nobody["auditorRoleArn"], nobody["operatorRoleArn"]) == ("", "")


def test_everything_lies_inside_the_hub() -> None:
    """Guards: orphans in the tree, which miss the component's provider and protection."""
    for resource in hub_run().custom():
        assert "mlgovernance:" in resource.parent, f"{resource.type} {resource.name} has no component as parent"


def test_named_resources_are_deleted_before_they_are_replaced() -> None:
    """Guards: a replacement that AWS refuses, since the name is still taken."""
    unnamed = {
        "aws:ram/permission:Permission",
        "aws:ram/resourceShare:ResourceShare",
        # Their names hold the digest of what they are.
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig",
    }
    associations = {
        "aws:ram/principalAssociation:PrincipalAssociation",
        "aws:ram/resourceAssociation:ResourceAssociation",
    }
    for resource in hub_run().custom():
        if resource.type not in unnamed | associations:
            assert resource.delete_before_replace, f"{resource.type} {resource.name}"


def test_the_contract_that_is_exported_is_the_one_that_spokes_read() -> None:
    """Guards: outputs that no contract reads, or a contract that no outputs fill."""
    for spoke in SPOKES:
        contract = HubContract.read(hub_run().exports, hub_stack=HUB_STACK, organisation=organisation(), spoke=spoke)
        assert contract.spokes[spoke.stack] == spoke.account
        assert set(contract.shares) == {"consumer", "contributor-read", "contributor-register"}
        assert contract.tables["modelgovernanceledger"] == "mlgov_modelgovernanceledger"


def test_a_trial_in_one_account_shares_nothing() -> None:
    """Guards: a share or a forwarding with oneself, which AWS doesn't know."""
    made = run(hub_program(hub_settings(same_account=True)))
    assert not [resource for resource in made.resources if resource.type.startswith(("aws:ram/", "aws:oam/"))]
    assert made.exports["sinkArn"] == ""


def test_several_groups_are_all_shared_at_every_level() -> None:
    """Guards: a second group that exists, but that no spoke sees."""
    made = run(hub_program(hub_settings(groups=("Churn", "ModelCreditRisk"))))
    assert len(made.of("aws:sagemaker/modelPackageGroup:ModelPackageGroup")) == 2
    assert len(made.of("aws:ram/resourceAssociation:ResourceAssociation")) == 6
    pattern = made.policy("aws:cloudwatch/eventRule:EventRule", "hub-packages", "eventPattern")
    assert pattern["detail"]["ModelPackageGroupName"] == ["Churn", "ModelCreditRisk"]


def test_a_preview_of_a_new_hub_knows_every_policy_that_needs_no_key() -> None:
    """Guards: a review in which the access that is granted can't be read."""
    made = run(hub_program(hub_settings()), preview=True)
    for policy_type in (
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:kms/key:Key",
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:oam/sinkPolicy:SinkPolicy",
    ):
        for resource in made.of(policy_type):
            assert isinstance(resource.inputs["policy"], str), f"{resource.name}'s policy is unknown in a preview"
