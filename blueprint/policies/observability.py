"""Policies of the alarms' topic and of the sink for metrics of other accounts.

Sources: sns sns-access-policy-use-cases (alarms of another account),
sns-access-policy-language-api-permissions-reference (limits); AmazonCloudWatch CloudWatch-Unified-Cross-Account-Setup
(sink policy).
"""

from __future__ import annotations

from typing import Any

from blueprint.errors import PolicyTooLarge
from blueprint.limits import TOPIC_POLICY, Document, stored_size
from blueprint.organisation import Organisation
from blueprint.policies.conditions import OAM_RESOURCE_TYPES
from blueprint.policies.documents import allow, deny, document, one_or_many

METRICS_TYPE = "AWS::CloudWatch::Metric"

SHARED_NAMESPACES = (
    "AWS/SageMaker",
    "/aws/sagemaker/Endpoints",
    "/aws/sagemaker/InferenceComponents",
    "MLGovernance/Quality",
)
"""What a spoke shows of its metrics."""

METRIC_FILTER = f"Namespace IN ({', '.join(repr(namespace) for namespace in SHARED_NAMESPACES)})"
"""In the grammar of a link (botocore oam, LinkConfiguration.MetricConfiguration.Filter)."""

LISTED_ACCOUNTS = 100
"""Accounts that the sink's policy names one by one. OAM documents no limit of its size; a list of a hundred root ARNs
is below every limit of a resource policy that AWS does document."""


def topic(organisation: Organisation) -> Document:
    """Our alarms publish, of the hub and of the spokes; nothing else does, and nothing without TLS.

    Raises PolicyTooLarge, from about two thousand spokes on.
    """
    names, hub = organisation.names, organisation.hub
    arn = names.topic_arn(hub)
    accounts = sorted({hub, *(spoke.account for spoke in organisation.spokes)})

    ours: dict[str, dict[str, Any]] = {
        "ArnLike": {"aws:SourceArn": names.alarm_arns("*")},
        "StringEquals": {"aws:SourceAccount": one_or_many(accounts)},
    }
    policy = document(
        allow(
            "OurAlarmsPublish", ["sns:Publish"], [arn],
            principal={"Service": "cloudwatch.amazonaws.com"}, condition=ours,
        ),
        deny("TlsOnly", ["sns:Publish"], [arn], principal="*", condition={"Bool": {"aws:SecureTransport": "false"}}),
    )  # fmt: skip
    size = stored_size(policy)
    if size > TOPIC_POLICY.characters:
        raise PolicyTooLarge(
            f"the {TOPIC_POLICY.what} for {len(organisation.spokes)} spokes is too large: AWS allows"
            f" {TOPIC_POLICY.characters:,} characters; it has {size:,}"
        )
    return policy


def sink(organisation: Organisation) -> Document | None:
    """Spokes link their metrics, and no logs or traces; None where there is nobody to link.

    Both actions, since a link that changes needs the second (API PutSinkPolicy). ForAllValues is true for a request
    without types, which CreateLink doesn't know: they are required.
    """
    if organisation.same_account or not organisation.spokes:
        return None
    types: dict[str, dict[str, Any]] = {"ForAllValues:StringEquals": {OAM_RESOURCE_TYPES: METRICS_TYPE}}
    principal: Any = "*"
    if len(organisation.spokes) <= LISTED_ACCOUNTS or organisation.id is None:
        names = organisation.names
        principal = {"AWS": one_or_many(names.root_arn(spoke.account) for spoke in organisation.spokes)}
    if organisation.id is not None:
        types["StringEquals"] = {"aws:PrincipalOrgID": organisation.id}
    return document(
        allow("SpokesLinkMetrics", ["oam:CreateLink", "oam:UpdateLink"], ["*"], principal=principal, condition=types)
    )
