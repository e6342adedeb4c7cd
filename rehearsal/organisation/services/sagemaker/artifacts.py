"""The artifacts that a version names: each must exist in the version's region and be readable by SageMaker.

Which principal reads at CreateModelPackage is documented nowhere. The developer guide (model-registry-version) asks
that the registry account's root can GetObject and use the key; that principal is judged here, so a bucket or key
policy that shuts the registry's account out fails, and a caller without read access doesn't. At CreateModel the
execution role reads (developer guide, sagemaker-roles).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

from rehearsal.organisation.core import ApiError, Caller, Organisation, Params
from rehearsal.organisation.services.s3.reading import read_object_as
from rehearsal.organisation.services.s3.store import Version

from .images import digest_of
from .registry import invalid

_URL = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")


def registry_root(account: str) -> Caller:
    """The registry account itself, as which SageMaker is taken to read at CreateModelPackage."""
    return Caller(arn=f"arn:aws:iam::{account}:root", account=account, user_id=account)


def resolved_specification(
    org: Organisation, specification: Params, reader: Caller, region: str, reason: str
) -> Params:
    """The inference specification as stored: each container's artifact checked, its ETag and image digest filled in.

    Raises ValidationException naming the artifact that is missing or can't be read, and why.
    """
    resolved = copy.deepcopy(specification)
    for container in resolved["Containers"]:
        if container.get("Image"):
            container.setdefault("ImageDigest", digest_of(org, container["Image"]))
        for url in artifact_urls(container):
            etag = check_artifact(org, url, reader, region, reason)
            if url == container.get("ModelDataUrl"):
                container.setdefault("ModelDataETag", etag)
    return resolved


def artifact_urls(container: Params) -> Iterator[str]:
    """The S3 objects of a container definition: `ModelDataUrl` and a source of type S3Object."""
    if container.get("ModelDataUrl"):
        yield container["ModelDataUrl"]
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    if source.get("S3DataType") == "S3Object":
        yield source["S3Uri"]


def check_artifact(org: Organisation, url: str, reader: Caller, region: str, reason: str) -> str:
    """The object's ETag, if `reader` may read it in `region`; else ValidationException with the reason."""
    return read_artifact(org, url, reader, region, reason).etag


def read_artifact(org: Organisation, url: str, reader: Caller, region: str, reason: str) -> Version:
    """The object, if `reader` may read it in `region`; else ValidationException with the reason."""
    match = _URL.fullmatch(url)
    if match is None:
        raise invalid(f"Could not access model data at {url}: it must be s3://<bucket>/<key> of one object.")
    try:
        return read_object_as(org, reader, match["bucket"], match["key"], region=region, reason=reason)
    except ApiError as error:
        raise invalid(
            f"Could not access model data at {url}. Please ensure that {reader.role_arn or reader.arn} may read the "
            f"object and use its key, and that the object is in {region}. ({error.code}: {error.message})"
        ) from error
