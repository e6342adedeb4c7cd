"""What each role of a spoke may, in the words of the requests."""

from __future__ import annotations

from blueprint.intent.model import Facts, RoleIntent
from blueprint.intent.roles import role_names
from blueprint.intent.studio import works_in_studio
from blueprint.intent.tracking import experiments
from blueprint.intent.words import DECIDE, DESTROY_EVIDENCE, OBJECTS, READ_REGISTRY, REGISTER, on
from blueprint.organisation import Organisation, Spoke

PUBLISH = ("publish", "publish-with-our-key", "upload-part", "multipart")
REFUSED_UPLOADS = ("publish-with-another-key", "publish-with-aws-s-key", "publish-with-aes256", "publish-in-clear")
TAGS = ("tag", "tag-for.*", "tag-otherwise-for.*")
NEVER_ON_OBJECTS = ("delete", *TAGS, "overwrite")


def spoke_intents(organisation: Organisation, facts: Facts) -> list[RoleIntent]:
    return [
        intent
        for spoke in organisation.spokes
        for intent in (
            _contributor(organisation, spoke, facts)
            if spoke.stage == organisation.first_stage.name
            else _validator(organisation, spoke, facts),
            _serving(organisation, spoke),
            *_deployer(organisation, spoke),
            *_watched(organisation, spoke),
        )
    ]


def _asks(organisation: Organisation, spoke: Spoke, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(may, held) of what the people of any stage do: ask for a stage on the hub's bus, track experiments."""
    tracks, studio = experiments(spoke.stack, facts), works_in_studio(spoke.stack, facts)
    may, held = (*tracks[0], *studio[0]), (*tracks[1], *studio[1])
    if facts.of(spoke.stack).studio and spoke.stage != organisation.first_stage.name:
        may = (
            *may,
            f"serving@{spoke.stack}:invoke",
            *(f"endpoint/*@{spoke.stack}:invoke" for _ in facts.of(spoke.stack).endpoints[:1]),
        )
    asks = any(spoke.stage in stage.asked_by for stage in organisation.stages)
    return (*may, *(("bus:ask",) if asks else ())), held


def _contributor(organisation: Organisation, spoke: Spoke, facts: Facts) -> RoleIntent:
    """The data scientists of the first stage: register pending versions, publish under their own prefix, ask."""
    own = f"artifacts/{spoke.stack}"
    may, held = _asks(organisation, spoke, facts)
    return RoleIntent(
        id=f"{spoke.stack}/execution",
        may=(
            *READ_REGISTRY, "version:register",
            *on((own,), (*PUBLISH, "read#GetObject", "read-for.*#GetObject")),
            "artifacts-key:decrypt-our-object", "artifacts-key:encrypt-our-object", "metrics:put.quality", *may,
        ),
        held=(
            *on((own,), REFUSED_UPLOADS),
            "artifacts-key:decrypt-another-bucket-s", "artifacts-key:encrypt-another-bucket-s", *held,
        ),
        never=(
            "version:register-*", *DECIDE, *DESTROY_EVIDENCE, "registry:search", *on(OBJECTS, NEVER_ON_OBJECTS),
        ),
    )  # fmt: skip


def _validator(organisation: Organisation, spoke: Spoke, facts: Facts) -> RoleIntent:
    """The people of a later stage: read, publish results of their evaluation, ask."""
    own = f"evaluations/{spoke.stack}"
    may, held = _asks(organisation, spoke, facts)
    return RoleIntent(
        id=f"{spoke.stack}/execution",
        may=(
            *READ_REGISTRY,
            *on((own,), (*PUBLISH, "read#GetObject", "read-for.*#GetObject")),
            "artifacts-key:decrypt-our-object", "artifacts-key:encrypt-our-object", "metrics:put.quality", *may,
        ),
        held=(
            *on((own,), REFUSED_UPLOADS),
            "artifacts-key:decrypt-another-bucket-s", "artifacts-key:encrypt-another-bucket-s", *held,
        ),
        never=(
            *REGISTER, *DECIDE, *DESTROY_EVIDENCE, "registry:search", *on(OBJECTS, NEVER_ON_OBJECTS),
            *on(("artifacts/*",), ("publish*", "upload-part")),
        ),
    )  # fmt: skip


def _serving(organisation: Organisation, spoke: Spoke) -> RoleIntent:
    """What endpoints read: artifacts that hold the stage's tag, the key for them, admitted images; and their logs."""
    pulled = [*(["image/*:pull"] if organisation.image_repositories else [])]
    pulled += ["repository/*:pull"] if organisation.repositories else []
    images = ("images:log-in", *pulled) if pulled else ()
    return RoleIntent(
        id=f"{spoke.stack}/serving",
        may=(
            f"artifacts/*:read-for.{spoke.stage}", "artifacts-key:decrypt-our-object",
            f"endpoint-log@{spoke.stack}:write", "metrics:put.serving", *images,
        ),
        held=("artifacts-key:decrypt-another-bucket-s",),
    )  # fmt: skip


def _deployer(organisation: Organisation, spoke: Spoke) -> list[RoleIntent]:
    """Serves registered versions as the serving role; reads no artifact, passes no other role."""
    if not organisation.stage(spoke.stage).deployers:
        return []
    own = f"serving@{spoke.stack}"
    serve = on((own,), ("serve", *(f"describe#Describe{kind}" for kind in ("Endpoint", "EndpointConfig", "Model"))))
    lists = ("serving:list#ListEndpoints", "serving:list-made")
    consumes = spoke.stage != organisation.first_stage.name
    volumes = on((f"volume-key@{spoke.stack}",), ("grant", "describe")) if spoke.volume_key else ()
    return [
        RoleIntent(
            id=f"{spoke.stack}/deployer",
            may=(
                *READ_REGISTRY, *serve, *lists, f"role/{spoke.stack}/serving:pass", *volumes,
                *(("version:deploy",) if consumes else ()),
            ),
            held=() if consumes else ("version:deploy",),
            never=tuple(
                f"role/{stack}/{purpose}:pass*"
                for stack, purpose in role_names(organisation)
                if (stack, purpose) != (spoke.stack, "serving")
            ),
            only=True,
        )
    ]  # fmt: skip


def _watched(organisation: Organisation, spoke: Spoke) -> list[RoleIntent]:
    """What shows the account to the hub; in one account nothing has to be shown."""
    if organisation.same_account:
        return []
    forwards = ("bus:forward.*",)
    forwarder = RoleIntent(
        id=f"{spoke.stack}/forwarder",
        may=forwards,
        held=("bus:forge", "bus:forward-another-*", "bus:ask", "bus:ask-otherwise", "bus:ask-as-another"),
    )
    reads = ("serving:list", f"serving@{spoke.stack}:describe", "trail:look-up")
    return [forwarder, RoleIntent(id=f"{spoke.stack}/reader", may=reads, only=True)]
