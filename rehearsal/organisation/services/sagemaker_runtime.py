"""SageMaker Runtime: invoking endpoints, whose containers really load the artifact that their role could read.

Sources: botocore sagemaker-runtime service-2: InvokeEndpoint; error words as callers met them ("Endpoint … of account …
not found.", "Received client error (415) from primary …").
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from rehearsal.organisation.containers.pool import COMPONENT, Answer
from rehearsal.organisation.core import ApiError, Call, Need, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.cloudwatch.endpoint_load import SERVING
from rehearsal.organisation.services.sagemaker.containers import Loaded
from rehearsal.organisation.services.sagemaker.fleets import fleet
from rehearsal.organisation.services.sagemaker.hosting import Hosted, hosted_arn, hosting
from rehearsal.organisation.services.sagemaker.needs import own_tag_keys

SERVICE = "sagemaker-runtime"
OK, NO_CONTENT, FIRST_SERVER_ERROR = 200, 204, 500

takes(SERVICE, "InvokeEndpoint", members=("Accept", "Body", "ContentType", "EndpointName", "TargetVariant"))


def find_endpoint(org: Organisation, account: str, region: str, name: str) -> Hosted | None:
    """An endpoint by its name, which is case-insensitive (botocore sagemaker service-2: CreateEndpointInput)."""
    held = hosting(org, account, region).kinds["endpoint"]
    return next((one for known, one in held.items() if known.lower() == name.lower()), None)


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    """On the endpoint's ARN in lower case, as denials of InvokeEndpoint name it (philschmid/cdk-samples#2)."""
    name = call.params["EndpointName"]
    found = find_endpoint(org, call.caller.account, call.region, name)
    arn = hosted_arn(call.caller.account, call.region, "endpoint", name.lower())
    yield Need("sagemaker:InvokeEndpoint", arn, call.caller.account, own_tag_keys(found.tags) if found else {})


@serves(
    SERVICE, "InvokeEndpoint", needs=_needs, locked=False, fidelity="emulated",
    source="botocore sagemaker-runtime service-2: InvokeEndpoint; aws/sagemaker-xgboost-container (algorithm mode)",
    note="models of one container of AWS's XGBoost image, which is played by XGBoost itself on csv; a model that can't "
    "be loaded fails here, at AWS its deployment does; no capture of data, no shadow traffic; its time is real",
)  # fmt: skip
def invoke_endpoint(org: Organisation, call: Call) -> Params:
    params, account = call.params, call.caller.account
    with org.lock:
        found = find_endpoint(org, account, call.region, params["EndpointName"])
        if found is None or found.record["EndpointStatus"] not in SERVING:
            raise ApiError("ValidationError", f"Endpoint {params['EndpointName']} of account {account} not found.")
        name = found.record["EndpointName"]
        running = fleet(org, account, call.region, name).containers
        variant = _variant(org, found, params.get("TargetVariant"))
        containers = running.get(variant, [])
    if len(containers) != 1 or containers[0].artifact is None or containers[0].image is None:
        raise NotEmulated(f"sagemaker-runtime: a variant with {len(containers)} containers, or one without artifact")
    answer = _asked(org, containers[0], params)
    if answer.status not in (OK, NO_CONTENT):
        raise _model_error(call, name, answer)
    return {"Body": answer.body, "ContentType": answer.content_type, "InvokedProductionVariant": variant}


def _variant(org: Organisation, endpoint: Hosted, target: str | None) -> str:
    """The variant asked for, else one by the weights, from the organisation's seed."""
    variants = endpoint.record["ProductionVariants"]
    names = [str(one["VariantName"]) for one in variants]
    if target is not None:
        if target not in names:
            raise ApiError("ValidationError", f"Variant {target} of endpoint {endpoint.arn} not found.")
        return target
    dice: random.Random = org.state(SERVICE, "", "").setdefault("dice", random.Random(org.seed))  # noqa: S311
    return dice.choices(names, [max(float(one["CurrentWeight"]), 1e-9) for one in variants])[0]


def _asked(org: Organisation, container: Loaded, params: Params) -> Answer:
    body = params["Body"]
    sent: bytes = body.read() if hasattr(body, "read") else body
    answer: Answer = org.component(COMPONENT).invoke(
        container.image, container.artifact, container.environment, sent,
        params.get("ContentType", ""), params.get("Accept", ""),
    )  # fmt: skip
    return answer


def _model_error(call: Call, endpoint: str, answer: Answer) -> ApiError:
    """What the container said, and where its log would be."""
    told = answer.body.decode("utf-8", "replace")
    if not answer.status:
        told = "Your invocation timed out while waiting for a response from container primary."
    side = "client" if 0 < answer.status < FIRST_SERVER_ERROR else "server"
    return ApiError(
        "ModelError",
        f'Received {side} error ({answer.status}) from primary with message "{told}". See the log group '
        f"/aws/sagemaker/Endpoints/{endpoint} in account {call.caller.account} for more information.",
        424,
        OriginalStatusCode=answer.status,
        OriginalMessage=told,
        LogStreamArn=f"arn:aws:logs:{call.region}:{call.caller.account}:log-group:/aws/sagemaker/Endpoints/{endpoint}",
    )
