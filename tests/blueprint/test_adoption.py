"""Taking over what exists: said where it counts, for what the stack makes, under the names that all stacks use."""

from __future__ import annotations

from typing import Any

import pytest

from blueprint.adoption import NOTHING
from blueprint.errors import ConfigurationError
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.spoke_roles import execution_role
from blueprint.settings import Settings
from tests.blueprint.samples import HUB, KEY, configuration

KEY_ID = "11111111-2222-3333-4444-555555555555"


def problems(raw: dict[str, Any], stack: str = "hub") -> str:
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse(raw, stack)
    return "\n".join(caught.value.problems)


def adopting(**what: Any) -> dict[str, Any]:
    return {**configuration(), "adopt": what}


def test_what_a_hub_takes_over_is_read_part_by_part() -> None:
    """Guards: an adoption that is accepted and then made anew."""
    what = {"buckets": ["artifacts"], "keys": {"governance": KEY_ID}, "groups": ["ModelCreditRisk"], "domain": "d-abc"}
    adopt = Settings.parse(adopting(**what), "hub").adopt
    assert sorted(adopt.buckets) == ["artifacts"]
    assert (sorted(adopt.groups), adopt.domain) == (["ModelCreditRisk"], "d-abc")
    assert adopt.keys == {"governance": KEY_ID}
    assert Settings.parse(configuration(), "hub").adopt == NOTHING


def test_a_spoke_takes_over_its_domain_and_nothing_of_the_hub() -> None:
    """Guards: a spoke that would make, and protect, a second artifact bucket."""
    assert Settings.parse(adopting(domain="d-abcdefghijkl"), "dev").adopt.domain == "d-abcdefghijkl"
    found = problems(adopting(buckets=["artifacts"], keys={"artifacts": KEY_ID}, groups=["ModelCreditRisk"]), "dev")
    assert found.count("the hub makes these, not 'dev'") == 3


def test_a_bucket_of_another_name_is_named_alike_in_every_stack_s_policies() -> None:
    """Guards: a hub that adopts a bucket, and spokes that are allowed another one."""
    raw = configuration("organisation.buckets", {"artifacts": "models-of-old"})
    hub, dev = Settings.parse(raw, "hub").organisation, Settings.parse(raw, "dev").organisation
    assert hub.names.bucket(HUB) == dev.names.bucket(HUB) == "models-of-old"
    assert hub.names.bucket(HUB, "documents") == f"mlgov-documents-{HUB}-eu-west-1"
    for text in (str(artifact_bucket(hub, KEY)), str(execution_role(dev, dev.spoke("dev"), KEY).policies)):
        assert "arn:aws:s3:::models-of-old" in text
        assert "mlgov-artifacts" not in text


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (adopting(buckets=["artefacts"]), ["adopt.buckets[0]", "'artefacts'", "one of artifacts"]),
        (adopting(buckets={"artifacts": "x"}), ["adopt.buckets", "list"]),
        (adopting(keys={"artifacts": KEY}), ["adopt.keys.artifacts", "id, no ARN"]),
        (adopting(keys={"artefacts": KEY_ID}), ["adopt.keys.artefacts", "did you mean artifacts?"]),
        (adopting(groups=["Other"]), ["'Other'", "isn't governed", "modelPackageGroups"]),
        (adopting(domain="D-1"), ["adopt.domain", "Studio domain's id"]),
        (adopting(bucket=["artifacts"]), ["adopt.bucket", "did you mean buckets?"]),
        ({**configuration(), "adopt": "all"}, ["adopt is 'all'", "mapping"]),
        (configuration("organisation.buckets", {"artifacts": "Models"}), ["buckets.artifacts", "3 to 63 lower-case"]),
        (configuration("organisation.buckets", {"artifacts": "my.models"}), ["buckets.artifacts", "'my.models'"]),
        (configuration("organisation.buckets", {"artifacts": "xn--models"}), ["AWS keeps this"]),
        (configuration("organisation.buckets", {"artifacts": "m-1", "documents": "m-1"}), ["another bucket's name"]),
        (configuration("organisation.buckets", {"models": "m-1"}), ["organisation.buckets.models", "unknown"]),
    ],
)  # fmt: skip
def test_each_mistake_about_adoption_is_named(raw: dict[str, Any], words: list[str]) -> None:
    """Guards: a mistake that the engine finds in the middle of an `up`, or that makes a second bucket."""
    found = problems(raw)
    assert all(word in found for word in words), found
