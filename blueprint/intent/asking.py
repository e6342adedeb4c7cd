"""How the tables of requests are written down."""

from __future__ import annotations

from collections.abc import Iterable

from blueprint.intent.model import Ask, Context, Facts
from blueprint.names import HUB
from blueprint.organisation import Organisation

SESSION = "session"
"""Name of every session that asks here."""


class Asks:
    """Collects requests; refuses two of one id."""

    def __init__(self, organisation: Organisation, facts: Facts) -> None:
        self.organisation = organisation
        self.facts = facts
        self.made: dict[str, Ask] = {}

    def add(
        self,
        name: str,
        actions: str | Iterable[str],
        resource: str,
        *,
        context: Context | None = None,
        account: str | None = None,
        stack: str = HUB,
        is_open: bool = False,
        is_gated: bool = False,
    ) -> None:
        """A verb on a thing, of one or several actions. `account` defaults to the hub; "" is the caller's own."""
        owner = self.organisation.hub if account is None else account
        several = [actions] if isinstance(actions, str) else list(actions)
        for action in several:
            one = name if len(several) == 1 else f"{name}#{action.partition(':')[2]}"
            if one in self.made:
                raise ValueError(f"the request {one} stands twice in the intent")
            self.made[one] = Ask(
                id=one,
                action=action,
                resource=resource,
                account=owner,
                stack=stack,
                context=dict(context or {}),
                open=is_open,
                gated=is_gated,
            )

    def arn(self, service: str, resource: str, account: str | None = None) -> str:
        """An ARN in the installation's region, of the hub unless said otherwise."""
        of = self.organisation
        return f"arn:{of.names.partition}:{service}:{of.region}:{account or of.hub}:{resource}"

    def via(self, service: str, **more: str) -> Context:
        """KMS keys of a call that a service makes on the caller's behalf."""
        return {"kms:ViaService": f"{service}.{self.organisation.region}.amazonaws.com", **more}
