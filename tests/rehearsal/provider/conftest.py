"""Stacks of the real engine against moto: one server a session, one project, backend and program a test."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from rehearsal.engine import ROOT, Engine
from rehearsal.setup import launchers

STACK = "hub"
REGION = "eu-west-1"
PROJECT = {
    "name": "plugin",
    "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}},
}


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack of the real engine: write a program, run it, look at state and cloud."""

    engine: Engine
    folder: Path
    endpoint: str

    def program(self, source: str) -> None:
        """Replace the program; `pulumi`, `aws` and `json` are imported."""
        header = "import json\nimport pulumi\nimport pulumi_aws as aws\n"
        (self.folder / "__main__.py").write_text(header + textwrap.dedent(source), "utf-8")

    def state(self, name: str) -> dict[str, Any]:
        """A resource of the state by its logical name: keys `id`, `inputs`, `outputs`."""
        resources = self.engine.export(STACK)["deployment"].get("resources", [])
        found: dict[str, Any] = next(item for item in resources if item["urn"].endswith(f"::{name}"))
        return found

    def client(self, service: str) -> Any:
        """A boto3 client of the same account."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """A moto server on a free loopback port: https://docs.getmoto.org/en/latest/docs/server_mode.html."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def stack(tmp_path: Path, moto_endpoint: str) -> Iterator[Callable[[], Stack] | Stack]:
    """An empty stack; whatever the program left is destroyed afterwards."""
    launchers.install(ROOT)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(json.dumps(PROJECT), "utf-8")
    environment = {
        "AWS_ENDPOINT_URL": moto_endpoint,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    engine = Engine(folder, None, tmp_path / "backend", environment)
    engine.init(STACK)
    found = Stack(engine, folder, moto_endpoint)
    yield found
    engine.destroy(STACK)
