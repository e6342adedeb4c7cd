"""AWS Lambda: functions, permissions, invocations, event source mappings."""

from rehearsal.organisation.core import Organisation, component
from rehearsal.organisation.pollers import Pollers
from rehearsal.organisation.runtime.invocations import Invocations
from rehearsal.organisation.services.lambda_ import functions, invoke, mappings, permissions

__all__ = ["functions", "invoke", "mappings", "permissions"]


@component("lambda")
def make_invocations(org: Organisation) -> Invocations:
    return Invocations(org)


@component("pollers")
def make_pollers(org: Organisation) -> Pollers:
    return Pollers(org)
