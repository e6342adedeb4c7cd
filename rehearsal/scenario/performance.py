"""What the phases of the flow share: who acts, through what, and what came of it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from blueprint.names import HUB
from blueprint.organisation import Organisation
from rehearsal.engine import Engine
from rehearsal.organisation.control import Control, ControlError
from rehearsal.scenario import training
from rehearsal.scenario.attempts import Attempt, Refusal, make
from rehearsal.scenario.cast import Cast
from rehearsal.scenario.console import Console
from rehearsal.scenario.expectations import Score
from rehearsal.scenario.forbidden import Registered
from rehearsal.scenario.tables import Tables
from rehearsal.subprocesses import end_all

DRAIN_SECONDS = 60.0

PATIENCE: dict[str, Any] = {"Delay": 0.1, "MaxAttempts": 600}
"""How boto3 waits for an endpoint: ten times a second, for a minute."""

T = TypeVar("T")


@dataclass(slots=True)
class Run:
    """What the phases share."""

    score: Score
    organisation: Organisation
    control: Control
    engine: Engine
    cast: Cast
    folder: Path
    say: Callable[[str], None]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    resources: dict[str, int] = field(default_factory=dict)
    model: training.TrainedModel | None = None
    version: Registered | None = None
    refusals: list[Refusal] = field(default_factory=list)
    expected_denials: set[str] = field(default_factory=set)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    served_at: datetime | None = None
    tried: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def stacks(self) -> list[str]:
        return [HUB, *self.spokes]

    @property
    def spokes(self) -> list[str]:
        return [spoke.stack for spoke in self.organisation.spokes]

    @property
    def console(self) -> Console:
        return Console(self.folder, self.organisation, self.tried)

    def trained(self) -> training.TrainedModel:
        assert self.model is not None, "phases run in order: the model is trained first"  # noqa: S101
        return self.model

    def registered(self) -> Registered:
        assert self.version is not None, "phases run in order: the version is registered first"  # noqa: S101
        return self.version

    def tables(self) -> Tables:
        """The governance tables, read as the hub's administrator."""
        return Tables(self.cast.administrator(self.organisation.hub), self.organisation)

    def now(self) -> datetime:
        """The organisation's time: what was skipped counts."""
        return datetime.fromisoformat(self.control.state()["now"])

    def settle(self) -> None:
        """Wait until no event, message or invocation is under way."""
        try:
            self.control.drain(DRAIN_SECONDS)
        except ControlError as error:
            self.score.expect("events and queues come to rest", False, str(error))

    def attempt(self, *attempts: Attempt) -> None:
        refusals, denied = make(attempts, self.score, self._layers)
        self.refusals += refusals
        self.expected_denials |= denied

    def _layers(self, request: str) -> list[tuple[str, str, str]]:
        """What each layer alone said of a denied request."""
        denied = (row for row in self.control.log() if row["request_id"] == request and row["decision"] == "denied")
        return [(layer, decision, by) for row in denied for layer, decision, by in row["layers"]]


def together(work: Callable[[str], T], stacks: Sequence[str]) -> list[T]:
    """Do it for several stacks at once; the first error is raised when all have ended."""
    with ThreadPoolExecutor(len(stacks)) as pool:
        begun = [pool.submit(work, stack) for stack in stacks]
        try:
            return [each.result() for each in begun]
        except KeyboardInterrupt:
            end_all()  # or leaving the pool would wait for what nobody wants any more
            raise
