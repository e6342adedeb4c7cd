"""What passes between stacks: flat, small, versioned. The output names exist here and nowhere else.

Stack references are read at every preview, so a contract holds names and ARNs, never documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, cast

from blueprint.errors import ContractError
from blueprint.names import PURPOSES, Purpose
from blueprint.organisation import Organisation, Spoke

SHOWN = 20
"""Names that a message lists."""


def output_name(field: str) -> str:
    """The output's name of a field: `artifact_bucket` is exported as `artifactBucket`."""
    head, *rest = field.split("_")
    return head + "".join(word.title() for word in rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Base of the contracts: how they are exported and read."""

    version: ClassVar[int]

    def export(self) -> dict[str, Any]:
        """The stack's outputs. Values may be Pulumi Outputs on the way out; on the way in they are plain."""
        outputs: dict[str, Any] = {"contractVersion": self.version}
        outputs |= {output_name(field.name): getattr(self, field.name) for field in fields(self)}
        return outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class HubContract(Contract):
    """What spokes and operators need of the hub.

    `model_package_groups`: ARN by group name. `shares`: ARN by level. `spokes`: account by stack of those whose roles
    the hub's policies admit and its functions become, `admitted_purposes`: which of their roles; the names follow, so
    that a thousand spokes are a thousand lines and not five thousand. `tables`: physical name by
    table. `queues`: URL by queue. `sink_arn`: where spokes link their metrics, "" where none do. `auditor_role_arn`,
    `operator_role_arn`: "" where nobody is named to be one. `notebooks`: SHA-256 by file of what Studio fetches.
    `domain_id`, `user_profiles`: as a spoke's. `repositories`: URL of each image repository.
    """

    version: ClassVar[int] = 3

    account: str
    region: str
    prefix: str
    organisation: str
    artifact_bucket: Any
    artifact_bucket_arn: Any
    artifact_key_arn: Any
    governance_bus_arn: Any
    model_package_groups: Mapping[str, Any]
    shares: Mapping[str, Any]
    spokes: Mapping[str, str]
    admitted_purposes: Sequence[str]
    tables: Mapping[str, Any]
    documents_bucket: Any
    anchors_bucket: Any
    signing_key_arn: Any
    queues: Mapping[str, Any]
    alarm_topic_arn: Any
    sink_arn: Any
    auditor_role_arn: Any
    operator_role_arn: Any
    repositories: Mapping[str, Any]
    notebooks_bucket: Any
    notebooks: Mapping[str, str]
    domain_id: Any
    user_profiles: Mapping[str, Any]

    @staticmethod
    def read(outputs: Mapping[str, Any], *, hub_stack: str, organisation: Organisation, spoke: Spoke) -> HubContract:
        """The hub's contract, checked against what this spoke knows of the organisation and the roles it makes.

        Raises ContractError naming the stack, the key and the command that mends it.
        """
        own_stack = organisation.pulumi_stack(spoke.stack)
        contract = HubContract(**_read(HubContract, outputs, hub_stack, command=_up(hub_stack)))
        expected = {
            "account": organisation.hub,
            "region": organisation.region,
            "prefix": organisation.prefix,
            "organisation": organisation.id or "",
        }
        for field, value in expected.items():
            found = getattr(contract, field)
            if found != value:
                raise ContractError(
                    f"stack {hub_stack} was brought up for {field} {found!r}, the configuration of {spoke.stack} says"
                    f" {value!r} (key {output_name(field)}): the hub's policies name other principals than this stack"
                    f" would make. Run `{_up(hub_stack)}` with the same Pulumi.yaml, then `{_up(own_stack)}`"
                )
        account = contract.spokes.get(spoke.stack)
        if account is None:
            known = sorted(contract.spokes)
            some = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
            raise ContractError(
                f"stack {hub_stack} knows no spoke {spoke.stack} (key spokes; it knows {some or 'none'}): nothing of it"
                f" would be admitted. Run `{_up(hub_stack)}` first, then `{_up(own_stack)}`"
            )
        admitted = _roles(organisation, spoke.stack, account, contract.admitted_purposes)
        made = admitted_roles(organisation, spoke)
        if admitted != made:
            raise ContractError(
                f"stack {hub_stack} admits {', '.join(admitted)} for {spoke.stack} (keys spokes, admittedPurposes),"
                f" this stack makes {', '.join(made)}: the roles would be refused. Run `{_up(hub_stack)}` with the same"
                f" Pulumi.yaml, then `{_up(own_stack)}`"
            )
        return contract


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokeContract(Contract):
    """What others need of a spoke.

    `reader_role_arn`: what the hub's functions become, "" in same-account mode. `forward_dlq`: URL of the queue of
    events that the hub's bus refused, "" likewise. `deployer_role_arn`: "" where the stage names no deployers.
    `tracking_arn`: of the stack's MLflow app or server, "" where it has none.
    `domain_id`: Studio's, "" in a stack without. `user_profiles`: name of the private space by user profile.
    `inference_url`: of the inference API, "" without one.
    """

    version: ClassVar[int] = 3

    account: str
    stage: str
    execution_role_arn: Any
    serving_role_arn: Any
    deployer_role_arn: Any
    reader_role_arn: Any
    forward_dlq: Any
    tracking_arn: Any
    domain_id: Any
    user_profiles: Mapping[str, Any]
    inference_url: Any

    @staticmethod
    def read(outputs: Mapping[str, Any], *, stack: str) -> SpokeContract:
        """A spoke's contract. Raises ContractError naming the stack, the key and the command that mends it."""
        return SpokeContract(**_read(SpokeContract, outputs, stack, command=_up(stack)))


def admitted_roles(organisation: Organisation, spoke: Spoke) -> list[str]:
    """`<account>/<role>` of the spoke's roles, sorted: what the hub admits and what the spoke makes."""
    return _roles(organisation, spoke.stack, spoke.account, PURPOSES)


def _roles(organisation: Organisation, stack: str, account: str, purposes: Iterable[str]) -> list[str]:
    return sorted(f"{account}/{organisation.names.role(stack, cast(Purpose, purpose))}" for purpose in purposes)


def _up(stack: str) -> str:
    return f"pulumi up --stack {stack}"


def _read(contract: type[Contract], outputs: Mapping[str, Any], stack: str, command: str) -> dict[str, Any]:
    """The fields of a contract out of a stack's outputs."""
    if not outputs:
        raise ContractError(
            f"stack {stack} has no outputs: it wasn't brought up yet, or was destroyed, and this stack needs its"
            f" {output_name(fields(contract)[0].name)} and more. Run `{command}` first"
        )
    found = outputs.get("contractVersion")
    if found != contract.version:
        known = f"{found:g}" if isinstance(found, float) else found  # the engine hands every number over as a float
        state = "has no key contractVersion" if found is None else f"exports version {known} (key contractVersion)"
        older = not isinstance(found, int | float) or found < contract.version
        mend = f"run `{command}` with this program" if older else "update this checkout to the hub's version"
        raise ContractError(f"stack {stack} {state}, this program reads version {contract.version}: {mend}")
    values: dict[str, Any] = {}
    for field in fields(contract):
        key = output_name(field.name)
        if key not in outputs or outputs[key] is None:
            raise ContractError(
                f"stack {stack} has no output {key}, which contract version {contract.version} holds: its last update"
                f" didn't finish. Run `{command}`"
            )
        values[field.name] = outputs[key]
    return values
