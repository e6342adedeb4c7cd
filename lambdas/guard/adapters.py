"""The guard's ports on AWS, by boto3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from governance.documents import Document
from governance.errors import LedgerError
from governance.stages import REJECTED
from lambdas.common.aws import busy_if_transient
from lambdas.common.registry import is_gone


@dataclass(frozen=True, slots=True)
class SageMakerBolt:
    """UpdateModelPackage. `client` is a boto3 sagemaker client, whose role may send Rejected and nothing else."""

    client: Any

    def reject(self, arn: str, description: str) -> bool:
        try:
            with busy_if_transient():
                self.client.update_model_package(
                    ModelPackageArn=arn, ModelApprovalStatus=REJECTED, ApprovalDescription=description
                )
        except ClientError as error:
            if is_gone(error):
                return False
            raise
        return True


class NoDocuments:
    """The guard's facts have none; its role may keep none."""

    def store(self, document: Document) -> None:
        """Raises LedgerError."""
        raise LedgerError(f"the guard records facts without documents, and was given a {document.name}")
