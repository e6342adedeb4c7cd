"""How long each function's cold start takes, against importing boto3 and making one client.

A cold start is what happens before the first message is looked at: the unpacked zip's modules are compiled (a zip
brings no byte code, and Lambda's disk is read-only) and imported, settings read, clients made. Each start is a process
of its own, measured in processor time, since nothing waits; the run time's own start is the same for all and not
counted. Clients are made when they are first used: the budget is for a start with one client, as the baseline has; what
all of a function's clients take is shown beside it.
`python -m benchmarks.cold_start [FUNCTION …]`
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

from benchmarks.timing import show
from blueprint.functions import FUNCTIONS
from blueprint.packages import build
from rehearsal.engine import ROOT

ROUNDS = 15
BUDGET = 1.3
BASELINE = "boto3 and one client"

CLIENT = "import boto3; boto3.client('dynamodb')"
HANDLER = """
from lambdas.{name}.handler import handler
handler({{'Records': []}}, None)
from lambdas.common.aws import client
client('dynamodb').meta
"""
TIMED = """
import time
start = time.process_time()
exec({code!r})
print(time.process_time() - start)
"""
OTHERS = """
import gc
made = [one for one in gc.get_objects() if type(one).__name__ == 'Later']
start = time.process_time()
for one in made: one.meta
print(time.process_time() - start)
"""

ACCOUNTS = [{"account": "111111111111", "stack": "hub", "lifecycle": None, "readerrole": None}]
URLS = ("DLQ_URL", "APPROVALS_URL", "JOBS_URL", "INVENTORY_JOBS_URL", "GUARD_JOBS_URL")
NAMES = (
    "LEDGER_TABLE", "DEDUP_TABLE", "STATE_TABLE", "ENDPOINTS_TABLE", "METRICS_TABLE", "HISTORY_TABLE",
    "ARTIFACT_BUCKET", "DOCUMENTS_BUCKET", "ANCHOR_BUCKET", "PREFIX",
)  # fmt: skip


def environment(accounts: Path) -> dict[str, str]:
    """The variables of all functions together: one reads its own and leaves the others."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        **dict.fromkeys(NAMES, "mlgov-name"),
        **dict.fromkeys(URLS, "https://sqs.eu-west-1.amazonaws.com/111111111111/mlgov-queue"),
        "GROUPS": '["ModelCreditRisk"]',
        "STAGES": '[{"stage": "dev", "lifecycle": "Development"}]',
        "ACCOUNTS": str(accounts),
        "GUARD_MODE": "reject",
        "SIGNING_KEY_ARN": "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000000",
        "PERIOD_SECONDS": "300",
        "METRICS_RETENTION_DAYS": "455",
        "QUALITY_NAMESPACE": "MLGovernance/Quality",
    }


def main() -> int:
    """Status 1: a function is over its budget."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        accounts = folder / "accounts.json"
        accounts.write_text(json.dumps(ACCOUNTS), encoding="utf-8")
        variables = environment(accounts)
        starts = {BASELINE: (CLIENT, folder)}
        for function in sys.argv[1:] or FUNCTIONS:
            zipfile.ZipFile(BytesIO(build(ROOT, f"lambdas.{function}.handler").content)).extractall(folder / function)
            starts[function] = (HANDLER.format(name=function), folder / function)
        seconds: dict[str, list[float]] = {label: [] for label in starts}
        others: dict[str, list[float]] = {label: [] for label in starts}
        for turn in range(ROUNDS + 1):
            for label, (code, package) in starts.items():
                took, more = _start(code, package, variables)
                if turn:
                    seconds[label].append(took)
                    others[label].append(took + more)
    medians = {label: statistics.median(values) for label, values in seconds.items()}
    show("cold start, one client", medians, BASELINE, 1000, "ms")
    everything = {label: statistics.median(values) for label, values in others.items()}
    show("cold start, all of the function's clients", everything, BASELINE, 1000, "ms")
    over = [label for label, median in medians.items() if median > BUDGET * medians[BASELINE]]
    print(f"budget {BUDGET} x: {'over: ' + ', '.join(over) if over else 'kept by all'}")
    return bool(over)


def _start(code: str, folder: Path, variables: dict[str, str]) -> tuple[float, float]:
    """Seconds until the first message could be looked at, and for the clients that weren't made until then."""
    command = [sys.executable, "-c", TIMED.format(code=code) + OTHERS]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
    took, more = done.stdout.split()[-2:]
    return float(took), float(more)


if __name__ == "__main__":
    sys.exit(main())
