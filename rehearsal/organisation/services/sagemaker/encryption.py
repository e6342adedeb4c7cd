"""The KMS calls of a version that is encrypted with a key of the customer's (`SecurityConfig`).

Sources: developer guide (model registry with KMS): the creator needs kms:CreateGrant, DescribeKey, GenerateDataKey
and Decrypt through `sagemaker.<region>`; DescribeModelPackage in the botocore model: Decrypt as the caller unless
IncludedData is MetadataOnly. No encryption context is documented, so none is sent.
"""

from __future__ import annotations

from rehearsal.organisation.core import Call, Organisation

from .registry import Package

_CREATE = ("kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt")
_FOR_AWS = {"kms:GrantIsForAWSResource": "true"}


def use_package_key(org: Organisation, call: Call, key: str) -> None:
    """Authorise as the caller what SageMaker does with the key when it stores a version."""
    for action in _CREATE:
        org.use_key(
            key, action, call.caller, region=call.region, via=f"sagemaker.{call.region}.amazonaws.com",
            extra=_FOR_AWS if action == "kms:CreateGrant" else None,
            reason=f"SageMaker encrypts the version with the key of its SecurityConfig ({action})",
        )  # fmt: skip


def decrypt_package(org: Organisation, call: Call, package: Package) -> None:
    """Authorise as the caller the Decrypt that reading an encrypted version makes."""
    security = package.record.get("SecurityConfig")
    if security:
        org.use_key(
            security["KmsKeyId"], "kms:Decrypt", call.caller, region=call.region,
            via=f"sagemaker.{call.region}.amazonaws.com",
            reason="SageMaker decrypts the version that DescribeModelPackage shows",
        )  # fmt: skip
