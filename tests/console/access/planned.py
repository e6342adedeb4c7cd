"""The policies of the planned program: every stack of the committed configuration, run without an engine.

The program registers with a recording engine, as in tests/components; what it registers is read like a stack export.
"""

from __future__ import annotations

import functools
import json
import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml

from blueprint.intent import Intent
from blueprint.names import HUB
from blueprint.settings import PROJECT, Settings
from console.access.differences import Proof, prove
from console.access.estate import Estate
from console.access.project import intent_for
from console.access.pulumi_state import estate_of
from tests.blueprint import samples
from tests.components import recorder

ROOT = Path(__file__).resolve().parents[3]
HUB_STACK = f"organization/{PROJECT}/{HUB}"
ARNS = {
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:iam/policy:Policy": "arn:aws:iam::{account}:policy/{name}",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:cloudwatch/eventBus:EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "aws:oam/sink:Sink": "arn:aws:oam:{region}:{account}:sink/00000000-0000-0000-0000-000000000000",
    "aws:dynamodb/table:Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        "arn:aws:sagemaker:{region}:{account}:model-package-group/{name}"
    ),
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
}
"""ARNs as AWS makes them (Service Authorization Reference, resource types)."""

NAMED = ("name", "bucket", "repository", "modelPackageGroupName")


class Answers(recorder.Answers):
    """Outputs whose ARNs are of the right service and account; keeps what was made."""

    def __init__(self, outputs_of: Mapping[str, Mapping[str, Any]], account: str, region: str) -> None:
        super().__init__(outputs_of)
        self.account, self.region = account, region
        self.made: list[tuple[str, dict[str, Any]]] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        made, outputs = super().new_resource(args)
        for key in ("arn", "executionArn"):
            if isinstance(outputs.get(key), str):
                outputs[key] = args.inputs.get(key) or outputs[key].replace(samples.HUB, self.account)
        form = ARNS.get(args.typ)
        if form is not None:
            name = next((outputs[key] for key in NAMED if outputs.get(key)), args.name)
            outputs["arn"] = form.format(account=self.account, region=self.region, name=name)
            if args.typ == "aws:sqs/queue:Queue":
                outputs["url"] = f"https://sqs.{self.region}.amazonaws.com/{self.account}/{name}"
        self.made.append((args.typ, {"id": made, **outputs}))
        return made, outputs


def configuration(stack: str) -> dict[str, Any]:
    """What the engine would hand over of Pulumi.yaml and the stack's file."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"]
    values = {key: entry["default"] for key, entry in project.items() if key.startswith(PROJECT) and "default" in entry}
    file = ROOT / f"Pulumi.{stack}.yaml"
    if file.exists():
        values |= (yaml.safe_load(file.read_text("utf-8")) or {}).get("config") or {}
    return values


def settings(stack: str) -> Settings:
    return Settings.parse({key.partition(":")[2]: value for key, value in configuration(stack).items()}, stack)


@contextmanager
def _engine(stack: str, answers: Answers) -> Iterator[None]:
    texts = {key: v if isinstance(v, str) else json.dumps(v) for key, v in configuration(stack).items()}

    class Monitor(recorder.Recorder):
        def __init__(self, outputs_of: Mapping[str, Mapping[str, Any]]) -> None:
            super().__init__(outputs_of)
            self.mocks = answers

    with (
        mock.patch.dict(os.environ, {"PULUMI_CONFIG": json.dumps(texts)}),
        mock.patch.object(recorder, "Recorder", Monitor),
    ):
        yield


def _stack(stack: str, account: str, region: str, hub: Mapping[str, Any]) -> tuple[Answers, dict[str, Any]]:
    outputs_of = {HUB_STACK: hub} if hub else {}
    answers = Answers(outputs_of, account, region)
    with _engine(stack, answers):
        made = recorder.run(
            lambda: _nothing(runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")),
            stack=stack,
            outputs_of=outputs_of,
        )
    return answers, made.exports


def _nothing(_: object) -> None:
    """Programs return nothing."""


@functools.cache
def resources() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Everything that all stacks of the committed configuration register."""
    of = settings(HUB).organisation
    hub, exports = _stack(HUB, of.hub, of.region, {})
    made = list(hub.made)
    for spoke in of.spokes:
        made += _stack(spoke.stack, spoke.account, of.region, exports)[0].made
    return tuple(made)


@functools.cache
def planned() -> Estate:
    """The estate of all stacks of the committed configuration."""
    return estate_of(resources(), source="the planned program")


@functools.cache
def planned_intent() -> Intent:
    return intent_for(planned(), ROOT)


@functools.cache
def planned_proof() -> Proof:
    """The proof of the planned program, computed once for all tests that look at it."""
    return prove(planned(), planned_intent())


def exported(file: Path, change: Callable[[str], str] = lambda text: text) -> Path:
    """The planned program as a stack export, with a change of its text."""
    listed = [{"type": kind, "id": outputs.get("id", ""), "outputs": outputs} for kind, outputs in resources()]
    file.write_text(change(json.dumps({"version": 3, "deployment": {"resources": listed}}, default=str)), "utf-8")
    return file
