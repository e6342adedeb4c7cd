"""The library: the bucket of the notebooks, and the files in it, each under its digest.

A new version of a file is another object. The former one stays, since spokes fetch what their own last `up` named: an
application that starts before the spoke's next `up` must find it. A trial's bucket goes with all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_aws import s3

from blueprint.library import GOVERNANCE, Published
from blueprint.limits import compact
from blueprint.policies.library_bucket import NOTEBOOKS, library_bucket
from blueprint.settings import Settings
from components.buckets import guarded_bucket

BUILT = Path("build", "notebooks")
CONTENT_TYPES = {
    ".csv": "text/csv",
    ".ipynb": "application/x-ipynb+json",
    ".py": "text/x-python",
    ".zip": "application/zip",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryArgs:
    """`root` is the project's folder, under which the files are."""

    settings: Settings
    root: Path
    files: tuple[Published, ...]
    key_arn: pulumi.Input[str]


class Library(pulumi.ComponentResource):
    """`objects`: what a stack that fetches at once waits for."""

    bucket: pulumi.Output[str]
    objects: list[pulumi.Resource]

    def __init__(self, name: str, args: LibraryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlgovernance:library:Library", name, None, opts)
        settings = args.settings
        organisation = settings.organisation
        bucket = guarded_bucket(
            self,
            name,
            bucket=organisation.names.bucket(organisation.hub, "notebooks"),
            policy=compact(library_bucket(organisation)),
            key_arn=args.key_arn,
            stateful=settings.stateful,
            adopted="notebooks" in settings.adopt.buckets,
        )
        self.objects = [
            s3.BucketObjectv2(
                f"{name}-{file.name}",
                bucket=bucket.bucket,
                key=f"{NOTEBOOKS}/{file.sha256}/{file.name}",
                source=pulumi.FileAsset(str(self._source(args.root, file))),
                content_type=CONTENT_TYPES[Path(file.name).suffix],
                checksum_algorithm="SHA256",
                # Made before the former one would go, and that one stays.
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
            )
            for file in args.files
        ]
        self.bucket = bucket.bucket
        self.register_outputs({"bucket": self.bucket})

    def _source(self, root: Path, file: Published) -> Path:
        """Where the file lies; what is made at each run is written first."""
        if file.name != GOVERNANCE:
            return root / NOTEBOOKS / file.name
        target = root / BUILT / file.name
        if not target.is_file() or target.read_bytes() != file.content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
        return target
