"""What the anchor function does: one anchor after the newest one, of all heads as they are now.

Every step may be repeated and every run may stand beside another: an anchor's key can be written once only, so of two
runs one writes and the other finds it written. A run that dies leaves nothing but, at most, its anchor.

State rows say where the ledger's chains end (one Scan, a few pages), and capture's role can rewrite state rows. So of
each head that moved since the previous anchor, the rows from there to here are read and their chain is followed: a
Query a package that changed. What didn't move was followed when it did; a Query for each package on each run would cost
the same however little happened. So no head is ever signed that no rows lead to from the one signed before. Endpoints'
histories likewise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance import anchor as anchors
from governance.anchor import Anchor, Heads, Key
from governance.anchor_versions import Version, shelve
from governance.canonical import iso
from governance.errors import AnchorError, EventError
from governance.ledger import EMPTY, Head, row_hash
from governance.times import parse_time
from lambdas.anchor.ports import Chains, Signer, Vault
from lambdas.common.log import Log
from lambdas.common.measure import Measure, Measures

FUNCTION = {"Function": "anchor"}


class NotARun(EventError):
    """The message is neither a scheduled event nor `{"job": "anchor"}`."""

    reason = "not-an-anchor-job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchoring:
    """Makes anchors of one installation. `chains`: ledger and endpoints' history; `now` is the clock."""

    chains: Sequence[Chains]
    vault: Vault
    signer: Signer
    measures: Measures
    installation: str
    now: Callable[[], datetime]

    def handle(self, message_id: str, body: str, log: Log) -> str:
        """Make an anchor and say what came of it.

        Raises NotARun, AnchorError where the anchors or the ledger were tampered with, and the clients' own errors.
        """
        due = due_of(message_id, body)
        try:
            outcome = self._run(due, log)
        except AnchorError as problem:
            self._incident(log, "anchor-refused", problem=str(problem))
            raise
        self.measures.put([Measure("Heartbeat", 1, dimensions=FUNCTION)])
        return outcome

    def _run(self, due: str | None, log: Log) -> str:
        before = self._newest(log)
        if before is not None and due is not None and before.statement.made >= due:
            return "anchored before"
        # The anchor before heads: what it holds is there by now, so a head below it went back.
        ends = [(chains, chains.heads()) for chains in self.chains]
        heads = {arn: head for _, found in ends for arn, head in found.items()}
        self._check(before, heads)
        for chains, found in ends:
            self._follow(before, chains, found)
        key = self._key(before)
        statement = anchors.state_next(self.installation, before, heads, self.now(), key)
        content = anchors.write(statement, heads, self.signer.sign(statement.digest))
        written = self.vault.write(anchors.key_of(self.installation, statement.number), content)
        log.info(
            "anchor made" if written else "another run made it",
            number=statement.number, chains=statement.chains, rows=statement.rows, root=statement.root,
        )  # fmt: skip
        return "anchored" if written else "anchored by another run"

    def _newest(self, log: Log) -> Anchor | None:
        """The newest anchor, verified; None if none was ever made."""
        shelf = shelve(self.installation, self.vault.versions(anchors.folder_of(self.installation)))
        if shelf.missing:
            raise AnchorError(
                f"anchor {shelf.missing[0]} is missing ({len(shelf.missing)} in all up to {max(shelf.anchors)}): "
                "nothing is signed until `governance verify` shows what happened to the bucket"
            )
        newest = max(shelf.anchors, default=None)
        anchor = self._verified(newest, shelf.anchors[newest]) if newest is not None else None
        self._report(shelf.foreign, anchor, log)
        return anchor

    def _report(self, foreign: Sequence[Version], newest: Anchor | None, log: Log) -> None:
        """Tell of versions that this function can't have written, once: those since the newest anchor. They can hide
        an anchor, they can't replace it, so the chain goes on.
        """
        since = datetime.fromisoformat(newest.statement.made).replace(microsecond=0) if newest else None
        for version in foreign:
            if since is None or version.modified >= since:
                self._incident(
                    log, "anchor-hidden", key=version.key, versionid=version.version_id, marker=version.delete_marker
                )

    def _verified(self, number: int, versions: Sequence[Version]) -> Anchor:
        """The anchor in the oldest locked version."""
        locked = (stored.content for stored in (self.vault.read(version) for version in versions) if stored.locked)
        content = next(locked, None)
        if content is None:
            raise AnchorError(
                f"anchor {number} has no version that Object Lock protects, so it could have been replaced: give the "
                "bucket its default retention back and compare the anchor with a copy before you lock it"
            )
        try:
            anchor = anchors.read(content)
        except AnchorError as problem:
            raise AnchorError(f"anchor {number} {problem}") from None
        statement = anchor.statement
        if (statement.number, statement.installation) != (number, self.installation):
            raise AnchorError(
                f"the file of anchor {number} holds anchor {statement.number} of {statement.installation}"
            )
        if not self.signer.verify(statement.key.arn, statement.digest, anchor.signature):
            raise AnchorError(f"anchor {number} was not signed by {statement.key.arn}, which it names")
        return anchor

    def _check(self, before: Anchor | None, heads: Heads) -> None:
        if before is not None:
            for arn, problem in anchors.contradictions(before, heads):
                raise AnchorError(
                    f"{arn} {problem}: nothing is signed until `governance verify` shows what was changed"
                )

    def _follow(self, before: Anchor | None, chains: Chains, heads: Heads) -> None:
        """Raise AnchorError unless the rows lead from each head of the anchor before to the one of now."""
        known: Mapping[str, Head] = before.heads if before else {}
        for arn, head in heads.items():
            start = known.get(arn, EMPTY)
            if head != start:
                self._lead(chains, arn, start, head)

    def _lead(self, chains: Chains, arn: str, start: Head, end: Head) -> None:
        at = start
        for row in chains.rows(arn, start, end):
            if row.get("seq") != at.seq + 1 or row.get("prevhash") != at.hash or row.get("hash") != row_hash(row):
                raise AnchorError(
                    f"{arn} row {at.seq + 1} is missing, or doesn't follow row {at.seq}: nothing is signed"
                )
            at = Head(at.seq + 1, str(row["hash"]))
        if at != end:
            raise AnchorError(
                f"{arn}: its rows lead to row {at.seq} ({at.hash}), its chain is said to end at row {end.seq} "
                f"({end.hash}): nothing is signed until `governance verify` shows what was changed"
            )

    def _key(self, before: Anchor | None) -> Key:
        """The key that signs; its public half is published before the first anchor that names it."""
        if before is not None and before.statement.key.arn == self.signer.arn:
            return before.statement.key
        public = self.signer.public_key()
        key = Key(self.signer.arn, hashlib.sha256(public).hexdigest())
        self.vault.write(anchors.public_key_file(key.public_sha256), public)
        return key

    def _incident(self, log: Log, incident: str, **fields: object) -> None:
        log.error("incident", incident=incident, **fields)
        self.measures.put([Measure("Incidents", 1, dimensions=FUNCTION)])


def due_of(message_id: str, body: str) -> str | None:
    """Since when an anchor is due, for a scheduled event; None if one is wanted in any case.

    Raises NotARun. The time makes a repeated delivery harmless: an anchor made at or after it fulfils it.
    """
    try:
        message = json.loads(body)
    except ValueError:
        message = None
    if isinstance(message, dict):
        if message.get("job") == "anchor":
            return None
        if message.get("source") == "aws.events" and message.get("detail-type") == "Scheduled Event":
            try:
                return iso(parse_time(message.get("time")).at)
            except ValueError as form:
                raise NotARun(message_id, f"time is {str(message.get('time'))[:80]!r}; wanted: {form}") from None
    raise NotARun(message_id, 'the body is neither a scheduled event nor {"job": "anchor"}')
