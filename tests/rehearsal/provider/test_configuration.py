"""The provider's own arguments."""

from __future__ import annotations

import json

import pytest

from rehearsal.provider.clients import connect
from rehearsal.provider.configuration import Configuration, Misconfigured, WrongAccount, admit, decode, failures, read
from rehearsal.provider.values import UNKNOWN_TEXT, Props
from tests.rehearsal.provider.fakes import FakeClients

ROLE = "arn:aws:iam::111111111111:role/OrganizationAccountAccessRole"


@pytest.mark.parametrize(
    "roles",
    [
        json.dumps([{"roleArn": ROLE, "sessionName": "rehearsal", "externalId": "x"}]),
        json.dumps([{"role_arn": ROLE, "session_name": "rehearsal", "external_id": "x"}]),
        [{"roleArn": ROLE, "sessionName": "rehearsal", "externalId": "x"}],
    ],
)
def test_roles_are_read_as_a_program_may_write_them(roles: object) -> None:
    """Guards against a provider that runs with the caller's own rights, because the role's key is in snake case."""
    found = read({"region": "eu-west-1", "assumeRoles": roles})
    assert found.roles == [{"RoleArn": ROLE, "RoleSessionName": "rehearsal", "ExternalId": "x"}]


def test_a_roles_duration_is_read_in_gos_spelling() -> None:
    """Guards against an hour-long update whose session ends after the default."""
    found = read({"region": "eu-west-1", "assumeRoles": [{"roleArn": ROLE, "duration": "1h30m"}]})
    assert found.roles[0]["DurationSeconds"] == 5400


def test_tags_keep_their_names() -> None:
    """Guards against tags whose keys are turned into camel case like arguments."""
    found = read({"region": "eu-west-1", "defaultTags": json.dumps({"tags": {"cost_center": "risk"}})})
    assert found.default_tags == {"cost_center": "risk"}


def test_ignored_tags_are_left_to_others() -> None:
    """Guards against a change for ever where another tool tags our resources."""
    found = read({"region": "eu-west-1", "ignoreTags": {"keys": ["a"], "keyPrefixes": ["aws:"]}})
    assert [found.ignores(tag) for tag in ("a", "aws:stack", "b")] == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "path", "words"),
    [
        ({"regoin": "eu-west-1"}, "regoin", "no argument of aws.Provider"),
        ({"allowedAccountIds": json.dumps(["11111111111"])}, "allowedAccountIds", "has 12 digits, quoted"),
        ({"assumeRoles": json.dumps([{"roleArm": ROLE}])}, "assumeRoles[0].roleArm", "no argument"),
        ({"assumeRoles": "not json"}, "assumeRoles", "must be of type list"),
        ({"httpProxy": "http://proxy"}, "httpProxy", "doesn't carry out"),
        ({"useFipsEndpoint": "true"}, "useFipsEndpoint", "leave it out"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(arguments: Props, path: str, words: str) -> None:
    """Guards against a misspelt allowedAccountIds that leaves every account open."""
    found = list(failures(arguments))
    assert [failure.path for failure in found] == [path]
    assert words in found[0].reason
    with pytest.raises(Misconfigured, match=words.split(",", maxsplit=1)[0]):
        read({"region": "eu-west-1", **arguments})


def test_what_the_sdk_sends_by_itself_is_accepted() -> None:
    """Guards against refusing a provider that no program configured: the SDK adds these to each."""
    sent = {
        "skipCredentialsValidation": "false",
        "skipRegionValidation": "true",
        "version": "7.51.1",
        "region": "eu-west-1",
    }
    assert list(failures(sent)) == []


def test_arguments_known_only_after_the_update_are_left_out() -> None:
    """Guards against assuming a role whose ARN is Pulumi's sentinel."""
    assert decode({"assumeRoles": json.dumps([{"roleArn": UNKNOWN_TEXT}]), "region": "eu-west-1"}) == {
        "region": "eu-west-1"
    }


def test_a_missing_region_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards against boto3's own error, which names neither the stack's key nor the variable."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Misconfigured, match="set aws:region"):
        read({})


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        (
            Configuration(region="eu-west-1", allowed=["222222222222"]),
            "111111111111, this stack admits only 222222222222",
        ),
        (Configuration(region="eu-west-1", forbidden=["111111111111"]), "111111111111 is in forbiddenAccountIds"),
    ],
)
def test_the_wrong_account_is_refused_with_both_ids(configuration: Configuration, words: str) -> None:
    """Guards against deploying one account's stack into another."""
    clients = FakeClients({"get_caller_identity": {"Account": "111111111111"}}, configuration)
    with pytest.raises(WrongAccount, match=words):
        admit(clients)


def test_the_right_account_is_admitted_and_without_a_list_none_is_asked_for() -> None:
    """Guards against a call to STS that a provider without lists may not be allowed to make."""
    admit(
        FakeClients(
            {"get_caller_identity": {"Account": "1" * 12}}, Configuration(region="eu-west-1", allowed=["1" * 12])
        )
    )
    admit(FakeClients({}))


def test_credentials_of_the_configuration_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards against a provider that acts as whoever started the engine."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment")
    clients = connect(Configuration(region="eu-west-1", access_key="given", secret_key="given"))
    assert clients._session.get_credentials().access_key == "given"
