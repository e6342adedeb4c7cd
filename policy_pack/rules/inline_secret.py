"""No secret stands in a resource's properties: the state, the console and the API show them to many."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy_pack.resource import UNKNOWN, Facts, Resource
from policy_pack.rule import Finding, NotKnown, Rule, Violation

PATTERNS = {
    "an access key id": re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@]+@"),
    "a token of GitHub": re.compile(r"\bgh[oprsu]_[A-Za-z0-9]{36,}\b"),
}
"""What a secret looks like wherever it stands."""

NAMED = re.compile(
    r"(?:^|[_.\-])(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)$",
    re.IGNORECASE,
)
ENVIRONMENT = re.compile(r"(?:^|\.)(?:environment|variables|environmentVariables)(?:\.|\[|$)")
PROVIDER_KEYS = ("accessKey", "secretKey", "token")
REFERENCE = re.compile(r"arn:[a-z-]+:(?:secretsmanager|ssm):|\{\{resolve:")
"""Where a secret is, instead of the secret."""


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    for path, value in resource.leaves():
        secret_place = _for_a_secret(resource, path)
        if value is UNKNOWN:
            if secret_place:
                yield NotKnown(path)
        elif isinstance(value, str):
            looks_like = next((what for what, pattern in PATTERNS.items() if pattern.search(value)), None)
            if looks_like is not None:
                yield Violation(f"{path} holds {looks_like}")
            elif secret_place and value and not REFERENCE.match(value):
                yield Violation(f"{path} is named for a secret and holds one in plain text")


def _for_a_secret(resource: Resource, path: str) -> bool:
    if resource.type == "pulumi:providers:aws":
        return path in PROVIDER_KEYS
    return bool(ENVIRONMENT.search(path) and NAMED.search(path))


RULE = Rule(
    name="inline-secret",
    description="No key, password or token stands in a resource's properties.",
    remedy="keep it in Secrets Manager and pass its ARN; change the secret that was shown",
    check=check,
)
