"""Key policies: who uses which key, through what."""

from __future__ import annotations

from blueprint.policies.keys import artifact_key, governance_key
from tests.blueprint.samples import BUCKET, DEV, HUB, REGION, TEST, grants, organisation, statement, statements


def test_the_artifact_key_is_used_through_s3_for_our_buckets_and_in_no_other_way() -> None:
    """Guards: a shared key with which a spoke encrypts or decrypts what it likes."""
    policy = artifact_key(organisation())
    assert grants(policy) == {
        "HubAdministers": ({"kms:*"}, {"*"}),
        "SpokesThroughS3": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"*"}),
    }
    shared = statement(policy, "SpokesThroughS3")
    assert shared["Principal"] == {"AWS": [f"arn:aws:iam::{DEV}:root", f"arn:aws:iam::{TEST}:root"]}
    assert shared["Condition"]["StringEquals"]["kms:ViaService"] == f"s3.{REGION}.amazonaws.com"
    buckets = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET.replace('artifacts', 'notebooks')}"]
    objects = [f"{bucket}/*" for bucket in buckets]
    assert shared["Condition"]["ArnLike"]["kms:EncryptionContext:aws:s3:arn"] == [*buckets, *objects]
    assert shared["Condition"]["ArnLike"]["aws:PrincipalArn"] == [
        f"arn:aws:iam::{DEV}:role/mlgov-dev-execution",
        f"arn:aws:iam::{DEV}:role/mlgov-dev-serving",
        f"arn:aws:iam::{TEST}:role/mlgov-test-execution",
        f"arn:aws:iam::{TEST}:role/mlgov-test-serving",
    ]


def test_no_key_lets_anybody_make_a_grant() -> None:
    """Guards: an unconditioned kms:CreateGrant, which hands the key on."""
    for policy in (artifact_key(organisation()), governance_key(organisation())):
        for found in statements(policy):
            assert found["Sid"] == "HubAdministers" or "Grant" not in str(found["Action"])


def test_the_hub_can_always_administer_its_keys() -> None:
    """Guards: a key that nobody can ever change again."""
    for policy in (artifact_key(organisation()), governance_key(organisation())):
        assert statement(policy, "HubAdministers")["Principal"] == {"AWS": f"arn:aws:iam::{HUB}:root"}


def test_the_governance_key_names_every_service_that_comes_as_itself() -> None:
    """Guards: events that can't be put into an encrypted queue, logs that can't be written."""
    policy = governance_key(organisation())
    assert statement(policy, "EventBridgeDelivers")["Principal"] == {"Service": "events.amazonaws.com"}
    assert grants(policy)["EventBridgeDelivers"][0] == {"kms:Decrypt", "kms:GenerateDataKey"}
    logs = statement(policy, "LogsOfOurFunctions")
    assert logs["Principal"] == {"Service": f"logs.{REGION}.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{HUB}:log-group:/aws/lambda/mlgov-*"}
    }


def test_no_spoke_reaches_the_governance_key() -> None:
    """Guards: a spoke that reads the ledger's tables or the queue."""
    assert DEV not in str(governance_key(organisation()))


def test_an_installation_without_spokes_has_a_key_without_spokes() -> None:
    """Guards: a statement with no principal, which KMS refuses."""
    assert [found["Sid"] for found in statements(artifact_key(organisation(spokes=())))] == ["HubAdministers"]
