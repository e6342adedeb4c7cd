"""An endpoint judged by all that serves in it (variants, shadow variants, inference components), or a transform job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from governance.canonical import Json
from governance.inventory import (
    Component,
    Config,
    DeployedImage,
    Endpoint,
    Gone,
    Specification,
    TransformJob,
    Unreadable,
    Variant,
)
from governance.verdicts import RANK, Finding, Judgement, Place, Scope, Verdict, World, in_order, worst
from governance.verdicts_versions import Judged, bare, judge_container, judge_images

_NOT_YET = frozenset({"Creating", "Failed"})
"""InferenceComponentStatus of a component that answers nothing unless copies of it run."""


def judge(
    endpoint: Endpoint,
    components: Sequence[Component] | Unreadable,
    world: World,
    scope: Scope,
    lifecycles: Sequence[str],
) -> Judgement:
    """The verdict of an endpoint in an account of these life-cycle stages.

    An account has one stage, the hub none; where all stages share one account the endpoint is judged for the one that
    suits it best, the earlier one first.
    """
    tried = []
    for lifecycle in lifecycles or (None,):
        look = _Look(endpoint, world, scope, lifecycle)
        look.everything(components)
        tried.append(look.judgement())
    return max(tried, key=lambda judgement: RANK[judgement.verdict])


def judge_job(job: TransformJob, world: World, scope: Scope, lifecycles: Sequence[str]) -> Judgement:
    """The verdict of a batch transform job."""
    tried = []
    for lifecycle in lifecycles or (None,):
        place = Place(where="", deployed=job.created)
        judged = tuple(judge_model(place, job.model, job.created, world, scope, lifecycle))
        tried.append(_judgement(lifecycle, [f for one in judged for f in one.findings], (), _packages(judged)))
    return max(tried, key=lambda judgement: RANK[judgement.verdict])


def judge_model(
    place: Place, name: str, chosen: datetime, world: World, scope: Scope, lifecycle: str | None
) -> Iterator[Judged]:
    """Judge a model's containers. `chosen`: the latest time at which it can have been taken by its name; a model that
    is younger was given the name of another one, which serves.
    """
    within = place.inside(f"model {name}")
    model = world.model(name)
    if isinstance(model, Gone | Unreadable):
        yield Judged(findings=(within.missing(f"model {name}", model, Verdict.MODEL_DELETED),))
        return
    if model.created > chosen:
        told = "the one that serves was deleted: its name was given to another after it had been deployed"
        yield Judged(findings=(within.finding(Verdict.MODEL_DELETED, f"model {name}", told, model.created),))
        return
    if not model.containers:
        yield Judged(findings=(within.finding(Verdict.UNKNOWN, f"model {name} has no container that is shown"),))
    for number, container in enumerate(model.containers, start=1):
        inside = within.inside(f"container {number}", model.created)
        yield judge_container(inside, container, world, scope, lifecycle)


@dataclass(slots=True)
class _Look:
    """One endpoint, looked at for one stage."""

    endpoint: Endpoint
    world: World
    scope: Scope
    lifecycle: str | None
    findings: list[Finding] = field(default_factory=list)
    variants: list[dict[str, Json]] = field(default_factory=list)
    packages: set[str] = field(default_factory=set)

    def judgement(self) -> Judgement:
        return _judgement(self.lifecycle, self.findings, tuple(self.variants), self.packages)

    def everything(self, components: Sequence[Component] | Unreadable) -> None:
        place = Place(where="", deployed=self.endpoint.created)
        if self.endpoint.config:
            self._config(place, self.endpoint.config, components, pending=False)
        else:
            self.findings.append(replace(place, where="endpoint").finding(Verdict.UNKNOWN, "no configuration is named"))
        pending = self.endpoint.pending
        if pending and pending.config != self.endpoint.config:
            started = pending.started or self.endpoint.created
            self._config(
                replace(place.inside("pending deployment", started), serves=pending.live),
                pending.config,
                components,
                pending=True,
            )
        if isinstance(components, Unreadable):
            place = place.inside("inference components")
            self.findings.append(place.finding(Verdict.UNKNOWN, f"they can't be listed: {components.code}"))
            return
        for component in components:
            self._component(place, component)

    def _config(self, place: Place, name: str, components: Sequence[Component] | Unreadable, *, pending: bool) -> None:
        within = place.inside(f"configuration {name}")
        config = self.world.config(name)
        if isinstance(config, Config) and not pending and config.created > self.endpoint.modified:
            told = "the one that serves was deleted: its name was given to another after the endpoint's last change"
            self.findings.append(within.finding(Verdict.CONFIG_DELETED, f"configuration {name}", told, config.created))
        elif isinstance(config, Config):
            for variant in config.variants:
                self._variant(place, variant, config, components, pending=pending)
            return
        else:
            self.findings.append(within.missing(f"configuration {name}", config, Verdict.CONFIG_DELETED))
        if not pending:
            self.variants += [_document(variant, None, None) for variant, _images in self.endpoint.images]

    def _variant(
        self,
        place: Place,
        variant: Variant,
        config: Config,
        components: Sequence[Component] | Unreadable,
        *,
        pending: bool,
    ) -> None:
        kind = "shadow variant" if variant.shadow else "variant"
        within = place.inside(f"{kind} {variant.name}", config.created)
        chosen = max(config.created, self.endpoint.created)
        judged: list[Judged] = []
        for name in variant.models:
            judged += judge_model(within, name, chosen, self.world, self.scope, self.lifecycle)
        self._add(within, judged)
        if not pending:
            self.findings += judge_images(within, self.endpoint.images_of(variant.name), judged)
        placed = isinstance(components, Unreadable) or any(one.variant == variant.name for one in components)
        if not variant.models and not placed:
            self.findings.append(within.finding(Verdict.APPROVED, "no model and no inference component"))
        document = _document(variant.name, variant.models[0] if variant.models else None, variant.shadow)
        self.variants.append(document | {"packages": sorted(_packages(judged)), "pending": pending})

    def _component(self, place: Place, component: Component) -> None:
        serves = bool(component.copies) or component.status not in _NOT_YET
        within = replace(place.inside(f"inference component {component.name}", component.created), serves=serves)
        shown: list[Json] = []
        for specification in component.specifications:
            judged = self._specification(within, component, specification)
            self._add(within, judged)
            shown.append(
                {
                    "name": component.name, "model": specification.model, "artifact": specification.url,
                    "base": specification.base, "packages": sorted(_packages(judged)),
                }
            )  # fmt: skip
        if not component.specifications:
            self.findings.append(within.finding(Verdict.UNKNOWN, "it shows no specification"))
        document = next((v for v in self.variants if v["name"] == component.variant and not v["pending"]), None)
        if document is None:
            document = _document(component.variant, None, None)
            self.variants.append(document)
        document["components"] = [*document["components"], *shown]

    def _specification(self, place: Place, component: Component, shown: Specification) -> list[Judged]:
        within = place.inside(f"adapter of {shown.base}") if shown.base else place
        judged: list[Judged] = []
        images: tuple[DeployedImage, ...] = (shown.image,) if shown.image else ()
        if shown.model:
            judged += judge_model(within, shown.model, component.modified, self.world, self.scope, self.lifecycle)
            judged.append(Judged(findings=tuple(judge_images(within, images, judged))))
        if shown.url or not shown.model:
            image = shown.image.specified if shown.image else None
            judged.append(Judged(findings=(bare(within, shown.url, image, None, self.world),)))
        return judged

    def _add(self, place: Place, judged: Sequence[Judged]) -> None:
        self.findings += [finding for one in judged for finding in one.findings]
        if place.serves:
            self.packages |= _packages(judged)


def _packages(judged: Sequence[Judged]) -> set[str]:
    return {one.package for one in judged if one.package is not None}


def _document(name: str | None, model: str | None, shadow: bool | None) -> dict[str, Json]:
    return {"name": name, "model": model, "shadow": shadow, "packages": [], "components": [], "pending": False}


def _judgement(
    lifecycle: str | None, findings: list[Finding], variants: Sequence[dict[str, Json]], packages: set[str]
) -> Judgement:
    return Judgement(
        verdict=worst(findings),
        stage=lifecycle,
        findings=in_order(findings),
        variants=tuple(variants),
        packages=tuple(sorted(packages)),
    )
