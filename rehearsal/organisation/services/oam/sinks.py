"""OAM: sinks and their policies, in the monitoring account.

Source: botocore's oam model and the OAM API reference.
"""

from __future__ import annotations

import json
import uuid

from rehearsal.organisation.core import ApiError, Call, Organisation, Params, serves
from rehearsal.organisation.grammar import check_grammar
from rehearsal.organisation.policies import document_of, listed, statements
from rehearsal.organisation.services.oam.needs import arn_of, needs
from rehearsal.organisation.services.oam.store import Sink, all_links, find_sink, not_found, sinks
from rehearsal.organisation.services.paging import paged

SOURCE = "OAM/latest/APIReference"
POLICY_ACTIONS = ("oam:createlink", "oam:updatelink", "oam:*", "*")
SINKS_PAGE = 100
ATTACHED_PAGE = 1000
BAD_TOKEN = ApiError("InvalidParameterException", "The NextToken is not one that this operation answered.")


def _sink(org: Organisation, call: Call) -> Sink:
    arn = arn_of(call)
    sink = find_sink(org, arn)
    if sink is None:
        raise not_found(arn)
    return sink


def _shown(sink: Sink) -> Params:
    return {"Arn": sink.arn, "Id": sink.id, "Name": sink.name}


@serves("oam", "CreateSink", source=f"{SOURCE}/API_CreateSink", needs=needs)
def create_sink(org: Organisation, call: Call) -> Params:
    store = sinks(org, call.caller.account, call.region)
    if store:
        raise ApiError(
            "ServiceQuotaExceededException",
            f"Account {call.caller.account} has a sink in {call.region} already: {next(iter(store.values())).arn}.",
            429,
        )
    sink = Sink(str(uuid.uuid4()), call.params["Name"], call.caller.account, call.region)
    sink.tags = dict(call.params.get("Tags", {}))
    store[sink.id] = sink
    return {**_shown(sink), "Tags": dict(sink.tags)}


@serves("oam", "GetSink", source=f"{SOURCE}/API_GetSink", needs=needs)
def get_sink(org: Organisation, call: Call) -> Params:
    sink = _sink(org, call)
    return _shown(sink) | ({"Tags": dict(sink.tags)} if call.params.get("IncludeTags") else {})


@serves("oam", "ListSinks", source=f"{SOURCE}/API_ListSinks", needs=needs)
def list_sinks(org: Organisation, call: Call) -> Params:
    found = [_shown(sink) for sink in sinks(org, call.caller.account, call.region).values()]
    return paged("Items", found, call.params, default=SINKS_PAGE, invalid=BAD_TOKEN)


@serves("oam", "DeleteSink", source=f"{SOURCE}/API_DeleteSink", needs=needs)
def delete_sink(org: Organisation, call: Call) -> Params:
    sink = _sink(org, call)
    attached = [link.arn for link in all_links(org, sink.region) if link.sink == sink.arn]
    if attached:
        raise ApiError(
            "ConflictException", f"The sink {sink.arn} still has links: {', '.join(attached)}. Delete them first.", 409
        )
    del sinks(org, sink.account, sink.region)[sink.id]
    return {}


@serves("oam", "PutSinkPolicy", source=f"{SOURCE}/API_PutSinkPolicy", needs=needs)
def put_sink_policy(org: Organisation, call: Call) -> Params:
    sink = _sink(org, call)
    document = document_of(call.params["Policy"], "InvalidParameterException", "The sink policy")
    check_grammar(document, "resource", "InvalidParameterException")
    for number, statement in enumerate(statements(document)):
        other = [one for one in listed(statement.get("Action")) if str(one).lower() not in POLICY_ACTIONS]
        if other:
            raise ApiError(
                "InvalidParameterException",
                f"The sink policy's statement {number} has the action {other[0]}: a sink's policy is about "
                "oam:CreateLink and oam:UpdateLink.",
            )
    sink.policy = json.dumps(document, separators=(",", ":"))
    return _policy(sink)


def _policy(sink: Sink) -> Params:
    return {"SinkArn": sink.arn, "SinkId": sink.id} | ({"Policy": sink.policy} if sink.policy else {})


@serves("oam", "GetSinkPolicy", source=f"{SOURCE}/API_GetSinkPolicy", needs=needs)
def get_sink_policy(org: Organisation, call: Call) -> Params:
    return _policy(_sink(org, call))


@serves("oam", "ListAttachedLinks", source=f"{SOURCE}/API_ListAttachedLinks", needs=needs)
def list_attached_links(org: Organisation, call: Call) -> Params:
    sink = _sink(org, call)
    found = [
        {"Label": link.label, "LinkArn": link.arn, "ResourceTypes": list(link.resource_types)}
        for link in all_links(org, sink.region)
        if link.sink == sink.arn
    ]
    return paged("Items", found, call.params, default=ATTACHED_PAGE, invalid=BAD_TOKEN)
