"""Ledger and history rows told as a story, for tests of what is answered from them."""

from __future__ import annotations

import json

from governance.canonical import Json, iso
from governance.endpoint_history import next_row
from governance.facts import Fact
from governance.ledger import EMPTY, Head, Row, seal
from governance.terms import REQUEST_FIELD, STATUS_FIELD, VERSION_FIELD, Kind
from tests.governance.samples import GROUP, HUB, REGION, arn_of, moment

FIELDS = {
    Kind.REGISTRATION: VERSION_FIELD,
    Kind.APPROVAL: "ModelApprovalStatus",
    Kind.STAGE: "ModelLifeCycle",
    Kind.REQUEST: REQUEST_FIELD,
    Kind.DELETION: STATUS_FIELD,
}


def registered() -> Json:
    return {
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelLifeCycle": {"Stage": "Development", "StageStatus": "PendingApproval"},
    }


def stage(lifecycle: str, status: str = "Approved") -> Json:
    return {"Stage": lifecycle, "StageStatus": status}


class Version:
    """One version's chain. Times are minutes of the story; `seen` defaults to a minute later."""

    def __init__(self, version: int = 1) -> None:
        self.arn = arn_of(version)
        self.version = version
        self.rows: list[Row] = []

    def tell(self, kind: Kind, value: Json, happened: float, seen: float | None = None) -> Version:
        fact = Fact(
            arn=self.arn, group=GROUP, version=self.version, kind=kind, field=FIELDS[kind], value=value,
            happened=moment(happened), created=moment(0), event_id=f"{kind}-{happened}", account=HUB, region=REGION,
        )  # fmt: skip
        head = Head(len(self.rows), str(self.rows[-1]["hash"])) if self.rows else EMPTY
        told = moment(happened + 1 if seen is None else seen)
        self.rows.append(seal(fact, head, seen=told, came_from=None, late=False))
        return self


class Endpoint:
    """One endpoint's history."""

    def __init__(self, name: str = "CreditRisk", account: str = "333333333333", lifecycle: str = "Staging") -> None:
        self.arn = f"arn:aws:sagemaker:{REGION}:{account}:endpoint/{name.lower()}"
        self.base = {"endpointarn": self.arn, "endpointname": name, "account": account, "region": REGION}
        self.base |= {"stack": "test", "stage": lifecycle, "creationtime": iso(moment(0))}
        self.rows: list[Row] = []

    def seen(
        self, at: float, *packages: str, modified: float | None = None, verdict: str = "approved",
        status: str = "IN_SERVICE", deleted: float | None = None,
    ) -> Endpoint:  # fmt: skip
        row = self.base | {
            "status": status,
            "configname": "config-" + "-".join(packages)[-8:],
            "variants": "[]",
            "modelpackagearns": json.dumps(sorted(packages)),
            "verdict": verdict,
            "lastmodifiedtime": iso(moment(at if modified is None else modified)),
        }
        if deleted is not None:
            row["deletedat"] = iso(moment(deleted))
        head = Head(len(self.rows), str(self.rows[-1]["hash"])) if self.rows else EMPTY
        new = next_row(row, self.rows[-1] if self.rows else None, head, observed=iso(moment(at)))
        if new is not None:
            self.rows.append(new)
        return self
