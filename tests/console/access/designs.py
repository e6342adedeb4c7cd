"""Two published designs as facts: who may do what in them, bound to this installation's names, so that the same claims
judge them.

The reference system: its templates' roles, share, key, bucket policy and API, as docs/reference-system.md lists them.
A published design: a statement for data scientists beside a matrix that says they may not approve.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from blueprint.intent import Intent, intent
from blueprint.intent.model import Facts, Parts
from console.access.estate import Estate, Share, Slot, SlotKind
from tests.blueprint.samples import DEV, HUB, KEYS, REGION, TEST, organisation

OF = organisation()
NAMES = OF.names
BUCKET = NAMES.bucket_arn(HUB)
GROUP, VERSIONS = NAMES.group_arn(HUB, OF.groups[0]), NAMES.versions_arn(HUB, OF.groups[0])
ROLES = {
    "hub": NAMES.role_arn(HUB, NAMES.hub_role("execution")),
    "dev": NAMES.role_arn(DEV, NAMES.role("dev", "execution")),
    "test": NAMES.role_arn(TEST, NAMES.role("test", "execution")),
}
ROUTE = f"arn:aws:execute-api:{REGION}:{TEST}:a1b2c3d4e5/*/GET/myresource"
WRITER = NAMES.role_arn(HUB, "SageMakerModelEndpointMetricsDDBRole")
USE_KEY = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:CreateGrant"]
SHARED = [
    "sagemaker:DescribeModelPackageGroup", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages",
    "sagemaker:UpdateModelPackage", "sagemaker:DeleteModelPackage", "sagemaker:CreateModelPackage",
    "sagemaker:CreateModel",
]  # fmt: skip


def _allow(actions: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _slot(kind: SlotKind, owner: str, name: str, *statements: dict[str, Any]) -> Slot:
    return Slot(kind=kind, owner=owner, name=name, document=_document(*statements))


@functools.cache
def full_access() -> dict[str, Any]:
    """AmazonSageMakerFullAccess as AWS publishes it (moto carries a copy)."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    document: dict[str, Any] = json.loads(aws_managed_policies_data)["AmazonSageMakerFullAccess"]["Document"]
    return document


def reference_system() -> tuple[Estate, Intent]:
    """The reference system's templates."""
    works = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    spokes = [ROLES["dev"], ROLES["test"]]
    roots = [f"arn:aws:iam::{account}:root" for account in (DEV, TEST)]
    both = [BUCKET, f"{BUCKET}/*"]
    slots = [
        *(_slot("trust", arn, f"trust of {stack}", works) for stack, arn in ROLES.items()),
        *(
            Slot(kind="identity", owner=arn, name=f"{stack}/AmazonSageMakerFullAccess", document=full_access())
            for stack, arn in ROLES.items()
        ),
        *(
            _slot("identity", arn, "kms-cross-account-policy", _allow(USE_KEY, KEYS.artifacts)) for arn in spokes
        ),
        _slot(
            "identity", ROLES["dev"], "hub-bucket",
            _allow(["s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:CreateBucket",
                    "s3:DeleteBucket"], both),
            _allow("sagemaker:Search", "*"),
        ),
        _slot("identity", ROLES["test"], "hub-bucket", _allow(["s3:ListBucket", "s3:GetObject", "s3:PutObject"], both)),
        _slot(
            "trust", WRITER, "trust of SageMakerModelEndpointMetricsDDBRole",
            {"Effect": "Allow", "Principal": {"AWS": roots}, "Action": "sts:AssumeRole"},
        ),
        _slot(
            "identity", WRITER, "endpoint-rows",
            _allow("dynamodb:PutItem", NAMES.table_arn(HUB, "sagemakermodelendpoints")),
        ),
        _slot(
            "resource", KEYS.artifacts, "key policy my-encryption-key",
            _allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{HUB}:root"}),
            _allow(USE_KEY, "*", Principal={"AWS": spokes}),
        ),
        _slot(
            "resource", BUCKET, "bucket policy",
            _allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], both, Principal={"AWS": [*ROLES.values()]}),
        ),
        Slot(
            kind="share", owner="permission", name="RAM permission ResourceShareCustomPermissions",
            document={"Effect": "Allow", "Action": SHARED},
        ),
    ]  # fmt: skip
    share = Share(arn="share", permissions=("permission",), principals=(DEV, TEST), resources=(GROUP,))
    estate = Estate(
        slots=tuple(slots), roles=(*ROLES.values(), WRITER), shares=(share,), apis={ROUTE: "NONE"},
        source="the reference system",
    )  # fmt: skip
    return estate, _intent(routes=(ROUTE,))


def published_design(*, tests_approval: bool = False) -> tuple[Estate, Intent]:
    """The statement of the design, and the same with the condition that its matrix needs."""
    keys = {"sagemaker:ModelLifeCycle:stage": "Development"}
    condition: dict[str, Any] = {"StringEquals": keys}
    if tests_approval:
        condition["Null"] = {"sagemaker:ModelApprovalStatus": "true"}
        condition["StringNotEquals"] = {"sagemaker:ModelLifeCycle:stageStatus": ["Approved", "Rejected"]}
    granted = ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage", "sagemaker:DescribeModelPackage"]
    slots = (
        _slot("identity", ROLES["dev"], "data-scientist", _allow(granted, VERSIONS, Condition=condition)),
        _slot(
            "resource",
            GROUP,
            "group policy",
            _allow(granted, [GROUP, VERSIONS], Principal={"AWS": f"arn:aws:iam::{DEV}:root"}),
        ),
    )
    return Estate(slots=slots, roles=(ROLES["dev"],), source="a published design"), _intent()


def _intent(routes: tuple[str, ...] = ()) -> Intent:
    parts = {"test": Parts(endpoints=("CreditRisk",), routes=routes)} if routes else {}
    facts = Facts(
        artifacts_key=KEYS.artifacts, governance_key=KEYS.governance, anchors_key=KEYS.anchors, parts=parts
    )  # fmt: skip
    return intent(OF, facts)
