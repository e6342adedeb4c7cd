"""Domains: create, describe, update, delete, list; a person's way in."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator

from rehearsal.organisation.core import Call, Need, NotEmulated, Organisation, Params, serves, takes
from rehearsal.organisation.services.sagemaker.hosting import refuse_members
from rehearsal.organisation.services.sagemaker.needs import Context, anywhere
from rehearsal.organisation.services.sagemaker.registry import invalid

from .settings import (
    check_default_space_settings,
    check_network,
    check_user_settings,
    context_of,
    execution_session,
    mount,
    refuse_sso,
    role_needs,
    unmount,
)
from .store import (
    AUTH_MODE,
    NETWORK_ACCESS,
    SUBNETS,
    Kind,
    add,
    begin,
    find,
    held,
    in_use,
    listed,
    need,
    remove_later,
    sent,
    settled,
    stamped,
    studio_arn,
    with_tags,
)

_MODEL = "botocore sagemaker service-2: "
_NEW = "*"
takes(
    "sagemaker", "CreateDomain",
    members=(
        "DomainName", "AuthMode", "DefaultUserSettings", "DefaultSpaceSettings", "DomainSettings", "SubnetIds", "VpcId",
        "Tags", "AppNetworkAccessType", "TagPropagation", "KmsKeyId",
    ),
)  # fmt: skip
takes(
    "sagemaker", "UpdateDomain",
    members=(
        "DomainId", "DefaultUserSettings", "DefaultSpaceSettings", "DomainSettingsForUpdate", "SubnetIds",
        "AppNetworkAccessType", "TagPropagation", "VpcId",
    ),
)  # fmt: skip


def _context(params: Params) -> Context:
    context = context_of(params.get("DefaultUserSettings") or {})
    if params.get("AppNetworkAccessType"):
        context[NETWORK_ACCESS] = params["AppNetworkAccessType"]
    if params.get("SubnetIds"):
        context[SUBNETS] = list(params["SubnetIds"])
    return context


def _settings(params: Params) -> tuple[Params, Params]:
    return params.get("DefaultUserSettings") or {}, params.get("DefaultSpaceSettings") or {}


def _creation_needs(org: Organisation, call: Call) -> Iterator[Need]:
    """A domain's id is made by the call: the request names all of them."""
    yield from with_tags(call, need(org, call, "domain", _NEW, _context(call.params) | {AUTH_MODE: "IAM"}))
    yield from role_needs(*_settings(call.params))


@serves(
    "sagemaker", "CreateDomain", needs=_creation_needs, fidelity="emulated",
    source=_MODEL + "CreateDomain; developer guide, studio-notebooks-and-internet-access, sagemaker-roles",
    note="IAM mode; in service after 0.2 s of the clock; VPC, subnets and security groups must exist; of the file "
    "system there are the mount targets only; a customer's key is refused; the role's trust is judged at once",
)  # fmt: skip
def create(org: Organisation, call: Call) -> Params:
    params = call.params
    refuse_sso(params)
    if params.get("KmsKeyId"):
        raise NotEmulated("sagemaker:CreateDomain with KmsKeyId")
    name = params["DomainName"]
    if any(one.record["DomainName"] == name for one in held(org, call, "domain").values()):
        raise in_use(f"Domain with name [{name}] already exists in account {call.owner}.")
    user, space = _settings(params)
    if not user.get("ExecutionRole"):
        raise invalid("ExecutionRole is required in DefaultUserSettings.")
    check_user_settings(org, call, user, "DefaultUserSettings")
    check_default_space_settings(org, call, space)
    _check_domain_settings(call, params.get("DomainSettings") or {})
    if not params.get("VpcId") or not params.get("SubnetIds"):
        raise invalid("VpcId and SubnetIds are required.")
    groups = [*user.get("SecurityGroups", []), *(params.get("DomainSettings") or {}).get("SecurityGroupIds", [])]
    check_network(org, call, params["VpcId"], params["SubnetIds"], [*groups, *space.get("SecurityGroups", [])])
    if params.get("AppNetworkAccessType") == "VpcOnly" and not user.get("SecurityGroups"):
        raise invalid("SecurityGroups are required in DefaultUserSettings when AppNetworkAccessType is VpcOnly.")
    key = f"d-{uuid.uuid4().hex[:12]}"
    arn = studio_arn(call.owner, call.region, "domain", key)
    for role in sorted({one["ExecutionRole"] for one in (user, space) if one.get("ExecutionRole")}):
        execution_session(org, call, role, arn)
    record = {"AppNetworkAccessType": "PublicInternetOnly", "TagPropagation": "DISABLED"} | sent(params)
    record |= {
        "DomainArn": arn,
        "DomainId": key,
        "HomeEfsFileSystemId": f"fs-{uuid.uuid4().hex[:17]}",
        "Url": f"https://{key}.studio.{call.region}.sagemaker.aws",
    }
    domain = add(org, call, "domain", key, stamped(org, record, "Pending"))
    mount(org, call, record["HomeEfsFileSystemId"], params["SubnetIds"])
    begin(org, domain, "Pending")
    return {"DomainArn": arn, "DomainId": key, "Url": record["Url"]}


def _check_domain_settings(call: Call, settings: Params) -> None:
    refuse_members(f"{call.operation} in DomainSettings", settings, frozenset({"SecurityGroupIds", "DockerSettings"}))
    docker = settings.get("DockerSettings") or {}
    refuse_members(f"{call.operation} in DockerSettings", docker, frozenset({"EnableDockerAccess"}))


def _named(org: Organisation, call: Call) -> Iterator[Need]:
    yield need(org, call, "domain", call.params["DomainId"])


@serves("sagemaker", "DescribeDomain", needs=_named, source=_MODEL + "DescribeDomain")
def describe(org: Organisation, call: Call) -> Params:
    return copy.deepcopy(find(org, call, "domain", call.params["DomainId"]).record)


def _update_needs(org: Organisation, call: Call) -> Iterator[Need]:
    yield need(org, call, "domain", call.params["DomainId"], _context(call.params))
    yield from role_needs(*_settings(call.params))


@serves(
    "sagemaker", "UpdateDomain", needs=_update_needs, fidelity="emulated",
    source=_MODEL + "UpdateDomain; hashicorp/terraform-provider-aws#45528 (VpcOnly asks for VpcId and SubnetIds)",
    note="settings, subnets and network access that stays as it is; a change of AppNetworkAccessType is refused",
)  # fmt: skip
def update(org: Organisation, call: Call) -> Params:
    params = call.params
    domain = find(org, call, "domain", params["DomainId"])
    settled(domain, "Domain")
    record = domain.record
    access = params.get("AppNetworkAccessType")
    if access == "VpcOnly" and not (params.get("VpcId") and params.get("SubnetIds")):
        raise invalid("VpcId and Subnet IDs are required for updating domains to VpcOnly mode.")
    if access not in (None, record["AppNetworkAccessType"]):
        raise NotEmulated("sagemaker:UpdateDomain with another AppNetworkAccessType")
    if params.get("VpcId") not in (None, record["VpcId"]):
        raise invalid("VpcId can't be changed: use it only for a domain that was created without VPC settings.")
    user, space = _settings(params)
    check_user_settings(org, call, user, "DefaultUserSettings")
    check_default_space_settings(org, call, space)
    _check_domain_settings(call, params.get("DomainSettingsForUpdate") or {})
    check_network(
        org, call, record["VpcId"], params.get("SubnetIds") or record["SubnetIds"],
        [*user.get("SecurityGroups", []), *space.get("SecurityGroups", [])],
    )  # fmt: skip
    for role in sorted({one["ExecutionRole"] for one in (user, space) if one.get("ExecutionRole")}):
        execution_session(org, call, role, domain.arn)
    for member in ("DefaultUserSettings", "DefaultSpaceSettings", "SubnetIds", "TagPropagation"):
        if params.get(member) is not None:
            given = copy.deepcopy(params[member])
            record[member] = record.get(member, {}) | given if isinstance(given, dict) else given
    if params.get("DomainSettingsForUpdate") is not None:
        given = copy.deepcopy(params["DomainSettingsForUpdate"])
        record["DomainSettings"] = record.get("DomainSettings", {}) | given
    begin(org, domain, "Updating")
    return {"DomainArn": domain.arn}


@serves(
    "sagemaker", "DeleteDomain", needs=_named, fidelity="emulated",
    source=_MODEL + "DeleteDomain; developer guide, gs-studio-delete-domain (apps, spaces, profiles, then the domain)",
    note="gone after 0.2 s of the clock; a retained file system's mount targets stay, and no subnet goes before them",
)  # fmt: skip
def delete(org: Organisation, call: Call) -> Params:
    key = call.params["DomainId"]
    domain = find(org, call, "domain", key)
    policy = call.params.get("RetentionPolicy") or {}
    refuse_members("DeleteDomain in RetentionPolicy", policy, frozenset({"HomeEfsFileSystem"}))
    settled(domain, "Domain")
    kinds: tuple[tuple[Kind, str], ...] = (("space", "Spaces"), ("user-profile", "UserProfiles"))
    for kind, word in kinds:
        inside = [one for path, one in held(org, call, kind).items() if path.startswith(f"{key}/")]
        if inside:
            names = ", ".join(one.arn.rsplit("/", 1)[1] for one in inside)
            raise in_use(f"Unable to delete Domain [{domain.arn}] because it has {word} associated with it: {names}.")
    if policy.get("HomeEfsFileSystem") == "Delete":
        unmount(org, call, domain.record["HomeEfsFileSystemId"])
    remove_later(org, call, "domain", key)
    return {}


@serves("sagemaker", "ListDomains", needs=anywhere, source=_MODEL + "ListDomains")
def list_domains(org: Organisation, call: Call) -> Params:
    rows = [one.record for one in held(org, call, "domain").values()]
    summary = ("DomainArn", "DomainId", "DomainName", "Status", "CreationTime", "LastModifiedTime", "Url")
    return listed(rows, "Domains", summary, call, name="DomainName")


def _way_in(org: Organisation, call: Call) -> Iterator[Need]:
    yield need(org, call, "user-profile", f"{call.params['DomainId']}/{call.params['UserProfileName']}")


takes(
    "sagemaker", "CreatePresignedDomainUrl",
    members=("DomainId", "UserProfileName", "SpaceName", "ExpiresInSeconds", "SessionExpirationDurationInSeconds"),
)  # fmt: skip


@serves(
    "sagemaker", "CreatePresignedDomainUrl", needs=_way_in, fidelity="emulated",
    source=_MODEL + "CreatePresignedDomainUrl", note="the URL is made up: there is no Studio behind it",
)  # fmt: skip
def presign(org: Organisation, call: Call) -> Params:
    params = call.params
    domain = find(org, call, "domain", params["DomainId"])
    find(org, call, "user-profile", f"{params['DomainId']}/{params['UserProfileName']}")
    if params.get("SpaceName"):
        find(org, call, "space", f"{params['DomainId']}/{params['SpaceName']}")
    if params.get("ExpiresInSeconds", 0) > params.get("SessionExpirationDurationInSeconds", 43_200):
        raise invalid("ExpiresInSeconds must not exceed SessionExpirationDurationInSeconds.")
    return {"AuthorizedUrl": f"{domain.record['Url']}/auth?token={uuid.uuid4().hex}"}
