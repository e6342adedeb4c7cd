"""Clients without AWS: scripted answers, recorded calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.provider.clients import Clients
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.values import Props, without_none

Answer = Props | Exception | Callable[[Props], Props]


def aws_error(code: str, message: str = "", operation: str = "Operation") -> ClientError:
    """An error as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeClients(Clients):
    """Answers each operation from a table and notes what was asked; an operation that isn't there fails the test."""

    def __init__(self, answers: Mapping[str, Answer], configuration: Configuration | None = None) -> None:
        super().__init__(configuration or Configuration(region="eu-west-1"), "eu-west-1", None)
        self.answers = dict(answers)
        self.calls: list[tuple[str, Props]] = []

    def call(self, service: str, operation: str, /, **parameters: Any) -> Props:
        sent = without_none(parameters)
        self.calls.append((operation, sent))
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer(sent) if callable(answer) else dict(answer)

    def pages(self, service: str, operation: str, key: str, /, **parameters: Any) -> list[Any]:
        return list(self.call(service, operation, **parameters)[key])

    def in_region(self, region: str | None) -> Clients:
        return self

    @property
    def account(self) -> str:
        return str(self.call("sts", "get_caller_identity")["Account"])

    def called(self, operation: str) -> list[Props]:
        """The parameters of each call of an operation."""
        return [sent for name, sent in self.calls if name == operation]
