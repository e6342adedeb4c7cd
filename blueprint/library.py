"""What the hub publishes for Studio: the notebooks and all that they import, by digest; and the script that fetches it.

The script (notebooks/fetch_library.py) names each file's SHA-256, so what a spoke runs is what its own `up` saw. It is
deterministic: equal files and settings are an equal script.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shlex
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueprint.errors import PackageError
from blueprint.names import HUB
from blueprint.organisation import Organisation
from blueprint.packages import COMPRESSION_LEVEL, EPOCH, READABLE, closure
from blueprint.stages import REQUEST_DETAIL_TYPE, REQUEST_SOURCE

FOLDER = "notebooks"
FILES = ("deploy.ipynb", "german_credit.csv", "register.ipynb", "training.py")
GOVERNANCE = "governance.zip"
MODULES = ("governance.card", "governance.publishing")
"""What the notebooks import of ours; they go as one zip, which Python imports from."""

FETCHER = "fetch_library.py"
SECONDS = 240
"""The script ends by then; SageMaker lets the app fail after 300 (dg/studio-lifecycle-configurations-debug)."""

SCRIPT_CHARACTERS = 16_384
"""botocore sagemaker, StudioLifecycleConfigContent: base64 included."""

DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Published:
    """A file of the library."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def library(root: Path) -> tuple[Published, ...]:
    """All files of the library, by name. Raises PackageError where one is missing."""
    found = []
    for name in FILES:
        path = root / FOLDER / name
        if not path.is_file():
            raise PackageError(f"{path} is missing: the hub publishes it for Studio; restore it from the repository")
        found.append(Published(name, path.read_bytes()))
    return tuple(sorted([*found, Published(GOVERNANCE, _zip(root))], key=lambda file: file.name))


def _zip(root: Path) -> bytes:
    """The modules with what they import, byte-identical for equal sources."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
        for name in sorted({path for module in MODULES for path in closure(root, module)}):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = READABLE << 16
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, (root / name).read_bytes(), compresslevel=COMPRESSION_LEVEL)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFacts:
    """What a stack must know of the hub to fetch the library and to work with the registry.

    `files`: SHA-256 by name. `groups`: ARN by name.
    """

    bucket: str
    files: Mapping[str, str]
    artifact_bucket: str
    groups: Mapping[str, str]


def facts_of(organisation: Organisation, files: tuple[Published, ...]) -> LibraryFacts:
    """What the hub itself knows before it made anything: the names are its own."""
    names, hub = organisation.names, organisation.hub
    return LibraryFacts(
        bucket=names.bucket(hub, "notebooks"),
        files={file.name: file.sha256 for file in files},
        artifact_bucket=names.bucket(hub),
        groups={group: names.group_arn(hub, group) for group in organisation.groups},
    )


def settings_file(organisation: Organisation, stack: str, account: str, facts: LibraryFacts) -> dict[str, Any]:
    """governance.json: what the notebooks would otherwise ask people to type."""
    names = organisation.names
    settings: dict[str, Any] = {
        "hub": organisation.hub,
        "region": organisation.region,
        "stack": stack,
        "account": account,
        "artifactBucket": facts.artifact_bucket,
        "governanceBusArn": names.bus_arn(organisation.hub),
        "modelPackageGroups": dict(facts.groups),
        "images": images(organisation),
        "requests": {"source": REQUEST_SOURCE, "detailType": REQUEST_DETAIL_TYPE},
    }
    if stack == HUB:
        return settings | {"executionRoleArn": names.role_arn(account, names.hub_role("execution"))}
    stage = organisation.stage(organisation.spoke(stack).stage)
    return settings | {
        "stage": stage.name,
        "lifecycle": stage.lifecycle,
        "mayAskFor": {asked.name: asked.lifecycle for asked in organisation.stages if stage.name in asked.asked_by},
        "executionRoleArn": names.role_arn(account, names.role(stack, "execution")),
        "servingRoleArn": names.role_arn(account, names.role(stack, "serving")),
        "deployerRoleArn": names.role_arn(account, names.role(stack, "deployer")) if stage.deployers else "",
    }


def images(organisation: Organisation) -> dict[str, str]:
    """The admitted repositories as images are addressed, by the last part of their names; patterns aside."""
    found = {}
    for arn in organisation.image_repositories:
        _, partition, _, region, account, resource = arn.split(":", 5)
        name = resource.removeprefix("repository/")
        if "*" not in name:
            suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
            found[name.rsplit("/", 1)[-1]] = f"{account}.dkr.ecr.{region}.{suffix}/{name}"
    return found


def script(root: Path, organisation: Organisation, stack: str, account: str, facts: LibraryFacts) -> str:
    """The lifecycle script's text. Raises PackageError where it would be larger than SageMaker takes."""
    asked = {
        "bucket": facts.bucket,
        "owner": organisation.hub,
        "region": organisation.region,
        "files": dict(facts.files),
        "settings": settings_file(organisation, stack, account, facts),
    }
    library_json = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    fetcher = (root / FOLDER / FETCHER).read_text("utf-8")
    text = (
        "#!/bin/bash\n"
        "# Fetches the notebooks that the hub published, by their digests. Made by the program: changed there.\n"
        f"export LIBRARY={shlex.quote(library_json)}\n"
        f"timeout {SECONDS} python3 - <<'FETCH'\n{fetcher}FETCH\n"
    )
    size = len(encoded(text))
    if size > SCRIPT_CHARACTERS:
        raise PackageError(
            f"the lifecycle script of {stack} has {size:,} characters, SageMaker takes {SCRIPT_CHARACTERS:,}: govern"
            " fewer model package groups in one installation, or publish fewer files"
        )
    return text


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def script_digest(text: str) -> str:
    """What the script's name ends in: the content can't be changed under a name."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]
