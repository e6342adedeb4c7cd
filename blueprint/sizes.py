"""Are all policies of an installation within AWS's limits? Asked before anything is registered.

A key's ARN is known only after the key is made, its length beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from blueprint.errors import PolicyTooLarge
from blueprint.organisation import Organisation
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.bus import governance_bus
from blueprint.policies.hub_roles import hub_roles
from blueprint.policies.keys import artifact_key
from blueprint.policies.library_bucket import library_bucket
from blueprint.policies.observability import topic
from blueprint.policies.repositories import repository
from blueprint.policies.roles import KeyArns
from blueprint.policies.spoke_role_list import spoke_roles


def oversize(organisation: Organisation) -> list[str]:
    """What of the installation is over a limit, as sentences with the fix."""
    key = organisation.names.key_arn_like(organisation.hub)
    problems = []
    builds = [governance_bus, artifact_key, library_bucket, topic, lambda it: artifact_bucket(it, key)]
    for build in builds + [repository] * bool(organisation.repositories):
        problem = _too_large(organisation, build)
        if problem is not None:
            problems.append(problem)
    for role in hub_roles(organisation, KeyArns(key, key, key)):
        problems += role.oversize()
    # One spoke of each stage and the longest name: the others' roles are shorter.
    for stage in organisation.stages:
        spokes = organisation.spokes_of(stage.name)
        if spokes:
            spoke = max(spokes, key=lambda spoke: len(spoke.stack))
            for role in spoke_roles(organisation, spoke, key, "server"):  # the largest of its rights
                problems += role.oversize()
    return problems


def _too_large(organisation: Organisation, build: Callable[[Organisation], object]) -> str | None:
    try:
        build(organisation)
    except PolicyTooLarge as error:
        fits = _largest_that_fits(organisation, build)
        return (
            f"organisation.accounts: {error}; {fits} of these spokes fit. Configure organisation.id, so that the"
            " organisation admits them, or make a second installation with its own prefix"
        )
    return None


def _largest_that_fits(organisation: Organisation, build: Callable[[Organisation], object]) -> int:
    """How many of the spokes fit, by bisection: sizes grow with the number."""
    low, high = 0, len(organisation.spokes)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            build(replace(organisation, spokes=organisation.spokes[:middle]))
        except PolicyTooLarge:
            high = middle
        else:
            low = middle
    return low
