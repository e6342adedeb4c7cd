"""An installation whose ledger is written by capture and anchored by the anchor function, all over fakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from governance.anchor import Anchor, key_of, read
from governance.canonical import iso
from lambdas.anchor.core import Anchoring
from lambdas.anchor.fakes import FakeHistory, FakeLedger, FakeVault
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from tests.console.exports import deliveries, rows_of, write
from tests.governance.histories import Endpoint
from tests.governance.samples import arn_of, moment
from tests.lambdas.capture.world import World

INSTALLATION = "mlgov"
JOB = json.dumps({"job": "anchor"})
_SHA256 = ec.ECDSA(Prehashed(hashes.SHA256()))


def scheduled(minutes: float) -> str:
    """EventBridge's event of a schedule that was due at a moment of the story."""
    due = moment(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "time": due, "detail": {}})


@dataclass
class EcSigner:
    """A P-256 key such as KMS holds; `number` makes it, so that each run of a test has the same. `others` are keys that
    it may verify with, by ARN.
    """

    number: int = 1
    others: dict[str, EcSigner] = field(default_factory=dict)
    fault: Callable[[str], None] = lambda point: None

    def __post_init__(self) -> None:
        self.arn = f"arn:aws:kms:eu-west-1:111111111111:key/anchors-{self.number}"
        self.private = ec.derive_private_key(self.number + 1000, ec.SECP256R1())

    def public_key(self) -> bytes:
        self.fault("signer.public_key:before")
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.DER, form)

    def sign(self, digest: bytes) -> bytes:
        self.fault("signer.sign:before")
        made = self.private.sign(digest, _SHA256)
        self.fault("signer.sign:after")
        return made

    def verify(self, arn: str, digest: bytes, signature: bytes) -> bool:
        self.fault("signer.verify:before")
        try:
            ({self.arn: self} | self.others)[arn].private.public_key().verify(signature, digest, _SHA256)
        except InvalidSignature:
            return False
        return True


class Cloudwatch:
    """Takes what is measured."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def put_metric_data(self, Namespace: str, MetricData: list[Mapping[str, Any]]) -> None:  # noqa: N803 - boto3's
        self.names += [str(datum["MetricName"]) for datum in MetricData]


@dataclass
class Installation:
    """`world` holds the tables. `minutes` is the clock of function and bucket; each look moves it on."""

    world: World = field(default_factory=World)
    history: FakeHistory = field(default_factory=FakeHistory)
    signer: EcSigner = field(default_factory=EcSigner)
    vault: FakeVault = field(default_factory=FakeVault)
    cloudwatch: Cloudwatch = field(default_factory=Cloudwatch)
    minutes: float = 2000

    def __post_init__(self) -> None:
        self.ledger = FakeLedger(self.world.tables.state, self.world.tables.ledger)
        self.vault.now = self._now
        self.log = Log(installation=INSTALLATION)

    def anchor(self, body: str = JOB) -> str:
        """One run of the function."""
        anchoring = Anchoring(
            chains=(self.ledger, self.history),
            vault=self.vault,
            signer=self.signer,
            measures=Measures(self.cloudwatch, INSTALLATION, self.log),
            installation=INSTALLATION,
            now=self._now,
        )
        return anchoring.handle("m1", body, self.log)

    def files(self) -> dict[str, bytes]:
        """The first version of each object, by key."""
        return {key: kept[0].content for key, kept in sorted(self.vault.objects.items())}

    def content(self, number: int) -> bytes:
        return self.files()[key_of(INSTALLATION, number)]

    def read(self, number: int) -> Anchor:
        return read(self.content(number))

    @property
    def count(self) -> int:
        return sum(1 for key in self.vault.objects if key.startswith("anchors/"))

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The tables as plain rows."""
        history = [dict(row) for rows in self.history.histories.values() for row in rows]
        return rows_of(self.world) | {"sagemakerendpointhistory": history}

    def export(self, folder: Path, tables: dict[str, list[dict[str, Any]]] | None = None) -> Path:
        """Tables (as they are, or others) and the bucket's files."""
        write(folder, self.tables() if tables is None else tables)
        for key, content in self.files().items():
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(content)
        return folder

    def listing(self) -> list[dict[str, Any]]:
        """All versions below `anchors/` as `versions.jsonl` has them."""
        return [
            {
                "key": kept.version.key,
                "versionid": kept.version.version_id,
                "modified": iso(kept.version.modified),
                "deletemarker": kept.version.delete_marker,
                "locked": None if kept.version.delete_marker else kept.locked,
            }
            for key, held in sorted(self.vault.objects.items())
            for kept in reversed(held)
            if key.startswith("anchors/")
        ]

    def _now(self) -> datetime:
        self.minutes += 0.001
        return moment(self.minutes)


def story(*, until: int = 3) -> Installation:
    """Anchors between the events of `exports.history`: after its first two, after all, and again after nothing.

    An endpoint serves from the second anchor on, and was seen to end before the third.
    """
    made = Installation()
    endpoint = Endpoint()
    parts = [deliveries()[:2], deliveries()[2:], []]
    for number, part in enumerate(parts[:until]):
        for prepare, body in part:
            prepare(made.world)
            made.world.deliver(body)
        if number:
            endpoint.seen(20 * number, arn_of(1), status="IN_SERVICE" if number == 1 else "DELETED")
            made.history.histories[endpoint.arn] = list(endpoint.rows)
        made.anchor()
    return made
