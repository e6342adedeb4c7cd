"""Calls of the engine to the language host, over gRPC, that no run of the CLI shows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from rehearsal.engine import ROOT
from rehearsal.language_host.processes import Children
from rehearsal.language_host.service import LanguageHost


@pytest.fixture
def host() -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    """A client of a language host that runs in this process."""
    children = Children()
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost("127.0.0.1:1", children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)
    children.end_all()
    server.stop(None).wait()


def info(root: Path, **options: str) -> language_pb2.ProgramInfo:
    """A program in a project's root folder, with these `runtime.options`."""
    struct = struct_pb2.Struct()
    struct.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(root), program_directory=str(root), entry_point=".", options=struct
    )


def details(caught: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[grpc.StatusCode, str]:
    """Code and message that a call ended with."""
    error: Any = caught.value  # grpc raises a class of its own that is an RpcError and a Call
    return error.code(), error.details()


def test_the_version_is_that_of_the_sdk(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    """Guards: a host that claims the features of another version."""
    assert host.GetPluginInfo(empty_pb2.Empty()).version == "3.250.0"


def test_the_aws_plugin_is_required(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    """Guards: `pulumi install` that leaves the provider plugin out, or asks for another version than the SDK's."""
    request = language_pb2.GetRequiredPackagesRequest(info=info(ROOT, virtualenv=".venv"))
    [package] = host.GetRequiredPackages(request).packages
    assert (package.name, package.kind, package.version) == ("aws", "resource", "7.51.1")

    older = language_pb2.GetRequiredPluginsRequest(info=info(ROOT, virtualenv=".venv"))
    [plugin] = host.GetRequiredPlugins(older).plugins
    assert (plugin.name, plugin.kind, plugin.version) == ("aws", "resource", "7.51.1")


def test_a_toolchain_that_is_not_known_is_refused(host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path) -> None:
    """Guards: a poetry project silently run with whatever Python is at hand."""
    request = language_pb2.RunRequest(info=info(tmp_path, toolchain="poetry"))
    with pytest.raises(grpc.RpcError) as caught:
        host.Run(request)
    code, message = details(caught)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "'poetry'" in message
    assert "knows 'pip' only" in message


def test_a_debugger_is_refused(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    """Guards: `--attach-debugger` that waits for ever."""
    request = language_pb2.RunRequest(info=info(ROOT, virtualenv=".venv"), attach_debugger=True)
    assert "debugger" in host.Run(request).error


def test_generating_code_is_refused_by_name(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    """Guards: an empty success of what this host doesn't do."""
    calls: dict[str, Callable[[], object]] = {
        "pulumi convert": lambda: host.GenerateProgram(language_pb2.GenerateProgramRequest()),
        "generating a project": lambda: host.GenerateProject(language_pb2.GenerateProjectRequest()),
        "gen-sdk": lambda: host.GeneratePackage(language_pb2.GeneratePackageRequest()),
        "packing": lambda: host.Pack(language_pb2.PackRequest()),
        "linking": lambda: host.Link(language_pb2.LinkRequest()),
    }
    for what, call in calls.items():
        with pytest.raises(grpc.RpcError) as caught:
            call()
        code, message = details(caught)
        assert code is grpc.StatusCode.UNIMPLEMENTED
        assert what in message


def test_a_plugin_streams_what_it_writes_and_how_it_ended(
    host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    """Guards: a plugin's port, errors, environment or status lost between it and the engine."""
    (tmp_path / "__main__.py").write_text(
        "import os, sys\nprint(sys.argv[1:], os.environ['MODE'], flush=True)\n"
        "print('careful', file=sys.stderr)\nsys.exit(5)\n",
        "utf-8",
    )
    request = language_pb2.RunPluginRequest(
        pwd=str(tmp_path), args=["127.0.0.1:7"], env=["MODE=strict", f"PATH={os.environ['PATH']}"]
    )
    request.info.CopyFrom(info(tmp_path))
    request.kind = "resource"

    answers = list(host.RunPlugin(request))

    assert b"".join(answer.stdout for answer in answers) == b"['127.0.0.1:7'] strict\n"
    assert b"".join(answer.stderr for answer in answers) == b"careful\n"
    assert answers[-1].exitcode == 5


def test_a_cancelled_call_ends_the_plugin(host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path) -> None:
    """Guards: a policy pack that runs on when the engine is done with it."""
    (tmp_path / "__main__.py").write_text(
        "import pathlib, signal, sys, time\n"
        "def ended(*_):\n    pathlib.Path('ended').touch()\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, ended)\nprint('ready', flush=True)\ntime.sleep(600)\n",
        "utf-8",
    )
    request = language_pb2.RunPluginRequest(pwd=str(tmp_path), info=info(tmp_path), kind="resource")
    stream = host.RunPlugin(request)
    assert next(stream).stdout.startswith(b"ready")
    stream.cancel()
    for _ in range(200):
        if (tmp_path / "ended").exists():
            return
        time.sleep(0.05)
    raise AssertionError("the plugin got no signal within 10 s of the cancelled call")
