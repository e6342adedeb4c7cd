"""Create, read, update, delete of one resource: a row's calls, tags, and what follows when a step fails."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehearsal.provider.clients import Clients, error_code, is_gone
from rehearsal.provider.metadata import TypeData
from rehearsal.provider.plan import settle
from rehearsal.provider.resource import ResourceType
from rehearsal.provider.values import Props

REGION_SUFFIX = re.compile(r"^(?P<id>.+)@(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)$")
"""How the v7 provider takes the Region of an import: `pulumi import … my-table@eu-central-1`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as AWS has it: its id and state."""

    physical_id: str
    state: Props


class Incomplete(Exception):
    """The resource exists, but a later step failed: it stays in the state, and the next update mends it.

    `physical_id` and `state` are what is there.
    """

    def __init__(self, physical_id: str, state: Props, cause: Exception) -> None:
        super().__init__(describe(cause))
        self.physical_id = physical_id
        self.state = state


def describe(error: Exception) -> str:
    """An error as the user sees it: AWS's own text, else the exception's type and text."""
    return str(error) if error_code(error) else f"{type(error).__name__}: {error}"


class Lifecycle:
    """The life of one resource type in one Region."""

    def __init__(self, row: ResourceType, data: TypeData, aws: Clients) -> None:
        self._row = row
        self._data = data
        self._aws = aws

    def create(self, planned: Props) -> Found:
        """Create and configure; Incomplete once the create call has succeeded, else the error itself."""
        physical_id = self._row.create(self._aws, planned)
        try:
            self._row.configure(self._aws, physical_id, planned)
            return Found(physical_id, self._state(physical_id, planned))
        except Exception as error:
            raise Incomplete(physical_id, self._best_state(physical_id, planned), error) from error

    def read(self, physical_id: str, known: Props) -> Found | None:
        """What AWS has, or None if it is gone. `known` is the last state, {} at an import."""
        state = self._read(physical_id, known)
        return None if state is None else Found(physical_id, state)

    def update(self, physical_id: str, old: Props, planned: Props) -> Found:
        """Change what differs; Incomplete with the state as it now is if a step fails."""
        try:
            old = old or self._state(physical_id, planned)  # a creation failed before anything could be read
            self._row.update(self._aws, physical_id, old, planned)
            self._retag(physical_id, old, planned)
            return Found(physical_id, self._state(physical_id, planned))
        except Exception as error:
            raise Incomplete(physical_id, self._best_state(physical_id, old), error) from error

    def delete(self, physical_id: str, state: Props) -> None:
        """Delete; what is gone already is no error."""
        try:
            self._row.delete(self._aws, physical_id, state)
        except Exception as error:
            if not is_gone(error, self._row.gone):
                raise

    def _retag(self, physical_id: str, old: Props, planned: Props) -> None:
        if self._row.tags is None:
            return
        before, after = old.get("tagsAll") or {}, planned.get("tagsAll") or {}
        removed = sorted(before.keys() - after.keys())
        if removed:
            self._row.tags.remove(self._aws, physical_id, old, removed)
        added = {key: value for key, value in after.items() if before.get(key) != value}
        if added:
            self._row.tags.add(self._aws, physical_id, old, added)

    def _read(self, physical_id: str, known: Props) -> Props | None:
        configuration = self._aws.configuration
        try:
            found = self._row.read(self._aws, physical_id, known)
            if found is None:
                return None
            if self._row.tags is not None:
                tags = self._row.tags.read(self._aws, physical_id, found)
                found["tagsAll"] = {key: value for key, value in tags.items() if not configuration.ignores(key)}
        except Exception as error:
            if is_gone(error, self._row.gone):
                return None
            raise
        if "region" in self._data.inputs:
            found["region"] = self._aws.region
        return settle(self._row, self._data, known, found, configuration.default_tags)

    def _state(self, physical_id: str, known: Props) -> Props:
        state = self._read(physical_id, known)
        if state is None:
            raise LookupError(f"{self._row.pulumi_type} {physical_id} was written, but AWS doesn't return it")
        return state

    def _best_state(self, physical_id: str, known: Props) -> Props:
        """What can be read after a failure; what can't is left out, so the next update sets it again."""
        try:
            return self._read(physical_id, known) or {}
        except Exception:  # noqa: BLE001  # any failure here comes after the one to report
            return {}
