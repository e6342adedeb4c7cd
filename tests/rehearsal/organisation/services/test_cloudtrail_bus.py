"""CloudTrail on the bus: which records become events, and how what they hold is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rehearsal.organisation.control import Control
from rehearsal.organisation.trail.kinds import is_read_only
from rehearsal.organisation.trail.parameters import MOST_BYTES, moment, written
from tests.rehearsal.organisation.example import new_role
from tests.rehearsal.organisation.services.registry_world import refused
from tests.rehearsal.organisation.workbench import own_bench

Records = list[dict[str, Any]]


@contextmanager
def watched(account: str, **pattern: Any) -> Iterator[tuple[Any, Callable[[], Records]]]:
    """A bench whose default bus sends what matches to a queue; and what that queue got."""
    with own_bench(account) as bench:
        url, queue = bench.queue("seen")
        rule = bench.rule("calls", {"detail-type": ["AWS API Call via CloudTrail"], **pattern}, {"Arn": queue})
        bench.admit(url, queue, rule)
        bench.org.drain()
        while bench.receive(url):
            pass

        def got() -> Records:
            bench.org.drain()
            return [json.loads(message["Body"]) for message in bench.receive(url)]

        yield bench, got


class TestBus:
    def test_a_mutating_call_reaches_the_callers_bus(self) -> None:
        """Guards: deletions and inference components, which have no event of their own, are never heard of."""
        with watched("hub", source=["aws.sagemaker"]) as (bench, got):
            bench.sagemaker.list_models()
            arn = bench.sagemaker.create_model_package_group(ModelPackageGroupName="g")["ModelPackageGroupArn"]
            bench.sagemaker.delete_model_package_group(ModelPackageGroupName="g")
            first, second = sorted(got(), key=lambda event: event["detail"]["eventName"])
            assert (first["source"], first["detail-type"]) == ("aws.sagemaker", "AWS API Call via CloudTrail")
            assert (first["account"], first["resources"]) == (bench.account, [])
            assert first["detail"]["responseElements"] == {"modelPackageGroupArn": arn}
            assert second["detail"]["eventName"] == "DeleteModelPackageGroup"
            Control(bench.org.endpoint).trail(delay_seconds=0)
            shown = bench.cloudtrail.lookup_events(
                LookupAttributes=[{"AttributeKey": "EventId", "AttributeValue": first["detail"]["eventID"]}]
            )["Events"]
            assert [json.loads(one["CloudTrailEvent"]) for one in shown] == [first["detail"]]

    def test_a_denied_call_reaches_it_too(self) -> None:
        """Guards: a rule on errorCode, which alarms about attempts, never fires."""
        with watched("hub", detail={"errorCode": ["AccessDeniedException"]}) as (bench, got):
            sagemaker = bench.client(new_role(bench.iam, bench.account), "sagemaker")
            refused("AccessDeniedException", sagemaker.delete_model, ModelName="m")
            assert [event["detail"]["eventName"] for event in got()] == ["DeleteModel"]

    def test_without_a_trail_there_is_none(self) -> None:
        """Guards: a program relies on these events where the company has no trail (eb-service-event-cloudtrail)."""
        with watched("hub", source=["aws.sagemaker"]) as (bench, got):
            Control(bench.org.endpoint).trail(organisation_trail=False)
            bench.sagemaker.create_model_package_group(ModelPackageGroupName="g")
            assert got() == []

    def test_the_organisations_trail_logs_no_outsider(self) -> None:
        """Guards: an account outside the organisation is taken for covered."""
        with watched("outsider", source=["aws.sagemaker"]) as (bench, got):
            bench.sagemaker.create_model_package_group(ModelPackageGroupName="g")
            assert got() == []


class TestWriting:
    def test_times_are_written_as_in_the_sample(self) -> None:
        """Guards: midnight and noon as 0 (cloudtrail-event-reference-user-identity: `Jan 22, 2021 12:46:28 AM`)."""
        assert moment(datetime(2021, 1, 22, 0, 46, 28, tzinfo=UTC)) == "Jan 22, 2021 12:46:28 AM"
        assert moment(datetime(2021, 1, 2, 13, 0, 0, tzinfo=UTC)) == "Jan 2, 2021 1:00:00 PM"

    def test_too_large_parameters_are_left_out(self) -> None:
        """Guards: a record of any size (record contents: above 100 KB the content is omitted)."""
        assert written({"A": "x" * MOST_BYTES}, None) is None
        assert written({"A": "x", "B": b"zip", "SecretAccessKey": "s"}, None) == {"a": "x"}

    def test_what_only_reads(self) -> None:
        """Guards: a read is published on the bus, or a change isn't."""
        reads = [("sagemaker", "Search"), ("kms", "Decrypt"), ("sts", "AssumeRole"), ("cloudtrail", "LookupEvents")]
        assert all(is_read_only(*one) for one in reads)
        writes = [("sagemaker", "UpdateModelPackage"), ("kms", "CreateGrant"), ("sagemaker", "DeleteEndpoint")]
        assert not any(is_read_only(*one) for one in writes)
