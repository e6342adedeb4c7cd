"""Run an organisation alone, for the AWS CLI or boto3, until it is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from rehearsal.organisation.accounts import ADMIN_USER
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings


def serve(settings: OrganisationSettings, *, port: int = 0, announce: Callable[[str], Any] = print) -> None:
    """Serve an organisation on loopback until SIGINT, SIGTERM or the control verb `stop`.

    `port` 0 takes a free one. `announce` gets the text that says endpoint, accounts, roles and how to sign in.
    Must be called in the main thread (signals). Raises NotLoopback where the environment names another endpoint.
    """
    with Emulator(settings, port=port) as org:
        previous = {one: signal.signal(one, lambda *_: org.stopped.set()) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            announce(description(org))
            org.stopped.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def description(org: Emulator) -> str:
    """What a newcomer needs: the endpoint, the accounts with their roles, and an AWS configuration to paste."""
    width = max(len(account.name) for account in org.accounts.values())
    lines = [f"The emulated organisation {org.id} ({org.region}) answers at {org.endpoint}", "", "Accounts:"]
    for account in org.accounts.values():
        if account.name == org.settings.management:
            way = f"IAM user {ADMIN_USER}"
        else:
            way = f"role {org.people.admin_role(account)}"
        outside = "" if account.in_organisation else ", outside the organisation"
        lines.append(f"  {account.name:<{width}}  {account.id}  {way}{outside}")
    return "\n".join([*lines, "", "AWS configuration (emulated credentials, of use only here):", "", aws_config(org)])


def aws_config(org: Emulator) -> str:
    """An AWS configuration file with one profile per account; the SDKs then assume the roles themselves."""
    parts = []
    for account in org.accounts.values():
        lines = [f"[profile {account.name}]", f"region = {org.region}", f"endpoint_url = {org.endpoint}"]
        user = org.people.user_of(account)
        if user is not None:
            lines += [f"aws_access_key_id = {user.access_key}", f"aws_secret_access_key = {user.secret_key}"]
        else:
            role = f"arn:aws:iam::{account.id}:role/{org.people.admin_role(account)}"
            lines += [f"role_arn = {role}", f"source_profile = {org.settings.management}"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
