"""The declared intent: who may do what, and what enforces each refusal. The access proof compares the policies with it.

Written in its own words: nothing here is computed from the policies that it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass

from blueprint.intent.account_asks import ask_accounts
from blueprint.intent.asking import Asks
from blueprint.intent.bucket_asks import ask_buckets
from blueprint.intent.claims import claims
from blueprint.intent.data_asks import ask_data
from blueprint.intent.hub_roles import hub_intents
from blueprint.intent.images import ask_images
from blueprint.intent.inference import ask_inference, inference_intents
from blueprint.intent.key_asks import ask_keys
from blueprint.intent.model import Admission, Ask, Claim, Facts, Principal, Refusal, RoleIntent
from blueprint.intent.network import ask_network, network_intents
from blueprint.intent.registry_asks import ask_registry
from blueprint.intent.resources import admissions, refusals
from blueprint.intent.roles import strangers
from blueprint.intent.spoke_roles import spoke_intents
from blueprint.intent.studio import ask_studio
from blueprint.intent.tracking import ask_tracking, tracking_intents
from blueprint.organisation import Organisation

COLLECT = (ask_registry, ask_buckets, ask_keys, ask_data, ask_accounts)
COLLECT_PARTS = (ask_tracking, ask_studio, ask_inference, ask_network, ask_images)
"""Of parts that a stack may have or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """All of it for one organisation. `roles` are by id, `<stack>/<purpose>`."""

    organisation: Organisation
    asks: tuple[Ask, ...]
    strangers: tuple[Principal, ...]
    roles: dict[str, RoleIntent]
    admissions: tuple[Admission, ...]
    refusals: tuple[Refusal, ...]
    claims: tuple[Claim, ...]


def intent(organisation: Organisation, facts: Facts) -> Intent:
    """The intent of an installation. Raises ValueError where a row stands twice."""
    asks = Asks(organisation, facts)
    for collect in (*COLLECT, *COLLECT_PARTS):
        collect(asks)
    rows = [
        *hub_intents(organisation, facts),
        *spoke_intents(organisation, facts),
        *tracking_intents(organisation, facts),
        *inference_intents(organisation, facts),
        *network_intents(organisation, facts),
    ]
    roles = {row.id: row for row in rows}
    if len(roles) < len(rows):
        raise ValueError("a role has two rows in the intent")
    return Intent(
        organisation=organisation,
        asks=tuple(asks.made.values()),
        strangers=strangers(organisation, facts),
        roles=roles,
        admissions=tuple(admissions(organisation, facts)),
        refusals=tuple(refusals(organisation, facts)),
        claims=claims(organisation, facts),
    )
