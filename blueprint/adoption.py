"""What exists already and is taken over: imported instead of made, and protected whatever the stack's setting is.

Names are the configuration's own: a bucket of another name stands under `organisation.buckets`, since the spokes'
policies name it too; a group under `organisation.modelPackageGroups`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast, get_args

from blueprint.names import HUB, Bucket, Key
from blueprint.organisation import Organisation
from blueprint.reading import ABSENT, Reader, listed, shown

BUCKETS: tuple[Bucket, ...] = get_args(Bucket)
KEYS: tuple[Key, ...] = get_args(Key)

_BUCKET_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")
"""AmazonS3 bucketnamingrules, without dots: virtual-hosted addresses of a dotted name fail TLS."""

_BUCKET = re.compile("|".join(BUCKETS))
_GROUP = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # botocore sagemaker EntityName
_KEY_ID = re.compile(r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_DOMAIN = re.compile(r"d-(-*[a-z0-9]){1,61}")  # botocore sagemaker DomainId
_RESERVED = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What a stack takes over. `keys`: id by key. `domain`: the Studio domain's id."""

    buckets: frozenset[Bucket] = frozenset()
    keys: Mapping[Key, str] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    domain: str | None = None


NOTHING = Adoption()


def read_adoption(reader: Reader) -> Adoption:
    """The stack's `adopt`, noting every problem with the reader."""
    value = reader.raw("adopt")
    chosen = Reader({} if value is ABSENT else value, reader.at("adopt"), reader.problems)
    buckets = chosen.texts("buckets", _BUCKET, f"one of {', '.join(BUCKETS)}", default=())
    groups = chosen.texts("groups", _GROUP, "a model package group's name", default=())
    domain = chosen.text("domain", _DOMAIN, "a Studio domain's id such as d-abcdefghijkl", default=None)
    given = chosen.raw("keys")
    ids = Reader({} if given is ABSENT else given, chosen.at("keys"), chosen.problems)
    keys = {key: ids.text(key, _KEY_ID, "a key's id, no ARN and no alias,", default=None) for key in KEYS}
    ids.close()
    chosen.close()
    return Adoption(
        buckets=frozenset(cast(Bucket, bucket) for bucket in buckets),
        keys={key: found for key, found in keys.items() if found is not None},
        groups=frozenset(groups),
        domain=domain,
    )


def check_adoption(adoption: Adoption, organisation: Organisation, stack: str, problems: list[str]) -> None:
    """A stack takes over what it would make: the hub's parts the hub alone."""
    if stack != HUB:
        parts = {"buckets": adoption.buckets, "keys": adoption.keys, "groups": adoption.groups}
        problems += [
            f"adopt.{part} names {listed(sorted(found))}; the hub makes these, not {shown(stack)}: move it there"
            for part, found in parts.items()
            if found
        ]
        return
    for group in sorted(adoption.groups - set(organisation.groups)):
        problems.append(
            f"adopt.groups names {group!r}, which isn't governed; known: {listed(organisation.groups)}. Name it"
            " under organisation.modelPackageGroups, too"
        )


def read_bucket_names(reader: Reader) -> tuple[tuple[Bucket, str], ...]:
    """The hub's buckets that have a name of their own."""
    value = reader.raw("buckets")
    chosen = Reader({} if value is ABSENT else value, reader.at("buckets"), reader.problems)
    named: dict[Bucket, str] = {}
    for bucket in BUCKETS:
        name = chosen.text(
            bucket, _BUCKET_NAME, "a bucket's name of 3 to 63 lower-case letters, digits and dashes", default=None
        )
        if name is None:
            continue
        if name.startswith(_RESERVED) or name.endswith(_RESERVED_ENDS):
            chosen.problem(bucket, f"is {name!r}; AWS keeps this beginning or end for itself: choose another name")
        if name in named.values():
            chosen.problem(bucket, f"is {name!r}, which is another bucket's name here; each has its own: correct one")
        named[bucket] = name
    chosen.close()
    return tuple(sorted(named.items()))
