"""What this package raises.

    ValueError
    ├── MalformedPolicy   a policy document that AWS would refuse, or whose meaning can't be told
    └── MalformedCase     a case that can't be judged: a key, a value or a policy in it has no meaning

Neither is ever turned into a decision: a fault in the question is not a "denied".
"""

from __future__ import annotations

import json

_SHOWN = 120


def shown(value: object) -> str:
    """`value` as it stood in the JSON, shortened to 120 characters, for an error message."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class MalformedPolicy(ValueError):
    """A policy document without a meaning.

    `where` leads to the fault inside the document (`statement 2 (DenyApproval): Condition`), `fault` says what is
    wrong with which value, and what is allowed.
    """

    def __init__(self, where: str, fault: str) -> None:
        super().__init__(f"{where}: {fault}" if where else fault)
        self.where = where
        self.fault = fault


class MalformedCase(ValueError):
    """A case that can't be judged.

    `index` is the case's position in its list (None when it came alone), `key` the path of the faulty key
    (`request.action`, `identity_policies[0]`), `fault` says what is wrong with which value, and what is allowed.
    """

    def __init__(self, key: str, fault: str, index: int | None = None) -> None:
        place = "case" if index is None else f"case {index}"
        super().__init__(f"{place}: {key}: {fault}" if key else f"{place}: {fault}")
        self.key = key
        self.fault = fault
        self.index = index
