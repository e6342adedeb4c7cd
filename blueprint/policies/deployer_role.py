"""The deployer: it serves approved versions in a spoke, and reads nothing of them.

Sources: developer guide, model-registry-deploy (CreateModel on the shared version beside the model), sagemaker-roles
(the role that is passed reads artifact and image, the caller of CreateEndpoint needs a grant of the volumes' key),
security_iam_id-based-policy-examples (PassedToService); Service Authorization Reference (resource types).
"""

from __future__ import annotations

from blueprint.organisation import Organisation, Spoke
from blueprint.policies import trust
from blueprint.policies.conditions import GRANT_FOR_AWS, PASSED_TO, via
from blueprint.policies.documents import Statement, allow, both, deny_elsewhere, document
from blueprint.policies.roles import RoleSpec, nothing_else, read_registry, version_arns

SAGEMAKER = "sagemaker.amazonaws.com"
PASS = ("iam:PassRole",)
MAKE_MODEL = ("sagemaker:CreateModel",)
SERVE = (
    "sagemaker:AddTags",
    "sagemaker:CreateEndpoint",
    "sagemaker:CreateEndpointConfig",
    "sagemaker:DeleteEndpoint",
    "sagemaker:DeleteEndpointConfig",
    "sagemaker:DeleteModel",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeModel",
    "sagemaker:UpdateEndpoint",
)
SERVED = ("endpoint", "endpoint-config", "model")
LIST_SERVED = ("sagemaker:ListEndpointConfigs", "sagemaker:ListEndpoints", "sagemaker:ListModels")
GRANT = ("kms:CreateGrant",)
DESCRIBE_KEY = ("kms:DescribeKey",)


def deployer_role(organisation: Organisation, spoke: Spoke) -> RoleSpec | None:
    """Make models of registered versions, and endpoints of these; None where nobody is named to do so.

    What it can't be kept from by a policy is a model of an image and an artifact's URL: CreateModel has no condition
    key for either. The role that it passes reads only what carries its stage's tag, and the inventory tells what was
    never registered.
    """
    stage = organisation.stage(spoke.stage)
    if not stage.deployers:
        return None
    names = organisation.names
    base = f"arn:{names.partition}:sagemaker:{organisation.region}:{spoke.account}"
    serving = [names.role_arn(spoke.account, names.role(spoke.stack, "serving"))]
    deployers = [
        who if who.startswith("arn:") else names.role_arn(spoke.account, who) for who in stage.deployers
    ]  # fmt: skip
    policies = {
        "registry": document(*read_registry(organisation)),
        "serve": document(
            allow("MakeModels", MAKE_MODEL, [f"{base}:model/*"]),
            # Of a version that another account shares, as that account's group policy or share must allow, too.
            allow("OfVersions", MAKE_MODEL, version_arns(organisation)),
            allow("Serve", SERVE, [f"{base}:{kind}/*" for kind in SERVED]),
            allow("ListServed", LIST_SERVED, ["*"]),
            allow("PassServing", PASS, serving, condition={"StringEquals": {PASSED_TO: SAGEMAKER}}),
        ),
    }
    if spoke.volume_key is not None:
        policies["volumes"] = document(*_volumes(spoke.volume_key, organisation.region))
    return RoleSpec(
        name=names.role(spoke.stack, "deployer"),
        description=f"Serve approved models in {spoke.stack}, and read none",
        # People and pipelines alike say who they are. No MFA: a pipeline has none.
        trust=trust.trust(trust.people("DeployersServe", deployers, require_mfa=False)),
        policies={
            **policies,
            "never": document(deny_elsewhere("NeverPassAnother", PASS, serving), nothing_else(policies.values())),
        },
    )


def _volumes(key: str, region: str) -> list[Statement]:
    """SageMaker makes a grant on the volumes' key for the caller of CreateEndpoint and UpdateEndpoint."""
    through = via(["sagemaker"], region)
    return [
        allow("GrantVolumes", GRANT, [key], condition=both(through, {"Bool": {GRANT_FOR_AWS: "true"}})),
        allow("DescribeVolumesKey", DESCRIBE_KEY, [key], condition=through),
    ]
