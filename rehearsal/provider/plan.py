"""Planning: defaults laid under the inputs, and what an update would change compared with the state.

As in the real provider the comparison is with the state, which a refresh fills from AWS, so drift is a
change too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rehearsal.provider.check import DEFAULTS
from rehearsal.provider.documents import same_document
from rehearsal.provider.metadata import Property, TypeData
from rehearsal.provider.resource import Argument, ResourceType
from rehearsal.provider.values import UNKNOWN, Archive, Asset, Props, has_unknown

_PLAIN = Argument()


@dataclass(frozen=True, slots=True)
class Change:
    """One changed property: its path as the engine shows it, and whether it replaces the resource."""

    path: str
    kind: Literal["add", "update", "delete"]
    replaces: bool


def _lay(value: Any, parts: Sequence[str], default: Any) -> Any:
    if isinstance(value, list):
        return [_lay(item, parts, default) for item in value]
    if not isinstance(value, dict):
        return value
    head, rest = parts[0], parts[1:]
    if rest:
        return {**value, head: _lay(value[head], rest, default)} if value.get(head) is not None else value
    return value if value.get(head) is not None else {**value, head: default}


def plan(row: ResourceType, inputs: Props) -> Props:
    """Lay the row's defaults under the inputs, nested ones where their object is present."""
    planned: Any = {key: value for key, value in inputs.items() if key != DEFAULTS}
    for path, argument in row.arguments.items():
        if argument.default is not None:
            planned = _lay(planned, path.split("."), argument.default)
    result: Props = planned
    return result


def same(row: ResourceType, path: str, left: Any, right: Any) -> bool:
    """Say whether two known values of an argument mean the same; `path` is its dotted schema path."""
    argument = row.arguments.get(path, _PLAIN)
    if argument.text != "plain" and isinstance(left, str) and isinstance(right, str):
        return same_document(left, right, policy=argument.text == "policy")
    if isinstance(left, Archive | Asset) and isinstance(right, Archive | Asset):
        return left.hash == right.hash
    if isinstance(left, dict) and isinstance(right, dict):
        keys = left.keys() | right.keys()
        return all(same(row, f"{path}.{key}", left.get(key), right.get(key)) for key in keys)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        if not argument.unordered:
            return all(same(row, path, one, other) for one, other in zip(left, right, strict=True))
        rest = list(right)
        for one in left:
            match = next((index for index, other in enumerate(rest) if same(row, f"{path}.", one, other)
                          or same(row, path, one, other)), None)  # fmt: skip
            if match is None:
                return False
            del rest[match]
        return True
    if _empty(left) and _empty(right):
        return True
    return type(left) is type(right) and bool(left == right)


def _empty(value: Any) -> bool:
    """Terraform's zero values: an absent argument and an empty one are the same."""
    return value is None or (value is not UNKNOWN and not isinstance(value, Archive | Asset) and not value)


def align(row: ResourceType, path: str, known: Any, read: Any) -> Any:
    """Keep the known spelling of what AWS returned in its own (policies, sets), part by part."""
    if known is None or has_unknown(known) or _empty(known) != _empty(read):
        return read
    if same(row, path, known, read):
        return known
    if isinstance(known, dict) and isinstance(read, dict):
        return {key: align(row, f"{path}.{key}" if path else key, known.get(key), item) for key, item in read.items()}
    return read


def _list_changes(
    row: ResourceType, spec: Property, path: str, shown: str, new: list[Any], old: list[Any], replaces: bool
) -> Iterator[Change]:
    element = spec.element
    if row.arguments.get(path, _PLAIN).unordered or len(new) != len(old) or element is None:
        rest = list(old)
        for item in new:
            match = next(
                (index for index, other in enumerate(rest)
                 if element is not None and not any(changes(row, element, path, shown, item, other, False))),
                None,
            )  # fmt: skip
            if match is None:
                yield Change(shown, "update", replaces)
                return
            del rest[match]
        if rest:
            yield Change(shown, "update", replaces)
        return
    for index, (one, other) in enumerate(zip(new, old, strict=True)):
        yield from changes(row, element, path, f"{shown}[{index}]", one, other, replaces)


def changes(
    row: ResourceType, spec: Property, path: str, shown: str, new: Any, old: Any, replaces: bool
) -> Iterator[Change]:
    """The changes of one argument between the state (`old`) and the plan (`new`)."""
    replaces = replaces or spec.create_only
    if new is None:
        if not spec.computed and not _empty(old):
            yield Change(shown, "delete", replaces)
    elif has_unknown(new) and not isinstance(new, dict | list):
        yield Change(shown, "add" if old is None else "update", replaces)
    elif old is None:
        if not _empty(new):
            yield Change(shown, "add", replaces)
    elif isinstance(new, dict) and isinstance(old, dict):
        for key in sorted(new.keys() | old.keys()):
            inner = spec.properties.get(key) if spec.kind == "object" else spec.element
            if inner is not None:
                part = f"{path}.{key}"
                yield from changes(row, inner, part, f"{shown}.{key}", new.get(key), old.get(key), replaces)
    elif isinstance(new, list) and isinstance(old, list):
        yield from _list_changes(row, spec, path, shown, new, old, replaces)
    elif not same(row, path, new, old):
        yield Change(shown, "update", replaces)


def _ignored(path: str, ignore: Sequence[str]) -> bool:
    return any(path == item or path.startswith((f"{item}.", f"{item}[")) for item in ignore)


def compare(
    row: ResourceType, data: TypeData, state: Props, planned: Props, ignore: Sequence[str] = ()
) -> list[Change]:
    """What an update changes: the plan against the state, in alphabetical order, ignored paths left out."""
    found: list[Change] = []
    for name, spec in sorted(data.inputs.items()):
        if spec.carried:
            found += changes(row, spec, name, name, planned.get(name), state.get(name), False)
    if row.tags:
        tags = Property("map", element=Property("string"))
        found += changes(row, tags, "tagsAll", "tagsAll", planned.get("tagsAll"), state.get("tagsAll"), False)
    return [change for change in found if not _ignored(change.path, ignore)]


def delete_first(row: ResourceType, inputs: Props) -> bool:
    """Whether a replacement must delete first: the program itself named what would have been named
    automatically.

    Rule of the bridge (`nameRequiresDeleteBeforeReplace`, pkg/tfbridge/schema.go). A type without automatic
    naming (ModelPackageGroup) gets no such help: there the program has to say `delete_before_replace`."""
    if row.name is None or DEFAULTS not in inputs:
        return False
    return row.name.argument in inputs and row.name.argument not in inputs[DEFAULTS]


def settle(row: ResourceType, data: TypeData, known: Props, read: Props, default_tags: Mapping[str, str]) -> Props:
    """Make the state: what AWS returned, in the program's spelling, and the arguments it never returns."""
    state = {key: align(row, key, known.get(key), value) for key, value in read.items() if value is not None}
    for path, argument in row.arguments.items():
        if argument.kept and known.get(path) is not None:
            state[path] = known[path]
    if row.tags:
        own = known.get("tags") or {}
        everything = state.get("tagsAll") or {}
        state["tagsAll"] = everything
        state["tags"] = {
            key: value for key, value in everything.items() if key in own or default_tags.get(key) != value
        }
    return {key: value for key, value in state.items() if key in data.inputs or key in data.outputs}


def preview_created(row: ResourceType, data: TypeData, planned: Props) -> Props:
    """The outputs of a creation as far as they are known before it."""
    chosen = [name for name, spec in data.inputs.items() if spec.carried and spec.computed and name not in planned]
    return {**planned, **dict.fromkeys([*data.outputs, *chosen], UNKNOWN), **_known_tags(row, planned)}


def _known_tags(row: ResourceType, planned: Props) -> Props:
    return {"tagsAll": planned.get("tagsAll")} if row.tags else {}


def preview_updated(row: ResourceType, data: TypeData, state: Props, planned: Props) -> Props:
    """The outputs of an update as far as they are known before it."""
    touched = {change.path.partition(".")[0].partition("[")[0] for change in compare(row, data, state, planned)}
    renewed = {name: UNKNOWN for name, causes in row.recomputed.items() if touched.intersection(causes)}
    kept = {
        key: value for key, value in state.items()
        if key not in data.inputs or key in planned or data.inputs[key].computed
    }  # fmt: skip
    return {**kept, **planned, **renewed, **_known_tags(row, planned)}


def refreshed_inputs(row: ResourceType, data: TypeData, inputs: Props, state: Props) -> Props:
    """The inputs after a refresh: what AWS returned where the program had set an argument (bridge:
    extractInputs).

    At an import (no inputs yet) every argument that AWS returned and that isn't its default.
    """
    if not inputs:
        defaults = {path: argument.default for path, argument in row.arguments.items()}
        found = {
            name: state[name] for name, spec in data.inputs.items()
            if spec.carried and not _empty(state.get(name)) and state[name] != defaults.get(name)
        }  # fmt: skip
        return {**found, DEFAULTS: []}
    result: Props = {}
    for name, value in inputs.items():
        if name not in data.inputs or name not in state:
            if name in (DEFAULTS, "tagsAll"):
                result[name] = state.get(name, value)
            continue
        result[name] = _project(value, state[name])
    return result


def _project(before: Any, now: Any) -> Any:
    """What is now of an object that was set, only with the keys that were set."""
    if isinstance(before, dict) and isinstance(now, dict):
        return {key: _project(item, now[key]) for key, item in before.items() if key in now}
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [_project(one, other) for one, other in zip(before, now, strict=True)]
    return now
