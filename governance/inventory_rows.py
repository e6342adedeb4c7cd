"""Rows of the endpoints' table: columns, order of observations, and what a row's verdict is worth.

One row per endpoint, key `endpointarn` (lower-cased ARN); one per account, key `account:<id>`, which says when the
account was walked and what could not be read. Columns that state events write too are ordered by `eventorder`
(LastModifiedTime, then when it was seen), those of the inventory by `walkedat`: an older look never replaces a newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from governance.canonical import Json, canonical, iso
from governance.inventory import Endpoint
from governance.verdicts import Finding, Judgement, Verdict

SCHEMA_VERSION = 1
MOST_FINDINGS = 100
"""Findings kept in a row, the worst; an item has at most 400 KB."""

ACCOUNT_KEY = "account:"
DELETED = "DELETED"
_DELETED = frozenset({"DELETING", DELETED})

Columns: TypeAlias = dict[str, str | int | None]


def account_key(account: str) -> str:
    """The key of an account's own row."""
    return f"{ACCOUNT_KEY}{account}"


def event_order(modified: datetime, seen: datetime, status: str) -> str:
    """Where an observation of an endpoint's state stands among its events and other observations."""
    return f"{iso(modified)}#{iso(seen)}#{status}"


def state_columns(endpoint: Endpoint, seen: datetime) -> Columns:
    """What a look shows of an endpoint's state: the columns that its events write too."""
    modified = iso(endpoint.modified)
    return {
        "endpointname": endpoint.name,
        "endpointconfigname": endpoint.config,
        "status": endpoint.status,
        "account": endpoint.account,
        "region": endpoint.region,
        "creationtime": iso(endpoint.created),
        "lastmodifiedtime": modified,
        "deletedat": modified if endpoint.status in _DELETED else None,
        "lastseen": iso(seen),
        "eventorder": event_order(endpoint.modified, seen, endpoint.status),
    }


def verdict_columns(endpoint: Endpoint, judgement: Judgement, stack: str, walked: datetime) -> Columns:
    """What the inventory says of an endpoint. `walked`: no part of what was judged was read before."""
    return {
        "stack": stack,
        "stage": judgement.stage,
        "verdict": judgement.verdict.value,
        "evidence": evidence(judgement.findings),
        "variants": canonical(list(judgement.variants)),
        "modelpackagearns": canonical(list(judgement.packages)),
        "configname": endpoint.config,
        "walkedat": iso(walked),
        "schemaversion": SCHEMA_VERSION,
    }


def unknown_columns(reason: str, walked: datetime) -> Columns:
    """What is left to say of an endpoint that couldn't be read; what served when it last could stays in its row."""
    finding = Finding(where="", verdict=Verdict.UNKNOWN, seen=reason, ledger="")
    return {
        "verdict": Verdict.UNKNOWN.value,
        "evidence": evidence([finding]),
        "walkedat": iso(walked),
        "schemaversion": SCHEMA_VERSION,
    }


def tombstone_columns(gone: datetime) -> Columns:
    """What becomes of the row of an endpoint that isn't there any more; its last verdict stays."""
    return {"status": DELETED, "deletedat": iso(gone), "eventorder": event_order(gone, gone, DELETED)}


def evidence(findings: Sequence[Finding]) -> str:
    """Findings as canonical JSON, at most `MOST_FINDINGS`; a last one says how many more there were."""
    kept = [finding.document() for finding in findings[:MOST_FINDINGS]]
    if len(findings) > MOST_FINDINGS:
        more = findings[MOST_FINDINGS:]
        told = f"{len(more)} findings more, none of them worse"
        kept.append(Finding(where="", verdict=more[0].verdict, seen=told, ledger="", serves=more[0].serves).document())
    return canonical(kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A batch transform job in progress, with its verdict."""

    name: str
    model: str
    created: datetime
    judgement: Judgement

    def document(self) -> dict[str, Json]:
        return {
            "name": self.name, "model": self.model, "since": iso(self.created),
            "verdict": self.judgement.verdict.value, "modelpackagearns": list(self.judgement.packages),
            "evidence": [finding.document() for finding in self.judgement.findings],
        }  # fmt: skip


def account_columns(
    account: str,
    stack: str,
    stage: str | None,
    *,
    walk: str,
    started: datetime,
    walked: datetime,
    endpoints: int,
    workloads: Iterable[Workload] = (),
    unreadable: str | None = None,
) -> Columns:
    """The account's own row after a walk. `unreadable`: what couldn't be read and why; its verdict is then unknown."""
    findings = [Finding(where="account", verdict=Verdict.UNKNOWN, seen=unreadable, ledger="")] if unreadable else []
    return {
        "account": account,
        "stack": stack,
        "stage": stage,
        "verdict": Verdict.UNKNOWN.value if unreadable else None,
        "evidence": evidence(findings),
        "workloads": canonical([workload.document() for workload in workloads]),
        "endpoints": endpoints,
        "walk": walk,
        "walkstarted": iso(started),
        "walkedat": iso(walked),
        "lastseen": iso(walked),
        "deletedat": None,
        "schemaversion": SCHEMA_VERSION,
    }


def is_account(row: Mapping[str, Json]) -> bool:
    """Whether a row is an account's own."""
    return str(row.get("endpointarn", "")).startswith(ACCOUNT_KEY)


def shown_verdict(row: Mapping[str, Json]) -> Verdict:
    """What a row's verdict is worth now: `unknown` where the endpoint was never judged, or changed since."""
    verdict, walked = row.get("verdict"), str(row.get("walkedat") or "")
    if verdict not in set(Verdict) or walked < str(row.get("lastmodifiedtime") or ""):
        return Verdict.UNKNOWN
    return Verdict(verdict)
