"""Which roles an installation has, by stack and purpose, and who else asks: the principals of the matrix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from blueprint.intent.model import EVERYTHING, Context, Facts, Principal
from blueprint.names import HUB, HubPurpose, Purpose
from blueprint.organisation import Organisation
from blueprint.rules import hub_rules, schedule_arns, spoke_rules

OUTSIDER = "555555555555"
"""An account of nobody here, in no organisation of ours."""

MEMBER = "666666666666"
"""An account of the organisation that is no spoke."""

ADMINISTRATOR = "Administrator"


def role_names(organisation: Organisation) -> dict[tuple[str, str], str]:
    """Role name by (stack, purpose): all names that our naming can give, whether the roles are made or not."""
    names = organisation.names
    found: dict[tuple[str, str], str] = {}
    for purpose in _literals(HubPurpose):
        found[HUB, purpose] = names.hub_role(purpose)  # type: ignore[arg-type]  # a value of the literal type itself
    for stage in organisation.stages:
        found[HUB, f"approver-{stage.name}"] = names.approver_role(stage.name)
    for stack in (HUB, *(spoke.stack for spoke in organisation.spokes)):
        found[stack, "flow-logs"] = names.flow_logs_role(stack)
    for spoke in organisation.spokes:
        for spoke_purpose in get_args(Purpose):
            found[spoke.stack, spoke_purpose] = names.role(spoke.stack, spoke_purpose)
    return found


def _literals(form: object) -> Iterator[str]:
    """The values of a literal type, or of a union of them."""
    for part in get_args(form):
        if isinstance(part, str):
            yield part
        else:
            yield from _literals(part)


def session(organisation: Organisation, account: str, role: str) -> str:
    return f"arn:{organisation.names.partition}:sts::{account}:assumed-role/{role}/session"


def strangers(organisation: Organisation, facts: Facts) -> tuple[Principal, ...]:
    """Who isn't a role of the program: administrators, impostors, people, services, nobody."""
    return (
        *_administrators(organisation),
        *_impostors(organisation),
        *_people(organisation),
        *_services(organisation, facts),
        Principal(id="anonymous", arn="*", identity={}, outside=True),
    )


def _administrators(of: Organisation) -> Iterator[Principal]:
    homes = {HUB: of.hub} | {spoke.stack: spoke.account for spoke in of.spokes}
    for stack, account in homes.items():
        arn = session(of, account, ADMINISTRATOR)
        yield Principal(id=f"{stack}/administrator", arn=arn, stack=stack, identity=EVERYTHING)
    yield Principal(id="member/administrator", arn=session(of, MEMBER, ADMINISTRATOR), identity=EVERYTHING)
    yield Principal(
        id="outsider/administrator", arn=session(of, OUTSIDER, ADMINISTRATOR), identity=EVERYTHING, outside=True
    )


def _impostors(of: Organisation) -> Iterator[Principal]:
    """Roles of our names, of which everything is granted, where they shouldn't count: another account of the
    organisation, an account outside, and a spoke that has left the organisation.
    """
    admitted = ("execution", "serving", "forwarder", "reader")
    for stage in of.stages:
        for spoke in of.spokes_of(stage.name)[:1]:
            for purpose in admitted:
                name = role_names(of)[spoke.stack, purpose]
                what = f"{spoke.stack}.{purpose}"
                yield Principal(id=f"member/as.{what}", arn=session(of, MEMBER, name), identity=EVERYTHING)
                yield Principal(
                    id=f"outsider/as.{what}", arn=session(of, OUTSIDER, name), identity=EVERYTHING, outside=True
                )
                yield Principal(
                    id=f"departed/{what}", arn=session(of, spoke.account, name), stack=spoke.stack,
                    identity=EVERYTHING, outside=True,
                )  # fmt: skip
    for what, name in _hub_impostors(of).items():
        yield Principal(
            id=f"departed/hub.{what}", arn=session(of, of.hub, name), stack=HUB, identity=EVERYTHING, outside=True
        )


def _hub_impostors(of: Organisation) -> dict[str, str]:
    return {what: name for (stack, what), name in role_names(of).items() if stack == HUB and what == "inventory"}


def _people(of: Organisation) -> Iterator[Principal]:
    """Those whom the configuration names, one for each."""
    for stage in of.stages:
        for number, pattern in enumerate(stage.approvers):
            yield _person(of, f"person/approver.{stage.name}.{number}", pattern)
        for spoke in of.spokes_of(stage.name):
            for user in stage.users:
                arn = of.names.role_arn(spoke.account, user)
                yield _person(of, f"person/user.{spoke.stack}.{user}", arn)
    for spoke in of.spokes:
        for number, who in enumerate(of.stage(spoke.stage).deployers):
            pattern = who if who.startswith("arn:") else of.names.role_arn(spoke.account, who)
            yield _person(of, f"person/deployer.{spoke.stack}.{number}", pattern)
    for number, pattern in enumerate(of.auditors):
        yield _person(of, f"person/auditor.{number}", pattern)
    for number, pattern in enumerate(of.operators):
        yield _person(of, f"person/operator.{number}", pattern)


def _person(of: Organisation, name: str, pattern: str) -> Principal:
    """Somebody whom the ARN pattern covers, and whose own policies allow everything."""
    arn = pattern.replace("*", "x").replace("?", "x")
    account, kind = arn.split(":")[4], arn.split(":")[5]
    if kind.startswith("role/"):
        arn = session(of, account, kind.rpartition("/")[2])
    homes = {of.hub: HUB} | {spoke.account: spoke.stack for spoke in of.spokes}
    context: Context = {"aws:PrincipalArn": pattern.replace("*", "x").replace("?", "x")}
    return Principal(id=name, arn=arn, stack=homes.get(account, ""), identity=EVERYTHING, context=context)


def _services(of: Organisation, facts: Facts) -> Iterator[Principal]:
    homes = {HUB: of.hub} | {spoke.stack: spoke.account for spoke in of.spokes}
    region, partition = of.region, of.names.partition

    def service(name: str, who: str, source: str | None = None, account: str | None = None) -> Principal:
        context: dict[str, str | bool | list[str]] = {"aws:PrincipalIsAWSService": True}
        if source is not None and account is not None:
            context |= {"aws:SourceArn": source, "aws:SourceAccount": account}
        return Principal(id=f"service/{name}", arn=who, identity={}, context=context, outside=True)

    for stack, account in {**homes, "outsider": OUTSIDER}.items():
        domain = f"arn:{partition}:sagemaker:{region}:{account}:domain/d-1"
        yield service(f"sagemaker@{stack}", "sagemaker.amazonaws.com", domain, account)
        alarm = f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{of.prefix}-a"
        yield service(f"alarm@{stack}", "cloudwatch.amazonaws.com", alarm, account)
        region_away = f"arn:{partition}:sagemaker:us-west-2:{account}:domain/d-1"
        yield service(f"sagemaker-of-another-region@{stack}", "sagemaker.amazonaws.com", region_away, account)
        # Whatever service it is: the source alone must not do.
        yield service(f"another-service-as.sagemaker@{stack}", "bedrock.amazonaws.com", domain, account)
        yield service(f"another-service-as.alarm@{stack}", "sns.amazonaws.com", alarm, account)
        stranger = f"arn:{partition}:events:{region}:{account}:rule/somebody-elses"
        yield service(f"rule/another@{stack}", "events.amazonaws.com", stranger, account)
    yield service("sagemaker-without-source", "sagemaker.amazonaws.com")
    another = f"arn:{partition}:cloudwatch:{region}:{of.hub}:alarm:another"
    yield service("another-alarm", "cloudwatch.amazonaws.com", another, of.hub)
    for rule in hub_rules(of):
        yield service(f"rule/{rule.rule}@hub", "events.amazonaws.com", rule.arn(of), of.hub)
        yield service(f"another-service-as.{rule.rule}@hub", "scheduler.amazonaws.com", rule.arn(of), of.hub)
    for function, arn in schedule_arns(of).items():
        yield service(f"schedule/{function}@hub", "events.amazonaws.com", arn, of.hub)
        yield service(f"another-service-as.schedule.{function}@hub", "scheduler.amazonaws.com", arn, of.hub)
    for spoke in of.spokes:
        for spec in spoke_rules():
            arn = of.names.rule_arn(spoke.account, of.names.forward_rule(spoke.stack, spec.rule))
            yield service(f"rule/{spec.rule}@{spoke.stack}", "events.amazonaws.com", arn, spoke.account)
            name = f"another-service-as.{spec.rule}@{spoke.stack}"
            yield service(name, "scheduler.amazonaws.com", arn, spoke.account)
    for stack, account in {**homes, "outsider": OUTSIDER}.items():
        flow_log = f"arn:{partition}:ec2:{region}:{account}:vpc-flow-log/fl-1"
        yield service(f"flow-logs@{stack}", "vpc-flow-logs.amazonaws.com", flow_log, account)
    for spoke in of.spokes:
        for number, route in enumerate(facts.of(spoke.stack).routes):
            # What stands in the place of a route's variable is whatever was asked for.
            source = re.sub(r"\{[^}]*\}", "e", route.replace("/*/", "/$default/"))
            another = source.replace(source.split(":")[5].split("/")[0], "another")
            yield service(f"api.{number}@{spoke.stack}", "apigateway.amazonaws.com", source, spoke.account)
            yield service(f"another-api.{number}@{spoke.stack}", "apigateway.amazonaws.com", another, spoke.account)
            name = f"another-service-as.api.{number}@{spoke.stack}"
            yield service(name, "elasticloadbalancing.amazonaws.com", source, spoke.account)
    yield service("events-without-source", "events.amazonaws.com")
    yield service("lambda", "lambda.amazonaws.com")
    yield service("logs", f"logs.{region}.amazonaws.com")
    yield service("ec2", "ec2.amazonaws.com")
