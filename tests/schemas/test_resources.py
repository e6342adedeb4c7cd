"""Every resource of every stack, held against the CloudFormation schemas and rules that cfn-lint packages.

The program's own tests and the stand-in provider know what we believe of AWS; this asks AWS's own data: required
properties, types, enums, patterns, what excludes what, which run times are still accepted.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import validate_parameters
from cfnlint.data import AdditionalSpecs
from cfnlint.helpers import load_resource
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from components.function import RUNTIME
from tests.components.answers import REGION
from tests.schemas.folding import Folded, Stack, fold
from tests.schemas.linting import Problem, problems
from tests.schemas.shapes import Unmapped
from tests.schemas.stacks import STACKS, folded, registered

EXCEPTIONS = {
    ("W3010", "AWS::EC2::Subnet", "AvailabilityZone"): (
        "zones stand in the settings: no data source runs in a preview, and a zone that AWS adds moves no subnet"
    ),
    ("E3002", "AWS::SageMaker::UserProfile", "UserSettings.JupyterLabAppSettings.AppLifecycleManagement"): (
        "CreateUserProfile takes it (botocore sagemaker JupyterLabAppSettings), CloudFormation's type lags behind"
    ),
}
"""Rule, type and path where cfn-lint is right about CloudFormation and we are about the service."""

CREATED_FIRST = {
    "AWS::RAM::Permission": "a share uses it, so the new one must be there first: its name holds its content's digest",
    "AWS::SageMaker::StudioLifecycleConfig": "as RAM's permissions: a domain uses it",
}
"""Named types whose replacement is made before the old one is deleted, by intent."""


def excused(problem: Problem) -> tuple[str, str, str] | None:
    keys = (key for key in EXCEPTIONS if key[:2] == (problem.rule, problem.cfn) and fnmatchcase(problem.path, key[2]))
    return next(keys, None)


def test_every_resource_passes_its_schema() -> None:
    """Guards: an argument that only AWS refuses, halfway through an `up`; and an exception that outlives its resource
    or a mended schema, and hides the next mistake.
    """
    found = problems(resource for label in STACKS for resource in folded(label).resources)
    assert [str(problem) for problem in found if excused(problem) is None] == []
    assert {excused(problem) for problem in found} - {None} == EXCEPTIONS.keys()


def test_resources_without_a_schema_are_calls_that_botocore_takes() -> None:
    """Guards: a type that CloudFormation lacks, and that therefore nobody checks."""
    models = get_session()
    for label in STACKS:
        for call in folded(label).calls:
            shape = models.get_service_model(call.service).operation_model(call.operation).input_shape
            needed = {key: f"{key}-1" for key in shape.required_members if key not in call.parameters}
            validate_parameters({**needed, **call.parameters}, shape)


def _create_only(cfn: str) -> set[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, cfn).schema
    return {path.removeprefix("/properties/").partition("/")[0] for path in schema.get("createOnlyProperties", ())}


def _name(resource: Folded) -> str | None:
    """The create-only property that holds a name of the program's choice, which no second resource may have."""
    names = {key for key in _create_only(resource.cfn) if key.endswith("Name") and key in resource.properties}
    own = {key for key in names if key in (f"{resource.cfn.rpartition('::')[2]}Name", "Name", "GroupName", "RoleName",
                                           "FunctionName", "QueueName", "TopicName", "AlarmName", "BucketName",
                                           "TableName", "LogGroupName", "AliasName")}  # fmt: skip
    return min(own, default=None)


def _identity(resource: Folded) -> str | None:
    """Type and primary identifier, where the program chooses all of it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource.cfn).schema
    keys = [path.removeprefix("/properties/") for path in schema["primaryIdentifier"]]
    values = [resource.properties.get(key) for key in keys]
    return None if None in values else f"{resource.cfn} {values}"


@pytest.mark.parametrize("label", STACKS)
def test_no_two_resources_of_a_stack_are_one(label: str) -> None:
    """Guards: two components that claim one name; the second overwrites the first, or is refused."""
    names = Counter(_identity(resource) for resource in folded(label).resources)
    assert [name for name, times in names.items() if name is not None and times > 1] == []


@pytest.mark.parametrize("label", STACKS)
def test_what_has_a_fixed_name_is_deleted_before_it_is_replaced(label: str) -> None:
    """Guards: a change of a create-only property that AWS refuses, since the name is taken by the old resource."""
    wrong = [
        resource.of
        for resource in folded(label).resources
        if _name(resource) and not resource.registered.delete_before_replace and resource.cfn not in CREATED_FIRST
    ]
    assert wrong == []


def test_the_run_time_is_one_that_functions_may_still_be_made_with() -> None:
    """Guards: a run time of which Lambda makes no new function, found out in the middle of an installation."""
    lifecycle = load_resource(AdditionalSpecs, "LmbdRuntimeLifecycle.json")
    assert RUNTIME in lifecycle, f"cfn-lint knows no run time {RUNTIME}"
    blocked = dt.date.fromisoformat(lifecycle[RUNTIME]["create-block"])
    assert dt.datetime.now(dt.UTC).date() < blocked, f"{RUNTIME} can't be created since {blocked}"


def _one(type_: str, **inputs: Any) -> Stack:
    sample = registered("dev").custom()[0]
    return fold([replace(sample, type=type_, name="one", inputs=inputs, outputs={})])


WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "E3030": ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 31}),
    "E3034": ("aws:sqs/queue:Queue", {"name": "q", "visibilityTimeoutSeconds": 50_000}),
    "E3012": ("aws:sqs/queue:Queue", {"name": "q", "messageRetentionSeconds": "soon"}),
    "E3003": ("aws:sagemaker/modelPackageGroup:ModelPackageGroup", {}),
    "E3031": ("aws:sagemaker/modelPackageGroup:ModelPackageGroup", {"modelPackageGroupName": "a_b"}),
    "E3510": (
        "aws:iam/rolePolicy:RolePolicy",
        {"name": "p", "role": "r", "policy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Permit"}]}'},
    ),
    "E3512": (
        "aws:oam/sinkPolicy:SinkPolicy",
        {"sinkIdentifier": "s", "policy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'},
    ),
}
"""What cfn-lint must find, by rule."""


def test_the_check_tells_right_from_wrong() -> None:
    """Guards the check itself: a template that cfn-lint couldn't read would have no problems."""
    sink = replace(registered("dev").custom()[0], type="aws:oam/sink:Sink", name="s", inputs={"name": "s"})
    parts = [replace(sink, type=type_, name=rule, inputs=inputs, outputs={}) for rule, (type_, inputs) in WRONG.items()]
    stack = fold([replace(sink, outputs={"arn": "s"}), *parts])
    said = problems(stack.resources)
    of_wrong = {"aws:oam/sink:Sink s": "E3512"} | {f"{type_} {rule}": rule for rule, (type_, _) in WRONG.items()}
    assert WRONG.keys() <= {problem.rule for problem in said}
    assert all(of_wrong[problem.of] == problem.rule for problem in said), said


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        ("aws:ec2/instance:Instance", {}),
        ("aws:sqs/queue:Queue", {"fifoQueue": True}),
        ("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "nobody's"}),
    ],
)
def test_what_nobody_said_how_to_check_is_refused(type_: str, inputs: dict[str, Any]) -> None:
    """Guards: a new type or argument that passes since nothing looks at it, and parts of what isn't there."""
    with pytest.raises(Unmapped, match="one"):
        _one(type_, **inputs)
