"""botocore's service models, as everything here reads them."""

from __future__ import annotations

from functools import cache
from typing import Any

import moto.core.utils
from moto.core.loaders import create_loader
from moto.core.utils import get_service_model

from rehearsal.organisation.core import NotEmulated


@cache
def loader() -> Any:
    """The one reader of botocore's data: each new one lists the folders of all its services, 50 ms of work."""
    return create_loader()


moto.core.utils.create_loader = loader  # type: ignore[attr-defined]  # moto imports it there, and uses it from there


@cache
def model(service: str) -> Any:
    """botocore's model of a service (moto's subclass of it, which the parsers need). Raises NotEmulated."""
    try:
        return get_service_model(service)
    except Exception as error:
        raise NotEmulated(f"service {service!r}, of which botocore has no model,") from error
