"""Configuration, other stacks' outputs and the provider, as the engine gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from blueprint.errors import ConfigurationError
from components.engine import configuration, declared_once
from tests.components.programs import ROOT, whole_program


def test_configuration_keeps_unknown_keys_of_ours_and_drops_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a misspelt key that is never seen, or Pulumi's own keys refused as ours."""
    monkeypatch.setenv(
        "PULUMI_CONFIG",
        '{"ml-governance:logRetention": "5", "pulumi:tags": "{}", "aws:region": "eu-west-1",'
        ' "ml-governance:organisation": "{\\"prefix\\": \\"x\\"}"}',
    )
    assert configuration() == {"logRetention": "5", "aws:region": "eu-west-1", "organisation": {"prefix": "x"}}


def test_a_structured_value_that_is_text_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a traceback of the JSON parser after `pulumi config set organisation …`."""
    with pytest.raises(
        Exception, match=r"no structured value.*pulumi config rm ml-governance:organisation --stack dev"
    ):
        whole_program(monkeypatch, "dev", values={"organisation": "mlgov"})
    monkeypatch.setenv("PULUMI_CONFIG", '{"ml-governance:organisation": "{"}')
    with pytest.raises(ConfigurationError):
        configuration()


def test_the_project_s_own_file_says_what_stands_once(tmp_path: Path) -> None:
    """Guards: a stack's redefinition that is compared with nothing."""
    assert declared_once(ROOT)["organisation"]["accounts"]["hub"] == {"account": "111111111111"}
    (tmp_path / "Pulumi.yaml").write_text("name: ml-governance\nconfig:\n  organisation: {default: {prefix: x}}\n")
    assert declared_once(tmp_path) == {"organisation": {"prefix": "x"}}
    (tmp_path / "Pulumi.yaml").write_text("name: ml-governance\n")
    assert declared_once(tmp_path) == {}


def test_the_provider_refuses_every_other_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a stack that is deployed with another account's credentials."""
    monkeypatch.setattr("components.engine.declared_once", lambda _: {})
    made = whole_program(monkeypatch, "hub", values={"deployRole": "Deploy"})
    (provider,) = made.of("pulumi:providers:aws")
    assert provider.inputs["allowedAccountIds"] == '["111111111111"]'
    assert provider.inputs["assumeRoles"] == (
        '[{"roleArn": "arn:aws:iam::111111111111:role/Deploy", "sessionName": "ml-governance-hub"}]'
    )
    assert '"governance:stack": "hub"' in provider.inputs["defaultTags"]
    assert all(resource.provider for resource in made.custom()), "a resource without our provider"
