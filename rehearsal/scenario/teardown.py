"""The end: exports are taken, the stacks destroyed, and what remains is compared with what may remain."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from blueprint.names import HUB
from rehearsal.scenario.configuration import consumer
from rehearsal.scenario.performance import PATIENCE, Run, together


def take_down(run: Run) -> None:
    """Spokes first, the hub last."""
    _clear_what_people_made(run)
    together(partial(_destroy, run), run.spokes)
    _destroy(run, HUB)
    remains = leftovers(run)
    run.score.equal("nothing of the installation is left in any account", remains, [])


def _destroy(run: Run, stack: str) -> None:
    outcome = run.engine.destroy(stack)
    run.say(f"{stack}: destroyed in {outcome.seconds:.1f} s")
    left = run.engine.export(stack)["deployment"].get("resources") or []
    run.score.expect(f"stack {stack} holds nothing any more", not left, f"{[each['urn'] for each in left]}")


def export(run: Run) -> None:
    """Write the stacks and the tables as they are, before anything is taken down, or after a failure."""
    complete = not run.score.failures
    folder = run.folder / "stacks"
    folder.mkdir(exist_ok=True)
    for stack in run.stacks:
        export = run.engine.export(stack)
        held = len(export["deployment"].get("resources") or [])
        if complete:
            run.score.expect(f"the export of {stack} holds its resources", held > 0, f"{held} resources")
        (folder / f"{stack}.json").write_text(json.dumps(export, indent=1) + "\n", encoding="utf-8")
    tables = run.tables()
    tables.export(run.folder)
    run.ledger = list(tables.rows("modelgovernanceledger"))
    if complete:
        run.score.expect("the export of the ledger holds its rows", bool(run.ledger), f"{len(run.ledger)} rows")


def _clear_what_people_made(run: Run) -> None:
    """What was made beside the stacks blocks their destroy on AWS too: the endpoint first, then the versions."""
    spoke = consumer(run.organisation)
    serving = run.cast.administrator(spoke.account).client("sagemaker")
    serving.delete_endpoint(EndpointName="CreditRisk")
    serving.get_waiter("endpoint_deleted").wait(EndpointName="CreditRisk", WaiterConfig=PATIENCE)
    serving.delete_endpoint_config(EndpointConfigName="credit-risk-1")
    serving.delete_model(ModelName="credit-risk-1")
    registry = run.cast.administrator(run.organisation.hub).client("sagemaker")
    for group in run.organisation.groups:
        pages = registry.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        for page in pages:
            for version in page["ModelPackageSummaryList"]:
                registry.delete_model_package(ModelPackageName=version["ModelPackageArn"])
    run.settle()


def leftovers(run: Run) -> list[str]:
    """Everything with the installation's prefix that still exists, in every account that had a stack."""
    prefix, found = run.organisation.prefix, []
    for stack, account in [
        ("hub", run.organisation.hub),
        *((s.stack, s.account) for s in run.organisation.spokes),
    ]:
        found += [f"{stack}: {name}" for name in _physical(run, account) if prefix in name]
        found += [
            f"{stack}: model package group {group['ModelPackageGroupName']}"
            for group in run.cast.administrator(account)
            .client("sagemaker")
            .list_model_package_groups()["ModelPackageGroupSummaryList"]
        ]
    return found


def _physical(run: Run, account: str) -> list[str]:
    actor = run.cast.administrator(account)

    def pages(service: str, operation: str, member: str, **parameters: Any) -> list[Any]:
        paginator = actor.client(service).get_paginator(operation)
        return [each for page in paginator.paginate(**parameters) for each in page.get(member, [])]

    buses = actor.client("events").list_event_buses()["EventBuses"]
    keys = [
        actor.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in pages("kms", "list_keys", "Keys")
    ]
    return [
        *(f"role {role['RoleName']}" for role in pages("iam", "list_roles", "Roles")),
        *(f"bucket {bucket['Name']}" for bucket in actor.client("s3").list_buckets()["Buckets"]),
        *(f"alias {alias['AliasName']}" for alias in pages("kms", "list_aliases", "Aliases")),
        *(f"key {key['Description']}" for key in keys if key["KeyState"] != "PendingDeletion"),
        *(f"table {name}" for name in pages("dynamodb", "list_tables", "TableNames")),
        *(f"queue {url}" for url in pages("sqs", "list_queues", "QueueUrls")),
        *(f"function {each['FunctionName']}" for each in pages("lambda", "list_functions", "Functions")),
        *(f"bus {bus['Name']}" for bus in buses),
        *(
            f"rule {rule['Name']}"
            for bus in buses
            for rule in actor.client("events").list_rules(EventBusName=bus["Name"])["Rules"]
        ),
        *(f"log group {each['logGroupName']}" for each in pages("logs", "describe_log_groups", "logGroups")),
        *(
            f"share {share['name']}"
            for share in pages("ram", "get_resource_shares", "resourceShares", resourceOwner="SELF")
            if share["status"] != "DELETED"
        ),
    ]  # fmt: skip
