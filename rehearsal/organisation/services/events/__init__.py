"""Amazon EventBridge: buses, rules, targets, events."""

from rehearsal.organisation.core import Organisation, component
from rehearsal.organisation.delivery.router import Router
from rehearsal.organisation.services.events import buses, put_events, rules, tags

__all__ = ["buses", "put_events", "rules", "tags"]


@component("events")
def make_router(org: Organisation) -> Router:
    return Router(org)
