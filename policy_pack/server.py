"""The pack as the engine talks to it: `pulumirpc.Analyzer` (Pulumi's `proto/pulumi/analyzer.proto`).

By the SDK's own protocol and not by the package `pulumi_policy` (docs/adr/0011-a-policy-pack-without-its-sdk.md).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from policy_pack import reading
from policy_pack.pack import EXEMPT_SCHEMA, NAME, NOT_KNOWN_YET, UNKNOWN_DESCRIPTION, Diagnostic, Level, Pack, Setting
from policy_pack.resource import Facts
from policy_pack.rules import RULES

VERSION = "1.0.0"
"""Shown where PulumiPolicy.yaml has none."""

MESSAGE_LIMIT_BYTES = 400 * 1024 * 1024  # the engine's own limit (sdk/go/common/util/rpcutil)

LEVELS: dict[Level, analyzer_pb2.EnforcementLevel.ValueType] = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
}


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """One engine's run: configured once, asked of each resource, then of all."""

    def __init__(self) -> None:
        self._pack = Pack(Facts(stack=""))
        self.ended = threading.Event()

    def Handshake(
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """Nothing is asked of the engine."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzerInfo:
        """The rules with their default levels, and what can be configured of each."""
        unknown = _info(NOT_KNOWN_YET, UNKNOWN_DESCRIPTION, "advisory", "Run the update.", configurable=False)
        rules = [_info(rule.name, rule.description, "mandatory", rule.remedy, configurable=True) for rule in RULES]
        return analyzer_pb2.AnalyzerInfo(
            name=NAME, displayName=NAME, version=VERSION, supportsConfig=True, policies=[*rules, unknown]
        )

    def Configure(
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Levels and exemptions of `--policy-pack-config`, laid over the defaults by the engine."""
        self._pack.configure(
            {
                name: Setting(_level(config.enforcementLevel), reading.properties(config.properties).get("exempt", {}))
                for name, config in request.policyConfig.items()
            }
        )
        return empty_pb2.Empty()

    def ConfigureStack(
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """Which stack it is, and the program's configuration. Comes before Configure."""
        self._pack = Pack(Facts.read(request.project, request.stack, dict(request.config)))
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Analyze(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        return _response(self._pack.judge(reading.before(request)))

    def AnalyzeStack(
        self, request: analyzer_pb2.AnalyzeStackRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        return _response(self._pack.judge_stack([reading.at_the_end(resource) for resource in request.resources]))

    def Remediate(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        """Nothing is changed behind the program's back."""
        return analyzer_pb2.RemediateResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.ended.set()
        return empty_pb2.Empty()


def serve() -> None:
    """Serve on a free loopback port, which is told on standard output, until the engine ends the process."""
    analyzer = Analyzer()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=4),
        options=[("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES), ("grpc.so_reuseport", 0)],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(analyzer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    analyzer.ended.wait()
    server.stop(grace=1)


def _level(given: analyzer_pb2.EnforcementLevel.ValueType) -> Level:
    """`remediate` is held as mandatory: this pack mends nothing by itself."""
    return next((name for name, value in LEVELS.items() if value == given), "mandatory")


def _info(name: str, description: str, level: Level, remedy: str, *, configurable: bool) -> analyzer_pb2.PolicyInfo:
    schema: dict[str, Any] = {"exempt": dict(EXEMPT_SCHEMA)} if configurable else {}
    return analyzer_pb2.PolicyInfo(
        name=name,
        displayName=name,
        description=description,
        enforcementLevel=LEVELS[level],
        remediation_steps=remedy,
        configSchema=analyzer_pb2.PolicyConfigSchema(properties=json_format.ParseDict(schema, struct_pb2.Struct())),
    )


def _response(found: Iterable[Diagnostic]) -> analyzer_pb2.AnalyzeResponse:
    return analyzer_pb2.AnalyzeResponse(
        diagnostics=[
            analyzer_pb2.AnalyzeDiagnostic(
                policyName=one.rule,
                policyPackName=NAME,
                policyPackVersion=VERSION,
                description=one.description,
                message=one.message,
                enforcementLevel=LEVELS[one.level],
                urn=one.urn,
            )
            for one in found
        ]
    )
