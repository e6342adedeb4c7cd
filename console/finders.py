"""Finding what AWS chose the id of, by what the program gave it: a name, tags, what it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from blueprint.names import partition_of

Inputs = Mapping[str, Any]
Item = Mapping[str, Any]

DEFAULT_BUS = "default"
ENDED = ("deleted", "deleting", "failed")
"""States of VPC endpoints that are on their way out."""


@dataclass
class Aws:
    """The account and region that a provider of the state works in, with its own credentials.

    `provider`: the provider's inputs; `assumeRoles` is JSON text there, as the engine keeps a provider's inputs.
    """

    provider: Inputs
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def region(self) -> str:
        return str(self.provider["region"])

    @cached_property
    def account(self) -> str:
        answer: dict[str, str] = self.client("sts").get_caller_identity()
        return answer["Account"]

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
        """All items of a paged list."""
        paginator = self.client(service).get_paginator(operation)
        return [item for page in paginator.paginate(**parameters) for item in page[key]]

    @cached_property
    def _session(self) -> Any:
        import boto3

        session = boto3.Session(region_name=self.region)
        for role in json.loads(self.provider.get("assumeRoles") or "[]"):
            # A program that passes a dictionary has its keys as it wrote them.
            arn = role.get("roleArn") or role["role_arn"]
            answer = session.client("sts").assume_role(RoleArn=arn, RoleSessionName="governance-resume")
            keys = answer["Credentials"]
            session = boto3.Session(
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
                region_name=self.region,
            )
        return session


Finder = Callable[[Inputs, Aws], list[str]]


def _tags(inputs: Inputs) -> dict[str, str]:
    return dict(inputs.get("tagsAll") or {})


def _key(inputs: Inputs, aws: Aws) -> list[str]:
    """Keys of this description and these tags that aren't about to be deleted."""
    found = []
    for entry in aws.pages("kms", "list_keys", "Keys"):
        about = aws.client("kms").describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
        if about.get("Description") == inputs.get("description") and about["KeyState"] != "PendingDeletion":
            answer = aws.client("kms").list_resource_tags(KeyId=entry["KeyId"])
            if {tag["TagKey"]: tag["TagValue"] for tag in answer["Tags"]} == _tags(inputs):
                found.append(entry["KeyId"])
    return found


def _mapping(inputs: Inputs, aws: Aws) -> list[str]:
    mappings = aws.pages(
        "lambda", "list_event_source_mappings", "EventSourceMappings",
        FunctionName=inputs["functionName"], EventSourceArn=inputs["eventSourceArn"],
    )  # fmt: skip
    return [mapping["UUID"] for mapping in mappings if mapping["State"] != "Deleting"]


def _target(inputs: Inputs, aws: Aws) -> list[str]:
    """A target that the program doesn't name gets its id when it is made: then what it leads to tells it apart."""
    bus, rule, named = inputs.get("eventBusName") or DEFAULT_BUS, inputs["rule"], inputs.get("targetId")
    events = aws.client("events")
    try:
        targets = events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
    except events.exceptions.ResourceNotFoundException:
        return []
    found = [one["Id"] for one in targets if (one["Id"] == named if named else one["Arn"] == inputs["arn"])]
    return ["-".join([*([] if bus == DEFAULT_BUS else [bus]), rule, identifier]) for identifier in found]


def _permission(inputs: Inputs, aws: Aws) -> list[str]:
    answers = _ram(aws, "list_permissions", "permissions", permissionType="CUSTOMER_MANAGED")
    return [one["arn"] for one in answers if one["name"] == inputs["name"] and one["status"] != "DELETING"]


def _share(inputs: Inputs, aws: Aws) -> list[str]:
    answers = _ram(
        aws, "get_resource_shares", "resourceShares",
        resourceOwner="SELF", name=inputs["name"], resourceShareStatus="ACTIVE",
    )  # fmt: skip
    return [one["resourceShareArn"] for one in answers]


def _ram(aws: Aws, operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
    """All items of one of RAM's lists; botocore has paginators for some of them only."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = getattr(aws.client("ram"), operation)(**parameters, **token)
        found += answer[key]
        if not answer.get("nextToken"):
            return found
        token = {"nextToken": answer["nextToken"]}


def _sink(inputs: Inputs, aws: Aws) -> list[str]:
    return [sink["Arn"] for sink in aws.pages("oam", "list_sinks", "Items") if sink["Name"] == inputs["name"]]


def _link(inputs: Inputs, aws: Aws) -> list[str]:
    links = aws.pages("oam", "list_links", "Items")
    return [link["Arn"] for link in links if link["SinkArn"] == inputs["sinkIdentifier"]]


def _queue(inputs: Inputs, aws: Aws) -> list[str]:
    sqs = aws.client("sqs")
    try:
        return [sqs.get_queue_url(QueueName=inputs["name"])["QueueUrl"]]
    except sqs.exceptions.QueueDoesNotExist:
        return []


def _topic(inputs: Inputs, aws: Aws) -> list[str]:
    return [f"arn:{partition_of(aws.region)}:sns:{aws.region}:{aws.account}:{inputs['name']}"]


def _of_ec2(operation: str, items: str, identifier: str, *by: tuple[str, str], tagged: bool = False) -> Finder:
    """Finds by EC2's filters: `by` names filter and input; with `tagged` all tags must be the program's, too."""

    def find(inputs: Inputs, aws: Aws) -> list[str]:
        filters = [{"Name": name, "Values": [str(inputs[key])]} for name, key in by]
        if tagged:
            filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in sorted(_tags(inputs).items())]
        found = aws.pages("ec2", operation, items, Filters=filters)
        return [item[identifier] for item in found if item.get("State") not in ENDED]

    return find


def _association(inputs: Inputs, aws: Aws) -> list[str]:
    named = [{"Name": "route-table-id", "Values": [inputs["routeTableId"]]}]
    tables = aws.pages("ec2", "describe_route_tables", "RouteTables", Filters=named)
    return [
        each["RouteTableAssociationId"]
        for table in tables
        for each in table.get("Associations", [])
        if each.get("SubnetId") == inputs.get("subnetId")
    ]


def _rule(egress: bool) -> Finder:
    def find(inputs: Inputs, aws: Aws) -> list[str]:
        named = [{"Name": "group-id", "Values": [inputs["securityGroupId"]]}]
        rules = aws.pages("ec2", "describe_security_group_rules", "SecurityGroupRules", Filters=named)
        return [each["SecurityGroupRuleId"] for each in rules if each["IsEgress"] is egress and _same(each, inputs)]

    return find


def _same(rule: Item, inputs: Inputs) -> bool:
    return (
        rule.get("IpProtocol") == inputs.get("ipProtocol")
        and (rule.get("FromPort"), rule.get("ToPort")) == (inputs.get("fromPort"), inputs.get("toPort"))
        and (rule.get("ReferencedGroupInfo") or {}).get("GroupId") == inputs.get("referencedSecurityGroupId")
        and rule.get("PrefixListId") == inputs.get("prefixListId")
        and rule.get("CidrIpv4") == inputs.get("cidrIpv4")
    )


def _flow_log(inputs: Inputs, aws: Aws) -> list[str]:
    logs = aws.pages(
        "ec2", "describe_flow_logs", "FlowLogs", Filters=[{"Name": "resource-id", "Values": [inputs["vpcId"]]}]
    )
    return [log["FlowLogId"] for log in logs if log.get("LogDestination") == inputs.get("logDestination")]


def _domain(inputs: Inputs, aws: Aws) -> list[str]:
    domains = aws.pages("sagemaker", "list_domains", "Domains")
    return [each["DomainId"] for each in domains if each["DomainName"] == inputs["domainName"]]


def _in_domain(operation: str, parameter: str, key: str, answer: str) -> Finder:
    """Profiles and spaces have their ARN as id."""

    def find(inputs: Inputs, aws: Aws) -> list[str]:
        sagemaker = aws.client("sagemaker")
        try:
            return [getattr(sagemaker, operation)(DomainId=inputs["domainId"], **{parameter: inputs[key]})[answer]]
        except sagemaker.exceptions.ResourceNotFound:
            return []

    return find


def _mlflow_app(inputs: Inputs, aws: Aws) -> list[str]:
    apps = aws.pages("sagemaker", "list_mlflow_apps", "Summaries")
    return [app["Arn"] for app in apps if app["Name"] == inputs["name"] and app["Status"] != "Deleted"]


def _of_api(operation: str, identifier: str, item: str, name: str) -> Finder:
    """Parts of an HTTP API, by what tells them apart."""

    def find(inputs: Inputs, aws: Aws) -> list[str]:
        parts = aws.pages(
            "apigatewayv2", operation, "Items", **({"ApiId": inputs["apiId"]} if "apiId" in inputs else {})
        )
        return [part[identifier] for part in parts if part.get(item) == inputs.get(name)]

    return find


FINDERS: Mapping[str, Finder] = {
    "aws:cloudwatch/eventTarget:EventTarget": _target,
    "aws:kms/key:Key": _key,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _mapping,
    "aws:oam/link:Link": _link,
    "aws:oam/sink:Sink": _sink,
    "aws:ram/permission:Permission": _permission,
    "aws:ram/resourceShare:ResourceShare": _share,
    "aws:sns/topic:Topic": _topic,
    "aws:sqs/queue:Queue": _queue,
    "aws:apigatewayv2/api:Api": _of_api("get_apis", "ApiId", "Name", "name"),
    "aws:apigatewayv2/authorizer:Authorizer": _of_api("get_authorizers", "AuthorizerId", "Name", "name"),
    "aws:apigatewayv2/integration:Integration": _of_api(
        "get_integrations", "IntegrationId", "IntegrationUri", "integrationUri"
    ),
    "aws:apigatewayv2/route:Route": _of_api("get_routes", "RouteId", "RouteKey", "routeKey"),
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:ec2/routeTable:RouteTable": _of_ec2(
        "describe_route_tables", "RouteTables", "RouteTableId", ("vpc-id", "vpcId"), tagged=True
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _association,
    "aws:ec2/securityGroup:SecurityGroup": _of_ec2(
        "describe_security_groups", "SecurityGroups", "GroupId", ("vpc-id", "vpcId"), ("group-name", "name")
    ),
    "aws:ec2/subnet:Subnet": _of_ec2(
        "describe_subnets", "Subnets", "SubnetId", ("vpc-id", "vpcId"), ("cidr-block", "cidrBlock")
    ),
    "aws:ec2/vpc:Vpc": _of_ec2("describe_vpcs", "Vpcs", "VpcId", ("cidr", "cidrBlock"), tagged=True),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _of_ec2(
        "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", ("vpc-id", "vpcId"), ("service-name", "serviceName")
    ),
    "aws:sagemaker/domain:Domain": _domain,
    "aws:sagemaker/mlflowApp:MlflowApp": _mlflow_app,
    "aws:sagemaker/space:Space": _in_domain("describe_space", "SpaceName", "spaceName", "SpaceArn"),
    "aws:sagemaker/userProfile:UserProfile": _in_domain(
        "describe_user_profile", "UserProfileName", "userProfileName", "UserProfileArn"
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(egress=True),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(egress=False),
}
