"""Questions of what shares grant: RAM's permissions, group policies, service control policies."""

from __future__ import annotations

import json
from typing import Any

from blueprint.policies.shares import RESOURCE_TYPE, shares
from console.probe.model import DONE, REFUSALS, Ground, Probe, Result, answer, differs, held, unclear, words
from console.probe.registering import DEVELOPMENT, PENDING, STATUS, attempt, group

AWS_PERMISSIONS = {
    "contributor-register": "AWSRAMPermissionSageMakerModelPackageGroupAllowRegister",
    "consumer": "AWSRAMPermissionSageMakerModelPackageGroupAllowDeploy",
}
NO_SUCH_VERSION = 999_999_999
BY_CONTROL_POLICY = "service control policy"
"""How AWS's refusals name it (IAM troubleshoot_access-denied)."""


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else sorted(value or [])


def _shared_policy(ground: Ground) -> Result:
    found = ground.hub("ram").get_resource_policies(resourceArns=[ground.group_arn()])["policies"]
    statements = [statement for text in found for statement in json.loads(text)["Statement"]]
    if not statements:
        return unclear("RAM holds no policy of the group: is the hub up, and are there spokes?")
    seen = [json.dumps(statement, sort_keys=True) for statement in statements]
    for share in shares(ground.organisation):
        wanted = share.template.get("Condition", {})
        granted = [
            one for one in statements if set(_listed(one.get("Action"))) == set(_listed(share.template["Action"]))
        ]
        if not granted:
            return differs(f"no statement holds the actions of {share.level}", *seen)
        for statement in granted:
            condition = statement.get("Condition", {})
            if any(condition.get(operator, {}).get(key) is None for operator, keys in wanted.items() for key in keys):
                return differs(f"a condition of {share.level} is missing", *seen)
    return held(*seen)


def _aws_permissions(ground: Ground) -> Result:
    ram, seen, missing = ground.hub("ram"), [], []
    ours: dict[str, set[str]] = {
        share.level: set(_listed(share.template["Action"])) for share in shares(ground.organisation)
    }
    for level, name in AWS_PERMISSIONS.items():
        arn = f"arn:{ground.names.partition}:ram::aws:permission/{name}"
        template = json.loads(ram.get_permission(permissionArn=arn)["permission"]["permission"])
        actions = _listed(template.get("Action"))
        seen.append(f"{name}: {', '.join(actions)}")
        missing += sorted(ours.get(level, set()) - set(actions))
    return differs(f"not among them: {', '.join(missing)}", *seen) if missing else held(*seen)


def _no_group_policy(ground: Ground) -> Result:
    sagemaker, name = ground.hub("sagemaker"), ground.organisation.groups[0]
    shown: list[str] = []

    def read() -> None:
        shown.append(sagemaker.get_model_package_group_policy(ModelPackageGroupName=name)["ResourcePolicy"])

    code, message = words(read)
    if code == DONE:
        return differs(f"the group's policy is {shown[0]}")
    told = f"{code}: {message}"
    return held(told) if code == "ValidationException" else unclear(told)


def _operators(ground: Ground) -> Result:
    ram, taken, seen = ground.hub("ram"), [], []
    tried = {"Null": {STATUS: "false"}, "StringEqualsIfExists": {STATUS: PENDING}}
    with ground.cleanup() as undo:
        for number, (operator, keys) in enumerate(tried.items()):
            template = {"Effect": "Allow", "Action": ["sagemaker:CreateModelPackage"], "Condition": {operator: keys}}

            def create(number: int = number, template: dict[str, Any] = template) -> None:
                arn = ram.create_permission(
                    name=f"{ground.temporary}-{number}", resourceType=RESOURCE_TYPE, policyTemplate=json.dumps(template)
                )["permission"]["arn"]
                undo(f"RAM permission {arn}", lambda: ram.delete_permission(permissionArn=arn))

            code = answer(create)
            seen.append(f"{operator}: {'taken' if code == DONE else code}")
            taken += [operator] if code == DONE else []
    return differs(*seen) if taken else held(*seen)


def _group_policy(ground: Ground) -> Result:
    with ground.cleanup() as undo:
        arn = group(ground, undo)
        sagemaker = ground.hub("sagemaker")
        versions = arn.replace(":model-package-group/", ":model-package/") + "/*"
        base = {"Principal": {"AWS": ground.names.root_arn(ground.account)}, "Resource": [arn, versions]}
        read = {"Sid": "Read", "Effect": "Allow", "Action": ["sagemaker:DescribeModelPackage"], **base}
        register = {
            "Sid": "Register", "Effect": "Allow", "Action": ["sagemaker:CreateModelPackage"], **base,
            "Condition": {"StringEquals": {STATUS: PENDING}},
        }  # fmt: skip
        never = {"Sid": "Never", "Effect": "Deny", "Action": ["sagemaker:UpdateModelPackage"], **base}
        seen = []
        for label, statement in (("with a Condition", register), ("with a Deny", never)):
            document = json.dumps({"Version": "2012-10-17", "Statement": [read, statement]})
            code, message = words(
                lambda document=document: sagemaker.put_model_package_group_policy(  # type: ignore[misc]  # bound now
                    ModelPackageGroupName=ground.temporary, ResourcePolicy=document
                )
            )
            seen.append(f"{label}: {'taken' if code == DONE else f'{code} {message}'}")
        if any(line.endswith("taken") for line in seen):
            undo(
                f"policy of group {ground.temporary}",
                lambda: sagemaker.delete_model_package_group_policy(ModelPackageGroupName=ground.temporary),
            )
    return held(*seen) if all(line.endswith("taken") for line in seen) else differs(*seen)


def _share_conditions(ground: Ground) -> Result:
    assert ground.spoke is not None, "the runner asks for it"  # noqa: S101
    sagemaker, of = ground.spoke("sagemaker"), ground.group_arn()
    with ground.cleanup() as undo:
        given: dict[str, Any] = {"ModelApprovalStatus": PENDING, "ModelLifeCycle": DEVELOPMENT}
        tried: dict[str, dict[str, Any]] = {
            "pending, in Development": given,
            "approved": {**given, "ModelApprovalStatus": "Approved"},
            "in Production": {**given, "ModelLifeCycle": {**DEVELOPMENT, "Stage": "Production"}},
            "without status": {"ModelLifeCycle": DEVELOPMENT},
        }
        codes = {label: attempt(sagemaker, ground, undo, of, **fields) for label, fields in tried.items()}
    seen = [f"{label}: {code}" for label, code in codes.items()]
    first, *others = codes.values()
    if first in REFUSALS:
        return unclear(
            "not even a pending version may be registered: are these an administrator's of the first stage?", *seen
        )
    return held(*seen) if all(code in REFUSALS for code in others) else differs(*seen)


def _control_policy(ground: Ground) -> Result:
    assert ground.spoke is not None, "the runner asks for it"  # noqa: S101
    sagemaker = ground.spoke("sagemaker")
    arn = ground.names.versions_arn(ground.account, ground.organisation.groups[0]).replace("*", str(NO_SUCH_VERSION))
    code, message = words(
        lambda: sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected"), refusal=True
    )  # fmt: skip
    seen = f"{code}: {message}"
    if code not in REFUSALS:
        return differs("a version that doesn't exist may be decided on from a spoke", seen)
    return held(seen) if BY_CONTROL_POLICY in message.lower() else differs("refused, but not by a control policy", seen)


def _self_share(ground: Ground) -> Result:
    ram = ground.hub("ram")
    with ground.cleanup() as undo:
        arns: list[str] = []

        def share() -> None:
            made = ram.create_resource_share(
                name=ground.temporary, principals=[ground.account], allowExternalPrincipals=False
            )
            arns.append(made["resourceShare"]["resourceShareArn"])
            undo(f"share {arns[0]}", lambda: ram.delete_resource_share(resourceShareArn=arns[0]))

        code, message = words(share)
        if code != DONE:
            return held(f"{code}: {message}")

        def statuses() -> list[str]:
            found = ram.get_resource_share_associations(associationType="PRINCIPAL", resourceShareArns=arns)
            return [one["status"] for one in found["resourceShareAssociations"]]

        ground.until(lambda: "ASSOCIATING" not in statuses(), 60)
        found = statuses()
    return differs(f"associated: {found}") if "ASSOCIATED" in found else held(f"made, and its principal is {found}")


def _bare(text: str) -> str:
    return text.lower().replace("-", "")


def _resource_type(ground: Ground) -> Result:
    pages = ground.hub("ram").list_resource_types()["resourceTypes"]
    ours = [one["resourceType"] for one in pages if "modelpackagegroup" in _bare(one["resourceType"])]
    if not ours:
        return unclear("RAM lists no type of that kind on its first page")
    return held(*ours) if RESOURCE_TYPE in ours else differs(*ours)


PROBES = (
    Probe(
        name="resource-type",
        title="How does RAM spell the type of a model package group?",
        why="CreatePermission demands the spelling of ListResourceTypes; AWS's pages have two.",
        calls=("ram:ListResourceTypes",),
        expected=RESOURCE_TYPE,
        otherwise="set RESOURCE_TYPE in blueprint/policies/shares.py to it before the first `up`",
        run=_resource_type,
    ),
    Probe(
        name="shared-policy",
        title="Does the policy that RAM keeps of a group hold our conditions?",
        why="The register share admits pending versions in the first stage only, if RAM keeps its condition.",
        calls=("ram:GetResourcePolicies",),
        expected="each share's actions, with its condition; units as aws:PrincipalOrgPaths",
        otherwise="take the register share away: a role of the hub registers instead (ADR 0004)",
        run=_shared_policy,
    ),
    Probe(
        name="share-conditions",
        title="Does a share's condition refuse an approved version, registered by an administrator of a spoke?",
        why="The spoke's roles deny it too, but its administrator isn't bound by them: this is the hub's side alone.",
        calls=("sagemaker:CreateModelPackage (can't succeed), as an administrator of a spoke of the first stage",),
        expected="pending in the first stage isn't refused, everything else is",
        otherwise="attach the control policy of docs/security.md at once; take the register share away (ADR 0004)",
        run=_share_conditions,
        live=True,
        needs=("spoke",),
    ),
    Probe(
        name="control-policy",
        title="Does a service control policy bind a spoke on calls to the hub's registry?",
        why="It is what binds an administrator of a spoke; in general it binds principals whatever they call.",
        calls=("sagemaker:UpdateModelPackage of a version that doesn't exist, as an administrator of a spoke",),
        expected="refused by an explicit deny in a service control policy",
        otherwise="attach the control policy of docs/security.md; if it is attached, rely on share and guard alone",
        run=_control_policy,
        needs=("spoke",),
    ),
    Probe(
        name="share-operators",
        title="Does RAM refuse Null and …IfExists in a permission?",
        why="The page says single, non-negating operators. If it took Null, a share could demand a stated status.",
        calls=("ram:CreatePermission", "ram:DeletePermission"),
        expected="refused",
        otherwise="add Null on status and stage to the register share (blueprint/policies/shares.py)",
        run=_operators,
        live=True,
    ),
    Probe(
        name="aws-permissions",
        title="What do AWS's own RAM permissions for groups hold?",
        why="They are published nowhere. Ours should grant nothing that isn't meant to be shared.",
        calls=("ram:GetPermission",),
        expected="every action of our shares is among those of AWS's",
        otherwise="an action that AWS doesn't share may have no effect in ours: try it with share-conditions",
        run=_aws_permissions,
    ),
    Probe(
        name="no-group-policy",
        title="Is the group's own policy empty where RAM alone shares it?",
        why="A tool that reads the group's policy would see drift, or delete what RAM wrote.",
        calls=("sagemaker:GetModelPackageGroupPolicy",),
        expected="there is none",
        otherwise="never manage ModelPackageGroupPolicy beside RAM; say so in docs/security.md",
        run=_no_group_policy,
    ),
    Probe(
        name="group-policy",
        title="Does a group's policy take a Condition and a Deny?",
        why="If it does, the hub could refuse decisions from other accounts once more, as a third layer.",
        calls=("sagemaker:CreateModelPackageGroup", "sagemaker:PutModelPackageGroupPolicy",
               "sagemaker:DeleteModelPackageGroupPolicy"),
        expected="both are taken (samples of AWS show neither)",
        otherwise="nothing: the product has no group policy",
        run=_group_policy,
        live=True,
    ),
    Probe(
        name="self-share",
        title="Does RAM refuse to share with the own account?",
        why="In same-account mode the program makes no share.",
        calls=("ram:CreateResourceShare", "ram:GetResourceShareAssociations", "ram:DeleteResourceShare"),
        expected="refused, or made and never associated",
        otherwise="nothing: a share with oneself would grant nothing more than the account has",
        run=_self_share,
        live=True,
    ),
)  # fmt: skip
