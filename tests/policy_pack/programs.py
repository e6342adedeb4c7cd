"""Two Pulumi programs: one that breaks every rule of the pack, and one that breaks none."""

from __future__ import annotations

HEADER = '''
import json
import pulumi
import pulumi_aws as aws

class Sketch(pulumi.ComponentResource):
    """A resource that needs no provider: the engine shows the pack its type and inputs all the same."""

    def __init__(self, token, name, props):
        super().__init__(token, name, props, None)

def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

TAGS = {"governance:managed-by": "ml-governance", "governance:installation": "mlgov", "governance:stack": "prod"}
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
NO_PLAIN_HTTP = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                 "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
'''

BREAKS_ALL = (
    HEADER
    + """
account = aws.Provider("account", region="eu-west-1", default_tags={"tags": {"owner": "risk"}})
here = pulumi.ResourceOptions(provider=account)

bucket = aws.s3.Bucket("open", bucket="open-to-all", opts=here)
aws.s3.BucketPublicAccessBlock("open", bucket=bucket.bucket, block_public_acls=True, opts=here)
aws.s3.BucketPolicy("open", bucket=bucket.bucket, opts=here, policy=document(
    {"Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}))
aws.s3.Bucket("bare", bucket="without-any-guard", opts=here)
aws.sqs.Queue("plain", opts=here)
aws.cloudwatch.LogGroup("endless", kms_key_id="arn:aws:kms:eu-west-1:444444444444:key/k", opts=here)
aws.dynamodb.Table("unsaved", hash_key="id", attributes=[{"name": "id", "type": "S"}], billing_mode="PAY_PER_REQUEST",
                   server_side_encryption={"enabled": True, "kms_key_arn": "arn:aws:kms:eu-west-1:444444444444:key/k"},
                   opts=pulumi.ResourceOptions(provider=account, protect=True))
role = aws.iam.Role("role", assume_role_policy=TRUST, opts=here)
aws.iam.RolePolicy("everything", role=role.name, opts=here, policy=document(
    {"Sid": "All", "Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}))
aws.lambda_.Function("chatty", role=role.arn, runtime="python3.11", handler="h.handler", opts=here,
    code=pulumi.AssetArchive({"h.py": pulumi.StringAsset("pass")}),
    environment={"variables": {"DATABASE_PASSWORD": "hunter2"}})
Sketch("aws:apigatewayv2/route:Route", "door", {"routeKey": "POST /", "authorizationType": "NONE"})
"""
)

VIOLATIONS = {
    ("allowed-accounts", "account"),
    ("encrypted-with-our-key", "plain"),
    ("full-access", "everything"),
    ("inline-secret", "chatty"),
    ("log-retention", "chatty"),
    ("log-retention", "endless"),
    ("no-approval-by-spokes", "everything"),
    ("point-in-time-recovery", "unsaved"),
    ("public-api", "door"),
    ("public-bucket", "bare"),
    ("public-bucket", "open"),
    ("stateful-protected", "bare"),
    ("stateful-protected", "open"),
    ("tags", "account"),
    ("tls-only", "bare"),
    ("tls-only", "open"),
    ("wildcard-principal", "open"),
}
"""What BREAKS_ALL is told in a stack of production: rule and logical name, these and no others."""

BREAKS_NONE = (
    HEADER
    + """
account = aws.Provider("account", region="eu-west-1", allowed_account_ids=["444444444444"],
                       default_tags={"tags": TAGS})
here = pulumi.ResourceOptions(provider=account)
kept = pulumi.ResourceOptions(provider=account, protect=True)

key = aws.kms.Key("key", enable_key_rotation=True, opts=kept)
bucket = aws.s3.Bucket("private", bucket="closed-to-all", opts=kept)
aws.s3.BucketPublicAccessBlock("private", bucket=bucket.bucket, block_public_acls=True, block_public_policy=True,
                               ignore_public_acls=True, restrict_public_buckets=True, opts=here)
aws.s3.BucketPolicy("private", bucket=bucket.bucket, opts=here, policy=document(NO_PLAIN_HTTP,
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*",
     "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}))
aws.sqs.Queue("sealed", kms_master_key_id=key.arn, opts=here)
logs = aws.cloudwatch.LogGroup("bounded", name="/aws/lambda/quiet", retention_in_days=30, kms_key_id=key.arn, opts=here)
aws.dynamodb.Table("saved", hash_key="id", attributes=[{"name": "id", "type": "S"}], billing_mode="PAY_PER_REQUEST",
                   server_side_encryption={"enabled": True, "kms_key_arn": key.arn},
                   point_in_time_recovery={"enabled": True}, opts=kept)
role = aws.iam.Role("role", assume_role_policy=TRUST, opts=here)
aws.iam.RolePolicy("little", role=role.name, opts=here, policy=key.arn.apply(lambda arn: document(
    {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn})))
aws.lambda_.Function("quiet", name="quiet", role=role.arn, runtime="python3.11", handler="h.handler", opts=here,
    code=pulumi.AssetArchive({"h.py": pulumi.StringAsset("pass")}),
    environment={"variables": {"TABLE": "saved"}}, logging_config={"log_format": "Text", "log_group": logs.name})
Sketch("aws:apigatewayv2/route:Route", "door", {"routeKey": "POST /", "authorizationType": "AWS_IAM"})
"""
)

WAITING = {
    "encrypted-with-our-key": {"bounded", "saved", "sealed"},
    "full-access": {"little"},
    "no-approval-by-spokes": {"little"},
    "wildcard-principal": {"little"},
}
"""What BREAKS_NONE can't be judged on before its key exists: rule → logical names."""
