"""Full documents that lie beside the ledger, each under the SHA-256 of its bytes: cards, specifications, events.

Values of containers' environment variables may be secrets: they are kept nowhere. In each document they are replaced by
their digests, so that a change shows and the value doesn't.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from governance.canonical import Json, canonical, floats_as_text, sha256_text

CARD = "card"
EVENT = "event"
SPECIFICATION = "specification"

_ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Document:
    """A text to be kept. `name` is CARD, EVENT or SPECIFICATION; `sha256` is of its UTF-8 bytes."""

    name: str
    text: str
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", sha256_text(self.text))


def object_key(sha256: str) -> str:
    """Where a document lies in the documents' bucket: `sha256/<first two digits>/<all 64>`."""
    return f"sha256/{sha256[:2]}/{sha256}"


def without_environment(value: Json) -> Json:
    """The same document with each value of an `Environment` map as `sha256:<digest>`, at whatever depth."""
    if isinstance(value, dict):
        return {
            key: _digests(inner)
            if isinstance(inner, dict) and key.casefold() == _ENVIRONMENT
            else without_environment(inner)
            for key, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without_environment(inner) for inner in value]
    return value


def _digests(environment: Mapping[str, Json]) -> dict[str, str]:
    return {name: f"sha256:{sha256_text(json.dumps(value))}" for name, value in environment.items()}


def specification_document(specification: Json) -> Document:
    """An inference specification as it is digested: canonical, floats as text, environment values as digests."""
    return Document(SPECIFICATION, canonical(floats_as_text(without_environment(dict(specification)))))


def event_document(body: str) -> Document:
    """An event's body: its exact text, or, where it shows environment values, canonical JSON without them.

    `body` has been parsed before: it is JSON.
    """
    content = json.loads(body)
    shown = without_environment(content)
    return Document(EVENT, body if shown == content else canonical(floats_as_text(shown)))


def card_document(content: str) -> Document:
    """A model card: canonical JSON, floats as text; the raw text if it is no JSON."""
    try:
        return Document(CARD, canonical(floats_as_text(json.loads(content))))
    except (ValueError, RecursionError):
        return Document(CARD, content)
