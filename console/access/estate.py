"""All policies of an installation in one shape, wherever they were read: slots of documents, and what they attach to.

A slot is one document as AWS holds it: an inline policy of a role, a trust, a boundary, a bucket's, key's or queue's
policy, a RAM permission. What a resource says as a whole (RAM keeps one policy of all shares, a union) is made of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

Document = Mapping[str, Any]
SlotKind = Literal["identity", "boundary", "trust", "resource", "share", "endpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One document. `owner`: the ARN of what it is attached to; a RAM permission's own ARN."""

    kind: SlotKind
    owner: str
    name: str
    document: Document

    @property
    def id(self) -> tuple[str, str, str]:
        return (self.kind, self.owner, self.name)

    @property
    def label(self) -> str:
        """For people: `mlgov-dev-execution/never`, `bucket policy mlgov-artifacts-…`."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A RAM share: which permissions it gives to whom on what. `permissions` are owners of slots."""

    arn: str
    permissions: tuple[str, ...]
    principals: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Estate:
    """The policies of an installation.

    `roles`: every role's ARN. `boundaries`: ARN of the boundary by role ARN. `keys`: key ARN by alias. `sinks`: ARNs.
    `apis`: HTTP APIs by ARN of their stage: the authorisation of each route. `source`: where it was read, for people.
    """

    slots: tuple[Slot, ...]
    roles: tuple[str, ...]
    boundaries: Mapping[str, str] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    sinks: tuple[str, ...] = ()
    apis: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    @cached_property
    def by_owner(self) -> Mapping[tuple[SlotKind, str], tuple[Slot, ...]]:
        found: dict[tuple[SlotKind, str], list[Slot]] = {}
        for slot in self.slots:
            found.setdefault((slot.kind, slot.owner), []).append(slot)
        return {key: tuple(several) for key, several in found.items()}

    def of(self, kind: SlotKind, owner: str) -> tuple[Slot, ...]:
        return self.by_owner.get((kind, owner), ())

    def changed(self, slot: Slot, document: Document | None) -> Estate:
        """The same with another document in one slot; None takes the document away."""
        slots = tuple(
            replace(each, document=document) if each is slot and document is not None else each
            for each in self.slots
            if each is not slot or document is not None
        )
        return replace(self, slots=slots)

    def resource_documents(self, owner: str) -> tuple[tuple[str, Document], ...]:
        """(name, document) of all that speaks for a resource: its own policy, and what RAM's shares say of it."""
        own = [(slot.name, slot.document) for slot in self.of("resource", owner)]
        return (*own, *self._shared(owner))

    def _shared(self, owner: str) -> Iterable[tuple[str, Document]]:
        for share in self.shares:
            if owner not in share.resources:
                continue
            for permission in share.permissions:
                for slot in self.of("share", permission):
                    yield slot.name, _granted(slot.document, share, owner)


def _granted(template: Document, share: Share, group: str) -> Document:
    """What a permission's template says of a group and its versions, with principal and resource filled in.

    A permission holds Effect, Action and Condition (ram managed-permission-considerations). A principal is an account,
    a role, or an organisation or unit of one: then everybody with that organisation's key.
    """
    statements = template.get("Statement", [template])
    versions = group.replace(":model-package-group/", ":model-package/") + "/*"
    accounts = [_principal(one) for one in share.principals if ":organization/" not in one and ":ou/" not in one]
    organisations = [one.split("/")[1] for one in share.principals if ":organization/" in one or ":ou/" in one]
    made = []
    for statement in statements:
        base = {**statement, "Resource": sorted({group, versions})}
        if accounts:
            made.append({**base, "Principal": {"AWS": accounts}})
        if organisations:
            condition = {key: dict(value) for key, value in statement.get("Condition", {}).items()}
            condition.setdefault("StringEquals", {})["aws:PrincipalOrgID"] = organisations
            made.append({**base, "Principal": "*", "Condition": condition})
    return {"Version": "2012-10-17", "Statement": made}


def _principal(one: str) -> str:
    return one if one.startswith("arn:") else f"arn:aws:iam::{one}:root"


def owner_of(resource: str) -> str:
    """The ARN that a resource's policy is attached to: an object's bucket, a version's group, a stream's group."""
    service, rest = resource.split(":")[2], resource.split(":", 5)[-1]
    if service == "s3":
        return resource.partition("/")[0]
    if service == "sagemaker" and rest.startswith("model-package/"):
        head = resource[: len(resource) - len(rest)]
        return f"{head}model-package-group/{rest.split('/')[1]}"
    return resource
