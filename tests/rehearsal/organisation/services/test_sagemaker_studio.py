"""Studio as clients see it: what it refuses, the order in which it goes, what runs when an app starts."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from rehearsal.organisation.emulator import Emulator
from rehearsal.organisation.services.sagemaker.studio.store import studio
from tests.rehearsal.organisation.example import refused
from tests.rehearsal.organisation.services.registry_world import HUB, REGION, Client, allow, role_with
from tests.rehearsal.organisation.services.studio_world import Campus, execution_role, running


@pytest.fixture(scope="module")
def campus(org: Emulator, client: Client) -> Campus:
    return Campus.of(org, client)


def test_a_domain_comes_into_service_and_is_described_as_it_was_made(campus: Campus) -> None:
    """Guards: a setting that is accepted and forgotten, such as the one that forbids Docker."""
    sagemaker = campus.sagemaker
    request = campus.domain_request(
        AppNetworkAccessType="PublicInternetOnly", TagPropagation="ENABLED", Tags=[{"Key": "a", "Value": "b"}],
        DomainSettings={"DockerSettings": {"EnableDockerAccess": "DISABLED"}},
        DefaultSpaceSettings={"ExecutionRole": campus.role},
    )  # fmt: skip
    made = sagemaker.create_domain(**request)
    campus.wait()
    described = sagemaker.describe_domain(DomainId=made["DomainId"])
    assert described["Status"] == "InService"
    assert {key: described[key] for key in request if key != "Tags"} == {
        key: value for key, value in request.items() if key != "Tags"
    }
    assert sagemaker.list_tags(ResourceArn=made["DomainArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    assert made["DomainId"] in {one["DomainId"] for one in sagemaker.list_domains(MaxResults=100)["Domains"]}
    sagemaker.update_domain(
        DomainId=made["DomainId"], DefaultUserSettings={"StudioWebPortal": "ENABLED"},
        DomainSettingsForUpdate={"DockerSettings": {"EnableDockerAccess": "ENABLED"}},
    )  # fmt: skip
    campus.wait()
    described = sagemaker.describe_domain(DomainId=made["DomainId"])
    assert described["DefaultUserSettings"] == {"ExecutionRole": campus.role, "StudioWebPortal": "ENABLED"}
    assert described["DomainSettings"]["DockerSettings"]["EnableDockerAccess"] == "ENABLED"


def test_a_domain_needs_what_it_names(campus: Campus, client: Client) -> None:
    """Guards: a domain in a VPC that isn't there, of a role that SageMaker can't take, or under a taken name."""
    create = campus.sagemaker.create_domain
    name = campus.domain_request()["DomainName"]
    campus.domain(DomainName=name)
    with refused("ResourceInUse", name):
        create(**campus.domain_request(DomainName=name))
    with refused("ValidationException", "vpc-0abc"):
        create(**campus.domain_request(VpcId="vpc-0abc"))
    with refused("ValidationException", "subnet-0abc"):
        create(**campus.domain_request(SubnetIds=["subnet-0abc"]))
    with refused("ValidationException", "sg-0abc"):
        create(
            **campus.domain_request(DefaultUserSettings={"ExecutionRole": campus.role, "SecurityGroups": ["sg-0abc"]})
        )
    stranger = execution_role(client, service="lambda.amazonaws.com")
    with refused("ValidationException", "trust"):
        create(**campus.domain_request(DefaultUserSettings={"ExecutionRole": stranger}))
    with refused("ValidationException", "SecurityGroups"):
        create(**campus.domain_request(AppNetworkAccessType="VpcOnly"))
    with refused("NotEmulated", "SSO"):
        create(**campus.domain_request(AuthMode="SSO"))
    missing = f"arn:aws:sagemaker:{REGION}:{HUB}:studio-lifecycle-config/none"
    with refused("ValidationException", "does not exist"):
        create(**campus.domain_request(DefaultUserSettings={"ExecutionRole": campus.role, **running(missing)}))
    other = campus.script(app_type="CodeEditor")
    with refused("ValidationException", "CodeEditor"):
        create(**campus.domain_request(DefaultUserSettings={"ExecutionRole": campus.role, **running(other)}))


def test_who_makes_a_domain_passes_its_role(campus: Campus, client: Client) -> None:
    """Guards: a deployment that works here and lacks iam:PassRole at AWS."""
    name = role_with(client, "hub", allow("sagemaker:CreateDomain"))
    with refused("AccessDeniedException", "iam:PassRole"):
        client("hub", name, "sagemaker").create_domain(**campus.domain_request())


def test_an_update_of_a_domain_without_internet_asks_for_its_network(campus: Campus) -> None:
    """Guards: a rehearsal that is green where the real provider's update is refused (terraform-provider-aws#45528)."""
    ec2 = campus.client("hub", None, "ec2")
    group = ec2.create_security_group(GroupName="studio", Description="d", VpcId=campus.vpc)["GroupId"]
    domain = campus.domain(
        AppNetworkAccessType="VpcOnly",
        DefaultUserSettings={"ExecutionRole": campus.role, "SecurityGroups": [group]},
    )
    change: dict[str, Any] = {"DomainId": domain, "AppNetworkAccessType": "VpcOnly", "TagPropagation": "ENABLED"}
    with refused("ValidationException", "VpcId and Subnet IDs are required"):
        campus.sagemaker.update_domain(**change)
    campus.sagemaker.update_domain(**change, VpcId=campus.vpc, SubnetIds=campus.subnets)


def test_nothing_goes_before_what_is_in_it(campus: Campus) -> None:
    """Guards: a `destroy` that is green here and refused at AWS, in any of its steps."""
    sagemaker = campus.sagemaker
    domain = campus.domain()
    campus.profile(domain)
    campus.space(domain)
    app = campus.app(domain)
    assert sagemaker.list_apps(DomainIdEquals=domain)["Apps"][0]["Status"] == "InService"
    with refused("ResourceInUse", "App"):
        sagemaker.delete_space(DomainId=domain, SpaceName="alice-lab")
    with refused("ResourceInUse", "Space"):
        sagemaker.delete_user_profile(DomainId=domain, UserProfileName="alice")
    with refused("ResourceInUse", "Spaces"):
        sagemaker.delete_domain(DomainId=domain)
    sagemaker.delete_app(**app)
    campus.wait()
    assert sagemaker.describe_app(**app)["Status"] == "Deleted"
    with refused("ResourceInUse", "Deleted"):
        sagemaker.delete_app(**app)
    sagemaker.delete_space(DomainId=domain, SpaceName="alice-lab")
    campus.wait()
    with refused("ResourceInUse", "UserProfiles"):
        sagemaker.delete_domain(DomainId=domain)
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="alice")
    campus.wait()
    sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    campus.wait()
    with refused("ResourceNotFound", domain):
        sagemaker.describe_domain(DomainId=domain)


def test_home_directories_hold_the_subnets_as_long_as_they_are_there(campus: Campus) -> None:
    """Guards: a `destroy` of network and domain that AWS refuses, since the file system stayed in the subnets."""
    ec2 = campus.client("hub", None, "ec2")
    for retention, cidr in (("Delete", "10.9.2.0/25"), ("Retain", "10.9.2.128/25")):
        made = ec2.create_subnet(VpcId=campus.vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}a")
        subnet = made["Subnet"]["SubnetId"]
        domain = campus.domain(SubnetIds=[subnet])
        with refused("DependencyViolation", subnet):
            ec2.delete_subnet(SubnetId=subnet)
        campus.sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": retention})
        campus.wait()
        if retention == "Delete":
            ec2.delete_subnet(SubnetId=subnet)
        else:
            with refused("DependencyViolation", subnet):
                ec2.delete_subnet(SubnetId=subnet)


def test_a_profile_is_of_a_domain_and_its_name_is_taken_once(campus: Campus) -> None:
    """Guards: a second profile over the first, or one of a domain that isn't there."""
    sagemaker = campus.sagemaker
    domain = campus.domain()
    campus.profile(domain)
    with refused("ResourceInUse", "alice"):
        sagemaker.create_user_profile(DomainId=domain, UserProfileName="alice")
    with refused("ResourceNotFound"):
        sagemaker.create_user_profile(DomainId="d-nowhere", UserProfileName="alice")
    shown = sagemaker.list_user_profiles(DomainIdEquals=domain)["UserProfiles"]
    assert [(one["UserProfileName"], one["Status"]) for one in shown] == [("alice", "InService")]
    sagemaker.update_user_profile(
        DomainId=domain, UserProfileName="alice", UserSettings={"StudioWebPortal": "DISABLED"}
    )
    campus.wait()
    described = sagemaker.describe_user_profile(DomainId=domain, UserProfileName="alice")
    assert described["UserSettings"] == {"StudioWebPortal": "DISABLED"}
    url = sagemaker.create_presigned_domain_url(DomainId=domain, UserProfileName="alice")["AuthorizedUrl"]
    assert url.startswith(f"https://{domain}.studio.{REGION}.sagemaker.aws/")


def test_a_private_space_says_whose_and_what_it_is_for(campus: Campus) -> None:
    """Guards: requests that AWS refuses, in the provider's words: settings missing, an update that names the type."""
    sagemaker = campus.sagemaker
    domain = campus.domain()
    campus.profile(domain)
    with refused("ValidationException", "SpaceSettings must be provided for creating private space"):
        sagemaker.create_space(**campus.space_request(domain, "alice", SpaceSettings={}))
    with refused("ResourceNotFound", "bob"):
        sagemaker.create_space(**campus.space_request(domain, "bob"))
    storage = {"EbsStorageSettings": {"EbsVolumeSizeInGb": 50}}
    campus.space(domain, SpaceSettings={"AppType": "JupyterLab", "SpaceStorageSettings": storage})
    with refused("ResourceInUse", "alice-lab"):
        sagemaker.create_space(**campus.space_request(domain, "alice"))
    of = {"DomainId": domain, "SpaceName": "alice-lab"}
    with refused("ValidationException", "Updating AppType for Space is not supported"):
        sagemaker.update_space(**of, SpaceSettings={"AppType": "JupyterLab"})
    smaller = {"EbsStorageSettings": {"EbsVolumeSizeInGb": 5}}
    with refused("ValidationException", "decreased"):
        sagemaker.update_space(**of, SpaceSettings={"SpaceStorageSettings": smaller})
    sagemaker.update_space(**of, SpaceDisplayName="Alice")
    campus.wait()
    assert sagemaker.describe_space(**of)["SpaceDisplayName"] == "Alice"
    (shown,) = sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"]
    assert shown["OwnershipSettingsSummary"] == {"OwnerUserProfileName": "alice"}


def test_a_script_in_use_stays(campus: Campus) -> None:
    """Guards: a new script whose predecessor is deleted while profiles or running apps still name it."""
    sagemaker = campus.sagemaker
    script = campus.script()
    named = {"StudioLifecycleConfigName": script.rsplit("/", 1)[1]}
    with refused("ResourceInUse"):
        sagemaker.create_studio_lifecycle_config(
            **named, StudioLifecycleConfigAppType="JupyterLab", StudioLifecycleConfigContent="YQ=="
        )
    domain = campus.domain()
    campus.profile(domain, **running(script))
    campus.space(domain)
    app = campus.app(domain)
    with refused("ResourceInUse", "UserProfile"):
        sagemaker.delete_studio_lifecycle_config(**named)
    sagemaker.update_user_profile(
        DomainId=domain, UserProfileName="alice", UserSettings={"JupyterLabAppSettings": {"LifecycleConfigArns": []}}
    )
    with refused("ResourceInUse", "App"):
        sagemaker.delete_studio_lifecycle_config(**named)
    sagemaker.delete_app(**app)
    campus.wait()
    assert sagemaker.describe_studio_lifecycle_config(**named)["StudioLifecycleConfigArn"] == script
    shown = sagemaker.list_studio_lifecycle_configs(NameContains=named["StudioLifecycleConfigName"])
    assert [one["StudioLifecycleConfigArn"] for one in shown["StudioLifecycleConfigs"]] == [script]
    sagemaker.delete_studio_lifecycle_config(**named)
    with refused("ResourceNotFound"):
        sagemaker.describe_studio_lifecycle_config(**named)


def test_an_app_runs_its_owner_s_script_with_the_role_s_session(campus: Campus, org: Emulator) -> None:
    """Guards: a script that nobody ever ran, and one that fails and leaves the app in service."""
    sagemaker = campus.sagemaker
    domain = campus.domain()
    campus.profile(domain, **running(campus.script('#!/bin/bash\necho here > "$HOME/made"\n')))
    campus.space(domain)
    app = campus.app(domain)
    described = sagemaker.describe_app(**app)
    assert described["Status"] == "InService", described.get("FailureReason")
    assert described["ResourceSpec"]["InstanceType"] == "ml.t3.large"
    home = studio(org, HUB, REGION).kinds["space"][f"{domain}/alice-lab"].home
    assert home is not None
    assert (home / "made").read_text() == "here\n"

    campus.profile(domain, "bob", **running(campus.script("#!/bin/bash\necho refused >&2\nexit 3\n")))
    campus.space(domain, "bob")
    failed = sagemaker.describe_app(**campus.app(domain, "bob-lab"))
    assert failed["Status"] == "Failed"
    assert "status 3: refused" in failed["FailureReason"]


def test_a_person_starts_apps_in_the_own_space_only(campus: Campus, client: Client, org: Emulator) -> None:
    """Guards: a policy on the owner that never matches, or that lets one person into another's space."""
    own = f"arn:aws:sagemaker:{REGION}:{HUB}:user-profile/${{sagemaker:DomainId}}/${{sagemaker:UserProfileName}}"
    role = execution_role(
        client,
        allow(
            "sagemaker:CreateApp", "sagemaker:DeleteApp", resource=f"arn:aws:sagemaker:{REGION}:{HUB}:app/*",
            Condition={
                "ArnLike": {"sagemaker:OwnerUserProfileArn": own},
                "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
            },
        ),
    )  # fmt: skip
    domain = campus.domain(DefaultUserSettings={"ExecutionRole": role})
    for name in ("alice", "bob"):
        campus.profile(domain, name)
        campus.space(domain, name)
    campus.app(domain)
    key, (_, owner) = next(
        (key, where) for key, where in studio(org, HUB, REGION).sessions.items() if where[0] == domain
    )
    assert owner == "alice"
    session = org.identity.session(key)
    assert session is not None
    credentials = session.credentials
    alice = boto3.client(
        "sagemaker", region_name=REGION, endpoint_url=org.endpoint, aws_access_key_id=key,
        aws_secret_access_key=credentials.secret_key, aws_session_token=credentials.session_token,
    )  # fmt: skip
    named = {"DomainId": domain, "AppType": "JupyterLab", "AppName": "default"}
    with refused("AccessDeniedException", "sagemaker:CreateApp"):
        alice.create_app(**named, SpaceName="bob-lab")
    alice.delete_app(**named, SpaceName="alice-lab")
    campus.wait()
    alice.create_app(**named, SpaceName="alice-lab")
