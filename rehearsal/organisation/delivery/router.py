"""From an event on a bus to its rules' targets: match, transform, send, try again, dead letters.

Sources: eb/eb-rule-retry-policy (24 h and 185 attempts, exponential back-off with jitter), eb/eb-rule-dlq. The back-off
is 1 s doubling to 10 min, without jitter: AWS publishes none. Events are routed one after the other in the order in
which they came; a `Disturbance` makes it as untidy as AWS's may be.
"""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rehearsal.organisation.clock import virtual
from rehearsal.organisation.core import ApiError, NotEmulated, Organisation
from rehearsal.organisation.delivery.buses import DEFAULT, Rule, buses, rule_arn
from rehearsal.organisation.delivery.disturbance import Disturbance, Fate
from rehearsal.organisation.delivery.patterns import matches
from rehearsal.organisation.delivery.scheduler import Scheduler, timestamp
from rehearsal.organisation.delivery.targets import Arrived, DeliveryFailed, Sender
from rehearsal.organisation.delivery.transform import Context
from rehearsal.organisation.unfinished import Unfinished

DEFAULT_RETRIES = 185
DEFAULT_AGE_SECONDS = 86_400
"""Source: botocore's events model, RetryPolicy; eb/eb-rule-retry-policy."""

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 600.0
HOLD_SECONDS = 0.05
"""How long a disturbed delivery waits for others to be shuffled with."""


@dataclass(slots=True)
class Delivery:
    """One event for one target. `rule` and `target` are as they were when the event matched."""

    arrived: Arrived
    rule: Rule
    target: Mapping[str, Any]
    context: Context
    first: datetime
    attempt: int = 0


Work = Arrived | Delivery | None


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    """What rows of the event log say of an event."""
    shown = {"event": "id", "source": "source", "detail_type": "detail-type", "detail": "detail"}
    return {name: event[member] for name, member in shown.items()}


class Router:
    """Routes the events of all accounts in a thread of its own (component `events`)."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._clock = virtual(org.clock)
        self._clock.settle_with(self.settle)
        self._work: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._held: list[Delivery] = []
        self._fate = Fate(Disturbance(seed=org.seed))
        self._sender = Sender(org, self.publish, self._forwarded_id)
        self._unfinished = Unfinished()
        self._scheduler = Scheduler(org, self._clock, self.fire)
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def emit(
        self, account: str, region: str, source: str, detail_type: str, detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """Put an AWS service's event on an account's default bus, if nothing loses it on its way. Returns its id."""
        event = self._event(account, region, source, detail_type, detail, resources)
        if self._fate.drops(f"{source} {detail_type}"):
            self._org.note("dropped", **_told(event), account=account, bus=DEFAULT, resources=event["resources"])
        else:
            self.publish(Arrived(event, account, region, DEFAULT))
        return str(event["id"])

    def put(
        self, account: str, region: str, bus: str, sender: str, source: str, detail_type: str,
        detail: Mapping[str, Any], resources: Sequence[str] = (), time: datetime | None = None,
    ) -> str:  # fmt: skip
        """Put an event that account `sender` made on a bus of `account`. Returns its id."""
        event = self._event(sender, region, source, detail_type, detail, resources, time)
        self.publish(Arrived(event, account, region, bus))
        return str(event["id"])

    def _event(
        self, sender: str, region: str, source: str, detail_type: str, detail: Mapping[str, Any],
        resources: Sequence[str], time: datetime | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "version": "0", "id": str(uuid.uuid4()), "detail-type": detail_type, "source": source, "account": sender,
            "time": timestamp(time or self._clock.now()), "region": region, "resources": list(resources),
            "detail": detail,
        }  # fmt: skip

    def publish(self, arrived: Arrived) -> None:
        """Route an event that reached a bus."""
        self._org.note(
            "event", **_told(arrived.event), account=arrived.account, bus=arrived.bus,
            sender=arrived.event["account"], forwarded=arrived.forwarded,
        )  # fmt: skip
        self._put(arrived)

    def fire(self, rule: Rule, event: Mapping[str, Any]) -> None:
        """Send a scheduled event to a rule's targets."""
        arrived = Arrived(event, rule.account, rule.region, rule.bus)
        self._spread([self._delivery(arrived, rule, target) for target in rule.targets.values()])

    def arm(self, rule: Rule) -> None:
        """Set or clear the timer of a scheduled rule, after any change of it."""
        self._scheduler.arm(rule)

    def disturb(self, disturbance: Disturbance | None) -> None:
        """Deliver untidily from now on; None: tidily again."""
        self._fate = Fate(disturbance or Disturbance(seed=self._org.seed))

    def pending(self) -> int:
        return self._unfinished.count()

    def settle(self, timeout_seconds: float = 30.0) -> bool:
        """Wait until all that can be delivered now is. Returns whether it was so already, or can't be waited for."""
        return self._unfinished.settle(timeout_seconds)

    def stop(self) -> None:
        self._scheduler.stop()
        self._work.put(None)
        self._thread.join(timeout=5)

    def _put(self, work: Arrived | Delivery) -> None:
        self._unfinished.begin()
        self._work.put(work)

    def _forwarded_id(self, id_: str) -> str:
        return str(uuid.uuid4()) if self._fate.new_id() else id_

    def _run(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=HOLD_SECONDS if self._held else None)
            except queue.Empty:
                self._fate.pick(self._held, last=True, each=self._deliver_and_count)
                continue
            if work is None:
                return
            if isinstance(work, Delivery):
                self._held.append(work)
                self._fate.pick(self._held, last=False, each=self._deliver_and_count)
            else:
                self._match(work)
                self._unfinished.end()

    def _match(self, arrived: Arrived) -> None:
        with self._org.lock:
            bus = buses(self._org, arrived.account, arrived.region).get(arrived.bus)
            found = [
                self._delivery(arrived, rule, target)
                for rule in (bus.rules.values() if bus else ())
                if rule.state != "DISABLED" and rule.pattern is not None and matches(rule.pattern, arrived.event)
                for target in rule.targets.values()
            ]
        if not found:
            self._org.note("unmatched", event=arrived.event["id"], account=arrived.account, bus=arrived.bus)
        self._spread(found)

    def _spread(self, found: Iterable[Delivery]) -> None:
        """Begin deliveries, some of them twice if the disturbance asks so."""
        for one in found:
            for copy in range(self._fate.copies()):
                if copy:
                    event = one.arrived.event["id"]
                    self._org.note("duplicate", event=event, rule=one.rule.arn, target=one.target["Arn"])
                self._begin(Delivery(one.arrived, one.rule, one.target, one.context, one.first))

    def _begin(self, delivery: Delivery) -> None:
        """Begin a delivery: now, or after the delay that the disturbance asks for."""
        seconds = self._fate.delay()
        if not seconds:
            self._put(delivery)
            return
        event, target = delivery.arrived.event["id"], delivery.target["Arn"]
        self._org.note("delayed", event=event, rule=delivery.rule.arn, target=target, seconds=round(seconds, 3))
        self._clock.after(seconds, lambda: self._put(delivery), f"delayed event {event} for {target}")

    def _delivery(self, arrived: Arrived, rule: Rule, target: Mapping[str, Any]) -> Delivery:
        now = self._clock.now()
        arn = rule_arn(rule.account, rule.region, rule.bus, rule.name)
        return Delivery(arrived, rule, dict(target), Context(arn, rule.name, timestamp(now)), now)

    def _deliver_and_count(self, delivery: Delivery) -> None:
        try:
            self._deliver(delivery)
        except ApiError as error:
            self._lost(delivery, error.code, error.message)
        except Exception as error:  # noqa: BLE001 - one event's fault must not end the routing of all others
            self._lost(delivery, type(error).__name__, f"{error} (a fault of the rehearsal itself)")
        finally:
            self._unfinished.end()

    def _deliver(self, delivery: Delivery) -> None:
        delivery.attempt += 1
        try:
            if self._fate.fails():
                raise DeliveryFailed("ERROR_FROM_TARGET", "the target failed, as the disturbance asked", again=True)
            self._sender.send(delivery.arrived, delivery.rule, delivery.target, delivery.context)
        except DeliveryFailed as failure:
            self._note(delivery, "failed", failure)
            exhausted = self._exhausted(delivery) if failure.again else None
            if failure.again and exhausted is None:
                self._later(delivery)
            else:
                self._measure(delivery, "FailedInvocations")
                self._bury(delivery, failure, exhausted)
        else:
            self._measure(delivery, "Invocations")
            self._note(delivery, "delivered")

    def _exhausted(self, delivery: Delivery) -> str | None:
        """Which condition of the retry policy ends the attempts, if one does."""
        policy = delivery.target.get("RetryPolicy", {})
        if delivery.attempt > policy.get("MaximumRetryAttempts", DEFAULT_RETRIES):
            return "MaximumRetryAttempts"
        age = self._clock.now() + timedelta(seconds=self._backoff(delivery)) - delivery.first
        if age > timedelta(seconds=policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS)):
            return "MaximumEventAgeInSeconds"
        return None

    def _backoff(self, delivery: Delivery) -> float:
        return float(min(FIRST_BACKOFF_SECONDS * 2.0 ** min(delivery.attempt - 1, 20), LONGEST_BACKOFF_SECONDS))

    def _later(self, delivery: Delivery) -> None:
        seconds = self._backoff(delivery)
        what = f"retry {delivery.attempt} of event {delivery.arrived.event['id']} for {delivery.target['Arn']}"
        self._clock.after(seconds, lambda: self._put(delivery), what)

    def _bury(self, delivery: Delivery, failure: DeliveryFailed, exhausted: str | None) -> None:
        queue_arn = delivery.target.get("DeadLetterConfig", {}).get("Arn")
        if queue_arn is None:
            self._lost(delivery, failure.code, f"{failure.message}; the target has no dead-letter queue")
            return
        attributes = {
            "RULE_ARN": delivery.rule.arn, "TARGET_ARN": delivery.target["Arn"], "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message, "RETRY_ATTEMPTS": str(delivery.attempt - 1),
            "EXHAUSTED_RETRY_CONDITION": exhausted or "",
        }  # fmt: skip
        try:
            self._sender.bury(delivery.arrived, delivery.rule, delivery.target, attributes)
        except NotEmulated:
            raise
        except (ApiError, DeliveryFailed) as error:
            self._measure(delivery, "InvocationsFailedToBeSentToDlq")
            self._lost(delivery, failure.code, f"{failure.message}; its dead-letter queue refused it: {error.message}")
        else:
            self._measure(delivery, "InvocationsSentToDlq")
            self._note(delivery, "dead-letter", failure, dead_letter_queue=queue_arn)

    def _measure(self, delivery: Delivery, name: str) -> None:
        """Count one for the rule in CloudWatch (eb/eb-monitoring; rules of other buses have the bus as a dimension)."""
        rule = delivery.rule
        names = {"RuleName": rule.name} | ({} if rule.bus == DEFAULT else {"EventBusName": rule.bus})
        values = {name: (1.0, "Count")}
        self._org.component("cloudwatch").measure(rule.account, rule.region, "AWS/Events", names, values)

    def _note(self, delivery: Delivery, outcome: str, failure: DeliveryFailed | None = None, **more: str) -> None:
        told = {"error_code": failure.code, "denied_by": failure.message} if failure else {}
        self._org.note(
            "delivery", event=delivery.arrived.event["id"], rule=delivery.rule.arn, target=delivery.target["Arn"],
            attempt=delivery.attempt, outcome=outcome, **told, **more,
        )  # fmt: skip

    def _lost(self, delivery: Delivery, code: str, reason: str) -> None:
        self._org.note(
            "lost", event=delivery.arrived.event["id"], rule=delivery.rule.arn, target=delivery.target["Arn"],
            attempt=delivery.attempt, error_code=code, reason=reason,
        )  # fmt: skip
