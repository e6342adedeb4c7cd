"""The role of the function behind a spoke's inference API.

It invokes the configured endpoints and writes its own log. Sources: Service Authorization Reference (InvokeEndpoint on
the endpoint); lambda lambda-intro-execution-role (logs).
"""

from __future__ import annotations

from collections.abc import Sequence

from blueprint.limits import Document
from blueprint.organisation import Organisation, Spoke
from blueprint.policies import trust
from blueprint.policies.documents import allow, deny_all_but, document
from blueprint.policies.roles import RoleSpec

INVOKE = ("sagemaker:InvokeEndpoint",)
WRITE_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")


def inference_role(organisation: Organisation, spoke: Spoke, endpoints: Sequence[str]) -> RoleSpec:
    """Invoke these endpoints, and nothing else: no artifact, no other account, no description of what it invokes."""
    names = organisation.names
    log = names.inference_log_group_arn(spoke.account, spoke.stack)
    return RoleSpec(
        name=names.role(spoke.stack, "inference"),
        description=f"Answer the inference API of {spoke.stack} from its endpoints, and do nothing else",
        trust=trust.trust(trust.function()),
        policies={
            "invoke": document(
                allow("InvokeConfigured", INVOKE, endpoint_arns(organisation, spoke, endpoints)),
            ),
            "logs": document(allow("WriteOwnLog", WRITE_LOG, [f"{log}:*"])),
            "never": document(deny_all_but("NothingElse", [*INVOKE, *WRITE_LOG])),
        },
    )


def endpoint_arns(organisation: Organisation, spoke: Spoke, endpoints: Sequence[str]) -> list[str]:
    """An endpoint's ARN is judged with its name in lower case (AccessDenied messages of InvokeEndpoint name it so:
    philschmid/cdk-samples#2), other SageMaker resources' as they were created (aws-solutions/
    research-service-workbench-on-aws#1048). Both stand here: names that differ in case only are one endpoint.
    """
    base = f"arn:{organisation.names.partition}:sagemaker:{organisation.region}:{spoke.account}:endpoint"
    return sorted({f"{base}/{form}" for name in endpoints for form in (name, name.lower())})


def caller_policy(organisation: Organisation, spoke: Spoke, api_id: str, endpoints: Sequence[str]) -> Document:
    """What a caller's role in the account needs, to ask these endpoints through the API (docs/inference.md).

    Source: apigateway http-api-access-control-iam, Service Authorization Reference (execute-api-general).
    """
    base = f"arn:{organisation.names.partition}:execute-api:{organisation.region}:{spoke.account}:{api_id}"
    arns = [f"{base}/$default/POST/endpoints/{name}/invocations" for name in endpoints]
    return document(allow("AskEndpoints", ["execute-api:Invoke"], arns))
