"""The runbook's commands: every one that stands there is tried, as it stands there but for its placeholders.

`governance` commands that an earlier phase ran, with the same options, count as tried: those phases expect their
statuses. The `aws` commands of the page's blocks are made by boto3 from the same words, since the AWS CLI isn't among
the things that the rehearsal needs.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel, Shape

from blueprint.functions import SCHEDULED
from rehearsal.engine import ROOT
from rehearsal.scenario.performance import Run

PAGE = ROOT / "docs" / "runbook.md"

SERVICES = {"s3api": "s3"}
"""Commands of the AWS CLI that are called otherwise than the service."""

FOR_THE_CLI = frozenset({"--query", "--output", "--profile"})
"""Options that choose what the AWS CLI prints, and as whom it asks."""


MENDS = frozenset({"redrive", "reconcile", "backfill"})
"""Commands of the operator; the others only read, and are the auditor's."""

PROVED = frozenset({"kms"})
"""Services that the auditor asks; the operator asks the others."""


class NotACall(ValueError):
    """A command line isn't one that AWS knows."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Command lines of a page, comments and pipes cut off. `blocks` stand in shell blocks, `spans` in the text."""

    blocks: tuple[str, ...]
    spans: tuple[str, ...]

    @staticmethod
    def of(page: Path = PAGE) -> Commands:
        text = page.read_text(encoding="utf-8")
        blocks = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
        spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        return Commands(tuple(_commands(blocks)), tuple(_commands(span.replace("\n", " ") for span in spans)))

    def governance(self) -> list[tuple[str, ...]]:
        """The arguments of each `governance` command of the page."""
        return [tuple(shlex.split(line)[1:]) for line in self.blocks + self.spans if line.startswith("governance ")]


def _commands(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        command = line.partition(" #")[0].partition(" | ")[0].strip()
        if command.startswith(("governance ", "aws ")):
            yield command


def is_tried(command: Sequence[str], tried: Iterable[Sequence[str]]) -> bool:
    """Whether one of `tried` is the same command with at least its options, each as often."""
    return any(each[:1] == tuple(command[:1]) and _options(command) <= _options(each) for each in tried)


def _options(command: Sequence[str]) -> Counter[str]:
    return Counter(word for word in command if word.startswith("--"))


@dataclass(frozen=True, slots=True)
class AwsCall:
    """What a line for the AWS CLI asks of which service, with botocore's names."""

    service: str
    operation: OperationModel
    parameters: Mapping[str, Any]

    @staticmethod
    def parse(line: str) -> AwsCall:
        """Read `aws <service> <operation> --option value …`. Raises NotACall saying what doesn't exist."""
        _, command, name, *words = shlex.split(line)
        service = SERVICES.get(command, command)
        model = botocore.session.get_session().get_service_model(service)
        operations = {xform_name(each, "-"): each for each in model.operation_names}
        if name not in operations:
            raise NotACall(f"{line}: {service} has no operation {name}")
        operation = model.operation_model(operations[name])
        inputs = operation.input_shape.members if operation.input_shape else {}
        members = {f"--{xform_name(member, '-')}": member for member in inputs}
        parameters = {}
        for option, values in _given(words):
            if option in FOR_THE_CLI:
                continue
            if option not in members:
                raise NotACall(f"{line}: {service} {name} has no option {option}")
            parameters[members[option]] = _value(inputs[members[option]], values)
        return AwsCall(service, operation, parameters)


def _given(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with the words after it."""
    starts = [place for place, word in enumerate(words) if word.startswith("--")]
    for start, end in pairwise([*starts, len(words)]):
        yield words[start], list(words[start + 1 : end])


def _value(shape: Shape, values: list[str]) -> Any:
    """An option's value as botocore takes it; structures in the CLI's shorthand (`Key=value,Key=value`)."""
    match shape.type_name:
        case "list":
            return [_value(shape.member, [value]) for value in values]
        case "structure":
            return dict(pair.split("=", 1) for pair in values[0].split(","))
        case "boolean":
            return True
        case "integer" | "long":
            return int(values[0]) if values[0].isdigit() else values[0]
        case _:
            return values[0]


def follow_the_runbook(run: Run) -> None:
    """Whoever is woken by an alarm copies these lines: each goes through."""
    page, places = Commands.of(), _places(run)
    auditor, operator = run.cast.auditor(), run.cast.operator()
    for line in page.blocks:
        if line.startswith("aws "):
            call = AwsCall.parse(_placed(line, places))
            _make(
                run,
                line,
                partial(
                    getattr(
                        (auditor if call.service in PROVED else operator).client(call.service),
                        xform_name(call.operation.name),
                    ),
                    **call.parameters,
                ),
            )
    for spec in SCHEDULED:
        rule = operator.client("events").describe_rule(Name=run.organisation.names.schedule_rule(spec.function))
        run.score.equal(f"the operator sees that {spec.function} is scheduled", rule["State"], "ENABLED")
    commands = page.governance()
    for command in commands:
        if not is_tried(command, run.tried):
            arguments = [_placed(word, places) for word in command]
            status, printed = run.console.try_run(*arguments, actor=operator if command[0] in MENDS else auditor)
            run.score.expect(f"`governance {shlex.join(command)}` goes through", status == 0, printed[-2000:])
    run.say(f"{len(page.blocks)} lines of the runbook's blocks, {len(commands)} commands in all")


def _places(run: Run) -> dict[str, str]:
    """What stands for the page's placeholders."""
    sqs, names = run.cast.operator().client("sqs"), run.organisation.names
    [key] = (run.folder / "evidence").glob("keys/*.der")
    return {
        "GROUP/VERSION": run.registered().package_arn.partition(":model-package/")[2],
        "QUEUE_URL": sqs.get_queue_url(QueueName=names.queue("capture-dlq"))["QueueUrl"],
        '"$(date -d -1hour +%s000)"': "0",
        "old.der": str(key),
        "new.der": str(key),
        "mlgov": run.organisation.prefix,
    }


def _make(run: Run, line: str, call: Callable[[], Any]) -> None:
    problem = ""
    try:
        call()
    except (ClientError, BotoCoreError) as error:
        problem = str(error)
    run.score.expect(f"`{line}` goes through", not problem, problem)


def _placed(text: str, places: Mapping[str, str]) -> str:
    for place, stands_for in places.items():
        text = text.replace(place, stands_for)
    return text
