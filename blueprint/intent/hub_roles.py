"""What each role of the hub may, in the words of the requests. docs/access.md has the reasons in prose."""

from __future__ import annotations

from blueprint.functions import FUNCTION_SPECS, SCHEDULED
from blueprint.intent.bucket_asks import DELETE, TAG
from blueprint.intent.model import Facts, RoleIntent
from blueprint.intent.studio import works_in_studio
from blueprint.intent.tracking import experiments
from blueprint.intent.words import (
    DECIDE,
    DESTROY_EVIDENCE,
    OBJECTS,
    READ_REGISTRY,
    REGISTER,
    REWRITE_VERBS,
    on,
)
from blueprint.names import HUB, TABLES
from blueprint.organisation import Organisation
from blueprint.stages import Stage


def hub_intents(organisation: Organisation, facts: Facts) -> list[RoleIntent]:
    return [
        _execution(facts),
        _capture(),
        _approval(organisation),
        _reconcile(organisation),
        _inventory(organisation),
        _metrics(),
        _anchor(),
        _guard(organisation),
        *(_approver(organisation, stage) for stage in organisation.stages),
        *([_auditor()] if organisation.auditors else []),
        *([_operator()] if organisation.operators else []),
    ]


def _execution(facts: Facts) -> RoleIntent:
    """The hub's own SageMaker work: reads registry and artifacts, changes neither."""
    tracks, studio = experiments(HUB, facts), works_in_studio(HUB, facts)
    may, held = (*tracks[0], *studio[0]), (*tracks[1], *studio[1])
    return RoleIntent(
        id="hub/execution",
        may=(
            *READ_REGISTRY,
            "artifacts-bucket:list",
            *on(OBJECTS, ("read", "read-for.*")),
            "artifacts-key:decrypt-our-object", "artifacts-key:decrypt-another-bucket-s",
            *may,
        ),
        held=("artifacts-bucket:list-in-clear", *held),
        never=(
            *REGISTER, *DECIDE, *DESTROY_EVIDENCE, "registry:search",
            *on(OBJECTS, ("publish*", "overwrite", "upload-part", "delete", "tag", "tag-for.*", "tag-otherwise-for.*")),
        ),
    )  # fmt: skip


def _approver(organisation: Organisation, stage: Stage) -> RoleIntent:
    """Decides on one stage. Only the first stage's says `Approved`, every one says `Rejected`."""
    own = stage.name
    approves = (f"version:decide-and-approve.{own}",) if stage == organisation.first_stage else ()
    return RoleIntent(
        id=f"{HUB}/approver-{own}",
        may=(
            *READ_REGISTRY, "version:reject", f"version:decide.{own}", f"version:decide-and-reject.{own}", *approves,
            "modelgovernanceledger:query", "governance-key:decrypt-dynamodb", "artifacts-key:decrypt-card",
        ),
        never=(*REGISTER, *DESTROY_EVIDENCE),
        anywhere=("sts:AssumeRole", "s3:PutObject", *DELETE, *TAG),
    )  # fmt: skip


Patterns = tuple[str, ...]


def _function(name: str, *, may: Patterns, never: Patterns = (), held: Patterns = ()) -> RoleIntent:
    """What every function may: take from its queue, hand on what it can't handle, write its log."""
    spec = next(spec for spec in FUNCTION_SPECS if spec.function == name)
    dead = f"queue/{spec.dead_letters}"
    return RoleIntent(
        id=f"{HUB}/{name}",
        may=(
            f"queue/{spec.queue}:consume", f"{dead}:send", f"{dead}:send-in-clear", f"log/{name}:write",
            "governance-key:decrypt-sqs", "governance-key:encrypt-sqs", "governance-key:decrypt-dynamodb",
            "governance-key:log",
            *may,
        ),
        never=never,
        held=held,
    )  # fmt: skip


def _sends(*queues: str, in_clear: bool = True) -> tuple[str, ...]:
    """Sends to queues; those that rules feed refuse what isn't encrypted on its way."""
    verbs = ("send", "send-in-clear") if in_clear else ("send",)
    return on(tuple(f"queue/{queue}" for queue in queues), verbs)


APPEND = (
    "modelgovernanceledger:query", "modelgovernanceledger:append", "modelgovernancededup:append",
    "modelpackagestatechanges:move", "modelpackagestatechanges:get", "version:describe",
    "artifacts-key:decrypt-card", "artifacts-key:decrypt-our-object", "artifacts-key:decrypt-another-bucket-s",
    "metrics:put.own",
)  # fmt: skip
"""What every function may that records: append and move in transactions, after a look at the version."""

RECORD = (
    *APPEND,
    "modelpackagestatechanges:append",
    "document:put",
    "document:upload-part",
    "governance-key:encrypt-s3",
)
"""What those may that record events: begin a version's state, and keep documents, too."""

NEVER_REWRITE = on(("modelgovernanceledger", "modelgovernancededup"), REWRITE_VERBS)
CHECKSUMS = on(("artifacts/*",), ("read#GetObject", "read-for.*#GetObject"))


def _capture() -> RoleIntent:
    return _function(
        "capture",
        may=(
            *RECORD, *CHECKSUMS,
            *_sends("approvals", "guard-jobs"), *_sends("inventory-jobs", in_clear=False),
            "sagemakermodelendpoints:update",
        ),
        held=("queue/inventory-jobs:send-in-clear", "document:overwrite", "document:put-in-clear"),
        never=NEVER_REWRITE,
    )  # fmt: skip


def _approval(organisation: Organisation) -> RoleIntent:
    return _function(
        "approval",
        may=(
            "modelpackagestatechanges:get", "artifacts-bucket:list",
            *CHECKSUMS, "artifacts/*:read-tags", "artifacts/*:read-tags-for.*#GetObjectVersionTagging",
            "artifacts/*:tag-for.*",
            "artifacts-key:decrypt-our-object", "artifacts-key:decrypt-another-bucket-s",
        ),
        held=("artifacts-bucket:list-in-clear",),
    )  # fmt: skip


def _reconcile(organisation: Organisation) -> RoleIntent:
    return _function(
        "reconcile",
        may=(
            *RECORD, *CHECKSUMS, "modelpackagestatechanges:scan", *_sends("approvals", "guard-jobs"),
            *_sends("reconcile-jobs", in_clear=False),
            "registry:list#ListModelPackages", "lineage:list", "lineage:describe", "trail:look-up",
            *_readers(organisation),
        ),
        held=("queue/reconcile-jobs:send-in-clear", "document:overwrite", "document:put-in-clear"),
        never=NEVER_REWRITE,
    )  # fmt: skip


def _inventory(organisation: Organisation) -> RoleIntent:
    history = "sagemakerendpointhistory"
    return _function(
        "inventory",
        may=(
            "serving:list", "serving@hub:describe", "version:describe", "artifacts-bucket:list",
            *on(("artifacts/*",), ("read#GetObject", "read-for.*#GetObject")),
            "modelpackagestatechanges:get", "modelpackagestatechanges:scan",
            *on(("sagemakermodelendpoints",), ("get", "scan", "update")),
            f"{history}:append", f"{history}:append-alone", f"{history}:query",
            "artifacts-key:decrypt-our-object", "artifacts-key:decrypt-another-bucket-s", "metrics:put.own",
            *_sends("inventory-jobs", in_clear=False), *_readers(organisation),
        ),
        held=("queue/inventory-jobs:send-in-clear", "artifacts-bucket:list-in-clear"),
        never=on((history,), REWRITE_VERBS),
    )  # fmt: skip


def _metrics() -> RoleIntent:
    return _function(
        "metrics",
        may=(
            "metrics:read", "metrics:put.own", "sagemakermodelendpoints:scan",
            *on(("sagemakerendpointmetrics",), ("batch", "get", "update")), *_sends("metrics-jobs", in_clear=False),
        ),
        held=("queue/metrics-jobs:send-in-clear",),
    )  # fmt: skip


def _anchor() -> RoleIntent:
    read = ("modelgovernanceledger", "modelpackagestatechanges", "sagemakerendpointhistory", "modelgovernancededup")
    return _function(
        "anchor",
        may=(
            "modelpackagestatechanges:scan", "sagemakerendpointhistory:scan",
            "modelgovernanceledger:query", "sagemakerendpointhistory:query",
            "anchors-bucket:list-own#ListBucketVersions", "anchor:read#GetObjectVersion", "anchor:read-lock",
            *on(("anchor", "published-key"), ("put", "upload-part")),
            "anchors-key:sign", "anchors-key:publish", "metrics:put.own",
        ),
        held=(
            "anchors-bucket:list-in-clear", *on(("anchor", "published-key"), ("overwrite", "put-in-clear")),
        ),
        never=(
            *on(read, (*REWRITE_VERBS, "append", "append-alone")),
            *on(("anchor", "published-key", "stray-anchor"), ("delete", "unlock")), "anchors-bucket:configure",
        ),
    )  # fmt: skip


def _guard(organisation: Organisation) -> RoleIntent:
    """Rejects, where the configuration lets it, and can say nothing else of a version."""
    return _function(
        "guard",
        may=(*APPEND, *CHECKSUMS, *(() if organisation.guard == "alarm" else ("version:reject",))),
        never=(
            *NEVER_REWRITE, *REGISTER, "version:decide*", "version:reopen*", "version:approve", "version:set-pending",
            "version:rewrite", "elsewhere:decide*", "elsewhere:reject.*",
        ),
    )  # fmt: skip


def _readers(organisation: Organisation) -> tuple[str, ...]:
    verbs = ("become", "become-by-name#AssumeRole", "become-with-mfa#AssumeRole")
    return on(tuple(f"role/{spoke.stack}/reader" for spoke in organisation.spokes), verbs)


def _auditor() -> RoleIntent:
    """Reads everything that proves, and changes nothing: no artifact, no log, no other action at all."""
    return RoleIntent(
        id=f"{HUB}/auditor",
        may=(
            *READ_REGISTRY, *on(TABLES, ("query", "scan")),
            "anchors-bucket:list-own#ListBucketVersions", "anchors-bucket:list#ListBucketVersions",
            "documents-bucket:list-as-anchors",
            "documents-bucket:list#ListBucketVersions", "anchors-bucket:see-lock",
            *on(("anchor", "published-key"), ("read#GetObjectVersion", "read-lock")), "document:read#GetObjectVersion",
            "governance-key:decrypt-dynamodb", "governance-key:decrypt-s3", "artifacts-key:decrypt-card",
            "anchors-key:publish", "anchors-key:sign*#Verify", "alarms:see",
        ),
        held=("anchors-bucket:list-in-clear",),
        only=True,
    )  # fmt: skip


def _operator() -> RoleIntent:
    """Sends dead letters back and starts jobs; decides and rewrites nothing."""
    fed = tuple(f"queue/{spec.queue}" for spec in FUNCTION_SPECS)
    dead = ("queue/rules-dlq", *(f"queue/{spec.dead_letters}" for spec in FUNCTION_SPECS))
    tls = ("queue/capture", *(f"queue/{spec.queue}" for spec in SCHEDULED))
    return RoleIntent(
        id=f"{HUB}/operator",
        may=(
            *on((*fed, *dead), ("find#GetQueueUrl", "consume#GetQueueAttributes")),
            *on(fed, ("send",)), *on(tuple(queue for queue in fed if queue not in tls), ("send-in-clear",)),
            *on(dead, ("consume", "find", "purge")),
            "modelgovernanceledger:scan", "governance-key:decrypt-dynamodb", "governance-key:decrypt-sqs",
            "governance-key:log#Decrypt", "governance-key:encrypt-sqs", "alarms:see",
            *(f"log/{spec.function}:read#FilterLogEvents" for spec in FUNCTION_SPECS),
            "schedule/*:see", "functions:list-mappings", "trail:look-up",
        ),
        held=on(tls, ("send-in-clear",)),
        only=True,
    )  # fmt: skip
