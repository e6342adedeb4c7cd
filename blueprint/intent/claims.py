"""What the installation promises, in sentences: each computed cell by cell, or with what else enforces it.

The matrix says more, cell by cell; these are the rows that people decide by. What policies can't express is here too,
with its kind and where it is shown, so that it is never taken for proved.
"""

from __future__ import annotations

from blueprint.intent.model import Claim, Facts, Side
from blueprint.names import HUB
from blueprint.organisation import Organisation

BOTH: tuple[Side, ...] = ("identity", "resource")
APPROVE = (
    "version:approve", "version:reject", "version:set-pending", "version:decide*", "version:reopen*",
    "version:rewrite", "elsewhere:decide*", "elsewhere:reject*",
)  # fmt: skip
REGISTER = ("version:register*", "elsewhere:register")
OBJECTS = ("artifacts/*", "evaluations/*", "stray-object")
LEDGERS = ("modelgovernanceledger", "modelgovernancededup")
REWRITE = ("put", "update", "delete", "batch", "move*", "remove", "replace")


def _on(things: tuple[str, ...], *verbs: str) -> tuple[str, ...]:
    return tuple(f"{thing}:{verb}" for thing in things for verb in verbs)


def claims(of: Organisation, facts: Facts) -> tuple[Claim, ...]:
    """All claims of an installation; same-account mode has no resource side to hold alone."""
    return tuple(
        claim if not of.same_account else _within_one_account(claim)
        for claim in (*_registry(of), *_artifacts(of), *_evidence(of), *_strangers(of), *_apis(of, facts), *beyond())
    )


def _within_one_account(claim: Claim) -> Claim:
    return Claim(
        id=claim.id, text=claim.text, kind=claim.kind, who=claim.who, asks=claim.asks, allowed=claim.allowed,
        alone=tuple(side for side in claim.alone if side == "identity"), shown=claim.shown,
    )  # fmt: skip


def _spokes(of: Organisation, purpose: str, *, first: bool | None = None) -> tuple[str, ...]:
    """Ids of this role in all spokes, or in those of the first stage, or of the later ones."""
    return tuple(
        f"{spoke.stack}/{purpose}"
        for spoke in of.spokes
        if first is None or (spoke.stage == of.first_stage.name) == first
    )


def _every(of: Organisation) -> tuple[str, ...]:
    """Every role of every spoke."""
    return tuple(f"{spoke.stack}/*" for spoke in of.spokes)


def _registry(of: Organisation) -> list[Claim]:
    execution, first = _spokes(of, "execution"), _spokes(of, "execution", first=True)
    later = _spokes(of, "execution", first=False)
    others = tuple(f"{spoke.stack}/{what}" for spoke in of.spokes for what in ("serving", "forwarder", "reader"))
    found = [
        Claim(
            id="no-self-approval", kind="policy", who=execution, asks=APPROVE, alone=BOTH,
            text="Who registers or validates never approves, rejects or changes a version",
        ),
        Claim(
            id="born-pending", kind="policy", who=first, asks=("version:register-*",), alone=BOTH,
            text="A version is registered as pending, in the first stage, undecided",
        ),
        Claim(
            id="no-spoke-decides", kind="policy", who=(*others, *(f"{s.stack}/administrator" for s in of.spokes)),
            asks=APPROVE, alone=("resource",),
            text="Nobody of a spoke decides on a version, an administrator included",
        ),
        Claim(
            id="versions-stay", kind="policy", who=execution, asks=("version:delete", "group:delete", "group:share"),
            alone=BOTH, text="Who registers or validates never deletes a version or a group, nor shares it on",
        ),
        Claim(
            id="no-search", kind="policy", who=(*execution, f"{HUB}/execution"), asks=("registry:search",),
            alone=("identity",), text="Nobody searches the registry around its groups",
        ),
        Claim(
            id="registers", kind="policy", who=first, asks=("version:register", "version:describe", "registry:list"),
            allowed=True, text="The first stage registers versions and reads the registry",
        ),
        Claim(
            id="approver-no-author", kind="policy", who=(f"{HUB}/approver-*",), asks=REGISTER, alone=("identity",),
            text="Who approves never registers, and becomes no other role",
        ),
    ]  # fmt: skip
    if later:
        found.append(
            Claim(
                id="validators-register-nothing",
                kind="policy",
                who=later,
                asks=REGISTER,
                alone=BOTH,
                text="Later stages register nothing",
            )
        )
    for stage in of.stages:
        own, may = f"{HUB}/approver-{stage.name}", [f"version:decide.{stage.name}", "version:reject"]
        if stage == of.first_stage:
            may.append(f"version:decide-and-approve.{stage.name}")
        found.append(
            Claim(
                id=f"decides.{stage.name}",
                kind="policy",
                who=(own,),
                asks=tuple(may),
                allowed=True,
                text=f"The approver of {stage.name} decides on {stage.name}",
            )
        )
        foreign = tuple(
            f"version:{verb}.{other.name}"
            for other in of.stages
            if other != stage
            for verb in ("decide", "decide-and-approve", "decide-and-reject")
        )
        found.append(
            Claim(
                id=f"decides-own-stage.{stage.name}", kind="policy", who=(own,),
                asks=(*foreign, "version:rewrite", "version:set-pending"),
                text=f"The approver of {stage.name} decides on no other stage, and on nothing that names no decision",
            )
        )  # fmt: skip
    return found


def _artifacts(of: Organisation) -> list[Claim]:
    execution = _spokes(of, "execution")
    first, later = _spokes(of, "execution", first=True), _spokes(of, "execution", first=False)
    found = [
        Claim(
            id="artifacts-stay", kind="policy", who=execution, asks=_on(OBJECTS, "delete", "overwrite"), alone=BOTH,
            text="Published artifacts are neither overwritten nor deleted by who works in a spoke",
        ),
        Claim(
            id="artifacts-stay-for-all", kind="policy", who=("*",), asks=_on(OBJECTS, "delete", "overwrite"),
            alone=("resource",), text="Nobody overwrites or deletes an artifact while the bucket's policy stands",
        ),
        Claim(
            id="only-approval-tags", kind="policy", who=(*_every(of), f"{HUB}/a[!p]*", f"{HUB}/[!a]*", "member/*"),
            asks=_on(OBJECTS, "tag*"), alone=("resource",), text="Nobody but the approval function tags an artifact",
        ),
        Claim(
            id="hub-reads-artifacts", kind="policy", who=(f"{HUB}/execution",), allowed=True,
            asks=("artifacts/*:read", "artifacts-key:decrypt-our-object"),
            text="The hub's own work reads artifacts, and the key lets it",
        ),
        Claim(
            id="deployers-read-nothing", kind="policy", who=_spokes(of, "deployer"), asks=_on(OBJECTS, "read*"),
            alone=BOTH, text="Who deploys reads no artifact",
        ),
    ]  # fmt: skip
    for spoke in of.spokes:
        serving, tag = f"{spoke.stack}/serving", spoke.stage
        untagged = tuple(f"read-for.{stage.name}" for stage in of.stages if stage.name != tag)
        found.append(
            Claim(
                id=f"stage-gate.{spoke.stack}",
                kind="policy",
                who=(serving,),
                alone=BOTH,
                asks=_on(("artifacts/*",), "read", *untagged),
                text=f"{spoke.stack} serves no artifact without the tag of {tag}",
            )
        )
        found.append(
            Claim(
                id=f"serves.{spoke.stack}",
                kind="policy",
                who=(serving,),
                allowed=True,
                asks=(f"artifacts/*:read-for.{tag}", "artifacts-key:decrypt-our-object"),
                text=f"{spoke.stack} serves what carries the tag of {tag}, and the key lets it",
            )
        )
    if later:
        found.append(
            Claim(
                id="validators-publish-no-artifact",
                kind="policy",
                who=later,
                alone=BOTH,
                asks=_on(("artifacts/*",), "publish*", "upload-part"),
                text="Later stages publish no artifact",
            )
        )
    if first:
        found.append(
            Claim(
                id="own-prefix",
                kind="policy",
                who=first,
                alone=BOTH,
                asks=_on(("artifacts/another", "evaluations/*", "stray-object"), "publish", "upload-part", "read*"),
                text="Who publishes writes and reads under its own account's prefix only",
            )
        )
    return found


def _evidence(of: Organisation) -> list[Claim]:
    recorders = tuple(f"{HUB}/{name}" for name in ("capture", "reconcile", "anchor", "guard"))
    return [
        Claim(
            id="ledger-is-appended", kind="policy", who=recorders, asks=_on(LEDGERS, *REWRITE), alone=("identity",),
            text="Those who write or anchor the ledger never rewrite or remove a row",
        ),
        Claim(
            id="only-recorders-append", kind="policy", asks=_on(("modelgovernanceledger",), "append*", *REWRITE),
            who=(*_every(of), f"{HUB}/approv*", f"{HUB}/execution", f"{HUB}/inventory", f"{HUB}/metrics",
                 f"{HUB}/auditor", f"{HUB}/operator", "member/*", "outsider/*", "departed/[!h]*"),
            text="Nobody else writes the ledger",
        ),
        Claim(
            id="anchors-stay", kind="policy", who=("*",), alone=("resource",),
            asks=_on(("anchor", "published-key"), "delete", "overwrite", "unlock"),
            text="Nobody deletes, replaces or unlocks an anchor while the bucket's policy stands",
        ),
        Claim(
            id="only-anchor-signs", kind="policy", asks=("anchors-key:sign*#Sign",), alone=("resource",),
            who=(*_every(of), f"{HUB}/a[!n]*", f"{HUB}/[!a]*", "member/*", "outsider/*", "departed/*"),
            text="Nobody but the anchor function signs",
        ),
        Claim(
            id="auditor-changes-nothing", kind="policy", who=(f"{HUB}/auditor",), alone=("identity",),
            asks=(*APPROVE, *REGISTER, *_on(LEDGERS, "append*", *REWRITE), *_on(OBJECTS, "publish*", "delete")),
            text="Who audits changes nothing",
        ),
    ]  # fmt: skip


def _strangers(of: Organisation) -> list[Claim]:
    outside = ("outsider/*", "anonymous", "departed/[!h]*")
    spokes = tuple(spoke.stack for spoke in of.spokes)
    governed = (
        *_on(OBJECTS, "publish*", "upload-part", "read*"), "artifacts-key:*", "governance-key:*", "bus:*", "queue/*",
        "modelgovernance*:*", "modelpackagestatechanges:*", "sagemaker*:*", "document:*", "anchor:*",
    )  # fmt: skip
    roles = tuple(f"role/{stack}/*:become*" for stack in (HUB, *spokes))
    return [
        Claim(
            id="outsiders-get-nothing", kind="policy", who=("outsider/*", "anonymous"), alone=("resource",),
            asks=(*governed, "version:*", "group:*"),
            text="Nobody outside gets anything, whatever their own account grants",
        ),
        Claim(
            id="departed-get-nothing", kind="policy", who=outside, asks=governed, alone=("resource",),
            text="An account that left the organisation loses artifacts, keys and bus at once",
        ) if of.id is not None else _nothing("departed-get-nothing"),
        Claim(
            id="members-get-nothing", kind="policy", who=("member/*",), asks=(*governed, "version:*", "group:*"),
            alone=("resource",), text="An account of the organisation that is no spoke gets nothing",
        ),
        Claim(
            id="services-for-us-only", kind="policy", alone=("resource",),
            asks=(*roles, "queue/*:send", "topic:publish"),
            who=("service/*@outsider", "service/another-alarm", "service/sagemaker-without-source",
                 "service/events-without-source", "service/rule/another@*"),
            text="AWS's services work for nobody else: no role, no queue, no topic without the right source",
        ),
        Claim(
            id="people-say-who-they-are", kind="policy", who=("person/*",), alone=("resource",),
            asks=tuple(f"role/{HUB}/approver-{stage.name}:become" for stage in of.stages),
            text="No approver without a source identity",
        ),
        Claim(
            id="administrators-borrow-no-role", kind="policy", alone=("resource",),
            who=(f"{HUB}/administrator", *(f"{stack}/administrator" for stack in spokes)), asks=roles,
            text="An administrator becomes none of our roles without changing its trust first",
        ),
    ]  # fmt: skip


def _apis(of: Organisation, facts: Facts) -> list[Claim]:
    """Of the inference APIs, where there are some."""
    if not any(facts.of(spoke.stack).routes for spoke in of.spokes):
        return []
    return [
        Claim(
            id="api-asks-for-identity", kind="policy", who=("anonymous", "outsider/*", "member/*"), asks=("api@*:ask",),
            alone=("resource",), text="No inference API answers who doesn't say who they are, or is of another account",
        )
    ]  # fmt: skip


def _nothing(name: str) -> Claim:
    """A claim that needs an organisation, where none is configured."""
    return Claim(
        id=name,
        kind="service",
        text="Without an organisation, an account that leaves is a spoke until it is removed",
        shown="docs/configuration.md",
    )


def beyond() -> tuple[Claim, ...]:
    """What no policy can express, with what enforces it and where that is shown."""
    return (
        Claim(
            id="deployable-means-approved", kind="service",
            text="No model is made of a version that isn't Approved; CreateModel looks at nothing else",
            shown="docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy.html",
        ),
        Claim(
            id="insert-never-replaces", kind="service",
            text="A PartiQL INSERT of a row that is there fails, so who may only insert can't rewrite",
            shown="docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html",
        ),
        Claim(
            id="events-of-aws-are-aws-s", kind="service",
            text="Nobody puts an event whose source begins with aws. on a bus",
            shown="docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html",
        ),
        Claim(
            id="locked-versions-stay", kind="service",
            text="A locked anchor can't be deleted before its time, by the hub's administrator neither",
            shown="docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
        ),
        Claim(
            id="approved-digest-is-tagged", kind="function",
            text="Only the object whose digest was registered and approved is tagged",
            shown="tests/lambdas/approval",
        ),
        Claim(
            id="author-is-not-approver", kind="detected",
            text="The same person behind two roles: no key says who registered a version",
            shown="tests/lambdas/guard",
        ),
        Claim(
            id="specification-changed", kind="detected",
            text="An approver who sends another specification with a decision: no key sees it",
            shown="tests/lambdas/guard",
        ),
        Claim(
            id="cloned-as-approved", kind="detected",
            text="A version that is first seen approved, or beyond the first stage, by clone or by an administrator",
            shown="tests/lambdas/guard",
        ),
        Claim(
            id="stage-not-held", kind="detected",
            text="A model of an approved version in a stage that it doesn't hold, or of no version at all",
            shown="tests/lambdas/inventory",
        ),
    )  # fmt: skip
