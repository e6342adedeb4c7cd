"""Function and command on the emulated organisation: real signatures, Object Lock, and the public command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from governance.anchor import key_of
from lambdas.anchor.adapters import DynamoHistory, DynamoLedger, KmsSigner, S3Vault
from lambdas.anchor.core import Anchoring
from lambdas.common.attributes import to_attribute
from lambdas.common.log import Log
from lambdas.common.measure import Measures
from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings
from tests.console.conftest import Command
from tests.governance.samples import HUB, REGION, arn_of
from tests.lambdas.anchor.world import INSTALLATION, JOB, Cloudwatch, story

SETTINGS = OrganisationSettings(
    id="o-a1b2c3d4e5",
    region=REGION,
    accounts=(Account("management", "999999999999"), Account("hub", HUB)),
    management="management",
)
KEYS = {
    "modelgovernanceledger": ("modelpackagearn", "seq"),
    "modelgovernancededup": ("contentid",),
    "modelpackagestatechanges": ("modelpackagearn",),
    "sagemakerendpointhistory": ("endpointarn", "seq"),
    "sagemakermodelendpoints": ("endpointarn",),
}
BUCKET = f"{INSTALLATION}-anchors-{HUB}-{REGION}"


@dataclass
class Site:
    """The hub: five tables, a bucket that locks what is put, and a signing key."""

    control: Control
    signing_key: str

    def client(self, service: str) -> Any:
        return self.control.client("hub", None, service)

    def anchor(self) -> str:
        dynamodb = self.client("dynamodb")
        ledger, _, state, history, _ = (f"{INSTALLATION}_{table}" for table in KEYS)
        anchoring = Anchoring(
            chains=(DynamoLedger(dynamodb, state, ledger), DynamoHistory(dynamodb, history)),
            vault=S3Vault(self.client("s3"), BUCKET),
            signer=KmsSigner(self.client("kms"), self.signing_key),
            measures=Measures(Cloudwatch(), INSTALLATION),
            installation=INSTALLATION,
            now=lambda: datetime.now(UTC),
        )
        return anchoring.handle("m1", JOB, Log())

    def put(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        """Rows as they are: what capture writes is tested elsewhere."""
        dynamodb = self.client("dynamodb")
        for table, rows in tables.items():
            for row in rows:
                item = {name: to_attribute(value) for name, value in row.items()}
                dynamodb.put_item(TableName=f"{INSTALLATION}_{table}", Item=item)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """With the environment of somebody who is signed in to the hub."""
    with Emulator(SETTINGS) as emulator:
        control = Control(emulator.endpoint)
        credentials = control.credentials("hub")
        # boto3 keeps the session of whoever asked first, with the credentials of then.
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
        monkeypatch.setenv("AWS_SESSION_TOKEN", credentials.session_token)
        dynamodb, s3 = control.client("hub", None, "dynamodb"), control.client("hub", None, "s3")
        for table, names in KEYS.items():
            kinds = zip(names, ("HASH", "RANGE"), strict=False)
            dynamodb.create_table(
                TableName=f"{INSTALLATION}_{table}",
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in kinds],
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "N" if name == "seq" else "S"} for name in names
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        place = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
        retention = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}
        configuration = {"ObjectLockEnabled": "Enabled", "Rule": retention}
        s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=configuration)
        key = control.client("hub", None, "kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        made = Site(control, key["KeyMetadata"]["Arn"])
        for until in (1, 2):
            made.put(story(until=until).tables())
            assert made.anchor() == "anchored"
        yield made


def findings(governance: Command, *arguments: str) -> tuple[int, list[str]]:
    status, out, err = governance("verify", *arguments, "--json")
    assert err == ""
    document = json.loads(out)
    anchors = [f"anchor {found['number']} {found['problem']}" for found in document["anchors"]["findings"]]
    return status, anchors + [
        f["problem"] for chain in document["packages"] + document["endpoints"] for f in chain["findings"]
    ]


def test_what_the_function_wrote_verifies_live_and_offline_whatever_is_laid_over_it(
    site: Site, governance: Command, tmp_path: Path
) -> None:
    """Guards: fakes and emulator disagree; a hidden anchor that a live look, or an export, doesn't show."""
    assert findings(governance) == (0, [])
    assert findings(governance, "--max-age", "1") == (0, [])
    s3, first, second = site.client("s3"), key_of(INSTALLATION, 1), key_of(INSTALLATION, 2)
    s3.delete_object(Bucket=BUCKET, Key=first)
    s3.put_object(Bucket=BUCKET, Key=second, Body=b"{}", ChecksumAlgorithm="SHA256")
    status, found = findings(governance)
    assert status == 1
    assert [finding[:40] for finding in found] == [
        "anchor 1 is hidden by a delete marker of", "anchor 2 is hidden by a newer version of",
    ]  # fmt: skip
    status, out, _ = governance("export", str(tmp_path / "export"))
    assert (status, "5 modelgovernanceledger" in out) == (0, True), out
    assert governance("endpoints", "--export", str(tmp_path / "export"))[:2] == governance("endpoints")[:2]
    assert findings(governance, "--export", str(tmp_path / "export")) == (1, found)
    assert site.anchor() == "anchored"
    assert findings(governance) == (1, found), "the chain goes on from the locked version"
    status, out, _ = governance("prove", "ModelCreditRisk/1")
    assert (status, json.loads(out)["statement"]["number"]) == (0, 3)


def test_the_locked_version_counts_whatever_lay_there_before(site: Site, governance: Command) -> None:
    """Guards: an unlocked version from before the lock takes the anchor's place."""
    s3, third = site.client("s3"), key_of(INSTALLATION, 3)
    early = s3.put_object(Bucket=BUCKET, Key=third, Body=b"early", ChecksumAlgorithm="SHA256")["VersionId"]
    where = {"Bucket": BUCKET, "Key": third, "VersionId": early}
    s3.put_object_retention(**where, Retention={}, BypassGovernanceRetention=True)
    status, found = findings(governance)
    assert (status, "anchor 3 is not protected by Object Lock: it could have been replaced" in found) == (1, True)
    s3.put_object(Bucket=BUCKET, Key=third, Body=b"{}", ChecksumAlgorithm="SHA256")
    status, found = findings(governance)
    assert "anchor 3 is no object of heads, signature and statement" in found, "the locked one is read"


def test_a_rewritten_row_is_named_live(site: Site, governance: Command) -> None:
    """Guards: the command checks an export only."""
    row = {"modelpackagearn": {"S": arn_of(1)}, "seq": {"N": "3"}}
    site.client("dynamodb").delete_item(TableName=f"{INSTALLATION}_modelgovernanceledger", Key=row)
    status, found = findings(governance)
    assert (status, "is missing (gap: 3)" in found[0]) == (1, True)


@pytest.mark.usefixtures("site")
def test_an_export_goes_to_a_folder_of_its_own(governance: Command, tmp_path: Path) -> None:
    """Guards: two exports in one folder, which contradict each other."""
    (tmp_path / "file").touch()
    status, _, err = governance("export", str(tmp_path))
    assert (status, "is there and not empty" in err) == (2, True)


@pytest.mark.usefixtures("site")
def test_an_installation_without_a_bucket_is_status_2(governance: Command) -> None:
    """Guards: a mistyped prefix, or a bucket that is gone, reads like anchors that are sound."""
    status, out, err = governance("verify", "--prefix", "other")
    assert (status, out) == (2, "")
    assert "there is no bucket other-anchors-111111111111-eu-west-1" in err
    assert "--without-anchors checks the tables alone" in err
    _, _, err = governance("export", "elsewhere", "--prefix", "other")
    assert "there is no bucket other-anchors-111111111111-eu-west-1" in err
    assert "--without-anchors" not in err, "export has no such option"
