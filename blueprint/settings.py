"""The configuration, checked field by field before anything is registered.

`Settings.parse` returns the settings of the hub or of a spoke, or raises one ConfigurationError with every problem.
The organisation stands once, in `Pulumi.yaml`; docs/configuration.md describes each key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blueprint import sizes
from blueprint.adoption import Adoption, check_adoption, read_adoption
from blueprint.data_settings import DataSettings, check_data_settings, read_data_settings
from blueprint.errors import ConfigurationError
from blueprint.inference_settings import InferenceSettings, check_inference, read_inference
from blueprint.names import HUB, STACK_PATTERN
from blueprint.network_settings import NetworkSettings, overlapping, read_network
from blueprint.organisation import Organisation, Spoke
from blueprint.organisation_reading import DECLARED_ONCE, read_organisation
from blueprint.reading import ABSENT, MOST_NESTED, Reader, listed, shown, too_deep
from blueprint.regions import project, split_stack
from blueprint.stateful import DEFAULT_STATEFUL, STATEFUL, Stateful
from blueprint.studio_settings import StudioSettings, read_studio
from blueprint.tags import tags
from blueprint.tracking_settings import TrackingSettings, check_tracking, read_tracking

PROJECT = "ml-governance"

LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""What PutRetentionPolicy accepts (botocore logs, Days)."""

KEY_DELETION_DAYS = range(7, 31)
"""What ScheduleKeyDeletion accepts (botocore kms, PendingWindowInDaysType)."""

DEFAULT_LOG_RETENTION_DAYS = 365
DEFAULT_KEY_DELETION_DAYS = 30
TRIAL_KEY_DELETION_DAYS = 7

LARGEST_READ_ALIKE = 10**15
"""Whole numbers up to here are the same as floats, which is how the engine hands them over."""

_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}")
_BOUNDARY = re.compile(r"[\w+=,.@-]{1,128}")
_STACK_REFERENCE = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every stack has.

    `stateful`: what becomes of buckets, keys, tables and groups when they leave the program: `protect` refuses,
    `retain` leaves them in AWS, `destroy` deletes them with their content. `deploy_role`: the role of the account that
    the provider assumes, None to work with the credentials at hand. `permissions_boundary`: the name of a managed
    policy of the account, put on every role.
    """

    stack: str
    organisation: Organisation
    account: str
    stateful: Stateful
    log_retention_days: int
    key_deletion_days: int
    deploy_role: str | None
    permissions_boundary: str | None
    tracking: TrackingSettings
    adopt: Adoption
    network: NetworkSettings
    studio: StudioSettings

    @property
    def tags(self) -> dict[str, str]:
        return tags(self.organisation.prefix, self.stack)

    @property
    def deploy_role_arn(self) -> str | None:
        names = self.organisation.names
        return None if self.deploy_role is None else names.role_arn(self.account, self.deploy_role)

    @property
    def boundary_arn(self) -> str | None:
        if self.permissions_boundary is None:
            return None
        return f"arn:{self.organisation.names.partition}:iam::{self.account}:policy/{self.permissions_boundary}"

    @staticmethod
    def parse(
        raw: Mapping[str, Any], stack: str, declared: Mapping[str, Any] | None = None
    ) -> HubSettings | SpokeSettings:
        """The settings of a stack from its configuration.

        `raw` maps the project's keys without namespace, and `aws:region` where it is set, to their values. `declared`
        is what `Pulumi.yaml` itself says of the keys that stand once; where a stack's value differs, the stack
        redefines the organisation and is refused. Raises ConfigurationError.
        """
        problems = [
            f"{shown(key)} is nested more than {MOST_NESTED} levels deep; nothing here is: correct it"
            for key, value in raw.items()
            if too_deep(value)
        ]
        if problems:
            raise ConfigurationError(stack, problems)
        redefined = _redefined(raw, declared or {})
        problems += [_redefinition(key, stack) for key in redefined]
        # What else is wrong is judged by the organisation that counts, not by the one that is refused.
        reader = Reader({**raw, **{key: (declared or {})[key] for key in redefined}}, "", problems)
        organisation = read_organisation(reader.mapping("organisation", "the organisation"))
        local = split_stack(stack)[0]
        if organisation is not None:
            organisation, local = project(organisation, stack, problems)
        common = _common(reader, _stateful_of(organisation, local))
        common["network"] = read_network(reader, None if organisation is None else organisation.region)
        common["studio"] = read_studio(reader)
        common["tracking"] = read_tracking(reader)
        data = read_data_settings(reader, common["stateful"])
        inference = read_inference(reader)
        hub_stack = reader.text(
            "hubStack", _STACK_REFERENCE, "a stack's name such as organization/ml-governance/hub",
            default=f"organization/{PROJECT}/{HUB}",
        )  # fmt: skip
        region = reader.raw("aws:region")
        reader.close()
        if organisation is not None:
            _check_stack(organisation, stack, local, problems)
            check_adoption(common["adopt"], organisation, local, problems)
            if region is not ABSENT and region != organisation.region:
                problems.append(
                    f"aws:region is {shown(region)}, the stack's region is {organisation.region!r}; shares, events and"
                    " artifacts are regional, so a stack's name says its region (<stack>.<region>): remove aws:region"
                )
            check_data_settings(data, organisation, problems)
            check_tracking(common["tracking"], organisation, problems)
            problems += overlapping(organisation)
            if not problems:
                problems += sizes.oversize(organisation)
            check_inference(inference, organisation, problems)
        if problems or organisation is None:
            raise ConfigurationError(stack, problems)
        if local == HUB:
            return HubSettings(stack=local, organisation=organisation, account=organisation.hub, data=data, **common)
        return SpokeSettings(
            stack=local,
            organisation=organisation,
            account=organisation.spoke(local).account,
            hub_stack=organisation.pulumi_stack(str(hub_stack)),
            inference=inference.of(organisation, organisation.spoke(local)),
            **common,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings(Settings):
    """The hub's settings."""

    data: DataSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokeSettings(Settings):
    """A spoke's settings. `hub_stack`: the name by which a stack reference finds the hub. `inference`: None without an
    inference API.
    """

    hub_stack: str
    inference: InferenceSettings | None

    @property
    def spoke(self) -> Spoke:
        return self.organisation.spoke(self.stack)


def _common(reader: Reader, by_stage: Stateful) -> dict[str, Any]:
    empty = reader.raw("statefulResources") == ""
    stateful = by_stage if empty else reader.choice("statefulResources", STATEFUL, default=by_stage)
    days = reader.integer(
        "keyDeletionDays", KEY_DELETION_DAYS, "a number of days from 7 to 30",
        default=TRIAL_KEY_DELETION_DAYS if stateful == "destroy" else DEFAULT_KEY_DELETION_DAYS,
    )  # fmt: skip
    if stateful != "destroy" and days != DEFAULT_KEY_DELETION_DAYS:
        reader.problem(
            "keyDeletionDays",
            f"is {days} while statefulResources is {stateful}; endpoints fetch artifacts whenever they scale out, so a"
            f" lasting installation waits {DEFAULT_KEY_DELETION_DAYS} days: remove keyDeletionDays, or set"
            " statefulResources to destroy for a trial",
        )
    return {
        "stateful": stateful,
        "key_deletion_days": days,
        "log_retention_days": reader.integer(
            "logRetentionDays", LOG_RETENTION_DAYS,
            f"a number of days that CloudWatch Logs keeps ({', '.join(map(str, LOG_RETENTION_DAYS))})",
            default=DEFAULT_LOG_RETENTION_DAYS,
        ),
        "deploy_role": _optional(reader, "deployRole", _ROLE_NAME, "the name of a role of the account"),
        "adopt": read_adoption(reader),
        "permissions_boundary": _optional(
            reader, "permissionsBoundary", _BOUNDARY, "the name of a managed policy of the account"
        ),
    }  # fmt: skip


def _optional(reader: Reader, key: str, form: re.Pattern[str], needed: str) -> str | None:
    """Text or nothing; empty text is nothing, since a stack file can't unset a project's default otherwise."""
    if reader.raw(key) == "":
        return None
    return reader.text(key, form, needed, default=None)


def _redefined(raw: Mapping[str, Any], declared: Mapping[str, Any]) -> list[str]:
    """The keys that stand once, and that the stack's configuration says otherwise."""
    return [
        key for key in DECLARED_ONCE if key in declared and key in raw and _plain(raw[key]) != _plain(declared[key])
    ]


def _redefinition(key: str, stack: str) -> str:
    return (
        f"{key} differs from what Pulumi.yaml says: the stack's own configuration redefines it, and the stacks would"
        " disagree about who is who; change it in Pulumi.yaml and run"
        f" `pulumi config rm {PROJECT}:{key} --stack {stack}`"
    )


def _plain(value: Any) -> Any:
    """A value without what two YAML readers may read differently: numbers, and digits with leading zeros."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.0f}" if abs(value) < LARGEST_READ_ALIKE else shown(value)
    return value.lstrip("0") if isinstance(value, str) and value.isdigit() else value


def _stateful_of(organisation: Organisation | None, stack: str) -> Stateful:
    """What the stack's stage says of what can't be made anew."""
    if organisation is None or stack not in {spoke.stack for spoke in organisation.spokes}:
        return DEFAULT_STATEFUL
    return organisation.stage(organisation.spoke(stack).stage).stateful or DEFAULT_STATEFUL


def _check_stack(organisation: Organisation, stack: str, local: str, problems: list[str]) -> None:
    stacks = [HUB, *(spoke.stack for spoke in organisation.spokes)]
    known = [organisation.pulumi_stack(stack) for stack in stacks]
    if local not in stacks:
        form = "" if STACK_PATTERN.fullmatch(local) else " (lower-case letters, digits and dashes, at most 24)"
        problems.append(
            f"stack {shown(stack)} is no account of the organisation; known: {listed(known)}. Add it under"
            f" organisation.accounts in Pulumi.yaml{form}, or select another stack"
        )
