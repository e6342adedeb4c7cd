"""The keys of an installation: of artifacts, shared with the spokes; of tables, queues and logs, the hub's own; and
the key that signs the anchors.

Owns keys, their policies and aliases. Rotation of the encrypting keys is AWS's own, yearly; an asymmetric key has none
(kms rotate-keys). A key that waits for its deletion makes its data unreadable: hence the window of the settings, and
the protection. The signing key stays in AWS whatever becomes of the stack, but for trials: an anchor is proved by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from blueprint.adoption import NOTHING, Adoption
from blueprint.limits import Document, compact
from blueprint.names import Key
from blueprint.organisation import Organisation
from blueprint.policies.keys import anchor_key, artifact_key, governance_key
from blueprint.stateful import Stateful
from components.options import child, stateful_child


@dataclass(frozen=True, kw_only=True, slots=True)
class KeysArgs:
    organisation: Organisation
    deletion_days: int
    stateful: Stateful
    adopt: Adoption = NOTHING


class Keys(pulumi.ComponentResource):
    """ARNs of the keys; the spokes get the artifact key's by the contract, since an alias is their own account's."""

    artifact_arn: pulumi.Output[str]
    governance_arn: pulumi.Output[str]
    anchor_arn: pulumi.Output[str]

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:kms:Keys", name, None, opts)
        organisation = args.organisation
        self.artifact_arn = self._encrypting(
            name,
            "artifacts",
            "Encrypts model artifacts, used by the spokes through S3",
            artifact_key(organisation),
            args,
        )
        self.governance_arn = self._encrypting(
            name, "governance", "Encrypts ledger, queues and logs of the hub", governance_key(organisation), args
        )
        self.anchor_arn = self._signing(name, args)
        self.register_outputs(
            {
                "artifact_arn": self.artifact_arn,
                "governance_arn": self.governance_arn,
                "anchor_arn": self.anchor_arn,
            }
        )

    @property
    def arns(self) -> tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]:
        """In the order of the blueprint's KeyArns."""
        return self.artifact_arn, self.governance_arn, self.anchor_arn

    def _encrypting(
        self, name: str, key: Key, description: str, document: Document, args: KeysArgs
    ) -> pulumi.Output[str]:
        made = kms.Key(
            f"{name}-{key}",
            description=description,
            policy=compact(document),
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_days,
            opts=self._options(key, args),
        )
        return self._aliased(name, key, made, args)

    def _signing(self, name: str, args: KeysArgs) -> pulumi.Output[str]:
        trial = args.stateful == "destroy"
        made = kms.Key(
            f"{name}-anchors",
            description="Signs the anchors of the ledger",
            policy=compact(anchor_key(args.organisation, trial=trial)),
            customer_master_key_spec="ECC_NIST_P256",
            key_usage="SIGN_VERIFY",
            deletion_window_in_days=args.deletion_days,
            opts=pulumi.ResourceOptions.merge(
                self._options("anchors", args), pulumi.ResourceOptions(retain_on_delete=not trial)
            ),
        )
        return self._aliased(name, "anchors", made, args)

    def _options(self, key: Key, args: KeysArgs) -> pulumi.ResourceOptions:
        return stateful_child(self, args.stateful, adopted=args.adopt.keys.get(key))

    def _aliased(self, name: str, key: Key, made: kms.Key, args: KeysArgs) -> pulumi.Output[str]:
        kms.Alias(f"{name}-{key}", name=args.organisation.names.alias(key), target_key_id=made.key_id, opts=child(self))
        return made.arn
