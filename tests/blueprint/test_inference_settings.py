"""Settings of the inference API: who has one, what it answers for, what is refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.errors import ConfigurationError
from blueprint.inference_settings import (
    ENVELOPE_BYTES,
    LAMBDA_PAYLOAD_BYTES,
    MOST_BYTES,
    MOST_CONTENT_TYPES,
    MOST_ENDPOINTS,
    InferenceSettings,
    TokenIssuer,
)
from blueprint.limits import ENVIRONMENT_BYTES
from blueprint.settings import Settings, SpokeSettings
from tests.blueprint.samples import configuration


def settings(stack: str = "test", **api: Any) -> InferenceSettings | None:
    parsed = Settings.parse({**configuration(), **({"inferenceApi": api} if api else {})}, stack)
    assert isinstance(parsed, SpokeSettings)
    return parsed.inference


def problems(**api: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(**api)
    return "\n".join(caught.value.problems)


def test_stages_after_the_first_have_one_by_default() -> None:
    """Guards: an API where nothing serves, or none where the issue asks for it; an open one by default."""
    assert settings("dev") is None
    assert settings() == InferenceSettings(
        endpoints=("ModelCreditRisk",),
        tokens=None,
        rate_per_second=50,
        burst=100,
        max_bytes=1_048_576,
        content_types=("application/json", "text/csv"),
    )


def test_a_stack_may_choose_otherwise() -> None:
    """Guards: a switch without effect in one of its two directions."""
    assert settings(enabled=False) is None
    assert settings("dev", enabled=True) is not None


def test_what_is_configured_is_what_is_read() -> None:
    """Guards: a key that is described and has no effect; an order of names that is a change of the function."""
    assert settings(
        endpoints=["Fraud", "CreditRisk"],
        authorization={"issuer": "https://login.example/v2", "audience": ["models"]},
        ratePerSecond=5,
        burst=7,
        maxBytes="1000",
        contentTypes=["text/csv", "application/x-npy"],
    ) == InferenceSettings(
        endpoints=("CreditRisk", "Fraud"),
        tokens=TokenIssuer("https://login.example/v2", ("models",)),
        rate_per_second=5,
        burst=7,
        max_bytes=1000,
        content_types=("application/x-npy", "text/csv"),
    )
    signed = settings(authorization="iam")
    assert signed is not None
    assert signed.tokens is None


@pytest.mark.parametrize(
    ("api", "told"),
    [
        ({"authorization": "none"}, "inferenceApi.authorization is 'none'"),
        ({"authorization": {"issuer": "http://login.example", "audience": ["a"]}}, "issuer is 'http://login.example'"),
        ({"authorization": {"issuer": "https://login.example"}}, "inferenceApi.authorization.audience is missing"),
        ({"endpoints": ["a_b"]}, "inferenceApi.endpoints[0] is 'a_b'"),
        ({"endpoints": ["CreditRisk", "creditrisk"]}, "which differ in case only"),
        ({"endpoints": [f"e{number}" for number in range(MOST_ENDPOINTS + 1)]}, "at most 20 fit"),
        ({"contentTypes": []}, "every request would be refused"),
        ({"contentTypes": ["csv"]}, "inferenceApi.contentTypes[0] is 'csv'"),
        ({"maxBytes": MOST_BYTES + 1}, f"a number of bytes from 1 to {MOST_BYTES}"),
        ({"ratePerSecond": 0}, "inferenceApi.ratePerSecond is 0"),
        ({"endpoint": ["CreditRisk"]}, "inferenceApi.endpoint is unknown"),
    ],
)
def test_what_would_be_open_or_never_work_is_refused(api: dict[str, Any], told: str) -> None:
    """Guards: an API without authorization; a value that AWS or the function would refuse when it is too late."""
    assert told in problems(**api)


def test_the_largest_body_fits_an_invocation_as_base64() -> None:
    """Guards: a limit at which Lambda answers 413 to its own API."""
    assert MOST_BYTES * 4 // 3 + ENVELOPE_BYTES <= LAMBDA_PAYLOAD_BYTES


def test_the_longest_settings_fit_the_function_s_environment() -> None:
    """Guards: names that the configuration takes and CreateFunction refuses."""
    endpoints = json.dumps(["e" * 60 + f"{number:03}" for number in range(MOST_ENDPOINTS)])
    kinds = json.dumps([f"application/vnd.example.{number:03}+json" for number in range(MOST_CONTENT_TYPES)])
    assert len(endpoints) + len(kinds) + 200 <= ENVIRONMENT_BYTES


KEYS = ("enabled", "endpoints", "authorization", "ratePerSecond", "burst", "maxBytes", "contentTypes")
SHORT = st.text(max_size=5)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(), SHORT, st.lists(SHORT), st.dictionaries(SHORT, SHORT))


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_whatever_is_configured_is_read_or_refused_in_words(api: dict[str, Any]) -> None:
    """Guards: a traceback instead of a message."""
    with contextlib.suppress(ConfigurationError):
        settings(**api)


def test_more_groups_than_fit_need_the_endpoints_named() -> None:
    """Guards: endpoints that are left out of the API without a word."""
    groups = {"organisation.modelPackageGroups": [f"Group{number}" for number in range(MOST_ENDPOINTS + 1)]}
    [(path, value)] = groups.items()
    with pytest.raises(ConfigurationError, match=r"inferenceApi\.endpoints is missing"):
        Settings.parse(configuration(path, value), "test")
    chosen = {**configuration(path, value), "inferenceApi": {"endpoints": ["Group1"]}}
    with pytest.raises(ConfigurationError) as raised:  # so many groups are too long for a role's policies, too
        Settings.parse(chosen, "test")
    assert "inferenceApi" not in str(raised.value)
