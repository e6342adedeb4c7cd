"""What the gateway costs a request, and how many it answers a second, against bare moto."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from benchmarks.timing import interleaved, show
from rehearsal.engine import ROOT
from rehearsal.scenario import emulated
from rehearsal.scenario.cast import Cast
from rehearsal.scenario.configuration import organisation_of

ROUNDS = 300
CLIENTS = 8
CALLS_PER_CLIENT = 100
BARE = "bare moto"


def main() -> None:
    organisation = organisation_of(ROOT)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request would be measured too
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    bare = boto3.client(
        "dynamodb",
        endpoint_url=f"http://{host}:{port}",
        region_name=organisation.region,
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106  # moto checks none
        config=Config(retries={"total_max_attempts": 1}),
    )
    with tempfile.TemporaryDirectory() as name:
        process = emulated.start(Path(name), 1, outlive=False)
        try:
            cast = Cast(process.control, organisation, process.admin_keys)
            ours = cast.administrator(organisation.hub).client("dynamodb")
            _table(bare)
            _table(ours)
            calls: dict[str, Callable[[], Any]] = {BARE: _get(bare), "gateway": _get(ours)}
            show("GetItem, one client", interleaved(calls, ROUNDS), BARE, 1000, "ms")
            for label, call in calls.items():
                print(f"  {label:<32} {_throughput(call):9.0f} requests/s with {CLIENTS} clients")
        finally:
            process.stop()
            moto.stop()


def _table(client: Any) -> None:
    client.create_table(
        TableName="benchmark",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
    )
    client.put_item(TableName="benchmark", Item={"key": {"S": "a"}, "value": {"S": "b"}})


def _get(client: Any) -> Callable[[], Any]:
    return lambda: client.get_item(TableName="benchmark", Key={"key": {"S": "a"}})


def _throughput(call: Callable[[], Any]) -> float:
    def many(_: int) -> None:
        for _call in range(CALLS_PER_CLIENT):
            call()

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(many, range(CLIENTS)))
    return CLIENTS * CALLS_PER_CLIENT / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
