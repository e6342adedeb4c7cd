"""The generated metadata."""

from __future__ import annotations

import warnings

import pytest

from rehearsal.provider import VERSION
from rehearsal.provider.generate import build, type_entry
from rehearsal.provider.metadata import PATH, Property, document, type_data, walk
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.schemas import BadRow, botocore_limits, cfn_limits
from rehearsal.provider.types import TYPES


@pytest.fixture(scope="module")
def built() -> str:
    """The file as the packages of this virtual environment make it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own, of types that we don't serve
        return build()


def test_the_committed_file_is_what_the_packages_and_rows_give(built: str) -> None:
    """Guards against a row or a package that changed while the checks still follow the old metadata."""
    assert PATH.read_text("utf-8") == built, "run python -m rehearsal.provider.generate"


def test_it_is_made_from_the_release_that_the_plugin_names() -> None:
    """Guards against standing in for another release than the one whose arguments are checked."""
    assert document()["sources"]["pulumi-aws"] == VERSION


def find(token: str, path: str) -> Property:
    """The metadata of a dotted path."""
    return dict(walk(type_data(token).inputs))[path]


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("aws:iam/role:Role", "name"),
        ("aws:iam/role:Role", "path"),
        ("aws:dynamodb/table:Table", "hashKey"),
        ("aws:sagemaker/modelPackageGroup:ModelPackageGroup", "modelPackageGroupDescription"),
        ("aws:ram/resourceShare:ResourceShare", "permissionArns"),
        ("aws:s3/bucketPolicy:BucketPolicy", "bucket"),
        ("aws:cloudwatch/eventRule:EventRule", "eventBusName"),
        ("aws:lambda/function:Function", "name"),
        ("aws:sqs/queue:Queue", "region"),
    ],
)
def test_what_can_t_be_changed_in_place_replaces(token: str, path: str) -> None:
    """Guards against an update that AWS has no call for and that would be reported as done."""
    assert find(token, path).create_only


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("aws:iam/role:Role", "description"),
        ("aws:ram/permission:Permission", "policyTemplate"),
        ("aws:dynamodb/table:Table", "billingMode"),
        ("aws:lambda/function:Function", "runtime"),
        ("aws:kms/key:Key", "policy"),
    ],
)
def test_what_can_be_changed_in_place_does_not_replace(token: str, path: str) -> None:
    """Guards against losing a key or a table to a change that AWS makes in place."""
    assert not find(token, path).create_only


def test_limits_come_from_the_schemas_with_their_source() -> None:
    """Guards against limits that are guessed, or lost in the mapping from Pulumi's names to AWS's."""
    assert find("aws:cloudwatch/logGroup:LogGroup", "retentionInDays").limits["enum"][:3] == [1, 3, 5]
    assert find("aws:dynamodb/table:Table", "attributes.type").limits["enum"] == ["S", "N", "B"]
    assert "python3.11" in find("aws:lambda/function:Function", "runtime").limits["enum"]
    architectures = find("aws:lambda/function:Function", "architectures").element
    assert architectures is not None
    assert architectures.limits["enum"] == ["x86_64", "arm64"]
    assert all(spec.limits.get("source") for token in TYPES for _, spec in walk(type_data(token).inputs) if spec.limits)


def test_nested_arguments_of_the_sdk_are_known() -> None:
    """Guards against checking only the outermost arguments."""
    known = dict(walk(type_data("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs))
    assert known["rules.filter.and.tags"].kind == "map"
    assert not known["rules.filter.and.tags"].carried


def row(**arguments: Argument) -> ResourceType:
    """A row of a type that exists, with made-up arguments."""
    return ResourceType(
        pulumi_type="aws:sqs/queue:Queue",
        cfn="AWS::SQS::Queue",
        arguments=arguments,
        create=lambda aws, args: "",
        read=lambda aws, physical_id, known: None,
        delete=lambda aws, physical_id, state: None,
    )


def test_a_row_that_names_what_doesn_t_exist_is_refused() -> None:
    """Guards against a misspelt row: the argument would be refused as not carried out, or pass unchecked."""
    with pytest.raises(BadRow, match="knows no argument nmae"):
        type_entry(row(nmae=Argument()))
    with pytest.raises(BadRow, match="has no property QueueNmae"):
        type_entry(row(name=Argument(cfn="QueueNmae")))


def test_limits_of_lists_are_those_of_the_list_and_of_its_items() -> None:
    """Guards against applying an item's enum to the whole list, or dropping it."""
    own, items = botocore_limits("lambda.ArchitecturesList")
    assert own == {"minItems": 1, "maxItems": 1, "source": "botocore lambda.ArchitecturesList"}
    assert items["enum"] == ["x86_64", "arm64"]
    own, items = cfn_limits("AWS::Lambda::EventSourceMapping", "FunctionResponseTypes")
    assert items["enum"] == ["ReportBatchItemFailures"]
