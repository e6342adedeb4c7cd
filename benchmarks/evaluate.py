"""How long an IAM decision over the deployed policies takes, against parsing the same case from JSON."""

from __future__ import annotations

import json
from typing import Any

from access import Case, decide
from benchmarks.timing import interleaved, show
from blueprint.policies.artifact_bucket import artifact_bucket
from blueprint.policies.spoke_roles import execution_role
from rehearsal.engine import ROOT
from rehearsal.scenario.configuration import contributor, organisation_of

ROUNDS = 2000
JSON = "json.loads of the case"


def main() -> None:
    organisation = organisation_of(ROOT)
    spoke, key = contributor(organisation), organisation.names.key_arn_like(organisation.hub)
    role = execution_role(organisation, spoke, key)
    principal = f"arn:aws:sts::{spoke.account}:assumed-role/{role.name}/notebook"
    content: dict[str, Any] = {
        "request": {
            "principal": principal,
            "action": "s3:PutObject",
            "resource": f"{organisation.names.bucket_arn(organisation.hub)}/artifacts/{spoke.stack}/a",
            "resource_account": organisation.hub,
            "context": {
                "s3:if-none-match": "*",
                "s3:ObjectCreationOperation": "true",
                "aws:SecureTransport": "true",
                "aws:PrincipalOrgID": organisation.id or "",
            },
        },
        "identity_policies": list(role.policies.values()),
        "resource_policy": artifact_bucket(organisation, key),
    }
    text = json.dumps(content)
    case = Case.from_dict(content)
    print(f"decision: {decide(case).decision}")
    calls = {JSON: lambda: json.loads(text), "decide": lambda: decide(case)}
    show("one decision, two accounts", interleaved(calls, ROUNDS), JSON, 1e6, "µs")


if __name__ == "__main__":
    main()
