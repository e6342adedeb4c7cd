"""`governance verify` on exports with anchors, `governance prove`: what is found, which key counts, which status."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.anchor import key_of, write
from governance.canonical import canonical
from governance.ledger import Head, row_hash
from tests.console.conftest import Command
from tests.console.exports import export
from tests.console.tampering import forge, rewrite, write_listing
from tests.governance.samples import arn_of
from tests.lambdas.anchor.world import INSTALLATION, EcSigner, Installation, story


@pytest.fixture
def made() -> Installation:
    return story()


def anchor_file(folder: Path, number: int) -> Path:
    return folder / key_of(INSTALLATION, number)


def pem(folder: Path, signer: EcSigner) -> str:
    """The public key as a file of its own."""
    path = folder / f"key-{signer.number}.pem"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path.write_bytes(signer.private.public_key().public_bytes(serialization.Encoding.PEM, form))
    return str(path)


def found_by(governance: Command, folder: Path, *arguments: str) -> tuple[int, list[str], list[str]]:
    """Status, findings of the anchors, and findings of the rows."""
    status, out, err = governance("verify", "--export", str(folder), "--json", *arguments)
    assert err == ""
    document = json.loads(out)
    anchors = [f"anchor {f['number']} {f['problem']}" for f in document["anchors"]["findings"]]
    chains = document["packages"] + (document["endpoints"] or [])
    rows = [f"row {f['seq']} {f['problem']}" for chain in chains for f in chain["findings"]]
    return status, anchors, rows


def test_a_sound_export_with_anchors_says_what_they_are_worth(
    tmp_path: Path, made: Installation, governance: Command
) -> None:
    """Guards: a reader who takes a key from beside the anchors for one that proves who signed."""
    folder = made.export(tmp_path / "export")
    status, out, _ = governance("verify", "--export", str(folder))
    assert status == 0
    assert "3 anchors, none broken, the newest 3 of 2026-03-02T18:20:" in out
    assert "0 rows not anchored yet" in out
    assert "published beside the anchors: compare it with a copy, or give --public-key" in out
    status, out, _ = governance("verify", "--export", str(folder), "--public-key", pem(tmp_path, made.signer))
    assert (status, "(given)" in out) == (0, True)


def test_an_export_without_anchors_is_said_to_prove_less(tmp_path: Path, governance: Command) -> None:
    """Guards: a folder whose anchors were left out reads like one whose anchors are sound."""
    folder = str(export(tmp_path))
    status, out, _ = governance("verify", "--export", folder)
    assert (status, "anchors not checked: a ledger that was rewritten as a whole would not show" in out) == (0, True)
    for option in (("--max-age", "1"), ("--public-key", "k.pem")):
        status, _, err = governance("verify", "--export", folder, *option)
        assert (status, "there are no anchors to check" in err) == (1, True)


def test_the_anchors_may_be_left_out_of_account(tmp_path: Path, made: Installation, governance: Command) -> None:
    """Guards: tables that can't be looked at while the anchors are broken."""
    folder = made.export(tmp_path)
    anchor_file(folder, 2).unlink()
    assert governance("verify", "--export", str(folder))[0] == 1
    assert governance("verify", "--export", str(folder), "--without-anchors")[0] == 0


def _resigned(made: Installation, number: int, signer: EcSigner) -> bytes:
    anchor = made.read(number)
    return write(anchor.statement, anchor.heads, signer.sign(anchor.statement.digest))


def _take(folder: Path, *numbers: int) -> None:
    for number in numbers:
        anchor_file(folder, number).unlink()


Tamper = Callable[[Path, Installation], object]


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda f, m: anchor_file(f, 2).unlink(), "anchor 2 is missing"),
        (lambda f, m: _take(f, 1, 2), "anchor 1 is missing (gap: 1 to 2)"),
        (lambda f, m: anchor_file(f, 2).write_bytes(m.content(1)), "anchor 2 was replaced: its file holds anchor 1"),
        (lambda f, m: anchor_file(f, 2).write_bytes(b"{}"), "anchor 2 is no object of heads, signature and statement"),
        (
            lambda f, m: anchor_file(f, 2).write_bytes(_resigned(m, 2, m.signer)),
            "anchor 2 was replaced: anchor 3 was made after a file with SHA-256",
        ),
        (
            lambda f, m: anchor_file(f, 2).write_bytes(_resigned(m, 2, EcSigner(2))),
            "anchor 2 has a signature that key e2e36c5a",
        ),
        (
            lambda f, m: anchor_file(f, 1).write_bytes(_resigned(m, 1, EcSigner(2))),
            "anchor 1 has a signature that key e2e36c5a",
        ),
        (lambda f, m: next(f.glob("keys/*")).unlink(), "anchor 1 is signed by key e2e36c5a"),
        (lambda f, m: next(f.glob("keys/*")).write_bytes(EcSigner(2).public_key()), "which isn't published"),
        (lambda f, m: (f / "anchors" / INSTALLATION / "0000000004.jsn").touch(), "is no anchor: wanted are names"),
    ],
)
def test_an_anchor_that_is_missing_or_replaced_is_named(
    tmp_path: Path, made: Installation, governance: Command, tamper: Tamper, said: str
) -> None:
    """Guards: anchors that can be taken out or exchanged unseen."""
    folder = made.export(tmp_path)
    tamper(folder, made)
    status, anchors, rows = found_by(governance, folder)
    assert (status, rows) == (1, [])
    assert any(said in finding for finding in anchors), anchors


STORY = story()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(number=st.integers(1, 3), data=st.data())
def test_any_changed_byte_of_an_anchor_is_named(
    tmp_path: Path, governance: Command, number: int, data: st.DataObject
) -> None:
    """Guards: a part of the file that nothing covers."""
    made = STORY
    folder = made.export(tmp_path)
    content = bytearray(made.content(number))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    anchor_file(folder, number).write_bytes(content)
    status, anchors, _ = found_by(governance, folder)
    assert status == 1
    assert any(finding.startswith(f"anchor {number} ") for finding in anchors), anchors


def test_anchors_that_were_forged_as_a_whole_pass_with_their_own_key_and_fail_with_the_given_one(
    tmp_path: Path, made: Installation, governance: Command
) -> None:
    """Guards: the limit of what an export alone can show, and the remedy for it."""
    tables = made.tables()
    rewrite(tables, arn_of(1), 2, reason="forged")
    folder = made.export(tmp_path / "export", tables)
    states = {row["modelpackagearn"]: row for row in tables["modelpackagestatechanges"]}

    def change(number: int, heads: dict[str, Head]) -> None:
        if number > 1:
            heads[arn_of(1)] = Head(4, states[arn_of(1)]["ledgerhash"])

    for key, content in forge(made, EcSigner(2), change=change).items():
        (folder / key).write_bytes(content)
    assert governance("verify", "--export", str(folder))[0] == 0
    status, anchors, _ = found_by(governance, folder, "--public-key", pem(tmp_path, made.signer))
    assert status == 1
    assert [finding.partition(", which")[2] for finding in anchors] == [" is none of those given by --public-key"] * 3


def test_rows_that_contradict_an_anchor_are_named_with_it(
    tmp_path: Path, made: Installation, governance: Command
) -> None:
    """Guards: a rewritten ledger is found, but not where."""
    tables = made.tables()
    rewrite(tables, arn_of(1), 3, reason="forged")
    status, anchors, rows = found_by(governance, made.export(tmp_path, tables))
    assert (status, anchors) == (1, [])
    [row] = rows
    assert row.startswith("row 4 is not the row of anchor 2 of 2026-03-02T18:20:")
    assert row.endswith("a row from 2 to 4 was rewritten")


def _forge_history(tables: dict[str, list[dict[str, Any]]]) -> None:
    """Another history of the endpoint, whole in itself."""
    first, second = tables["sagemakerendpointhistory"]
    first["verdict"] = "unregistered"
    first["hash"] = second["prevhash"] = row_hash(first)
    second["hash"] = row_hash(second)


@pytest.mark.parametrize(
    ("tamper", "alone", "said"),
    [
        (lambda t: t["sagemakerendpointhistory"][1].update(verdict="x"), 1, "row 2 was changed: its content hashes to"),
        (lambda t: t["sagemakerendpointhistory"].pop(0), 1, "row 1 is missing (gap: 1)"),
        (lambda t: t["sagemakerendpointhistory"].append(t["sagemakerendpointhistory"][0]), 1, "row 1 stands twice"),
        (lambda t: t["sagemakerendpointhistory"].pop(1), 0, "row 2 is missing: anchor 3 of"),
        (lambda t: t["sagemakerendpointhistory"].clear(), 0, "row None is gone: anchor 2 of"),
        (_forge_history, 0, "row 1 is not the row of anchor 2 of"),
    ],
)
def test_an_endpoint_s_history_that_was_tampered_with_is_named(
    tmp_path: Path, made: Installation, governance: Command,
    tamper: Callable[[dict[str, list[dict[str, Any]]]], object], alone: int, said: str,
) -> None:  # fmt: skip
    """Guards: what served where can be told anew, since only the ledger is checked."""
    tables = made.tables()
    tamper(tables)
    folder = made.export(tmp_path, tables)
    assert governance("verify", "--export", str(folder), "--without-anchors")[0] == alone
    status, anchors, rows = found_by(governance, folder)
    assert (status, anchors) == (1, [])
    assert any(row.startswith(said) for row in rows), rows
    assert "333333333333 creditrisk" in governance("verify", "--export", str(folder))[1]


def test_an_export_without_the_history_is_said_to_lack_it(
    tmp_path: Path, made: Installation, governance: Command
) -> None:
    """Guards: a history that was left out reads like one that is sound, or like one that was deleted."""
    folder = made.export(tmp_path)
    next(folder.glob("tables/*sagemakerendpointhistory.jsonl")).unlink()
    status, out, _ = governance("verify", "--export", str(folder))
    assert (status, "endpoints' history not checked: the export holds none" in out) == (0, True)
    status, out, _ = governance("verify", "--export", str(folder), "--json")
    assert (status, json.loads(out)["endpoints"]) == (0, None)


def test_a_key_that_was_changed_on_purpose_counts_when_it_is_given(tmp_path: Path, governance: Command) -> None:
    """Guards: a second key slips in unseen; or a change of key makes all later anchors worthless."""
    made = story(until=2)
    old, made.signer = made.signer, EcSigner(2)
    made.signer.others[old.arn] = old
    made.anchor()
    folder = made.export(tmp_path / "export")
    status, anchors, _ = found_by(governance, folder)
    assert (status, len(anchors)) == (1, 1)
    assert "if the key was changed on purpose, give each by --public-key" in anchors[0]
    both = ("--public-key", pem(tmp_path, old), "--public-key", pem(tmp_path, made.signer))
    assert found_by(governance, folder, *both) == (0, [], [])


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"\x30\x00"])
def test_a_file_that_holds_no_public_key_is_status_2(
    tmp_path: Path, made: Installation, governance: Command, content: bytes
) -> None:
    """Guards: a traceback, or a verdict on anchors that nobody could check."""
    (tmp_path / "k").write_bytes(content)
    folder = str(made.export(tmp_path / "export"))
    status, out, err = governance("verify", "--export", folder, "--public-key", str(tmp_path / "k"))
    assert (status, out, "holds no public key; wanted: PEM or DER" in err) == (2, "", True)


def test_missing_newest_anchors_show_only_by_their_age(tmp_path: Path, made: Installation, governance: Command) -> None:
    """Guards: the end of the chain, which no later anchor names, can be cut unseen even where an age is wanted."""

    def cut(folder: Path) -> Path:
        for number in (2, 3):
            anchor_file(folder, number).unlink()
        return folder

    folder = cut(made.export(tmp_path / "quiet"))
    assert found_by(governance, folder) == (0, [], [])
    assert found_by(governance, folder, "--max-age", "1") == (0, [], []), "no row is younger than the anchor"
    tables = made.tables()
    rewrite(tables, arn_of(2), 1, seenat="2026-03-03T00:00:00.000Z")
    folder = cut(made.export(tmp_path / "busy", tables))
    _, anchors, _ = found_by(governance, folder, "--max-age", "1.5")
    [finding] = anchors
    assert finding.startswith("anchor 2 is missing: the newest is of 2026-03-02T18:20:00.")
    assert finding.endswith(", the youngest row was seen at 2026-03-03T00:00:00.000Z; wanted: 1.5 hours")
    assert found_by(governance, folder, "--max-age", "24")[1] == []


def test_an_empty_folder_of_anchors_is_no_proof(tmp_path: Path, governance: Command) -> None:
    """Guards: "no anchors yet" reads like "anchors are sound"."""
    folder = export(tmp_path)
    (folder / "anchors" / INSTALLATION).mkdir(parents=True)
    status, out, _ = governance("verify", "--export", str(folder))
    assert (status, "no sound anchor: a ledger that was rewritten as a whole would not show" in out) == (0, True)
    status, anchors, _ = found_by(governance, folder, "--max-age", "2")
    assert (status, anchors) == (1, ["anchor None there is no sound anchor; wanted: one of the last 2 hours"])


def test_the_listing_of_versions_tells_what_was_laid_over_an_anchor(
    tmp_path: Path, made: Installation, governance: Command
) -> None:
    """Guards: offline, a hidden anchor looks like one that was never touched."""
    folder = made.export(tmp_path)
    write_listing(folder, made.listing())
    assert found_by(governance, folder) == (0, [], [])
    made.vault.lay_over(key_of(INSTALLATION, 1), None)
    made.vault.lay_over(key_of(INSTALLATION, 2), b"other")
    made.vault.objects[key_of(INSTALLATION, 3)][0].locked = False
    made.vault.lay_over(f"anchors/{INSTALLATION}/stray", b"x")
    write_listing(folder, made.listing())
    status, anchors, rows = found_by(governance, folder)
    assert (status, rows) == (1, [])
    for said in (
        "anchor 1 is hidden by a delete marker of 2026-03-02T18:20:",
        "anchor 2 is hidden by a newer version of 2026-03-02T18:20:",
        "anchor 3 is not protected by Object Lock",
        "anchor None anchors/mlgov/stray of 2026-03-02T18:20:",
    ):
        assert any(finding.startswith(said) for finding in anchors), (said, anchors)
    anchor_file(folder, 3).unlink()
    assert "anchor 3 is missing in the export, versions.jsonl lists it" in found_by(governance, folder)[1]


def test_a_listing_of_another_form_is_status_2(tmp_path: Path, made: Installation, governance: Command) -> None:
    """Guards: a listing that can't be read is taken for one that shows nothing."""
    folder = made.export(tmp_path)
    write_listing(folder, [{"key": "anchors/mlgov/0000000001.json"}])
    status, out, err = governance("verify", "--export", str(folder))
    assert (status, out, "has a line of another form" in err) == (2, "", True)


def test_the_anchors_of_two_installations_are_told_apart(
    tmp_path: Path, made: Installation, governance: Command
) -> None:
    """Guards: one installation's ledger against another's anchors."""
    folder = made.export(tmp_path)
    (folder / "anchors" / "other").mkdir()
    status, _, err = governance("verify", "--export", str(folder), "--prefix", "third")
    assert (status, "holds anchors of mlgov, other; choose one of them by --prefix" in err) == (2, True)
    assert governance("verify", "--export", str(folder))[0] == 0


def prove_by_hand(document: dict[str, object]) -> bytes:
    """docs/ledger.md's section on proofs, without our code: the root that head and path make."""
    head, index, path, statement = (document[name] for name in ("head", "index", "path", "statement"))
    assert isinstance(head, dict)
    assert isinstance(index, int)
    assert isinstance(path, list)
    assert isinstance(statement, dict)
    text = json.dumps(head, sort_keys=True, separators=(",", ":"))
    node, size, siblings = hashlib.sha256(b"\x00" + text.encode()).digest(), statement["chains"], iter(path)
    while size > 1:
        if index % 2 or index + 1 < size:
            sibling = bytes.fromhex(next(siblings))
            node = hashlib.sha256(b"\x01" + (sibling + node if index % 2 else node + sibling)).digest()
        index, size = index // 2, (size + 1) // 2
    return node


def test_a_proof_shows_one_version_and_holds_by_hand(tmp_path: Path, made: Installation, governance: Command) -> None:
    """Guards: a proof that only our code believes, or that tells of other versions."""
    folder = str(made.export(tmp_path))
    status, out, _ = governance("prove", "ModelCreditRisk/1", "--export", folder)
    document = json.loads(out)
    statement = document["statement"]
    assert (status, statement["number"], document["head"]["seq"]) == (0, 3, 4)
    assert prove_by_hand(document).hex() == statement["root"]
    digest = hashlib.sha256(canonical(statement).encode()).digest()
    assert made.signer.verify(statement["keyarn"], digest, base64.b64decode(document["signature"]))
    assert arn_of(2) not in out
    status, out, _ = governance("prove", arn_of(1), "--export", folder, "--number", "1")
    assert (status, json.loads(out)["head"]["seq"]) == (0, 1)


def test_what_no_sound_anchor_holds_is_not_proven(tmp_path: Path, made: Installation, governance: Command) -> None:
    """Guards: a proof from an anchor that isn't one; an unknown version answered with another's proof."""
    folder = made.export(tmp_path)
    assert governance("prove", "ModelCreditRisk/9", "--export", str(folder))[::2] == (
        1,
        "governance: no anchor holds ModelCreditRisk/9\n",
    )
    assert governance("prove", "ModelCreditRisk/1", "--export", str(folder), "--number", "7")[0] == 1
    anchor_file(folder, 3).write_bytes(_resigned(made, 3, EcSigner(2)))
    status, out, err = governance("prove", "ModelCreditRisk/1", "--export", str(folder))
    assert (status, out, "governance: anchor 3 has a signature that key" in err) == (1, "", True)
    status, _, err = governance("prove", "ModelCreditRisk/1", "--export", str(export(tmp_path / "bare")))
    assert (status, "holds no folder anchors" in err) == (1, True)
