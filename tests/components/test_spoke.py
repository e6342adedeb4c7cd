"""A spoke: its roles, its forwarding, its contract."""

from __future__ import annotations

from collections import Counter

import pytest

from blueprint.contracts import SpokeContract, admitted_roles
from tests.blueprint.samples import HUB, organisation
from tests.components.programs import WORKPLACE, hub_run, spoke_program, spoke_run, spoke_settings
from tests.components.recorder import run

ROLE = "aws:iam/role:Role"


@pytest.mark.parametrize("stack", ["dev", "test"])
def test_a_spoke_holds_these_resources(stack: str) -> None:
    """Guards: a resource that was dropped, or that nobody decided on."""
    counted = Counter(resource.type for resource in spoke_run(stack).custom())
    deploys = stack != "dev"
    tracks = {
        "aws:s3/bucket:Bucket": 1,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 1,
        "aws:s3/bucketPolicy:BucketPolicy": 1,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": 1,
        "aws:s3/bucketVersioning:BucketVersioning": 1,
        "aws:sagemaker/mlflowApp:MlflowApp": 1,
    }
    answers = {
        "aws:apigatewayv2/api:Api": 1,
        "aws:apigatewayv2/integration:Integration": 1,
        "aws:apigatewayv2/route:Route": 2,
        "aws:apigatewayv2/stage:Stage": 1,
        "aws:cloudwatch/logGroup:LogGroup": 2,
        "aws:lambda/function:Function": 1,
        "aws:lambda/permission:Permission": 2,
    }
    assert counted == {
        **(answers if deploys else tracks),
        # A deployer and the API's where it deploys, MLflow's role where experiments are made.
        ROLE: 5 + deploys,
        "aws:iam/rolePolicy:RolePolicy": 15 + 3 * deploys,
        **WORKPLACE,
        "aws:cloudwatch/eventRule:EventRule": 2,
        "aws:cloudwatch/eventTarget:EventTarget": 2,
        "aws:cloudwatch/metricAlarm:MetricAlarm": 1 + 2 * deploys,
        "aws:oam/link:Link": 1,
        "aws:sqs/queue:Queue": 1,
        "aws:sqs/queuePolicy:QueuePolicy": 1,
    }


@pytest.mark.parametrize("stack", ["dev", "test"])
def test_the_roles_that_are_made_are_the_roles_that_the_hub_admits(stack: str) -> None:
    """Guards: names that the two sides make differently."""
    account = organisation().spoke(stack).account
    made = {f"{account}/{role.inputs['name']}" for role in spoke_run(stack).of(ROLE)}
    within = {f"{account}/mlgov-{stack}-{purpose}" for purpose in ("deployer", "inference", "tracking")}
    assert made - within == set(admitted_roles(organisation(), organisation().spoke(stack)))


def test_there_is_a_deployer_where_somebody_is_named_to_be_one() -> None:
    """Guards: a role that nobody may become, or the first stage's people serving what they registered."""
    assert spoke_run("test").exports["deployerRoleArn"].endswith("mlgov-test-deployer")
    assert spoke_run("dev").exports["deployerRoleArn"] == ""


@pytest.mark.parametrize("rule", ["states", "calls"])
def test_states_and_calls_are_forwarded_with_a_role_and_a_dead_letter_queue(rule: str) -> None:
    """Guards: a bus in another account without a role (refused), or events that the hub refused lost for good."""
    made = spoke_run("dev")
    target = made.one("aws:cloudwatch/eventTarget:EventTarget", f"dev-{rule}").inputs
    assert target["arn"] == hub_run().exports["governanceBusArn"]
    assert target["roleArn"].endswith("mlgov-dev-forwarder")
    assert target["deadLetterConfig"]["arn"].endswith(":mlgov-dev-forward-dlq")
    policy = made.policy("aws:sqs/queuePolicy:QueuePolicy", "dev-forward-dlq")
    assert [found["Sid"] for found in policy["Statement"]] == ["RuleCallsSends", "RuleStatesSends", "TlsOnly"]


def test_a_spoke_shows_its_metrics_and_nothing_else() -> None:
    """Guards: all metrics, logs or traces of an account in the hub; a collector that sees the hub's metrics alone."""
    link = spoke_run("dev").one("aws:oam/link:Link", "dev-metrics").inputs
    assert link["sinkIdentifier"] == hub_run().exports["sinkArn"]
    assert link["resourceTypes"] == ["AWS::CloudWatch::Metric"]
    assert link["linkConfiguration"] == {
        "metricConfiguration": {
            "filter": "Namespace IN ('AWS/SageMaker', '/aws/sagemaker/Endpoints', '/aws/sagemaker/InferenceComponents',"
            " 'MLGovernance/Quality')"
        }
    }


def test_what_the_hub_refused_is_told_to_the_hub() -> None:
    """Guards: a dead-letter queue in an account where nobody looks."""
    alarm = spoke_run("dev").one("aws:cloudwatch/metricAlarm:MetricAlarm", "dev-forward-dlq-depth").inputs
    assert alarm["dimensions"] == {"QueueName": "mlgov-dev-forward-dlq"}
    assert alarm["alarmActions"] == [hub_run().exports["alarmTopicArn"]]


def test_policies_of_a_spoke_are_readable_in_a_preview() -> None:
    """Guards: a review that shows unknowns, though all of the hub's values are known."""
    made = run(spoke_program(spoke_settings("dev"), hub_run().exports), stack="dev", preview=True)
    for resource in made.of("aws:iam/rolePolicy:RolePolicy"):
        assert isinstance(resource.inputs["policy"], str), resource.name


def test_the_contract_is_exported() -> None:
    """Guards: outputs that no contract reads."""
    contract = SpokeContract.read(spoke_run("test").exports, stack="test")
    assert (contract.account, contract.stage) == ("333333333333", "test")
    assert contract.execution_role_arn.endswith("mlgov-test-execution")


def test_in_one_account_nothing_is_forwarded() -> None:
    """Guards: each endpoint state twice, once from the hub's own rule."""
    changes = {"same_account": True}
    settings = spoke_settings("dev", **changes)
    made = run(spoke_program(settings, hub_run().exports), stack="dev")
    assert not made.of("aws:cloudwatch/eventRule:EventRule")
    assert {role.inputs["name"] for role in made.of(ROLE)} == {
        f"mlgov-dev-{purpose}" for purpose in ("execution", "serving", "tracking")
    }
    assert not made.of("aws:oam/link:Link")
    assert (made.exports["forwardDlq"], made.exports["readerRoleArn"]) == ("", "")
    assert made.exports["account"] != HUB
