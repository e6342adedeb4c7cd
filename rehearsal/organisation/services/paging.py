"""Pages of a list answer, with tokens that only the call that made them understands."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from rehearsal.organisation.core import ApiError, Params

Row = TypeVar("Row")
_PREFIX = "page:"


def page(
    rows: Sequence[Row], token: str | None, limit: int | None, *, default: int = 100, invalid: ApiError
) -> tuple[list[Row], str | None]:
    """Cut one page out of `rows`: `(the page's rows, the next page's token or None)`.

    `token` is what an earlier page returned; anything else raises `invalid`. `limit` None means `default` rows.
    """
    start = _offset(token, invalid) if token else 0
    end = start + (limit or default)
    return list(rows[start:end]), _token(end) if end < len(rows) else None


def paged(
    member: str, rows: Sequence[Any], params: Params, *, default: int, invalid: ApiError,
    following: str = "NextToken", most: str = "MaxResults",
) -> Params:  # fmt: skip
    """A list answer: the page of `rows` that `params` ask for as `member`, and the next page's token if there is one.

    `following` and `most` are the service's names of the two parameters; the answer's token has the former too.
    """
    shown, token = page(rows, params.get(following), params.get(most), default=default, invalid=invalid)
    return {member: shown} | ({following: token} if token is not None else {})


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"{_PREFIX}{offset}".encode()).decode()


def _offset(token: str, invalid: ApiError) -> int:
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise invalid from None
    number = text.removeprefix(_PREFIX)
    if not text.startswith(_PREFIX) or not number.isdigit():
        raise invalid
    return int(number)
