"""The role behind the inference API, and what its callers need: exactly these rights."""

from __future__ import annotations

from blueprint.policies.inference_roles import caller_policy, inference_role
from tests.blueprint.samples import REGION, TEST, grants, organisation, statement, statements

EXAMPLE = organisation()
SPOKE = EXAMPLE.spoke("test")
ENDPOINT = f"arn:aws:sagemaker:{REGION}:{TEST}:endpoint"
ROLE = inference_role(EXAMPLE, SPOKE, ("CreditRisk", "fraud"))


def test_its_rights_are_exactly_these() -> None:
    """Guards: an API that reaches every endpoint of the account, or reads what it serves."""
    assert ROLE.name == "mlgov-test-inference"
    found = {sid: grant for policy in ROLE.policies.values() for sid, grant in grants(policy).items()}
    assert found == {
        "InvokeConfigured": (
            {"sagemaker:InvokeEndpoint"},
            {f"{ENDPOINT}/CreditRisk", f"{ENDPOINT}/creditrisk", f"{ENDPOINT}/fraud"},
        ),
        "WriteOwnLog": (
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            {f"arn:aws:logs:{REGION}:{TEST}:log-group:/aws/lambda/mlgov-test-inference:*"},
        ),
    }


def test_what_another_policy_would_add_is_denied() -> None:
    """Guards: a managed policy that somebody attaches to it later."""
    denied = statement(ROLE.policies["never"], "NothingElse")
    assert denied == {
        "Sid": "NothingElse",
        "Effect": "Deny",
        "NotAction": ["logs:CreateLogStream", "logs:PutLogEvents", "sagemaker:InvokeEndpoint"],
        "Resource": "*",
    }


def test_only_lambda_becomes_it() -> None:
    """Guards: a role that people of the account could use to get round the API's limits and log."""
    [trusted] = statements(ROLE.trust)
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_a_caller_is_admitted_to_the_named_endpoints_alone() -> None:
    """Guards: a documented policy that opens the whole API, or another method."""
    policy = caller_policy(EXAMPLE, SPOKE, "abc123def4", ["CreditRisk"])
    assert grants(policy) == {
        "AskEndpoints": (
            {"execute-api:Invoke"},
            {f"arn:aws:execute-api:{REGION}:{TEST}:abc123def4/$default/POST/endpoints/CreditRisk/invocations"},
        )
    }
