"""Build `metadata.json` from the pulumi_aws SDK, cfn-lint's CloudFormation schemas and botocore's models.

Run `python -m rehearsal.provider.generate` after a change of the type table or of a pinned package; with
`--check` it only says whether the committed file is fresh (exit status 1 if not). It needs the packages of
the rehearsal, and imports the SDK; the plugin itself does neither."""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import json
import re
import sys
import types
import typing
from importlib.metadata import version
from typing import Any

import pulumi
from pulumi._types import input_type_types, is_input_type, resource_types

from rehearsal.provider.metadata import PATH
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.schemas import BadRow, botocore_limits, cfn_limits, create_only
from rehearsal.provider.types import TYPES

SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _strip(annotation: Any) -> Any:
    """Peel Input, Optional and Union of an enum down to the value's own type."""
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        kept = [
            item for item in typing.get_args(annotation)
            if item is not type(None)
            and typing.get_origin(item) not in (collections.abc.Awaitable, pulumi.Output)
            and item is not pulumi.Output and not isinstance(item, typing.ForwardRef)
        ]  # fmt: skip
        plain = [item for item in kept if item in SCALARS] or kept
        return _strip(plain[0])
    return annotation


def _kind(annotation: Any) -> dict[str, Any]:
    """The kind of a value, with element or properties."""
    found = _strip(annotation)
    if found in SCALARS:
        return {"kind": SCALARS[found]}
    if found is pulumi.Archive:
        return {"kind": "archive"}
    origin = typing.get_origin(found)
    arguments = typing.get_args(found)
    if origin in (collections.abc.Sequence, list):
        return {"kind": "list", "element": _kind(arguments[0])}
    if origin in (collections.abc.Mapping, dict):
        return {"kind": "map", "element": _kind(arguments[1])}
    if inspect.isclass(found) and is_input_type(found):
        return {"kind": "object", "properties": _properties(found)}
    return {"kind": "any"}


def _required(args: type) -> set[str]:
    """The Python names of the arguments without a default."""
    parameters = inspect.signature(args.__init__).parameters.values()  # type: ignore[misc]  # only its signature
    return {item.name for item in parameters if item.default is item.empty and not item.name.startswith("__")}


def _properties(args: type) -> dict[str, Any]:
    from pulumi._types import input_type_py_to_pulumi_names

    names = input_type_py_to_pulumi_names(args)
    needed = _required(args)
    kinds = input_type_types(args)
    outputs = _output_class(args)
    found: dict[str, Any] = {}
    for python_name, name in sorted(names.items(), key=lambda item: item[1]):
        entry = _kind(kinds[name])
        if python_name in needed:
            entry["required"] = True
        elif outputs is not None and not _optional_output(outputs, python_name):
            entry["computed"] = True
        found[name] = entry
    return found


def _output_class(args: type) -> type | None:
    """The output twin of a nested argument class (`TableTtlArgs` → `outputs.TableTtl`)."""
    module = importlib.import_module(args.__module__.rsplit(".", 1)[0])
    twin = getattr(getattr(module, "outputs", None), args.__name__.removesuffix("Args"), None)
    return twin if inspect.isclass(twin) else None


def _optional_output(owner: type, python_name: str) -> bool:
    """Whether an output property may be absent, by its getter's annotation."""
    getter = getattr(owner, python_name, None)
    if not isinstance(getter, property) or getter.fget is None:
        return True
    return "Optional[" in str(inspect.get_annotations(getter.fget)["return"])


def _sdk_classes(token: str) -> tuple[type, type]:
    """The resource class and its argument class of a token such as `aws:s3/bucket:Bucket`."""
    module_path, class_name = token.removeprefix("aws:").split(":")
    package, file = module_path.split("/")
    python_package = {"lambda": "lambda_"}.get(package, package)
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", file).lower()
    # The SDK loads its packages lazily. One whose module is imported first stays without that module's classes.
    hasattr(importlib.import_module(f"pulumi_aws.{python_package}"), "outputs")
    module = importlib.import_module(f"pulumi_aws.{python_package}.{snake}")
    # Not always `<Class>Args`: where that is a nested argument's name, the SDK takes `<Class>InitArgs`.
    args_name = next(name for name in module.__all__ if name != class_name)
    return getattr(module, class_name), getattr(module, args_name)


def _apply_row(row: ResourceType, inputs: dict[str, Any]) -> None:
    """Mark what the row carries out, and put the limits of the schemas on it."""
    tagged = {"tags": Argument()} if row.tags else {}
    regional = {"region": Argument(replaces=True, computed=True)} if "region" in inputs else {}
    for path, argument in {**row.arguments, **tagged, **regional}.items():
        entry: dict[str, Any] = {"properties": inputs}
        for part in path.split("."):
            inner = entry["element"] if entry.get("kind") == "list" else entry
            if part not in inner.get("properties", {}):
                raise BadRow(f"pulumi_aws knows no argument {path} of {row.pulumi_type}")
            entry = inner["properties"][part]
            entry["carried"] = True
        if argument.computed is not None:
            entry["computed"] = argument.computed
        _put_limits(row, argument, entry)
        if create_only(row.cfn, argument.cfn) if argument.replaces is None else argument.replaces:
            entry["createOnly"] = True


def _put_limits(row: ResourceType, argument: Argument, entry: dict[str, Any]) -> None:
    """Put the limits of CloudFormation on a property and its items, botocore's over them."""
    own, inner = cfn_limits(row.cfn, argument.cfn) if row.cfn and argument.cfn else ({}, {})
    if argument.shape:
        shape_own, shape_inner = botocore_limits(argument.shape)
        own, inner = {**own, **shape_own}, {**inner, **shape_inner}
    if argument.text != "plain":
        own.pop("pattern", None)  # written for CloudFormation's object form
    if own.keys() - {"source"}:
        entry["limits"] = own
    if inner.keys() - {"source"} and entry["kind"] == "list":
        entry["element"]["limits"] = inner


def _secret_outputs(resource: type) -> list[str]:
    """Outputs that the SDK marks secret by itself (`additional_secret_outputs`)."""
    found = re.findall(r"additional_secret_outputs=\[([^\]]*)\]", inspect.getsource(resource))
    return sorted({name for group in found for name in re.findall(r'"(\w+)"', group)})


def type_entry(row: ResourceType) -> dict[str, Any]:
    """The generated entry of one row."""
    resource, args = _sdk_classes(row.pulumi_type)
    inputs = _properties(args)
    python_names = {name: python for python, name in pulumi._types.resource_py_to_pulumi_names(resource).items()}
    for name, entry in inputs.items():
        if not entry.get("required") and not _optional_output(resource, python_names.get(name, name)):
            entry["computed"] = True
    _apply_row(row, inputs)
    outputs = sorted(set(resource_types(resource)) - set(inputs))
    return {"inputs": inputs, "outputs": outputs, "secrets": _secret_outputs(resource)}


def build() -> str:
    """The text of `metadata.json`."""
    from pulumi_aws.provider import ProviderArgs

    document = {
        "sources": {name: version(name) for name in ("pulumi-aws", "cfn-lint", "botocore")},
        "provider": _properties(ProviderArgs),
        "types": {token: type_entry(row) for token, row in sorted(TYPES.items())},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write the file, or with `--check` compare it."""
    text = build()
    if "--check" in sys.argv[1:]:
        fresh = PATH.exists() and PATH.read_text("utf-8") == text
        print(
            "metadata.json is fresh" if fresh else "metadata.json is stale: run python -m rehearsal.provider.generate"
        )
        return 0 if fresh else 1
    PATH.write_text(text, "utf-8")
    print(f"{PATH.name}: {len(TYPES)} types, {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
