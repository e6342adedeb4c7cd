"""Event source mappings, and what passes between a queue and a function: records there, failed items back.

Sources: lambda/with-sqs (records), services-sqs-errorhandling (partial batch responses), invocation-eventfiltering.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.organisation.core import Caller, Organisation, Params
from rehearsal.organisation.delivery.patterns import load_pattern

FIRST_CONCURRENCY = 5
"""Batches at once of a mapping without MaximumConcurrency; AWS starts with 5 and scales up by 300 a minute."""


@dataclass(slots=True)
class Mapping:
    """One event source mapping. `settings` holds the parameters as given; `result` is LastProcessingResult.

    `busy` counts batches at work, `asleep` those of them whose function sleeps; `blocked` is when to try again after a
    problem, after `problems` in a row.
    """

    uuid: str
    function: str
    queue: str
    account: str
    region: str
    settings: dict[str, Any]
    modified: datetime
    enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    result: str = ""
    busy: int = 0
    asleep: int = 0
    gathering: bool = False
    problems: int = 0
    blocked: datetime | None = None
    session: tuple[str, Caller, datetime] | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"

    @property
    def batch_size(self) -> int:
        return int(self.settings.get("BatchSize", 10))

    @property
    def window_seconds(self) -> int:
        return int(self.settings.get("MaximumBatchingWindowInSeconds") or 0)

    @property
    def concurrency(self) -> int:
        return int(self.settings.get("ScalingConfig", {}).get("MaximumConcurrency", FIRST_CONCURRENCY))

    @property
    def reports_failures(self) -> bool:
        return "ReportBatchItemFailures" in self.settings.get("FunctionResponseTypes", [])

    @property
    def filters(self) -> list[dict[str, Any]]:
        found = self.settings.get("FilterCriteria", {}).get("Filters", [])
        return [load_pattern(one["Pattern"]) for one in found]


def mappings(org: Organisation, account: str, region: str) -> dict[str, Mapping]:
    found: dict[str, Mapping] = org.state("lambda", account, region).setdefault("mappings", {})
    return found


def record(message: Params, mapping: Mapping) -> Params:
    """A message as the function sees it (lambda/with-sqs, example event)."""
    attributes: dict[str, Any] = {}
    for name, value in message.get("MessageAttributes", {}).items():
        attributes[name] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
        if "StringValue" in value:
            attributes[name]["stringValue"] = value["StringValue"]
    shown = {
        "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
        "attributes": message.get("Attributes", {}), "messageAttributes": attributes, "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs", "eventSourceARN": mapping.queue, "awsRegion": mapping.region,
    }  # fmt: skip
    if "MD5OfMessageAttributes" in message:
        shown["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return shown


def filterable(one: Params) -> Params:
    """A record with its body parsed where that is JSON, as filters see it (lambda/invocation-eventfiltering)."""
    try:
        return {**one, "body": json.loads(one["body"])}
    except ValueError:
        return one


def item_failures(payload: str, ids: Iterable[str]) -> tuple[set[str], str]:
    """Which messages a partial batch response says have failed, and why if it is all of them.

    An empty, null or missing list is success. A response that is no object, a list that is none, an item without
    identifier or with one that isn't in the batch fail the whole batch (lambda/services-sqs-errorhandling).
    """
    known = set(ids)
    answer = json.loads(payload or "null")
    if answer is None:
        return set(), ""
    if not isinstance(answer, dict):
        return known, f"the batch response is {type(answer).__name__}, not an object: the whole batch failed"
    items = answer.get("batchItemFailures")
    if items is None:
        return set(), ""
    if not isinstance(items, list):
        return known, "batchItemFailures is not a list: the whole batch failed"
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    strange = [name for name in named if not name or name not in known]
    if strange:
        return known, f"batchItemFailures names {strange[0]!r}, which is not in the batch: the whole batch failed"
    return {str(name) for name in named}, ""
