"""The list of accounts, from the deployment to the function."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from blueprint.accounts import ACCOUNTS_FILE, accounts_file
from blueprint.limits import PACKAGE_BYTES
from blueprint.packages import build
from governance.errors import SettingError
from lambdas.common.accounts import Account, read_accounts
from tests.blueprint.samples import DEV, HUB, TEST, fleet, organisation

ROOT = Path(__file__).resolve().parents[3]


def written(folder: Path, content: bytes) -> str:
    path = folder / ACCOUNTS_FILE
    path.write_bytes(content)
    return str(path)


def test_what_is_deployed_is_what_a_function_reads(tmp_path: Path) -> None:
    """Guards: an account that nobody walks, since one side spells a key differently."""
    assert read_accounts(written(tmp_path, accounts_file(organisation()))) == (
        Account(HUB, "hub", None, None),
        Account(DEV, "dev", "Development", f"arn:aws:iam::{DEV}:role/mlgov-dev-reader"),
        Account(TEST, "test", "Staging", f"arn:aws:iam::{TEST}:role/mlgov-test-reader"),
    )


def test_in_one_account_there_is_one_to_read_and_no_role_to_become(tmp_path: Path) -> None:
    """Guards: the endpoints of a trial's one account, found once for each of its stacks."""
    listed = read_accounts(written(tmp_path, accounts_file(organisation(same_account=True))))
    assert listed == (Account(HUB, "hub", None, None),)


def test_a_thousand_accounts_fit_a_package() -> None:
    """Guards: a list that no environment variable holds, refused by AWS in the middle of an `up`."""
    listed = accounts_file(fleet(1000))
    package = build(ROOT, "lambdas.capture.handler", {ACCOUNTS_FILE: listed})
    assert len(json.loads(listed)) == 1001
    assert len(package.content) < PACKAGE_BYTES / 4


def test_the_unpacked_package_finds_its_list(tmp_path: Path) -> None:
    """Guards: a path that is right in the checkout and wrong in Lambda."""
    package = build(ROOT, "lambdas.common.accounts", {ACCOUNTS_FILE: accounts_file(organisation())})
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        archive.extractall(tmp_path)
    code = f"from lambdas.common.accounts import read_accounts; print(len(read_accounts({ACCOUNTS_FILE!r})))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "3"


def test_another_list_is_another_package() -> None:
    """Guards: an account that joined, and functions that aren't updated."""
    small, large = (
        build(ROOT, "lambdas.capture.handler", {ACCOUNTS_FILE: accounts_file(of)}) for of in (organisation(), fleet(3))
    )
    assert small.sha256_base64 != large.sha256_base64


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "which the package doesn't hold"),
        ("{", "holds no JSON"),
        ("[]", "holds no list of accounts"),
        ("{}", "holds no list of accounts"),
        ([{"account": HUB}], "entry 0"),
        ([{"account": HUB, "stack": "hub", "lifecycle": 3, "readerrole": None}], "entry 0"),
        ([{"account": HUB, "stack": "hub"}, "dev"], "entry 1"),
    ],
)
def test_a_list_that_can_t_be_read_says_so(content: Any, said: str, tmp_path: Path) -> None:
    """Guards: a traceback at the first event, or no account looked at and nobody told."""
    if content is None:
        name = str(tmp_path / "missing.json")
    else:
        name = written(tmp_path, (content if isinstance(content, str) else json.dumps(content)).encode())
    with pytest.raises(SettingError, match=said):
        read_accounts(name)
