"""What a monitoring account sees of its source accounts' metrics.

Source: cw/CloudWatch-Unified-Cross-Account: data is shared from the making of the link on, of the namespaces that its
filter lets through; only data that the source account has.
"""

from __future__ import annotations

from rehearsal.organisation.core import Organisation
from rehearsal.organisation.services.oam.store import Link, all_links, sinks

METRICS = "AWS::CloudWatch::Metric"


def links_to(org: Organisation, monitoring: str, region: str) -> list[Link]:
    """The links whose metrics an account sees in its sink."""
    arns = {sink.arn for sink in sinks(org, monitoring, region).values()}
    return [one for one in all_links(org, region) if one.sink in arns and METRICS in one.resource_types]


def seen_accounts(org: Organisation, monitoring: str, region: str) -> list[str]:
    """The account itself and those that are linked to its sink."""
    return [monitoring, *sorted({one.account for one in links_to(org, monitoring, region)} - {monitoring})]


def visible_from(org: Organisation, monitoring: str, account: str, region: str, namespace: str) -> float | None:
    """The second from which an account sees another's namespace: 0 for its own, None where it sees nothing.

    The minute in which the link was made is seen whole.
    """
    if account == monitoring:
        return 0.0
    for link in links_to(org, monitoring, region):
        if link.account == account and (link.metrics is None or link.metrics.admits(namespace)):
            made = link.created.timestamp()
            return made - made % 60
    return None
