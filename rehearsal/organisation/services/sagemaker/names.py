"""Names and ARNs of the registry: what a request's name or ARN means, and what an ARN of ours looks like.

The case of names is kept in ARNs (an authorisation message of 2023 shows `model-package/modelPackageGroupTurbine/1`;
samples before 2022 are lower-cased).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehearsal.organisation.core import ApiError

PARTITION = "aws"
_GROUP = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):model-package-group/(?P<name>[^/]+)"
)
_ANY_VERSION = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):model-package/(?P<name>[^/]+)/.+"
)
_PACKAGE = re.compile(
    r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":model-package/(?P<name>[^/]+)(?:/(?P<version>\d{1,9}))?"
)


@dataclass(frozen=True, slots=True)
class PackageRef:
    """Which version a request means: its group's name and version number, the account and region that hold it."""

    group: str
    version: int
    account: str
    region: str

    @property
    def arn(self) -> str:
        return package_arn(self.account, self.region, self.group, self.version)


def group_arn(account: str, region: str, name: str) -> str:
    return f"arn:{PARTITION}:sagemaker:{region}:{account}:model-package-group/{name}"


def package_arn(account: str, region: str, group: str, version: int) -> str:
    return f"arn:{PARTITION}:sagemaker:{region}:{account}:model-package/{group}/{version}"


def group_of(arn: str) -> tuple[str, str, str] | None:
    """`(account, region, group name)` of a group's ARN, a version's, or the pattern of all its versions; else None."""
    match = _GROUP.fullmatch(arn) or _ANY_VERSION.fullmatch(arn)
    return (match["account"], match["region"], match["name"]) if match else None


def group_name(name_or_arn: str) -> str:
    """The group's name; an ARN of another resource type is refused."""
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    match = _GROUP.fullmatch(name_or_arn)
    if match is None:
        raise ApiError("ValidationException", f"Invalid ARN {name_or_arn}: it must be a model package group's ARN.")
    return match["name"]


def package_ref(name_or_arn: str, account: str, region: str) -> PackageRef:
    """Read `arn:…:model-package/<group>/<version>` or `<group>/<version>` (held in `account`, `region`).

    Raises ValidationException for a name without a version: unversioned packages don't exist here, so AWS's answer
    for a missing one is given.
    """
    match = _PACKAGE.fullmatch(name_or_arn)
    if match is not None and match["version"]:
        return PackageRef(match["name"], int(match["version"]), match["account"], match["region"])
    name, _, version = name_or_arn.partition("/")
    if match is None and version.isdigit():
        return PackageRef(name, int(version), account, region)
    arn = name_or_arn if match else f"arn:{PARTITION}:sagemaker:{region}:{account}:model-package/{name_or_arn}"
    raise ApiError("ValidationException", f"ModelPackage {arn} does not exist.")
