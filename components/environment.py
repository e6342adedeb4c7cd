"""What each function reads from its environment (lambdas/<function>/handler.py), and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from blueprint.accounts import ACCOUNTS_FILE
from blueprint.functions import PERIOD_SECONDS, QUALITY_NAMESPACE, FunctionSpec
from blueprint.names import Bucket, Queue, Table
from blueprint.settings import HubSettings

Variables = dict[str, pulumi.Input[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Names, URLs and ARNs of what functions work with."""

    settings: HubSettings
    tables: Mapping[Table, pulumi.Input[str]]
    buckets: Mapping[Bucket, pulumi.Input[str]]
    urls: Mapping[Queue, pulumi.Input[str]]
    signing_key_arn: pulumi.Input[str]

    def variables(self, spec: FunctionSpec) -> Variables:
        """The environment of a function."""
        organisation = self.settings.organisation
        shared: Variables = {"PREFIX": organisation.prefix, "DLQ_URL": self.urls[spec.dead_letters]}
        stages = json.dumps([{"stage": stage.name, "lifecycle": stage.lifecycle} for stage in organisation.stages])
        governed: Variables = {"STAGES": stages, "GROUPS": json.dumps(organisation.groups)}
        recorded: Variables = {
            **governed,
            "LEDGER_TABLE": self.tables["modelgovernanceledger"],
            "DEDUP_TABLE": self.tables["modelgovernancededup"],
            "STATE_TABLE": self.tables["modelpackagestatechanges"],
            "APPROVALS_URL": self.urls["approvals"],
            "GUARD_JOBS_URL": self.urls["guard-jobs"],
            "DOCUMENTS_BUCKET": self.buckets["documents"],
        }
        jobs: Variables = {"ACCOUNTS": ACCOUNTS_FILE, "JOBS_URL": self.urls[spec.queue]}
        state: Variables = {"STATE_TABLE": self.tables["modelpackagestatechanges"]}
        endpoints: Variables = {"ENDPOINTS_TABLE": self.tables["sagemakermodelendpoints"]}
        history: Variables = {"HISTORY_TABLE": self.tables["sagemakerendpointhistory"]}
        artifacts: Variables = {"ARTIFACT_BUCKET": self.buckets["artifacts"]}
        match spec.function:
            case "capture":
                own = recorded | endpoints | {"INVENTORY_JOBS_URL": self.urls["inventory-jobs"]}
            case "reconcile":
                own = recorded | jobs
            case "guard":
                own = governed | {
                    "LEDGER_TABLE": self.tables["modelgovernanceledger"],
                    "DEDUP_TABLE": self.tables["modelgovernancededup"],
                    "STATE_TABLE": self.tables["modelpackagestatechanges"],
                    "GUARD_MODE": organisation.guard,
                }
            case "approval":
                own = state | artifacts | {"STAGES": stages}
            case "inventory":
                own = governed | state | endpoints | history | artifacts | jobs
            case "metrics":
                own = endpoints | jobs | self._metrics()
            case "anchor":
                own = (
                    state
                    | history
                    | {
                        "LEDGER_TABLE": self.tables["modelgovernanceledger"],
                        "ANCHOR_BUCKET": self.buckets["anchors"],
                        "SIGNING_KEY_ARN": self.signing_key_arn,
                    }
                )
        return shared | own

    def _metrics(self) -> Variables:
        data = self.settings.data
        return {
            "METRICS_TABLE": self.tables["sagemakerendpointmetrics"],
            "PERIOD_SECONDS": str(PERIOD_SECONDS),
            "METRICS_RETENTION_DAYS": str(data.metrics_retention_days),
            "QUALITY_NAMESPACE": QUALITY_NAMESPACE,
            "QUALITY_METRICS": json.dumps(data.quality_metrics),
        }
