"""What the register notebook needs of an installation, made by boto3 of the blueprint's own policies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from blueprint.library import Published
from blueprint.limits import compact
from blueprint.organisation import Organisation
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.bus import governance_bus
from blueprint.policies.deployer_role import deployer_role
from blueprint.policies.function_roles import approval_role
from blueprint.policies.keys import artifact_key
from blueprint.policies.library_bucket import library_bucket
from blueprint.policies.roles import KeyArns, RoleSpec
from blueprint.policies.shares import RESOURCE_TYPE, shares
from blueprint.policies.spoke_roles import execution_role, serving_role
from rehearsal.organisation.control import Control, boto_session
from rehearsal.organisation.core import Credentials
from rehearsal.organisation.emulator import Emulator

SAGEMAKER = "sagemaker.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Installation:
    """An emulated hub and dev account, as the program leaves them."""

    org: Emulator
    control: Control
    organisation: Organisation
    key_arn: str
    groups: dict[str, str]

    @classmethod
    def bring_up(cls, org: Emulator, organisation: Organisation, files: tuple[Published, ...]) -> Installation:
        control = Control(org.endpoint)

        def hub(service: str) -> Any:
            return control.client("hub", None, service)

        key_arn = hub("kms").create_key(Policy=compact(artifact_key(organisation)))["KeyMetadata"]["Arn"]
        groups = {
            group: hub("sagemaker").create_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
            for group in organisation.groups
        }
        made = cls(org, control, organisation, key_arn, groups)
        names = organisation.names
        made._bucket(names.bucket(organisation.hub), compact(artifact_bucket(organisation, key_arn)))
        library = names.bucket(organisation.hub, "notebooks")
        made._bucket(library, compact(library_bucket(organisation)))
        for file in files:
            hub("s3").put_object(Bucket=library, Key=f"notebooks/{file.sha256}/{file.name}", Body=file.content)
        made._shares()
        hub("events").create_event_bus(Name=names.bus)
        policy = governance_bus(organisation)
        assert policy is not None
        hub("events").put_permission(EventBusName=names.bus, Policy=compact(policy))
        made._role("hub", approval_role(organisation, KeyArns(key_arn, key_arn, key_arn)))
        for spoke in organisation.spokes:
            for role in (execution_role(organisation, spoke, key_arn), serving_role(organisation, spoke, key_arn)):
                made._role(spoke.stack, role)
            deployer = deployer_role(organisation, spoke)
            if deployer is not None:
                made._role(spoke.stack, deployer)
        return made

    def _bucket(self, name: str, policy: str) -> None:
        storage = self.control.client("hub", None, "s3")
        storage.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.organisation.region})
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key_arn}
        storage.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]
            },
        )
        storage.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        storage.put_bucket_policy(Bucket=name, Policy=policy)

    def _shares(self) -> None:
        ram = self.control.client("hub", None, "ram")
        for share in shares(self.organisation):
            permission = ram.create_permission(
                name=f"p-{share.level}", resourceType=RESOURCE_TYPE, policyTemplate=compact(share.template)
            )["permission"]["arn"]
            ram.create_resource_share(
                name=share.level, resourceArns=list(self.groups.values()), permissionArns=[permission],
                principals=[one.identifier for one in share.principals], allowExternalPrincipals=False,
            )  # fmt: skip

    def _role(self, account: str, spec: RoleSpec) -> None:
        iam = self.control.client(account, None, "iam")
        iam.create_role(RoleName=spec.name, AssumeRolePolicyDocument=compact(spec.trust))
        for name, policy in spec.policies.items():
            iam.put_role_policy(RoleName=spec.name, PolicyName=name, PolicyDocument=compact(policy))

    def session(self, stack: str) -> Credentials:
        """What an application of Studio works with: SageMaker's session of the execution role."""
        spoke, names = self.organisation.spoke(stack), self.organisation.names
        return self.control.assume_as_service(
            SAGEMAKER, names.role_arn(spoke.account, names.role(stack, "execution")), session_name="SageMaker",
            source_arn=f"arn:aws:sagemaker:{self.organisation.region}:{spoke.account}:app/d-x/s/JupyterLab/default",
            source_account=spoke.account,
        )  # fmt: skip

    def approve(self, version: str, stage: str) -> None:
        """What approver and approval function do: a deployable version, whose artifact the stage may serve."""
        registry = self.control.client("hub", None, "sagemaker")
        registry.update_model_package(ModelPackageArn=version, ModelApprovalStatus="Approved")
        described = registry.describe_model_package(ModelPackageName=version)
        url = described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        bucket, _, key = url.removeprefix("s3://").partition("/")
        names, hub = self.organisation.names, self.organisation.hub
        approval = self.control.assume_as_service(
            "lambda.amazonaws.com", names.role_arn(hub, names.hub_role("approval")), session_name="approval"
        )
        storage = boto_session(approval, self.organisation.region).client("s3", endpoint_url=self.org.endpoint)
        object_version = self.control.client("hub", None, "s3").head_object(Bucket=bucket, Key=key).get("VersionId")
        storage.put_object_tagging(
            Bucket=bucket, Key=key, VersionId=object_version, Tagging={"TagSet": [{"Key": stage, "Value": "approved"}]}
        )

    def deployer(self, stack: str) -> Credentials:
        """A person of the stage's `deployers`, as the deployer, saying who it is."""
        names, spoke = self.organisation.names, self.organisation.spoke(stack)
        (person,) = self.organisation.stage(spoke.stage).deployers
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{spoke.account}:root"}, "Action": "sts:*"}
        rights = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"], "Resource": "*"}
        iam = self.control.client(stack, None, "iam")
        iam.create_role(RoleName=person, AssumeRolePolicyDocument=_document(trust))
        iam.put_role_policy(RoleName=person, PolicyName="rights", PolicyDocument=_document(rights))
        answer = self.control.client(stack, person, "sts").assume_role(
            RoleArn=names.role_arn(spoke.account, names.role(stack, "deployer")), RoleSessionName="dora",
            SourceIdentity="dora",
        )  # fmt: skip
        keys = answer["Credentials"]
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], keys["Expiration"], "")


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def environment(org: Emulator, credentials: Credentials, home: str, path: str) -> dict[str, str]:
    """A process in the space: its home, its role's credentials, the emulated endpoints."""
    return {
        "HOME": home, "PATH": path, "AWS_ENDPOINT_URL": org.endpoint, "AWS_DEFAULT_REGION": org.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.session_token, "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip


def code_of(notebook: bytes) -> str:
    """A notebook's code cells, one after the other."""
    cells = json.loads(notebook)["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
