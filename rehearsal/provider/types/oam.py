"""aws.oam: Sink, SinkPolicy, Link. Ids: the ARN; a policy has its sink's."""

from __future__ import annotations

from rehearsal.provider.clients import Clients
from rehearsal.provider.resource import Argument, AutoName, ResourceType
from rehearsal.provider.tagging import by_arn, tag_calls
from rehearsal.provider.values import Props

GONE = ("ResourceNotFoundException",)
TAGS = tag_calls(
    "oam", by_arn("ResourceArn"), read="list_tags_for_resource", add="tag_resource", remove="untag_resource", pair=None
)


def _create_sink(aws: Clients, args: Props) -> str:
    arn: str = aws.call("oam", "create_sink", Name=args["name"], Tags=args.get("tagsAll") or None)["Arn"]
    return arn


def _read_sink(aws: Clients, physical_id: str, known: Props) -> Props:
    sink = aws.call("oam", "get_sink", Identifier=physical_id)
    return {"name": sink["Name"], "arn": sink["Arn"], "sinkId": sink["Id"]}


def _delete_sink(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("oam", "delete_sink", Identifier=physical_id)


SINK = ResourceType(
    pulumi_type="aws:oam/sink:Sink",
    cfn="AWS::Oam::Sink",
    name=AutoName(),
    arguments={"name": Argument(cfn="Name")},
    tags=TAGS,
    create=_create_sink,
    read=_read_sink,
    delete=_delete_sink,
    gone=GONE,
)


def _put_policy(aws: Clients, sink: str, policy: str) -> str:
    aws.call("oam", "put_sink_policy", SinkIdentifier=sink, Policy=policy)
    return sink


def _read_policy(aws: Clients, physical_id: str, known: Props) -> Props | None:
    found = aws.call("oam", "get_sink_policy", SinkIdentifier=physical_id)
    if not found.get("Policy"):
        return None
    return {
        "sinkIdentifier": physical_id, "policy": found["Policy"], "arn": found["SinkArn"], "sinkId": found["SinkId"],
    }  # fmt: skip


def _update_policy(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    _put_policy(aws, physical_id, new["policy"])


def _leave_policy(aws: Clients, physical_id: str, state: Props) -> None:
    """OAM has no call that deletes a sink's policy: it goes with the sink, and the real provider only forgets it."""


SINK_POLICY = ResourceType(
    pulumi_type="aws:oam/sinkPolicy:SinkPolicy",
    arguments={
        "policy": Argument(text="policy"),
        # It has no identity but the sink's.
        "sinkIdentifier": Argument(shape="oam.ResourceIdentifier", replaces=True),
    },
    create=lambda aws, args: _put_policy(aws, args["sinkIdentifier"], args["policy"]),
    read=_read_policy,
    update=_update_policy,
    delete=_leave_policy,
    gone=GONE,
    adopts="PutSinkPolicy replaces the sink's policy, and the real provider doesn't look first",
)

FILTERS = {"logGroupConfiguration": "LogGroupConfiguration", "metricConfiguration": "MetricConfiguration"}


def _configuration(args: Props) -> Props | None:
    block = args.get("linkConfiguration") or {}
    return {api: {"Filter": block[key]["filter"]} for key, api in FILTERS.items() if block.get(key)} or None


def _create_link(aws: Clients, args: Props) -> str:
    answer = aws.call(
        "oam", "create_link",
        LabelTemplate=args["labelTemplate"], LinkConfiguration=_configuration(args),
        ResourceTypes=args["resourceTypes"], SinkIdentifier=args["sinkIdentifier"], Tags=args.get("tagsAll") or None,
    )  # fmt: skip
    arn: str = answer["Arn"]
    return arn


def _read_link(aws: Clients, physical_id: str, known: Props) -> Props:
    link = aws.call("oam", "get_link", Identifier=physical_id)
    filters = link.get("LinkConfiguration") or {}
    shown = {key: {"filter": filters[api]["Filter"]} for key, api in FILTERS.items() if filters.get(api)}
    return {
        "arn": link["Arn"],
        "linkId": link["Id"],
        "label": link["Label"],
        "labelTemplate": link["LabelTemplate"],
        "resourceTypes": link["ResourceTypes"],
        "sinkArn": link["SinkArn"],
        "sinkIdentifier": link["SinkArn"],
        "linkConfiguration": shown or None,
    }


def _update_link(aws: Clients, physical_id: str, old: Props, new: Props) -> None:
    if any(new.get(key) != old.get(key) for key in ("resourceTypes", "linkConfiguration")):
        aws.call(
            "oam", "update_link",
            Identifier=physical_id, ResourceTypes=new["resourceTypes"], LinkConfiguration=_configuration(new),
        )  # fmt: skip


def _delete_link(aws: Clients, physical_id: str, state: Props) -> None:
    aws.call("oam", "delete_link", Identifier=physical_id)


LINK = ResourceType(
    pulumi_type="aws:oam/link:Link",
    cfn="AWS::Oam::Link",
    arguments={
        "labelTemplate": Argument(cfn="LabelTemplate"),
        "linkConfiguration.logGroupConfiguration.filter": Argument(shape="oam.LogsFilter"),
        "linkConfiguration.metricConfiguration.filter": Argument(shape="oam.MetricsFilter"),
        "resourceTypes": Argument(shape="oam.ResourceTypesInput", unordered=True),
        "sinkIdentifier": Argument(cfn="SinkIdentifier"),
    },
    tags=TAGS,
    create=_create_link,
    read=_read_link,
    update=_update_link,
    delete=_delete_link,
    gone=GONE,
)

TYPES = (SINK, SINK_POLICY, LINK)
