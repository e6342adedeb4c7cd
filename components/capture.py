"""Capture: registry and endpoint events become facts in the ledger, and approvals become tags on artifacts.

Owns queues, rules and the two functions; tables and bus come in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from blueprint.names import Function as FunctionName
from blueprint.names import Table
from blueprint.packages import Package
from blueprint.policies.hub_roles import approval_role, capture_role
from blueprint.rules import hub_rules
from blueprint.settings import HubSettings
from components.events import Rules, RulesArgs
from components.function import Function, FunctionArgs
from components.queues import Queues, QueuesArgs

LEAST_MAXIMUM_CONCURRENCY = 2
"""Of an event source mapping (botocore lambda, MaximumConcurrency)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureArgs:
    settings: HubSettings
    root: Path
    packages: Mapping[FunctionName, Package]
    artifact_bucket: pulumi.Input[str]
    artifact_key_arn: pulumi.Input[str]
    governance_key_arn: pulumi.Input[str]
    bus_name: pulumi.Input[str]
    tables: Mapping[Table, pulumi.Input[str]]


class Capture(pulumi.ComponentResource):
    queues: Queues

    def __init__(self, name: str, args: CaptureArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:capture:Capture", name, None, opts)
        settings = args.settings
        organisation = settings.organisation
        inside = pulumi.ResourceOptions(parent=self)
        rules = hub_rules(organisation)
        queues = Queues(
            name,
            QueuesArgs(
                organisation=organisation,
                key_arn=args.governance_key_arn,
                rules={rule.rule: rule.arn(organisation) for rule in rules},
            ),
            inside,
        )
        Rules(
            name,
            RulesArgs(
                organisation=organisation,
                rules=rules,
                bus_name=args.bus_name,
                target_arn=queues.capture.arn,
                dead_letter_arn=queues.rules_dlq.arn,
                admitted=queues.admitted,
            ),
            inside,
        )
        keys = (args.artifact_key_arn, args.governance_key_arn)
        stages = json.dumps([{"stage": stage.name, "lifecycle": stage.lifecycle} for stage in organisation.stages])
        shared = {
            "PREFIX": organisation.prefix,
            "STAGES": stages,
            "STATE_TABLE": args.tables["modelpackagestatechanges"],
        }
        Function(
            f"{name}-capture",
            FunctionArgs(
                organisation=organisation,
                root=args.root,
                function="capture",
                package=args.packages["capture"],
                description="Record registry and endpoint events in the ledger",
                environment={
                    **shared,
                    "LEDGER_TABLE": args.tables["modelgovernanceledger"],
                    "DEDUP_TABLE": args.tables["modelgovernancededup"],
                    "ENDPOINTS_TABLE": args.tables["sagemakermodelendpoints"],
                    "GROUPS": json.dumps(organisation.groups),
                    "DLQ_URL": queues.capture_dlq.url,
                    "APPROVALS_URL": queues.approvals.url,
                },
                queue=queues.capture,
                build_role=lambda artifact_key, governance_key: capture_role(
                    organisation, artifact_key, governance_key
                ),
                role_late=keys,
                log_key_arn=args.governance_key_arn,
                log_retention_days=settings.log_retention_days,
                boundary_arn=settings.boundary_arn,
            ),
            inside,
        )
        Function(
            f"{name}-approval",
            FunctionArgs(
                organisation=organisation,
                root=args.root,
                function="approval",
                package=args.packages["approval"],
                description="Tag approved artifacts for the stages that hold them",
                environment={
                    **shared,
                    "ARTIFACT_BUCKET": args.artifact_bucket,
                    "DLQ_URL": queues.approvals_dlq.url,
                },
                queue=queues.approvals,
                build_role=lambda artifact_key, governance_key: approval_role(
                    organisation, artifact_key, governance_key
                ),
                role_late=keys,
                log_key_arn=args.governance_key_arn,
                log_retention_days=settings.log_retention_days,
                # Tags are read, changed and put back as a whole, and two versions may share an artifact: one at a time.
                # Lambda itself tries throttled batches again within the visibility timeout (lambda
                # services-sqs-errorhandling), so the mapping's least concurrency of two loses nothing.
                batch_size=1,
                maximum_concurrency=LEAST_MAXIMUM_CONCURRENCY,
                reserved_concurrency=1,
                boundary_arn=settings.boundary_arn,
            ),
            inside,
        )
        self.queues = queues
        self.register_outputs({"queue": queues.capture.url})
