"""Batch transform jobs: a model applied to objects. No container runs, so no output is written.

Source: botocore sagemaker service-2: CreateTransformJob; the event: developer guide,
automating-sagemaker-with-eventbridge.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import datetime

from rehearsal.organisation.core import ApiError, Call, Need, Organisation, Params, serves, takes

from .containers import load
from .hosting import Hosted, add, find, hosted_arn, listed, named, need, refuse_members, with_tags
from .needs import Context, anywhere
from .package_events import SOURCE, iso
from .registry import invalid, now
from .transitions import later, move

_MODEL = "botocore sagemaker service-2: "
DETAIL_TYPE = "SageMaker Transform Job State Change"
_KEPT = (
    "TransformJobName", "ModelName", "MaxConcurrentTransforms", "ModelClientConfig", "MaxPayloadInMB", "BatchStrategy",
    "Environment", "TransformInput", "TransformOutput", "TransformResources", "DataProcessing",
)  # fmt: skip
_OUTPUT = frozenset({"S3OutputPath", "Accept", "AssembleWith"})
_RESOURCES = frozenset({"InstanceType", "InstanceCount"})
_SUMMARY = (
    "TransformJobName", "TransformJobArn", "CreationTime", "TransformEndTime", "LastModifiedTime",
    "TransformJobStatus", "FailureReason",
)  # fmt: skip
_HIDDEN = ("LastModifiedTime",)
"""Members that ListTransformJobs shows and DescribeTransformJob doesn't."""
_TOLD = (
    "TransformJobName", "TransformJobArn", "TransformJobStatus", "FailureReason", "ModelName",
    "MaxConcurrentTransforms", "MaxPayloadInMB", "BatchStrategy", "Environment", "TransformInput", "TransformOutput",
    "TransformResources", "CreationTime", "TransformStartTime", "TransformEndTime",
)  # fmt: skip
takes("sagemaker", "CreateTransformJob", members=(*_KEPT, "Tags"))


def _needs(org: Organisation, call: Call) -> Iterator[Need]:
    params = call.params
    context: Context = {
        "sagemaker:InstanceTypes": [params["TransformResources"]["InstanceType"]],
        "sagemaker:ModelArn": hosted_arn(call.owner, call.region, "model", params["ModelName"]),
    }
    yield from with_tags(call, need(org, call, "transform-job", params["TransformJobName"], context))


@serves(
    "sagemaker", "CreateTransformJob", needs=_needs, fidelity="emulated",
    source=_MODEL + "CreateTransformJob; automating-sagemaker-with-eventbridge",
    note="no container runs: input isn't read, output isn't written; Completed after 1 s of the clock if the model's "
    "role may read the artifact, else Failed; keys, data capture and experiments are refused",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    refuse_members("CreateTransformJob in TransformOutput", params["TransformOutput"], _OUTPUT)
    refuse_members("CreateTransformJob in TransformResources", params["TransformResources"], _RESOURCES)
    model = find(org, call, "model", params["ModelName"]).record
    time = now(org)
    record = {name: copy.deepcopy(params[name]) for name in _KEPT if params.get(name) is not None}
    record |= {
        "TransformJobArn": hosted_arn(call.owner, call.region, "transform-job", params["TransformJobName"]),
        "TransformJobStatus": "InProgress",
        "CreationTime": time,
        "TransformStartTime": time,
        "LastModifiedTime": time,
    }
    job = add(org, call, "transform-job", record)
    _announce(org, call, job)

    def finish() -> None:
        if record["TransformJobStatus"] != "InProgress":
            return
        try:
            load(org, call, model)
        except ApiError as error:
            record["FailureReason"] = error.message
        _end(org, call, job, "Failed" if "FailureReason" in record else "Completed")

    later(org, job, finish)
    return {"TransformJobArn": job.arn}


def _end(org: Organisation, call: Call, job: Hosted, status: str) -> None:
    move(org, "transform-job", job, status)
    job.record["TransformEndTime"] = job.record["LastModifiedTime"]
    _announce(org, call, job)


@serves(
    "sagemaker", "StopTransformJob", needs=named("transform-job"), fidelity="emulated",
    source=_MODEL + "StopTransformJob", note="stopped after 1 s of the clock",
)  # fmt: skip
def stop(org: Organisation, call: Call) -> Params:
    job = find(org, call, "transform-job", call.params["TransformJobName"])
    if job.record["TransformJobStatus"] != "InProgress":
        raise invalid(f'The job "{job.arn}" is {job.record["TransformJobStatus"]}: it can\'t be stopped.')
    move(org, "transform-job", job, "Stopping")
    _announce(org, call, job)
    later(org, job, lambda: _end(org, call, job, "Stopped"))
    return {}


def _announce(org: Organisation, call: Call, job: Hosted) -> None:
    """Tell the job's status as the documented sample does: times as ISO text, tags as a map."""
    detail = {member: copy.deepcopy(job.record[member]) for member in _TOLD if member in job.record}
    told = {member: iso(value) if isinstance(value, datetime) else value for member, value in detail.items()}
    org.emit(call.owner, call.region, SOURCE, DETAIL_TYPE, told | {"Tags": dict(job.tags)}, [job.arn])


@serves("sagemaker", "DescribeTransformJob", needs=named("transform-job"), source=_MODEL + "DescribeTransformJob")
def describe(org: Organisation, call: Call) -> Params:
    record = find(org, call, "transform-job", call.params["TransformJobName"]).record
    return {member: copy.deepcopy(value) for member, value in record.items() if member not in _HIDDEN}


@serves("sagemaker", "ListTransformJobs", needs=anywhere, source=_MODEL + "ListTransformJobs")
def list_jobs(org: Organisation, call: Call) -> Params:
    return listed(org, call, "transform-job", "TransformJobSummaries", _SUMMARY)
