"""What no right can forbid, found in the ledger: who approved the own work, what changed after it was approved.

Pure rules over a version's rows and what the registry shows now. They look at all approvals that ever were, so what is
found doesn't depend on the order in which facts became known; what stands now decides whether the version is rejected.
What was recorded of the time before the installation (witness `backfill`) is history and never found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from governance.canonical import Json
from governance.documents import card_document
from governance.ledger import actors
from governance.matching import INEXACT, same_time
from governance.stages import APPROVED, REJECTED
from governance.terms import (
    APPROVAL_FIELD,
    FIRST_SEEN_APPROVED,
    LIFECYCLE_FIELD,
    Clock,
    Identity,
    Kind,
    Witness,
)
from governance.times import parse_time

if TYPE_CHECKING:  # who only reads rows needn't import what makes them
    from governance.facts import StoredObject
    from governance.readback import ReadBack

Row = Mapping[str, Json]
Rows = Sequence[Row]


class Rule(StrEnum):
    """What an incident is about."""

    BORN_APPROVED = FIRST_SEEN_APPROVED
    SELF_APPROVED = "self-approved"
    CHANGED = "changed-after-approval"


class Part(StrEnum):
    """What of a version can change after its approval."""

    SPECIFICATION = "specification"
    ARTIFACT = "artifact"
    CARD = "card"
    SOURCE = "source-uri"
    ADDITIONAL = "additional-specifications"


FIELDS: Mapping[str, Part] = {
    "InferenceSpecification": Part.SPECIFICATION,
    "AdditionalInferenceSpecifications": Part.ADDITIONAL,
    "SourceUri": Part.SOURCE,
    "ModelCard": Part.CARD,
}
"""Fields of UpdateModelPackage, as events and CloudTrail's facts name them, that change what is approved."""

AUTHORED = frozenset({Part.SPECIFICATION, Part.ADDITIONAL, Part.SOURCE})
"""Parts whose change makes somebody an author. Who only writes into the card doesn't make the model."""

_COMPARED: Mapping[str, Part] = {
    "artifacturl": Part.SPECIFICATION,
    "image": Part.SPECIFICATION,
    "imagedigest": Part.SPECIFICATION,
    "artifactetag": Part.ARTIFACT,
    "artifactversionid": Part.ARTIFACT,
    "artifactchecksum": Part.ARTIFACT,
    "cardsha256": Part.CARD,
}
"""Columns of a row that are compared with what is now.

Not the digest of the whole specification: a row has it of an event, which may not show all that DescribeModelPackage
does.
"""

_PERSON = re.compile(r"[^a-z0-9]")


class Same(StrEnum):
    """Whether two identities are one person."""

    SELF = "self"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that must not be. `about` is the row of the fact that it is about; `told` says it for people.

    Rule, part and row make it the same incident, however often it is found.
    """

    rule: Rule
    about: Row
    told: str
    part: Part | None = None

    @property
    def value(self) -> dict[str, Json]:
        named = {} if self.part is None else {"part": self.part.value}
        return {"rule": self.rule.value, "contentid": self.about["contentid"], **named}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found. `standing`: the incidents that taint what the version holds now. `unknown`: what stands approved
    although nobody can say whether its author approved it.
    """

    incidents: tuple[Incident, ...]
    standing: tuple[Incident, ...]
    unknown: tuple[Row, ...]


def judge(rows: Rows, seen: ReadBack | None, stored: StoredObject | None) -> Judgement:
    """Judge a version by its rows, what the registry shows (None: it is gone) and what lies under its artifact URL."""
    ordered = sorted(rows, key=order)
    known = actors(ordered)
    approvals = [row for row in ordered if _approves(row)]
    current = _current(ordered)
    incidents: list[Incident] = []
    standing: list[Incident] = []
    unknown: list[Row] = []
    for row in ordered:
        if row.get("incident") == Rule.BORN_APPROVED and row["kind"] != Kind.INCIDENT:
            found = Incident(Rule.BORN_APPROVED, row, "it came into being approved, or beyond the first stage")
            incidents.append(found)
            if not any(_witnessed(approval) for approval in approvals):
                standing.append(found)
    for approval in filter(_witnessed, approvals):
        same, why = _self_approved(approval, ordered, known)
        stands = approval in current
        if same is Same.SELF:
            found = Incident(Rule.SELF_APPROVED, approval, why)
            incidents.append(found)
            standing += [found] if stands else []
        elif same is Same.UNKNOWN and stands:
            unknown.append(approval)
    for approval, until in _windows(ordered):
        changed = list(_changed(approval, until, ordered))
        if until is None and current:
            changed += _differing(approval, ordered, seen, stored, {found.part for found in changed})
            standing += changed
        incidents += changed
    return Judgement(tuple(incidents), tuple(standing), tuple(unknown))


def order(row: Row) -> tuple[str, str]:
    """Facts in order of their time, ties by content id."""
    return str(row["happenedat"]), str(row["contentid"])


def _witnessed(row: Row) -> bool:
    """Whether somebody decided it since the ledger began; a gap tells a state, not a decision."""
    return row["kind"] in (Kind.APPROVAL, Kind.STAGE) and row.get("witness", Witness.EVENT) != Witness.BACKFILL


def _value(row: Row) -> Json:
    return json.loads(str(row["tovalue"]))


def _approves(row: Row) -> bool:
    """Whether a row approves: as such, or for a stage."""
    if row["kind"] == Kind.APPROVAL:
        return bool(_value(row) == APPROVED)
    value = _value(row) if row["kind"] == Kind.STAGE else None
    return isinstance(value, dict) and value.get("StageStatus") == APPROVED


def _current(ordered: Rows) -> list[Row]:
    """The approvals that stand: the last decision on the version, and on each stage, where these approve."""
    last: dict[str, Row] = {}
    for row in ordered:
        value = _value(row) if row["kind"] in (Kind.APPROVAL, Kind.STAGE, Kind.GAP) else None
        if row["kind"] == Kind.GAP and isinstance(value, dict):
            subjects = [APPROVAL_FIELD] if APPROVAL_FIELD in value else []
            subjects += [value[LIFECYCLE_FIELD]["Stage"]] if value.get(LIFECYCLE_FIELD) else []
        elif row["kind"] == Kind.STAGE and isinstance(value, dict):
            subjects = [value["Stage"]]
        else:
            subjects = [APPROVAL_FIELD] if row["kind"] == Kind.APPROVAL else []
        last |= dict.fromkeys(subjects, row)
    if APPROVAL_FIELD in last and _value(last[APPROVAL_FIELD]) == REJECTED:
        return []  # whatever its stages say, it may be deployed nowhere
    return sorted((row for row in last.values() if _approves(row)), key=order)


def _self_approved(approval: Row, ordered: Rows, known: Mapping[str, Identity]) -> tuple[Same, str]:
    """Whether an author of what was approved approved it: who registered it, or changed it up to then."""
    approver = known.get(approval["contentid"])
    authors = [row for row in ordered if row["kind"] == Kind.REGISTRATION] + [
        row
        for row in ordered
        if row["kind"] == Kind.METADATA and FIELDS.get(row["field"]) in AUTHORED and not _after(row, approval)
    ]
    answers = [same_person(approver, known.get(row["contentid"])) for row in authors]
    if Same.SELF in answers and approver is not None:
        author = authors[answers.index(Same.SELF)]
        did = "registered it" if author["kind"] == Kind.REGISTRATION else f"changed its {author['field']}"
        return Same.SELF, f"{approver.source_identity or approver.arn} approved it and had {did}"
    return (Same.UNKNOWN if Same.UNKNOWN in answers or not answers else Same.OTHER), ""


def same_person(one: Identity | None, other: Identity | None) -> Same:
    """Whether two identities are one person.

    A person's name is the session's source identity, or the Studio user profile's. A session's own name is whatever its
    maker wrote: it can show that two are one, never that they aren't.
    """
    if one is None or other is None:
        return Same.UNKNOWN
    if one.arn == other.arn and not one.source_identity and not other.source_identity:
        return Same.SELF
    persons = _person(one), _person(other)
    if None not in persons:
        return Same.SELF if persons[0] == persons[1] else Same.OTHER
    names = [{_plain(name) for name in (_person(each), _session(each)) if name} for each in (one, other)]
    return Same.SELF if names[0] & names[1] else Same.UNKNOWN


def _person(identity: Identity) -> str | None:
    """Who it is, so far as AWS vouches for it."""
    if identity.source_identity:
        return _plain(identity.source_identity)
    if ":user-profile/" in identity.arn or ":user/" in identity.arn:
        return _plain(identity.arn.rpartition("/")[2])
    return None


def _session(identity: Identity) -> str | None:
    """The name of a role's session."""
    return identity.arn.rpartition("/")[2] if ":assumed-role/" in identity.arn else None


def _plain(name: str) -> str:
    """`Ada.Lovelace`, `ada-lovelace` and `ada.lovelace@example.com` are one person."""
    return _PERSON.sub("", name.casefold().partition("@")[0])


def _windows(ordered: Rows) -> Iterator[tuple[Row, Row | None]]:
    """Each approval, with the decision that ends what it stands for: the next approval of whatever stage, or the end of
    the version's own approval. None: it stands.
    """
    ends = [row for row in ordered if _approves(row) or row["kind"] == Kind.APPROVAL]
    for place, row in enumerate(ends):
        if _approves(row) and _witnessed(row):
            yield row, ends[place + 1] if place + 1 < len(ends) else None


def _changed(approval: Row, until: Row | None, ordered: Rows) -> Iterator[Incident]:
    """What was changed after an approval, each part once."""
    told = {
        FIELDS[row["field"]]: f"its {row['field']} was changed at {row['happenedat']}, after the approval of"
        f" {approval['happenedat']}"
        for row in ordered
        if row["kind"] == Kind.METADATA
        and row["field"] in FIELDS
        and _after(row, approval)
        and (until is None or _after(until, row))
    }
    for part, sentence in sorted(told.items()):
        yield Incident(Rule.CHANGED, approval, sentence, part)


def _after(later: Row, earlier: Row) -> bool:
    """Whether a fact is of a later call than another. CloudTrail's times are cut to seconds: nearly the same is not."""
    one, other = str(later["happenedat"]), str(earlier["happenedat"])
    if one <= other:
        return False
    clocks = [Clock(row.get("clock", Clock.REGISTRY)) for row in (later, earlier)]
    inexact = any(clock in INEXACT for clock in clocks)
    return not (inexact and same_time(parse_time(one).at, clocks[0], parse_time(other).at, clocks[1]))


def _differing(
    approval: Row, ordered: Rows, seen: ReadBack | None, stored: StoredObject | None, but: set[Part | None]
) -> Iterator[Incident]:
    """What is now otherwise than it was approved last, though no row tells of a change; not the parts in `but`."""
    at = str(approval["happenedat"])
    told: dict[Part, str] = {}
    for column, now in _now(seen, stored).items():
        then = _then(column, at, ordered)
        if now is not None and then is not None and _comparable(column, now, then) and _bare(now) != _bare(then):
            told.setdefault(_COMPARED[column], f"its {column} is {now}, approved at {at} was {then}")
    for part, sentence in sorted(told.items()):
        if part not in but:
            yield Incident(Rule.CHANGED, approval, sentence, part)


def _now(seen: ReadBack | None, stored: StoredObject | None) -> dict[str, str | None]:
    """The compared columns as they are now; None where nobody can say."""
    if seen is None:
        return {}
    return {
        "artifacturl": seen.artifact.url,
        "image": seen.artifact.image,
        "imagedigest": seen.artifact.image_digest,
        "artifactetag": seen.artifact.etag,
        "artifactversionid": stored.version_id if stored else None,
        "artifactchecksum": stored.checksum if stored else None,
        "cardsha256": None if seen.card is None else card_document(seen.card).sha256,
    }


def _then(column: str, at: str, ordered: Rows) -> str | None:
    """A column as it was at a time, None where no row says it: the youngest row up to then that shows it, unless the
    part was changed between the two.
    """
    dated = "cardasof" if column == "cardsha256" else "happenedat"
    shown = [row for row in ordered if column in row and str(row[dated]) <= at and row["kind"] != Kind.INCIDENT]
    if not shown:
        return None
    last = max(shown, key=lambda row: (str(row[dated]), *order(row)))
    moved = any(
        row["kind"] == Kind.METADATA and FIELDS.get(row["field"]) == _COMPARED[column]
        and str(last[dated]) < str(row["happenedat"]) <= at
        for row in ordered
    )  # fmt: skip
    return None if moved else str(last[column])


def _bare(value: str) -> str:
    """An ETag may stand in quotes."""
    return value.strip('"')


def _comparable(column: str, *values: str) -> bool:
    """An image's digest may be written in more than one form."""
    return column != "imagedigest" or all(value.startswith("sha256:") for value in values)


def description_of(standing: Sequence[Incident], limit: int) -> str:
    """What a rejected version says of itself: the rules and what was found, at most `limit` characters."""
    rules = ", ".join(sorted({found.rule.value for found in standing}))
    told = "; ".join(dict.fromkeys(found.told for found in standing))
    return f"Rejected by the guard ({rules}): {told}"[:limit]
