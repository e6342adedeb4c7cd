"""What holds of an endpoint after any history, and of a look-up whatever happens between its pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rehearsal.organisation.control import Control, ControlError
from rehearsal.organisation.core import Call, Caller
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.services.cloudtrail import lookup_events
from rehearsal.organisation.trail.recorder import Entry
from rehearsal.organisation.trail.settings import TrailSettings
from tests.rehearsal.organisation.services.hosting_world import INSTANCE, Hall, slow_down
from tests.rehearsal.organisation.services.registry_world import HUB, REGION, Client, unique

STEPS = st.sampled_from(["update", "spoiled update", "scale", "maintain", "fail next", "fail hard", "look", "wait"])
SETTLED = {"InService", "UpdateRollbackFailed"}


@pytest.fixture(scope="module")
def hall(org: Emulator, client: Client) -> Hall:
    return Hall.of(org, client)


@pytest.fixture(scope="module")
def configs(hall: Hall) -> list[str]:
    """Two configurations that can be loaded, and one that can't."""
    spoiled = {"VariantName": "main", "ModelName": hall.unreadable_model(), **INSTANCE}
    return [hall.config(), hall.config(), hall.config(spoiled)]


@dataclass(slots=True)
class Model:
    """What the history says that an endpoint must be once it has settled."""

    serving: str
    count: int = 1
    failing: str | None = None
    status: str = "InService"

    def deploy(self, config: str, *, loads: bool) -> None:
        if self.failing is None and loads:
            self.serving, self.count, self.status = config, 1, "InService"
        else:
            self.status = "UpdateRollbackFailed" if self.failing == "hard" else "InService"
        self.failing = None

    def scale(self, count: int) -> None:
        if self.failing is None:
            self.count = count
        self.failing, self.status = None, "InService"


@dataclass(slots=True)
class Course:
    """Plays steps on one endpoint and keeps the model beside it. A step that meets a transition must be refused."""

    hall: Hall
    configs: list[str]
    spoiled: str
    name: str
    model: Model
    busy: bool = False

    def play(self, step: str) -> None:
        if step == "wait":
            self.hall.wait()
            self.busy = False
        elif step == "look":
            self.check_flight()
        elif step.startswith("fail"):
            control = Control(self.hall.org.endpoint)
            if not self.busy:  # a fault of the deployment under way is a history of its own
                control.fail_deployment("hub", self.name, reason="r", rollback_fails=step == "fail hard")
                self.model.failing = "hard" if step == "fail hard" else "soft"
        else:
            refused = self._change(step)
            assert refused == self.busy, step
            self.busy = True

    def _change(self, step: str) -> bool:
        """Ask for a change; whether it was refused. The model follows what was accepted."""
        api, name = self.hall.sagemaker, {"EndpointName": self.name}
        try:
            if step == "maintain":
                Control(self.hall.org.endpoint).maintain("hub", self.name)
            elif step == "scale":
                wanted = [{"VariantName": "main", "DesiredInstanceCount": 4}]
                api.update_endpoint_weights_and_capacities(**name, DesiredWeightsAndCapacities=wanted)
                self.model.scale(4)
            else:
                config = self.spoiled if step == "spoiled update" else self.configs[self.model.count % 2]
                api.update_endpoint(**name, EndpointConfigName=config)
                self.model.deploy(config, loads=step == "update")
        except (ClientError, ControlError) as error:
            if "in-progress endpoint" not in str(error):
                raise
            return True
        return False

    def check_flight(self) -> None:
        shown = self.hall.described(self.name)
        assert (shown["EndpointStatus"] not in SETTLED) == self.busy
        assert shown["ProductionVariants"], "an endpoint that served once shows no variant"
        if "PendingDeploymentSummary" in shown:
            assert shown["EndpointStatus"] == "Updating"

    def check_end(self) -> None:
        shown = self.hall.described(self.name)
        [variant] = shown["ProductionVariants"]
        assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == (self.model.status, self.model.serving)
        assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (self.model.count,) * 2
        assert "PendingDeploymentSummary" not in shown


@example(steps=["maintain", "update", "scale"])
@example(steps=["fail hard", "update", "wait", "maintain"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=2, max_size=12))
def test_an_endpoint_ends_as_its_history_says(
    hall: Hall, configs: list[str], client: Client, monkeypatch: pytest.MonkeyPatch, steps: list[str]
) -> None:
    """Guards: a rollback, a scaling or maintenance leaves another endpoint than the last change that succeeded."""
    slow_down(monkeypatch)
    hall.sagemaker = client("hub", None, "sagemaker")  # the former example's time outlived its session
    good, other, spoiled = configs
    course = Course(hall, [good, other], spoiled, hall.endpoint(good), Model(good))
    for step in steps:
        course.play(step)
    course.play("wait")
    course.check_end()


@dataclass(slots=True)
class History:
    """An account's event history that grows while it is read, as `lookup_events` sees the organisation."""

    entries: list[Entry] = field(default_factory=list)
    stores: dict[Any, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    settings: TrailSettings = field(default_factory=lambda: TrailSettings(lookups_per_second=10_000))
    start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.start + timedelta(milliseconds=len(self.entries))

    def grow(self, count: int) -> None:
        for _ in range(count):
            number = len(self.entries) + 1
            record = {
                "eventID": unique("e"), "eventName": "ListModels", "readOnly": True, "eventSource": "s",
                "userIdentity": {"type": "Root"},
            }  # fmt: skip
            self.entries.append(Entry(number, self.now(), record))

    def visible(self, _account: str, _region: str) -> Iterator[Entry]:
        return reversed(self.entries)

    def page(self, most: int, token: str | None) -> dict[str, Any]:
        params: dict[str, Any] = {"MaxResults": most} | ({"NextToken": token} if token else {})
        call = Call(Caller("a", HUB), "cloudtrail", "LookupEvents", REGION, HUB, params, "r", self.now())
        org: Any = SimpleNamespace(
            trail=self, clock=self, state=lambda service, account, region: self.stores[service, account, region]
        )
        return lookup_events(org, call)


@given(before=st.integers(0, 120), most=st.integers(1, 50), between=st.lists(st.integers(0, 20), max_size=20))
def test_a_look_up_shows_each_record_once_whatever_comes_between(before: int, most: int, between: list[int]) -> None:
    """Guards: records that come between two pages push others over the edge, or back onto the next page."""
    history = History()
    history.grow(before)
    expected = [entry.record["eventID"] for entry in reversed(history.entries)]
    growth = iter(between)
    seen: list[str] = []
    token = None
    while True:
        answer = history.page(most, token)
        seen += [event["EventId"] for event in answer["Events"]]
        token = answer.get("NextToken")
        if token is None or len(seen) > len(expected):
            break
        history.grow(next(growth, 0))
    assert seen == expected
