"""Queue policies: which rules may send, and nothing else.

Sources: eventbridge eb-use-resource-based (SourceArn is the rule's ARN; on a named bus it holds the bus), eb-rule-dlq
(a rule's dead-letter queue needs its own policy).
"""

from __future__ import annotations

from collections.abc import Mapping

from blueprint.limits import Document
from blueprint.policies.documents import allow, deny, document


def fed_by_rules(queue_arn: str, account: str, rules: Mapping[str, str]) -> Document:
    """Policy of a queue that EventBridge rules send to.

    `rules` maps the Sid to the rule's ARN: one statement each, so that a refused delivery names which one is missing.
    """
    return document(
        *(
            allow(
                sid, ["sqs:SendMessage"], [queue_arn],
                principal={"Service": "events.amazonaws.com"},
                condition={
                    "ArnEquals": {"aws:SourceArn": rule_arn},
                    "StringEquals": {"aws:SourceAccount": account},
                },
            )
            for sid, rule_arn in sorted(rules.items())
        ),
        tls_only(queue_arn),
    )  # fmt: skip


def tls_only(queue_arn: str) -> dict[str, object]:
    return deny("TlsOnly", ["sqs:*"], [queue_arn], principal="*", condition={"Bool": {"aws:SecureTransport": "false"}})
