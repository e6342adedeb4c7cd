"""Times as SageMaker's events write them: ISO 8601, epoch milliseconds (int or float), or either as text.

The developer guide's samples (sagemaker/latest/dg/automating-sagemaker-with-eventbridge) show
`2021-02-24T17:00:14Z`, `2022-12-03T00:09:44.893854735Z`, `1592411992203.0` and `"1583831889050"` for the same
kind of field.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2017, 1, 1, tzinfo=UTC)
"""SageMaker was announced in November 2017: an earlier time is seconds read as milliseconds, or rubbish."""

FORM = "ISO 8601 with seconds, or epoch milliseconds since 2017 (not seconds)"

_NUMBER = re.compile(r"\d+(\.\d*)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_999.0  # 9999-12-31T23:59:59.999Z


@dataclass(frozen=True, slots=True)
class Moment:
    """A time cut to milliseconds. `to_the_second`: the source wrote no fraction, so they are unknown."""

    at: datetime
    to_the_second: bool = False

    def is_time_of(self, other: datetime) -> bool:
        """Whether `other` (a read-back's exact time) can be the time that the source wrote."""
        exact = cut(other)
        return exact == self.at or (self.to_the_second and exact.replace(microsecond=0) == self.at)


def cut(moment: datetime) -> datetime:
    """The time in UTC without what is below a millisecond."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def parse_time(value: object) -> Moment:
    """Read a time in any of the documented forms. Raises ValueError, saying which form is wanted."""
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text):
            return _epoch(float(text))
        if len(text) < len("2021-02-24T17:00:14"):
            raise ValueError(FORM)
        try:
            parsed = datetime.fromisoformat(text)
            at = cut(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            raise ValueError(FORM) from None
        return _checked(Moment(at, to_the_second="." not in text and "," not in text))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _epoch(float(value))
    raise ValueError(FORM)


def _epoch(milliseconds: float) -> Moment:
    if not math.isfinite(milliseconds) or not 0 <= milliseconds <= _LATEST_MS:
        raise ValueError(FORM)
    return _checked(Moment(_EPOCH + timedelta(milliseconds=math.floor(milliseconds))))


def _checked(moment: Moment) -> Moment:
    if moment.at < EARLIEST:
        raise ValueError(FORM)
    return moment
