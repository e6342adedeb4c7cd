"""The hub's own image repositories: the spokes' serving roles pull, nobody deletes."""

from __future__ import annotations

from blueprint.intent.asking import Asks
from blueprint.intent.model import Admission, Refusal
from blueprint.organisation import Organisation

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def ask_images(asks: Asks) -> None:
    of = asks.organisation
    for name in of.repositories:
        arn = of.names.repository_arn(of.hub, name)
        asks.add(f"repository/{name}:pull", PULL, arn)
        asks.add(f"repository/{name}:push", "ecr:PutImage", arn)
        asks.add(f"repository/{name}:delete", "ecr:BatchDeleteImage", arn)


def image_sides(of: Organisation) -> tuple[list[Admission], list[Refusal]]:
    if not of.repositories:
        return [], []
    who = tuple(f"{spoke.stack}/serving" for spoke in of.spokes)
    admitted = [] if of.same_account or not who else [Admission(asks=("repository/*:pull",), who=who)]
    return admitted, [Refusal(asks=("repository/*:delete",))]
