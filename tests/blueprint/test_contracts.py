"""What passes between stacks: the same keys out and in, and an error that says how to mend."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueprint.contracts import Contract, HubContract, SpokeContract, output_name
from blueprint.errors import ContractError
from blueprint.names import PURPOSES
from tests.blueprint.samples import BUCKET, DEV, HUB, KEY, ORGANISATION_ID, REGION, fleet, organisation

EXAMPLE = organisation()
DEV_SPOKE = EXAMPLE.spoke("dev")
HUB_STACK = "organization/ml-governance/hub"

CONTRACT = HubContract(
    account=HUB,
    region=REGION,
    prefix="mlgov",
    organisation=ORGANISATION_ID,
    artifact_bucket=BUCKET,
    artifact_bucket_arn=f"arn:aws:s3:::{BUCKET}",
    artifact_key_arn=KEY,
    governance_bus_arn=f"arn:aws:events:{REGION}:{HUB}:event-bus/mlgov-governance",
    model_package_groups={"ModelCreditRisk": f"arn:aws:sagemaker:{REGION}:{HUB}:model-package-group/ModelCreditRisk"},
    shares={"consumer": "arn:aws:ram:…"},
    spokes={spoke.stack: spoke.account for spoke in EXAMPLE.spokes},
    admitted_purposes=list(PURPOSES),
    tables={"modelgovernanceledger": "mlgov_modelgovernanceledger"},
    documents_bucket=f"mlgov-documents-{HUB}-{REGION}",
    anchors_bucket=f"mlgov-anchors-{HUB}-{REGION}",
    signing_key_arn=KEY,
    queues={"capture-dlq": f"https://sqs.{REGION}.amazonaws.com/{HUB}/mlgov-capture-dlq"},
    alarm_topic_arn=f"arn:aws:sns:{REGION}:{HUB}:mlgov-alarms",
    sink_arn=f"arn:aws:oam:{REGION}:{HUB}:sink/0",
    auditor_role_arn=f"arn:aws:iam::{HUB}:role/mlgov-hub-auditor",
    operator_role_arn="",
    repositories={},
    notebooks_bucket=f"mlgov-notebooks-{HUB}-{REGION}",
    notebooks={"register.ipynb": "0" * 64},
    domain_id="d-abcdefghijkl",
    user_profiles={"data-scientist": "mlgov-hub-data-scientist"},
)


def read(outputs: dict[str, Any]) -> HubContract:
    return HubContract.read(outputs, hub_stack=HUB_STACK, organisation=EXAMPLE, spoke=DEV_SPOKE)


def test_what_the_hub_exports_is_what_a_spoke_reads() -> None:
    """Guards: a key that one side spells differently."""
    assert read(CONTRACT.export()) == CONTRACT


def test_numbers_come_back_from_the_engine_as_floats() -> None:
    """Guards: version 2.0 of a stack's outputs refused as another version than 2."""
    assert read({**CONTRACT.export(), "contractVersion": float(HubContract.version)}) == CONTRACT


def test_a_spoke_s_contract_comes_back_as_it_went() -> None:
    """Guards: as above, for spokes."""
    spoke = SpokeContract(
        account=DEV, stage="dev", execution_role_arn="a", serving_role_arn="b", deployer_role_arn="",
        reader_role_arn="c", forward_dlq="", domain_id="", user_profiles={}, tracking_arn="", inference_url="",
    )  # fmt: skip
    assert SpokeContract.read(spoke.export(), stack="dev") == spoke


@pytest.mark.parametrize("contract", [HubContract, SpokeContract])
def test_exported_names_are_distinct_and_camel_case(contract: type[Contract]) -> None:
    """Guards: two fields under one output."""
    names = [output_name(field.name) for field in fields(contract)]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and "_" not in name and name[0].islower() for name in names)


def test_a_hub_that_isn_t_up_is_named_with_the_command() -> None:
    """Guards: a KeyError, or a spoke full of unknowns."""
    with pytest.raises(ContractError, match=rf"{HUB_STACK} has no outputs.*`pulumi up --stack {HUB_STACK}`"):
        read({})


@given(st.sampled_from([output_name(field.name) for field in fields(HubContract)]))
def test_each_missing_key_is_named_with_stack_and_command(key: str) -> None:
    """Guards: an update of the hub that broke off, taken for a whole one."""
    outputs = CONTRACT.export()
    del outputs[key]
    with pytest.raises(ContractError, match=rf"{HUB_STACK} has no output {key}.*`pulumi up --stack {HUB_STACK}`"):
        read(outputs)


@pytest.mark.parametrize(
    ("version", "mend"),
    [
        (0, "run `pulumi up"),
        (HubContract.version - 1, "run `pulumi up"),
        (None, "run `pulumi up"),
        (HubContract.version + 1, "update"),
        ("x", "run `pulumi up"),
    ],
)
def test_another_version_says_which_side_is_older(version: object, mend: str) -> None:
    """Guards: a contract whose keys mean something else."""
    outputs = {**CONTRACT.export(), "contractVersion": version}
    if version is None:
        del outputs["contractVersion"]
    with pytest.raises(ContractError, match=mend):
        read(outputs)


@pytest.mark.parametrize(
    ("field", "value"),
    [("account", "999999999999"), ("region", "us-east-1"), ("prefix", "other"), ("organisation", "o-zzzzzzzzzz")],
)
def test_a_hub_made_for_other_names_is_refused_with_both(field: str, value: str) -> None:
    """Guards: a spoke whose roles the hub's policies don't name, found by AccessDenied weeks later."""
    with pytest.raises(ContractError) as caught:
        read({**CONTRACT.export(), output_name(field): value})
    assert value in str(caught.value)
    assert str(getattr(CONTRACT, field)) in str(caught.value)
    assert f"key {output_name(field)}" in str(caught.value)


def test_a_hub_that_doesn_t_know_the_spoke_says_whom_it_knows() -> None:
    """Guards: a spoke added to the configuration, brought up before the hub."""
    only_test = replace(CONTRACT, spokes={"test": CONTRACT.spokes["test"]})
    with pytest.raises(ContractError, match=r"knows no spoke dev .*it knows test"):
        read(only_test.export())


def test_roles_that_the_hub_doesn_t_admit_are_refused_with_both_names() -> None:
    """Guards: an account that moved: the hub admits the old one."""
    other = replace(CONTRACT, spokes={"dev": HUB})
    with pytest.raises(ContractError, match=rf"admits {HUB}/mlgov-dev-execution.* makes {DEV}/mlgov-dev-execution"):
        read(other.export())


def test_a_role_that_an_older_hub_doesn_t_admit_is_named() -> None:
    """Guards: a program that makes one role more than the hub admits, and nobody is told before its first call."""
    older = replace(CONTRACT, admitted_purposes=["execution", "serving", "forwarder"])
    with pytest.raises(ContractError, match=rf"admits .*{DEV}/mlgov-dev-serving for dev .* {DEV}/mlgov-dev-reader"):
        read(older.export())


def test_a_fleet_s_contract_is_a_line_a_spoke() -> None:
    """Guards: a stack reference of hundreds of kilobytes, which every spoke reads at every preview."""
    of = fleet(1000)
    large = replace(CONTRACT, spokes={spoke.stack: spoke.account for spoke in of.spokes})
    assert len(json.dumps(large.export())) < 40_000
    with pytest.raises(ContractError, match=r"knows no spoke dev .* and 980 more") as caught:
        read(large.export())
    assert len(str(caught.value)) < 700
