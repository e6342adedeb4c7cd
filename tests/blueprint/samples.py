"""Organisations and configurations for the tests."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from blueprint.limits import Document
from blueprint.organisation import Organisation, Spoke
from blueprint.policies.roles import KeyArns
from blueprint.stages import Stage

HUB = "111111111111"
DEV = "222222222222"
TEST = "333333333333"
OUTSIDER = "555555555555"
REGION = "eu-west-1"
ORGANISATION_ID = "o-a1b2c3d4e5"
KEY = f"arn:aws:kms:{REGION}:{HUB}:key/11111111-1111-1111-1111-111111111111"
GOVERNANCE_KEY = f"arn:aws:kms:{REGION}:{HUB}:key/22222222-2222-2222-2222-222222222222"
ANCHOR_KEY = f"arn:aws:kms:{REGION}:{HUB}:key/33333333-3333-3333-3333-333333333333"
KEYS = KeyArns(KEY, GOVERNANCE_KEY, ANCHOR_KEY)
OFFICER = f"arn:aws:iam::{HUB}:role/ModelRiskOfficer"
OPERATOR = f"arn:aws:iam::{HUB}:role/PlatformOperator"
BUCKET = f"mlgov-artifacts-{HUB}-{REGION}"

STAGES = (
    Stage(name="dev", lifecycle="Development", asked_by=("dev",), approvers=(OFFICER,)),
    Stage(
        name="test", lifecycle="Staging", asked_by=("dev", "test"), approvers=(OFFICER,), deployers=("ModelDeployer",)
    ),
    Stage(
        name="prod", lifecycle="Production", asked_by=("test", "prod"), approvers=(OFFICER,),
        deployers=("ModelDeployer",),
    ),
)  # fmt: skip
SPOKES = (Spoke(stack="dev", account=DEV, stage="dev"), Spoke(stack="test", account=TEST, stage="test"))


def organisation(**changes: Any) -> Organisation:
    """The example organisation, with changes."""
    values: dict[str, Any] = {
        "id": ORGANISATION_ID,
        "prefix": "mlgov",
        "region": REGION,
        "hub": HUB,
        "spokes": SPOKES,
        "stages": STAGES,
        "groups": ("ModelCreditRisk",),
        "auditors": (OFFICER,),
        "operators": (OPERATOR,),
    }
    return Organisation(**(values | changes))


def fleet(size: int, **changes: Any) -> Organisation:
    """An organisation of many spokes, a tenth of them in the first stage, named as the organisation form asks."""
    spokes = tuple(
        Spoke(stack=f"{stage}-{number:04}", account=f"{600_000_000_000 + number}", stage=stage)
        for number in range(size)
        for stage in ["dev" if number % 10 == 0 else "test"]
    )
    return organisation(spokes=spokes, **changes)


CONFIGURATION: dict[str, Any] = {
    "organisation": {
        "prefix": "mlgov",
        "id": ORGANISATION_ID,
        "region": REGION,
        "accounts": {
            "hub": {"account": HUB},
            "dev": {"account": DEV, "stage": "dev"},
            "test": {"account": TEST, "stage": "test"},
        },
        "stages": [
            {"name": "dev", "lifecycle": "Development", "askedBy": ["dev"]},
            {"name": "test", "lifecycle": "Staging", "askedBy": ["dev", "test"]},
            {"name": "prod", "lifecycle": "Production", "askedBy": ["test", "prod"]},
        ],
        "modelPackageGroups": ["ModelCreditRisk"],
        "operators": [OPERATOR],
    }
}


def configuration(path: str = "", value: Any = ..., *, without: str = "") -> dict[str, Any]:
    """The example's configuration with one value set, or one taken out, at a dotted path."""
    result = copy.deepcopy(CONFIGURATION)
    for dotted, remove in ((path, False), (without, True)):
        if dotted:
            *above, last = dotted.split(".")
            target: Any = result
            for part in above:
                target = target[int(part)] if isinstance(target, list) else target[part]
            if remove:
                del target[last]
            elif isinstance(target, list):
                target[int(last)] = value
            else:
                target[last] = value
    return result


def statements(document: Document) -> Iterator[dict[str, Any]]:
    yield from document["Statement"]


def statement(document: Document, sid: str) -> dict[str, Any]:
    """The statement of a Sid."""
    found = [candidate for candidate in statements(document) if candidate["Sid"] == sid]
    assert len(found) == 1, f"{sid}: {[candidate['Sid'] for candidate in statements(document)]}"
    return found[0]


def as_list(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def grants(document: Document, effect: str = "Allow") -> dict[str, tuple[set[str], set[str]]]:
    """Actions and resources of each statement of an effect that names both, by Sid."""
    return {
        found["Sid"]: (set(as_list(found["Action"])), set(as_list(found["Resource"])))
        for found in statements(document)
        if found["Effect"] == effect and "Action" in found and "Resource" in found
    }


def actions(document: Document, effect: str = "Allow") -> set[str]:
    return {action for allowed, _ in grants(document, effect).values() for action in allowed}


stack_names = st.from_regex(r"[a-z](-?[a-z0-9]){0,23}", fullmatch=True).filter(
    lambda name: name != "hub" and not name.startswith("hub-")
)
prefixes = st.from_regex(r"[a-z][a-z0-9]{1,15}", fullmatch=True)
regions = st.sampled_from([REGION, "us-east-1", "ap-southeast-1", "us-gov-west-1", "cn-north-1"])
account_ids = st.from_regex(r"[0-9]{12}", fullmatch=True)
