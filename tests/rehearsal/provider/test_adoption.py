"""Taking over what exists, and renaming it, with the program's own components under the real engine."""

from __future__ import annotations

from typing import Any

from rehearsal.engine import ROOT
from tests.rehearsal.provider.conftest import REGION, STACK, Stack

BUCKET = "models-of-old"
GROUP = "ModelCreditRisk"

PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from blueprint.adoption import Adoption
from components.artifacts import Artifacts, ArtifactsArgs
from components.kms import Keys, KeysArgs
from components.options import renamed_from
from components.registry import Registry, RegistryArgs
from tests.blueprint.samples import SPOKES, organisation

of = organisation(spokes=SPOKES[:1], buckets=(("artifacts", {bucket!r}),))
adopt = Adoption(buckets=frozenset(["artifacts"]), keys={{"artifacts": {key!r}}}, groups=frozenset([{group!r}]))
keys = Keys("hub", KeysArgs(organisation=of, deletion_days=7, stateful="destroy", adopt=adopt), here)
Registry("hub", RegistryArgs(organisation=of, stateful="destroy", adopt=adopt), here)
Artifacts({name!r}, ArtifactsArgs(organisation=of, key_arn=keys.artifact_arn, stateful="destroy", adopt=adopt),
          renamed_from(here, *{former!r}))
"""


def program(key: str, name: str, *former: str) -> str:
    return PROGRAM.format(root=str(ROOT), bucket=BUCKET, group=GROUP, key=key, name=name, former=former)


def existing(stack: Stack) -> str:
    """A bucket, a key and a group that somebody made by hand; returns the key's id."""
    place: Any = {"LocationConstraint": REGION}
    stack.aws("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    stack.aws("sagemaker").create_model_package_group(
        ModelPackageGroupName=GROUP, ModelPackageGroupDescription="By hand"
    )
    return str(stack.aws("kms").create_key(Description="By hand")["KeyMetadata"]["KeyId"])


def test_what_exists_is_taken_over_protected_and_keeps_its_place_when_it_is_renamed(stack: Stack) -> None:
    """Guards: an adoption that makes something anew, leaves it open to `destroy`, or is undone by a rename."""
    key = existing(stack)
    stack.program(program(key, "hub-artifacts"))
    try:
        stack.engine.up(STACK)
        exported = stack.engine.export(STACK)["deployment"]["resources"]
        protected = {item.get("id") for item in exported if item.get("protect")}
        assert {BUCKET, key, GROUP} <= protected, "whatever the setting says"
        held = stack.aws("sagemaker").describe_model_package_group(ModelPackageGroupName=GROUP)
        assert held["ModelPackageGroupDescription"] == "By hand"
        described = stack.aws("kms").describe_key(KeyId=key)["KeyMetadata"]["Description"]
        assert described == "Encrypts model artifacts, used by the spokes through S3"
        stack.engine.preview(STACK, expect_no_changes=True)

        stack.program(program(key, "models", "hub-artifacts"))
        assert set(stack.engine.preview(STACK).counts) == {"same"}
    finally:
        stack.engine.run(["state", "unprotect", "--all", "--yes", "--stack", STACK])
