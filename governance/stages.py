"""The ordered stages of the organisation, as functions and command line get them in a setting.

Setting: JSON list, first stage first, `[{"stage": "dev", "lifecycle": "Development"}, …]`. `stage` is the
name of the stack (and of the tag on artifacts), `lifecycle` the value of SageMaker's `ModelLifeCycle.Stage`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from governance.errors import SettingError

APPROVED = "Approved"
"""The one text of `ModelApprovalStatus` and `StageStatus` that admits. `StageStatus` is free text: `approved`
isn't it.
"""

REJECTED = "Rejected"
"""The one text of `ModelApprovalStatus` that shuts a version out everywhere."""

_STAGE = re.compile(r"[a-z][a-z0-9-]{0,30}")
_LIFECYCLE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its stack name and its name in SageMaker's life cycle (EntityName of the API model)."""

    stage: str
    lifecycle: str


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages in order; versions start in the first."""

    ordered: tuple[Stage, ...]

    @property
    def first(self) -> Stage:
        return self.ordered[0]

    def of_stack(self, stage: str) -> Stage:
        """The stage of a stack name. Raises SettingError naming the known ones."""
        for candidate in self.ordered:
            if candidate.stage == stage:
                return candidate
        raise SettingError(f"stage {stage!r} is unknown; known: {', '.join(s.stage for s in self.ordered)}")

    @staticmethod
    def parse(text: str, setting: str = "STAGES") -> Stages:
        """Read the setting. Raises SettingError with the setting's name and the form wanted."""
        form = 'a JSON list such as [{"stage": "dev", "lifecycle": "Development"}], first stage first'
        try:
            items = json.loads(text)
        except ValueError as problem:
            raise SettingError(f"{setting} is no JSON ({problem}); wanted: {form}") from problem
        if not isinstance(items, list) or not items:
            raise SettingError(f"{setting} is {text[:80]!r}; wanted: {form}")
        stages = []
        for item in items:
            stage, lifecycle = (item.get("stage"), item.get("lifecycle")) if isinstance(item, dict) else (None, None)
            if not (isinstance(stage, str) and _STAGE.fullmatch(stage)):
                raise SettingError(f"{setting} holds {item!r}: stage must match {_STAGE.pattern}; wanted: {form}")
            if not (isinstance(lifecycle, str) and _LIFECYCLE.fullmatch(lifecycle)):
                raise SettingError(
                    f"{setting} holds {item!r}: lifecycle must match {_LIFECYCLE.pattern}; wanted: {form}"
                )
            stages.append(Stage(stage, lifecycle))
        if len({s.stage for s in stages}) < len(stages) or len({s.lifecycle for s in stages}) < len(stages):
            raise SettingError(f"{setting} names a stage twice: {text[:200]}")
        return Stages(tuple(stages))


DEFAULT_STAGES = Stages((Stage("dev", "Development"), Stage("test", "Staging"), Stage("prod", "Production")))
