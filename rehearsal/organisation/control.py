"""The typed client of a running organisation: clients of any account and role, drain, clock, logs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from rehearsal.organisation.core import Credentials
from rehearsal.organisation.faults import Crash, Throttle
from rehearsal.organisation.loopback import require_loopback


class ControlError(RuntimeError):
    """The organisation refused a control request; `code` is its error code."""

    def __init__(self, verb: str, code: str, message: str) -> None:
        super().__init__(f"{verb}: {code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Control:
    """Speaks to `POST <endpoint>/_rehearsal/<verb>`. Every method raises ControlError on refusal."""

    endpoint: str

    def __post_init__(self) -> None:
        require_loopback(urlsplit(self.endpoint).hostname or "", "the organisation's endpoint")

    def send(self, verb: str, *, give_up_seconds: float = 60, **sent: Any) -> Any:
        """One request; the answer is JSON."""
        request = Request(  # noqa: S310 - loopback, checked above
            f"{self.endpoint}/_rehearsal/{verb}", json.dumps(sent).encode(), {"Content-Type": "application/json"}
        )
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=give_up_seconds) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            told = json.loads(error.read())
            raise ControlError(verb, told["error"], told["message"]) from error

    def accounts(self) -> dict[str, Any]:
        """Organisation id, region, endpoint, the first administrator's credentials, accounts with admin roles."""
        answer: dict[str, Any] = self.send("accounts")
        return answer

    def credentials(self, account: str, role: str | None = None) -> Credentials:
        """Credentials by account name: its administrator's, or those of a role that trusts the account's root."""
        return _credentials(self.send("credentials", account=account, role=role))

    def assume_as_service(
        self, service: str, role_arn: str, *, session_name: str, source_arn: str | None = None,
        source_account: str | None = None,
    ) -> Credentials:  # fmt: skip
        """What a service does when it takes a role (Studio for a notebook): the role's trust must admit it."""
        return _credentials(
            self.send(
                "assume-as-service",
                service=service,
                role_arn=role_arn,
                session_name=session_name,
                source_arn=source_arn,
                source_account=source_account,
            )
        )

    def session(self, account: str, role: str | None = None) -> Any:
        """A boto3 session with credentials in an account."""
        return boto_session(self.credentials(account, role), self.accounts()["region"])

    def client(self, account: str, role: str | None, service: str, **options: Any) -> Any:
        """A boto3 client of a service, as a role in an account."""
        return self.session(account, role).client(service, endpoint_url=self.endpoint, **options)

    def drain(self, timeout_seconds: float = 30) -> None:
        """Wait until no event, delivery or invocation is pending."""
        self.send("drain", give_up_seconds=timeout_seconds + 10, timeout_seconds=timeout_seconds)

    @contextmanager
    def disturbance(
        self, *, throttles: Sequence[Throttle] = (), crashes: Sequence[Crash] = (), **how: float
    ) -> Iterator[None]:
        """Within it events are lost, late, doubled or out of order, calls of functions are throttled, functions crash.

        `how`: members of `delivery.disturbance.Disturbance` (`drop_probability`, `delay_seconds`, …). `throttles`:
        shares of services' calls by functions that answer the throttling error. `crashes`: functions killed before or
        after their n-th call of an invocation. All by the organisation's seed. The event log tells each one: rows
        `dropped`, `delayed`, `duplicate`, `throttled`, `crash`. What is delayed stays so after the end of the block.
        """
        calls = {"throttles": [asdict(one) for one in throttles], "crashes": [asdict(one) for one in crashes]}
        sent: dict[str, Any] = {**{name: given for name, given in calls.items() if given}, **how}
        self.send("disturb", **sent)
        try:
            yield
        finally:
            self.send("disturb")

    def advance(self, seconds: float) -> datetime:
        """Skip time; returns the organisation's new time.

        What the skip passes (retries, scheduled rules, ends of retention) happens at its own time, in order. A rule
        fires at most `delivery.scheduler.FIRINGS_PER_SKIP` times in one skip; what is left out the event log says.
        """
        return datetime.fromisoformat(self.send("clock/advance", seconds=seconds)["now"])

    def trail(self, **settings: Any) -> dict[str, Any]:
        """Change how CloudTrail behaves (members of `trail.settings.TrailSettings`); returns all that holds now."""
        answer: dict[str, Any] = self.send("trail", **settings)
        return answer

    def fail_deployment(self, account: str, endpoint: str, *, reason: str, rollback_fails: bool = False) -> None:
        """Let an endpoint's deployment fail, the one under way or the next: it goes back to what serves."""
        self.send(
            "hosting", what="fail", account=account, endpoint=endpoint, reason=reason, rollback_fails=rollback_fails
        )

    def maintain(self, account: str, endpoint: str) -> None:
        """Let AWS maintain an endpoint: SystemUpdating for a while, in which nothing can change it."""
        self.send("hosting", what="maintain", account=account, endpoint=endpoint)

    def push_image(self, image: str, digest: str) -> None:
        """Let an image's tag (`registry/repository:tag`) point to another digest (`sha256:…`) from now on."""
        self.send("hosting", what="push", image=image, digest=digest)

    def endpoint_load(
        self, account: str, endpoint: str, variant: str, metrics: Mapping[str, float | Sequence[float]],
        *, component: str | None = None, ago_seconds: float = 0,
    ) -> int:  # fmt: skip
        """Give an endpoint of an account (by its name) a load, so long ago; returns how many metrics were recorded.

        With `component` it is the load of an inference component on that variant.

        `metrics`: of `Invocations` and the errors how many there were; of latencies (microseconds) and utilisations
        (percent) one value or several. Names and units stand in `services.cloudwatch.endpoint_load`.
        """
        answer = self.send(
            "endpoint-load", account=account, endpoint=endpoint, variant=variant, metrics=dict(metrics),
            component=component, ago_seconds=ago_seconds,
        )  # fmt: skip
        return int(answer["recorded"])

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """The request log's rows from a number on."""
        rows: list[dict[str, Any]] = self.send("log", since=since)
        return rows

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """The event log's rows from a number on."""
        rows: list[dict[str, Any]] = self.send("events", since=since)
        return rows

    def state(self) -> dict[str, Any]:
        """How many requests, events, served operations; and the organisation's time."""
        answer: dict[str, Any] = self.send("state")
        return answer

    def stop(self) -> None:
        """End the organisation."""
        self.send("stop")


@cache
def _models() -> Any:
    """botocore's service models, read once per process: a loader of its own costs each session 0.1 to 0.5 s."""
    from botocore.loaders import create_loader

    return create_loader()


def boto_session(credentials: Credentials, region: str) -> Any:
    """A boto3 session with given credentials; it reads no profile and no environment credentials."""
    import boto3
    import botocore.session

    underneath = botocore.session.Session()
    underneath.register_component("data_loader", _models())
    return boto3.Session(
        botocore_session=underneath,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.session_token or None,
        region_name=region,
    )


def _credentials(answer: dict[str, str]) -> Credentials:
    return Credentials(
        answer["AccessKeyId"],
        answer["SecretAccessKey"],
        answer["SessionToken"],
        datetime.fromisoformat(answer["Expiration"]),
        answer["Arn"],
    )
