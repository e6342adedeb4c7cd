"""`python -m rehearsal serve`: the emulated organisation in a process of its own, until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import asdict
from pathlib import Path

import psutil

from rehearsal.engine import ROOT
from rehearsal.organisation.core import Credentials
from rehearsal.organisation.emulator import Emulator
from rehearsal.scenario import company, staff
from rehearsal.scenario.answering import ENDPOINT
from rehearsal.scenario.cast import Keys
from rehearsal.scenario.configuration import consumer, organisation_of

PARENT_SECONDS = 0.5


def serve(*, port: int, seed: int, ready_file: str | None, parent: int | None) -> int:
    """Run until SIGTERM, SIGINT, the control verb `stop`, or the end of the process `parent`. Returns the status."""
    organisation = organisation_of(ROOT)
    emulator = Emulator(company.company(organisation, seed), port=port)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    emulator.start()
    try:
        for post in staff.posts(organisation):
            emulator.people.add_role(
                post.stack, post.role, trust=staff.sign_in_trust(), policies={"BecomeOurRoles": post.rights}
            )
        served = consumer(organisation)
        emulator.people.add_role(
            served.stack,
            company.APPLICATION_ROLE,
            trust=staff.sign_in_trust(),
            policies={"AskModels": company.application_rights(organisation.region, served.account, [ENDPOINT])},
        )
        keys = {
            company.MANAGEMENT.id: _keys(emulator.admin),
            company.OUTSIDER.id: _keys(emulator.people.credentials(company.OUTSIDER.name)),
        }
        _tell(emulator, keys)
        if ready_file is not None:
            _write_ready(Path(ready_file), emulator, keys)
        while not ended.wait(PARENT_SECONDS):
            told_to_stop = emulator.stopped.is_set()  # by the control verb: without a port the process serves nobody
            if told_to_stop or (parent is not None and not psutil.pid_exists(parent)):
                break
    finally:
        emulator.stop()
    return 0


def _keys(credentials: Credentials) -> Keys:
    return Keys(credentials.access_key, credentials.secret_key, credentials.session_token or None)


def _write_ready(path: Path, emulator: Emulator, keys: dict[str, Keys]) -> None:
    """Written whole or not at all: whoever waits for the file must not read half of it."""
    content = {
        "process": os.getpid(),
        "endpoint": emulator.endpoint,
        "admin_keys": {account: asdict(each) for account, each in keys.items()},
    }
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def _tell(emulator: Emulator, keys: dict[str, Keys]) -> None:
    """Where it is and how to sign in, for whoever started it by hand."""
    print(f"endpoint      {emulator.endpoint}")
    print(f"organisation  {emulator.id}, region {emulator.region}")
    for account in emulator.accounts.values():
        role = "keys below" if account.id in keys else f"arn:aws:iam::{account.id}:role/{company.DEPLOY_ROLE}"
        print(f"account       {account.id}  {account.name:<11} {role}")
    print(
        f"export AWS_ENDPOINT_URL={emulator.endpoint} AWS_REGION={emulator.region} AWS_DEFAULT_REGION={emulator.region}"
    )
    for account_id, whose in (
        (company.MANAGEMENT.id, "the management account's administrator, who may assume these roles"),
        (company.OUTSIDER.id, "the administrator of the account outside the organisation"),
    ):
        print(f"# {whose}:")
        print("export", " ".join(f"{name}={value}" for name, value in keys[account_id].environment().items()))
    print("Nothing is deployed in it yet. Ctrl-C ends it.", flush=True)
