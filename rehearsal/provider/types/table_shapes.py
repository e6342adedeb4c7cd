"""The parts of a DynamoDB table, between Pulumi's spelling and DynamoDB's (boto:dynamodb TableDescription)."""

from __future__ import annotations

from rehearsal.provider.values import Props


def keys(hash_key: str, range_key: str | None) -> list[dict[str, str]]:
    """The key schema of a table or index."""
    found = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return found + ([{"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else [])


def throughput(source: Props, billing: str) -> dict[str, int] | None:
    """The provisioned throughput, None where requests are paid each."""
    if billing == "PAY_PER_REQUEST":
        return None
    return {
        "ReadCapacityUnits": source.get("readCapacity", 0),
        "WriteCapacityUnits": source.get("writeCapacity", 0),
    }


def attributes(args: Props) -> list[dict[str, str]]:
    """The attribute definitions of a table."""
    return [{"AttributeName": item["name"], "AttributeType": item["type"]} for item in args.get("attributes", ())]


def index_to_api(index: Props, billing: str) -> Props:
    """A global secondary index for CreateTable and UpdateTable."""
    projection = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    found = {
        "IndexName": index["name"],
        "KeySchema": keys(index["hashKey"], index.get("rangeKey")),
        "Projection": projection,
    }
    provisioned = throughput(index, billing)
    return {**found, "ProvisionedThroughput": provisioned} if provisioned else found


def encryption(args: Props) -> Props | None:
    """The encryption of a table; without a key DynamoDB takes the account's own."""
    block = args.get("serverSideEncryption")
    if block is None:
        return None
    found: Props = {"Enabled": block["enabled"]}
    if block["enabled"]:
        found["SSEType"] = "KMS"
        if block.get("kmsKeyArn"):
            found["KMSMasterKeyId"] = block["kmsKeyArn"]
    return found


def stream(args: Props) -> Props | None:
    """The stream of a table, None where it has none."""
    if not args.get("streamEnabled"):
        return None
    return {"StreamEnabled": True, "StreamViewType": args["streamViewType"]}


def key(schema: list[dict[str, str]], kind: str) -> str | None:
    """The attribute of one kind (`HASH`, `RANGE`) in a key schema."""
    return next((item["AttributeName"] for item in schema if item["KeyType"] == kind), None)


def capacity(source: Props, billing: str) -> Props:
    """The provisioned capacity; DynamoDB answers zeros where requests are paid each."""
    if billing == "PAY_PER_REQUEST":
        return {}
    found = source.get("ProvisionedThroughput", {})
    return {
        "readCapacity": found.get("ReadCapacityUnits"),
        "writeCapacity": found.get("WriteCapacityUnits"),
    }


def index_from_api(index: Props, billing: str) -> Props:
    """A global secondary index as DescribeTable returns it."""
    found = {
        "name": index["IndexName"],
        "hashKey": key(index["KeySchema"], "HASH"),
        "rangeKey": key(index["KeySchema"], "RANGE"),
        "projectionType": index["Projection"]["ProjectionType"],
        "nonKeyAttributes": index["Projection"].get("NonKeyAttributes"),
        **capacity(index, billing),
    }
    return {key: value for key, value in found.items() if value is not None}


def encryption_from_api(table: Props) -> Props | None:
    """The encryption that DescribeTable returns, None for DynamoDB's own key."""
    found = table.get("SSEDescription", {})
    if found.get("Status") not in ("ENABLED", "ENABLING", "UPDATING"):
        return None
    return {"enabled": True, "kmsKeyArn": found.get("KMSMasterKeyArn")}
