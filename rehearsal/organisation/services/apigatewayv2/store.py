"""HTTP APIs as API Gateway keeps them, per account and region; and what every operation has in common.

Sources: botocore's apigatewayv2 model; apigateway/latest/developerguide http-api (limits, defaults). API Gateway's
actions are the HTTP methods on ARNs without an account (Service Authorization Reference, API Gateway Management V2).
"""

from __future__ import annotations

import copy
import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rehearsal.organisation.core import ApiError, Call, Need, Needs, NotEmulated, Organisation, Params, resource_tags
from rehearsal.organisation.model import model

SERVICE = "apigatewayv2"
SOURCE = "apigatewayv2/latest/api-reference"
LETTERS = string.ascii_lowercase + string.digits
API_ID_LENGTH = 10
PART_ID_LENGTH = 7


@dataclass(slots=True)
class Api:
    """`record` holds what GetApi answers; integrations, routes and stages theirs, by id or name."""

    id: str
    account: str
    region: str
    record: Params
    integrations: dict[str, Params] = field(default_factory=dict)
    routes: dict[str, Params] = field(default_factory=dict)
    stages: dict[str, Params] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:apigateway:{self.region}::/apis/{self.id}"


def apis(org: Organisation, account: str, region: str) -> dict[str, Api]:
    found: dict[str, Api] = org.state(SERVICE, account, region).setdefault("apis", {})
    return found


def new_id(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def bad_request(message: str) -> ApiError:
    return ApiError("BadRequestException", message)


def not_found(what: str, call: Call) -> ApiError:
    return ApiError("NotFoundException", f"Invalid {what} identifier specified {call.caller.account}", 404)


def find_api(org: Organisation, call: Call) -> Api:
    found = apis(org, call.caller.account, call.region).get(call.params["ApiId"])
    if found is None:
        raise not_found("API", call)
    return found


def on() -> Needs:
    """The need of an operation: its HTTP method as action, on the ARN of its path."""

    def needs(org: Organisation, call: Call) -> Iterable[Need]:
        http = model(SERVICE).operation_model(call.operation).http
        path = http["requestUri"].removeprefix("/v2")
        for name, member in (
            ("apiId", "ApiId"), ("integrationId", "IntegrationId"), ("routeId", "RouteId"),
            ("stageName", "StageName"), ("resource-arn", "ResourceArn"),
        ):  # fmt: skip
            path = path.replace(f"{{{name}}}", str(call.params.get(member, "")))
        yield Need(f"apigateway:{http['method']}", f"arn:aws:apigateway:{call.region}::{path}", call.caller.account)

    return needs


def given(call: Call, members: Sequence[str]) -> Params:
    """Those of the members that a create or update was sent, but for what names the resource and its tags."""
    return {name: call.params[name] for name in members if name in call.params and name not in ("ApiId", "Tags")}


def listed(call: Call, held: Mapping[str, Params]) -> Params:
    """A list answer of one page. Raises NotEmulated where pages are asked for."""
    if call.params.get("NextToken") or call.params.get("MaxResults"):
        raise NotEmulated(f"apigatewayv2: {call.operation} by pages")
    return {"Items": [copy.deepcopy(record) for record in held.values()]}


@resource_tags("apigateway")
def tags_of(org: Organisation, arn: str, account: str, region: str) -> Mapping[str, str] | None:
    """Tags lie on APIs and stages; what lies under an API has its API's (apigateway-tagging-supported-resources)."""
    parts = arn.split(":", 5)[5].split("/")
    api = apis(org, account, region).get(parts[2]) if len(parts) > 2 and parts[1] == "apis" else None
    return None if api is None else dict(api.record.get("Tags", {}))
