"""What nobody may do, tried by those who would gain from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blueprint.organisation import Organisation
from rehearsal.scenario.attempts import Attempt
from rehearsal.scenario.cast import Actor
from rehearsal.scenario.configuration import consumer, contributor
from rehearsal.scenario.registration import IMAGE, version_request

BOTH_DENY = {"identity": "denied", "resource": "denied"}
ROLE_DENIES = {"identity": "denied", "resource": "silent"}
NEITHER_ALLOWS = {"identity": "silent", "resource": "silent"}


@dataclass(frozen=True, slots=True)
class Registered:
    """The version that the attempts are about, and its artifact. `consumer` is the stage that is to serve it."""

    group_arn: str
    package_arn: str
    card: str
    bucket: str
    key: str
    version_id: str
    artifact: bytes
    consumer: str

    @property
    def elsewhere(self) -> str:
        """The key that the artifact would have under the prefix of the account that serves."""
        return f"artifacts/{self.consumer}/{self.key.split('/', 2)[2]}"

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def by_the_data_scientist(actor: Actor, version: Registered) -> Sequence[Attempt]:
    """Approve the own work, rewrite it, or hide it."""
    registry, storage = actor.client("sagemaker"), actor.client("s3")
    pending = version_request(version.group_arn, version.card, version.url)
    package = {"ModelPackageArn": version.package_arn}
    artifact = {"Bucket": version.bucket, "Key": version.key}

    def attempt(what: str, layers: dict[str, str], operation: Any, **parameters: Any) -> Attempt:
        return Attempt(actor.name, what, lambda: operation(**parameters), layers)

    approved = {**pending, "ModelApprovalStatus": "Approved"}
    production = version_request(version.group_arn, version.card, version.url, stage="Production")
    create, update = registry.create_model_package, registry.update_model_package
    other = version.elsewhere
    return [
        attempt("approve a version while creating it", ROLE_DENIES, create, **approved),
        attempt("start a version in Production", ROLE_DENIES, create, **production),
        attempt("approve a version by an update", ROLE_DENIES, update, **package, ModelApprovalStatus="Approved"),
        attempt(
            "swap the artifact of a version", ROLE_DENIES, update, **package,
            InferenceSpecification=pending["InferenceSpecification"],
        ),
        attempt(
            "move a version to Production", ROLE_DENIES, update, **package,
            ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"},
        ),
        attempt("delete a version", ROLE_DENIES, registry.delete_model_package, ModelPackageName=version.package_arn),
        attempt("overwrite an artifact", BOTH_DENY, storage.put_object, **artifact, Body=b"another model"),
        attempt(
            "make an object over an existing artifact", {"service": "PreconditionFailed"}, storage.put_object,
            **artifact, Body=b"another model", IfNoneMatch="*", ChecksumAlgorithm="SHA256",
        ),
        attempt("delete an artifact", BOTH_DENY, storage.delete_object, **artifact),
        attempt(
            "delete the version of an artifact", BOTH_DENY, storage.delete_object, **artifact,
            VersionId=version.version_id,
        ),
        attempt(
            "tag an artifact as approved", BOTH_DENY, storage.put_object_tagging, **artifact,
            Tagging={"TagSet": [{"Key": version.consumer, "Value": "approved"}]},
        ),
        attempt("read another account's prefix", NEITHER_ALLOWS, storage.get_object, Bucket=version.bucket, Key=other),
        attempt(
            "publish under another account's prefix", NEITHER_ALLOWS, storage.put_object, Bucket=version.bucket,
            Key=other, Body=version.artifact, IfNoneMatch="*",
        ),
    ]  # fmt: skip


def by_the_validator(actor: Actor, version: Registered) -> Sequence[Attempt]:
    """Approve, or publish a model of the own."""
    registry, storage = actor.client("sagemaker"), actor.client("s3")
    return [
        Attempt(
            actor.name, "approve a version",
            lambda: registry.update_model_package(ModelPackageArn=version.package_arn, ModelApprovalStatus="Approved"),
            ROLE_DENIES,
        ),
        Attempt(
            actor.name, "publish an artifact",
            lambda: storage.put_object(
                Bucket=version.bucket, Key=version.elsewhere, Body=b"another model",
                IfNoneMatch="*",
            ),
            {"resource": "silent"},
        ),
    ]  # fmt: skip


def before_approval(actor: Actor, version: Registered) -> Sequence[Attempt]:
    """Serve what nobody approved."""
    return [
        Attempt(
            actor.name, "read an artifact that isn't approved for its stage",
            lambda: actor.client("s3").get_object(Bucket=version.bucket, Key=version.key),
            {"resource": "silent"},
        )
    ]  # fmt: skip


def ungated(actor: Actor, version: Registered) -> Sequence[Attempt]:
    """Serve what is approved for another stage only: neither side alone lets it be read."""
    return [
        Attempt(
            actor.name, "read an artifact that isn't approved for its stage",
            lambda: actor.client("s3").get_object(Bucket=version.bucket, Key=version.key),
            NEITHER_ALLOWS,
        )
    ]  # fmt: skip


def by_the_serving_role(actor: Actor, version: Registered) -> Sequence[Attempt]:
    """Do anything but read: what runs in a container holds these credentials."""
    storage = actor.client("s3")

    def attempt(what: str, layers: dict[str, str], operation: Any, **parameters: Any) -> Attempt:
        return Attempt(actor.name, what, lambda: operation(**parameters), layers)

    return [
        attempt(
            "publish an artifact", NEITHER_ALLOWS, storage.put_object, Bucket=version.bucket, Key=version.elsewhere,
            Body=b"another model", IfNoneMatch="*",
        ),
        attempt(
            "approve its own artifact", {"identity": "silent", "resource": "denied"}, storage.put_object_tagging,
            Bucket=version.bucket, Key=version.key,
            Tagging={"TagSet": [{"Key": version.consumer, "Value": "approved"}]},
        ),
        attempt("list the bucket", NEITHER_ALLOWS, storage.list_objects_v2, Bucket=version.bucket),
        attempt(
            "see a version", {"identity": "silent"}, actor.client("sagemaker").describe_model_package,
            ModelPackageName=version.package_arn,
        ),
    ]  # fmt: skip


def by_the_deployer(actor: Actor, of: Organisation, version: Registered) -> Sequence[Attempt]:
    """Take the model home, serve it with another role, decide on it."""
    registry, storage, names, spoke = actor.client("sagemaker"), actor.client("s3"), of.names, consumer(of)
    pending = version_request(version.group_arn, version.card, version.url)
    artifact = {"Bucket": version.bucket, "Key": version.key}

    def attempt(what: str, layers: dict[str, str], operation: Any, **parameters: Any) -> Attempt:
        return Attempt(actor.name, what, lambda: operation(**parameters), layers)

    return [
        attempt("read an artifact", ROLE_DENIES, storage.get_object, **artifact),
        attempt(
            "tag an artifact as approved", BOTH_DENY, storage.put_object_tagging, **artifact,
            Tagging={"TagSet": [{"Key": version.consumer, "Value": "approved"}]},
        ),
        attempt(
            "serve a model with another role", {"identity": "denied"}, registry.create_model, ModelName="taken-home",
            ExecutionRoleArn=names.role_arn(spoke.account, names.role(spoke.stack, "execution")),
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": version.url},
        ),
        attempt("register a version", ROLE_DENIES, registry.create_model_package, **pending),
        attempt(
            "approve a version", ROLE_DENIES, registry.update_model_package, ModelPackageArn=version.package_arn,
            ModelApprovalStatus="Approved",
        ),
        attempt("search the registry", {"identity": "denied"}, registry.search, Resource="ModelPackage"),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hub:
    """What the hub's people must leave alone, by its contract."""

    ledger: str
    anchors: str
    documents: str
    capture_url: str
    signing_key: str

    @staticmethod
    def of(outputs: Mapping[str, Any]) -> Hub:
        return Hub(
            ledger=outputs["tables"]["modelgovernanceledger"], anchors=outputs["anchorsBucket"],
            documents=outputs["documentsBucket"], capture_url=outputs["queues"]["capture"],
            signing_key=outputs["signingKeyArn"],
        )  # fmt: skip


def by_the_auditor(actor: Actor, hub: Hub, version: Registered) -> Sequence[Attempt]:
    """Change what is audited, or make it up."""
    everything = _decide_and_rewrite(actor, hub, version)
    sqs, kms = actor.client("sqs"), actor.client("kms")
    return [
        *everything,
        Attempt(
            actor.name, "make up an event",
            lambda: sqs.send_message(QueueUrl=hub.capture_url, MessageBody="{}"), {"identity": "denied"},
        ),
        Attempt(
            actor.name, "sign an anchor",
            lambda: kms.sign(
                KeyId=hub.signing_key, Message=b"0" * 32, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
            ),
            BOTH_DENY,
        ),
    ]  # fmt: skip


def by_the_operator(actor: Actor, hub: Hub, version: Registered) -> Sequence[Attempt]:
    """Decide, rewrite, or read what is none of the operator's business."""
    storage = actor.client("s3")
    return [
        *_decide_and_rewrite(actor, hub, version),
        Attempt(
            actor.name, "list the anchors", lambda: storage.list_object_versions(Bucket=hub.anchors),
            {"identity": "denied"},
        ),
    ]  # fmt: skip


def _decide_and_rewrite(actor: Actor, hub: Hub, version: Registered) -> list[Attempt]:
    database, storage, registry = actor.client("dynamodb"), actor.client("s3"), actor.client("sagemaker")
    key = {"modelpackagearn": {"S": version.package_arn}, "seq": {"N": "1"}}
    return [
        Attempt(
            actor.name, "approve a version",
            lambda: registry.update_model_package(ModelPackageArn=version.package_arn, ModelApprovalStatus="Approved"),
            {"identity": "denied"},
        ),
        Attempt(
            actor.name, "delete a ledger row", lambda: database.delete_item(TableName=hub.ledger, Key=key),
            {"identity": "denied"},
        ),
        Attempt(
            actor.name, "read an artifact",
            lambda: storage.get_object(Bucket=version.bucket, Key=version.key), {"identity": "denied"},
        ),
        Attempt(
            actor.name, "put an anchor",
            lambda: storage.put_object(Bucket=hub.anchors, Key="anchors/x/0000000001.json", Body=b"{}"), BOTH_DENY,
        ),
    ]  # fmt: skip


def by_the_ledger_s_writer(actor: Actor, table: str, package_arn: str) -> Sequence[Attempt]:
    """Rewrite history with the rights of the function that writes it."""
    database = actor.client("dynamodb")
    key = {"modelpackagearn": {"S": package_arn}, "seq": {"N": "1"}}
    return [
        Attempt(
            actor.name, "put a row over a ledger row", lambda: database.put_item(TableName=table, Item=key),
            {"identity": "denied"},
        ),
        Attempt(
            actor.name, "delete a ledger row", lambda: database.delete_item(TableName=table, Key=key),
            {"identity": "denied"},
        ),
        Attempt(
            actor.name, "update a ledger row by PartiQL",
            lambda: database.execute_statement(
                Statement=f'UPDATE "{table}" SET "actor"=? WHERE "modelpackagearn"=? AND "seq"=?',  # noqa: S608  # our table's name
                Parameters=[{"S": "nobody"}, key["modelpackagearn"], key["seq"]],
            ),
            {"identity": "denied"},
        ),
    ]  # fmt: skip


def by_the_outsider(actor: Actor, organisation: Organisation, version: Registered, key_arn: str) -> Sequence[Attempt]:
    """Anything at all, from an account that is in no organisation of ours. Its own policies allow everything."""
    registry, storage = actor.client("sagemaker"), actor.client("s3")
    hub, names = organisation.hub, organisation.names
    scientist = contributor(organisation)
    pending = version_request(version.group_arn, version.card, version.url)

    def attempt(what: str, operation: Any, **parameters: Any) -> Attempt:
        return Attempt(actor.name, what, lambda: operation(**parameters), {"identity": "allowed", "resource": "silent"})

    def assume(what: str, role: str) -> Attempt:
        return Attempt(
            actor.name, what,
            lambda: actor.client("sts").assume_role(RoleArn=role, RoleSessionName="outsider"),
            {"trust": "silent"},
        )  # fmt: skip

    return [
        attempt("see a version", registry.describe_model_package, ModelPackageName=version.package_arn),
        attempt("list the versions", registry.list_model_packages, ModelPackageGroupName=version.group_arn),
        attempt("register a version", registry.create_model_package, **pending),
        attempt(
            "approve a version", registry.update_model_package, ModelPackageArn=version.package_arn,
            ModelApprovalStatus="Approved",
        ),
        attempt("read an artifact", storage.get_object, Bucket=version.bucket, Key=version.key),
        attempt("list the bucket", storage.list_objects_v2, Bucket=version.bucket),
        attempt("use the artifact key", actor.client("kms").generate_data_key, KeyId=key_arn, KeySpec="AES_256"),
        attempt(
            "post to the governance bus", actor.client("events").put_events,
            Entries=[
                {
                    "EventBusName": names.bus_arn(hub), "Source": "mlgov.requests", "DetailType": "Stage Requested",
                    "Detail": "{}",
                }
            ],
        ),
        assume("become an approver", names.role_arn(hub, names.approver_role(organisation.stages[0].name))),
        assume(
            "become the data scientist",
            names.role_arn(scientist.account, names.role(scientist.stack, "execution")),
        ),
    ]  # fmt: skip
