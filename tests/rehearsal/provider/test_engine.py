"""Stand-in plugin under the real engine."""
from __future__ import annotations
from tests.rehearsal.provider.conftest import STACK, Stack

PROGRAM = '''
provider = aws.Provider("account", region="eu-west-1", allowed_account_ids=["123456789012"],
                        default_tags={"tags": {"owner": "risk"}})
o = pulumi.ResourceOptions(provider=provider)
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
role = aws.iam.Role("role", assume_role_policy=trust, description="d", tags={"a": "b"}, opts=o)
policy = aws.iam.RolePolicy("policy", role=role.name, policy=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}]}), opts=o)
key = aws.kms.Key("key", description="k", enable_key_rotation=True, deletion_window_in_days=7, opts=o)
alias = aws.kms.Alias("alias", name="alias/k", target_key_id=key.key_id, opts=o)
bucket = aws.s3.Bucket("Bucket", force_destroy=True, opts=o)
aws.s3.BucketVersioning("v", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=o)
aws.s3.BucketPublicAccessBlock("b", bucket=bucket.id, block_public_acls=True, opts=o)
aws.s3.BucketServerSideEncryptionConfiguration("e", bucket=bucket.id, rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}, "bucket_key_enabled": True}], opts=o)
aws.s3.BucketOwnershipControls("oc", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=o)
aws.s3.BucketPolicy("bp", bucket=bucket.id, policy=bucket.arn.apply(lambda a: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [a], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]})), opts=o)
aws.s3.BucketLifecycleConfiguration("lc", bucket=bucket.id, rules=[{"id": "x", "status": "Enabled", "filter": {}, "noncurrent_version_expiration": {"noncurrent_days": 30}, "abort_incomplete_multipart_upload": {"days_after_initiation": 7}}], opts=o)
table = aws.dynamodb.Table("table", hash_key="pk", range_key="seq", billing_mode="PAY_PER_REQUEST", attributes=[{"name": "seq", "type": "N"}, {"name": "pk", "type": "S"}], point_in_time_recovery={"enabled": True}, server_side_encryption={"enabled": True, "kms_key_arn": key.arn}, ttl={"enabled": True, "attribute_name": "expires"}, deletion_protection_enabled=False, opts=o)
pulumi.export("table", table.arn)
'''

def test_up_preview_refresh(stack: Stack) -> None:
    stack.program(PROGRAM)
    stack.engine.preview(STACK)
    outcome = stack.engine.up(STACK)
    print(outcome)
    stack.engine.preview(STACK, expect_no_changes=True)
    refreshed = stack.engine.refresh(STACK)
    assert refreshed.steps == ()
    stack.engine.preview(STACK, expect_no_changes=True)
