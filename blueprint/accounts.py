"""The list of governed accounts that the functions get with their package.

A file of the package and not an environment variable: Lambda gives all variables of a function 4 KB together
(lambda gettingstarted-limits), which thirty accounts fill. In the package the list needs no right, no call and no
cache, and another list is another package hash.
"""

from __future__ import annotations

import json
from typing import Any

from blueprint.names import HUB
from blueprint.organisation import Organisation

ACCOUNTS_FILE = "accounts.json"
"""Its path in the package; lambdas/common/accounts.py reads it."""


def accounts(organisation: Organisation) -> list[dict[str, Any]]:
    """The hub, read with the function's own credentials, then the spokes by stack name.

    In same-account mode the hub alone: all endpoints are in the one account, and none belongs to one stage.
    """
    names = organisation.names
    listed: list[dict[str, Any]] = [
        {"account": organisation.hub, "stack": HUB, "lifecycle": None, "readerrole": None}
    ]  # fmt: skip
    if organisation.same_account:
        return listed
    return listed + [
        {
            "account": spoke.account,
            "stack": spoke.stack,
            "lifecycle": organisation.stage(spoke.stage).lifecycle,
            "readerrole": names.role_arn(spoke.account, names.role(spoke.stack, "reader")),
        }
        for spoke in organisation.spokes
    ]


def accounts_file(organisation: Organisation) -> bytes:
    """The file's content: one account a line, so that a reader of the package can compare two."""
    lines = (json.dumps(entry, sort_keys=True) for entry in accounts(organisation))
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()
