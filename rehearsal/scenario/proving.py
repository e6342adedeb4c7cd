"""What an auditor asks: what was so then, how the work flows, and whether the records are what they were."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from governance.anchor import read
from governance.documents import object_key
from governance.ledger import row_hash
from governance.stages import Stages
from governance.state import CARD_COLUMNS, project
from rehearsal.scenario.cast import Actor
from rehearsal.scenario.console import SETTLED
from rehearsal.scenario.flow import look_round
from rehearsal.scenario.performance import Run
from rehearsal.scenario.watching import ENDPOINT

ANCHOR_SECONDS = 60 * 60 + 1
"""Until the next anchor: its schedule's default."""


def ask_about_the_past(run: Run) -> None:
    """Before and after the revocation the answers differ as they must."""
    auditor = run.cast.auditor()
    assert run.served_at is not None, "phases run in order: the version is served first"  # noqa: S101
    before = (run.served_at + timedelta(seconds=1)).isoformat()
    now = run.now().isoformat()
    answers = {time: run.console.try_run("as-of", time, "--json", actor=auditor) for time in (before, now)}
    for time, approved in ((before, True), (now, False)):
        status, printed = answers[time]
        answer = json.loads(printed)
        served = [
            version["approved"]
            for endpoint in answer["endpoints"]
            if endpoint["name"] == ENDPOINT
            for version in endpoint["versions"]
        ]
        run.score.equal(f"as of {time[:19]} the endpoint served a version {'' if approved else 'not '}approved then",
                        served, [approved])  # fmt: skip
        run.score.equal("and the status says so", status, 0 if approved else 1)
    flow = json.loads(run.console.run("flow", "--at", now, "--json", actor=auditor))
    run.score.equal("the revocation that took no effect yet is open", flow["revocation"]["open"], 1)
    first = run.organisation.stages[0].lifecycle
    run.score.expect("time to approve is known", bool(flow["to_approve"][first]["ended"]), f"{flow['to_approve']}")
    status, printed = run.console.try_run("backfill", "--settle", SETTLED, actor=run.cast.operator())
    run.score.equal("a backfill finds nothing that isn't recorded", (status, printed.splitlines()[-1]),
                    (0, "No rows were missing"))  # fmt: skip


def anchor(run: Run) -> None:
    """Signed anchors in a locked bucket: a ledger rewritten from end to end passes without them, fails with them."""
    run.control.advance(ANCHOR_SECONDS)
    run.settle()
    auditor = run.cast.auditor()
    run.say(newest_anchor(run.console.run("verify", actor=auditor)))
    folder = run.folder / "evidence"
    run.console.run("export", str(folder), actor=auditor)
    anchors = sorted(folder.glob("anchors/*/*.json"))
    run.score.expect("the export holds anchors", bool(anchors), f"{len(anchors)} anchors")
    _look_by_hand(run, auditor, anchors[-1].read_bytes())
    [key] = folder.glob("keys/*.der")
    run.console.run("verify", "--export", str(folder), "--public-key", str(key), actor=None)
    version = run.registered().package_arn
    proof = json.loads(run.console.run("prove", version, "--export", str(folder), actor=None))
    run.score.expect("one version can be proved by itself", version in json.dumps(proof), f"{sorted(proof)}")
    forged = run.folder / "forged"
    shutil.copytree(folder, forged)
    seq = rewrite(forged, run.registered().package_arn, run)
    status, _ = run.console.try_run("verify", "--export", str(forged), "--without-anchors", actor=None)
    run.score.equal("a ledger that was rewritten consistently verifies by itself", status, 0)
    status, printed = run.console.try_run("verify", "--export", str(forged), actor=None)
    run.score.equal("but not against the anchors", status, 1)
    run.score.expect("which name the rewritten version", run.registered().package_arn.rpartition("/")[2] in printed
                     and "anchor" in printed, f"row {seq}: {printed}")  # fmt: skip


def _look_by_hand(run: Run, auditor: Actor, newest: bytes) -> None:
    """What no command does for the auditor: a document by its digest, the lock, AWS's own word on a signature."""
    storage, row = auditor.client("s3"), run.tables().ledger(run.registered().package_arn)[0]
    place = {"Bucket": run.outputs["documentsBucket"], "Key": object_key(row["cardsha256"])}
    [kept] = storage.list_object_versions(Bucket=place["Bucket"], Prefix=place["Key"])["Versions"]
    body = storage.get_object(**place, VersionId=kept["VersionId"])["Body"].read()
    run.score.equal("the card is the one that the ledger's row names", hashlib.sha256(body).hexdigest(),
                    row["cardsha256"])  # fmt: skip
    lock = storage.get_object_lock_configuration(Bucket=run.outputs["anchorsBucket"])["ObjectLockConfiguration"]
    run.score.equal("the anchors' bucket is locked", lock["ObjectLockEnabled"], "Enabled")
    anchor, kms = read(newest), auditor.client("kms")
    signed = {"KeyId": run.outputs["signingKeyArn"], "SigningAlgorithm": "ECDSA_SHA_256"}
    verified = kms.verify(**signed, Message=anchor.statement.digest, MessageType="DIGEST", Signature=anchor.signature)
    run.score.equal("and AWS confirms the newest signature", verified["SignatureValid"], True)
    look_round(auditor.client("sagemaker"), run.registered())
    run.console.run("history", run.registered().package_arn, actor=auditor)
    series = auditor.client("dynamodb").scan(TableName=run.outputs["tables"]["sagemakerendpointmetrics"])["Items"]
    run.score.expect("the metrics of endpoints can be read", bool(series), f"{len(series)} rows")
    told = auditor.client("cloudwatch").describe_alarm_history()["AlarmHistoryItems"]
    run.score.expect("what alarms did before can be read", bool(told), f"{len(told)} items")


def newest_anchor(printed: str) -> str:
    """What `verify` says of the anchors as a whole."""
    return next((line for line in printed.splitlines() if "the newest" in line), "no anchor yet")


def rewrite(folder: Path, arn: str, run: Run) -> int:
    """Rewrite an export as somebody with every right would: other reasons, all hashes and the state made anew."""
    names = run.organisation.names
    stages = Stages.parse(
        json.dumps([{"stage": stage.name, "lifecycle": stage.lifecycle} for stage in run.organisation.stages])
    )
    path = folder / "tables" / f"{names.table('modelgovernanceledger')}.jsonl"
    rows = _read(path)
    chain = sorted((row for row in rows if row["modelpackagearn"] == arn), key=lambda row: int(row["seq"]))
    victim = next(row for row in chain if row["kind"] == "approval")
    victim["reason"] = "somebody else's reason"
    state: dict[str, Any] | None = None
    before = "0" * 64
    for row in chain:
        row["prevhash"] = before
        before = row["hash"] = row_hash(row)
        state = project(state, row, {}, stages)
    _write(path, rows)
    path = folder / "tables" / f"{names.table('modelpackagestatechanges')}.jsonl"
    states = _read(path)
    kept = next(row for row in states if row["modelpackagearn"] == arn)
    card = {name: value for name, value in kept.items() if name in CARD_COLUMNS}
    kept |= (state or {}) | card
    _write(path, states)
    return int(victim["seq"])


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows), encoding="utf-8")
