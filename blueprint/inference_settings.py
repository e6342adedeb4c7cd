"""Settings of the inference API: whether a stack has one, which endpoints it answers for, who may call, how much."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from blueprint.organisation import Organisation, Spoke
from blueprint.reading import ABSENT, Reader, shown

IAM = "iam"

LAMBDA_PAYLOAD_BYTES = 6_291_456
"""Of an invocation that is waited for, event and answer alike (lambda gettingstarted-limits); InvokeEndpoint takes as
much (botocore sagemaker-runtime, BodyBlob), the HTTP API more (10 MB: apigateway http-api-quotas)."""

ENVELOPE_BYTES = 131_072
"""Kept of it for what stands around the body in the event: headers (10,240 bytes at most), path, caller."""

MOST_BYTES = (LAMBDA_PAYLOAD_BYTES - ENVELOPE_BYTES) * 3 // 4
"""Of a body: in the event it is Base64, four characters for three bytes."""

DEFAULT_BYTES = 1_048_576
DEFAULT_RATE_PER_SECOND = 50
DEFAULT_BURST = 100
RATE_PER_SECOND = range(1, 10_001)
BURST = range(1, 5_001)
"""Up to what an account has by default, all its APIs together (apigateway http-api-quotas)."""

DEFAULT_CONTENT_TYPES = ("application/json", "text/csv")
MOST_ENDPOINTS = 20
MOST_CONTENT_TYPES = 20
"""Both stand in environment variables, and all of a function's have 4 KB together."""

_ENDPOINT = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # botocore sagemaker-runtime EndpointName
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")  # RFC 6838, 4.2
_ISSUER = re.compile(r"https://[a-z0-9.-]+(?::[0-9]+)?(?:/[\w.~/-]*)?")
_AUDIENCE = re.compile(r"\S{1,255}")


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Whose JSON web tokens are admitted: `issuer` as the claim `iss` has it, one of `audience` in `aud`."""

    issuer: str
    audience: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceSettings:
    """`tokens`: None where callers sign with credentials of the account (IAM)."""

    endpoints: tuple[str, ...]
    tokens: TokenIssuer | None
    rate_per_second: int
    burst: int
    max_bytes: int
    content_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceChoice:
    """What a stack's configuration says. `enabled`: None leaves it to the stage. `settings.endpoints` may be empty."""

    enabled: bool | None
    settings: InferenceSettings

    def of(self, organisation: Organisation, spoke: Spoke) -> InferenceSettings | None:
        """What a spoke makes of it; None where it has no API.

        By default the stages after the first have one, since the first serves nothing, and it answers for one endpoint
        of each model package group, named as the group.
        """
        by_stage = spoke.stage != organisation.first_stage.name
        if not (by_stage if self.enabled is None else self.enabled):
            return None
        given = self.settings
        return InferenceSettings(
            endpoints=given.endpoints or organisation.groups,
            tokens=given.tokens,
            rate_per_second=given.rate_per_second,
            burst=given.burst,
            max_bytes=given.max_bytes,
            content_types=given.content_types,
        )


def check_inference(choice: InferenceChoice, organisation: Organisation, problems: list[str]) -> None:
    """What the settings must have in common with the organisation."""
    if choice.enabled is not False and not choice.settings.endpoints and len(organisation.groups) > MOST_ENDPOINTS:
        problems.append(
            f"inferenceApi.endpoints is missing, and by default each of the {len(organisation.groups)} model package"
            f" groups has one; {MOST_ENDPOINTS} fit the function's environment: name those that the API asks, or set"
            " inferenceApi.enabled to false"
        )


def read_inference(reader: Reader) -> InferenceChoice:
    """The key `inferenceApi`, noting every problem with the reader."""
    value: Any = reader.raw("inferenceApi")
    chosen = Reader({} if value is ABSENT else value, reader.at("inferenceApi"), reader.problems)
    rate = chosen.integer(
        "ratePerSecond", RATE_PER_SECOND, "a number of requests from 1 to 10000", default=DEFAULT_RATE_PER_SECOND
    )
    choice = InferenceChoice(
        enabled=None if chosen.raw("enabled") is ABSENT else chosen.flag("enabled", default=True),
        settings=InferenceSettings(
            endpoints=_endpoints(chosen),
            tokens=_tokens(chosen),
            rate_per_second=rate,
            burst=chosen.integer(
                "burst", BURST, "a number of requests from 1 to 5000", default=max(DEFAULT_BURST, min(rate, BURST[-1]))
            ),
            max_bytes=chosen.integer(
                "maxBytes", range(1, MOST_BYTES + 1), f"a number of bytes from 1 to {MOST_BYTES}",
                default=DEFAULT_BYTES,
            ),
            content_types=_content_types(chosen),
        ),
    )  # fmt: skip
    chosen.close()
    return choice


def _endpoints(chosen: Reader) -> tuple[str, ...]:
    found = chosen.texts("endpoints", _ENDPOINT, "an endpoint's name of 1 to 63 letters, digits, inner dashes",
                         default=())  # fmt: skip
    _refuse_many(chosen, "endpoints", found, MOST_ENDPOINTS)
    lower: dict[str, str] = {}
    for name in found:
        other = lower.setdefault(name.lower(), name)
        if other != name:
            chosen.problem(
                "endpoints",
                f"names {other} and {name}, which differ in case only: SageMaker takes them for one; drop one",
            )
    return tuple(sorted(found))


def _content_types(chosen: Reader) -> tuple[str, ...]:
    found = chosen.texts("contentTypes", _MEDIA_TYPE, "a media type in lower case such as text/csv",
                         default=DEFAULT_CONTENT_TYPES)  # fmt: skip
    if chosen.raw("contentTypes") == []:
        chosen.problem("contentTypes", "is empty; every request would be refused: name at least one, or remove it")
    _refuse_many(chosen, "contentTypes", found, MOST_CONTENT_TYPES)
    return tuple(sorted(found))


def _refuse_many(chosen: Reader, key: str, found: tuple[str, ...], most: int) -> None:
    if len(found) > most:
        chosen.problem(key, f"has {len(found)} entries; at most {most} fit the function's environment: name fewer")


def _tokens(chosen: Reader) -> TokenIssuer | None:
    """`authorization`: `iam`, or whose tokens count. There is no open API."""
    value = chosen.raw("authorization")
    if value is ABSENT or value == IAM:
        return None
    if isinstance(value, str) or not hasattr(value, "keys"):
        chosen.problem(
            "authorization",
            f"is {shown(value)}; {IAM}, or a mapping with issuer and audience is needed: an API without"
            " authorization would let anyone use the model",
        )
        return None
    given = Reader(value, chosen.at("authorization"), chosen.problems)
    issuer = given.text("issuer", _ISSUER, "the https URL of an issuer of tokens, as their claim iss has it")
    audience = given.texts("audience", _AUDIENCE, "an audience, as the claim aud has it")
    given.close()
    return TokenIssuer(issuer, audience) if issuer is not None and audience else None
