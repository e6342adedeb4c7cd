"""A private network's own: the role that writes its flow logs, and the key of these."""

from __future__ import annotations

from collections.abc import Iterator

from blueprint.intent.asking import Asks
from blueprint.intent.model import Admission, Facts, RoleIntent
from blueprint.intent.words import on
from blueprint.names import HUB
from blueprint.organisation import Organisation

WRITE = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]


def private(of: Organisation, facts: Facts) -> Iterator[tuple[str, str]]:
    """(stack, account) of the stacks whose network is private."""
    homes = {HUB: of.hub} | {spoke.stack: spoke.account for spoke in of.spokes}
    yield from ((stack, account) for stack, account in homes.items() if facts.of(stack).private)


def ask_network(asks: Asks) -> None:
    for stack, account in private(asks.organisation, asks.facts):
        group = asks.organisation.names.flow_logs_group_arn(account, stack)
        asks.add(f"flow-log@{stack}:write", WRITE, f"{group}:log-stream:s", account=account, stack=stack)
        other = asks.arn("logs", "log-group:/aws/vpc/another:log-stream:s", account)
        asks.add(f"another-flow-log@{stack}:write", WRITE, other, account=account, stack=stack)
    asks.add("logs:list-groups", "logs:DescribeLogGroups", "*", account="")
    asks.add("logs:list-queries", "logs:DescribeQueries", "*", account="")


def network_intents(of: Organisation, facts: Facts) -> list[RoleIntent]:
    return [
        RoleIntent(id=f"{stack}/flow-logs", may=(f"flow-log@{stack}:write", "logs:list-groups"))
        for stack, _ in private(of, facts)
    ]


def network_sides(of: Organisation, facts: Facts) -> list[Admission]:
    verbs = ("become", "become-by-name#AssumeRole", "become-with-mfa#AssumeRole")
    return [
        Admission(asks=on((f"role/{stack}/flow-logs",), verbs), who=(f"service/flow-logs@{stack}",))
        for stack, _ in private(of, facts)
    ]
