"""OAM as clients see it: sinks, links, both sides' consent, and what a monitoring account then sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.organisation.services.oam.filters import BadFilter, parse_filter
from tests.rehearsal.organisation.example import refused
from tests.rehearsal.organisation.workbench import REGION, Workbench, document, own_bench

METRICS = "AWS::CloudWatch::Metric"
FILTER = "Namespace IN ('AWS/SageMaker', '/aws/sagemaker/Endpoints')"


@pytest.fixture
def bench() -> Iterator[Workbench]:
    """Its own for each test: an account has one sink only."""
    with own_bench() as made:
        yield made


def consent(*accounts: str, kinds: str = METRICS) -> str:
    """A sink policy as AWS's examples have it (API_PutSinkPolicy)."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": list(accounts)},
            "Action": ["oam:CreateLink", "oam:UpdateLink"],
            "Resource": "*",
            "Condition": {"ForAllValues:StringEquals": {"oam:ResourceTypes": [kinds]}},
        }
    )


def sink_for(hub: Workbench, *spokes: Workbench) -> str:
    arn: str = hub.oam.create_sink(Name="metrics")["Arn"]
    if spokes:
        hub.oam.put_sink_policy(SinkIdentifier=arn, Policy=consent(*(one.account for one in spokes)))
    return arn


def link_to(spoke: Workbench, sink: str, **more: Any) -> dict[str, Any]:
    given = {"LabelTemplate": "$AccountName", "ResourceTypes": [METRICS], "SinkIdentifier": sink, **more}
    answer: dict[str, Any] = spoke.oam.create_link(**given)
    return answer


def filtered(text: str) -> dict[str, Any]:
    return {"LinkConfiguration": {"MetricConfiguration": {"Filter": text}}}


def put(bench: Workbench, namespace: str, value: float = 1.0) -> None:
    bench.cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": value}])


def seen(hub: Workbench, account: str, namespace: str) -> tuple[str, list[float]]:
    """Status and values that the hub gets of another account's metric."""
    now = hub.org.clock.now()
    query = {
        "Id": "q",
        "AccountId": account,
        "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": "m"}, "Period": 60, "Stat": "Sum"},
    }
    answer = hub.cloudwatch.get_metric_data(
        MetricDataQueries=[query], StartTime=now - timedelta(hours=2), EndTime=now + timedelta(minutes=1)
    )
    result = answer["MetricDataResults"][0]
    return result["StatusCode"], result["Values"]


def test_a_linked_account_s_metrics_are_seen_by_the_filter(bench: Workbench) -> None:
    """Guards: a link that shows nothing, more than its filter lets through, or data from before it was made."""
    dev = bench.beside("dev")
    put(dev, "Own/Quality", 7.0)
    assert seen(bench, dev.account, "Own/Quality") == ("Forbidden", [])
    bench.advance(120)
    link = link_to(dev, sink_for(bench, dev), **filtered("Namespace = 'Own/Quality' OR Namespace LIKE 'Other/%'"))
    assert link["Label"] == "dev"
    assert seen(bench, dev.account, "Own/Quality") == ("Complete", []), "data from before the link"
    for namespace in ("Own/Quality", "Other/One", "Secret"):
        put(dev, namespace, 3.0)
    assert seen(bench, dev.account, "Own/Quality") == ("Complete", [3.0])
    assert seen(bench, dev.account, "Other/One") == ("Complete", [3.0])
    assert seen(bench, dev.account, "Secret") == ("Complete", [])
    assert seen(dev, dev.account, "Secret") == ("Complete", [3.0]), "its own it sees whole"
    assert seen(dev, bench.account, "Secret") == ("Forbidden", []), "a link shows in one direction only"
    answer = bench.cloudwatch.list_metrics(IncludeLinkedAccounts=True)
    namespaces = [metric["Namespace"] for metric in answer["Metrics"]]
    assert set(zip(answer["OwningAccounts"], namespaces, strict=True)) == {
        (dev.account, "Own/Quality"),
        (dev.account, "Other/One"),
    }
    assert bench.cloudwatch.list_metrics()["Metrics"] == []
    assert bench.cloudwatch.list_metrics(IncludeLinkedAccounts=True, OwningAccount=bench.account)["Metrics"] == []
    dev.oam.delete_link(Identifier=link["Arn"])
    assert seen(bench, dev.account, "Own/Quality") == ("Forbidden", [])


def test_a_link_needs_the_consent_of_both_sides(bench: Workbench) -> None:
    """Guards: a link without the sink's policy, for other types, of another account, or by a role without rights."""
    dev, test = bench.beside("dev"), bench.beside("test")
    sink = sink_for(bench)
    with refused("AccessDeniedException", "oam:CreateLink"):
        link_to(dev, sink)
    bench.oam.put_sink_policy(SinkIdentifier=sink, Policy=consent(dev.account))
    with refused("AccessDeniedException", "oam:CreateLink"):
        link_to(test, sink)
    with refused("AccessDeniedException", "oam:CreateLink"):
        link_to(dev, sink, ResourceTypes=[METRICS, "AWS::Logs::LogGroup"])
    create = {"Effect": "Allow", "Action": "oam:CreateLink", "Resource": "*"}
    trusted = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{dev.account}:root"}, "Action": "sts:AssumeRole"}
    dev.iam.create_role(RoleName="linker", AssumeRolePolicyDocument=document(trusted))
    dev.iam.put_role_policy(RoleName="linker", PolicyName="p", PolicyDocument=document(create))
    given = {"LabelTemplate": "x", "ResourceTypes": [METRICS], "SinkIdentifier": sink}
    with refused("AccessDeniedException", "cloudwatch:Link"):
        dev.client("linker", "oam").create_link(**given)
    share = {"Effect": "Allow", "Action": "cloudwatch:Link", "Resource": "*"}
    dev.iam.put_role_policy(RoleName="linker", PolicyName="p", PolicyDocument=document(create, share))
    assert dev.client("linker", "oam").create_link(**given)["SinkArn"] == sink


def test_the_whole_organisation_can_be_admitted(bench: Workbench) -> None:
    """Guards a policy for everybody of the organisation that admits an outsider (API_PutSinkPolicy, examples)."""
    dev, outsider = bench.beside("dev"), bench.beside("outsider")
    sink = sink_for(bench)
    everybody = json.loads(consent("*"))
    everybody["Statement"][0]["Principal"] = "*"
    everybody["Statement"][0]["Condition"]["StringEquals"] = {"aws:PrincipalOrgID": bench.org.id}
    bench.oam.put_sink_policy(SinkIdentifier=sink, Policy=json.dumps(everybody))
    assert link_to(dev, sink)["Label"] == "dev"
    with refused("AccessDeniedException"):
        link_to(outsider, sink)


def test_an_account_has_one_sink_and_no_link_to_itself(bench: Workbench) -> None:
    """Guards: a second sink (CreateSink: one per account and Region), and a link to the own sink."""
    sink = sink_for(bench, bench)
    with refused("ServiceQuotaExceededException", sink):
        bench.oam.create_sink(Name="second")
    with refused("InvalidParameterException", "its own sink"):
        link_to(bench, sink)
    assert [one["Arn"] for one in bench.oam.list_sinks()["Items"]] == [sink]
    assert bench.beside("dev").oam.list_sinks()["Items"] == []


def test_a_sink_goes_after_its_links(bench: Workbench) -> None:
    """Guards a sink deleted under its links (DeleteSink), and links that nobody can find."""
    dev = bench.beside("dev")
    sink = sink_for(bench, dev)
    link = link_to(dev, sink)
    attached = bench.oam.list_attached_links(SinkIdentifier=sink)["Items"]
    assert attached == [{"Label": "dev", "LinkArn": link["Arn"], "ResourceTypes": [METRICS]}]
    assert [one["Arn"] for one in dev.oam.list_links()["Items"]] == [link["Arn"]]
    with refused("ConflictException", link["Arn"]):
        bench.oam.delete_sink(Identifier=sink)
    with refused("ConflictException"):
        link_to(dev, sink)
    dev.oam.delete_link(Identifier=link["Arn"])
    bench.oam.delete_sink(Identifier=sink)
    with refused("ResourceNotFoundException"):
        bench.oam.get_sink(Identifier=sink)
    assert dev.oam.list_links()["Items"] == []


def test_a_link_s_filter_is_changed_and_deleted(bench: Workbench) -> None:
    """Guards an update that keeps the old filter, and `*`, which deletes it (MetricConfiguration)."""
    dev = bench.beside("dev")
    link = link_to(dev, sink_for(bench, dev), **filtered(FILTER))["Arn"]
    put(dev, "Own", 2.0)
    assert seen(bench, dev.account, "Own") == ("Complete", [])
    dev.oam.update_link(Identifier=link, ResourceTypes=[METRICS])
    assert dev.oam.get_link(Identifier=link)["LinkConfiguration"]["MetricConfiguration"]["Filter"] == FILTER
    dev.oam.update_link(Identifier=link, ResourceTypes=[METRICS], **filtered("*"))
    assert "LinkConfiguration" not in dev.oam.get_link(Identifier=link)
    assert seen(bench, dev.account, "Own") == ("Complete", [2.0])
    bench.oam.put_sink_policy(
        SinkIdentifier=bench.oam.list_sinks()["Items"][0]["Arn"], Policy=consent(bench.beside("test").account)
    )
    with refused("AccessDeniedException", "oam:UpdateLink"):
        dev.oam.update_link(Identifier=link, ResourceTypes=[METRICS], **filtered(FILTER))


def test_tags_and_policies_are_shown_as_they_were_put(bench: Workbench) -> None:
    """Guards tags that are dropped, and a policy about other actions (API_PutSinkPolicy)."""
    sink = bench.oam.create_sink(Name="metrics", Tags={"a": "b"})["Arn"]
    bench.oam.tag_resource(ResourceArn=sink, Tags={"c": "d"})
    bench.oam.untag_resource(ResourceArn=sink, TagKeys=["a"])
    assert bench.oam.list_tags_for_resource(ResourceArn=sink)["Tags"] == {"c": "d"}
    assert bench.oam.get_sink(Identifier=sink, IncludeTags=True)["Tags"] == {"c": "d"}
    assert "Policy" not in bench.oam.get_sink_policy(SinkIdentifier=sink)
    other = document({"Effect": "Allow", "Principal": "*", "Action": "oam:DeleteSink", "Resource": "*"})
    with refused("InvalidParameterException", "oam:DeleteSink"):
        bench.oam.put_sink_policy(SinkIdentifier=sink, Policy=other)
    policy = consent(bench.beside("dev").account)
    bench.oam.put_sink_policy(SinkIdentifier=sink, Policy=policy)
    assert json.loads(bench.oam.get_sink_policy(SinkIdentifier=sink)["Policy"]) == json.loads(policy)
    missing = f"arn:aws:oam:{REGION}:{bench.account}:link/none"
    with refused("ResourceNotFoundException"):
        bench.oam.get_link(Identifier=missing)


def test_a_filter_that_cannot_be_read_makes_no_link(bench: Workbench) -> None:
    """Guards a link that shares everything, because nobody understood its filter."""
    dev = bench.beside("dev")
    sink = sink_for(bench, dev)
    with refused("InvalidParameterException", "AND or OR"):
        link_to(dev, sink, **filtered("Namespace = 'A' Namespace = 'B'"))
    with refused("NotEmulated", "LogGroupConfiguration"):
        link_to(dev, sink, LinkConfiguration={"LogGroupConfiguration": {"Filter": "LogGroupName LIKE 'a%'"}})
    assert dev.oam.list_links()["Items"] == []


@pytest.mark.parametrize(
    ("text", "admitted", "shut_out"),
    [
        ("Namespace NOT LIKE 'AWS/%'", ["Own", "/aws/sagemaker/Endpoints"], ["AWS/EC2"]),
        ("Namespace IN ('AWS/EC2', 'AWS/ELB', 'AWS/S3')", ["AWS/ELB"], ["aws/elb", "AWS/ELB2", "Own"]),
        ("Namespace = 'AWS/EC2' OR Namespace NOT LIKE 'AWS/%'", ["AWS/EC2", "Own"], ["AWS/ELB"]),
        ("Namespace != 'A' AND Namespace NOT IN ('B','C')", ["D"], ["A", "B", "C"]),
        ("Namespace LIKE 'A%' AND Namespace != 'AB' OR Namespace='Z'", ["A", "Z"], ["AB", "B"]),
    ],
)
def test_filters_are_read_as_the_model_says(text: str, admitted: list[str], shut_out: list[str]) -> None:
    """Guards the grammar and its examples (botocore's oam model, MetricConfiguration)."""
    found = parse_filter(text, "Namespace")
    assert found is not None
    assert [name for name in [*admitted, *shut_out] if found.admits(name)] == admitted


@pytest.mark.parametrize(
    "text",
    [
        "", "Namespace", "Namespace =", "Namespace = \"A\"", "namespace = 'A'", "Namespace LIKE '%A'",
        "Namespace LIKE 'A'", "Namespace IN 'A'", "Namespace IN ()", "Namespace IN ('A'", "Namespace NOT = 'A'",
        "Namespace = 'A' AND", "Namespace > 'A'", "LogGroupName = 'A'", " OR ".join(["Namespace = 'A'"] * 7),
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    """Guards against a filter that is guessed at: what it shares would be chance."""
    with pytest.raises(BadFilter):
        parse_filter(text, "Namespace")


@given(st.lists(st.text(alphabet="aA/%'_", max_size=4).filter(lambda one: "'" not in one), min_size=1, max_size=6))
def test_in_admits_its_members_and_not_in_all_others(names: list[str]) -> None:
    """Guards quoting: a name with spaces or signs is one text."""
    listed = ", ".join(f"'{name}'" for name in names)
    inside = parse_filter(f"Namespace IN ({listed})", "Namespace")
    outside = parse_filter(f"Namespace NOT IN ({listed})", "Namespace")
    assert inside is not None
    assert outside is not None
    for name in [*names, "other"]:
        assert inside.admits(name) == (name in names)
        assert outside.admits(name) != inside.admits(name)
