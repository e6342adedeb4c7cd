"""Questions of the registry's condition keys and versions: asked with a role and a group that live for a minute."""

from __future__ import annotations

import json
from typing import Any

from console.probe.model import DONE, REFUSALS, Clients, Ground, Probe, Result, Undo, answer, differs, held, unclear

STATUS = "sagemaker:ModelApprovalStatus"
PENDING = "PendingManualApproval"
SPELLINGS = ("sagemaker:ModelLifeCycle:Stage", "sagemaker:ModelLifeCycle:stage", "sagemaker:ModelLifeCycle/stage")
BINDING = SPELLINGS[:2]
"""Names of condition keys are case-insensitive; the third stands on one page of AWS's, and is another key."""

PROPAGATION_SECONDS = 60.0
DEVELOPMENT = {"Stage": "Development", "StageStatus": "PendingApproval"}


def group(ground: Ground, undo: Undo) -> str:
    """A group of its own, which nothing governs; its ARN."""
    sagemaker, name = ground.hub("sagemaker"), ground.temporary
    arn: str = sagemaker.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="Temporary: governance probe"
    )["ModelPackageGroupArn"]
    undo(f"model package group {name}", lambda: sagemaker.delete_model_package_group(ModelPackageGroupName=name))
    return arn


def attempt(sagemaker: Any, ground: Ground, undo: Undo, of: str, **fields: Any) -> str:
    """Try to register a version whose artifact doesn't exist: AWS refuses to, or finds it invalid. The error's code.

    Should it be made all the same, it is removed again.
    """
    url = f"s3://{ground.temporary}-no-such-bucket/model.tar.gz"
    image = f"{ground.account}.dkr.ecr.{ground.region}.amazonaws.com/{ground.temporary}:1"
    container = {"Image": image, "ModelDataUrl": url}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }

    def create() -> None:
        arn = sagemaker.create_model_package(
            ModelPackageGroupName=of, InferenceSpecification=specification, **fields
        )["ModelPackageArn"]  # fmt: skip
        remover = ground.hub("sagemaker")
        undo(f"version {arn}", lambda: remover.delete_model_package(ModelPackageName=arn))

    return answer(create, refusal=True)


def role_that_may(ground: Ground, undo: Undo, name: str, *statements: dict[str, Any]) -> Clients | None:
    """Clients of a role with these statements, once AWS honours them; None where it doesn't in time."""
    import boto3

    iam, sts = ground.hub("iam"), ground.hub("sts")
    principal = {"AWS": ground.names.root_arn(ground.account)}
    trust = [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
    undo(f"role {name}", lambda: iam.delete_role(RoleName=name))
    # The same document holds a right whose effect shows when the document counts.
    marker = {"Effect": "Allow", "Action": "sagemaker:ListModels", "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="probe", PolicyDocument=_document([*statements, marker]))
    undo(f"policy of role {name}", lambda: iam.delete_role_policy(RoleName=name, PolicyName="probe"))
    keys: dict[str, str] = {}

    def clients(service: str) -> Any:
        return boto3.client(
            service,
            region_name=ground.region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def assume() -> None:
        keys.update(sts.assume_role(RoleArn=arn, RoleSessionName="governance-probe")["Credentials"])

    def counts() -> bool:
        return (
            answer(assume, refusal=True) == DONE
            and answer(lambda: clients("sagemaker").list_models(MaxResults=1), refusal=True) == DONE
        )

    return clients if ground.until(counts, PROPAGATION_SECONDS) else None


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _registers(group_arn: str, condition: dict[str, Any]) -> dict[str, Any]:
    versions = group_arn.replace(":model-package-group/", ":model-package/") + "/*"
    action = "sagemaker:CreateModelPackage"
    return {"Effect": "Allow", "Action": action, "Resource": [group_arn, versions], "Condition": condition}


def _status_left_out(ground: Ground) -> Result:
    with ground.cleanup() as undo:
        of = group(ground, undo)
        may = role_that_may(ground, undo, ground.temporary, _registers(of, {"StringEquals": {STATUS: PENDING}}))
        if may is None:
            return unclear("IAM didn't honour the temporary role in time")
        sagemaker = may("sagemaker")
        pending = attempt(sagemaker, ground, undo, of, ModelApprovalStatus=PENDING)
        approved = attempt(sagemaker, ground, undo, of, ModelApprovalStatus="Approved")
        omitted = attempt(sagemaker, ground, undo, of)
    seen = (f"stated {PENDING}: {pending}", f"stated Approved: {approved}", f"left out: {omitted}")
    if pending in REFUSALS or approved not in REFUSALS:
        return unclear("the stated values don't show the key at work", *seen)
    return held(*seen) if omitted in REFUSALS else differs(*seen)


def _spellings(ground: Ground) -> Result:
    with ground.cleanup() as undo:
        of = group(ground, undo)
        seen: list[str] = []
        binds: list[str] = []
        for number, spelling in enumerate(SPELLINGS):
            allowed = _registers(of, {"StringEquals": {spelling: DEVELOPMENT["Stage"]}})
            may = role_that_may(ground, undo, f"{ground.temporary}-{number}", allowed)
            if may is None:
                return unclear("IAM didn't honour a temporary role in time", *seen)
            code = attempt(may("sagemaker"), ground, undo, of, ModelApprovalStatus=PENDING, ModelLifeCycle=DEVELOPMENT)
            seen.append(f"{spelling}: {code}")
            if code not in REFUSALS:
                binds.append(spelling)
    if not binds:
        return unclear("no spelling lets the request through", *seen)
    return held(*seen) if tuple(binds) == BINDING else differs(*seen)


def _clone(ground: Ground) -> Result:
    with ground.cleanup() as undo:
        of = group(ground, undo)
        sagemaker = ground.hub("sagemaker")
        source = sagemaker.describe_model_package(ModelPackageName=ground.version)["ModelApprovalStatus"]
        arn = sagemaker.create_model_package(ModelPackageGroupName=of, SourceUri=ground.version)["ModelPackageArn"]
        undo(f"version {arn}", lambda: sagemaker.delete_model_package(ModelPackageName=arn))
        clone = sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"]
    seen = f"of a version that is {source} the copy is {clone}"
    if source != "Approved":
        return unclear(seen, "give --version of an approved one: others can't show it")
    return differs(seen) if clone == "Approved" else held(seen)


def _etag(ground: Ground) -> Result:
    with ground.cleanup() as undo:
        of = group(ground, undo)
        sagemaker = ground.hub("sagemaker")
        shown = sagemaker.describe_model_package(ModelPackageName=ground.version)["InferenceSpecification"]
        kept = ("Image", "ModelDataUrl")
        containers = [{key: one[key] for key in kept if key in one} for one in shown["Containers"]]
        wrong = {**shown, "Containers": [{**one, "ModelDataETag": "0" * 32} for one in containers]}
        made: list[str] = []

        def register() -> None:
            arn = sagemaker.create_model_package(ModelPackageGroupName=of, InferenceSpecification=wrong)
            made.append(arn["ModelPackageArn"])
            undo(f"version {made[0]}", lambda: sagemaker.delete_model_package(ModelPackageName=made[0]))

        code = answer(register)
        if code != DONE:
            return held(f"registration with another ETag: {code}")
        stored = sagemaker.describe_model_package(ModelPackageName=made[0])["InferenceSpecification"]["Containers"]
    return differs(f"registration with another ETag is taken, and stored as {stored[0].get('ModelDataETag')!r}")


PROBES = (
    Probe(
        name="approval-status-left-out",
        title="Is sagemaker:ModelApprovalStatus absent where a registration leaves the status out?",
        why="A scientist's role and RAM's share admit a stated status only; AWS fills PendingManualApproval itself.",
        calls=("iam:CreateRole", "iam:PutRolePolicy", "sts:AssumeRole", "sagemaker:CreateModelPackageGroup",
               "sagemaker:CreateModelPackage (can't succeed)"),
        expected="absent: a registration without status is refused",
        otherwise="clients may leave the status out; nothing to change, but docs/security.md and the notebooks say so",
        run=_status_left_out,
        live=True,
    ),
    Probe(
        name="stage-key-spelling",
        title="Which spelling of the life cycle's condition key binds?",
        why="AWS's pages spell it in three ways; a Deny on a key that is never sent refuses nothing and says nothing.",
        calls=("iam:CreateRole", "iam:PutRolePolicy", "sts:AssumeRole", "sagemaker:CreateModelPackageGroup",
               "sagemaker:CreateModelPackage (can't succeed)"),
        expected=f"{' and '.join(BINDING)} do, {SPELLINGS[2]} doesn't",
        otherwise="set LIFECYCLE_STAGE in blueprint/policies/conditions.py to a spelling that binds, and bring all up",
        run=_spellings,
        live=True,
    ),
    Probe(
        name="clone-status",
        title="Is the copy of an approved version (SourceUri) approved, too?",
        why="No condition key sees the source: a copy that is born approved goes round the approver.",
        calls=("sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"),
        expected="not approved",
        otherwise="keep guard at `reject`: it is then the only thing that stops a copied approval",
        run=_clone,
        live=True,
        needs=("version",),
    ),
    Probe(
        name="etag-at-registration",
        title="Does AWS compare an artifact's ETag with the one that a version states?",
        why="Then a swapped artifact couldn't be deployed at all; the verdict `digest differs` doesn't rest on it.",
        calls=("sagemaker:CreateModelPackageGroup", "sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage"),
        expected="yes: a registration with another ETag is refused",
        otherwise="nothing: digests are compared by our own functions; docs/security.md says that AWS doesn't",
        run=_etag,
        live=True,
        needs=("version",),
    ),
)  # fmt: skip
