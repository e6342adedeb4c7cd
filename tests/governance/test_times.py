"""Times of events in all documented forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.canonical import iso
from governance.times import EARLIEST, parse_time
from tests.governance.samples import START

AT = datetime(2020, 6, 17, 16, 39, 52, 203000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2021-02-24T17:00:14Z", datetime(2021, 2, 24, 17, 0, 14, tzinfo=UTC)),
        ("2022-12-03T00:09:44.893854735Z", datetime(2022, 12, 3, 0, 9, 44, 893000, tzinfo=UTC)),
        ("2020-06-17T18:39:52.203+02:00", AT),
        ("2020-06-17T16:39:52.203", AT),
        (1592411992203, AT),
        (1592411992203.0, AT),
        ("1592411992203", AT),
        ("1592411992203.9", AT),
    ],
)
def test_each_documented_form_is_the_same_time(written: object, expected: datetime) -> None:
    """Guards: a form that AWS's own samples show is refused or misread, and the event is lost."""
    assert parse_time(written).at == expected


@pytest.mark.parametrize(
    "written",
    [1592411992, "1592411992", 0, -1, float("nan"), float("inf"), 1e300, True, None, [], "", "yesterday", "2021-02-24",
     "2021-02-24T17:00", "0001-01-01T00:00:00+23:59", "999999999999999999999"],
)  # fmt: skip
def test_what_is_no_documented_form_is_refused(written: object) -> None:
    """Guards: seconds read as milliseconds (1970), or a date without a time, become a recorded fact."""
    with pytest.raises(ValueError, match="epoch milliseconds since 2017"):
        parse_time(written)


@given(
    st.datetimes(
        EARLIEST.replace(tzinfo=None), datetime(2100, 1, 1, tzinfo=UTC).replace(tzinfo=None), timezones=st.just(UTC)
    )
)
def test_all_forms_of_a_time_agree_to_the_millisecond(at: datetime) -> None:
    """Guards: duplicates of one event in two forms become two facts."""
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    texts = {
        iso(parse_time(form).at) for form in (at.isoformat(timespec="microseconds"), milliseconds, str(milliseconds))
    }
    assert texts == {iso(at)}


def test_a_time_written_to_the_second_matches_any_moment_of_that_second() -> None:
    """Guards: an event with whole seconds never matches its read-back, so nobody is ever named as the actor."""
    written = parse_time("2021-02-24T17:00:14Z")
    assert written.is_time_of(datetime(2021, 2, 24, 17, 0, 14, 438000, tzinfo=UTC))
    assert not written.is_time_of(datetime(2021, 2, 24, 17, 0, 15, tzinfo=UTC))


def test_a_time_written_to_the_millisecond_matches_only_that_millisecond() -> None:
    """Guards: an approval is attributed to whoever changed the version next within the same second."""
    written = parse_time("2021-02-24T17:00:14.000Z")
    assert written.is_time_of(datetime(2021, 2, 24, 17, 0, 14, 999, tzinfo=UTC))
    assert not written.is_time_of(datetime(2021, 2, 24, 17, 0, 14, 1000, tzinfo=UTC))


def test_texts_of_times_sort_as_the_times_do() -> None:
    """Guards: `late` and the state's order, which compare texts."""
    times = [AT + timedelta(milliseconds=step) for step in (0, 1, 9, 10, 999, 86_400_000)]
    assert sorted(map(iso, reversed(times))) == [iso(at) for at in times]


def test_a_naive_time_has_no_text() -> None:
    """Guards: the reference system's naive timestamps, which mean nothing outside their process."""
    with pytest.raises(ValueError, match="no time zone"):
        iso(START.replace(tzinfo=None))
