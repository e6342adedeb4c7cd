"""Image repositories of the hub."""

from __future__ import annotations

from blueprint.settings import HubSettings
from tests.components.programs import hub_program, hub_run, hub_settings
from tests.components.recorder import Run, run

REPOSITORY = "aws:ecr/repository:Repository"


def with_repositories(settings: HubSettings) -> Run:
    return run(hub_program(settings))


def test_by_default_there_are_none() -> None:
    """Guards: repositories that nobody asked for."""
    assert not [resource for resource in hub_run().custom() if resource.type.startswith("aws:ecr/")]
    assert hub_run().exports["repositories"] == {}


def test_each_repository_has_all_its_guards() -> None:
    """Guards: a tag that can be given to another image, an image that nobody scanned or that anybody pulls."""
    made = with_repositories(hub_settings(repositories=("credit-risk", "models/fraud")))
    assert made.exports["repositories"].keys() == {"credit-risk", "models/fraud"}
    for name in ("credit-risk", "models/fraud"):
        repository = made.one(REPOSITORY, f"hub-images-{name}")
        inputs = repository.inputs
        assert inputs["name"] == f"mlgov/{name}"
        assert inputs["imageTagMutability"] == "IMMUTABLE"
        assert inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        (encryption,) = inputs["encryptionConfigurations"]
        assert encryption["encryptionType"] == "KMS"
        assert encryption["kmsKey"].endswith("1"), "the artifact key's id here"
        assert (repository.protect, inputs["forceDelete"]) == (True, False)
        for type_ in ("aws:ecr/repositoryPolicy:RepositoryPolicy", "aws:ecr/lifecyclePolicy:LifecyclePolicy"):
            assert made.one(type_, f"hub-images-{name}").inputs["repository"] == f"mlgov/{name}"
