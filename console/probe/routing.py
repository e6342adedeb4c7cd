"""Questions of events: asked with a queue, a rule and a bus that live for a minute."""

from __future__ import annotations

import json
from typing import Any

from console.probe.model import Ground, Probe, Result, Undo, answer, differs, held, unclear
from console.probe.registering import PROPAGATION_SECONDS, group

SOURCE = "governance.probe"
DELIVERY_SECONDS = 90.0
KEY_DELETION_DAYS = 7


def queue(ground: Ground, undo: Undo, name: str, key: str | None = None) -> tuple[str, str]:
    """A queue that EventBridge may send to; its URL and ARN."""
    sqs = ground.hub("sqs")
    arn = ground.names.queue_arn(ground.account, name)
    admits = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn, "Condition": {"StringEquals": {"aws:SourceAccount": ground.account}},
    }  # fmt: skip
    attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [admits]})}
    encrypted = {"KmsMasterKeyId": key} if key else {}
    url = sqs.create_queue(QueueName=name, Attributes={**attributes, **encrypted})["QueueUrl"]
    undo(f"queue {name}", lambda: sqs.delete_queue(QueueUrl=url))
    return url, arn


def rule(ground: Ground, undo: Undo, name: str, pattern: dict[str, Any], *, bus: str | None = None) -> None:
    events = ground.hub("events")
    where = {"EventBusName": bus} if bus else {}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), **where)
    undo(f"rule {name}", lambda: events.delete_rule(Name=name, **where))


def target(
    ground: Ground, undo: Undo, name: str, arn: str, *, bus: str | None = None, role: str | None = None
) -> None:  # fmt: skip
    events = ground.hub("events")
    where = {"EventBusName": bus} if bus else {}
    through = {"RoleArn": role} if role else {}
    events.put_targets(Rule=name, Targets=[{"Id": "probe", "Arn": arn, **through}], **where)
    undo(f"target of rule {name}", lambda: events.remove_targets(Rule=name, Ids=["probe"], **where))


def received(ground: Ground, url: str, wanted: int = 1, seconds: float = DELIVERY_SECONDS) -> list[dict[str, Any]]:
    """The events that arrive in a queue, until so many are there or the time is over."""
    sqs = ground.hub("sqs")
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        for message in answer.get("Messages", []):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= wanted

    ground.until(enough, seconds)
    return found


def _put(ground: Ground) -> str:
    entry = {"Source": SOURCE, "DetailType": ground.temporary, "Detail": json.dumps({"probe": ground.token})}
    (made,) = ground.hub("events").put_events(Entries=[entry])["Entries"]
    return str(made["EventId"])


def _forwarded_id(ground: Ground) -> Result:
    name, pattern = ground.temporary, {"source": [SOURCE], "detail-type": [ground.temporary]}
    events, iam = ground.hub("events"), ground.hub("iam")
    with ground.cleanup() as undo:
        url, arn = queue(ground, undo, name)
        bus = events.create_event_bus(Name=name)["EventBusArn"]
        undo(f"bus {name}", lambda: events.delete_event_bus(Name=name))
        trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        undo(f"role {name}", lambda: iam.delete_role(RoleName=name))
        puts = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
        iam.put_role_policy(
            RoleName=name, PolicyName="probe", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [puts]})
        )
        undo(f"policy of role {name}", lambda: iam.delete_role_policy(RoleName=name, PolicyName="probe"))
        rule(ground, undo, f"{name}-in", pattern)
        rule(ground, undo, f"{name}-out", pattern, bus=name)
        target(ground, undo, f"{name}-out", arn, bus=name)
        ground.sleep(PROPAGATION_SECONDS / 4 * ground.patience)
        target(ground, undo, f"{name}-in", bus, role=role)
        sent: list[str] = []

        def forwarded() -> bool:
            sent.append(_put(ground))
            seen.extend(received(ground, url, seconds=DELIVERY_SECONDS / 6))
            return bool(seen)

        seen: list[dict[str, Any]] = []
        ground.until(forwarded, DELIVERY_SECONDS)
    if not seen:
        return unclear("nothing was forwarded in time")
    told = f"put as {', '.join(sent)}, arrived as {seen[0]['id']}"
    return held(told) if seen[0]["id"] in sent else differs(told)


def _deletions(ground: Ground) -> Result:
    sagemaker, name = ground.hub("sagemaker"), ground.temporary
    with ground.cleanup() as undo:
        url, arn = queue(ground, undo, name)
        rule(ground, undo, name, {"source": ["aws.sagemaker"], "detail": {"ModelPackageGroupName": [name]}})
        target(ground, undo, name, arn)
        of = group(ground, undo)
        shown = sagemaker.describe_model_package(ModelPackageName=ground.version)["InferenceSpecification"]
        made = sagemaker.create_model_package(ModelPackageGroupName=of, InferenceSpecification=shown)["ModelPackageArn"]
        gone: list[str] = []
        undo(f"version {made}", lambda: gone or sagemaker.delete_model_package(ModelPackageName=made))
        created = received(ground, url)
        card = {"ModelCardContent": json.dumps({"model_overview": {"model_name": name}}), "ModelCardStatus": "Draft"}
        edited = answer(lambda: sagemaker.update_model_package(ModelPackageArn=made, ModelCard=card))
        cards = received(ground, url)
        sagemaker.delete_model_package(ModelPackageName=made)
        gone.append(made)
        deleted = received(ground, url)
    seen = (
        f"registered: {_kinds(created)}", f"card edited ({edited}): {_kinds(cards)}", f"deleted: {_kinds(deleted)}",
    )  # fmt: skip
    if not created:
        return unclear("not even the registration's event came", *seen)
    return differs(*seen) if deleted else held(*seen)


def _kinds(events: list[dict[str, Any]]) -> str:
    told = [
        f"{event['detail-type']} {event['detail'].get('UpdatedModelPackageFields', '')}".strip() for event in events
    ]
    return "; ".join(told) or "no event"


def _queue_key(ground: Ground) -> Result:
    kms, name = ground.hub("kms"), ground.temporary
    with ground.cleanup() as undo:
        key = kms.create_key(
            Policy=_key_policy(ground, {"StringEquals": {"aws:SourceAccount": ground.account}}),
            Description="Temporary: governance probe",
        )["KeyMetadata"]["Arn"]
        undo(
            f"key {key}", lambda: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=KEY_DELETION_DAYS)
        )  # fmt: skip
        url, arn = queue(ground, undo, name, key)
        rule(ground, undo, name, {"source": [SOURCE], "detail-type": [name]})
        target(ground, undo, name, arn)
        ground.sleep(PROPAGATION_SECONDS / 4 * ground.patience)
        _put(ground)
        narrowed = received(ground, url)
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_key_policy(ground, {}))
        ground.sleep(PROPAGATION_SECONDS / 4 * ground.patience)
        _put(ground)
        plain = narrowed or received(ground, url)
    note = f"the temporary key {key} is gone in {KEY_DELETION_DAYS} days"
    if narrowed:
        return differs("delivered with aws:SourceAccount in the key's policy", note)
    if not plain:
        return unclear("nothing was delivered in time, with the condition or without", note)
    return held("delivered without aws:SourceAccount in the key's policy, and not with it", note)


def _key_policy(ground: Ground, condition: dict[str, Any]) -> str:
    """The account administers, EventBridge delivers to an encrypted queue."""
    administers = {
        "Effect": "Allow", "Principal": {"AWS": ground.names.root_arn(ground.account)}, "Action": "kms:*",
        "Resource": "*",
    }  # fmt: skip
    delivers: dict[str, Any] = {
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": "*",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
    }  # fmt: skip
    statements = [administers, {**delivers, "Condition": condition} if condition else delivers]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


PROBES = (
    Probe(
        name="forwarded-event-id",
        title="Does an event keep its id on its way from one bus to another?",
        why="Duplicates are known by content, never by id: the id of a forwarded copy is promised nowhere.",
        calls=("events:CreateEventBus", "events:PutRule", "events:PutTargets", "events:PutEvents", "iam:CreateRole",
               "sqs:CreateQueue"),
        expected="it does",
        otherwise="nothing: no function looks at ids",
        run=_forwarded_id,
        live=True,
    ),
    Probe(
        name="deletion-events",
        title="Does SageMaker tell when a version is deleted, or its card edited?",
        why="Nothing promises these events, so deletions are taken from CloudTrail's records and the reconcile.",
        calls=("sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage",
               "sagemaker:DeleteModelPackage", "events:PutRule", "events:PutTargets", "sqs:CreateQueue"),
        expected="no event on a deletion",
        otherwise="nothing breaks: a deletion that is told twice is known by its content",
        run=_deletions,
        live=True,
        needs=("version",),
    ),
    Probe(
        name="queue-key-conditions",
        title="Does EventBridge fail to deliver to a queue whose key demands aws:SourceAccount?",
        why="AWS's pages contradict each other; the governance key has no such condition, the queue's policy has one.",
        calls=("kms:CreateKey", "kms:ScheduleKeyDeletion", "sqs:CreateQueue", "events:PutRule", "events:PutTargets",
               "events:PutEvents"),
        expected="it does: events are lost with the condition",
        otherwise="add aws:SourceAccount to EventBridgeDelivers in blueprint/policies/keys.py",
        run=_queue_key,
        live=True,
    ),
)  # fmt: skip
