"""What the program needs of the engine besides resources: its configuration, another stack's outputs, its provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import yaml

from blueprint.errors import ConfigurationError, ContractError
from blueprint.organisation_reading import DECLARED_ONCE
from blueprint.settings import PROJECT, Settings

STRUCTURED = frozenset(
    {
        "adopt",
        "alarmEmails",
        "anchorRetention",
        "inferenceApi",
        "network",
        "organisation",
        "qualityMetrics",
        "schedules",
        "studio",
        "tracking",
    }
)
REGION = "aws:region"


def configuration() -> dict[str, Any]:
    """The project's configuration by key without namespace, and `aws:region` where it is set.

    All keys that are there, so that a misspelt one is found; the SDK's Config gives only those that one asks for.
    Raises ConfigurationError for a structured value that is no JSON (`pulumi config set` without `--path`).
    """
    values: dict[str, Any] = {}
    for key, value in pulumi.runtime.get_config_env().items():
        name = key.removeprefix(f"{PROJECT}:")
        if name in STRUCTURED:
            values[name] = _structured(name, value)
        elif name != key or key == REGION:
            values[name] = value
    return values


def _structured(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        place = "Pulumi.yaml" if name in DECLARED_ONCE else f"Pulumi.{pulumi.get_stack()}.yaml"
        problem = (
            f"{name} is {value[:80]!r}, no structured value; it stands in {place}: run"
            f" `pulumi config rm {PROJECT}:{name} --stack {pulumi.get_stack()}`"
        )
        raise ConfigurationError(pulumi.get_stack(), [problem]) from None


def declared_once(project_folder: Path) -> dict[str, Any]:
    """What Pulumi.yaml itself says of the keys that no stack may redefine.

    The engine hands the program the merged configuration only; a stack's value replaces the whole object. Comparing
    with the file finds a redefinition by stack file, `pulumi config set` and `--config` alike.
    """
    # By the C library where there is one, in a tenth of the time: a thousand accounts are a second otherwise.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    project = yaml.load((project_folder / "Pulumi.yaml").read_text("utf-8"), Loader=loader)  # noqa: S506  # a safe one
    declared = project.get("config", {}) if isinstance(project, dict) else {}
    found = {}
    for name in DECLARED_ONCE:
        entry = declared.get(f"{PROJECT}:{name}", declared.get(name))
        if isinstance(entry, dict) and "default" in entry:
            found[name] = entry["default"]
    return found


def stack_outputs(stack: str) -> dict[str, Any]:
    """Another stack's outputs, now.

    By the engine's own lookup and not by a StackReference: that resource's outputs arrive after registration has
    begun, and a contract that doesn't fit has to stop the program before. Empty where the stack has none. Raises
    ContractError where there is no such stack.
    """
    try:
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack})
    except Exception as error:
        raise ContractError(
            f"stack {stack} can't be read ({_reason(error)}): this stack needs its contract. Run"
            f" `pulumi up --stack {stack}` first; on a backend with another organisation, set hubStack in Pulumi.yaml"
        ) from error
    return dict(answer.value.get("outputs") or {}) if isinstance(answer.value, dict) else {}


def _reason(error: Exception) -> str:
    """The engine's own words, without the SDK's frame."""
    words = str(error).rpartition("failed: ")[2].rpartition("error: ")[2].strip()
    return words.splitlines()[0] if words else type(error).__name__


def account_provider(settings: Settings) -> aws.Provider:
    """The provider of the stack's account: any other account's credentials are refused before the first call."""
    deploy = settings.deploy_role_arn
    return aws.Provider(
        "account",
        region=settings.organisation.region,
        allowed_account_ids=[settings.account],
        assume_roles=None
        if deploy is None
        else [aws.ProviderAssumeRoleArgs(role_arn=deploy, session_name=f"{PROJECT}-{settings.stack}")],
        default_tags=aws.ProviderDefaultTagsArgs(tags=settings.tags),
    )
