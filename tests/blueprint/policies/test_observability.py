"""The topic of the alarms and the sink of the metrics: who publishes, who links what."""

from __future__ import annotations

import pytest

from blueprint.errors import PolicyTooLarge
from blueprint.limits import TOPIC_POLICY, stored_size
from blueprint.policies.keys import governance_key
from blueprint.policies.observability import LISTED_ACCOUNTS, METRIC_FILTER, sink, topic
from tests.blueprint.samples import DEV, HUB, ORGANISATION_ID, REGION, TEST, fleet, organisation, statement

TOPIC = f"arn:aws:sns:{REGION}:{HUB}:mlgov-alarms"


def test_our_alarms_publish_from_every_account_of_ours() -> None:
    """Guards: a spoke's alarm that nobody hears; any alarm of any account that fills our topic."""
    found = statement(topic(organisation()), "OurAlarmsPublish")
    assert found["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert (found["Action"], found["Resource"]) == ("sns:Publish", TOPIC)
    assert found["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:*:alarm:mlgov-*"},
        "StringEquals": {"aws:SourceAccount": [HUB, DEV, TEST]},
    }


def test_a_thousand_accounts_fit_the_topic_and_too_many_are_refused() -> None:
    """Guards: a policy that SNS refuses in the middle of an `up`."""
    assert stored_size(topic(fleet(1000))) <= TOPIC_POLICY.characters
    with pytest.raises(PolicyTooLarge, match=r"topic policy for 3000 spokes is too large: AWS allows 30,720"):
        topic(fleet(3000))


def test_the_governance_key_lets_alarms_publish() -> None:
    """Guards: an encrypted topic, to which CloudWatch fails to publish without telling."""
    found = statement(governance_key(organisation()), "AlarmsPublish")
    assert found["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert found["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_spokes_link_metrics_and_nothing_else() -> None:
    """Guards: logs of every account in the hub; an account that isn't ours in its graphs."""
    found = statement(sink(organisation()) or {}, "SpokesLinkMetrics")
    assert found["Principal"] == {"AWS": [f"arn:aws:iam::{DEV}:root", f"arn:aws:iam::{TEST}:root"]}
    assert found["Action"] == ["oam:CreateLink", "oam:UpdateLink"]
    assert found["Condition"] == {
        "ForAllValues:StringEquals": {"oam:ResourceTypes": "AWS::CloudWatch::Metric"},
        "StringEquals": {"aws:PrincipalOrgID": ORGANISATION_ID},
    }


def test_many_spokes_are_admitted_as_the_organisation() -> None:
    """Guards: a sink policy of a thousand accounts, of a size that nobody documents."""
    for size in (LISTED_ACCOUNTS, LISTED_ACCOUNTS + 1, 1000):
        found = statement(sink(fleet(size)) or {}, "SpokesLinkMetrics")
        assert (found["Principal"] == "*") is (size > LISTED_ACCOUNTS)
        assert found["Condition"]["StringEquals"] == {"aws:PrincipalOrgID": ORGANISATION_ID}
    alone = statement(sink(fleet(LISTED_ACCOUNTS + 1, id=None)) or {}, "SpokesLinkMetrics")
    assert alone["Principal"] != "*", "without an organisation everybody would be admitted"


def test_there_is_no_sink_where_nobody_links() -> None:
    """Guards: a link with oneself, which no page of AWS knows."""
    assert sink(organisation(same_account=True)) is None
    assert sink(organisation(spokes=())) is None


def test_the_filter_is_within_the_grammar() -> None:
    """Guards: a filter that CreateLink refuses: double quotes, or more than five conditions."""
    assert METRIC_FILTER.startswith("Namespace IN ('")
    assert '"' not in METRIC_FILTER
    assert METRIC_FILTER.count(",") < 5
