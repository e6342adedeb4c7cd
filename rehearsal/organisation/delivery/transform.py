"""What a target gets for an event: the event, a constant, a part of it, or a template filled from it.

Source: eb/eb-transform-target-input. A variable whose path matches nothing is left out, an object's value goes in as
JSON, a text gets quotes where the template has none. An object or list inside quotes is refused by name: AWS's own
page and its service differ on how its quotes are treated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.organisation.core import ApiError, NotEmulated

VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]|\['([^']+)'\]")
RESERVED = frozenset(
    {"aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event",
     "aws.events.event.json"}
)  # fmt: skip
MAX_VARIABLES = 100
"""Source: botocore's events model, shape TransformerPaths."""

MISSING = object()


class InvalidJson(Exception):
    """What came out of a template is no JSON: EventBridge fails the delivery with INVALID_JSON."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the reserved variables of a template stand for; the time is RFC 3339."""

    rule_arn: str
    rule_name: str
    ingestion_time: str


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], context: Context) -> str:
    """The text that a target gets: JSON, or the constant as it was given.

    Raises InvalidJson, NotEmulated (an object inside quotes).
    """
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = find(target["InputPath"], event)
        return json.dumps(None if found is MISSING else found)
    if "InputTransformer" in target:
        return _fill(target["InputTransformer"], event, context)
    return json.dumps(event)


def find(path: str, event: Any) -> Any:
    """The value at a JSON path (`$.detail.items[0].name`), or MISSING."""
    found = event
    for name, index, quoted in STEP.findall(path):
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else MISSING
        else:
            found = found.get(name or quoted, MISSING) if isinstance(found, Mapping) else MISSING
    return found


def is_path(path: str) -> bool:
    """Whether a JSON path is of the forms that EventBridge takes: `$`, dots, indices and quoted names."""
    return path.startswith("$") and STEP.sub("", path[1:]) == ""


def check_target_input(target: Mapping[str, Any]) -> None:
    """Refuse what PutTargets refuses.

    Raises ApiError (ValidationException).
    """
    given = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(given) > 1:
        raise ApiError(
            "ValidationException",
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}.",
        )
    if "Input" in target and not _is_json(target["Input"]):
        raise ApiError("ValidationException", f"JSON syntax error in input for target {target['Id']}.")
    if "InputPath" in target and not is_path(target["InputPath"]):
        raise ApiError("ValidationException", f"Invalid InputPath for target {target['Id']}.")
    if "InputTransformer" in target:
        _check_transformer(target["Id"], target["InputTransformer"])


def _check_transformer(target: str, transformer: Mapping[str, Any]) -> None:
    paths = transformer.get("InputPathsMap", {})
    if len(paths) > MAX_VARIABLES:
        raise ApiError("ValidationException", f"InputPathsMap of target {target} has more than {MAX_VARIABLES} paths.")
    for name, path in paths.items():
        if name.startswith("AWS") or not is_path(path):
            raise ApiError("ValidationException", f"Invalid InputPathsMap entry {name} for target {target}.")
    template = transformer["InputTemplate"]
    for _, name, _ in _variables(template):
        if name not in paths and name not in RESERVED:
            raise ApiError(
                "ValidationException",
                f"Invalid InputTemplate for target {target} : [the variable {name} is not in InputPathsMap].",
            )
    probe = _replace(template, lambda _, quoted: "x" if quoted else "0")
    if not _is_json(probe):
        raise ApiError("ValidationException", f"Invalid InputTemplate for target {target} : [not JSON].")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _variables(template: str) -> Iterator[tuple[re.Match[str], str, bool]]:
    """Each variable of a template, its name, and whether it stands inside a JSON text."""
    for found in VARIABLE.finditer(template):
        before = re.sub(r"\\.", "", template[: found.start()])
        yield found, found.group(1), before.count('"') % 2 == 1


def _replace(template: str, value: Any) -> str:
    out, end = [], 0
    for found, name, quoted in _variables(template):
        out += [template[end : found.start()], value(name, quoted)]
        end = found.end()
    return "".join([*out, template[end:]])


def _fill(transformer: Mapping[str, Any], event: Mapping[str, Any], context: Context) -> str:
    reserved = {
        "aws.events.rule-arn": context.rule_arn,
        "aws.events.rule-name": context.rule_name,
        "aws.events.event.ingestion-time": context.ingestion_time,
        "aws.events.event": {key: value for key, value in event.items() if key != "detail"},
        "aws.events.event.json": dict(event),
    }
    paths = transformer.get("InputPathsMap", {})

    def value(name: str, quoted: bool) -> str:
        found = find(paths[name], event) if name in paths else reserved[name]
        if found is MISSING:
            return ""
        if not quoted:
            return json.dumps(found)
        if isinstance(found, dict | list):
            raise NotEmulated(f"events: an InputTemplate with the object <{name}> inside quotes")
        return json.dumps(found)[1:-1] if isinstance(found, str) else json.dumps(found)

    filled = _replace(transformer["InputTemplate"], value)
    if not _is_json(filled):
        raise InvalidJson(f"the filled InputTemplate is not JSON: {filled[:200]}")
    return filled
