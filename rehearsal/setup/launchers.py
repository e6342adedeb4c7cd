"""The two programs that the engine starts by name: our language host and the stand-in provider plugin.

Each is a shell script of two lines that finds the checkout by its own place: a checkout can be moved, and a
copy of the source that links `.venv` and `.pulumi` runs its own code."""

from __future__ import annotations

from pathlib import Path

from rehearsal.setup.pins import package_version

SCRIPT = """\
#!/bin/sh
root="${{0%/.pulumi/*}}"
exec "$root/.venv/bin/python" -c 'import runpy, sys; sys.path[0] = sys.argv.pop(1); \
runpy.run_module("{module}", run_name="__main__", alter_sys=True)' "$root" "$@"
"""


def install(root: Path) -> None:
    """Write the launchers into `.pulumi` of a checkout, where they aren't what they should be.

    The language host lies beside the CLI that the set-up builds (a user's own CLI finds its own host), the
    plugin in the project's PULUMI_HOME, under the version that the pinned SDK asks for.
    """
    version = package_version(root / "requirements.txt", "pulumi-aws")
    plugin = root / ".pulumi" / "home" / "plugins" / f"resource-aws-v{version}" / "pulumi-resource-aws"
    _write(root / ".pulumi" / "bin" / "pulumi-language-python", SCRIPT.format(module="rehearsal.language_host"))
    _write(plugin, SCRIPT.format(module="rehearsal.provider"))


def _write(path: Path, text: str) -> None:
    if path.is_file() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
