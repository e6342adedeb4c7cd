"""OAM: links, in the source account; and the tags of links and sinks.

Source: botocore's oam model and the OAM API reference. That an account can't be linked to its own sink is said on no
page; AWS's own template for a whole organisation leaves the monitoring account out.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves
from rehearsal.organisation.services.oam.filters import BadFilter, Filter, parse_filter
from rehearsal.organisation.services.oam.needs import arn_of, find, link_needs, needs
from rehearsal.organisation.services.oam.sinks import BAD_TOKEN, SOURCE
from rehearsal.organisation.services.oam.store import Link, find_link, find_sink, links, not_found
from rehearsal.organisation.services.oam.visibility import METRICS
from rehearsal.organisation.services.paging import paged

MOST_MONITORING_ACCOUNTS = 5
LINKS_PAGE = 5
MOST_TAGS = 50
ACCOUNT_NAME = "$AccountName"


def _require_metrics(kinds: list[str]) -> None:
    other = sorted(set(kinds) - {METRICS})
    if other:
        raise NotEmulated(f"oam: a link that shares {', '.join(other)}")


def _filter(params: Mapping[str, Any]) -> tuple[str | None, Filter | None]:
    """A link's metric filter, as sent and parsed. Raises ApiError for what is none, NotEmulated for log groups."""
    configuration = params.get("LinkConfiguration", {})
    if "LogGroupConfiguration" in configuration:
        raise NotEmulated("oam: a link with LogGroupConfiguration")
    if "MetricConfiguration" not in configuration:
        return None, None
    text = str(configuration["MetricConfiguration"]["Filter"])
    try:
        return text, parse_filter(text, "Namespace")
    except BadFilter as error:
        raise ApiError("InvalidParameterException", f"The metric filter can't be used: {error}.") from error


def _label(org: Organisation, account: str, template: str) -> str:
    name = next((one.name for one in org.accounts.values() if one.id == account), account)
    label = template.replace(ACCOUNT_NAME, name)
    if "$AccountEmail" in label:
        raise NotEmulated(f"oam: the label template {template} (the accounts here have no e-mail address)")
    return label


@serves("oam", "CreateLink", source=f"{SOURCE}/API_CreateLink", needs=link_needs, fidelity="emulated",
        note="metrics only; data is seen at once")  # fmt: skip
def create_link(org: Organisation, call: Call) -> Params:
    params, account = call.params, call.caller.account
    sink = find_sink(org, arn_of(call))
    if sink is None:
        raise not_found(params["SinkIdentifier"])
    if sink.region != call.region:
        raise ApiError("InvalidParameterException", f"The sink {sink.arn} is in another Region than {call.region}.")
    if sink.account == account:
        raise ApiError("InvalidParameterException", f"Account {account} can't be linked to its own sink {sink.arn}.")
    _require_metrics(params["ResourceTypes"])
    store = links(org, account, call.region)
    if any(one.sink == sink.arn for one in store.values()):
        raise ApiError("ConflictException", f"Account {account} has a link to the sink {sink.arn} already.", 409)
    if len(store) >= MOST_MONITORING_ACCOUNTS:
        raise ApiError(
            "ServiceQuotaExceededException",
            f"Account {account} has {len(store)} links in {call.region}, at most {MOST_MONITORING_ACCOUNTS}.",
            429,
        )
    text, metrics = _filter(params)
    link = Link(
        str(uuid.uuid4()), account, call.region, sink.arn, _label(org, account, params["LabelTemplate"]),
        params["LabelTemplate"], org.clock.now(), list(params["ResourceTypes"]), text, metrics,
        dict(params.get("Tags", {})),
    )  # fmt: skip
    store[link.id] = link
    return {**_shown(link), "Tags": dict(link.tags)}


def _shown(link: Link) -> Params:
    shown: Params = {
        "Arn": link.arn, "Id": link.id, "Label": link.label, "LabelTemplate": link.label_template,
        "ResourceTypes": list(link.resource_types), "SinkArn": link.sink,
    }  # fmt: skip
    if link.metric_filter is not None:
        shown["LinkConfiguration"] = {"MetricConfiguration": {"Filter": link.metric_filter}}
    return shown


def _link(org: Organisation, call: Call) -> Link:
    arn = arn_of(call)
    link = find_link(org, arn)
    if link is None:
        raise not_found(arn)
    return link


@serves("oam", "GetLink", source=f"{SOURCE}/API_GetLink", needs=needs)
def get_link(org: Organisation, call: Call) -> Params:
    link = _link(org, call)
    return _shown(link) | ({"Tags": dict(link.tags)} if call.params.get("IncludeTags") else {})


@serves("oam", "UpdateLink", source=f"{SOURCE}/API_UpdateLink", needs=link_needs, fidelity="emulated",
        note="metrics only; without LinkConfiguration the filter stays, as only `*` is said to delete it")  # fmt: skip
def update_link(org: Organisation, call: Call) -> Params:
    link = _link(org, call)
    _require_metrics(call.params["ResourceTypes"])
    text, metrics = _filter(call.params)
    if text is not None:
        link.metric_filter, link.metrics = (None, None) if metrics is None else (text, metrics)
    link.resource_types = list(call.params["ResourceTypes"])
    return _shown(link) | ({"Tags": dict(link.tags)} if call.params.get("IncludeTags") else {})


@serves("oam", "DeleteLink", source=f"{SOURCE}/API_DeleteLink", needs=needs)
def delete_link(org: Organisation, call: Call) -> Params:
    link = _link(org, call)
    del links(org, link.account, link.region)[link.id]
    return {}


@serves("oam", "ListLinks", source=f"{SOURCE}/API_ListLinks", needs=needs)
def list_links(org: Organisation, call: Call) -> Params:
    names = ("Arn", "Id", "Label", "ResourceTypes", "SinkArn")
    found = [
        {name: value for name, value in _shown(link).items() if name in names}
        for link in links(org, call.caller.account, call.region).values()
    ]
    return paged("Items", found, call.params, default=LINKS_PAGE, invalid=BAD_TOKEN)


@serves("oam", "TagResource", "UntagResource", "ListTagsForResource", source=f"{SOURCE}/API_TagResource", needs=needs)
def tags(org: Organisation, call: Call) -> Params:
    arn = arn_of(call)
    found = find(org, arn)
    if found is None:
        raise not_found(arn)
    if call.operation == "ListTagsForResource":
        return {"Tags": dict(found.tags)}
    merged = {**found.tags, **call.params.get("Tags", {})}
    for key in call.params.get("TagKeys", []):
        merged.pop(key, None)
    if len(merged) > MOST_TAGS:
        raise ApiError("TooManyTagsException", f"{arn} would have {len(merged)} tags, at most {MOST_TAGS} are allowed.")
    found.tags = merged
    return {}
