"""What the engine asks of a language host, answered for Python programs and plugins."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from rehearsal.language_host import program
from rehearsal.language_host.processes import Children, streamed
from rehearsal.language_host.virtualenv import ToolchainError, Virtualenv, ambient_python

VERSION = version("pulumi")
PROGRAM_RUNNER = Path(program.__file__)

Command = list[str | Path]


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """`pulumirpc.LanguageRuntime` for Python. One engine, any number of programs at a time."""

    def __init__(self, engine_address: str, children: Children) -> None:
        self._engine_address = engine_address
        self._children = children

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Take the engine's address, where it comes by call instead of by argument."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The version of Pulumi that this host was written for."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """The resource plugins that the packages in the program's virtual environment ask for."""
        plugins = self._virtualenv(request.info, context).plugins()
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(
                    name=plugin.name, kind="resource", version=plugin.version, server=plugin.server
                )
                for plugin in plugins
            ]
        )

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        """As GetRequiredPackages, in the form that older engines ask for."""
        plugins = self._virtualenv(request.info, context).plugins()
        return language_pb2.GetRequiredPluginsResponse(
            plugins=[
                plugin_pb2.PluginDependency(
                    name=plugin.name, kind="resource", version=plugin.version, server=plugin.server
                )
                for plugin in plugins
            ]
        )

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """What is installed for the program (`pulumi about` prints it): pip keeps no list of direct ones."""
        packages = self._virtualenv(request.info, context).packages()
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=item.name, version=item.version) for item in packages]
        )

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        """The interpreter that runs the program, and its version."""
        virtualenv = self._virtualenv(request.info, context)
        python = self._python(virtualenv, context)
        answer = subprocess.run(
            [python, "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            text=True,
            check=False,
        )
        return language_pb2.AboutResponse(
            executable=str(python), version=answer.stdout.strip(), metadata={"toolchain": "pip"}
        )

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """Nothing to ask: pip is the only toolchain here."""
        return language_pb2.RuntimeOptionsResponse()

    def Template(
        self, request: language_pb2.TemplateRequest, context: grpc.ServicerContext
    ) -> language_pb2.TemplateResponse:
        """A template's files need no change for Python."""
        return language_pb2.TemplateResponse()

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Make the virtual environment where it is missing, and install requirements.txt into it."""
        directory = Path(request.info.program_directory or request.directory)
        virtualenv = self._virtualenv(request.info, context)
        if virtualenv.folder is not None and not virtualenv.exists:
            yield _said(f"Creating virtual environment {virtualenv.folder} ...")
            make: Command = [ambient_python(), "-m", "venv", virtualenv.folder]
            yield from self._install_step(make, directory, os.environ, context)
        # A program in a subfolder (`main`) may keep its requirements beside it, or beside Pulumi.yaml.
        candidates = [folder / "requirements.txt" for folder in (directory, virtualenv.root)]
        requirements = next((path for path in candidates if path.is_file()), None)
        if requirements is None:
            yield _said(f"No requirements.txt in {directory}: nothing to install.")
            return
        yield _said(f"Installing {requirements} ...")
        install: Command = [self._python(virtualenv, context), "-m", "pip", "install", "-r", requirements]
        yield from self._install_step(install, directory, virtualenv.environment(os.environ), context)
        yield _said("Finished installing dependencies")

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run a program to its end. `bail` says that the user has seen the reason of a failure already."""
        if request.attach_debugger:
            return language_pb2.RunResponse(error="this language host can't start a program under a debugger")
        virtualenv = self._virtualenv(request.info, context)
        python = self._python(virtualenv, context)
        environment = virtualenv.environment(os.environ)
        environment["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        entry_point = Path(request.info.program_directory) / (request.info.entry_point or ".")
        command: Command = [
            *(python, "-u", PROGRAM_RUNNER),
            *("--monitor", request.monitor_address),
            *("--engine", self._engine_address),
            *("--project", request.project),
            *("--stack", request.stack),
            *("--organization", request.organization),
            *("--root_directory", request.info.root_directory),
            *("--pwd", request.pwd or request.info.program_directory),
            *("--parallel", str(request.parallel)),
            *(["--dry_run"] if request.dryRun else []),
            *("--", entry_point),
            *request.args,
        ]
        process = self._children.start(command, directory=None, environment=environment, capture=False)
        self._end_with(context, process)
        status = self._children.wait(process)
        if status == program.REPORTED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error="" if status == 0 else f"the program {_how_it_ended(status)}")

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a Python plugin: a policy pack (kind `analyzer`), or a folder with a `__main__.py`."""
        virtualenv = self._virtualenv(request.info, context)
        python = self._python(virtualenv, context)
        folder = request.info.program_directory
        command: Command
        if request.kind == "analyzer":
            # The SDK's runner of policy packs takes the engine's address (the last of args), then the pack.
            command = [python, "-u", "-m", "pulumi.policy", *request.args, folder]
        else:
            command = [python, "-u", folder, *request.args]
        given = dict(entry.split("=", 1) for entry in request.env)
        process = self._children.start(
            command,
            directory=Path(request.pwd or folder),
            environment=virtualenv.environment(given or os.environ),
            capture=True,
        )
        self._end_with(context, process)
        for stream, data in streamed(process):
            if stream == "stdout":
                yield language_pb2.RunPluginResponse(stdout=data)
            else:
                yield language_pb2.RunPluginResponse(stderr=data)
        yield language_pb2.RunPluginResponse(exitcode=self._children.wait(process))

    def GenerateProgram(
        self, request: language_pb2.GenerateProgramRequest, context: grpc.ServicerContext
    ) -> language_pb2.GenerateProgramResponse:
        """Refused."""
        _refuse(context, "generating a program (`pulumi convert`)")

    def GenerateProject(
        self, request: language_pb2.GenerateProjectRequest, context: grpc.ServicerContext
    ) -> language_pb2.GenerateProjectResponse:
        """Refused."""
        _refuse(context, "generating a project (`pulumi convert`)")

    def GeneratePackage(
        self, request: language_pb2.GeneratePackageRequest, context: grpc.ServicerContext
    ) -> language_pb2.GeneratePackageResponse:
        """Refused."""
        _refuse(context, "generating an SDK (`pulumi package gen-sdk`)")

    def Pack(self, request: language_pb2.PackRequest, context: grpc.ServicerContext) -> language_pb2.PackResponse:
        """Refused."""
        _refuse(context, "packing an SDK")

    def Link(self, request: language_pb2.LinkRequest, context: grpc.ServicerContext) -> language_pb2.LinkResponse:
        """Refused."""
        _refuse(context, "linking a local SDK (`pulumi package add`)")

    def _virtualenv(self, info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> Virtualenv:
        options: Mapping[str, Any] = json_format.MessageToDict(info.options)
        try:
            return Virtualenv.of(Path(info.root_directory), options)
        except ToolchainError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def _python(self, virtualenv: Virtualenv, context: grpc.ServicerContext) -> Path:
        try:
            return virtualenv.python()
        except ToolchainError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def _end_with(self, context: grpc.ServicerContext, process: subprocess.Popen[bytes]) -> None:
        """End the process when the call ends first (the engine was interrupted)."""
        if not context.add_callback(lambda: self._children.end(process)):
            self._children.end(process)

    def _install_step(
        self,
        command: Command,
        directory: Path,
        environment: Mapping[str, str],
        context: grpc.ServicerContext,
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        process = self._children.start(command, directory=directory, environment=environment, capture=True)
        self._end_with(context, process)
        for stream, data in streamed(process):
            yield language_pb2.InstallDependenciesResponse(**{stream: data})
        status = self._children.wait(process)
        if status != 0:
            line = " ".join(str(part) for part in command)
            context.abort(grpc.StatusCode.ABORTED, f"`{line}` {_how_it_ended(status)} (its output is above)")


def _said(line: str) -> language_pb2.InstallDependenciesResponse:
    return language_pb2.InstallDependenciesResponse(stdout=f"{line}\n".encode())


def _how_it_ended(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"exited with status {status}"


def _refuse(context: grpc.ServicerContext, what: str) -> NoReturn:
    context.abort(
        grpc.StatusCode.UNIMPLEMENTED,
        f"{what} is not done by this project's Python language host; install Pulumi's own CLI for it",
    )
