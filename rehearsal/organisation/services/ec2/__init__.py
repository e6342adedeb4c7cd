"""Amazon EC2: the parts of a VPC that a network of Studio is made of."""

from __future__ import annotations

from rehearsal.organisation.services.ec2 import (
    endpoints,
    flow_logs,
    needs,
    routes,
    rules,
    security_groups,
    subnets,
    tags,
    vpcs,
)

__all__ = ["endpoints", "flow_logs", "needs", "routes", "rules", "security_groups", "subnets", "tags", "vpcs"]
