"""Break the program in one place: the rehearsal must fail and name the culprit.

A rehearsal that stays green with a permission missing would prove nothing when it is green. Each patch is applied to
a copy of the source; the copy runs the real command, and ends with the first phase that fails. Patches that fail in one
phase and are named apart share a run.

What code alone could get wrong is guarded where it is cheap: a metric without data stored as 0
(tests/lambdas/metrics/test_core.py, M6), a change taken from an event that doesn't name it
(tests/governance/test_facts.py, only named changes), an inventory that believes tags
(tests/lambdas/inventory/test_shadow_endpoints.py, S2), a right that nobody uses (scenario/test_rights.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.sabotage import Edit, Sabotage, copy_source, rehearse

FUNCTION_PARTS = "blueprint/policies/function_parts.py"
SPOKE_ROLES = "blueprint/policies/spoke_roles.py"
DATA_ROLES = "blueprint/policies/data_roles.py"
QUEUES = "components/queues.py"

NO_DENY_AT_CREATION = Edit(
    SPOKE_ROLES,
    '        deny("NeverApproveAtCreation", CREATE, ["*"],'
    ' condition={"StringNotEquals": {APPROVAL_STATUS: PENDING}}),\n',
    "",
)

SABOTAGES = [
    Sabotage(
        "the consumer may not receive",
        [
            Edit(
                FUNCTION_PARTS,
                'CONSUME = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")',
                'CONSUME = ("sqs:DeleteMessage", "sqs:GetQueueAttributes")',
            )
        ],
        ["lacks sqs:ReceiveMessage on arn:aws:sqs"],
    ),
    Sabotage(
        "the role's Deny on approval is gone and the share is widened",
        [
            NO_DENY_AT_CREATION,
            Edit(
                "blueprint/policies/shares.py",
                "APPROVAL_STATUS: PENDING,",
                "",
            ),
        ],
        ["FORBIDDEN, BUT SUCCEEDED: the data scientist could approve a version while creating it"],
    ),
    Sabotage(
        "an argument that pulumi_aws doesn't know",
        [
            Edit(
                QUEUES,
                "            message_retention_seconds=KEPT_SECONDS,\n",
                "            message_retention_second=KEPT_SECONDS,\n",
            )
        ],
        ["message_retention_second"],
    ),
]
"""One of each kind: a right, a layer that stood alone, an argument."""

LONG = [
    Sabotage(
        "the queue's policy admits no rule",
        [Edit(QUEUES, 'self._admit(name, "capture", args, events)', 'self._admit(name, "capture", args, {})')],
        ["events.amazonaws.com", "sqs:SendMessage", "mlgov-capture"],
    ),
    Sabotage(
        "capture puts its rows",
        [
            Edit(
                "lambdas/common/tables.py",
                "            self.client.execute_transaction(TransactStatements=statements)\n",
                '            key = {"modelpackagearn": {"S": str(row["modelpackagearn"])}}\n'
                "            self.client.put_item(TableName=self.ledger, Item=key)\n",
            )
        ],
        ["mlgov-hub-capture", "dynamodb:PutItem", "mlgov_modelgovernanceledger"],
    ),
    Sabotage(
        "the forwarder may not put events",
        [
            Edit(
                SPOKE_ROLES,
                'allow("PostToGovernanceBus", ["events:PutEvents"], [bus])',
                'allow("Look", ["events:DescribeEventBus"], [bus])',
            )
        ],
        ["mlgov-test-forwarder", "events:PutEvents"],
    ),
    Sabotage(
        "the queue's consumer may not decrypt",
        [
            Edit(
                FUNCTION_PARTS,
                'allow("UseQueues", ["kms:Decrypt", "kms:GenerateDataKey"]',
                'allow("UseQueues", ["kms:GenerateDataKey"]',
            )
        ],
        ["mlgov-hub-capture", "kms:Decrypt"],
    ),
    Sabotage(
        "the serving role may not decrypt",
        [
            Edit(
                SPOKE_ROLES,
                'allow("DecryptThroughS3", ["kms:Decrypt"], [artifact_key_arn]',
                'allow("DecryptThroughS3", ["kms:DescribeKey"], [artifact_key_arn]',
            )
        ],
        ["mlgov-test-serving", "kms:Decrypt"],
    ),
    Sabotage(
        "the bucket admits no serving role",
        [Edit("blueprint/policies/artifact_bucket.py", "        *_serving(organisation, bucket, form),\n", "")],
        ["mlgov-test-serving", "s3:GetObject", "resource"],
    ),
    Sabotage(
        "the role's Deny on approval is gone, the share still refuses",
        [NO_DENY_AT_CREATION],
        ["the data scientist can't approve a version while creating it: the identity side alone refuses"],
    ),
    Sabotage(
        "a value outside the enumeration",
        [Edit("components/tables.py", 'billing_mode="PAY_PER_REQUEST"', 'billing_mode="PAY_PER_REQUESTS"')],
        ["PAY_PER_REQUESTS", "billingMode"],
    ),
    Sabotage(
        "a table is renamed where it is made",
        [
            Edit(
                "components/tables.py",
                "name=args.organisation.names.table(spec.table),",
                'name=args.organisation.names.table(spec.table) + "s",',
            )
        ],
        ["mlgov-hub-capture", "mlgov_modelpackagestatechangess"],
    ),
    Sabotage(
        "the queue of the inventory's jobs doesn't admit its schedule, and the readers trust another role",
        [
            Edit(
                QUEUES,
                "self._admit(name, spec.queue, args, {sid: schedules[sid]})",
                'self._admit(name, spec.queue, args, {} if spec.function == "inventory" else {sid: schedules[sid]})',
            ),
            Edit(
                DATA_ROLES,
                'READING_FUNCTIONS: tuple[Function, ...] = ("inventory", "reconcile")',
                'READING_FUNCTIONS: tuple[Function, ...] = ("metrics",)',
            ),
        ],
        [
            "events.amazonaws.com lacks sqs:SendMessage on arn:aws:sqs:eu-west-1:111111111111:mlgov-inventory-jobs",
            "mlgov-inventory lacks sts:AssumeRole on arn:aws:iam::333333333333:role/mlgov-test-reader",
        ],
    ),
    Sabotage(
        "the reconcile may not look up calls",
        [
            Edit(
                "blueprint/policies/function_roles.py",
                'allow("LookUpCalls", ["cloudtrail:LookupEvents"], ["*"])',
                'allow("LookUpCalls", ["cloudtrail:DescribeTrails"], ["*"])',
            )
        ],
        ["mlgov-hub-reconcile", "cloudtrail:LookupEvents"],
    ),
    Sabotage(
        "an account's metrics aren't linked to the hub, and the anchor may not sign",
        [
            Edit("components/spoke.py", "        oam.Link(\n", "        (lambda *_, **__: None)(\n"),
            Edit(DATA_ROLES, '["kms:Sign", "kms:Verify"]', '["kms:Verify"]'),
        ],
        [
            "no metrics of test (333333333333): its link to the sink mlgov-metrics is missing",
            "mlgov-hub-anchor/mlgov-anchor lacks kms:Sign",
        ],
    ),
]
"""`make sabotage` plays them too; `make test` leaves them out for their time."""

PARAMETERS = [*SABOTAGES, *(pytest.param(sabotage, marks=pytest.mark.long) for sabotage in LONG)]


def named(sabotage: object) -> str:
    return sabotage.name if isinstance(sabotage, Sabotage) else ""


@pytest.mark.parametrize("sabotage", PARAMETERS, ids=named)
def test_a_broken_program_fails_the_rehearsal_and_the_culprit_is_named(sabotage: Sabotage, tmp_path: Path) -> None:
    """Guards against a rehearsal that is green whatever the program says."""
    source = copy_source(tmp_path)
    for edit in sabotage.edits:
        edit.apply(source)
    status, printed = rehearse(source)
    assert status != 0, f"{sabotage.name}: the rehearsal passed\n{printed[-3000:]}"
    missing = [culprit for culprit in sabotage.culprits if culprit not in printed]
    assert not missing, f"{sabotage.name}: {missing} isn't named in\n{printed[-6000:]}"
