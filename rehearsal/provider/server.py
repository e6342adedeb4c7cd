"""The gRPC service: each call of the engine decoded, answered by check, plan and life cycle, encoded."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from rehearsal.provider import VERSION, configuration
from rehearsal.provider.check import Naming, check
from rehearsal.provider.clients import Clients, connect
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.lifecycle import REGION_SUFFIX, Found, Incomplete, Lifecycle, describe
from rehearsal.provider.metadata import TypeData, type_data
from rehearsal.provider.naming import Proposal
from rehearsal.provider.plan import (
    Change,
    compare,
    delete_first,
    plan,
    preview_created,
    preview_updated,
    refreshed_inputs,
)
from rehearsal.provider.resource import ResourceType
from rehearsal.provider.types import TYPES
from rehearsal.provider.values import Props, from_struct, has_unknown, to_struct

KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
}
MODES = {
    provider_pb2.CheckRequest.AutonamingOptions.ENFORCE: "enforce",
    provider_pb2.CheckRequest.AutonamingOptions.PROPOSE: "propose",
    provider_pb2.CheckRequest.AutonamingOptions.DISABLE: "disable",
}


def type_of(urn: str) -> str:
    """The type token in a URN (`urn:pulumi:stack::project::parent$aws:s3/bucket:Bucket::name`)."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The logical name in a URN; it may hold `::` itself."""
    return urn.split("::", 3)[3]


def root_of(path: str) -> str:
    """The top-level property of a path."""
    return path.partition(".")[0].partition("[")[0]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The stand-in provider. A process serves one configuration: the engine starts one for each provider."""

    def __init__(self, types: Mapping[str, ResourceType] = TYPES) -> None:
        self._types = types
        self._lock = threading.Lock()
        self._clients: Clients | None = None
        self._configuration: Configuration | None = None

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=False, accept_resources=False, accept_outputs=False,
            supports_autonaming_configuration=True,
        )  # fmt: skip

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetMapping(
        self, request: provider_pb2.GetMappingRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingResponse:
        return provider_pb2.GetMappingResponse()

    def GetMappings(
        self, request: provider_pb2.GetMappingsRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingsResponse:
        return provider_pb2.GetMappingsResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        found = configuration.failures(from_struct(request.news))
        failures = [provider_pb2.CheckFailure(property=item.path, reason=item.reason) for item in found]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Never a replacement: since v7 another Region doesn't replace everything (pulumi-aws #5656)."""
        old, new = from_struct(request.old_inputs or request.olds), from_struct(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return _diff_response([Change(key, "update", False) for key in changed], delete_first=False)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Connect at once where accounts are listed: the wrong one must fail before anything is planned."""
        arguments = from_struct(request.args)
        try:
            self._configuration = configuration.read(arguments)
            if not has_unknown(arguments) and (self._configuration.allowed or self._configuration.forbidden):
                configuration.admit(self._connected())
        except Exception as error:  # noqa: BLE001  # the engine gets every failure as a status
            _fail(context, error, "configuring the aws provider")
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, acceptResources=False, acceptOutputs=False, supportsPreview=True,
            supports_autonaming_configuration=True,
        )  # fmt: skip

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        token = type_of(request.urn)
        if token not in self._types:
            reason = f"{token} is no type that the rehearsal's stand-in for pulumi-resource-aws serves"
            return provider_pb2.CheckResponse(inputs=request.news, failures=[provider_pb2.CheckFailure(reason=reason)])
        naming = Naming(name_of(request.urn), request.randomSeed, _proposal(request))
        tags = self._configuration.default_tags if self._configuration else {}
        inputs, failures = check(
            self._types[token],
            type_data(token),
            from_struct(request.news),
            from_struct(request.olds),
            naming,
            tags,
        )
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[provider_pb2.CheckFailure(property=item.path, reason=item.reason) for item in failures],
        )

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        row, data = self._row(request.urn, context)
        inputs = from_struct(request.news)
        state = from_struct(request.olds)
        found = compare(row, data, state, plan(row, inputs), list(request.ignoreChanges))
        return _diff_response(found, delete_first=delete_first(row, inputs))

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        row, data = self._row(request.urn, context)
        planned = plan(row, from_struct(request.properties))
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct(preview_created(row, data, planned)))
        found = self._attempt(context, request.urn, lambda life: life.create(planned), planned, "creating")
        return provider_pb2.CreateResponse(id=found.physical_id, properties=to_struct(found.state))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        row, data = self._row(request.urn, context)
        known, inputs = from_struct(request.properties), from_struct(request.inputs)
        match = REGION_SUFFIX.match(request.id) if not known else None
        where = {"region": match["region"]} if match else known or inputs
        physical_id = match["id"] if match else request.id
        try:
            found = self._life(request.urn, where).read(physical_id, known or inputs)
        except Exception as error:  # noqa: BLE001  # the engine gets every failure as a status
            _fail(context, error, f"reading {request.urn}")
        if found is None:
            return provider_pb2.ReadResponse()
        refreshed = refreshed_inputs(row, data, inputs, found.state)
        return provider_pb2.ReadResponse(
            id=found.physical_id, properties=to_struct(found.state), inputs=to_struct(refreshed)
        )

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        row, data = self._row(request.urn, context)
        old, planned = from_struct(request.olds), plan(row, from_struct(request.news))
        for path in request.ignoreChanges:  # ignored drift stays as it is
            if root_of(path) in old:
                planned[root_of(path)] = old[root_of(path)]
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_struct(preview_updated(row, data, old, planned)))
        found = self._attempt(
            context, request.urn, lambda life: life.update(request.id, old, planned), planned, "updating"
        )
        return provider_pb2.UpdateResponse(properties=to_struct(found.state))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._row(request.urn, context)
        state = from_struct(request.properties)
        try:
            self._life(request.urn, state).delete(request.id, state)
        except Exception as error:  # noqa: BLE001  # the engine gets every failure as a status
            _fail(context, error, f"deleting {request.urn}")
        return empty_pb2.Empty()

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> NoReturn:
        _refuse(context, f"the function {request.tok}")

    def Call(self, request: provider_pb2.CallRequest, context: grpc.ServicerContext) -> NoReturn:
        _refuse(context, f"the method {request.tok}")

    def Construct(self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext) -> NoReturn:
        _refuse(context, f"the component {request.type}")

    def Parameterize(self, request: provider_pb2.ParameterizeRequest, context: grpc.ServicerContext) -> NoReturn:
        _refuse(context, "parameterisation")

    def GetSchema(self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext) -> NoReturn:
        _refuse(context, "the provider's schema")

    def _connected(self) -> Clients:
        """The clients, made at the first use."""
        with self._lock:
            if self._configuration is None:
                raise configuration.Misconfigured("the engine called the provider before configuring it")
            if self._clients is None:
                self._clients = connect(self._configuration)
            return self._clients

    def _row(self, urn: str, context: grpc.ServicerContext) -> tuple[ResourceType, TypeData]:
        token = type_of(urn)
        if token not in self._types:
            _refuse(context, f"the type {token}")
        return self._types[token], type_data(token)

    def _life(self, urn: str, props: Props) -> Lifecycle:
        token = type_of(urn)
        aws = self._connected().in_region(props.get("region"))
        return Lifecycle(self._types[token], type_data(token), aws)

    def _attempt(self, context: grpc.ServicerContext, urn: str, step: Any, planned: Props, doing: str) -> Found:
        """Run a create or update; a half-made resource goes back with its id, so that the engine keeps it."""
        try:
            found: Found = step(self._life(urn, planned))
        except Incomplete as error:
            _fail_incomplete(context, error, f"{doing} {urn}")
        except Exception as error:  # noqa: BLE001  # the engine gets every failure as a status
            _fail(context, error, f"{doing} {urn}")
        return found


def _proposal(request: provider_pb2.CheckRequest) -> Proposal:
    if not request.HasField("autonaming"):
        return Proposal()
    return Proposal(MODES[request.autonaming.mode], request.autonaming.proposed_name)


def _diff_response(found: list[Change], *, delete_first: bool) -> provider_pb2.DiffResponse:
    replaces = sorted({root_of(change.path) for change in found if change.replaces})
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({root_of(change.path) for change in found}),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            change.path: provider_pb2.PropertyDiff(kind=KINDS[change.kind, change.replaces]) for change in found
        },
    )


def _fail(context: grpc.ServicerContext, error: Exception, doing: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, f"{doing}: {describe(error)}")
    raise AssertionError("unreachable: abort raises")


def _refuse(context: grpc.ServicerContext, what: str) -> NoReturn:
    message = f"{what} is not emulated by the rehearsal's stand-in for pulumi-resource-aws"
    context.abort(grpc.StatusCode.UNIMPLEMENTED, message)
    raise AssertionError("unreachable: abort raises")


def _fail_incomplete(context: grpc.ServicerContext, error: Incomplete, doing: str) -> NoReturn:
    """Answer with ErrorResourceInitFailed among the details, as `rpcerror.WithDetails` of the Go SDK does."""
    message = f"{doing}: {error}"
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.physical_id, properties=to_struct(error.state), reasons=[str(error)]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("unreachable: abort raises")
