"""Flow logs of a VPC to a log group, written with a role of the account.

Sources: AWSEC2 API_CreateFlowLogs; vpc/latest/userguide flow-logs-iam-role (the caller passes the role, the service
must be trusted), flow-log-records (default format). No traffic flows here, so no record is written.
"""

from __future__ import annotations

from collections.abc import Iterable

from rehearsal.organisation.core import (
    ApiError,
    Call,
    Need,
    NotEmulated,
    Organisation,
    Params,
    pass_role,
    serves,
    takes,
)
from rehearsal.organisation.services.ec2.needs import needs
from rehearsal.organisation.services.ec2.store import (
    FlowLog,
    found,
    missing,
    network_of,
    new_id,
    selected,
    shown_tags,
    tags_given,
)
from rehearsal.organisation.services.ec2.vpcs import SOURCE

SERVICE = "vpc-flow-logs.amazonaws.com"
DEFAULT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets}"
    " ${bytes} ${start} ${end} ${action} ${log-status}"
)
INTERVALS = (60, 600)

takes(
    "ec2", "CreateFlowLogs",
    members=(
        "ResourceIds", "ResourceType", "TrafficType", "LogDestinationType", "LogDestination",
        "DeliverLogsPermissionArn", "MaxAggregationInterval", "TagSpecifications", "ClientToken",
    ),
)  # fmt: skip
takes("ec2", "DescribeFlowLogs", members=("FlowLogIds", "Filter"))
takes("ec2", "DeleteFlowLogs", members=("FlowLogIds",))


def create_needs(org: Organisation, call: Call) -> Iterable[Need]:
    yield from needs(org, call)
    if "DeliverLogsPermissionArn" in call.params:
        yield pass_role(call.params["DeliverLogsPermissionArn"], SERVICE)


@serves("ec2", "CreateFlowLogs", source=f"{SOURCE}/API_CreateFlowLogs", needs=create_needs, fidelity="emulated",
        note="of VPCs, to CloudWatch Logs; no traffic, so no records")  # fmt: skip
def create_flow_logs(org: Organisation, call: Call) -> Params:
    held, params = network_of(org, call), call.params
    kind, destined = params["ResourceType"], params.get("LogDestinationType", "cloud-watch-logs")
    if kind != "VPC" or destined != "cloud-watch-logs":
        raise NotEmulated(f"ec2:CreateFlowLogs of {kind} to {destined}")
    destination, role = params.get("LogDestination", ""), params.get("DeliverLogsPermissionArn", "")
    if ":log-group:" not in destination:
        raise ApiError("InvalidParameter", "LogDestination must be the ARN of a log group.")
    if not role:
        raise ApiError(
            "InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."
        )
    interval = params.get("MaxAggregationInterval", INTERVALS[-1])
    if interval not in INTERVALS:
        raise ApiError("InvalidParameter", "Invalid Flow Log Max Aggregation Interval")
    ids = []
    for resource in params["ResourceIds"]:
        vpc, traffic = found(held.vpcs, resource), params.get("TrafficType", "ALL")
        if any(
            (one.resource, one.traffic, one.destination) == (vpc.id, traffic, destination)
            for one in held.flow_logs.values()
        ):
            raise ApiError(
                "FlowLogAlreadyExists", "There is an existing Flow Log with the same configuration and log destination."
            )
        log = FlowLog(
            id=new_id("fl"), account=call.owner, region=call.region, tags=tags_given(call, "vpc-flow-log"),
            resource=vpc.id, traffic=traffic, destination=destination.removesuffix(":*"), role=role, interval=interval,
            format=DEFAULT_FORMAT, created=org.clock.now(),
        )  # fmt: skip
        _try_to_write(org, log)
        held.flow_logs[log.id] = log
        ids.append(log.id)
    return {"FlowLogIds": ids, "Unsuccessful": [], "ClientToken": params.get("ClientToken", "")}


def _try_to_write(org: Organisation, log: FlowLog) -> None:
    """What the service does of its role with the first records: become it, find the group, write a stream.

    AWS shows a failure later, in DeliverLogsStatus; here it is an error at once, so that nobody learns of it by the
    silence of a log.
    """
    source = f"arn:aws:ec2:{log.region}:{log.account}:vpc-flow-log/{log.id}"
    session = org.service_session(
        SERVICE, log.role, session_name="flow-logs", source_account=log.account, source_arn=source
    )
    writer = session[1]
    group = log.destination
    rights = [
        Need("logs:DescribeLogGroups", "*", log.account),
        Need("logs:DescribeLogStreams", f"{group}:log-stream:", log.account),
        Need("logs:CreateLogStream", f"{group}:log-stream:eni", log.account),
        Need("logs:PutLogEvents", f"{group}:log-stream:eni", log.account),
    ]
    org.authorise(writer, rights, region=log.region, reason=f"the flow log {log.id} is written")


def _shown(log: FlowLog) -> Params:
    return {
        "FlowLogId": log.id, "FlowLogStatus": "ACTIVE", "ResourceId": log.resource, "TrafficType": log.traffic,
        "LogDestinationType": "cloud-watch-logs", "LogDestination": log.destination,
        "LogGroupName": log.destination.partition(":log-group:")[2], "DeliverLogsPermissionArn": log.role,
        "DeliverLogsStatus": "SUCCESS", "LogFormat": log.format, "MaxAggregationInterval": log.interval,
        "CreationTime": log.created, "Tags": shown_tags(log),
    }  # fmt: skip


@serves("ec2", "DescribeFlowLogs", source=f"{SOURCE}/API_DescribeFlowLogs", needs=needs, fidelity="emulated",
        note="one page; the filters flow-log-id, resource-id")  # fmt: skip
def describe_flow_logs(org: Organisation, call: Call) -> Params:
    rows = selected(
        call, "FlowLogIds", network_of(org, call).flow_logs, {"flow-log-id": "id", "resource-id": "resource"}
    )
    return {"FlowLogs": [_shown(log) for log in rows]}


@serves("ec2", "DeleteFlowLogs", source=f"{SOURCE}/API_DeleteFlowLogs", needs=needs)
def delete_flow_logs(org: Organisation, call: Call) -> Params:
    held, unsuccessful = network_of(org, call), []
    for identifier in call.params["FlowLogIds"]:
        if held.flow_logs.pop(identifier, None) is None:
            error = missing(identifier)
            unsuccessful.append({"ResourceId": identifier, "Error": {"Code": error.code, "Message": error.message}})
    return {"Unsuccessful": unsuccessful}
