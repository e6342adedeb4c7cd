"""Amazon SNS: standard topics, their attributes and tags.

Sources: botocore's sns model, the SNS API reference, sns/sns-access-policy-use-cases (a topic's policy is about a fixed
list of actions, without wildcards).
"""

from __future__ import annotations

import json
import re

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.grammar import check_grammar, check_principals
from rehearsal.organisation.policies import document_of, listed, statements
from rehearsal.organisation.services.paging import paged
from rehearsal.organisation.services.sns.store import POLICY_ACTIONS, SOURCE, Topic, needs, topic_of, topics

NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
SETTABLE = frozenset({"DisplayName", "KmsMasterKeyId", "Policy"})
LEFT_OUT = frozenset(
    {
        "ArchivePolicy", "ContentBasedDeduplication", "DeliveryPolicy", "FifoThroughputScope", "FifoTopic",
        "MaximumMessageSize", "SignatureVersion", "TracingConfig",
    }
)  # fmt: skip
IN_POLICIES = frozenset(
    f"sns:{action}".lower()
    for action in (*POLICY_ACTIONS, "GetDataProtectionPolicy", "ListTagsForResource", "PutDataProtectionPolicy")
)
LONGEST_DISPLAY_NAME = 100
MOST_TAGS = 50
PAGE = 100


def invalid(reason: str) -> ApiError:
    return ApiError("InvalidParameter", f"Invalid parameter: {reason}")


def _check_attribute(org: Organisation, name: str, value: str) -> None:
    """Refuse what SNS refuses as a topic's attribute, and by name what isn't carried out."""
    if name in LEFT_OUT or name.endswith(("FeedbackRoleArn", "FeedbackSampleRate")):
        raise NotEmulated(f"sns: the topic attribute {name}")
    if name not in SETTABLE:
        raise invalid("AttributeName")
    if name == "DisplayName" and len(value) > LONGEST_DISPLAY_NAME:
        raise invalid(f"DisplayName Reason: at most {LONGEST_DISPLAY_NAME} characters are allowed, not {len(value)}")
    if name == "Policy" and value:
        document = document_of(value, "InvalidParameter", "Invalid parameter: Policy Error: the policy")
        check_grammar(document, "resource", "InvalidParameter")
        check_principals(org, document, "InvalidParameter")
        for statement in statements(document):
            if any(str(action).lower() not in IN_POLICIES for action in listed(statement.get("Action"))):
                raise invalid("Policy statement action out of service scope!")


@serves("sns", "CreateTopic", source=f"{SOURCE}/API_CreateTopic", needs=needs, fidelity="emulated",
        note="standard topics; attributes DisplayName, KmsMasterKeyId, Policy")  # fmt: skip
def create_topic(org: Organisation, call: Call) -> Params:
    """The topic of that name again, if it has the attributes and tags that are sent."""
    name, given = call.params["Name"], {key: value for key, value in call.params.get("Attributes", {}).items() if value}
    tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}
    if name.endswith(".fifo"):
        raise NotEmulated(f"sns: a FIFO topic ({name})")
    if not NAME.fullmatch(name):
        raise invalid("Topic Name")
    for key, value in given.items():
        _check_attribute(org, key, value)
    store = topics(org, call.caller.account, call.region)
    known = store.get(name)
    if known is not None:
        if any(known.attributes.get(key) != value for key, value in given.items()):
            raise invalid("Attributes Reason: Topic already exists with different attributes")
        if tags and tags != known.tags:
            raise invalid("Tags Reason: Topic already exists with different tags")
        return {"TopicArn": known.arn}
    if len(tags) > MOST_TAGS:
        raise ApiError(
            "TagLimitExceeded", f"Could not complete request: tag quota of {MOST_TAGS} per resource exceeded"
        )
    store[name] = Topic(name, call.caller.account, call.region, given, tags)
    return {"TopicArn": store[name].arn}


takes("sns", "CreateTopic", members=["Name", "Attributes", "Tags"])


@serves("sns", "DeleteTopic", source=f"{SOURCE}/API_DeleteTopic", needs=needs)
def delete_topic(org: Organisation, call: Call) -> Params:
    """What isn't there any more is no error; subscriptions go with their topic."""
    _, _, _, region, account, name = call.params["TopicArn"].split(":")
    topics(org, account, region).pop(name, None)
    return {}


@serves("sns", "ListTopics", source=f"{SOURCE}/API_ListTopics", needs=needs)
def list_topics(org: Organisation, call: Call) -> Params:
    rows = [{"TopicArn": topic.arn} for topic in topics(org, call.caller.account, call.region).values()]
    return paged("Topics", rows, call.params, default=PAGE, invalid=invalid("NextToken"))


@serves("sns", "GetTopicAttributes", source=f"{SOURCE}/API_GetTopicAttributes", needs=needs, fidelity="emulated",
        note="without EffectiveDeliveryPolicy, which is about HTTP endpoints")  # fmt: skip
def get_topic_attributes(org: Organisation, call: Call) -> Params:
    topic = topic_of(org, call.params["TopicArn"])
    pending = sum(one.pending for one in topic.subscriptions.values())
    shown = {
        "TopicArn": topic.arn,
        "Owner": topic.account,
        "Policy": topic.policy,
        "DisplayName": topic.attributes.get("DisplayName", ""),
        "SubscriptionsPending": str(pending),
        "SubscriptionsConfirmed": str(len(topic.subscriptions) - pending),
        "SubscriptionsDeleted": str(topic.deleted),
    }
    return {"Attributes": shown | ({"KmsMasterKeyId": topic.key} if topic.key else {})}


@serves("sns", "SetTopicAttributes", source=f"{SOURCE}/API_SetTopicAttributes", needs=needs)
def set_topic_attributes(org: Organisation, call: Call) -> Params:
    topic, name = topic_of(org, call.params["TopicArn"]), call.params["AttributeName"]
    value = call.params.get("AttributeValue", "")
    _check_attribute(org, name, value)
    if name == "Policy":
        if not value:
            raise invalid("Policy Error: null")
        value = json.dumps(json.loads(value), separators=(",", ":"))
    topic.attributes[name] = value
    return {}


@serves("sns", "TagResource", "UntagResource", "ListTagsForResource", source=f"{SOURCE}/API_TagResource", needs=needs)
def tags(org: Organisation, call: Call) -> Params:
    arn = call.params["ResourceArn"]
    try:
        topic = topic_of(org, arn)
    except ApiError as error:
        raise ApiError("ResourceNotFound", f"Resource does not exist: {arn}", 404) from error
    if call.operation == "ListTagsForResource":
        return {"Tags": [{"Key": key, "Value": value} for key, value in topic.tags.items()]}
    merged = {**topic.tags, **{tag["Key"]: tag["Value"] for tag in call.params.get("Tags", [])}}
    for key in call.params.get("TagKeys", []):
        merged.pop(key, None)
    if len(merged) > MOST_TAGS:
        raise ApiError(
            "TagLimitExceeded", f"Could not complete request: tag quota of {MOST_TAGS} per resource exceeded"
        )
    topic.tags = merged
    return {}
