"""An account's network: where Studio's home directories are mounted, and, in a private one, all that Studio reaches.

Owns the VPC with everything in it. `PublicInternetOnly`: VPC and subnets alone, for the file system; what Studio's
applications send to the internet leaves from a VPC of SageMaker's own, so there is no gateway and no charge. `VpcOnly`:
no way to the internet at all, endpoints for what is needed of AWS, security groups with exactly the flows of Studio,
flow logs. Both: a default security group that admits nothing.

The zones come from the settings and not from a look-up: no data source runs in a preview, and a zone that AWS adds
moves no subnet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ec2, kms, vpc

from blueprint.limits import compact
from blueprint.network_settings import network_of, subnets_of
from blueprint.policies.endpoints import EndpointSpec, endpoints
from blueprint.policies.network import flow_logs_key, flow_logs_role
from blueprint.settings import Settings
from components.options import child, stateful_child
from components.roles import Role, RoleArgs

HTTPS = 443
NFS = 2049
APPLICATIONS = (8192, 65535)
"""Between Studio's applications (dg/studio-updated-and-internet-access)."""

AGGREGATED_SECONDS = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkArgs:
    settings: Settings


class Network(pulumi.ComponentResource):
    """`security_group_id`: of Studio's applications, None where they aren't in this network. `ready`: what a domain
    needs beside its subnets.
    """

    vpc_id: pulumi.Output[str]
    subnet_ids: list[pulumi.Output[str]]
    security_group_id: pulumi.Output[str] | None
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:network:Network", name, None, opts)
        settings = args.settings
        organisation, stack = settings.organisation, settings.stack
        called = organisation.names.network(stack)
        addresses = network_of(organisation, stack)
        # A domain that stays keeps its home directories in these subnets: AWS would refuse to delete them.
        keep = stateful_child(self, settings.stateful)
        made = ec2.Vpc(
            name,
            cidr_block=str(addresses),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": called},
            opts=keep,
        )
        subnets = [
            ec2.Subnet(
                f"{name}-{zone}",
                vpc_id=made.id,
                cidr_block=str(part),
                availability_zone=f"{organisation.region}{zone}",
                map_public_ip_on_launch=False,
                tags={"Name": f"{called}-{zone}"},
                opts=keep,
            )
            for zone, part in zip(settings.network.zones, subnets_of(addresses), strict=True)
        ]
        # Without rules: whatever is started here without a group of its own reaches nothing.
        default = ec2.DefaultSecurityGroup(
            name, vpc_id=made.id, ingress=[], egress=[], tags={"Name": f"{called}-default"}, opts=child(self)
        )
        self.vpc_id = made.id
        self.subnet_ids = [subnet.id for subnet in subnets]
        self.security_group_id = None
        self.ready = [default]
        if settings.network.private:
            inside = pulumi.ResourceOptions(parent=self)
            endpoints_of = EndpointsArgs(
                settings=settings,
                vpc_id=made.id,
                subnet_ids=self.subnet_ids,
                specs=endpoints(
                    organisation,
                    stack,
                    settings.account,
                    tracks=settings.tracking.resolved(organisation, stack) != "none",
                ),
            )
            reached = Endpoints(f"{name}-endpoints", endpoints_of, inside)
            FlowLogs(f"{name}-flow-logs", FlowLogsArgs(settings=settings, vpc_id=made.id), inside)
            self.security_group_id = reached.studio_group_id
            self.ready += reached.ready
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.subnet_ids,
                "security_group_id": self.security_group_id,
            }
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointsArgs:
    settings: Settings
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    specs: Sequence[EndpointSpec]


class Endpoints(pulumi.ComponentResource):
    """What a private network reaches of AWS, and the two security groups that say so.

    A security group of EC2 begins with leave to send anywhere; the provider takes that rule away.
    """

    studio_group_id: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:network:Endpoints", name, None, opts)
        studio = self._group(name, "studio", "Applications of Studio: each other, home directories, endpoints", args)
        targets = self._group(name, "endpoints", "Endpoints of AWS services: HTTPS from applications of Studio", args)
        gateways = self._gateways(name, args)
        self.ready = [
            *(self._interface(name, spec, targets.id, args) for spec in args.specs if spec.kind == "Interface"),
            *self._rules(name, studio.id, targets.id, gateways),
        ]
        self.studio_group_id = studio.id
        self.register_outputs({"studio_group_id": self.studio_group_id})

    def _group(self, name: str, part: str, description: str, args: EndpointsArgs) -> ec2.SecurityGroup:
        called = args.settings.organisation.names.network(args.settings.stack, part)
        return ec2.SecurityGroup(
            f"{name}-{part}",
            name=called,
            description=description,
            vpc_id=args.vpc_id,
            tags={"Name": called},
            opts=stateful_child(self, args.settings.stateful),
        )

    def _gateways(self, name: str, args: EndpointsArgs) -> dict[str, ec2.VpcEndpoint]:
        """The gateway endpoints, in a route table with no other route."""
        names, stack = args.settings.organisation.names, args.settings.stack
        table = ec2.RouteTable(name, vpc_id=args.vpc_id, tags={"Name": names.network(stack)}, opts=child(self))
        for zone, subnet in zip(args.settings.network.zones, args.subnet_ids, strict=True):
            ec2.RouteTableAssociation(f"{name}-{zone}", route_table_id=table.id, subnet_id=subnet, opts=child(self))
        return {
            spec.name: ec2.VpcEndpoint(
                f"{name}-{spec.name}",
                vpc_id=args.vpc_id,
                service_name=spec.service,
                vpc_endpoint_type=spec.kind,
                route_table_ids=[table.id],
                policy=compact(spec.policy),
                tags={"Name": names.network(stack, spec.name)},
                opts=child(self),
            )
            for spec in args.specs
            if spec.kind == "Gateway"
        }

    def _interface(
        self, name: str, spec: EndpointSpec, group_id: pulumi.Input[str], args: EndpointsArgs
    ) -> ec2.VpcEndpoint:
        """With private DNS, so that every SDK finds it under the service's usual name."""
        return ec2.VpcEndpoint(
            f"{name}-{spec.name}",
            vpc_id=args.vpc_id,
            service_name=spec.service,
            vpc_endpoint_type=spec.kind,
            subnet_ids=list(args.subnet_ids),
            security_group_ids=[group_id],
            private_dns_enabled=True,
            policy=compact(spec.policy),
            tags={"Name": args.settings.organisation.names.network(args.settings.stack, spec.name)},
            opts=child(self),
        )

    def _rules(
        self,
        name: str,
        studio: pulumi.Input[str],
        targets: pulumi.Input[str],
        gateways: dict[str, ec2.VpcEndpoint],
    ) -> list[pulumi.Resource]:
        rules: list[pulumi.Resource] = []
        for what, (first, last) in {"nfs": (NFS, NFS), "applications": APPLICATIONS}.items():
            between = {
                "security_group_id": studio,
                "referenced_security_group_id": studio,
                "ip_protocol": "tcp",
                "from_port": first,
                "to_port": last,
                "description": f"Among applications of Studio: {what}",
            }
            rules += [
                vpc.SecurityGroupIngressRule(f"{name}-{what}", **between, opts=child(self)),
                vpc.SecurityGroupEgressRule(f"{name}-{what}", **between, opts=child(self)),
            ]
        https = {"ip_protocol": "tcp", "from_port": HTTPS, "to_port": HTTPS}
        rules += [
            vpc.SecurityGroupIngressRule(
                f"{name}-https",
                security_group_id=targets,
                referenced_security_group_id=studio,
                description="From applications of Studio",
                **https,
                opts=child(self),
            ),
            vpc.SecurityGroupEgressRule(
                f"{name}-https",
                security_group_id=studio,
                referenced_security_group_id=targets,
                description="To the endpoints",
                **https,
                opts=child(self),
            ),
        ]
        for service, gateway in gateways.items():
            rules.append(
                vpc.SecurityGroupEgressRule(
                    f"{name}-{service}",
                    security_group_id=studio,
                    prefix_list_id=gateway.prefix_list_id,
                    description=f"To {service} through the gateway endpoint",
                    **https,
                    opts=child(self),
                )
            )
        return rules


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowLogsArgs:
    settings: Settings
    vpc_id: pulumi.Input[str]


class FlowLogs(pulumi.ComponentResource):
    """Who talked to whom in the network, refused connections too, under a key of their own: a spoke has no other."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:network:FlowLogs", name, None, opts)
        settings = args.settings
        organisation, stack, account = settings.organisation, settings.stack, settings.account
        names = organisation.names
        key = kms.Key(
            name,
            description=f"Encrypts the flow logs of {stack}",
            policy=compact(flow_logs_key(organisation, stack, account)),
            enable_key_rotation=True,
            deletion_window_in_days=settings.key_deletion_days,
            opts=stateful_child(self, settings.stateful),
        )
        kms.Alias(name, name=names.flow_logs_alias(stack), target_key_id=key.key_id, opts=child(self))
        group = cloudwatch.LogGroup(
            name,
            name=names.flow_logs_group(stack),
            kms_key_id=key.arn,
            retention_in_days=settings.network.flow_log_days,
            opts=child(self),
        )
        role = Role(
            name,
            RoleArgs(build=lambda: flow_logs_role(organisation, stack, account), boundary_arn=settings.boundary_arn),
            pulumi.ResourceOptions(parent=self),
        )
        ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=AGGREGATED_SECONDS,
            tags={"Name": names.network(stack)},
            opts=child(self, after=role.ready),
        )
        self.register_outputs({})
