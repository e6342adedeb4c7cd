"""Policies as the services keep them: JSON text in, a document out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=512)
def _parse(text: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(text)
    return document


def parse_policy(text: str | None) -> Mapping[str, Any] | None:
    """The document of a policy text that was checked when it was set; None for no policy."""
    return _parse(text) if text else None
