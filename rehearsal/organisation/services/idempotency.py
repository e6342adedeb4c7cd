"""Client tokens: the same token and request get the first answer again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Params


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that carried a client token: what was sent, what came back, when."""

    sent: str
    answer: Params
    at: datetime


Answers = dict[Any, Answered]
"""By what the service keeps tokens apart: the token itself, the operation, the account, …"""


def answer_once(
    answers: Answers, key: Hashable, sent: Any, answer: Callable[[], Params], *, now: datetime, mismatch: ApiError,
    lasts: timedelta | None = None,
) -> Params:  # fmt: skip
    """Run `answer` once for a key. Raises `mismatch` where the same key comes with something else in `sent`.

    `lasts`: how long an answer is kept; None: as long as the organisation lives.
    """
    text = json.dumps(sent, sort_keys=True, default=str)
    seen = answers.get(key)
    if seen is not None and (lasts is None or now < seen.at + lasts):
        if seen.sent != text:
            raise mismatch
        return copy.deepcopy(seen.answer)
    result = answer()
    answers[key] = Answered(text, copy.deepcopy(result), now)
    return result
