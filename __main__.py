"""The Pulumi program: one stack per account. Settings → hub or spoke → contract.

What is wrong with the configuration, or with the hub's contract, is said in one message before anything is registered.
"""

from __future__ import annotations

from pathlib import Path

import pulumi

from blueprint.contracts import Contract, HubContract
from blueprint.errors import BlueprintError
from blueprint.packages import build_all, build_inference
from blueprint.settings import HubSettings, Settings, SpokeSettings
from components.engine import account_provider, configuration, declared_once, stack_outputs

ROOT = Path(__file__).resolve().parent


def hub(settings: HubSettings) -> Contract:
    """The account that owns registry, artifacts and ledger."""
    from components.hub import Hub, HubArgs  # a spoke needn't pay for what only the hub imports

    # First of all, since a package that can't be built mustn't leave half a hub.
    packages = build_all(ROOT, settings.organisation)
    provider = pulumi.ResourceOptions(provider=account_provider(settings))
    return Hub("hub", HubArgs(settings=settings, root=ROOT, packages=packages), provider).contract


def spoke(settings: SpokeSettings) -> Contract:
    """An account whose models are governed."""
    from components.spoke import Spoke, SpokeArgs

    package = None if settings.inference is None else build_inference(ROOT)
    contract = HubContract.read(
        stack_outputs(settings.hub_stack),
        hub_stack=settings.hub_stack,
        organisation=settings.organisation,
        spoke=settings.spoke,
    )
    # Read once more as a resource, so that the state and `pulumi stack graph` show what this stack depends on.
    pulumi.StackReference(settings.hub_stack)
    provider = pulumi.ResourceOptions(provider=account_provider(settings))
    args = SpokeArgs(settings=settings, hub=contract, root=ROOT, inference_package=package)
    return Spoke(settings.stack, args, provider).contract


def main() -> None:
    """Bring up the stack that the engine selected."""
    try:
        settings = Settings.parse(configuration(), pulumi.get_stack(), declared_once(ROOT))
        contract = hub(settings) if isinstance(settings, HubSettings) else spoke(settings)
    except BlueprintError as error:
        raise pulumi.RunError(str(error)) from None
    for name, value in contract.export().items():
        pulumi.export(name, value)


main()
