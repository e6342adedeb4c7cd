"""Every type that the program uses: the CloudFormation type that it is checked as, and how.

Sources: the arguments are pulumi_aws', the properties cfn-lint's copies of the CloudFormation schemas. Several types of
the provider may be one of CloudFormation (a bucket and its parts); a few have none and are checked as the parameters of
the call that makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.schemas.shapes import Inside, Left, Props, Shape, To, named_values, pairs, parsed

TAGS = To("Tags", pairs)
DESTROY = Left("what becomes of it at a destroy is the provider's affair")


@dataclass(frozen=True, slots=True)
class Whole:
    """A type that is one of CloudFormation. `more`: properties that no argument says."""

    cfn: str
    shape: Shape
    more: Callable[[Mapping[str, Any]], Props] = lambda given: {}


@dataclass(frozen=True, slots=True)
class Part:
    """A type that is a part of another's: `key` of the part names the owner, which calls itself so by `owner_key`."""

    of: str
    key: str
    shape: Shape
    owner_key: str = ""
    at: str = ""
    """The owner's property that the part is an item of; "" where it lies over the owner."""


@dataclass(frozen=True, slots=True)
class Request:
    """A type without one of CloudFormation: the call that makes it."""

    service: str
    operation: str
    shape: Shape
    reason: str


def statements_of_a_bus(given: Mapping[str, Any]) -> Props:
    """CloudFormation has a resource for each statement; the last stands for all, the IAM schema sees the document."""
    return {"StatementId": "all", "Statement": parsed(given["policy"])["Statement"][-1]}


BUCKET = "aws:s3/bucket:Bucket"
RULE = "aws:cloudwatch/eventRule:EventRule"
SHARE = "aws:ram/resourceShare:ResourceShare"
SINK = "aws:oam/sink:Sink"
OWNER = Left("a check of S3 requests, not a property")

LIFECYCLE_RULE: Shape = {
    "id": "Id",
    "status": "Status",
    "filter": Inside("", {"prefix": "Prefix"}),
    "abortIncompleteMultipartUpload": Inside(
        "AbortIncompleteMultipartUpload", {"daysAfterInitiation": "DaysAfterInitiation"}
    ),
    "noncurrentVersionExpiration": Inside("NoncurrentVersionExpiration", {"noncurrentDays": "NoncurrentDays"}),
    "expiration": Inside("", {"days": "ExpirationInDays"}),
}

STORAGE: dict[str, Whole | Part | Request] = {
    BUCKET: Whole(
        "AWS::S3::Bucket",
        {"bucket": "BucketName", "objectLockEnabled": "ObjectLockEnabled", "forceDestroy": DESTROY, "tags": TAGS},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Part(
        BUCKET, "bucket", {"versioningConfiguration": Inside("VersioningConfiguration", {"status": "Status"})}
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Part(
        BUCKET,
        "bucket",
        {"rule": To("OwnershipControls.Rules", lambda rule: [{"ObjectOwnership": rule["objectOwnership"]}])},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Part(
        BUCKET,
        "bucket",
        {
            name: f"PublicAccessBlockConfiguration.{name[0].upper()}{name[1:]}"
            for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        },
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Part(
        BUCKET,
        "bucket",
        {
            "rules": Inside(
                "BucketEncryption.ServerSideEncryptionConfiguration",
                {
                    "applyServerSideEncryptionByDefault": Inside(
                        "ServerSideEncryptionByDefault",
                        {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
                    ),
                    "bucketKeyEnabled": "BucketKeyEnabled",
                },
            )
        },
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Part(
        BUCKET, "bucket", {"rules": Inside("LifecycleConfiguration.Rules", LIFECYCLE_RULE)}
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Part(
        BUCKET,
        "bucket",
        {
            "rule": To(
                "ObjectLockConfiguration",
                lambda rule: {
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {
                        "DefaultRetention": {
                            "Mode": rule["defaultRetention"]["mode"],
                            "Days": rule["defaultRetention"]["days"],
                        }
                    },
                },
            )
        },
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Whole(
        "AWS::S3::BucketPolicy", {"bucket": "Bucket", "policy": To("PolicyDocument", parsed)}
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Request(
        "s3",
        "PutObject",
        {
            "bucket": "Bucket",
            "key": "Key",
            "contentType": "ContentType",
            "kmsKeyId": "SSEKMSKeyId",
            "serverSideEncryption": "ServerSideEncryption",
            "source": Left("the content, which is no parameter"),
            "sourceHash": Left("finds a changed content"),
            "checksumAlgorithm": "ChecksumAlgorithm",
            "forceDestroy": DESTROY,
            "content": To("Body", str.encode),
        },
        "CloudFormation makes no objects",
    ),
    "aws:dynamodb/table:Table": Whole(
        "AWS::DynamoDB::Table",
        {
            "name": "TableName",
            "billingMode": "BillingMode",
            "attributes": Inside("AttributeDefinitions", {"name": "AttributeName", "type": "AttributeType"}),
            "hashKey": Left("in the key schema, below"),
            "rangeKey": Left("in the key schema, below"),
            "pointInTimeRecovery": Inside(
                "PointInTimeRecoverySpecification", {"enabled": "PointInTimeRecoveryEnabled"}
            ),
            "serverSideEncryption": To(
                "SSESpecification",
                lambda given: {"SSEEnabled": given["enabled"], "SSEType": "KMS", "KMSMasterKeyId": given["kmsKeyArn"]},
            ),
            "deletionProtectionEnabled": "DeletionProtectionEnabled",
            "ttl": Inside("TimeToLiveSpecification", {"attributeName": "AttributeName", "enabled": "Enabled"}),
            "tags": TAGS,
        },
        lambda given: {
            "KeySchema": [
                {"AttributeName": given[key], "KeyType": kind}
                for key, kind in (("hashKey", "HASH"), ("rangeKey", "RANGE"))
                if given.get(key)
            ]
        },
    ),
    "aws:kms/key:Key": Whole(
        "AWS::KMS::Key",
        {
            "description": "Description",
            "policy": To("KeyPolicy", parsed),
            "enableKeyRotation": "EnableKeyRotation",
            "deletionWindowInDays": "PendingWindowInDays",
            "customerMasterKeySpec": "KeySpec",
            "keyUsage": "KeyUsage",
            "tags": TAGS,
        },
    ),
    "aws:kms/alias:Alias": Whole("AWS::KMS::Alias", {"name": "AliasName", "targetKeyId": "TargetKeyId"}),
    "aws:ecr/repository:Repository": Whole(
        "AWS::ECR::Repository",
        {
            "name": "RepositoryName",
            "imageTagMutability": "ImageTagMutability",
            "imageScanningConfiguration": Inside("ImageScanningConfiguration", {"scanOnPush": "ScanOnPush"}),
            "encryptionConfigurations": To(
                "EncryptionConfiguration",
                lambda given: {"EncryptionType": given[0]["encryptionType"], "KmsKey": given[0].get("kmsKey")},
            ),
            "forceDelete": DESTROY,
            "tags": TAGS,
        },
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Part(
        "aws:ecr/repository:Repository", "repository", {"policy": To("RepositoryPolicyText", parsed)}, "name"
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Part(
        "aws:ecr/repository:Repository", "repository", {"policy": "LifecyclePolicy.LifecyclePolicyText"}, "name"
    ),
}

EVENTS: dict[str, Whole | Part | Request] = {
    "aws:cloudwatch/eventBus:EventBus": Whole(
        "AWS::Events::EventBus", {"name": "Name", "description": "Description", "tags": TAGS}
    ),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": Whole(
        "AWS::Events::EventBusPolicy",
        {"eventBusName": "EventBusName", "policy": Left("by statement, below")},
        statements_of_a_bus,
    ),
    RULE: Whole(
        "AWS::Events::Rule",
        {
            "name": "Name",
            "description": "Description",
            "eventBusName": "EventBusName",
            "eventPattern": To("EventPattern", parsed),
            "scheduleExpression": "ScheduleExpression",
            "state": "State",
            "tags": TAGS,
        },
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Part(
        RULE,
        "rule",
        {
            "eventBusName": Left("the rule's"),
            "targetId": "Id",
            "arn": "Arn",
            "roleArn": "RoleArn",
            "input": "Input",
            "inputTransformer": Inside(
                "InputTransformer", {"inputPaths": "InputPathsMap", "inputTemplate": "InputTemplate"}
            ),
            "deadLetterConfig": Inside("DeadLetterConfig", {"arn": "Arn"}),
            "retryPolicy": Inside(
                "RetryPolicy",
                {
                    "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
                    "maximumRetryAttempts": "MaximumRetryAttempts",
                },
            ),
        },
        "name",
        "Targets",
    ),
    "aws:sqs/queue:Queue": Whole(
        "AWS::SQS::Queue",
        {
            "name": "QueueName",
            "kmsMasterKeyId": "KmsMasterKeyId",
            "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
            "sqsManagedSseEnabled": "SqsManagedSseEnabled",
            "messageRetentionSeconds": "MessageRetentionPeriod",
            "visibilityTimeoutSeconds": "VisibilityTimeout",
            "redrivePolicy": To("RedrivePolicy", parsed),
            "redriveAllowPolicy": To("RedriveAllowPolicy", parsed),
            "tags": TAGS,
        },
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Whole(
        "AWS::SQS::QueuePolicy",
        {"queueUrl": To("Queues", lambda url: [url]), "policy": To("PolicyDocument", parsed)},
    ),
    "aws:sns/topic:Topic": Whole(
        "AWS::SNS::Topic", {"name": "TopicName", "kmsMasterKeyId": "KmsMasterKeyId", "tags": TAGS}
    ),
    "aws:sns/topicPolicy:TopicPolicy": Whole(
        "AWS::SNS::TopicPolicy", {"arn": To("Topics", lambda arn: [arn]), "policy": To("PolicyDocument", parsed)}
    ),
    "aws:sns/topicSubscription:TopicSubscription": Whole(
        "AWS::SNS::Subscription", {"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"}
    ),
    "aws:cloudwatch/logGroup:LogGroup": Whole(
        "AWS::Logs::LogGroup",
        {"name": "LogGroupName", "retentionInDays": "RetentionInDays", "kmsKeyId": "KmsKeyId", "tags": TAGS},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Whole(
        "AWS::CloudWatch::Alarm",
        {
            "name": "AlarmName",
            "alarmDescription": "AlarmDescription",
            "namespace": "Namespace",
            "metricName": "MetricName",
            "dimensions": To("Dimensions", named_values),
            "statistic": "Statistic",
            "extendedStatistic": "ExtendedStatistic",
            "comparisonOperator": "ComparisonOperator",
            "threshold": "Threshold",
            "period": "Period",
            "evaluationPeriods": "EvaluationPeriods",
            "datapointsToAlarm": "DatapointsToAlarm",
            "treatMissingData": "TreatMissingData",
            "alarmActions": "AlarmActions",
            "okActions": "OKActions",
            "tags": TAGS,
        },
    ),
    SINK: Whole("AWS::Oam::Sink", {"name": "Name", "tags": "Tags"}),
    "aws:oam/sinkPolicy:SinkPolicy": Part(SINK, "sinkIdentifier", {"policy": To("Policy", parsed)}, "arn"),
    "aws:oam/link:Link": Whole(
        "AWS::Oam::Link",
        {
            "labelTemplate": "LabelTemplate",
            "resourceTypes": "ResourceTypes",
            "sinkIdentifier": "SinkIdentifier",
            "linkConfiguration": Inside(
                "LinkConfiguration", {"metricConfiguration": Inside("MetricConfiguration", {"filter": "Filter"})}
            ),
            "tags": "Tags",
        },
    ),
}

COMPUTE: dict[str, Whole | Part | Request] = {
    "aws:iam/role:Role": Whole(
        "AWS::IAM::Role",
        {
            "name": "RoleName",
            "description": "Description",
            "assumeRolePolicy": To("AssumeRolePolicyDocument", parsed),
            "permissionsBoundary": "PermissionsBoundary",
            "maxSessionDuration": "MaxSessionDuration",
            "managedPolicyArns": "ManagedPolicyArns",
            "tags": TAGS,
        },
    ),
    "aws:iam/rolePolicy:RolePolicy": Whole(
        "AWS::IAM::RolePolicy",
        {"name": "PolicyName", "role": "RoleName", "policy": To("PolicyDocument", parsed)},
    ),
    "aws:lambda/function:Function": Whole(
        "AWS::Lambda::Function",
        {
            "name": "FunctionName",
            "description": "Description",
            "role": "Role",
            "runtime": "Runtime",
            "architectures": "Architectures",
            "handler": "Handler",
            "code": Left("CloudFormation takes a package from S3 only"),
            "sourceCodeHash": Left("finds a changed package"),
            "memorySize": "MemorySize",
            "timeout": "Timeout",
            "reservedConcurrentExecutions": "ReservedConcurrentExecutions",
            "environment": Inside("Environment", {"variables": "Variables"}),
            "loggingConfig": Inside(
                "LoggingConfig",
                {
                    "logFormat": "LogFormat",
                    "logGroup": "LogGroup",
                    "applicationLogLevel": "ApplicationLogLevel",
                    "systemLogLevel": "SystemLogLevel",
                },
            ),
            "tags": TAGS,
        },
        lambda given: {"Code": {"S3Bucket": "packages", "S3Key": f"{given['name']}.zip"}},
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Whole(
        "AWS::Lambda::EventSourceMapping",
        {
            "eventSourceArn": "EventSourceArn",
            "functionName": "FunctionName",
            "batchSize": "BatchSize",
            "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
            "functionResponseTypes": "FunctionResponseTypes",
            "scalingConfig": Inside("ScalingConfig", {"maximumConcurrency": "MaximumConcurrency"}),
            "enabled": "Enabled",
            "tags": TAGS,
        },
    ),
    "aws:lambda/permission:Permission": Whole(
        "AWS::Lambda::Permission",
        {
            "function": "FunctionName",
            "action": "Action",
            "principal": "Principal",
            "sourceArn": "SourceArn",
            "sourceAccount": "SourceAccount",
            "statementId": Left("CloudFormation names the statement itself"),
        },
    ),
    "aws:apigatewayv2/api:Api": Whole(
        "AWS::ApiGatewayV2::Api",
        {
            "name": "Name",
            "description": "Description",
            "protocolType": "ProtocolType",
            "disableExecuteApiEndpoint": "DisableExecuteApiEndpoint",
            "ipAddressType": "IpAddressType",
            "tags": "Tags",
        },
    ),
    "aws:apigatewayv2/integration:Integration": Whole(
        "AWS::ApiGatewayV2::Integration",
        {
            "apiId": "ApiId",
            "integrationType": "IntegrationType",
            "integrationUri": "IntegrationUri",
            "integrationMethod": "IntegrationMethod",
            "payloadFormatVersion": "PayloadFormatVersion",
            "timeoutMilliseconds": "TimeoutInMillis",
        },
    ),
    "aws:apigatewayv2/route:Route": Whole(
        "AWS::ApiGatewayV2::Route",
        {
            "apiId": "ApiId",
            "routeKey": "RouteKey",
            "authorizationType": "AuthorizationType",
            "authorizerId": "AuthorizerId",
            "authorizationScopes": "AuthorizationScopes",
            "target": "Target",
        },
    ),
    "aws:apigatewayv2/authorizer:Authorizer": Whole(
        "AWS::ApiGatewayV2::Authorizer",
        {
            "apiId": "ApiId",
            "name": "Name",
            "authorizerType": "AuthorizerType",
            "identitySources": "IdentitySource",
            "jwtConfiguration": Inside("JwtConfiguration", {"audiences": "Audience", "issuer": "Issuer"}),
        },
    ),
    "aws:apigatewayv2/stage:Stage": Whole(
        "AWS::ApiGatewayV2::Stage",
        {
            "apiId": "ApiId",
            "name": "StageName",
            "autoDeploy": "AutoDeploy",
            "accessLogSettings": Inside("AccessLogSettings", {"destinationArn": "DestinationArn", "format": "Format"}),
            "defaultRouteSettings": Inside(
                "DefaultRouteSettings",
                {
                    "throttlingRateLimit": "ThrottlingRateLimit",
                    "throttlingBurstLimit": "ThrottlingBurstLimit",
                    "detailedMetricsEnabled": "DetailedMetricsEnabled",
                },
            ),
            "tags": "Tags",
        },
    ),
}

SHARING: dict[str, Whole | Part | Request] = {
    "aws:ram/permission:Permission": Whole(
        "AWS::RAM::Permission",
        {"name": "Name", "resourceType": "ResourceType", "policyTemplate": To("PolicyTemplate", parsed), "tags": TAGS},
    ),
    SHARE: Whole(
        "AWS::RAM::ResourceShare",
        {
            "name": "Name",
            "permissionArns": "PermissionArns",
            "allowExternalPrincipals": "AllowExternalPrincipals",
            "tags": TAGS,
        },
    ),
    "aws:ram/resourceAssociation:ResourceAssociation": Part(
        SHARE, "resourceShareArn", {"resourceArn": To("ResourceArns", lambda arn: [arn])}, "arn"
    ),
    "aws:ram/principalAssociation:PrincipalAssociation": Part(
        SHARE, "resourceShareArn", {"principal": To("Principals", lambda principal: [principal])}, "arn"
    ),
    "aws:ram/resourceShareAccepter:ResourceShareAccepter": Request(
        "ram",
        "AcceptResourceShareInvitation",
        {"shareArn": "resourceShareInvitationArn"},
        "CloudFormation accepts no invitation",
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": Whole(
        "AWS::SageMaker::ModelPackageGroup",
        {
            "modelPackageGroupName": "ModelPackageGroupName",
            "modelPackageGroupDescription": "ModelPackageGroupDescription",
            "tags": TAGS,
        },
    ),
}


def pascal(value: Any) -> Any:
    """Keys as CloudFormation spells them, at any depth. What it spells otherwise, its schema refuses."""
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: pascal(inner) for key, inner in value.items()}
    return [pascal(item) for item in value] if isinstance(value, list) else value


def settings(path: str) -> To:
    return To(path, pascal)


STUDIO: dict[str, Whole | Part | Request] = {
    "aws:sagemaker/domain:Domain": Whole(
        "AWS::SageMaker::Domain",
        {
            "domainName": "DomainName",
            "authMode": "AuthMode",
            "vpcId": "VpcId",
            "subnetIds": "SubnetIds",
            "appNetworkAccessType": "AppNetworkAccessType",
            "appSecurityGroupManagement": "AppSecurityGroupManagement",
            "defaultUserSettings": settings("DefaultUserSettings"),
            "defaultSpaceSettings": settings("DefaultSpaceSettings"),
            "domainSettings": settings("DomainSettings"),
            "tagPropagation": "TagPropagation",
            "kmsKeyId": "KmsKeyId",
            "retentionPolicy": DESTROY,
            "tags": TAGS,
        },
    ),
    "aws:sagemaker/userProfile:UserProfile": Whole(
        "AWS::SageMaker::UserProfile",
        {
            "domainId": "DomainId",
            "userProfileName": "UserProfileName",
            "userSettings": settings("UserSettings"),
            "tags": TAGS,
        },
    ),
    "aws:sagemaker/space:Space": Whole(
        "AWS::SageMaker::Space",
        {
            "domainId": "DomainId",
            "spaceName": "SpaceName",
            "spaceDisplayName": "SpaceDisplayName",
            "ownershipSettings": settings("OwnershipSettings"),
            "spaceSharingSettings": settings("SpaceSharingSettings"),
            "spaceSettings": settings("SpaceSettings"),
            "tags": TAGS,
        },
    ),
    "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig": Whole(
        "AWS::SageMaker::StudioLifecycleConfig",
        {
            "studioLifecycleConfigName": "StudioLifecycleConfigName",
            "studioLifecycleConfigAppType": "StudioLifecycleConfigAppType",
            "studioLifecycleConfigContent": "StudioLifecycleConfigContent",
            "tags": TAGS,
        },
    ),
    "aws:sagemaker/mlflowApp:MlflowApp": Whole(
        "AWS::SageMaker::MlflowApp",
        {
            "name": "Name",
            "artifactStoreUri": "ArtifactStoreUri",
            "roleArn": "RoleArn",
            "modelRegistrationMode": "ModelRegistrationMode",
            "weeklyMaintenanceWindowStart": "WeeklyMaintenanceWindowStart",
            "tags": TAGS,
        },
    ),
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": Whole(
        "AWS::SageMaker::MlflowTrackingServer",
        {
            "trackingServerName": "TrackingServerName",
            "artifactStoreUri": "ArtifactStoreUri",
            "roleArn": "RoleArn",
            "automaticModelRegistration": "AutomaticModelRegistration",
            "trackingServerSize": "TrackingServerSize",
            "mlflowVersion": "MlflowVersion",
            "weeklyMaintenanceWindowStart": "WeeklyMaintenanceWindowStart",
            "tags": TAGS,
        },
    ),
}

SECURITY_GROUP_RULE: Shape = {
    "securityGroupId": "GroupId",
    "ipProtocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "description": "Description",
    "cidrIpv4": "CidrIp",
    "tags": Left("a rule has none in CloudFormation"),
}

NETWORK: dict[str, Whole | Part | Request] = {
    "aws:ec2/vpc:Vpc": Whole(
        "AWS::EC2::VPC",
        {
            "cidrBlock": "CidrBlock",
            "enableDnsSupport": "EnableDnsSupport",
            "enableDnsHostnames": "EnableDnsHostnames",
            "tags": TAGS,
        },
    ),
    "aws:ec2/subnet:Subnet": Whole(
        "AWS::EC2::Subnet",
        {
            "vpcId": "VpcId",
            "cidrBlock": "CidrBlock",
            "availabilityZone": "AvailabilityZone",
            "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
            "tags": TAGS,
        },
    ),
    "aws:ec2/routeTable:RouteTable": Whole("AWS::EC2::RouteTable", {"vpcId": "VpcId", "tags": TAGS}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Whole(
        "AWS::EC2::SubnetRouteTableAssociation", {"routeTableId": "RouteTableId", "subnetId": "SubnetId"}
    ),
    "aws:ec2/securityGroup:SecurityGroup": Whole(
        "AWS::EC2::SecurityGroup",
        {"name": "GroupName", "description": "GroupDescription", "vpcId": "VpcId", "tags": TAGS},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Request(
        "ec2",
        "RevokeSecurityGroupEgress",
        {
            "vpcId": Left("finds the group"),
            "ingress": To("IpPermissions", pascal),
            "egress": Left("none, as for what comes in"),
            "tags": Left("set by a call of their own"),
        },
        "CloudFormation has no hand on a VPC's default group",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Whole(
        "AWS::EC2::SecurityGroupIngress",
        {
            **SECURITY_GROUP_RULE,
            "referencedSecurityGroupId": "SourceSecurityGroupId",
            "prefixListId": "SourcePrefixListId",
        },
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Whole(
        "AWS::EC2::SecurityGroupEgress",
        {
            **SECURITY_GROUP_RULE,
            "referencedSecurityGroupId": "DestinationSecurityGroupId",
            "prefixListId": "DestinationPrefixListId",
        },
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Whole(
        "AWS::EC2::VPCEndpoint",
        {
            "vpcId": "VpcId",
            "serviceName": "ServiceName",
            "vpcEndpointType": "VpcEndpointType",
            "routeTableIds": "RouteTableIds",
            "subnetIds": "SubnetIds",
            "securityGroupIds": "SecurityGroupIds",
            "privateDnsEnabled": "PrivateDnsEnabled",
            "policy": To("PolicyDocument", parsed),
            "tags": TAGS,
        },
    ),
    "aws:ec2/flowLog:FlowLog": Whole(
        "AWS::EC2::FlowLog",
        {
            "vpcId": "ResourceId",
            "trafficType": "TrafficType",
            "logDestinationType": "LogDestinationType",
            "logDestination": "LogDestination",
            "iamRoleArn": "DeliverLogsPermissionArn",
            "maxAggregationInterval": "MaxAggregationInterval",
            "tags": TAGS,
        },
        lambda given: {"ResourceType": "VPC"},
    ),
}

TYPES: Mapping[str, Whole | Part | Request] = STORAGE | EVENTS | COMPUTE | SHARING | STUDIO | NETWORK
