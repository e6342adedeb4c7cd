"""The governed accounts, from the file that the deployment puts into the function's package.

A thousand accounts don't fit the 4 KB that Lambda gives all environment variables together, so the setting names a file
(blueprint/accounts.py writes it) and the package holds it: a list that changed is another package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.errors import SettingError

PACKAGE = Path(__file__).resolve().parents[2]
"""Where the package lies unpacked: the folder that holds `lambdas/`."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account whose models are governed.

    `lifecycle`: the `ModelLifeCycle.Stage` that may be served there, None for the hub. `readerrole`: ARN of the role to
    read it with, None where the function's own credentials are those of the account.
    """

    account: str
    stack: str
    lifecycle: str | None
    readerrole: str | None


def read_accounts(text: str) -> tuple[Account, ...]:
    """The accounts in the file `text`, a path relative to the package (or absolute).

    Content: `[{"account": "222222222222", "stack": "dev", "lifecycle": "Development", "readerrole": "arn:…"}, …]`, the
    hub first. Raises SettingError naming the file and the entry.
    """
    path = PACKAGE / text
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingError(
            f"ACCOUNTS names {text[:80]!r}, which the package doesn't hold ({type(problem).__name__}): no account would"
            " be looked at; deploy again"
        ) from None
    except ValueError:
        raise SettingError(f"ACCOUNTS names {text[:80]!r}, which holds no JSON; deploy again") from None
    if not isinstance(entries, list) or not entries:
        raise SettingError(f"ACCOUNTS names {text[:80]!r}, which holds no list of accounts; deploy again")
    return tuple(_account(text, index, entry) for index, entry in enumerate(entries))


def _account(text: str, index: int, entry: Any) -> Account:
    found = entry if isinstance(entry, dict) else {}
    account, stack = found.get("account"), found.get("stack")
    lifecycle, role = found.get("lifecycle"), found.get("readerrole")
    optional = all(value is None or isinstance(value, str) for value in (lifecycle, role))
    if not (isinstance(account, str) and isinstance(stack, str) and account and stack and optional):
        raise SettingError(
            f"ACCOUNTS: entry {index} of {text[:80]} is no account with account, stack, lifecycle and readerrole;"
            " deploy again"
        )
    return Account(account, stack, lifecycle, role)
