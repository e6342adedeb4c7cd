"""What the approval function does: bring the tags of a version's approved artifacts in line with its state
row.

The message only says that something changed; what is right is read from the state row, so repeated, late and
reordered messages end the same. Tags: `<stage>` = `approved` admits the stage's serving role (bucket policy,
`s3:ExistingObjectTag/<stage>`); `<stage>-versions` lists the version numbers that hold it, since two versions
of a group may share one artifact and the rejection of one must not shut out the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from governance.artifacts import parse_key, split_url
from governance.canonical import Json
from governance.errors import ArtifactError, EventError
from governance.stages import Stage, Stages
from governance.state import approved_artifact, holds
from lambdas.approval.ports import Artifacts, States
from lambdas.common.aws import Busy
from lambdas.common.log import Log

ADMITTED = "approved"
ATTEMPTS = 4


class NotARequest(EventError):
    """The message isn't one that capture sends."""

    reason = "not-an-approval-message"


class UnsafeArtifact(EventError):
    """The approved artifact can't be admitted: not ours, gone, or other bytes than approved. Nothing was
    tagged.
    """

    reason = "unsafe-artifact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Tags artifacts in one bucket."""

    states: States
    artifacts: Artifacts
    bucket: str
    stages: Stages

    def handle(self, message_id: str, body: str, log: Log) -> str:
        """Set or remove the stages' tags of one version and say what came of it.

        Raises NotARequest and UnsafeArtifact for what no retry mends, Busy where the state moved all the
        time, and the clients' own errors.
        """
        arn = _arn_of(message_id, body)
        log = log.bind(modelpackagearn=arn)
        for _attempt in range(ATTEMPTS):
            state = self.states.read(arn)
            if state is None:
                raise Busy(f"{arn} has no state row yet")
            changed = [stage.stage for stage in self.stages.ordered if self._settle(message_id, state, stage, log)]
            # A decision recorded meanwhile sent its own message, which may have been handled before our last
            # write.
            if not changed or (self.states.read(arn) or {}).get("ledgerseq") == state["ledgerseq"]:
                return f"tagged {' '.join(changed)}" if changed else "in line"
        raise Busy(f"{arn} was decided on again and again while its artifact was tagged")

    def _settle(self, message_id: str, state: Mapping[str, Json], stage: Stage, log: Log) -> bool:
        """Bring one stage's tags in line; whether anything had to change."""
        artifact = approved_artifact(state, stage.lifecycle)
        if artifact is None:
            return False
        held = holds(state, stage.lifecycle)
        try:
            key = _key_of(artifact[0], self.bucket, str(state["modelpackagegroupname"]))
            version_id = self._checked(key, artifact[1])
        except ArtifactError as problem:
            if not held:
                log.warning("nothing to shut out", stage=stage.stage, problem=str(problem))
                return False
            raise UnsafeArtifact(message_id, f"{state['modelpackagearn']}: {problem}") from problem
        before = self.artifacts.tags(key, version_id)
        after = _tags_after(before, stage.stage, str(state["modelpackageversion"]), held=held)
        if after == before:
            return False
        self.artifacts.set_tags(key, version_id, after)
        log.info("tags set", stage=stage.stage, held=held, key=key, versionid=version_id, seq=state["ledgerseq"])
        return True

    def _checked(self, key: str, approved_sha256: str | None) -> str:
        """The object version to tag: the one whose bytes S3 itself hashed to the approved digest."""
        found = self.artifacts.find(key)
        if found is None:
            raise ArtifactError(f"{key} does not exist (any more)")
        if approved_sha256 is None or found.sha256 != approved_sha256:
            raise ArtifactError(
                f"{key} has SHA-256 {found.sha256}, approved was {approved_sha256}: "
                "only the approved bytes are admitted"
            )
        return found.version_id


def _arn_of(message_id: str, body: str) -> str:
    try:
        arn = json.loads(body)["modelpackagearn"]
    except (ValueError, KeyError, TypeError):
        arn = None
    if not isinstance(arn, str) or not arn:
        raise NotARequest(message_id, "the message names no modelpackagearn; only the capture function may send here")
    return arn


def _key_of(url: str | None, bucket: str, group: str) -> str:
    """The key of an artifact that may be tagged: in our bucket, of the publish helper's form, under the
    version's group.
    """
    place = split_url(url) if url else None
    if place is None or place[0] != bucket:
        raise ArtifactError(f"{url} does not lie in the artifact bucket {bucket}")
    key = parse_key(place[1])
    if key is None:
        raise ArtifactError(f"{url} was not published by the helper: its key holds no SHA-256, so it could be replaced")
    if key.group != group:
        raise ArtifactError(f"{url} lies under group {key.group}, the version belongs to {group}")
    return place[1]


def _tags_after(before: Mapping[str, str], stage: str, version: str, *, held: bool) -> dict[str, str]:
    """The tags once this version holds the stage, or doesn't. Foreign tags stay as they are."""
    holders = {text for text in before.get(f"{stage}-versions", "").split() if text.isdecimal()}
    holders = holders | {version} if held else holders - {version}
    after = {name: value for name, value in before.items() if name not in (stage, f"{stage}-versions")}
    if holders:
        after |= {stage: ADMITTED, f"{stage}-versions": " ".join(sorted(holders, key=int))}
    return after
