"""What OAM's calls need, and how to find its policies and tags.

Sources: sar/cloudwatch-observability-access-manager (CreateLink is authorised on the sink, with oam:ResourceTypes),
API PutSinkPolicy (its examples grant oam:CreateLink and oam:UpdateLink, so an update is authorised on the sink too),
cw/CloudWatch-Unified-Cross-Account-Setup (cloudwatch:Link in the source account, to share metrics).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Document,
    Need,
    Organisation,
    condition_keys,
    resource_policy,
    resource_tags,
)
from rehearsal.organisation.policies import parsed
from rehearsal.organisation.services.oam.store import Link, Sink, find_link, find_sink

ARN_PARAMETERS = ("Identifier", "SinkIdentifier", "ResourceArn")

condition_keys("oam", "oam:ResourceTypes")


@resource_policy("oam")
def policy_of(org: Organisation, arn: str, _: str, __: str) -> Document | None:
    sink = find_sink(org, arn)
    return parsed(sink.policy) if sink is not None and sink.policy else None


@resource_tags("oam")
def tags_of(org: Organisation, arn: str, _: str, __: str) -> Mapping[str, str] | None:
    found = find(org, arn)
    return None if found is None else found.tags


def find(org: Organisation, arn: str) -> Sink | Link | None:
    """The sink or link of an ARN."""
    return find_sink(org, arn) or find_link(org, arn)


def arn_of(call: Call) -> str:
    """The ARN that a call names. Raises ApiError (InvalidParameterException) for anything else."""
    arn = str(next(call.params[name] for name in ARN_PARAMETERS if name in call.params))
    if not arn.startswith("arn:aws:oam:") or arn.count(":") != 5:
        raise ApiError("InvalidParameterException", f"{arn!r} is not the ARN of a sink or link.")
    return arn


def account_of(arn: str) -> str:
    return arn.split(":")[4]


def needs(org: Organisation, call: Call) -> Iterable[Need]:
    """The operation's action on the sink or link that it names; `*` for lists and for a new sink."""
    action = f"oam:{call.operation}"
    if call.operation in ("CreateSink", "ListSinks", "ListLinks"):
        yield Need(action, "*", call.caller.account)
        return
    arn = arn_of(call)
    yield Need(action, arn, account_of(arn))
    if call.params.get("IncludeTags"):
        yield Need("oam:ListTagsForResource", arn, account_of(arn))


def link_needs(org: Organisation, call: Call) -> Iterable[Need]:
    """Both sides: the sink's policy admits the link, and the source account's principal may share its metrics."""
    arn, kinds = arn_of(call), {"oam:ResourceTypes": list(call.params["ResourceTypes"])}
    yield Need(f"oam:{call.operation}", arn, account_of(arn), kinds)
    if call.operation == "UpdateLink":
        link = find_link(org, arn)
        if link is not None:
            yield Need("oam:UpdateLink", link.sink, account_of(link.sink), kinds)
    yield Need("cloudwatch:Link", "*", call.caller.account)
