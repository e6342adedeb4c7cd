"""The two keys of an installation: the artifact key, shared with the spokes, and the governance key, the hub's own.

Owns keys, their policies and aliases. Rotation is AWS's own, yearly. A key that waits for its deletion makes its data
unreadable: hence the window of the settings, and the protection.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from blueprint.limits import Document
from blueprint.names import Key
from blueprint.organisation import Organisation
from blueprint.policies.keys import artifact_key, governance_key
from blueprint.settings import Stateful
from components.documents import policy
from components.options import child, stateful_child


@dataclass(frozen=True, kw_only=True, slots=True)
class KeysArgs:
    organisation: Organisation
    deletion_days: int
    stateful: Stateful


class Keys(pulumi.ComponentResource):
    """ARNs of the keys; the spokes get the artifact key's by the contract, since an alias is their own account's."""

    artifact_arn: pulumi.Output[str]
    governance_arn: pulumi.Output[str]

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:kms:Keys", name, None, opts)
        organisation = args.organisation
        self.artifact_arn = self._key(
            name,
            "artifacts",
            "Encrypts model artifacts, used by the spokes through S3",
            artifact_key(organisation),
            args,
        )
        self.governance_arn = self._key(
            name, "governance", "Encrypts ledger, queues and logs of the hub", governance_key(organisation), args
        )
        self.register_outputs({"artifact_arn": self.artifact_arn, "governance_arn": self.governance_arn})

    def _key(self, name: str, key: Key, description: str, document: Document, args: KeysArgs) -> pulumi.Output[str]:
        made = kms.Key(
            f"{name}-{key}",
            description=description,
            policy=policy(lambda: document),
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_days,
            opts=stateful_child(self, args.stateful),
        )
        kms.Alias(f"{name}-{key}", name=args.organisation.names.alias(key), target_key_id=made.key_id, opts=child(self))
        return made.arn
