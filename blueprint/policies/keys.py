"""Key policies: the artifact key, shared with the spokes; the governance key, the hub's own; the key of the anchors.

Sources: kms/latest/developerguide key-policy-overview, key-policy-modifying-external-accounts (both sides must allow,
only cryptographic operations cross accounts); AmazonCloudWatch/logs encrypt-log-data-kms; eventbridge
eb-troubleshooting (an encrypted queue's key must admit it).
"""

from __future__ import annotations

from blueprint.limits import KEY_POLICY, Document
from blueprint.names import HUB
from blueprint.organisation import Organisation
from blueprint.policies.conditions import via
from blueprint.policies.documents import Form, Statement, admit, allow, both, deny, document, tightest

SPOKE_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


def artifact_key(organisation: Organisation) -> Document:
    """Policy of the key of artifacts and notebooks: the spokes' roles use it through S3 for these, in no other way.

    One statement for both purposes, since an account's id costs most of the size: a serving role's own policy and the
    bucket policy keep it from encrypting. Raises PolicyTooLarge.
    """
    return tightest(organisation, KEY_POLICY, lambda form: _artifact_key(organisation, form))


def _artifact_key(organisation: Organisation, form: Form) -> Document:
    statements = [_administration(organisation)]
    if organisation.spokes:
        names, hub = organisation.names, organisation.hub
        buckets = [names.bucket_arn(hub), names.bucket_arn(hub, "notebooks")]
        principal, condition = admit(organisation, organisation.spokes, ["execution", "serving"], form)
        # S3 encrypts under the object's ARN, or the bucket's where bucket keys are on (AmazonS3 UsingKMSEncryption).
        through_s3 = both(
            condition,
            via(["s3"], organisation.region),
            {"ArnLike": {"kms:EncryptionContext:aws:s3:arn": [*buckets, *(f"{bucket}/*" for bucket in buckets)]}},
        )
        statements.append(allow("SpokesThroughS3", SPOKE_ACTIONS, ["*"], principal=principal, condition=through_s3))
    return document(*statements)


def governance_key(organisation: Organisation) -> Document:
    """Policy of the key of tables, queues and logs, with every service that uses it by itself.

    DynamoDB and SQS use it for their callers, whose own policies say so; EventBridge and CloudWatch Logs come as
    themselves.
    """
    names = organisation.names
    groups = f"log-group:/aws/lambda/{organisation.prefix}-*"
    logs = f"arn:{names.partition}:logs:{organisation.region}:{organisation.hub}:{groups}"
    return document(
        _administration(organisation),
        # No Source* condition: SQS, SNS and EventBridge document contradicting forms of it for keys. The queue's own
        # policy names the rules.
        allow(
            "EventBridgeDelivers", ["kms:Decrypt", "kms:GenerateDataKey"], ["*"],
            principal={"Service": "events.amazonaws.com"},
        ),
        # The topic's policy names the alarms; no Source* condition here for the same reason.
        allow(
            "AlarmsPublish", ["kms:Decrypt", "kms:GenerateDataKey*"], ["*"],
            principal={"Service": "cloudwatch.amazonaws.com"},
        ),
        allow(
            "LogsOfOurFunctions",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            ["*"],
            principal={"Service": f"logs.{organisation.region}.amazonaws.com"},
            condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        ),
    )  # fmt: skip


def anchor_key(organisation: Organisation, *, trial: bool) -> Document:
    """Policy of the key that signs anchors: one role signs, everybody of the organisation may check a signature.

    Whoever may change this policy could sign, after a change that CloudTrail records; whoever may administer IAM
    alone couldn't. Lost with the key would be the signatures' meaning, so only a trial's may be deleted.
    """
    names = organisation.names
    anchor = names.role_arn(organisation.hub, names.hub_role("anchor"))
    statements = [
        _administration(organisation),
        deny(
            "OnlyAnchorSigns", ["kms:Sign"], ["*"], principal="*",
            condition={"ArnNotEquals": {"aws:PrincipalArn": anchor}},
        ),
    ]  # fmt: skip
    if organisation.id is not None:
        statements.append(
            allow(
                "AnybodyVerifies", ["kms:DescribeKey", "kms:GetPublicKey", "kms:Verify"], ["*"], principal="*",
                condition={"StringEquals": {"aws:PrincipalOrgID": organisation.id}},
            )
        )  # fmt: skip
    if not trial:
        statements.append(
            deny("NeverDeleted", ["kms:DisableKey", "kms:ScheduleKeyDeletion"], ["*"], principal="*")
        )  # fmt: skip
    return document(*statements)


def _administration(organisation: Organisation) -> Statement:
    """The hub's account administers by its IAM policies; without this statement nobody could ever change the key."""
    return allow(
        f"{HUB.title()}Administers", ["kms:*"], ["*"],
        principal={"AWS": organisation.names.root_arn(organisation.hub)},
    )  # fmt: skip
