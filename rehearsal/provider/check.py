"""Check: what pulumi_aws, CloudFormation or botocore refuses is refused here, naming path, value and form."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import regex

from rehearsal.provider.documents import NotJson, parse
from rehearsal.provider.metadata import Property, TypeData
from rehearsal.provider.naming import NameTooLong, NamingDisabled, Proposal, auto_name
from rehearsal.provider.resource import ResourceType
from rehearsal.provider.values import UNKNOWN, Archive, Props, has_unknown, without_none

DEFAULTS = "__defaults"
"""The inputs' own key that lists what was named automatically, as the bridge keeps it."""

LONGEST_SHOWN = 120
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "archive": (Archive,),
    "list": (list,), "map": (dict,), "object": (dict,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Failure:
    """A property path and what is wrong with it."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Naming:
    """What automatic naming needs of the request."""

    logical: str
    seed: bytes
    proposal: Proposal = field(default_factory=Proposal)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _near(name: str, known: Mapping[str, Property]) -> str:
    camel = re.sub(r"_(.)", lambda match: match.group(1).upper(), name)
    found = [camel] if camel in known else difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _fits(kind: str, value: Any) -> bool:
    if kind == "any":
        return True
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return f"at least {low}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def limit_failures(limits: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Say which limits of a schema a value breaks."""
    if "enum" in limits and not isinstance(value, list | dict) and value not in limits["enum"]:
        yield f"must be one of {', '.join(map(str, limits['enum']))}"
    if isinstance(value, str):
        low, high = limits.get("minLength", 0), limits.get("maxLength")
        if len(value) < low or (high is not None and len(value) > high):
            yield f"must have {_range(low, high)} characters, has {len(value)}"
        if "pattern" in limits and not regex.search(limits["pattern"], value):
            yield f"must match {limits['pattern']}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = limits.get("minimum"), limits.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            yield f"must be {_range(low, high)}"
    elif isinstance(value, list):
        low, high = limits.get("minItems", 0), limits.get("maxItems")
        if len(value) < low or (high is not None and len(value) > high):
            yield f"must have {_range(low, high)} items, has {len(value)}"
        if limits.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
            yield "must not repeat an item"


def value_failures(spec: Property, value: Any, path: str) -> Iterator[Failure]:
    """Check one value against its type and its limits, nested ones too; unknown parts pass."""
    if value is UNKNOWN or value is None:
        return
    if not _fits(spec.kind, value):
        yield Failure(path, f"{path} is {_shown(value)}: must be of type {spec.kind}")
        return
    if not has_unknown(value):
        source = spec.limits.get("source", "")
        for reason in limit_failures(spec.limits, value):
            yield Failure(path, f"{path} is {_shown(value)}: {reason} (schema {source})")
    if spec.kind == "object":
        yield from argument_failures(spec.properties, value, f"{path}.")
    elif spec.element is not None:
        members = enumerate(value) if isinstance(value, list) else ((f".{key}", item) for key, item in value.items())
        for key, item in members:
            yield from value_failures(spec.element, item, f"{path}[{key}]" if isinstance(key, int) else f"{path}{key}")


def argument_failures(known: Mapping[str, Property], values: Props, prefix: str = "") -> Iterator[Failure]:
    """Check the arguments of a resource or of an object in it: known, carried out, present, well formed."""
    for name, value in values.items():
        if name == DEFAULTS or value is None:
            continue
        path = f"{prefix}{name}"
        spec = known.get(name)
        if spec is None:
            yield Failure(path, f"{path} is no argument that pulumi_aws 7.51.1 knows{_near(name, known)}")
        elif not spec.carried:
            yield Failure(
                path,
                f"{path} is an argument of pulumi_aws that the rehearsal doesn't carry out: leave it out",
            )
        else:
            yield from value_failures(spec, value, path)
    for name, spec in known.items():
        if spec.required and values.get(name) is None:
            yield Failure(f"{prefix}{name}", f"Missing required argument: {prefix}{name} must be set")


def at_path(values: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The values at a dotted path with the path of each, lists passed through."""
    if isinstance(values, list):
        for item in values:
            yield from at_path(item, path)
        return
    head, _, rest = path.partition(".")
    if not isinstance(values, dict) or values.get(head) is None:
        return
    if rest:
        yield from at_path(values[head], rest)
    else:
        yield path, values[head]


def document_failures(row: ResourceType, values: Props) -> Iterator[Failure]:
    """Check that policies and other JSON texts are JSON objects."""
    for path, argument in row.arguments.items():
        if argument.text == "plain":
            continue
        for _, text in at_path(values, path):
            if not isinstance(text, str):
                continue
            try:
                document = parse(text)
            except NotJson as error:
                yield Failure(path, f"{path} contains an invalid JSON policy or document: it {error}")
                continue
            if argument.text == "policy" and not document.get("Statement"):
                yield Failure(path, f"{path} is a policy without a Statement: AWS refuses it as malformed")


def name_it(row: ResourceType, values: Props, olds: Props, naming: Naming) -> tuple[Props, list[Failure]]:
    """Add the automatic name, the old one if the old one was automatic, and the list of what was added.

    Another way to name (`namePrefix`, `bucketPrefix`) keeps the automatic name away.
    """
    rule = row.name
    if rule is None or values.get(rule.argument) is not None or values.get(f"{rule.argument}Prefix") is not None:
        return {**values, DEFAULTS: []}, []
    old = olds.get(rule.argument)
    if old is not None and rule.argument in olds.get(DEFAULTS, ()):
        return {**values, rule.argument: old, DEFAULTS: [rule.argument]}, []
    try:
        name = auto_name(rule, naming.logical, naming.seed, naming.proposal)
    except (NameTooLong, NamingDisabled) as error:
        return values, [Failure(rule.argument, str(error))]
    return {**values, rule.argument: name, DEFAULTS: [rule.argument]}, []


def all_tags(defaults: Mapping[str, str], tags: Any) -> Any:
    """The provider's default tags under the resource's own: unknown as soon as any part is."""
    if has_unknown(tags) or has_unknown(defaults):
        return UNKNOWN
    return {**defaults, **(tags if isinstance(tags, dict) else {})}


def check(
    row: ResourceType,
    data: TypeData,
    news: Props,
    olds: Props,
    naming: Naming,
    default_tags: Mapping[str, str],
) -> tuple[Props, list[Failure]]:
    """Complete and check the inputs of a resource: `(inputs, failures)`."""
    values = without_none({key: value for key, value in news.items() if key not in (DEFAULTS, "tagsAll")})
    failures = list(argument_failures(data.inputs, values))
    failures += document_failures(row, values)
    inputs, naming_failures = name_it(row, values, olds, naming)
    failures += naming_failures
    if row.name and row.name.argument in inputs.get(DEFAULTS, ()):
        spec = data.inputs[row.name.argument]
        failures += value_failures(spec, inputs[row.name.argument], row.name.argument)
    if row.tags:
        inputs["tagsAll"] = all_tags(default_tags, values.get("tags"))
    if not failures:
        known = {key: UNKNOWN if has_unknown(value) else value for key, value in inputs.items()}
        failures += [Failure(path, reason) for path, reason in row.check(known)]
    return inputs, failures
