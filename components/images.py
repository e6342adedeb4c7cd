"""The hub's image repositories: own containers of models, pulled by the spokes' serving roles.

Owns repositories, their policies and lifecycle rules. Encrypted with the artifact key, since an image is half of a
model as its artifact is the other: whoever disables the key stops both. ECR decrypts by a grant of its own, so no role
that pulls needs the key. Tags are immutable; every push is scanned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecr

from blueprint.limits import compact
from blueprint.organisation import Organisation
from blueprint.policies.repositories import lifecycle, repository
from blueprint.stateful import Stateful
from components.options import stateful_child


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagesArgs:
    organisation: Organisation
    key_arn: pulumi.Input[str]
    stateful: Stateful


class Images(pulumi.ComponentResource):
    """`urls`: where an image is pushed to and pulled from, by the repository's name in the configuration."""

    urls: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:images:Images", name, None, opts)
        self.urls = {
            wanted: self._repository(f"{name}-{wanted}", wanted, args) for wanted in args.organisation.repositories
        }
        self.register_outputs({"urls": self.urls})

    def _repository(self, name: str, wanted: str, args: ImagesArgs) -> pulumi.Output[str]:
        organisation = args.organisation
        guard = stateful_child(self, args.stateful)
        made = ecr.Repository(
            name,
            name=organisation.names.repository(wanted),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.key_arn)
            ],
            force_delete=args.stateful == "destroy",
            opts=guard,
        )
        ecr.RepositoryPolicy(name, repository=made.name, policy=compact(repository(organisation)), opts=guard)
        ecr.LifecyclePolicy(name, repository=made.name, policy=compact(lifecycle()), opts=guard)
        url: pulumi.Output[str] = made.repository_url
        return url


def repository_urls(
    name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None
) -> Mapping[str, pulumi.Output[str]]:
    """Make the repositories that are configured, if any; their URLs by name."""
    return Images(name, args, opts).urls if args.organisation.repositories else {}
