"""The inference API: requests to it, to its function and to the endpoints that it asks.

Sources: Service Authorization Reference; apigateway http-api-access-control-iam; lambda access-control-resource-based.
"""

from __future__ import annotations

from collections.abc import Iterator

from blueprint.intent.asking import Asks
from blueprint.intent.model import Admission, Facts, Refusal, RoleIntent
from blueprint.intent.words import on
from blueprint.organisation import Organisation, Spoke

WRITE_LOG = ["logs:CreateLogStream", "logs:PutLogEvents"]


def answering(of: Organisation, facts: Facts) -> Iterator[Spoke]:
    """The spokes that have an inference API."""
    yield from (spoke for spoke in of.spokes if facts.of(spoke.stack).endpoints)


def ask_inference(asks: Asks) -> None:
    for spoke in answering(asks.organisation, asks.facts):
        stack, account = spoke.stack, spoke.account
        for name in asks.facts.of(stack).endpoints:
            # As created, and as AWS judges it, with the name in lower case (philschmid/cdk-samples#2).
            for form in sorted({name, name.lower()}):
                arn = asks.arn("sagemaker", f"endpoint/{form}", account)
                asks.add(
                    f"endpoint/{form}@{stack}:invoke", "sagemaker:InvokeEndpoint", arn, account=account, stack=stack
                )
        log = asks.organisation.names.inference_log_group_arn(account, stack)
        asks.add(f"inference-log@{stack}:write", WRITE_LOG, f"{log}:log-stream:s", account=account, stack=stack)
        function = asks.arn("lambda", f"function:{asks.organisation.names.inference(stack)}", account)
        asks.add(f"function@{stack}:invoke", "lambda:InvokeFunction", function, account=account, stack=stack)
        asks.add(f"function@{stack}:change", "lambda:UpdateFunctionCode", function, account=account, stack=stack)
        for number, route in enumerate(asks.facts.of(stack).routes):
            asks.add(f"api@{stack}:ask#{number}", "execute-api:Invoke", route, account=account, stack=stack)


def inference_intents(of: Organisation, facts: Facts) -> list[RoleIntent]:
    """The function's role: the configured endpoints, its log, nothing else whatever is attached to it."""
    return [
        RoleIntent(
            id=f"{spoke.stack}/inference",
            may=(
                *(f"endpoint/{form}@{spoke.stack}:invoke" for form in _forms(facts, spoke.stack)),
                f"inference-log@{spoke.stack}:write",
            ),
            only=True,
        )
        for spoke in answering(of, facts)
    ]


def _forms(facts: Facts, stack: str) -> list[str]:
    return sorted({form for name in facts.of(stack).endpoints for form in (name, name.lower())})


def inference_sides(of: Organisation, facts: Facts) -> tuple[list[Admission], list[Refusal]]:
    admitted = []
    for spoke in answering(of, facts):
        role = f"role/{spoke.stack}/inference"
        verbs = ("become", "become-by-name#AssumeRole", "become-with-mfa#AssumeRole")
        admitted.append(Admission(asks=on((role,), verbs), who=("service/lambda",)))
        if facts.of(spoke.stack).routes:
            admitted.append(Admission(asks=(f"function@{spoke.stack}:invoke",), who=(f"service/api.*@{spoke.stack}",)))
    return admitted, []
