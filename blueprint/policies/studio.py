"""What an execution role needs so that people can work in Studio with it: one inline policy, `studio`.

Sources: dg/studio-updated-jl-admin-guide-permissions and the managed policy AmazonSageMakerFullAccess, whose statements
on Studio compare a space's owner with `${sagemaker:UserProfileName}`: one role serves all profiles of a domain, and
none may work in another's space. Without a session of Studio the variables have no value, and nothing is allowed.
"""

from __future__ import annotations

from blueprint.limits import Document
from blueprint.names import HUB
from blueprint.organisation import Organisation
from blueprint.policies.documents import Condition, Statement, allow, document
from blueprint.policies.library_bucket import NOTEBOOKS

OWNER = "sagemaker:OwnerUserProfileArn"
SHARING = "sagemaker:SpaceSharingType"
TAGGING_ACTION = "sagemaker:TaggingAction"
DOMAIN = "${sagemaker:DomainId}"
PROFILE = "${sagemaker:UserProfileName}"
LOG_GROUP = "/aws/sagemaker/studio"
"""Where Studio writes what applications and lifecycle scripts say (dg/monitoring-cloudwatch logging)."""


def studio_rights(organisation: Organisation, stack: str, account: str) -> dict[str, Document]:
    """The policy by its name; empty where the stack's stage has no Studio.

    The library is encrypted with the artifact key, which the role may use through S3 anyway.
    """
    if stack != HUB and not organisation.stage(organisation.spoke(stack).stage).studio:
        return {}
    names, region = organisation.names, organisation.region
    studio = f"arn:{names.partition}:sagemaker:{region}:{account}"
    logs = f"arn:{names.partition}:logs:{region}:{account}:log-group:{LOG_GROUP}"
    own = f"{studio}:user-profile/{DOMAIN}/{PROFILE}"
    own_space: Condition = {"ArnLike": {OWNER: own}, "StringEquals": {SHARING: "Private"}}
    library = names.bucket_arn(organisation.hub, "notebooks")
    return {
        "studio": document(
            # What Studio shows: it asks for each of these when it opens.
            allow(
                "SeeStudio",
                ["sagemaker:DescribeApp", "sagemaker:DescribeDomain", "sagemaker:DescribeSpace",
                 "sagemaker:DescribeUserProfile"],
                [f"{studio}:app/*", f"{studio}:domain/*", f"{studio}:space/*", f"{studio}:user-profile/*"],
            ),
            # No resource types (Service Authorization Reference).
            allow(
                "ListStudio",
                ["sagemaker:ListApps", "sagemaker:ListDomains", "sagemaker:ListSpaces", "sagemaker:ListUserProfiles"],
                ["*"],
            ),
            # Opening an application from Studio goes by an address that is signed for one's own profile.
            allow("OpenOwnApplications", ["sagemaker:CreatePresignedDomainUrl"], [own]),
            # Start and stop JupyterLab in one's own private space, and choose its instance before; spaces themselves
            # are the program's.
            allow(
                "RunInOwnSpace", ["sagemaker:CreateApp", "sagemaker:DeleteApp"], [f"{studio}:app/{DOMAIN}/*"],
                condition=own_space,
            ),
            allow(
                "ChangeOwnSpace", ["sagemaker:UpdateSpace"], [f"{studio}:space/{DOMAIN}/*"], condition=own_space
            ),
            # The domain's tags go to what is started in it, as part of the call that starts it.
            allow(
                "TagWhatIsStarted", ["sagemaker:AddTags"], [f"{studio}:app/*"],
                condition={"StringEquals": {TAGGING_ACTION: "CreateApp"}},
            ),
            allow("FetchNotebooks", ["s3:GetObject"], [f"{library}/{NOTEBOOKS}/*"]),
            *_trials(organisation, stack, studio),
            allow(
                "WriteStudioLog",
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [f"{logs}:*"],
            ),
        )
    }  # fmt: skip


def _trials(organisation: Organisation, stack: str, arns: str) -> list[Statement]:
    """Validators of a later stage try what their account serves."""
    if stack == HUB or organisation.spoke(stack).stage == organisation.first_stage.name:
        return []
    return [allow("TryEndpoints", ["sagemaker:InvokeEndpoint"], [f"{arns}:endpoint/*"])]
