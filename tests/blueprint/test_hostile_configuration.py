"""Whatever stands in the configuration: one clear message, or a plan that AWS takes."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blueprint.accounts import accounts_file
from blueprint.errors import ConfigurationError
from blueprint.policies.shares import shares
from blueprint.settings import Settings
from blueprint.sizes import oversize
from tests.blueprint.every_name import every_name
from tests.blueprint.legal_names import illegal
from tests.blueprint.samples import CONFIGURATION, DEV, HUB

UNIT = "arn:aws:organizations::999999999999:ou/o-a1b2c3d4e5/ou-a1b2-dev00000"
WHOLE: dict[str, Any] = copy.deepcopy(CONFIGURATION) | {
    "statefulResources": "protect",
    "logRetentionDays": "365",
    "keyDeletionDays": "30",
    "deployRole": "OrganizationAccountAccessRole",
    "permissionsBoundary": "",
    "hubStack": "organization/ml-governance/hub",
    "aws:region": "eu-west-1",
    "adopt": {"buckets": ["artifacts"], "keys": {"governance": "1" * 8 + "-2222-3333-4444-555555555555"},
              "groups": ["ModelCreditRisk"], "domain": "d-abcdefghijkl"},
    "network": {"mode": "VpcOnly", "flowLogDays": 30},
    "studio": {"enabled": True, "userProfiles": ["data-scientist"], "volumeGb": 50},
    "tracking": {"kind": "server", "size": "Small", "maintenanceWindow": "Tue:03:30"},
    "inferenceApi": {"enabled": True, "ratePerSecond": 10},
    "schedules": {"anchor": "rate(1 hour)"},
    "metricsRetentionDays": "455",
    "qualityMetrics": ["Gini"],
    "anchorRetention": {"mode": "compliance", "days": 3650},
    "oamSinkArn": "",
    "alarmEmails": ["risk@example.com"],
}  # fmt: skip
WHOLE["organisation"] |= {
    "regions": ["us-east-1"],
    "buckets": {"artifacts": "models-of-old"},
    "imageRepositories": [f"arn:aws:ecr:eu-west-1:{HUB}:repository/xgboost"],
    "sameAccount": False,
    "auditors": [f"arn:aws:iam::{HUB}:role/Auditor"],
    "operators": [],
}
WHOLE["organisation"]["accounts"]["dev"] |= {"regions": {"us-east-1": {"cidr": "10.9.0.0/22"}}, "cidr": "10.8.0.0/22"}
WHOLE["organisation"]["stages"][0] |= {
    "units": [UNIT], "statefulResources": "retain", "requireMfa": True, "users": ["People"], "deployers": ["CI"],
    "approvers": [f"arn:aws:iam::{HUB}:role/ModelRiskOfficer"],
}  # fmt: skip

LONGEST = 1_500

Path = tuple[str | int, ...]


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place of a structure, containers before what they contain."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


PLACES = sorted(places(WHOLE), key=str)
STACKS = ["hub", "dev", "test", "hub.us-east-1", "dev.us-east-1"]

oddities: st.SearchStrategy[Any] = st.sampled_from(
    [
        # YAML's own: dates, infinities, what `yes`, `012` and `1e3` become, keys that aren't text.
        dt.date(2024, 1, 1), float("nan"), float("inf"), -0.0, True, False, None, 10, 1000.0, 10**400, -1,
        {1: "one"}, {None: None}, {True: {}}, {"": ""}, {"dev": None}, b"\x00\xff", (1, 2), {1, 2},
        # Text that looks like something else, or like nothing.
        "", " ", "\x00", "\n", "dev\n", "dev ", "hub", "null", "true", "~", "*", "arn:aws:iam::*:root", "\u202eved",
        "ďev",
        "\u0661" * 12, "\U0001d7d9" * 12, "%s{}${x}", "../../etc", "'; DROP", "<script>", "a" * 10_000, "-" * 300,
        "\ud800", "é" * 63, "K" * 63, HUB, DEV, "111111111111 ", "\uff10" + "1" * 11, "us-east-1", "eu-west-1", UNIT,
        [], [[]], [None], [[[[[[]]]]]], ["a"] * 500, {"a": {"b": {"c": {"d": {}}}}},
    ]
)  # fmt: skip
junk = oddities | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@st.composite
def hostile(draw: st.DrawFn) -> dict[str, Any]:
    """The whole configuration with a few places overwritten, taken out, misspelt or added to."""
    raw = copy.deepcopy(WHOLE)
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        *above, last = place
        target: Any = raw
        try:
            for part in above:
                target = target[part]
            target[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took it away
        if type(target) not in (dict, list):
            continue  # … or put a text in its place
        match draw(st.sampled_from(["overwrite", "overwrite", "remove", "misspell", "add"])):
            case "overwrite":
                target[last] = draw(junk)
            case "remove":
                del target[last]
            case "misspell" if isinstance(target, dict):
                target[draw(misspelt(str(last)))] = target.pop(last)
            case _ if isinstance(target, dict):
                target[draw(st.text(max_size=12))] = draw(junk)
            case _:
                target.append(draw(junk))
    return raw


def misspelt(word: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word[:-1], word.upper(), word + "s", word[::-1], f" {word}", word.replace("o", "0")])


stack_names = (
    st.sampled_from(STACKS)
    | st.from_regex(r"[A-Za-z0-9_.-]{1,100}", fullmatch=True)
    | st.sampled_from([".", "hub.", ".us-east-1", "dev" * 33])
)
"""What Pulumi takes as a stack's name."""


def expect_one_answer(raw: dict[str, Any], stack: str, declared: dict[str, Any] | None) -> None:
    """Settings whose whole plan AWS takes, or one error whose problems are sentences."""
    found: Settings | tuple[str, ...]
    try:
        found = Settings.parse(raw, stack, declared)
    except ConfigurationError as error:
        found = error.problems
    if not isinstance(found, Settings):
        assert found, "a refusal names at least one problem"
        for problem in found:
            assert problem == problem.strip(), problem
            assert problem.isprintable(), problem
            assert len(problem) < LONGEST, len(problem)
        return
    organisation = found.organisation
    stacks = ["hub", *(spoke.stack for spoke in organisation.spokes)]
    texts: dict[str, list[str]] = {
        "account": [organisation.hub], "stack": stacks, "stage": [stage.name for stage in organisation.stages],
        "level": [share.level for share in shares(organisation)] or ["consumer"], "template_digest": ["0" * 64],
        "script_digest": ["0" * 16], "part": ["", "a"], "profile": list(found.studio.user_profiles) or ["p"],
        "what": ["capture-errors"], "repository": ["serving"],
    }  # fmt: skip
    assert not illegal(every_name(organisation.names, texts))
    assert not oversize(organisation)
    assert accounts_file(organisation)


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(hostile(), stack_names, st.booleans())
def test_the_answer_is_a_valid_plan_or_one_clear_message(raw: dict[str, Any], stack: str, redefined: bool) -> None:
    """Guards: a traceback, which tells a newcomer nothing, and a name or policy that AWS refuses half-way."""
    expect_one_answer(raw, stack, WHOLE if redefined else None)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(WHOLE)) | st.text(max_size=9), junk, max_size=4), stack_names)
def test_nothing_but_rubbish_is_answered_too(raw: dict[str, Any], stack: str) -> None:
    """Guards: a reader that expects at least the rough form."""
    expect_one_answer(raw, stack, None)


def test_what_is_nested_beyond_sense_is_one_problem() -> None:
    """Guards: a RecursionError of Python's own."""
    deep: Any = "x"
    for _ in range(3_000):
        deep = [deep]
    for place in ("organisation", "adopt", "surplus"):
        expect_one_answer({**copy.deepcopy(WHOLE), place: deep}, "hub", WHOLE)


def test_the_whole_configuration_is_valid_in_each_of_its_stacks() -> None:
    """Guards: hostile changes of what was refused to begin with, which try nothing."""
    for stack in STACKS:
        raw = copy.deepcopy(WHOLE) | {"aws:region": "us-east-1" if "." in stack else "eu-west-1"}
        if not stack.startswith("hub"):
            raw["adopt"] = {"domain": "d-abcdefghijkl"}
        assert Settings.parse(raw, stack).stack == stack.partition(".")[0]


@pytest.mark.parametrize("text", ["{", "[1,2", "yes: no", "NaN", "", "\x00", json.dumps("text"), "[" * 5_000])
def test_a_structured_value_that_is_none_is_one_problem(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Guards: `pulumi config set` without `--path`, which leaves text where an object belongs."""
    from components import engine

    values = {"ml-governance:organisation": json.dumps(WHOLE["organisation"]), "ml-governance:adopt": text}
    monkeypatch.setattr("pulumi.runtime.get_config_env", lambda: values)
    raw: dict[str, Any] = {}
    with contextlib.suppress(ConfigurationError):
        raw = engine.configuration()
    if raw:
        expect_one_answer(raw, "hub", None)
