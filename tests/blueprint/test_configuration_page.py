"""docs/configuration.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from blueprint.limits import BUCKET_POLICY, BUS_POLICY, KEY_POLICY, stored_size
from blueprint.policies.documents import Form
from blueprint.settings import Settings
from rehearsal.scenario.registration import IMAGE
from tests.blueprint.samples import fleet

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_every_key_of_the_project_is_described() -> None:
    """Guards: a setting that nobody can find."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    ours = [key.removeprefix("ml-governance:") for key in project["config"] if key.startswith("ml-governance:")]
    for key in [*ours, *project["config"]["ml-governance:organisation"]["default"]]:
        assert f"`{key}`" in PAGE or f"`ml-governance:{key}`" in PAGE, key


def test_the_shipped_example_is_valid_for_each_of_its_stacks() -> None:
    """Guards: an example that a newcomer can't bring up."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    defaults = {
        key.removeprefix("ml-governance:"): entry["default"] for key, entry in project.items() if "default" in entry
    }
    for stack in ("hub", "dev", "test", "prod"):
        assert (ROOT / f"Pulumi.{stack}.yaml").is_file()
        assert Settings.parse(defaults, stack, defaults).stack == stack


def test_the_example_admits_the_image_that_the_rehearsal_registers() -> None:
    """Guards: endpoints of the example's own model that fail on AWS, as their role may not pull AWS's image."""
    organisation = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"][
        "ml-governance:organisation"
    ]["default"]
    account, _, _, region, _, _ = IMAGE.partition("/")[0].split(".")
    repository = IMAGE.partition("/")[2].partition(":")[0]
    assert f"arn:aws:ecr:{region}:{account}:repository/{repository}" in organisation["imageRepositories"]


def test_the_numbers_of_spokes_are_measured() -> None:
    """Guards: a page that promises what the policies no longer hold."""
    from blueprint.policies import artifact_bucket, bus, keys
    from tests.blueprint.samples import KEY

    for name, limit, build in (
        ("bucket", BUCKET_POLICY, lambda of, form: artifact_bucket._policy(of, KEY, form)),
        ("bus", BUS_POLICY, bus._policy),
        ("key", KEY_POLICY, keys._artifact_key),
    ):
        for form in (Form.EXACT, Form.LISTED):
            (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {form.value} |")]
            found = re.search(rf"(\d+) \({name}\)", row)
            assert found is not None, row
            fits = int(found[1])
            assert stored_size(build(fleet(fits), form)) <= limit.characters
            assert stored_size(build(fleet(fits + 5), form)) > limit.characters
