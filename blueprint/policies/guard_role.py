"""Role of the guard: it reads what was recorded and what is, appends what it found, and may reject. It can't approve.

Sources: Service Authorization Reference (condition keys of UpdateModelPackage); botocore sagemaker (a request without
life cycle leaves it as it is).
"""

from __future__ import annotations

from blueprint.organisation import Organisation
from blueprint.policies import trust
from blueprint.policies.artifact_bucket import ARTIFACTS
from blueprint.policies.conditions import APPROVAL_STATUS, LIFECYCLE_STAGE, via
from blueprint.policies.documents import allow, deny, document
from blueprint.policies.function_parts import (
    STATE,
    function_logs,
    governance_key_through,
    ledger_rights,
    own_metrics,
    queue_rights,
    table_arns,
)
from blueprint.policies.roles import DECIDE, READ_VERSIONS, KeyArns, RoleSpec, version_arns

REJECTED = "Rejected"


def guard_role(organisation: Organisation, keys: KeyArns) -> RoleSpec:
    """Judge versions by ledger and registry; set `Rejected` where the configuration says so, and nothing else."""
    names, region = organisation.names, organisation.region
    bucket = names.bucket_arn(organisation.hub)
    (state,) = table_arns(organisation, STATE)
    rejects = {"StringEquals": {APPROVAL_STATUS: REJECTED}, "Null": {LIFECYCLE_STAGE: "true"}}
    decide = [] if organisation.guard == "alarm" else [
        allow("Reject", DECIDE, version_arns(organisation), condition=rejects)
    ]  # fmt: skip
    return RoleSpec(
        name=names.hub_role("guard"),
        description="Reject versions that must not be approved; approve none",
        trust=trust.trust(trust.function()),
        policies={
            "queue": queue_rights(organisation, "guard-jobs", "guard-jobs-dlq"),
            "registry": document(
                allow("ReadBack", READ_VERSIONS, version_arns(organisation)),
                *decide,
                # A negated operator matches an absent key, too: a request without a status is refused.
                deny(
                    "NeverApprove", DECIDE, ["*"], condition={"StringNotEquals": {APPROVAL_STATUS: REJECTED}}
                ),
                deny("NeverMove", DECIDE, ["*"], condition={"Null": {LIFECYCLE_STAGE: "false"}}),
                deny("NeverRegister", ["sagemaker:CreateModelPackage"], ["*"]),
            ),
            "ledger": ledger_rights(organisation, allow("ReadState", ["dynamodb:GetItem"], [state]), begins=False),
            "artifacts": document(allow("ReadChecksum", ["s3:GetObject"], [f"{bucket}/{ARTIFACTS}/*"])),
            "keys": document(
                *governance_key_through(organisation, keys.governance),
                # DescribeModelPackage decrypts as the caller where a version's card is encrypted (botocore sagemaker);
                # a HEAD with checksum mode decrypts (AmazonS3 API HeadObject).
                allow("DecryptCards", ["kms:Decrypt"], [keys.artifacts], condition=via(["sagemaker"], region)),
                allow("DecryptThroughS3", ["kms:Decrypt"], [keys.artifacts], condition=via(["s3"], region)),
            ),
            "metrics": own_metrics(),
            "logs": function_logs(organisation, "guard", keys.governance),
        },
    )  # fmt: skip
