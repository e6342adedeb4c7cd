"""ListMetrics, also of linked accounts.

Source: API ListMetrics (two weeks, RecentlyActive, OwningAccounts), cw/CloudWatch-Unified-Cross-Account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, serves
from rehearsal.organisation.services.cloudwatch.put import SOURCE, invalid
from rehearsal.organisation.services.cloudwatch.store import DAY, HOUR, Metric, metrics
from rehearsal.organisation.services.oam.visibility import seen_accounts, visible_from
from rehearsal.organisation.services.paging import page

PAGE = 500
LISTED_SECONDS = 14 * DAY
ACTIVE_SECONDS = 3 * HOUR


def star_needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The operation's action on `*` (sar/cloudwatch; the data set is optional there)."""
    yield Need(f"cloudwatch:{call.operation}", "*", call.caller.account)


@serves(
    "cloudwatch", "ListMetrics", source=f"{SOURCE}/API_ListMetrics", needs=star_needs, fidelity="emulated",
    note="a new metric is listed at once, where AWS takes up to 15 minutes",
)  # fmt: skip
def list_metrics(org: Organisation, call: Call) -> Params:
    params = call.params
    linked, wanted = params.get("IncludeLinkedAccounts", False), params.get("OwningAccount")
    if wanted is not None and not linked:
        raise invalid("OwningAccount may only be specified when IncludeLinkedAccounts is true.")
    accounts = seen_accounts(org, call.owner, call.region) if linked else [call.owner]
    rows = [
        (account, metric) for account in accounts if wanted in (None, account) for metric in _listed(org, call, account)
    ]
    token = ApiError("InvalidParameterValue", "Invalid nextToken")
    shown, following = page(rows, params.get("NextToken"), PAGE, invalid=token)
    answer: Params = {"Metrics": [metric.shown() for _, metric in shown]}
    if linked:
        answer["OwningAccounts"] = [account for account, _ in shown]
    return answer | ({"NextToken": following} if following else {})


def _listed(org: Organisation, call: Call, account: str) -> list[Metric]:
    """The metrics of one account that the call asks for and may see, in order."""
    params, now = call.params, org.clock.now().timestamp()
    oldest = now - (ACTIVE_SECONDS if params.get("RecentlyActive") else LISTED_SECONDS)
    found = []
    for metric, series in metrics(org, account, call.region).items():
        since = visible_from(org, call.owner, account, call.region, metric.namespace)
        if since is None or series.newest < max(oldest, since):
            continue
        named = params.get("Namespace") in (None, metric.namespace) and params.get("MetricName") in (None, metric.name)
        if named and _has(metric, params.get("Dimensions", ())):
            found.append(metric)
    return sorted(found)


def _has(metric: Metric, filters: Sequence[Mapping[str, str]]) -> bool:
    """Whether a metric has every dimension asked for, by name or by name and value."""
    known = dict(metric.dimensions)
    return all(one["Name"] in known and one.get("Value") in (None, known[one["Name"]]) for one in filters)
