"""botocore's service models, as everything here reads them."""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.core.utils import get_service_model

from rehearsal.organisation.core import NotEmulated


@cache
def model(service: str) -> Any:
    """botocore's model of a service (moto's subclass of it, which the parsers need). Raises NotEmulated."""
    try:
        return get_service_model(service)
    except Exception as error:
        raise NotEmulated(f"service {service!r}, of which botocore has no model,") from error
