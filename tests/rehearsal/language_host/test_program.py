"""Programs run by the real engine through our language host."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.engine import ROOT, Engine, EngineError
from tests.rehearsal.projects import ProjectMaker, configure


def started(engine: Engine, stack: str = "dev") -> Engine:
    """The engine, with a stack made."""
    engine.init(stack)
    return engine


def test_a_program_sees_its_configuration_and_where_it_runs(project: ProjectMaker) -> None:
    """Guards: configuration, secrets, names or the dry-run flag lost between engine and program."""
    engine = started(
        project(
            """
            import os, sys
            import pulumi
            from beside import VALUE

            config = pulumi.Config()
            pulumi.export("organisation", config.require_object("organisation"))
            pulumi.export("token", config.require_secret("token"))
            pulumi.export("names", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
            pulumi.export("imported", VALUE)
            pulumi.export("folder", os.getcwd())
            pulumi.export("root", pulumi.get_root_directory())
            pulumi.export("arguments", sys.argv[1:])
            pulumi.export("dry", pulumi.runtime.is_dry_run())
            pulumi.export("python", sys.prefix)
            """,
            files={"beside.py": "VALUE = 'a module beside the program'"},
        )
    )
    configure(engine, "dev", "organisation.accounts[0]", "111111111111", "--path")
    configure(engine, "dev", "token", "hush", "--secret")

    preview = engine.preview("dev")
    engine.up("dev")
    outputs = engine.outputs("dev")

    assert outputs["organisation"] == {"accounts": [111111111111]}, "the CLI reads digits as a number"
    assert outputs["token"] == "[secret]"
    assert engine.outputs("dev", show_secrets=True)["token"] == "hush"
    assert outputs["names"] == ["organization", "probe", "dev"]
    assert outputs["imported"] == "a module beside the program"
    folder = Path(outputs["root"])
    assert folder.name == "probe"
    assert outputs["folder"] == str(folder)
    assert outputs["python"] == str(folder / ".venv"), "the program runs in the virtual environment it names"
    assert outputs["arguments"] == []
    assert outputs["dry"] is False
    assert preview.counts == {"create": 1}
    assert "hush" not in str(engine.export("dev")), "a secret lies encrypted in the state"


def test_main_may_name_a_program_in_a_subfolder(project: ProjectMaker) -> None:
    """Guards: `main` ignored, or paths resolved from the wrong folder."""
    engine = started(
        project(
            "raise SystemExit('the wrong program')",
            extra="main: deep/er",
            files={
                "deep/er/__main__.py": """
                    import os, pulumi
                    pulumi.export("folder", os.path.relpath(os.getcwd(), pulumi.get_root_directory()))
                """
            },
        )
    )
    engine.up("dev")
    assert engine.outputs("dev") == {"folder": "deep/er"}


def test_a_run_error_is_its_message_and_nothing_else(project: ProjectMaker) -> None:
    """Guards: a refused configuration that is shown as a crash, with a traceback."""
    engine = started(project("import pulumi\nraise pulumi.RunError('hub account id 1111 has 4 digits, not 12')"))

    with pytest.raises(EngineError) as caught:
        engine.preview("dev")

    output = caught.value.output
    assert "hub account id 1111 has 4 digits, not 12" in output
    assert "Traceback" not in output
    assert "exit" not in output, "the CLI adds nothing to what the program said"
    assert caught.value.outcome is not None
    assert caught.value.outcome.messages == ("error: hub account id 1111 has 4 digits, not 12",)


def test_an_exception_shows_the_programs_own_lines(project: ProjectMaker) -> None:
    """Guards: a traceback of the SDK's event loop, in which the program's line is lost."""
    engine = started(
        project(
            "import pulumi\nfrom beside import divide\ndivide(1)\n",
            files={"beside.py": "def divide(number: int) -> float:\n    return number / 0\n"},
        )
    )

    with pytest.raises(EngineError) as caught:
        engine.up("dev")

    output = caught.value.output
    assert "Program failed with an unhandled exception" in output
    assert "ZeroDivisionError: division by zero" in output
    assert "beside.py" in output
    assert "asyncio" not in output
    assert "runpy" not in output


def test_a_program_that_exits_fails_with_its_status(project: ProjectMaker) -> None:
    """Guards: `sys.exit` in a program taken for success."""
    engine = started(project("import sys\nsys.exit(7)"))
    with pytest.raises(EngineError, match="the program exited with status 7"):
        engine.up("dev")


def test_a_project_without_a_program_says_so(project: ProjectMaker) -> None:
    """Guards: a traceback of runpy for a missing file."""
    engine = started(project("", extra="main: empty", files={"empty/readme.txt": ""}))
    with pytest.raises(EngineError, match=r"there is no program to run: .*/empty/__main__\.py doesn't exist"):
        engine.up("dev")


def test_a_stack_reads_another_ones_outputs(project: ProjectMaker) -> None:
    """Guards: stack references broken, or secrets that lose their mark on the way."""
    hub = started(
        project(
            """
            import pulumi
            pulumi.export("bus", "arn:aws:events:eu-west-1:111111111111:event-bus/governance")
            pulumi.export("key", pulumi.Output.secret("hush"))
            """,
            name="hub",
        ),
        "hub",
    )
    spoke = started(
        project(
            """
            import pulumi
            hub = pulumi.StackReference("organization/hub/hub")
            pulumi.export("bus", hub.require_output("bus"))
            pulumi.export("key", hub.require_output("key"))
            """,
            name="spoke",
        )
    )
    hub.up("hub")
    spoke.up("dev")

    assert spoke.outputs("dev")["bus"].endswith("event-bus/governance")
    assert spoke.outputs("dev")["key"] == "[secret]"
    spoke.preview("dev", expect_no_changes=True)


def test_default_providers_can_be_forbidden(project: ProjectMaker) -> None:
    """Guards: a resource without an explicit provider that lands in whatever account the shell has."""
    engine = started(project("import pulumi_aws as aws\naws.kms.Key('stray')"))
    configure(engine, "dev", "pulumi:disable-default-providers[0]", "aws", "--path")
    with pytest.raises(EngineError, match="Default provider for 'aws' disabled"):
        engine.preview("dev")


def test_a_missing_virtual_environment_is_named_with_its_remedy(project: ProjectMaker) -> None:
    """Guards: a program run with another Python than the one it names."""
    engine = started(project("import pulumi", virtualenv="elsewhere"))
    with pytest.raises(EngineError, match=r"elsewhere, which is no virtual environment.*pulumi install"):
        engine.preview("dev")


def test_install_makes_the_virtual_environment(project: ProjectMaker) -> None:
    """Guards: `pulumi install` that says it is done and has done nothing."""
    engine = project("import pulumi", virtualenv="made", files={"requirements.txt": "# nothing\n"})

    output = engine.run(["install"])

    folder = Path(output.split("Creating virtual environment ")[1].split(" ...")[0])
    assert folder.name == "made"
    assert (folder / "bin" / "python").is_file()
    assert "Finished installing dependencies" in output


def test_install_fails_with_what_pip_said(project: ProjectMaker) -> None:
    """Guards: a failed installation taken for a done one."""
    engine = project("import pulumi", files={"requirements.txt": "no such requirement\n"})
    with pytest.raises(EngineError, match="Invalid requirement"):
        engine.run(["install"])


def test_about_names_the_programs_python(project: ProjectMaker) -> None:
    """Guards: support information about another interpreter than the one that runs the program."""
    engine = project("import pulumi")
    about = engine.run(["about"])
    assert ".venv/bin/python" in about
    assert "pulumi-aws" in about, "what is installed for the program is listed"


def test_a_policy_pack_runs(project: ProjectMaker) -> None:
    """Guards: policy packs, which the engine starts through the language host's RunPlugin."""
    pack = """
        import sys
        from concurrent import futures
        import grpc
        from pulumi.runtime.proto import analyzer_pb2 as a, analyzer_pb2_grpc, plugin_pb2

        class Pack(analyzer_pb2_grpc.AnalyzerServicer):
            def GetAnalyzerInfo(self, request, context):
                policy = a.PolicyInfo(name="no-stacks", enforcementLevel=a.MANDATORY)
                return a.AnalyzerInfo(name="pack", displayName="pack", version="1.0.0", policies=[policy])

            def GetPluginInfo(self, request, context):
                return plugin_pb2.PluginInfo(version="1.0.0")

            def Analyze(self, request, context):
                found = a.AnalyzeDiagnostic(
                    policyName="no-stacks", policyPackName="pack", policyPackVersion="1.0.0",
                    message="refused by the pack", enforcementLevel=a.MANDATORY, urn=request.urn,
                )
                return a.AnalyzeResponse(diagnostics=[found])

        server = grpc.server(futures.ThreadPoolExecutor(2))
        analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        print(port, flush=True)
        server.wait_for_termination()
    """
    runtime = "runtime: {name: python, options: {toolchain: pip, virtualenv: ../.venv}}"
    engine = started(
        project(
            "import pulumi\npulumi.export('a', 1)",
            files={"pack/PulumiPolicy.yaml": runtime, "pack/__main__.py": pack},
        )
    )
    with pytest.raises(EngineError, match="refused by the pack"):
        engine.run(["preview", "--stack", "dev", "--policy-pack", "pack"])


def test_the_checkout_is_the_one_under_test() -> None:
    """Guards: these tests running another checkout's language host."""
    assert Path(__file__).is_relative_to(ROOT)
