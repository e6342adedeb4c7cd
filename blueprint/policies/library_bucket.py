"""Bucket policy of the library: notebooks and what they need, published by the program, read by execution roles.

An object's key holds its digest, and who fetches checks it: what the provider uploads carries no If-None-Match, so the
bucket can't refuse an overwrite as the artifacts' does. None of our roles may write, whatever its own policies say.
"""

from __future__ import annotations

from blueprint.limits import BUCKET_POLICY, Document
from blueprint.organisation import Organisation
from blueprint.policies.artifact_bucket import DELETE_ACTIONS, TAG_ACTIONS
from blueprint.policies.documents import Form, admit, allow, deny, document, tightest

NOTEBOOKS = "notebooks"
"""Prefix of what is published: `notebooks/<sha256>/<file>`."""

WRITE_ACTIONS = ("s3:PutObject", "s3:PutObjectAcl", *DELETE_ACTIONS, *TAG_ACTIONS)


def library_bucket(organisation: Organisation) -> Document:
    """The library's policy. Raises PolicyTooLarge."""
    return tightest(organisation, BUCKET_POLICY, lambda form: _policy(organisation, form))


def _policy(organisation: Organisation, form: Form) -> Document:
    names = organisation.names
    bucket = names.bucket_arn(organisation.hub, "notebooks")
    objects = [f"{bucket}/*"]
    statements = [
        deny(
            "TlsOnly", ["s3:*"], [bucket, *objects], principal="*",
            condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
        deny(
            "OurRolesOnlyRead", WRITE_ACTIONS, objects, principal="*",
            condition={"ArnLike": {"aws:PrincipalArn": names.role_arn("*", f"{organisation.prefix}-*")}},
        ),
    ]  # fmt: skip
    spokes = [spoke for spoke in organisation.spokes if organisation.stage(spoke.stage).studio]
    if spokes:
        principal, condition = admit(organisation, spokes, ["execution"], form)
        statements.append(
            allow(
                "ExecutionRolesFetch", ["s3:GetObject"], [f"{bucket}/{NOTEBOOKS}/*"], principal=principal,
                condition=condition,
            )
        )  # fmt: skip
    return document(*statements)
