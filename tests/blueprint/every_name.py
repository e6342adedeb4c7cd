"""Every physical name that the blueprint can make, by asking each maker of `Names` for each of its choices."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Literal, get_args, get_origin, get_type_hints

from blueprint.names import Names

FOLLOWS = ("_arn", "_arns", "_arn_like")
"""ARNs and patterns follow from names, and hold the account and the region besides."""


def every_name(names: Names, texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The names by maker. `texts`: what to give for each parameter that isn't a choice of a few words."""
    return {
        maker: sorted(set(_made(names, maker, texts)))
        for maker in dir(Names)
        if not maker.startswith("_") and not maker.endswith(FOLLOWS) and maker not in (*Names.__slots__, "partition")
    }


def _made(names: Names, maker: str, texts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    attribute = inspect.getattr_static(Names, maker)
    if isinstance(attribute, property):
        yield getattr(names, maker)
        return
    hints = get_type_hints(attribute)
    parameters = [name for name in inspect.signature(attribute).parameters if name != "self"]
    choices = [_choices(hints[name]) or list(texts[name]) for name in parameters]
    for chosen in product(*choices):
        yield getattr(names, maker)(*chosen)


def _choices(hint: Any) -> list[str]:
    """The words of a Literal or a union of some; nothing for text."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if isinstance(hint, types.UnionType) or get_origin(hint) is not None:
        return [word for part in get_args(hint) for word in _choices(part)]
    return []
