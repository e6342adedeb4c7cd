"""Buckets through boto3: names, owners, configuration documents, policies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.config import Config

from rehearsal.organisation.services.s3.public import is_public
from tests.rehearsal.organisation.services.registry_world import HUB, REGION, Client, refused, role_with, unique

PLACE = {"LocationConstraint": REGION}


@pytest.fixture(scope="module")
def storage(client: Client) -> Any:
    return client("hub", None, "s3")


@pytest.fixture
def bucket(storage: Any) -> str:
    name = unique("b")
    storage.create_bucket(Bucket=name, CreateBucketConfiguration=PLACE)
    return name


def statement(bucket: str, **change: Any) -> dict[str, Any]:
    base = {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"}, "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }  # fmt: skip
    return {key: value for key, value in (base | change).items() if value is not None}


def put(storage: Any, bucket: str, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    storage.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


class TestNames:
    def test_names_are_taken_once_for_all_accounts(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a bucket of another account is adopted (BucketAlreadyOwnedByYou, BucketAlreadyExists)."""
        refused("BucketAlreadyOwnedByYou", storage.create_bucket, Bucket=bucket, CreateBucketConfiguration=PLACE)
        other = client("dev", None, "s3")
        refused("BucketAlreadyExists", other.create_bucket, Bucket=bucket, CreateBucketConfiguration=PLACE)

    @pytest.mark.parametrize("name", ["Upper", "under_score", "two..dots", "10.0.0.1", "xn--a-bucket", "a" * 64])
    def test_bad_names_are_refused(self, client: Client, name: str) -> None:
        """Guards: a name that S3 refuses (bucketnamingrules)."""
        storage = client("hub", None, "s3", config=Config(s3={"addressing_style": "path"}))
        refused("InvalidBucketName", storage.create_bucket, Bucket=name, CreateBucketConfiguration=PLACE)

    def test_the_region_must_be_said(self, storage: Any) -> None:
        """Guards: a bucket lands in another region than its endpoint's."""
        refused("IllegalLocationConstraintException", storage.create_bucket, Bucket=unique("b"))
        elsewhere = {"LocationConstraint": "us-west-2"}
        refused(
            "IllegalLocationConstraintException", storage.create_bucket, Bucket=unique("b"),
            CreateBucketConfiguration=elsewhere,
        )  # fmt: skip

    def test_a_missing_bucket_is_said_to_be_missing(self, storage: Any) -> None:
        """Guards: a call on no bucket is denied, or answered."""
        refused("NoSuchBucket", storage.get_bucket_policy, Bucket=unique("none"))

    def test_only_the_owner_s_buckets_are_listed(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: one account sees another's buckets."""
        assert bucket in [row["Name"] for row in storage.list_buckets()["Buckets"]]
        assert bucket not in [row["Name"] for row in client("dev", None, "s3").list_buckets()["Buckets"]]
        assert storage.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION


class TestConfiguration:
    def test_a_new_bucket_blocks_public_access_and_acls(self, storage: Any, bucket: str) -> None:
        """Guards: the defaults of since April 2023 are missing, so the program's own settings look like changes."""
        blocked = storage.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert all(blocked.values())
        owned = storage.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
        assert owned["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        default = storage.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        assert default["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
        assert "Status" not in storage.get_bucket_versioning(Bucket=bucket)
        refused("AccessControlListNotSupported", storage.put_object, Bucket=bucket, Key="k", ACL="public-read")

    def test_what_is_put_is_shown(self, storage: Any, bucket: str) -> None:
        """Guards: the provider reads another configuration than it wrote."""
        rule = {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"arn:aws:kms:{REGION}:{HUB}:key/k",
            },
            "BucketKeyEnabled": True,
        }  # fmt: skip
        storage.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        assert storage.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
        block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False,
                 "RestrictPublicBuckets": True}  # fmt: skip
        storage.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
        assert storage.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
        lifecycle = [{"ID": "parts", "Status": "Enabled", "Filter": {"Prefix": ""},
                      "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]  # fmt: skip
        storage.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": lifecycle})
        assert storage.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == lifecycle
        storage.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        assert storage.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "b"}]

    @pytest.mark.parametrize("size", [None, "varies_by_storage_class"])
    def test_the_smallest_object_of_a_transition_is_kept(self, storage: Any, bucket: str, size: str | None) -> None:
        """Guards: an argument that the real provider sends with each lifecycle configuration, refused or dropped."""
        rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
        sent = {"TransitionDefaultMinimumObjectSize": size} if size else {}
        put = storage.put_bucket_lifecycle_configuration
        answers = [
            put(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}, **sent),
            storage.get_bucket_lifecycle_configuration(Bucket=bucket),
        ]
        kept = {answer["TransitionDefaultMinimumObjectSize"] for answer in answers}
        assert kept == {size or "all_storage_classes_128K"}

    @pytest.mark.parametrize(
        ("operation", "code"),
        [
            ("get_bucket_policy", "NoSuchBucketPolicy"),
            ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
            ("get_bucket_tagging", "NoSuchTagSet"),
        ],
    )
    def test_what_was_never_put_is_missing(self, storage: Any, bucket: str, operation: str, code: str) -> None:
        """Guards: a missing document has another code than the provider looks for."""
        refused(code, getattr(storage, operation), Bucket=bucket)

    def test_a_rule_needs_an_action(self, storage: Any, bucket: str) -> None:
        """Guards: a lifecycle rule that does nothing is accepted (InvalidRequest)."""
        rules = {"Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}}]}
        operation = storage.put_bucket_lifecycle_configuration
        refused("InvalidRequest", operation, Bucket=bucket, LifecycleConfiguration=rules)


class TestPolicies:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"Principal": {"AWS": f"arn:aws:iam::{HUB}:role/nobody"}}, "Invalid principal in policy"),
            ({"Principal": {"AWS": f"arn:aws:iam::{HUB}:role/*"}}, "Invalid principal in policy"),
            ({"Principal": None}, "Missing required field Principal"),
            ({"Resource": "arn:aws:s3:::another-bucket/*"}, "Policy has invalid resource"),
            ({"Action": "s3:GetObjekt"}, "Policy has invalid action"),
            ({"Action": "s3:ListBucket"}, "Action does not apply to any resource(s) in statement"),
            ({"Condition": {"StringEquals": {"s3:no-such-key": "x"}}}, "Policy has an invalid condition key"),
            ({"Colour": "red"}, "Unknown field Colour"),
            ({"Effect": "Maybe"}, "Invalid effect: Maybe"),
        ],
    )
    def test_malformed_policies_are_refused(
        self, storage: Any, bucket: str, change: dict[str, Any], words: str
    ) -> None:
        """Guards: a policy that S3 refuses at `up` passes here (MalformedPolicy)."""
        assert words in _put_refused(storage, bucket, statement(bucket, **change))

    def test_an_existing_role_is_a_principal(self, client: Client, storage: Any, bucket: str) -> None:
        """Guards: a role that exists is refused as a principal."""
        name = role_with(client, "dev", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
        put(storage, bucket, statement(bucket, Principal={"AWS": f"arn:aws:iam::222222222222:role/{name}"}))

    def test_bare_account_ids_are_stored_as_roots(self, storage: Any, bucket: str) -> None:
        """Guards: a policy's size is counted by what is sent, not by what S3 stores."""
        put(storage, bucket, statement(bucket, Principal={"AWS": [HUB]}))
        stored = json.loads(storage.get_bucket_policy(Bucket=bucket)["Policy"])
        assert stored["Statement"][0]["Principal"] == {"AWS": [f"arn:aws:iam::{HUB}:root"]}
        many = {"AWS": [f"{number:012}" for number in range(700)]}
        message = _put_refused(storage, bucket, statement(bucket, Principal=many), code="PolicyTooLarge")
        assert "of 20480" in message

    def test_public_policies_are_blocked(self, storage: Any, bucket: str) -> None:
        """Guards: a public policy passes Block Public Access."""
        message = _put_refused(storage, bucket, statement(bucket, Principal="*"), code="AccessDenied")
        assert "BlockPublicPolicy" in message
        fixed = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
        put(storage, bucket, statement(bucket, Principal="*", Condition=fixed))
        assert storage.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False


def _put_refused(storage: Any, bucket: str, one: dict[str, Any], code: str = "MalformedPolicy") -> str:
    document = {"Version": "2012-10-17", "Statement": [one]}
    return refused(code, storage.put_bucket_policy, Bucket=bucket, Policy=json.dumps(document))


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-a"}}, False),
        ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True),
        ({"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}, True),
    ],
)
def test_fixed_values_narrow_a_public_statement(condition: dict[str, Any], public: bool) -> None:
    """Guards: what S3 calls public is called private (access-control-block-public-access, the meaning of public)."""
    one = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Condition": condition}
    assert is_public({"Version": "2012-10-17", "Statement": [one]}) is public
