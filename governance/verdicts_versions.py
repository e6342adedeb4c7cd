"""A container against the ledger: was its version approved for the stage, and is it still what was approved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from governance.canonical import Json, iso
from governance.inventory import Container, DeployedImage, Gone, Unreadable
from governance.stages import APPROVED
from governance.state import approved_parts, holds
from governance.terms import Kind
from governance.verdicts import Finding, Place, Scope, State, Verdict, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A container that was judged. `package`: its version's ARN; `image`, `digest`: those that were approved."""

    findings: tuple[Finding, ...]
    package: str | None = None
    image: str | None = None
    digest: str | None = None


def judge_container(place: Place, container: Container, world: World, scope: Scope, lifecycle: str | None) -> Judged:
    """Judge one container of a model for a stage (None: the account has none)."""
    named = container.package
    if named is None:
        return Judged(findings=(bare(place, container.url, container.image, container.hub_content, world),))
    if not scope.governs(named):
        told = f"{named} is no version of a governed group of account {scope.hub}"
        return Judged(findings=(place.finding(Verdict.UNREGISTERED, f"version {named}", told),), package=named)
    package = world.package(named)
    arn = named if isinstance(package, Gone | Unreadable) else package.arn
    state = world.state(arn)
    verdict, ledger, since = _approval(state, lifecycle, iso(place.deployed))
    findings = [place.finding(verdict, f"version {arn}", ledger, since)]
    deleted = (state or {}).get("deletedat")
    if isinstance(package, Unreadable):
        findings.append(place.missing(f"version {arn}", package, Verdict.DELETED_PACKAGE))
    elif isinstance(package, Gone) or deleted:
        told = "the ledger holds its deletion" if deleted else "the ledger holds no deletion"
        seen = f"version {arn} is not in the registry any more"
        findings.append(place.finding(Verdict.DELETED_PACKAGE, seen, told, deleted))
    approved = approved_parts(state, lifecycle) if state and lifecycle else None
    if state and approved:
        shown = () if isinstance(package, Gone | Unreadable) else package.specification(container.specification)
        findings += _bytes(place, container, shown, state, approved, world)
    elif container.extra:
        findings += _extra(place, container, world)
    return Judged(
        findings=tuple(findings),
        package=arn,
        image=approved["image"] if approved and "image" in approved else None,
        digest=_sha256(approved.get("imagedigest")) if approved else None,
    )


def bare(place: Place, url: str | None, image: str | None, hub_content: str | None, world: World) -> Finding:
    """The finding for an artifact or image that came past the registry, even if it equals an approved one."""
    seen = ", ".join(
        f"{what} {value}"
        for what, value in (("artifact", url), ("image", image), ("hub content", hub_content))
        if value
    )
    twins = tuple(world.twins(url)) if url else ()
    ledger = f"the same artifact as {', '.join(twins)}, but deployed past the registry" if twins else "nothing like it"
    return place.finding(Verdict.UNREGISTERED, f"no version; {seen or 'nothing named'}", ledger)


def _approval(state: State | None, lifecycle: str | None, deployed: str) -> tuple[Verdict, str, str | None]:
    """Verdict, what the ledger says, and since when. A deletion is another matter: what it held, it held."""
    if state is None:
        return Verdict.UNAPPROVED, "the ledger has no row of it", None
    alive = {**state, "deletedat": None}
    stages: Mapping[str, Mapping[str, Json]] = json.loads(state.get("stages") or "{}")
    if lifecycle and holds(alive, lifecycle):
        entry = stages[lifecycle]
        told = f"approved for {lifecycle} by {entry.get('actor') or 'somebody unknown'}"
        return Verdict.APPROVED, told, max(str(entry["at"]), str(state.get("approvalat") or ""))
    withdrawn = _withdrawn(state, stages.get(lifecycle) if lifecycle else None)
    if withdrawn is not None and deployed <= withdrawn:
        return Verdict.REVOKED, f"approved for {lifecycle}, withdrawn", withdrawn
    if withdrawn is not None:
        return Verdict.UNAPPROVED, f"the approval for {lifecycle} had been withdrawn before it was deployed", withdrawn
    held = [stage for stage in sorted(stages) if holds(alive, stage)]
    if held:
        here = f"not for {lifecycle}" if lifecycle else "this account has no stage"
        return (
            Verdict.WRONG_STAGE,
            f"approved for {', '.join(held)}; {here}",
            str(state.get("approvalat") or "") or None,
        )
    told = _without_approval(state, stages.get(lifecycle, {}) if lifecycle else {})
    return Verdict.UNAPPROVED, f"no recorded approval holds: {told}", state.get("approvalat")


def _without_approval(state: State, entry: Mapping[str, Json]) -> str:
    """What the ledger has instead of an approval. A gap tells what the registry shows, not that anybody decided it: an
    auditor can be shown no approver, time or reason, so it admits as little as a registration does (docs/ledger.md).
    """
    status, kind = state.get("modelapprovalstatus"), state.get("approvalkind")
    if kind == Kind.GAP or (entry.get("kind") == Kind.GAP and entry["status"] == APPROVED):
        stage = f", its stage {entry['status']}" if entry else ""
        return f"the registry shows it {status}{stage}, but nobody witnessed the decision (a gap): decide again"
    return f"{'registered as' if kind == Kind.REGISTRATION else 'it is'} {status}"


def _withdrawn(state: State, entry: Mapping[str, Json] | None) -> str | None:
    """When the approval for a stage was withdrawn, None where it never held (or holds).

    A version is approved as such and for the stage: withdrawing either ends it, the earlier one first.
    """
    if not entry or "approved" not in entry:
        return None
    times = [str(entry["at"])] if entry["status"] != APPROVED else []
    if state.get("approvalkind") == Kind.APPROVAL and state.get("modelapprovalstatus") != APPROVED:
        times.append(str(state.get("approvalat") or ""))
    return min(times, default=None)


def _bytes(
    place: Place,
    container: Container,
    shown: Sequence[Container] | None,
    state: State,
    approved: Mapping[str, Json],
    world: World,
) -> Iterator[Finding]:
    """What differs now from what was approved. `shown`: the version's containers now; empty where it can't be read,
    None where it has no specification of the name that the model takes.
    """
    since = str(approved["order"]).partition("#")[0] or None
    if shown is None:
        named = f"specification {container.specification}, which the version doesn't have"
        yield place.finding(Verdict.UNKNOWN, named, "approved was the version's own specification", since)
    for one in (container, *(shown or ())[:1]):
        for what, now, then in (
            ("artifact", one.url, approved["url"]),
            ("image", one.image, approved.get("image")),
            ("image digest", _sha256(one.digest), _sha256(approved.get("imagedigest"))),
            ("ETag", _bare_tag(one.etag), _bare_tag(approved.get("etag"))),
        ):
            if now is not None and then is not None and now != then:
                yield place.finding(Verdict.DIGEST_DIFFERS, f"{what} {now}", f"approved was {then}", since)
    if approved["url"]:
        yield from _stored(place, approved, world, since)
    elif any(one.url for one in (container, *(shown or ())[:1])):
        yield place.finding(Verdict.UNKNOWN, "an artifact", "the ledger holds no artifact of the approval", since)
    if shown and (shown[1:] or shown[0].extra):
        yield from _rest(place, state, approved, since)
    yield from _extra(place, container, world)


def _stored(place: Place, approved: Mapping[str, Json], world: World, since: str | None) -> Iterator[Finding]:
    """What lies under the approved artifact's key now: an instance that starts tomorrow fetches that."""
    url, sha256, tag = approved["url"], approved["sha256"], _bare_tag(approved.get("etag"))
    stored = world.artifact(url)
    if isinstance(stored, Gone | Unreadable):
        yield place.missing(f"artifact {url}", stored, Verdict.DIGEST_DIFFERS)
    elif sha256 is not None and stored.sha256 is not None:
        if stored.sha256 != sha256:
            told = f"approved was SHA-256 {sha256}"
            yield place.finding(Verdict.DIGEST_DIFFERS, f"{url} has SHA-256 {stored.sha256}", told, since)
    elif tag is None or stored.etag is None:
        told = "neither SHA-256 nor ETag can be compared with what was approved"
        yield place.finding(Verdict.UNKNOWN, f"artifact {url}", told, since)
    elif _bare_tag(stored.etag) != tag:
        yield place.finding(Verdict.DIGEST_DIFFERS, f"{url} has ETag {stored.etag}", f"approved was {tag}", since)


def _rest(place: Place, state: State, approved: Mapping[str, Json], since: str | None) -> Iterator[Finding]:
    """A version's further containers and artifacts: the ledger holds them in the specification's digest only."""
    then, now = approved.get("specificationsha256"), state.get("specificationsha256")
    if then is None or then != now:
        told = f"approved was specification {then}, the version's last one is {now}"
        yield place.finding(Verdict.UNKNOWN, "further containers or artifacts of the version", told, since)


def _extra(place: Place, container: Container, world: World) -> Iterator[Finding]:
    """Artifacts that the model adds to those of its version."""
    for url in container.extra:
        yield bare(place.inside("additional data source"), url, None, None, world)


def judge_images(place: Place, images: Sequence[DeployedImage], judged: Sequence[Judged]) -> Iterator[Finding]:
    """Images that SageMaker resolved at deployment against those that were approved.

    An image is compared with the containers that name it, else with all of the variant's; where one of those was
    approved without a digest, nothing can be said.
    """
    for deployed in images:
        named = [one for one in judged if one.image is not None and one.image == deployed.specified] or judged
        digests = {one.digest for one in named}
        if deployed.digest and digests and None not in digests and deployed.digest not in digests:
            told = f"approved was {', '.join(sorted(str(digest) for digest in digests))}"
            yield place.finding(Verdict.DIGEST_DIFFERS, f"image {deployed.resolved}", told)


def _sha256(digest: str | None) -> str | None:
    """A digest that can be compared, None for any other form."""
    return digest if digest and digest.startswith("sha256:") else None


def _bare_tag(tag: str | None) -> str | None:
    """An ETag without the quotes that HTTP puts around it."""
    return tag.strip('"') if tag else None
