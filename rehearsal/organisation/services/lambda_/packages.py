"""What a function may be: its package, run time, sizes, environment and role.

Sources: botocore's lambda model, lambda/gettingstarted-limits, configuration-envvars (reserved names), lambda-runtimes
(deprecation dates as cfn-lint ships them: AdditionalSpecs/LmbdRuntimeLifecycle.json).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rehearsal.organisation.core import ApiError, Call, NotEmulated, Organisation
from rehearsal.organisation.runtime.pool import LAMBDA
from rehearsal.organisation.services.kms import key_arn

MAX_ZIPPED_BYTES = 52_428_800
MAX_UNZIPPED_BYTES = 262_144_000
MAX_ENVIRONMENT_BYTES = 4096
MEMORY_MB = (128, 10_240)
TIMEOUT_SECONDS = (1, 900)
RESERVED_NAMES = frozenset(
    {"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
     "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
     "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
     "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT",
     "LAMBDA_RUNTIME_DIR"}
)  # fmt: skip

REFUSED = (
    "VpcConfig", "Layers", "FileSystemConfigs", "CodeSigningConfigArn", "ImageConfig", "SnapStart", "TenancyConfig",
    "CapacityProviderConfig", "DurableConfig", "RuntimeConfig", "AcceleratorConfig", "PublishTo",
)  # fmt: skip


def invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, Type="User")


@cache
def lifecycles() -> Mapping[str, Mapping[str, str]]:
    """Per run time, from when on functions can't be created and updated with it."""
    found = find_spec("cfnlint")  # importing it takes seconds, and only a data file is needed
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("cfn-lint is not installed; run the set-up of the rehearsal")
    path = Path(found.submodule_search_locations[0]) / "data" / "AdditionalSpecs" / "LmbdRuntimeLifecycle.json"
    told: Mapping[str, Mapping[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return told


def check_settings(org: Organisation, settings: Mapping[str, Any], *, event: str) -> None:
    """Refuse settings that Lambda refuses, and by name what isn't emulated. `event` is `create` or `update`.

    Raises ApiError (InvalidParameterValueException), NotEmulated.
    """
    for name in REFUSED:
        if _means_something(name, settings.get(name)):
            raise NotEmulated(f"lambda: a function with {name}")
    if settings.get("PackageType", "Zip") != "Zip":
        raise NotEmulated("lambda: a function from a container image")
    if settings.get("LoggingConfig", {}).get("LogFormat", "Text") != "Text":
        raise NotEmulated("lambda: LoggingConfig with LogFormat JSON")
    for name in ("Runtime", "Handler"):
        if not settings.get(name):
            raise invalid(f"{name} is a required parameter of a function from a zip file")
    _check_runtime(settings["Runtime"], org.clock.now().date(), event)
    if "." not in settings["Handler"]:
        raise invalid(f"Handler {settings['Handler']!r} must be <module>.<function>")
    for name, (least, most), unit in (("MemorySize", MEMORY_MB, "MB"), ("Timeout", TIMEOUT_SECONDS, "seconds")):
        if not least <= settings.get(name, least) <= most:
            raise invalid(f"'{name}' value {settings[name]} must be from {least} to {most} {unit}")
    _check_environment(settings.get("Environment", {}).get("Variables", {}))


def _means_something(name: str, value: Any) -> bool:
    if name == "SnapStart":
        return bool(value) and value.get("ApplyOn", "None") != "None"
    return any(value.values()) if isinstance(value, dict) else bool(value)


def _check_runtime(runtime: str, today: date, event: str) -> None:
    if not runtime.startswith("python"):
        raise NotEmulated(f"lambda: a function for the run time {runtime} (only Python packages can be run here)")
    told = lifecycles().get(runtime)
    blocked = told and datetime.strptime(told[f"{event}-block"], "%Y-%m-%d").date()  # noqa: DTZ007 - a date only
    if told and blocked and blocked <= today:
        raise invalid(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            f"We recommend you use a supported runtime while creating or updating functions ({told['successor']})."
        )


def _check_environment(variables: Mapping[str, str]) -> None:
    reserved = sorted(RESERVED_NAMES & variables.keys())
    if reserved:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided contains reserved keys that are currently not supported for modification. Reserved "
            f"keys used in this request: {', '.join(reserved)}"
        )
    size = len(json.dumps(dict(variables), separators=(",", ":")).encode())
    if size > MAX_ENVIRONMENT_BYTES:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you "
            f"have provided exceeded the 4KB limit. String measured: {size} bytes"
        )


def read_package(org: Organisation, call: Call, code: Mapping[str, Any]) -> bytes:
    """The zip that a call gives, by value or from S3 with the caller's rights.

    Raises ApiError for what is no package, NotEmulated.
    """
    if "ImageUri" in code or code.get("SourceKMSKeyArn"):
        raise NotEmulated("lambda: code from an image, or encrypted with a key of its own")
    if "ZipFile" in code:
        zipped: bytes = code["ZipFile"]
    elif "S3Bucket" in code and "S3Key" in code:
        params = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
        if "S3ObjectVersion" in code:
            params["VersionId"] = code["S3ObjectVersion"]
        body = org.call(call.caller, "s3", "GetObject", params, region=call.region)["Body"]
        zipped = body.read() if hasattr(body, "read") else body
    else:
        raise invalid("Please provide a source for function code.")
    if len(zipped) > MAX_ZIPPED_BYTES:
        raise ApiError(
            "RequestTooLargeException",
            f"The package has {len(zipped)} bytes zipped, at most {MAX_ZIPPED_BYTES} are allowed.",
            413,
        )
    try:
        with zipfile.ZipFile(io.BytesIO(zipped)) as package:
            names, size = package.namelist(), sum(info.file_size for info in package.infolist())
    except zipfile.BadZipFile as error:
        raise invalid("Could not unzip uploaded file. Please check your file, then try to upload again.") from error
    if not names:
        raise invalid("Uploaded file must be a non-empty zip")
    if size > MAX_UNZIPPED_BYTES:
        raise invalid(f"Unzipped size must be smaller than {MAX_UNZIPPED_BYTES} bytes")
    if unsafe := [name for name in names if name.startswith("/") or ".." in name.split("/")]:
        raise invalid(f"The package holds paths outside its folder: {unsafe[:3]}")
    return zipped


def check_role(org: Organisation, role: str, name: str) -> None:
    """Lambda tries whether it can take the role (lambda/lambda-intro-execution-role)."""
    try:
        org.service_session(LAMBDA, role, session_name=name)
    except NotEmulated:
        raise
    except ApiError as error:
        raise invalid("The role defined for the function cannot be assumed by Lambda.") from error


def use_environment_key(org: Organisation, call: Call, key: str, *actions: str) -> None:
    """The caller's use of the key of a function's environment (lambda/security-encryption-at-rest)."""
    for action in actions:
        org.use_key(
            key_arn(org, key, call.owner, call.region), action, call.caller, region=call.region,
            via=f"lambda.{call.region}.amazonaws.com", reason="Lambda encrypts the environment",
        )  # fmt: skip
