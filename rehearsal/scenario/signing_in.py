"""`python -m rehearsal sign-in WHO`: somebody's credentials in the organisation that was left up, for a shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from botocore.exceptions import ClientError

from blueprint.names import HUB
from blueprint.organisation import Organisation
from rehearsal.engine import ROOT
from rehearsal.organisation.control import ControlError
from rehearsal.scenario import company, emulated
from rehearsal.scenario.cast import Actor, Cast
from rehearsal.scenario.configuration import organisation_of
from rehearsal.scenario.errors import NobodySigned

SignIn = Callable[[Cast], Actor]


def people(organisation: Organisation) -> Mapping[str, SignIn]:
    """Everybody of the cast by name: accounts stand for their administrators."""
    accounts = {HUB: organisation.hub} | {spoke.stack: spoke.account for spoke in organisation.spokes}
    accounts |= {spare.name: spare.id for spare in company.SPARE_STAGES if spare.name not in accounts}
    return {
        company.MANAGEMENT.name: lambda cast: cast.platform,
        **{name: partial(Cast.administrator, account=account) for name, account in accounts.items()},
        "data-scientist": Cast.data_scientist,
        "validator": Cast.validator,
        "serving": Cast.serving,
        **{
            f"deployer-{spoke.stack}": partial(Cast.deployer, spoke=spoke)
            for spoke in organisation.spokes
            if organisation.stage(spoke.stage).deployers
        },
        "auditor": Cast.auditor,
        "operator": Cast.operator,
        "officer": Cast.officer,
        "application": Cast.application,
        **{f"approver-{stage.name}": partial(Cast.approver, stage=stage.name) for stage in organisation.stages},
        company.OUTSIDER.name: lambda cast: cast.outsider,
    }


def sign_in(who: str, folder: Path = emulated.FOLDER) -> Actor:
    """Sign `who` in to the organisation that was left up in `folder`. Raises NobodySigned."""
    organisation = organisation_of(ROOT)
    known = people(organisation)
    if who not in known:
        raise NobodySigned(f"there is no {who!r} in the organisation; known: {', '.join(known)}")
    try:
        running = emulated.find(folder)
    except FileNotFoundError:
        raise NobodySigned("no organisation is up: `make rehearse ARGS=--keep` leaves one") from None
    try:
        return known[who](Cast(running.control, organisation, running.admin_keys))
    except (ClientError, ControlError) as error:
        raise NobodySigned(f"{who} can't sign in: {error}") from None


def exports(actor: Actor) -> str:
    """Shell lines that make the AWS CLI and boto3 act as this actor, whoever they acted as before."""
    variables = actor.environment()
    lines = [f"export {name}={value}" for name, value in variables.items()]
    if "AWS_SESSION_TOKEN" not in variables:
        lines.append("unset AWS_SESSION_TOKEN")
    return "\n".join(lines)
