"""The guard's ports against botocore's own model of SageMaker."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from governance.documents import card_document
from governance.errors import LedgerError
from lambdas.common.aws import Busy
from lambdas.guard.adapters import NoDocuments, SageMakerBolt
from tests.lambdas.guard.world import ARN

SENT = {"ModelPackageArn": ARN, "ModelApprovalStatus": "Rejected", "ApprovalDescription": "why"}


@pytest.fixture
def sagemaker() -> Any:
    return boto3.client("sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_it_sends_rejected_and_no_life_cycle(sagemaker: Any) -> None:
    """Guards: a request that the role's policy refuses, as it would move a stage."""
    with Stubber(sagemaker) as stub:
        stub.add_response("update_model_package", {"ModelPackageArn": ARN}, SENT)
        assert SageMakerBolt(sagemaker).reject(ARN, "why") is True


def test_what_is_gone_needs_no_rejection(sagemaker: Any) -> None:
    """Guards: a message about a deleted version that fails until it is a dead letter."""
    with Stubber(sagemaker) as stub:
        stub.add_client_error("update_model_package", "ValidationException", "ModelPackage x does not exist.")
        assert SageMakerBolt(sagemaker).reject(ARN, "why") is False


@pytest.mark.parametrize(("code", "error"), [("ThrottlingException", Busy), ("AccessDeniedException", ClientError)])
def test_what_fails_comes_again(sagemaker: Any, code: str, error: type[Exception]) -> None:
    """Guards: a rejection that is taken for done."""
    with Stubber(sagemaker) as stub:
        stub.add_client_error("update_model_package", code, "no")
        with pytest.raises(error):
            SageMakerBolt(sagemaker).reject(ARN, "why")


def test_it_keeps_no_document() -> None:
    """Guards: a fact that names a document which the guard's role can't keep."""
    with pytest.raises(LedgerError, match="without documents"):
        NoDocuments().store(card_document("{}"))
