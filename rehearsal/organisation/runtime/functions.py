"""Functions as Lambda keeps them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rehearsal.organisation.core import ApiError, Organisation


@dataclass(slots=True)
class Function:
    """One function. `settings` holds the parameters as given, under the API's names; `code` is the zip."""

    name: str
    account: str
    region: str
    settings: dict[str, Any]
    code: bytes
    modified: datetime
    revision: str
    tags: dict[str, str] = field(default_factory=dict)
    statements: list[dict[str, Any]] = field(default_factory=list)
    reserved_concurrency: int | None = None
    event_invoke: dict[str, Any] | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def role(self) -> str:
        return str(self.settings["Role"])

    @property
    def memory_mb(self) -> int:
        return int(self.settings.get("MemorySize", 128))

    @property
    def timeout_seconds(self) -> int:
        return int(self.settings.get("Timeout", 3))

    @property
    def variables(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self.settings.get("Environment", {}).get("Variables", {})
        return found

    @property
    def log_group(self) -> str:
        return str(self.settings.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{self.name}"))

    @property
    def code_sha256(self) -> str:
        """As the API shows it: Base64 of the digest."""
        return base64.b64encode(hashlib.sha256(self.code).digest()).decode()


def functions(org: Organisation, account: str, region: str) -> dict[str, Function]:
    found: dict[str, Function] = org.state("lambda", account, region).setdefault("functions", {})
    return found


def split_name(given: str, account: str, region: str) -> tuple[str, str, str, str | None]:
    """Account, region, name and qualifier of a function given by name, partial ARN or ARN (API FunctionName)."""
    parts = given.split(":")
    if parts[0] == "arn":
        return parts[4], parts[3], parts[6], parts[7] if len(parts) > 7 else None
    if len(parts) >= 3 and parts[1] == "function":
        return parts[0], region, parts[2], parts[3] if len(parts) > 3 else None
    return account, region, parts[0], parts[1] if len(parts) > 1 else None


def find_function(org: Organisation, given: str, account: str, region: str) -> Function:
    """The function of a name or ARN.

    Raises ApiError (ResourceNotFoundException).
    """
    owner, place, name, qualifier = split_name(given, account, region)
    function = functions(org, owner, place).get(name)
    if function is None or qualifier not in (None, "$LATEST"):
        suffix = f":{qualifier}" if qualifier else ""
        raise ApiError(
            "ResourceNotFoundException",
            f"Function not found: arn:aws:lambda:{place}:{owner}:function:{name}{suffix}",
            404,
            Type="User",
        )
    return function
