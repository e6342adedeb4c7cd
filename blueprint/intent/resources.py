"""What each resource's own policy admits and refuses, whatever the identity side says.

Where neither is said: within its own account a resource leaves it to the identity side, and to other accounts it
grants nothing. A key's policy and a role's trust must admit in any case.
"""

from __future__ import annotations

from blueprint.functions import FUNCTIONS, SCHEDULED
from blueprint.intent.images import image_sides
from blueprint.intent.inference import inference_sides
from blueprint.intent.model import Admission, Facts, Refusal
from blueprint.intent.network import network_sides
from blueprint.intent.studio import studio_sides
from blueprint.intent.tracking import tracking_sides
from blueprint.intent.words import OBJECTS, on
from blueprint.names import HUB
from blueprint.organisation import Organisation, Spoke
from blueprint.rules import hub_rules, spoke_rules

IN_CLEAR = "*-in-clear"
ALL_OBJECTS = (*OBJECTS, "document", "stray-document", "anchor", "published-key", "stray-anchor")
TAG_VERBS = ("tag", "tag-for.*", "tag-otherwise-for.*")


def admissions(of: Organisation, facts: Facts) -> list[Admission]:
    parts = (_registry(of), _artifacts(of), _keys(of), _events(of), _roles(of), _watching(of))
    of_parts = (admitted for admitted, _ in _sides(of, facts))
    return [row for rows in (*parts, *of_parts, network_sides(of, facts)) for row in rows]


def _sides(of: Organisation, facts: Facts) -> list[tuple[list[Admission], list[Refusal]]]:
    """The resource sides of parts that a stack may have or not."""
    return [tracking_sides(of, facts), studio_sides(of, facts), inference_sides(of, facts), image_sides(of)]


def inhabitants(of: Organisation, *stages: str) -> tuple[str, ...]:
    """Patterns of everybody in the accounts of these stages, of every stage where none is named.

    Shares are with accounts: their own policies decide who of them, which is why an administrator of the account is
    among them.
    """
    spokes = of.spokes_of(*(stages or [stage.name for stage in of.stages]))
    whole = [f"{spoke.stack}/*" for spoke in spokes]
    people = [pattern for spoke in spokes for pattern in people_of(of, spoke)]
    departed = [f"departed/{spoke.stack}.*" for spoke in spokes]
    return (*whole, *people, *departed)


def people_of(of: Organisation, spoke: Spoke) -> tuple[str, ...]:
    """The people of a spoke's account whom the configuration names."""
    stage = of.stage(spoke.stage)
    users = (f"person/user.{spoke.stack}.*",) if stage.users else ()
    own = [
        f"person/deployer.{spoke.stack}.{number}"
        for number, who in enumerate(stage.deployers)
        if not who.startswith("arn:") or who.split(":")[4] == spoke.account
    ]
    return (*users, *own)


def _registry(of: Organisation) -> list[Admission]:
    if of.same_account:
        return []
    first = of.first_stage.name
    later = [stage.name for stage in of.stages[1:]]
    read = ("group:describe", "version:describe")
    found = [Admission(asks=(*read, "version:register"), who=inhabitants(of, first))]
    if of.spokes_of(*later):
        found.append(Admission(asks=(*read, "version:deploy"), who=inhabitants(of, *later)))
    return found


def _artifacts(of: Organisation) -> list[Admission]:
    if of.same_account:
        return []
    found = []
    for spoke in of.spokes:
        top = "artifacts" if spoke.stage == of.first_stage.name else "evaluations"
        published = on(
            (f"{top}/{spoke.stack}",),
            ("publish", "publish-with-our-key", "upload-part", "multipart", "read#GetObject", "read-for.*#GetObject"),
        )
        found += [
            Admission(asks=published, who=(f"{spoke.stack}/execution",)),
            Admission(asks=(f"artifacts/*:read-for.{spoke.stage}",), who=(f"{spoke.stack}/serving",)),
        ]
    return found


def _keys(of: Organisation) -> list[Admission]:
    ours = ("artifacts-key:decrypt-our-object", "artifacts-key:encrypt-our-object")
    found = []
    if not of.same_account:
        who = tuple(f"{spoke.stack}/{purpose}" for spoke in of.spokes for purpose in ("execution", "serving"))
        found.append(Admission(asks=ours, who=who))
    two = on(("governance-key",), ("use-*#Decrypt", "use-*#GenerateDataKey"))
    alarms = on(("governance-key",), ("use-*#GenerateDataKeyWithoutPlaintext", "use-*#GenerateDataKeyPair"))
    logs = tuple(
        f"governance-key:{verb}#{action}"
        for verb in ("use-for-our-log", "log")
        for action in (
            "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom", "ReEncryptTo",
        )
    )  # fmt: skip
    pair = ("governance-key:use-for-our-log#GenerateDataKeyPair",)
    by_service = on(("governance-key",), ("decrypt-*", "encrypt-*", "log#Decrypt", "log#GenerateDataKey"))
    events = ("service/rule/*", "service/schedule/*", "service/events-without-source")
    clouds = ("service/alarm@*", "service/another-alarm")
    found += [
        Admission(asks=(*two, *by_service), who=(*events, *clouds)),
        Admission(asks=(*alarms, "governance-key:log#GenerateDataKeyWithoutPlaintext"), who=clouds),
        Admission(asks=(*logs, *pair), who=("service/logs",)),
    ]
    if of.id is not None:
        verify = ("anchors-key:sign*#Verify", "anchors-key:publish", "anchors-key:describe")
        found.append(Admission(asks=verify, who=(*inside(of), "member/*"), direct=True))
    return found


def inside(of: Organisation) -> tuple[str, ...]:
    """Everybody of the installation's accounts."""
    return (f"{HUB}/*", *(f"{spoke.stack}/*" for spoke in of.spokes), "person/*")


def _events(of: Organisation) -> list[Admission]:
    found = []
    events = tuple(f"service/rule/{rule.rule}@hub" for rule in hub_rules(of))
    schedules = tuple(f"service/schedule/{spec.function}@hub" for spec in SCHEDULED)
    found.append(Admission(asks=("queue/capture:send",), who=events))
    found.append(Admission(asks=("queue/rules-dlq:send",), who=(*events, *schedules)))
    found += [
        Admission(asks=(f"queue/{spec.queue}:send",), who=(f"service/schedule/{spec.function}@hub",))
        for spec in SCHEDULED
    ]
    if of.same_account:
        return found
    for spoke in of.spokes:
        rules = tuple(f"service/rule/{spec.rule}@{spoke.stack}" for spec in spoke_rules())
        found.append(Admission(asks=(f"forward-dlq@{spoke.stack}:send",), who=rules))
        found.append(Admission(asks=("bus:forward.*",), who=(f"{spoke.stack}/forwarder",)))
        if any(spoke.stage in stage.asked_by for stage in of.stages):
            found.append(Admission(asks=("bus:ask",), who=(f"{spoke.stack}/execution",)))
    return found


def _roles(of: Organisation) -> list[Admission]:
    """Trusts: who may become whom."""
    found = []
    homes = [HUB, *(spoke.stack for spoke in of.spokes)]
    by_name = ("become-by-name", "become-with-mfa")
    for stack in homes:
        # A service assumes with the keys that it sends, whatever else the request holds.
        sagemaker = (f"service/sagemaker@{stack}",)
        purposes = ("execution",) if stack == HUB else ("execution", "serving")
        for purpose in purposes:
            role = f"role/{stack}/{purpose}"
            found.append(Admission(asks=on((role,), ("become", "become-*#AssumeRole")), who=sagemaker))
    for spec in FUNCTIONS:
        role = f"role/{HUB}/{spec}"
        found.append(Admission(asks=on((role,), ("become", "become-*#AssumeRole")), who=("service/lambda",)))
    for stage in of.stages:
        verbs: tuple[str, ...] = ("become-with-mfa",) if stage.require_mfa else by_name
        people = (f"person/approver.{stage.name}.*", *_same(of, stage.approvers))
        found.append(Admission(asks=on((f"role/{HUB}/approver-{stage.name}",), verbs), who=people))
        for spoke in of.spokes_of(stage.name):
            if stage.users:
                users = (f"person/user.{spoke.stack}.*",)
                found.append(Admission(asks=on((f"role/{spoke.stack}/execution",), verbs), who=users))
    by_people = {f"{HUB}/auditor": (of.auditors, "auditor"), f"{HUB}/operator": (of.operators, "operator")}
    strict = any(stage.require_mfa for stage in of.stages)
    for role, (patterns, kind) in by_people.items():
        if patterns:
            people = (f"person/{kind}.*", *_same(of, patterns))
            found.append(Admission(asks=on((f"role/{role}",), by_name[1:] if strict else by_name), who=people))
    for spoke in of.spokes:
        stage = of.stage(spoke.stage)
        if stage.deployers:
            who = (f"person/deployer.{spoke.stack}.*", *_same(of, stage.deployers))
            found.append(Admission(asks=on((f"role/{spoke.stack}/deployer",), by_name), who=who))
    found.append(Admission(asks=("image/*:pull",), who=("*/*",)))
    if not of.same_account:
        readers = (f"{HUB}/inventory", f"{HUB}/reconcile")
        for spoke in of.spokes:
            role = f"role/{spoke.stack}/reader"
            found.append(Admission(asks=on((role,), ("become", "become-*#AssumeRole")), who=readers))
            rules = tuple(f"service/rule/{spec.rule}@{spoke.stack}" for spec in spoke_rules())
            forwarder = f"role/{spoke.stack}/forwarder"
            found.append(Admission(asks=on((forwarder,), ("become", "become-*#AssumeRole")), who=rules))
    return found


def _same(of: Organisation, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Principals of other names whom the same patterns of the configuration cover."""
    found = []
    for stage in of.stages:
        found += [
            f"person/approver.{stage.name}.{number}"
            for number, pattern in enumerate(stage.approvers)
            if pattern in patterns
        ]
    for kind, listed in {"auditor": of.auditors, "operator": of.operators}.items():
        found += [f"person/{kind}.{number}" for number, pattern in enumerate(listed) if pattern in patterns]
    return tuple(found)


def _watching(of: Organisation) -> list[Admission]:
    alarms = ("service/alarm@hub", *(f"service/alarm@{spoke.stack}" for spoke in of.spokes))
    found = [Admission(asks=("topic:publish",), who=alarms)]
    if not of.same_account and of.spokes:
        everybody = tuple(f"{spoke.stack}/*" for spoke in of.spokes)
        people = tuple(pattern for spoke in of.spokes for pattern in people_of(of, spoke))
        found.append(Admission(asks=("sink:*.metrics",), who=(*everybody, *people)))
    return found


def refusals(of: Organisation, facts: Facts) -> list[Refusal]:
    clear = (
        *on(ALL_OBJECTS, (IN_CLEAR,)), "artifacts-bucket:list-in-clear", "documents-bucket:list-in-clear",
        "anchors-bucket:list-in-clear", "topic:publish-in-clear",
        *(f"queue/{queue}:send-in-clear" for queue in ("capture", "rules-dlq", *(spec.queue for spec in SCHEDULED))),
        "forward-dlq@*:send-in-clear",
    )  # fmt: skip
    anchors = ("anchor", "published-key", "stray-anchor")
    return [
        Refusal(asks=clear),
        Refusal(asks=on(ALL_OBJECTS, ("overwrite", "delete"))),
        Refusal(
            asks=on(OBJECTS, ("publish-with-another-key", "publish-with-aws-s-key", "publish-with-aes256"))
        ),
        Refusal(asks=on(OBJECTS, TAG_VERBS), but=(f"{HUB}/approval",)),
        Refusal(
            asks=on(("document", "stray-document"), ("put", "upload-part")), but=(f"{HUB}/capture", f"{HUB}/reconcile")
        ),
        Refusal(asks=on(anchors, ("put", "upload-part")), but=(f"{HUB}/anchor",)),
        Refusal(asks=on(anchors, ("unlock",))),
        Refusal(asks=("anchors-key:sign*#Sign",), but=(f"{HUB}/anchor",)),
        *(row for _, refused in _sides(of, facts) for row in refused),
        *(() if facts.trial else (Refusal(asks=("anchors-key:destroy",)),)),
    ]  # fmt: skip
