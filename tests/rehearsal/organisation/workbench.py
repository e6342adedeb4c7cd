"""What tests of the compute and event services make over and over: queues, rules, roles, functions, in one account."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rehearsal.organisation.control import Control
from rehearsal.organisation.core import Account
from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.settings import OrganisationSettings

REGION = "eu-west-1"
NAMES = ("management", "hub", "dev", "test", "outsider")
NUMBERS = itertools.count(1)
LOGS = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "*",
}
ECHO = "def handler(event, context):\n    return event\n"


def package(source: str, **others: str) -> bytes:
    """A zip with `index.py` and other files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", source)
        for name, text in others.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return buffer.getvalue()


def trust(*services: str) -> str:
    return document({"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"})


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | Sequence[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


class Workbench:
    """Makes things in one account by its administrator; names are the test's own to choose."""

    def __init__(self, org: Emulator, account: str = "hub") -> None:
        self.org = org
        self.account = org.accounts[account].id
        self._name = account
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        """A client: `bench.sqs`, `bench.events`, `bench.lambda_`."""
        name = service.rstrip("_")
        if name not in self._clients:
            self._clients[name] = self.client(None, name)
        return self._clients[name]

    def client(self, role: str | None, service: str) -> Any:
        """A client of a role of the account (None: its administrator)."""
        return Control(self.org.endpoint).client(self._name, role, service)

    def beside(self, account: str) -> Workbench:
        """A workbench in another account of the same organisation."""
        return Workbench(self.org, account)

    def advance(self, seconds: float) -> None:
        """Skip time; clients are made anew, since their credentials may have expired."""
        self.org.clock.advance(timedelta(seconds=seconds))
        self._clients.clear()

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Returns URL and ARN."""
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{self.account}:{name}"

    def admit(self, url: str, queue: str, rule: str, service: str = "events.amazonaws.com") -> None:
        """Let a rule send to a queue, as its queue policy."""
        statement = {
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }  # fmt: skip
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(statement)})

    def rule(self, name: str, pattern: Mapping[str, Any], *targets: Mapping[str, Any], bus: str = "default") -> str:
        """A rule with targets; returns its ARN."""
        arn: str = self.events.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)["RuleArn"]
        if targets:
            put = [{"Id": str(number), **target} for number, target in enumerate(targets)]
            self.events.put_targets(Rule=name, Targets=put, EventBusName=bus)
        return arn

    def role(
        self, name: str, *statements: Mapping[str, Any], services: Iterable[str] = ("lambda.amazonaws.com",)
    ) -> str:
        """A role that services may take, with one inline policy; returns its ARN."""
        arn: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(*services))["Role"]["Arn"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=document(*statements))
        return arn

    def function(self, name: str, source: str = ECHO, *statements: Mapping[str, Any], **settings: Any) -> str:
        """A function with a role of its own (which may write logs); returns its ARN."""
        role = self.role(name, LOGS, *statements)
        given = {"Runtime": "python3.12", "Handler": "index.handler", "Timeout": 10, "MemorySize": 256, **settings}
        arn: str = self.lambda_.create_function(
            FunctionName=name, Role=role, Code={"ZipFile": package(source)}, **given
        )["FunctionArn"]
        return arn

    def consumer(self, name: str, queue: str, source: str, **mapping: Any) -> str:
        """A function that reads a queue; returns the mapping's UUID."""
        rights = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue)
        self.function(name, source, rights)
        return str(self.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=queue, **mapping)["UUID"])

    def put(self, source: str, detail: Mapping[str, Any], bus: str = "default", kind: str = "kind") -> str:
        """Put one event and wait for its deliveries; returns its id."""
        entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
        answer = self.events.put_events(Entries=[entry])["Entries"][0]
        self.org.drain()
        return str(answer["EventId"])

    def receive(self, url: str, most: int = 10) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=most, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    def log_lines(self, function: str) -> list[str]:
        answer = self.logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")
        return [event["message"] for event in answer["events"]]

    def told(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        """Rows of the event log of one kind."""
        return [row for row in self.org.events.since(since) if row["kind"] == kind]


@contextmanager
def own_bench(account: str = "hub") -> Iterator[Workbench]:
    """A workbench in an organisation of its own: its clock, disturbances and logs are nobody else's.

    Its account ids are its own too: moto keeps IAM's state per account for the whole process.
    """
    number = next(NUMBERS)
    accounts = [Account(name, f"{place + 1}{number:011d}", name != "outsider") for place, name in enumerate(NAMES)]
    settings = OrganisationSettings(id="o-workbench00", region=REGION, accounts=accounts, management="management")
    with Emulator(settings) as org:
        yield Workbench(org, account)
