"""The rules of an S3 lifecycle configuration, between Pulumi's spelling and S3's (boto:s3 LifecycleRule)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.provider.values import Props, without_none

EXPIRATION = {"days": "Days", "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
NONCURRENT_EXPIRATION = {
    "noncurrentDays": "NoncurrentDays",
    "newerNoncurrentVersions": "NewerNoncurrentVersions",
}
NONCURRENT_TRANSITION = {**NONCURRENT_EXPIRATION, "storageClass": "StorageClass"}
TRANSITION = {"days": "Days", "storageClass": "StorageClass"}
ABORT = {"daysAfterInitiation": "DaysAfterInitiation"}
BLOCKS = {
    "abortIncompleteMultipartUpload": ("AbortIncompleteMultipartUpload", ABORT),
    "expiration": ("Expiration", EXPIRATION),
    "noncurrentVersionExpiration": ("NoncurrentVersionExpiration", NONCURRENT_EXPIRATION),
}
LISTS = {
    "noncurrentVersionTransitions": ("NoncurrentVersionTransitions", NONCURRENT_TRANSITION),
    "transitions": ("Transitions", TRANSITION),
}


def _forth(source: Mapping[str, Any], names: Mapping[str, str]) -> Props:
    return {api: source[name] for name, api in names.items() if source.get(name) is not None}


def _back(source: Mapping[str, Any], names: Mapping[str, str]) -> Props:
    return {name: source[api] for name, api in names.items() if source.get(api) is not None}


def to_api(rules: list[Props]) -> list[Props]:
    """Convert to S3's rules. A rule without filter applies to the whole bucket."""
    found = []
    for rule in rules:
        prefix = (rule.get("filter") or {}).get("prefix", "")
        converted: Props = {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": prefix}}
        for name, (api, names) in BLOCKS.items():
            if rule.get(name):
                converted[api] = _forth(rule[name], names)
        for name, (api, names) in LISTS.items():
            if rule.get(name):
                converted[api] = [_forth(item, names) for item in rule[name]]
        found.append(converted)
    return found


def from_api(rules: list[Props]) -> list[Props]:
    """Convert from S3's rules."""
    found = []
    for rule in rules:
        converted: Props = {
            "id": rule["ID"],
            "status": rule["Status"],
            "filter": without_none({"prefix": rule.get("Filter", {}).get("Prefix") or None}),
        }
        for name, (api, names) in BLOCKS.items():
            if rule.get(api):
                converted[name] = _back(rule[api], names)
        for name, (api, names) in LISTS.items():
            if rule.get(api):
                converted[name] = [_back(item, names) for item in rule[api]]
        found.append(converted)
    return found
