"""The script that fetches the notebooks, against a store of its own."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from notebooks import fetch_library

NOTEBOOK = b'{"cells": []}'
DIGEST = hashlib.sha256(NOTEBOOK).hexdigest()
LIBRARY = {
    "bucket": "library",
    "owner": "111111111111",
    "region": "eu-west-1",
    "files": {"register.ipynb": DIGEST},
    "settings": {"stack": "dev"},
}


class Store:
    """S3 as the script uses it: what it holds by key; None: it can't be reached."""

    def __init__(self, held: dict[str, bytes] | None) -> None:
        self.held = held
        self.asked: list[dict[str, str]] = []

    def get_object(self, **parameters: str) -> dict[str, Any]:
        self.asked.append(parameters)
        if self.held is None:
            raise EndpointConnectionError(endpoint_url="https://s3.eu-west-1.amazonaws.com")
        return {"Body": io.BytesIO(self.held[parameters["Key"]])}


def fetch(monkeypatch: pytest.MonkeyPatch, folder: Path, held: dict[str, bytes] | None) -> tuple[int, Store]:
    store = Store(held)
    monkeypatch.setattr(boto3, "client", lambda *_, **__: store)
    return fetch_library.fetch(LIBRARY, folder), store


def test_files_are_fetched_by_digest_from_the_hub_s_own_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Guards: a bucket of the same name in another account, or a file under a name that anybody may change."""
    folder = tmp_path / "ml-governance"
    status, store = fetch(monkeypatch, folder, {f"notebooks/{DIGEST}/register.ipynb": NOTEBOOK})
    assert status == 0
    assert store.asked == [
        {"Bucket": "library", "Key": f"notebooks/{DIGEST}/register.ipynb", "ExpectedBucketOwner": "111111111111"}
    ]
    assert (folder / "register.ipynb").read_bytes() == NOTEBOOK
    assert json.loads((folder / "governance.json").read_text()) == {"stack": "dev"}
    assert fetch(monkeypatch, folder, {})[1].asked == [], "what is there already isn't fetched again"


def test_a_changed_file_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: code that somebody put into the bucket, run with the execution role of every account."""
    folder = tmp_path / "ml-governance"
    status, _ = fetch(monkeypatch, folder, {f"notebooks/{DIGEST}/register.ipynb": b'{"cells": ["evil"]}'})
    assert status == 1
    assert "register.ipynb" in capsys.readouterr().err
    assert not (folder / "register.ipynb").exists()


def test_work_goes_on_without_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Guards: an application that doesn't start, or loses its notebooks, since the hub can't be reached."""
    folder = tmp_path / "ml-governance"
    status, _ = fetch(monkeypatch, folder, None)
    assert status == 0
    assert "register.ipynb: Could not connect" in (folder / "NOT-FETCHED.txt").read_text()
    fetch(monkeypatch, folder, {f"notebooks/{DIGEST}/register.ipynb": NOTEBOOK})
    assert not (folder / "NOT-FETCHED.txt").exists()


def test_what_a_person_wrote_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Guards: a day's work overwritten by the next start."""
    folder = tmp_path / "ml-governance"
    folder.mkdir()
    (folder / "register.ipynb").write_bytes(b"my work")
    fetch(monkeypatch, folder, {f"notebooks/{DIGEST}/register.ipynb": NOTEBOOK})
    assert (folder / "register.ipynb").read_bytes() == NOTEBOOK
    (kept,) = folder.glob("register.before-*.ipynb")
    assert kept.read_bytes() == b"my work"
