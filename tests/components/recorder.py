"""A mock engine that records what a program registers, and refuses what a real one would."""

from __future__ import annotations

import asyncio
import contextvars
import json
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

from tests.components.answers import ACCOUNT, REGION, arn, physical_name

ROOT_TYPE = "pulumi:pulumi:Stack"
"""Of the stack itself, which is no part of its resources' identities."""

THREADS = 4
KEYS = ("", "artifacts", "governance", "anchors", "logs")
"""The keys' ids end in their place here."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A resource as the program asked for it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    provider: str
    dependencies: frozenset[str]
    aliases: frozenset[str]
    import_id: str


class EngineRefused(grpc.RpcError):
    """An error as the engine answers it by gRPC."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self.message


class Answers(pulumi.runtime.Mocks):
    """Ids and computed outputs in AWS's forms; any lookup that no test has prepared is refused."""

    def __init__(self, outputs_of: Mapping[str, Mapping[str, Any]]) -> None:
        self.outputs_of = outputs_of

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        inputs = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {**inputs, "outputs": self.outputs_of[args.name]}
        made = physical_name(args.name, inputs)
        computed = {"arn": arn(args.typ, args.name, inputs)}
        if args.typ == "aws:kms/key:Key":
            key = f"00000000-0000-0000-0000-00000000000{KEYS.index(args.name.rpartition('-')[2])}"
            computed = {"arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}", "keyId": key}
        if args.typ == "aws:sqs/queue:Queue":
            computed["url"] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{made}"
        if args.typ == "aws:ecr/repository:Repository":
            computed["repositoryUrl"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{made}"
        if args.typ == "aws:ec2/vpcEndpoint:VpcEndpoint" and inputs["vpcEndpointType"] == "Gateway":
            computed["prefixListId"] = f"pl-{inputs['serviceName'].rpartition('.')[2]}"
        if args.typ == "aws:apigatewayv2/api:Api":
            computed["executionArn"] = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{args.name}-id"
            computed["apiEndpoint"] = f"https://{args.name}-id.execute-api.{REGION}.amazonaws.com"
        return f"{args.name}-id", {**inputs, **computed}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        if args.token == "pulumi:pulumi:readStackOutputs":
            stack = args.args["name"]
            if stack not in self.outputs_of:
                raise EngineRefused(f"unknown stack {stack!r}")
            return {"name": stack, "outputs": dict(self.outputs_of[stack])}, []
        raise AssertionError(f"the program looks up {args.token}, which it may not")


class Recorder(mocks.MockMonitor):
    """Records raw registrations: parents, options, dependencies; refuses two equal URNs."""

    def __init__(self, outputs_of: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(Answers(outputs_of))
        self.registered: list[Registered] = []
        self.outputs: dict[str, dict[str, Any]] = {}
        self._urns: set[str] = set()

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802  # gRPC's name
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # the SDK's mocks are untyped
        if answer.urn in self._urns:
            raise AssertionError(f"{answer.urn} is registered twice")
        self._urns.add(answer.urn)
        self.registered.append(
            Registered(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                parent=request.parent,
                inputs=rpc.deserialize_properties(request.object),
                outputs=rpc.deserialize_properties(answer.object),
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                delete_before_replace=request.deleteBeforeReplace,
                provider=request.provider,
                dependencies=frozenset(request.dependencies),
                aliases=frozenset(request.aliasURNs),
                import_id=request.importId,
            )
        )
        return answer

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """With the types of all that is above, as the engine makes it; the SDK's mocks keep the parent's alone."""
        above = parent.split("::")[2] if parent else ROOT_TYPE
        chain = type_ if above == ROOT_TYPE else f"{above}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{chain}::{name}"

    def SupportsFeature(self, request: resource_pb2.SupportsFeatureRequest) -> Any:  # noqa: N802  # gRPC's name
        """Without specs of aliases the SDK resolves them itself, those that children get from a parent included."""
        if request.id == "aliasSpecs":
            return resource_pb2.SupportsFeatureResponse(hasSupport=False)
        return super().SupportsFeature(request)  # type: ignore[no-untyped-call]  # as above

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:  # noqa: N802
        self.outputs[request.urn] = rpc.deserialize_properties(request.outputs or struct_pb2.Struct())
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]  # as above


@dataclass(slots=True)
class Run:
    """What a program registered, and what it exported."""

    resources: list[Registered]
    component_outputs: dict[str, dict[str, Any]]
    exports: dict[str, Any]

    def of(self, type_: str) -> list[Registered]:
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str) -> Registered:
        found = [resource for resource in self.of(type_) if resource.name == name]
        assert len(found) == 1, f"{type_} {name}: {len(found)} of {[r.name for r in self.of(type_)]}"
        return found[0]

    def policy(self, type_: str, name: str, key: str = "policy") -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.one(type_, name).inputs[key])
        return document

    def custom(self) -> list[Registered]:
        """Resources of the provider, without components, stack and provider itself."""
        return [resource for resource in self.resources if resource.type.startswith("aws:")]


def run(
    program: Callable[[], None],
    *,
    stack: str = "hub",
    outputs_of: Mapping[str, Mapping[str, Any]] | None = None,
    preview: bool = False,
) -> Run:
    """Run a program to its end, all asynchronous registrations included. Raises what the program raises."""
    monitor = Recorder(outputs_of or {})
    # The SDK keeps stack and configuration in context variables: a copy leaves nothing behind for the next run.
    with warnings.catch_warnings():
        # Loading a module of the SDK warns of the classes that it deprecates itself, whoever uses them.
        warnings.filterwarnings("ignore", r"\S+ has been deprecated in favor of", DeprecationWarning)
        contextvars.copy_context().run(_run, program, monitor, stack, preview)
    stacks = [outputs for urn, outputs in monitor.outputs.items() if "::pulumi:pulumi:Stack::" in urn]
    return Run(monitor.registered, monitor.outputs, stacks[0] if stacks else {})


def _run(program: Callable[[], None], monitor: Recorder, stack: str, preview: bool) -> None:
    pulumi.runtime.configure(
        mocks.MockSettings(  # type: ignore[no-untyped-call]  # as above
            monitor=monitor,
            engine=mocks.MockEngine(None),
            project="ml-governance",
            stack=stack,
            dry_run=preview,
            organization="organization",
        )
    )
    loops: list[asyncio.AbstractEventLoop] = []

    def open_loop() -> None:
        # The SDK's mocks run in threads and want an event loop in each, which they would leave open.
        loop = asyncio.new_event_loop()
        loops.append(loop)
        asyncio.set_event_loop(loop)

    open_loop()
    executor = ThreadPoolExecutor(max_workers=THREADS, initializer=open_loop)
    loops[0].set_default_executor(executor)
    try:
        loops[0].run_until_complete(pulumi.runtime.run_in_stack(program))
    finally:
        executor.shutdown()
        asyncio.set_event_loop(None)
        for loop in loops:
            loop.close()
