"""The event histories of all accounts: one list of records per account and Region, and the events made of them."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.core import ApiError, Call, Need, NotEmulated, Organisation, Params
from rehearsal.organisation.delivery.buses import DEFAULT, buses
from rehearsal.organisation.delivery.patterns import matches
from rehearsal.organisation.model import model
from rehearsal.organisation.trail.kinds import is_management, region_of
from rehearsal.organisation.trail.parameters import written
from rehearsal.organisation.trail.records import Record, foreign_identity, record_of, shows_answer
from rehearsal.organisation.trail.settings import TrailSettings

DETAIL_TYPE = "AWS API Call via CloudTrail"
KEPT = timedelta(days=90)
_COPIED = frozenset({("sts", "AssumeRole")})
_COPIED_SERVICES = frozenset({"kms"})
"""Documented to be recorded in the owner's account too (record contents, `recipientAccountId`, `sharedEventID`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in one account's history. `number` orders all histories; `time` is the eventTime, with fractions."""

    number: int
    time: datetime
    record: Record


@dataclass(frozen=True, slots=True)
class Draft:
    """A call that is under way, its parameters as they were sent."""

    call: Call
    by_aws: bool
    requested: dict[str, Any] | None


class Recorder:
    """What CloudTrail does in the emulated organisation (`Organisation.trail`); safe between threads.

    A record's event reaches the default bus at once, without the history's delay. Where no rule of that bus matches it
    nothing is put there, which nobody could tell from an event that is dropped.
    """

    def __init__(self, org: Organisation, settings: TrailSettings) -> None:
        self._org = org
        self.settings = settings
        self._histories: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._numbers = 0
        self._lock = threading.Lock()

    def change(self, **settings: Any) -> TrailSettings:
        """Change some of the settings; they hold for what is already recorded too. Raises TypeError, ValueError."""
        self.settings = replace(self.settings, **settings)
        return self.settings

    def draft(self, call: Call, *, by_aws: bool) -> Draft | None:
        """Note the parameters of a call before anything changes them; None for a call that isn't recorded."""
        if not is_management(call.service, call.operation):
            return None
        shape = model(call.service).operation_model(call.operation).input_shape
        return Draft(call, by_aws, written(call.params, shape))

    def succeeded(self, draft: Draft | None, needs: Sequence[Need], answer: Callable[[], Params]) -> None:
        """Record a call that was answered; `answer()` is asked only where the record shows it."""
        if draft is not None:
            self._add(draft, needs, answer, None)

    def failed(self, draft: Draft | None, needs: Sequence[Need], error: ApiError) -> None:
        """Record a call that AWS would have refused; what only the rehearsal can't do is no call of anybody's."""
        if draft is not None and not isinstance(error, NotEmulated):
            self._add(draft, needs, dict, error)

    def visible(self, account: str, region: str) -> Iterator[Entry]:
        """What an account's history shows now in a Region, newest first."""
        now = self._org.clock.now()
        newest, oldest = now - timedelta(seconds=self.settings.delay_seconds), now - KEPT
        with self._lock:
            entries = list(self._histories.get((account, region), ()))
        return (entry for entry in reversed(entries) if oldest <= entry.time <= newest)

    def _add(
        self, draft: Draft, needs: Sequence[Need], answer: Callable[[], Params], error: ApiError | None
    ) -> None:  # fmt: skip
        call, time = draft.call, self._org.clock.now()
        record = record_of(
            self._org, call, time=time, by_aws=draft.by_aws, requested=draft.requested,
            answered=None if error else self._answered(call, answer), needs=needs, error=error,
        )  # fmt: skip
        for account, one in self._by_account(call, record, needs).items():
            self._keep(account, region_of(call.service, call.region), one, time)
            if not one["readOnly"]:
                self._publish(account, region_of(call.service, call.region), one)

    @staticmethod
    def _answered(call: Call, answer: Callable[[], Params]) -> dict[str, Any] | None:
        if not shows_answer(call):
            return None
        return written(answer(), model(call.service).operation_model(call.operation).output_shape)

    def _by_account(self, call: Call, record: Record, needs: Sequence[Need]) -> dict[str, Record]:
        """The records of one call by the account that receives them."""
        first = call.caller.account or call.owner
        owners = {need.resource_account for need in needs if need.action != "iam:PassRole"}
        others = sorted(owners & {one.id for one in self._org.accounts.values()} - {first})
        if not self._copied(call):
            others = []
        shared = {"sharedEventID": str(uuid.uuid4())} if others else {}
        own = {**record, **shared, "eventID": str(uuid.uuid4()), "recipientAccountId": first}
        copies = {
            account: {
                **record, **shared, "userIdentity": foreign_identity(call.caller), "eventID": str(uuid.uuid4()),
                "recipientAccountId": account,
            }
            for account in others
        }  # fmt: skip
        return {first: own, **copies}

    def _copied(self, call: Call) -> bool:
        documented = call.service in _COPIED_SERVICES or (call.service, call.operation) in _COPIED
        return documented or self.settings.copies_to_owner

    def _keep(self, account: str, region: str, record: Record, time: datetime) -> None:
        with self._lock:
            self._numbers += 1
            self._histories[account, region].append(Entry(self._numbers, time, record))

    def _publish(self, account: str, region: str, record: Record) -> None:
        """Put the record on the default bus, if a trail logs it and a rule asks for it."""
        logged = any(one.id == account and one.in_organisation for one in self._org.accounts.values())
        if not self.settings.organisation_trail or not logged:
            return
        source = "aws." + record["eventSource"].removesuffix(".amazonaws.com")
        event = {
            "version": "0", "id": record["eventID"], "detail-type": DETAIL_TYPE, "source": source, "account": account,
            "time": record["eventTime"], "region": region, "resources": [], "detail": record,
        }  # fmt: skip
        with self._org.lock:
            rules = list(buses(self._org, account, region)[DEFAULT].rules.values())
            wanted = any(rule.state != "DISABLED" and rule.pattern and matches(rule.pattern, event) for rule in rules)
        if wanted:
            self._org.component("events").emit(account, region, source, DETAIL_TYPE, record)
