"""The plugin under the real engine, against the emulated organisation."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from rehearsal.engine import EngineError
from tests.rehearsal.provider.conftest import STACK, Stack

EVERYTHING = """
role = aws.iam.Role("role", assume_role_policy=TRUST, description="d", tags={"a": "b"}, opts=here)
key = aws.kms.Key("key", description="k", enable_key_rotation=True, deletion_window_in_days=7, opts=here)
aws.kms.Alias("alias", name="alias/plugin", target_key_id=key.key_id, opts=here)
bucket = aws.s3.Bucket("Artifacts", force_destroy=True, tags={"a": "b"}, opts=here)
aws.s3.BucketVersioning("versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=here)
aws.s3.BucketPublicAccessBlock("block", bucket=bucket.id, block_public_acls=True, block_public_policy=True,
                               ignore_public_acls=True, restrict_public_buckets=True, opts=here)
aws.s3.BucketServerSideEncryptionConfiguration("encryption", bucket=bucket.id, rules=[{
    "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},
    "bucket_key_enabled": True}], opts=here)
aws.s3.BucketOwnershipControls("ownership", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"},
                               opts=here)
aws.s3.BucketPolicy("bucket-policy", bucket=bucket.id, policy=bucket.arn.apply(lambda arn: document({
    "Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}}})), opts=here)
aws.s3.BucketLifecycleConfiguration("lifecycle", bucket=bucket.id, rules=[{
    "id": "old", "status": "Enabled", "filter": {}, "noncurrent_version_expiration": {"noncurrent_days": 30},
    "abort_incomplete_multipart_upload": {"days_after_initiation": 7}}], opts=here)
aws.dynamodb.Table("table", hash_key="pk", range_key="seq", billing_mode="PAY_PER_REQUEST",
    attributes=[{"name": "seq", "type": "N"}, {"name": "pk", "type": "S"}],
    point_in_time_recovery={"enabled": True}, ttl={"enabled": True, "attribute_name": "expires"},
    server_side_encryption={"enabled": True, "kms_key_arn": key.arn}, opts=here)
dead = aws.sqs.Queue("dead", message_retention_seconds=1209600, opts=here)
queue = aws.sqs.Queue("queue", visibility_timeout_seconds=90, sqs_managed_sse_enabled=True,
    redrive_policy=dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})),
    opts=here)
aws.sqs.QueuePolicy("queue-policy", queue_url=queue.url, policy=queue.arn.apply(lambda arn: document({
    "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
    "Resource": arn})), opts=here)
bus = aws.cloudwatch.EventBus("bus", description="hub", opts=here)
aws.cloudwatch.EventBusPolicy("bus-policy", event_bus_name=bus.name, policy=bus.arn.apply(lambda arn: document({
    "Sid": "Dev", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
    "Action": "events:PutEvents", "Resource": arn})), opts=here)
rule = aws.cloudwatch.EventRule("rule", event_bus_name=bus.name, event_pattern=json.dumps({"source": ["x"]}), opts=here)
aws.cloudwatch.EventTarget("target", rule=rule.name, event_bus_name=bus.name, target_id="queue", arn=queue.arn,
    dead_letter_config={"arn": dead.arn},
    retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10}, opts=here)
default = aws.cloudwatch.EventRule("default-rule", event_pattern=json.dumps({"source": ["x"]}), opts=here)
aws.cloudwatch.EventTarget("default-target", rule=default.name, arn=queue.arn, opts=here)
log = aws.cloudwatch.LogGroup("log", retention_in_days=30, opts=here)
reading = aws.iam.RolePolicy("reading", role=role.name, policy=queue.arn.apply(lambda arn: document({
    "Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    "Resource": arn})), opts=here)
function = aws.lambda_.Function("function", role=role.arn, runtime="python3.11", handler="h.handler", timeout=10,
    memory_size=256, environment={"variables": {"TABLE": "t", "TOKEN": pulumi.Output.secret("hush-hush")}},
    code=pulumi.AssetArchive({"h.py": pulumi.StringAsset("def handler(event, context): pass")}),
    logging_config={"log_format": "Text", "log_group": log.name}, opts=here)
aws.lambda_.EventSourceMapping("mapping", event_source_arn=queue.arn, function_name=function.name, batch_size=10,
    function_response_types=["ReportBatchItemFailures"], scaling_config={"maximum_concurrency": 2},
    opts=pulumi.ResourceOptions(provider=account, depends_on=[reading]))
group = aws.sagemaker.ModelPackageGroup("group", model_package_group_name="Plugin",
    model_package_group_description="d", opts=here)
permission = aws.ram.Permission("permission", resource_type="sagemaker:model-package-group",
    policy_template=json.dumps({"Effect": "Allow", "Action": ["sagemaker:DescribeModelPackageGroup"]}), opts=here)
share = aws.ram.ResourceShare("share", permission_arns=[permission.arn], allow_external_principals=False, opts=here)
aws.ram.ResourceAssociation("shared", resource_arn=group.arn, resource_share_arn=share.arn, opts=here)
aws.ram.PrincipalAssociation("dev", principal="222222222222", resource_share_arn=share.arn, opts=here)
"""


CHANGES = {
    'description="d", tags={"a": "b"}': 'description="e", max_session_duration=7200, tags={"a": "c", "d": "e"}',
    'description="k", enable_key_rotation=True': 'description="l", enable_key_rotation=False',
    'force_destroy=True, tags={"a": "b"}': "force_destroy=True",
    '"status": "Enabled"}, opts': '"status": "Suspended"}, opts',
    "ignore_public_acls=True": "ignore_public_acls=False",
    '"bucket_key_enabled": True': '"bucket_key_enabled": False',
    '"Resource": [arn],': '"Resource": [arn, arn + "/*"],',
    '"noncurrent_days": 30': '"noncurrent_days": 60',
    'point_in_time_recovery={"enabled": True}': 'point_in_time_recovery={"enabled": False}',
    "message_retention_seconds=1209600": "message_retention_seconds=86400",
    "visibility_timeout_seconds=90": "visibility_timeout_seconds=120",
    '"Action": "sqs:SendMessage"': '"Action": ["sqs:SendMessage", "sqs:GetQueueUrl"]',
    "222222222222:root": "999999999999:root",
    'event_bus_name=bus.name, event_pattern=json.dumps({"source": ["x"]})': "event_bus_name=bus.name, "
    'event_pattern=json.dumps({"source": ["y"]}), description="y"',
    '"maximum_retry_attempts": 10': '"maximum_retry_attempts": 20',
    "retention_in_days=30": "retention_in_days=60",
    '"sqs:GetQueueAttributes"]': '"sqs:GetQueueAttributes", "sqs:GetQueueUrl"]',
    "timeout=10,": "timeout=20,",
    '{"TABLE": "t", ': "{",
    "batch_size=10": "batch_size=5",
    "allow_external_principals=False": "allow_external_principals=True",
}
CHANGED = {
    "role", "key", "Artifacts", "versioning", "block", "encryption", "bucket-policy", "lifecycle", "table",
    "dead", "queue", "queue-policy", "bus-policy", "rule", "target", "log", "reading", "function", "mapping",
    "share",
}  # fmt: skip


def test_all_types_come_up_stay_unchanged_and_go(stack: Stack) -> None:
    """Guards against a type that can't be created, read back, refreshed or deleted as the real provider does."""
    stack.program(EVERYTHING)
    assert stack.engine.preview(STACK).counts["create"] >= 30
    stack.engine.up(STACK)
    stack.engine.preview(STACK, expect_no_changes=True)
    assert set(stack.engine.refresh(STACK).counts) == {"same"}
    stack.engine.preview(STACK, expect_no_changes=True)

    resources = stack.resources()
    assert "hush-hush" not in json.dumps(resources), "a secret lies in the state as plain text"
    assert resources["role"]["outputs"]["tags"] == {"a": "b"}
    assert resources["role"]["outputs"]["tagsAll"] == {"a": "b", "owner": "risk"}
    assert resources["Artifacts"]["id"].startswith("artifacts-")
    rule = resources["rule"]["outputs"]["name"]
    assert resources["rule"]["id"] == f"{resources['bus']['id']}/{rule}"
    assert resources["target"]["id"] == f"{resources['bus']['id']}-{rule}-queue"
    assert resources["reading"]["id"] == f"{resources['role']['id']}:{resources['reading']['outputs']['name']}"
    assert resources["queue-policy"]["id"] == resources["queue"]["outputs"]["url"]
    assert resources["dev"]["id"] == f"{resources['share']['id']},222222222222"

    changed = EVERYTHING
    for before, after in CHANGES.items():
        assert before in changed
        changed = changed.replace(before, after)
    stack.program(changed)
    steps = stack.engine.up(STACK).steps
    assert {step.op for step in steps} == {"update"}, [str(step) for step in steps]
    assert {step.name for step in steps} == CHANGED
    stack.engine.preview(STACK, expect_no_changes=True)

    stack.engine.destroy(STACK)
    assert stack.aws("lambda").list_functions()["Functions"] == []
    assert stack.aws("dynamodb").list_tables()["TableNames"] == []
    assert stack.aws("s3").list_buckets()["Buckets"] == []
    assert stack.aws("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    key = stack.aws("kms").describe_key(KeyId=resources["key"]["id"])["KeyMetadata"]
    assert key["KeyState"] == "PendingDeletion"


def test_drift_is_seen_and_mended(stack: Stack) -> None:
    """Guards against a state that goes on claiming what someone has changed or deleted by hand."""
    stack.program("""
        aws.iam.Role("role", name="drifting", assume_role_policy=TRUST, description="d", tags={"a": "b"}, opts=here)
        aws.cloudwatch.LogGroup("log", name="/drifting", retention_in_days=30, opts=here)
    """)
    stack.engine.up(STACK)
    iam, logs = stack.aws("iam"), stack.aws("logs")
    iam.update_role(RoleName="drifting", Description="someone else's", MaxSessionDuration=7200)
    iam.tag_role(RoleName="drifting", Tags=[{"Key": "a", "Value": "c"}])
    logs.delete_log_group(logGroupName="/drifting")

    assert stack.engine.refresh(STACK).counts == {"same": 2, "update": 1, "delete": 1}
    assert stack.resources()["role"]["outputs"]["description"] == "someone else's"
    assert "log" not in stack.resources()

    stack.engine.up(STACK)
    mended = iam.get_role(RoleName="drifting")["Role"]
    assert (mended["Description"], mended["MaxSessionDuration"]) == ("d", 3600)
    assert {tag["Key"]: tag["Value"] for tag in mended["Tags"]} == {"a": "b", "owner": "risk"}
    stack.engine.preview(STACK, expect_no_changes=True)


def test_a_replacement_follows_the_names(stack: Stack) -> None:
    """Guards against the hazard of fixed names: made before the old one goes, the taken name is refused."""
    table = """
        aws.dynamodb.Table("table", name="ledger", hash_key="{key}", billing_mode="PAY_PER_REQUEST",
                           attributes=[{{"name": "{key}", "type": "S"}}], opts=here)
        aws.sagemaker.ModelPackageGroup("group", model_package_group_name="Fixed",
                                        model_package_group_description="{text}", opts=here)
    """
    stack.program(table.format(key="pk", text="one"))
    stack.engine.up(STACK)
    stack.program(table.format(key="id", text="one"))
    stack.engine.up(STACK)
    described = stack.aws("dynamodb").describe_table(TableName="ledger")["Table"]
    assert described["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]

    stack.program(table.format(key="id", text="two"))
    with pytest.raises(EngineError, match="Fixed"):
        stack.engine.up(STACK)
    kept = stack.aws("sagemaker").describe_model_package_group(ModelPackageGroupName="Fixed")
    assert kept["ModelPackageGroupDescription"] == "one"
    stack.program(table.format(key="id", text="one"))
    stack.engine.up(STACK)


def test_what_exists_is_adopted_by_an_import_only(stack: Stack) -> None:
    """Guards against a stack that takes over someone's role and deletes it at its end."""
    iam = stack.aws("iam")
    allow = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
    trust = json.dumps({"Statement": [allow], "Version": "2012-10-17"})
    tags = [{"Key": "owner", "Value": "risk"}]
    iam.create_role(RoleName="someones", AssumeRolePolicyDocument=trust, Tags=tags)
    program = 'aws.iam.Role("role", name="someones", assume_role_policy=TRUST, opts={options})'
    stack.program(program.format(options="here"))
    with pytest.raises(EngineError, match="EntityAlreadyExists"):
        stack.engine.up(STACK)
    stack.engine.destroy(STACK)
    assert iam.get_role(RoleName="someones")["Role"]["RoleName"] == "someones"

    stack.program(program.format(options='pulumi.ResourceOptions(provider=account, import_="someones")'))
    assert stack.engine.up(STACK).counts["import"] == 1
    stack.program(program.format(options="here"))
    stack.engine.preview(STACK, expect_no_changes=True)


def test_a_half_made_resource_is_mended_by_the_next_update(stack: Stack) -> None:
    """Guards against an orphan: a log group whose retention may not be set exists, so the state has to hold it."""
    program = """
        limited = aws.Provider("limited", region="eu-west-1", assume_roles=[
            {"role_arn": "arn:aws:iam::111111111111:role/OrganizationAccountAccessRole"},
            {"role_arn": "arn:aws:iam::111111111111:role/limited"}])
        aws.cloudwatch.LogGroup("log", name="/half", retention_in_days=30,
                                opts=pulumi.ResourceOptions(provider=limited))
    """
    iam = stack.aws("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "logs:PutRetentionPolicy", "Resource": "*"}

    def text(*statements: Mapping[str, object]) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

    iam.create_role(RoleName="limited", AssumeRolePolicyDocument=text(trust))
    iam.put_role_policy(RoleName="limited", PolicyName="logs", PolicyDocument=text(allow, deny))
    stack.program(program)
    with pytest.raises(EngineError, match="PutRetentionPolicy"):
        stack.engine.up(STACK)
    assert stack.resources()["log"]["id"] == "/half"

    iam.put_role_policy(RoleName="limited", PolicyName="logs", PolicyDocument=text(allow))
    stack.engine.up(STACK)
    groups = stack.aws("logs").describe_log_groups(logGroupNamePrefix="/half")["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [30]
    stack.engine.preview(STACK, expect_no_changes=True)
    stack.engine.destroy(STACK)
    iam.delete_role_policy(RoleName="limited", PolicyName="logs")
    iam.delete_role(RoleName="limited")


WRONG = {
    """
    class Raw(pulumi.CustomResource):
        pass
    Raw("aws:s3/bucket:Bucket", "bucket", {"buckett": "x"}, here)
    """: ["buckett is no argument that pulumi_aws 7.51.1 knows", "did you mean 'bucket'"],
    'aws.cloudwatch.LogGroup("log", name="x", retention_in_days=31, opts=here)': [
        "retentionInDays is 31: must be one of 1, 3, 5"
    ],
    'aws.ec2.NatGateway("net", subnet_id="subnet-1", opts=here)': ["aws:ec2/natGateway:NatGateway is no type"],
    "aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=account))": [
        "the function aws:index/getCallerIdentity:getCallerIdentity is not emulated"
    ],
    """
    other = aws.Provider("other", region="eu-west-1", allowed_account_ids=["222222222222"],
                         assume_roles=[{"role_arn": "arn:aws:iam::111111111111:role/OrganizationAccountAccessRole"}])
    aws.sqs.Queue("queue", opts=pulumi.ResourceOptions(provider=other))
    """: ["111111111111", "222222222222", "allowedAccountIds"],
}


def test_a_preview_refuses_what_would_fail(stack: Stack) -> None:
    """Guards against a mistake that shows only in the middle of an update, or not at all."""
    for program, words in WRONG.items():
        stack.program(program)
        with pytest.raises(EngineError) as raised:
            stack.engine.preview(STACK)
        for word in words:
            assert word in str(raised.value), program


def test_only_what_changed_is_updated(stack: Stack) -> None:
    """Guards against an update that replaces or repeats: default tags, a package and an ignored argument change."""
    program = """
        role = aws.iam.Role("role", assume_role_policy=TRUST, opts=here)
        aws.lambda_.Function("function", role=role.arn, runtime="python3.11", handler="h.handler",
            code=pulumi.AssetArchive({{"h.py": pulumi.StringAsset("answer = {answer}")}}),
            opts=pulumi.ResourceOptions(provider=account, ignore_changes=["description"]), description="{answer}")
    """
    stack.program(program.format(answer=1))
    stack.engine.up(STACK)
    before = stack.resources()["function"]["outputs"]["codeSha256"]
    stack.program(program.format(answer=2))
    steps = stack.engine.up(STACK).steps
    assert [(step.op, step.urn.rpartition("::")[2], step.properties) for step in steps] == [
        ("update", "function", ("code",))
    ]
    outputs = stack.resources()["function"]["outputs"]
    assert outputs["codeSha256"] != before
    assert outputs["description"] == "1"
