"""Every row of the served table has a contract test: some test calls the operation through a client of its service."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name

from rehearsal.organisation import core, coverage

coverage.load_all()
TESTS = Path(__file__).parent
SERVICES = {service for service, _ in core.SERVED}


class Calls(ast.NodeVisitor):
    """`(service, method)` of all that a test module does with boto3 clients; service "" where it can't be told.

    A client's service shows in how it was made (`client("hub", None, "sqs")`), in a workbench's attribute
    (`bench.sqs`), or in the name that either was given.
    """

    def __init__(self, module: ast.Module) -> None:
        self.found: set[tuple[str, str]] = set()
        self._named: dict[str, str] = {}
        for node in ast.walk(module):  # first the names: a fixture stands below or above its use
            if isinstance(node, ast.Assign):
                self._remember(node.targets, node.value)
            elif isinstance(node, ast.FunctionDef):
                self._remember_fixture(node)
        self.visit(module)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.found.add((self._service(node.value), node.attr))
        self.generic_visit(node)

    def _remember(self, targets: list[ast.expr], value: ast.expr) -> None:
        pairs = [(target, value) for target in targets]
        if isinstance(targets[0], ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(targets[0].elts, value.elts, strict=False))
        for target, one in pairs:
            if isinstance(target, ast.Name) and (service := self._service(one)):
                self._named[target.id] = service

    def _remember_fixture(self, node: ast.FunctionDef) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and inner.value is not None and (service := self._service(inner.value)):
                self._named[node.name] = service

    def _service(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self._named.get(node.id, node.id if node.id in SERVICES else "")
        if isinstance(node, ast.Attribute):
            return name if (name := node.attr.rstrip("_")) in SERVICES else ""
        if isinstance(node, ast.Call):
            texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
            return next((text for text in texts if text in SERVICES), "")
        return ""


def _modules() -> Iterator[Path]:
    return TESTS.rglob("test_*.py")


@cache
def called() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for path in _modules():
        found |= Calls(ast.parse(path.read_text(encoding="utf-8"))).found
    return found


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_each_served_operation_is_called_by_a_test(service: str) -> None:
    """Guards against a row of COVERAGE.md that nothing ever tried: "faithful" would be a guess."""
    methods = {operation: xform_name(operation) for name, operation in core.SERVED if name == service}
    owners = {
        method: {name for name, operation in core.SERVED if xform_name(operation) == method}
        for method in methods.values()
    }
    calls = called()
    missing = [
        operation
        for operation, method in methods.items()
        if (service, method) not in calls and not (owners[method] == {service} and ("", method) in calls)
    ]
    assert not missing, f"{service}: no test calls {', '.join(sorted(missing))}; write one that cites AWS's rule"
