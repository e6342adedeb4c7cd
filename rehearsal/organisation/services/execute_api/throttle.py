"""Throttling of a route: a bucket of `burst` tokens that fills at `rate` a second, one for each request.

Source: http-api-throttling. On the organisation's clock: skipped time fills it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rehearsal.organisation.core import Organisation, Params
from rehearsal.organisation.services.apigatewayv2.stages import ACCOUNT_BURST, ACCOUNT_RATE
from rehearsal.organisation.services.apigatewayv2.store import Api


@dataclass(slots=True)
class Bucket:
    tokens: float
    looked: datetime


def admits(org: Organisation, api: Api, stage: Params, route: Params) -> bool:
    """Take a token for a request; False where there is none left."""
    settings = {**stage["DefaultRouteSettings"], **stage["RouteSettings"].get(route["RouteKey"], {})}
    rate = float(settings.get("ThrottlingRateLimit", ACCOUNT_RATE))
    burst = float(settings.get("ThrottlingBurstLimit", ACCOUNT_BURST))
    now = org.clock.now()
    buckets: dict[tuple[str, str, str], Bucket] = org.state("execute-api", api.account, api.region).setdefault(
        "buckets", {}
    )
    with org.lock:
        bucket = buckets.setdefault((api.id, stage["StageName"], route["RouteKey"]), Bucket(burst, now))
        filled = bucket.tokens + rate * max(0.0, (now - bucket.looked).total_seconds())
        bucket.tokens, bucket.looked = min(burst, filled), now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True
