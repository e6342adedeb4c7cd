"""What S3 Block Public Access counts as a public policy.

Source: AmazonS3 user guide, access-control-block-public-access, "The meaning of public": a statement that allows
everyone is not public where a condition holds fixed values (no wildcard, no policy variable) for one of the listed
keys.
"""

from __future__ import annotations

from typing import Any

from rehearsal.organisation.core import Document

_NARROWING = frozenset(
    {
        "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:sourcearn",
        "aws:sourceaccount", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceip", "aws:userid",
        "aws:sourceorgid", "aws:sourceorgpaths", "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:accessgrantsinstancearn",
    }
)  # fmt: skip
_WILDCARD_ADMITTED = frozenset({"s3:dataaccesspointarn"})


def is_public(document: Document) -> bool:
    """Whether a statement allows everyone without a condition that narrows it to fixed values."""
    found = document.get("Statement", [])
    statements = found if isinstance(found, list) else [found]
    return any(
        statement.get("Effect") == "Allow" and _everyone(statement) and not _narrowed(statement.get("Condition") or {})
        for statement in statements
    )


def _everyone(statement: Document) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    names = principal.get("AWS", []) if isinstance(principal, dict) else principal
    return names == "*" or (isinstance(names, list) and "*" in names)


def _narrowed(condition: Document) -> bool:
    for operator, keys in condition.items():
        positive = "Not" not in operator and not operator.startswith("ForAllValues:") and operator != "Null"
        if not positive or operator.endswith("IfExists"):
            continue
        for key, value in keys.items():
            if key.lower() in _NARROWING and _fixed(key.lower(), value):
                return True
    return False


def _fixed(key: str, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    if key == "aws:sourceip":
        return all(int(str(one).rpartition("/")[2]) >= 8 if "/" in str(one) else True for one in values)
    if key in _WILDCARD_ADMITTED:
        return True
    return bool(values) and not any("*" in str(one) or "?" in str(one) or "${" in str(one) for one in values)
