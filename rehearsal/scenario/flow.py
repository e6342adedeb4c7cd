"""The flow, phase by phase: what is done, and what must then be true.

Each function is one phase. It acts through ordinary clients, reads what came of it through them too, and records its
expectations. Nothing here knows how the emulated organisation works inside.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from blueprint.functions import FUNCTION_SPECS
from blueprint.names import HUB
from governance.publishing import publish
from rehearsal.scenario import forbidden, staff, training
from rehearsal.scenario.configuration import consumer, contributor, promoted
from rehearsal.scenario.forbidden import Registered
from rehearsal.scenario.performance import PATIENCE, Run, together
from rehearsal.scenario.registration import model_card, version_request

DECISIONS = 12

REDELIVERY_SECONDS = next(spec for spec in FUNCTION_SPECS if spec.function == "capture").visibility_seconds + 1
"""After this a message that the capture function failed at is visible again."""


def bring_up(run: Run) -> None:
    """Hub first, then the spokes, side by side."""
    _bring_up(run, HUB)
    run.outputs = run.engine.outputs(HUB)
    together(partial(_bring_up, run), run.spokes)


def _bring_up(run: Run, stack: str) -> None:
    run.engine.init(stack)
    outcome = run.engine.up(stack)
    run.resources[stack] = outcome.counts.get("create", 0)
    run.say(f"{stack}: {run.resources[stack]} resources in {outcome.seconds:.1f} s")
    run.score.expect(f"stack {stack} comes up", run.resources[stack] > 0, f"{run.resources[stack]} resources")


def train(run: Run) -> None:
    run.model = training.train()
    run.say(f"AUC {run.model.auc:.3f} on {len(run.model.held_out)} rows that the model never saw")
    run.score.expect(
        f"the held-out AUC is at least {training.MINIMUM_AUC}",
        run.model.auc >= training.MINIMUM_AUC,
        f"{run.model.auc:.4f}",
    )


def register(run: Run) -> None:
    """The data scientist publishes the artifact and registers the version in the hub's group."""
    model, organisation = run.trained(), run.organisation
    scientist, spoke = run.cast.data_scientist(), contributor(organisation)
    group = organisation.groups[0]
    bucket = run.outputs["artifactBucket"]
    place = publish(scientist.client("s3"), bucket, spoke.stack, group, model.artifact)
    run.score.expect("the artifact is new in the hub's bucket", place.created, place.url)
    again = publish(scientist.client("s3"), bucket, spoke.stack, group, model.artifact)
    run.score.expect("publishing the same bytes again makes nothing new", not again.created, again.key)
    card = model_card(model, place.url)
    group_arn = organisation.names.group_arn(organisation.hub, group)
    answer = scientist.client("sagemaker").create_model_package(**version_request(group_arn, card, place.url))
    arn = answer["ModelPackageArn"]
    run.version = Registered(
        group_arn=group_arn,
        package_arn=arn,
        card=card,
        bucket=bucket,
        key=place.key,
        version_id=place.version_id or "",
        artifact=model.artifact,
        consumer=consumer(organisation).stage,
    )
    run.say(f"{arn}")
    seen = scientist.client("sagemaker").describe_model_package(ModelPackageName=arn)
    run.score.equal("the version waits for approval", seen["ModelApprovalStatus"], "PendingManualApproval")
    run.score.equal("its card is the one that was written", seen["ModelCard"]["ModelCardContent"], card)
    run.settle()
    rows = run.tables().ledger(arn)
    run.score.expect("the registration is in the ledger", bool(rows), f"{len(rows)} rows")


def forbid(run: Run) -> None:
    """What the insiders may never do, each refused by each layer alone."""
    version = run.registered()
    run.attempt(*forbidden.by_the_data_scientist(run.cast.data_scientist(), version))
    run.attempt(*forbidden.by_the_validator(run.cast.validator(), version))
    run.attempt(*forbidden.before_approval(run.cast.serving(), version))
    run.attempt(*forbidden.by_the_serving_role(run.cast.serving(), version))
    run.attempt(*forbidden.by_the_deployer(run.cast.deployer(consumer(run.organisation)), run.organisation, version))
    hub_s = forbidden.Hub.of(run.outputs)
    run.attempt(*forbidden.by_the_auditor(run.cast.auditor(), hub_s, version))
    run.attempt(*forbidden.by_the_operator(run.cast.operator(), hub_s, version))
    names, hub = run.organisation.names, run.organisation.hub
    writer = run.cast.as_service(
        "the ledger's writer",
        "lambda.amazonaws.com",
        names.role_arn(hub, names.hub_role("capture")),
        f"arn:aws:lambda:{run.organisation.region}:{hub}:function:{names.function('capture')}",
        hub,
        names.function("capture"),
    )
    ledger = names.table("modelgovernanceledger")
    run.attempt(*forbidden.by_the_ledger_s_writer(writer, ledger, version.package_arn))
    run.say(f"{len(run.refusals)} attempts refused")


def approve(run: Run) -> None:
    """The officer approves for Development, then for test; capture records it, the artifact gets its tag."""
    version = run.registered()
    approver = run.cast.approver(run.organisation.stages[0].name)
    history = run.console.run("history", version.package_arn, actor=approver)
    run.score.expect("the approver reads what happened so far", "registration" in history, history)
    for stage in run.organisation.stages[:2]:
        approver = run.cast.approver(stage.name)
        run.console.run(
            "approve", version.package_arn, "--stage", stage.name,
            "--reason", f"held-out AUC {run.trained().auc:.3f}", actor=approver,
        )  # fmt: skip
        run.settle()
    tables = run.tables()
    state = tables.state(version.package_arn)
    run.score.equal("the state says approved", state.get("modelapprovalstatus"), "Approved")
    run.score.equal("Development is held", state.get("modellifecycledevstatus"), "Approved")
    run.score.equal("Staging is held beside it", state.get("modellifecycleteststatus"), "Approved")
    approvals = [row for row in tables.ledger(version.package_arn) if row.get("actorsourceidentity")]
    run.score.expect(
        "the ledger names the person who approved",
        any(row["actorsourceidentity"] == staff.OFFICER for row in approvals),
        f"{len(approvals)} rows with a person",
    )
    tags = run.cast.administrator(run.organisation.hub).client("s3").get_object_tagging(
        Bucket=version.bucket, Key=version.key, VersionId=version.version_id
    )["TagSet"]  # fmt: skip
    run.score.expect(
        f"exactly the approved artifact carries the tag {version.consumer}=approved",
        {"Key": version.consumer, "Value": "approved"} in tags,
        f"{tags}",
    )


def serve(run: Run) -> None:
    """The test account deploys the version; its serving role reads the artifact and scores the same figures."""
    version, model = run.registered(), run.trained()
    serving = run.cast.serving()
    body = serving.client("s3").get_object(Bucket=version.bucket, Key=version.key)["Body"].read()
    run.score.expect("the serving role reads the very artifact", body == version.artifact, f"{len(body)} bytes")
    scores = training.score(body, model.held_out)
    run.score.expect(
        "the artifact that was read scores the same figures",
        scores == model.scores,
        f"{len(scores)} applications",
    )
    spoke, names = consumer(run.organisation), run.organisation.names
    sagemaker = run.cast.deployer(spoke).client("sagemaker")
    role = names.role_arn(spoke.account, names.role(spoke.stack, "serving"))
    look_round(sagemaker, version)
    sagemaker.create_model(
        ModelName="credit-risk-1",
        ExecutionRoleArn=role,
        PrimaryContainer={"ModelPackageName": version.package_arn},
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "credit-risk-1",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="credit-risk-1", ProductionVariants=[variant])
    endpoint = sagemaker.create_endpoint(EndpointName="CreditRisk", EndpointConfigName="credit-risk-1")["EndpointArn"]
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="CreditRisk", WaiterConfig=PATIENCE)
    run.settle()
    status = sagemaker.describe_endpoint(EndpointName="CreditRisk")["EndpointStatus"]
    run.score.equal("the endpoint is in service", status, "InService")
    listed = [
        len(sagemaker.list_models()["Models"]),
        len(sagemaker.list_endpoint_configs()["EndpointConfigs"]),
        len(sagemaker.list_endpoints()["Endpoints"]),
    ]
    run.score.equal("who deployed it sees model, configuration and endpoint", listed, [1, 1, 1])
    made = sagemaker.describe_model(ModelName="credit-risk-1")
    run.score.equal("the model is served by the role that may be passed", made["ExecutionRoleArn"], role)
    served = sagemaker.describe_endpoint_config(EndpointConfigName="credit-risk-1")["ProductionVariants"]
    run.score.equal("and the configuration serves it", served[0]["ModelName"], "credit-risk-1")
    row = run.tables().endpoint(endpoint.lower())
    run.score.expect("its event reached the hub through bus and forwarder", bool(row), f"{row}")
    run.score.equal("with the account that it runs in", row.get("account"), spoke.account)
    run.served_at = run.now()


def look_round(sagemaker: Any, version: Registered) -> None:
    """What anybody looks at in the registry before deciding or deploying. `sagemaker`: a boto3 client."""
    sagemaker.list_model_package_groups()
    sagemaker.list_model_packages(ModelPackageGroupName=version.group_arn)
    sagemaker.describe_model_package_group(ModelPackageGroupName=version.group_arn)
    sagemaker.describe_model_package(ModelPackageName=version.package_arn)


def promote(run: Run) -> None:
    """The next stage reads the artifact from the moment that its approver approved it, and not before."""
    version = run.registered()
    for spoke in promoted(run.organisation):
        serving = run.cast.serving(spoke)
        run.attempt(*forbidden.ungated(serving, version))
        run.console.run(
            "approve", version.package_arn, "--stage", spoke.stage, "--reason", "as good in test as in development",
            actor=run.cast.approver(spoke.stage),
        )  # fmt: skip
        run.settle()
        body = serving.client("s3").get_object(Bucket=version.bucket, Key=version.key)["Body"].read()
        claim = f"approved for {spoke.stage}, the very artifact is read by that stage's serving role"
        run.score.expect(claim, body == version.artifact, f"{len(body)} bytes")
        held = run.tables().state(version.package_arn)
        run.score.equal("and the stages before are held beside it", held["modellifecycleteststatus"], "Approved")


def keep_outsiders_out(run: Run) -> None:
    """An account outside the organisation, whose own policies allow everything."""
    run.attempt(
        *forbidden.by_the_outsider(run.cast.outsider, run.organisation, run.registered(), run.outputs["artifactKeyArn"])
    )


def disturb(run: Run) -> None:
    """Decisions follow each other fast, their events come twice and out of order: each is one fact, the last holds."""
    scientist, version = run.cast.data_scientist(), run.registered()
    first = run.organisation.stages[0]
    request = version_request(version.group_arn, version.card, version.url)
    arn = scientist.client("sagemaker").create_model_package(**request)["ModelPackageArn"]
    run.settle()
    registry = run.cast.approver(first.name).client("sagemaker")
    with run.control.disturbance(duplicate_probability=0.7, reorder_window=4, failure_probability=0.2):
        for number in range(DECISIONS):
            status = "Approved" if number % 2 == 0 else "Rejected"
            registry.update_model_package(
                ModelPackageArn=arn,
                ModelApprovalStatus=status,
                ApprovalDescription=f"decision {number}",
                ModelLifeCycle={
                    "Stage": first.lifecycle,
                    "StageStatus": status,
                    "StageDescription": f"decision {number}",
                },
            )
            time.sleep(0.01)  # SageMaker's LastModifiedTime has milliseconds: two changes must not share one
        run.settle()
    run.control.advance(REDELIVERY_SECONDS)  # what failed in the crowd comes again when it is visible again
    run.settle()
    tables = run.tables()
    rows, state = tables.ledger(arn), tables.state(arn)
    run.score.equal("no fact is recorded twice", len({row["contentid"] for row in rows}), len(rows))
    for kind in ("approval", "stage"):
        reasons = sorted(row["reason"] for row in rows if row["kind"] == kind and row.get("reason"))
        told = sorted(f"decision {number}" for number in range(DECISIONS))
        run.score.equal(f"each decision is one fact of kind {kind}", reasons, told)
    described = scientist.client("sagemaker").describe_model_package(ModelPackageName=arn)
    run.score.equal(
        "the state is what the registry says", state.get("modelapprovalstatus"), described["ModelApprovalStatus"]
    )
    late = sum(bool(row["late"]) for row in rows)
    run.score.expect("some events did come late, and are marked", late > 0, f"{late} late facts of {len(rows)}")
    duplicates = sum(row["kind"] == "duplicate" for row in run.control.events())
    run.score.expect("some events did come twice", duplicates > 0, f"{duplicates} duplicates")


def verify(run: Run) -> None:
    """The ledger verifies; a row that somebody changed, on a copy, is named."""
    output = run.console.run("verify", actor=run.cast.auditor())
    run.say(next(line for line in output.splitlines() if "broken" in line))
    tables = run.tables()
    folder = run.folder / "tampered"
    tables.export(folder)
    run.console.run("verify", "--export", str(folder), actor=None)
    victim = tables.tamper(folder, run.registered().package_arn)
    status, printed = run.console.try_run("verify", "--export", str(folder), actor=None)
    run.score.equal("verify of a tampered copy fails", status, 1)
    run.score.expect("and names the row", victim in printed, victim)
