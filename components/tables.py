"""The governance tables: ledger, dedup, states, endpoints and their history, metrics.

Owns tables, never rows. Point-in-time recovery and encryption with the governance key on each; no resource policy, so
only the hub's roles reach them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import dynamodb

from blueprint.names import Table
from blueprint.organisation import Organisation
from blueprint.stateful import Stateful
from blueprint.tables import TABLE_SPECS, TableSpec
from components.options import stateful_child


@dataclass(frozen=True, kw_only=True, slots=True)
class TablesArgs:
    organisation: Organisation
    key_arn: pulumi.Input[str]
    stateful: Stateful


class Tables(pulumi.ComponentResource):
    """`names`: physical name by table, known once the table exists."""

    names: Mapping[Table, pulumi.Output[str]]

    def __init__(self, name: str, args: TablesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:ledger:Tables", name, None, opts)
        self.names = {spec.table: self._table(name, spec, args) for spec in TABLE_SPECS}
        self.register_outputs({"names": self.names})

    def _table(self, name: str, spec: TableSpec, args: TablesArgs) -> pulumi.Output[str]:
        attributes = [dynamodb.TableAttributeArgs(name=spec.hash_key, type="S")]
        if spec.range_key is not None:
            attributes.append(dynamodb.TableAttributeArgs(name=spec.range_key, type=spec.range_type))
        return dynamodb.Table(
            f"{name}-{spec.table}",
            name=args.organisation.names.table(spec.table),
            billing_mode="PAY_PER_REQUEST",
            hash_key=spec.hash_key,
            range_key=spec.range_key,
            attributes=attributes,
            point_in_time_recovery=dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
            server_side_encryption=dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=args.key_arn),
            deletion_protection_enabled=args.stateful == "protect",
            ttl=None if spec.expires is None else dynamodb.TableTtlArgs(attribute_name=spec.expires, enabled=True),
            opts=stateful_child(self, args.stateful),
        ).name
