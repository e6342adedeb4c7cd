"""Read an estate from what Pulumi holds of its stacks: `pulumi stack export`, or resources in that shape."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from console.access.estate import Document, Estate, Share, Slot
from console.errors import CommandError

Outputs = Mapping[str, Any]
Resource = tuple[str, Outputs]
"""(type token, outputs) of a resource."""

IGNORED = frozenset({"aws:sns/topic:Topic", "aws:sqs/queue:Queue", "aws:s3/bucket:Bucket"})
"""They answer a copy of the policy that a resource of its own sets, and that may be older."""

POLICIES = ("policy", "assumeRolePolicy", "policyDocument", "inlinePolicies", "accessPolicy", "resourcePolicy")


def read_exports(paths: Iterable[Path]) -> Estate:
    """The estate of several stacks. A folder stands for its `*.json`. Raises CommandError where one can't be read."""
    files = [file for path in paths for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if not files:
        raise CommandError("no stack export there: write them by `pulumi stack export --stack STACK --file FILE`")
    resources: list[Resource] = []
    for file in files:
        resources += _resources(file)
    return estate_of(resources, source=", ".join(file.stem for file in files))


def _resources(file: Path) -> Iterator[Resource]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CommandError(f"{file} isn't there") from None
    deployment = content.get("deployment", content) if isinstance(content, dict) else None
    listed = deployment.get("resources") if isinstance(deployment, dict) else None
    if not isinstance(listed, list):
        raise CommandError(f"{file} is no stack export: it holds no deployment with resources")
    for resource in listed:
        if resource["type"].startswith("aws:") and not resource.get("delete"):
            yield resource["type"], {"id": resource.get("id", ""), **resource.get("outputs", {})}


def estate_of(resources: Iterable[Resource], source: str = "") -> Estate:
    """The estate of these resources."""
    return _Reader(list(resources)).estate(source)


class _Reader:
    """Collects by type. What has a policy and isn't known is refused: an unread policy would be an unproved one."""

    def __init__(self, resources: list[Resource]) -> None:
        self._by_type: dict[str, list[Outputs]] = defaultdict(list)
        for kind, outputs in resources:
            self._by_type[kind].append(outputs)
        self._slots: list[Slot] = []

    def estate(self, source: str) -> Estate:
        self._refuse_unknown()
        roles = {outputs["name"]: outputs for outputs in self._of("aws:iam/role:Role")}
        self._roles(roles)
        keys = {outputs["arn"]: outputs for outputs in self._of("aws:kms/key:Key")}
        for arn, outputs in keys.items():
            self._add("resource", arn, f"key policy {_last(arn)}", outputs.get("policy"))
        self._resource_policies()
        permissions = self._of("aws:ram/permission:Permission")
        for outputs in permissions:
            self._add("share", outputs["arn"], f"RAM permission {outputs['name']}", outputs["policyTemplate"])
        return Estate(
            slots=tuple(self._slots),
            roles=tuple(sorted(outputs["arn"] for outputs in roles.values())),
            boundaries={
                outputs["arn"]: outputs["permissionsBoundary"]
                for outputs in roles.values()
                if outputs.get("permissionsBoundary")
            },
            shares=tuple(self._shares()),
            keys={outputs["name"]: _key_arn(outputs, keys) for outputs in self._of("aws:kms/alias:Alias")},
            sinks=tuple(outputs["arn"] for outputs in self._of("aws:oam/sink:Sink")),
            apis=dict(self._apis()),
            source=source,
        )

    def _of(self, kind: str) -> list[Outputs]:
        return self._by_type.get(kind, [])

    def _add(self, kind: Any, owner: str, name: str, text: Any) -> None:
        if text:
            document: Document = json.loads(text) if isinstance(text, str) else text
            self._slots.append(Slot(kind=kind, owner=owner, name=name, document=document))

    def _refuse_unknown(self) -> None:
        for kind, several in self._by_type.items():
            if kind in KNOWN or kind in IGNORED:
                continue
            for outputs in several:
                held = [key for key in POLICIES if outputs.get(key)]
                if held:
                    raise CommandError(f"{kind} holds a policy ({held[0]}) that this command can't read yet")

    def _roles(self, roles: Mapping[str, Outputs]) -> None:
        for outputs in roles.values():
            self._add("trust", outputs["arn"], f"trust of {outputs['name']}", outputs["assumeRolePolicy"])
        for outputs in self._of("aws:iam/rolePolicy:RolePolicy"):
            role = roles.get(outputs["role"])
            if role is None:
                raise CommandError(f"the role {outputs['role']} of policy {outputs['name']} is in none of the exports")
            self._add("identity", role["arn"], f"{role['name']}/{outputs['name']}", outputs["policy"])
        managed = {outputs["arn"]: outputs for outputs in self._of("aws:iam/policy:Policy")}
        for outputs in self._of("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
            policy, role = managed.get(outputs["policyArn"]), roles[outputs["role"]]
            if policy is None:
                raise CommandError(
                    f"the managed policy {outputs['policyArn']} of role {role['name']} is in none of the exports, so"
                    " what it allows isn't known: the program's own roles have inline policies only"
                )
            self._add("identity", role["arn"], f"{role['name']}/{policy['name']}", policy["policy"])
        for role in roles.values():
            boundary = managed.get(role.get("permissionsBoundary") or "")
            if boundary is not None:
                self._add("boundary", role["arn"], f"boundary {boundary['name']}", boundary["policy"])

    def _resource_policies(self) -> None:
        for outputs in self._of("aws:s3/bucketPolicy:BucketPolicy"):
            self._add(
                "resource", f"arn:aws:s3:::{outputs['bucket']}", f"bucket policy {outputs['bucket']}", outputs["policy"]
            )
        queues = {outputs["url"]: outputs["arn"] for outputs in self._of("aws:sqs/queue:Queue")}
        for outputs in self._of("aws:sqs/queuePolicy:QueuePolicy"):
            arn = queues[outputs["queueUrl"]]
            self._add("resource", arn, f"queue policy {arn.rpartition(':')[2]}", outputs["policy"])
        buses = {outputs["name"]: outputs["arn"] for outputs in self._of("aws:cloudwatch/eventBus:EventBus")}
        for outputs in self._of("aws:cloudwatch/eventBusPolicy:EventBusPolicy"):
            name = outputs["eventBusName"]
            self._add("resource", buses[name], f"bus policy {name}", outputs["policy"])
        for outputs in self._of("aws:sns/topicPolicy:TopicPolicy"):
            self._add("resource", outputs["arn"], f"topic policy {_last(outputs['arn'])}", outputs["policy"])
        for outputs in self._of("aws:oam/sinkPolicy:SinkPolicy"):
            self._add("resource", outputs["sinkIdentifier"], "sink policy", outputs["policy"])
        repositories = {outputs["name"]: outputs["arn"] for outputs in self._of("aws:ecr/repository:Repository")}
        for outputs in self._of("aws:ecr/repositoryPolicy:RepositoryPolicy"):
            name = outputs["repository"]
            self._add("resource", repositories[name], f"repository policy {name}", outputs["policy"])
        for outputs in self._of("aws:ec2/vpcEndpoint:VpcEndpoint"):
            name = outputs.get("serviceName", "").rpartition(".")[2]
            self._add("endpoint", outputs.get("arn", outputs["id"]), f"endpoint policy {name}", outputs.get("policy"))
        self._invocations()

    def _invocations(self) -> None:
        """Lambda's permissions, each a statement of the function's policy (lambda access-control-resource-based)."""
        functions = {outputs["name"]: outputs["arn"] for outputs in self._of("aws:lambda/function:Function")}
        for outputs in self._of("aws:lambda/permission:Permission"):
            given = str(outputs["function"])
            arn = str(functions.get(given, given))
            who = outputs["principal"]
            condition: dict[str, dict[str, str]] = {}
            if outputs.get("sourceArn"):
                condition["ArnLike"] = {"aws:SourceArn": outputs["sourceArn"]}
            if outputs.get("sourceAccount"):
                condition["StringEquals"] = {"aws:SourceAccount": outputs["sourceAccount"]}
            statement = {
                "Sid": outputs.get("statementId") or "Invoke",
                "Effect": "Allow",
                "Principal": {"Service" if who.endswith(".com") else "AWS": who},
                "Action": outputs["action"],
                "Resource": arn,
                **({"Condition": condition} if condition else {}),
            }
            name = f"function policy {_last(arn)}/{statement['Sid']}"
            self._add("resource", arn, name, {"Version": "2012-10-17", "Statement": [statement]})

    def _shares(self) -> Iterator[Share]:
        principals, resources = defaultdict(list), defaultdict(list)
        for outputs in self._of("aws:ram/principalAssociation:PrincipalAssociation"):
            principals[outputs["resourceShareArn"]].append(outputs["principal"])
        for outputs in self._of("aws:ram/resourceAssociation:ResourceAssociation"):
            resources[outputs["resourceShareArn"]].append(outputs["resourceArn"])
        for outputs in self._of("aws:ram/resourceShare:ResourceShare"):
            arn = outputs["arn"]
            yield Share(
                arn=arn,
                permissions=tuple(outputs.get("permissionArns") or ()),
                principals=tuple(sorted(principals[arn])),
                resources=tuple(sorted(resources[arn])),
            )

    def _apis(self) -> Iterator[tuple[str, str]]:
        """(execute-api ARN of a route, its authorisation)."""
        apis = {outputs["id"]: outputs for outputs in self._of("aws:apigatewayv2/api:Api")}
        for outputs in self._of("aws:apigatewayv2/route:Route"):
            api = apis[outputs["apiId"]]
            verb, _, path = outputs["routeKey"].partition(" ")
            yield f"{api['executionArn']}/*/{verb}{path}", outputs.get("authorizationType") or "NONE"


KNOWN = frozenset(
    {
        "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:kms/key:Key", "aws:kms/alias:Alias",
        "aws:s3/bucketPolicy:BucketPolicy", "aws:sqs/queuePolicy:QueuePolicy",
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy", "aws:sns/topicPolicy:TopicPolicy",
        "aws:oam/sinkPolicy:SinkPolicy", "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:ecr/repository:Repository", "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:lambda/permission:Permission", "aws:ram/permission:Permission",
    }
)  # fmt: skip


def _last(arn: str) -> str:
    return arn.replace("/", ":").rpartition(":")[2]


def _key_arn(alias: Outputs, keys: Mapping[str, Outputs]) -> str:
    """The ARN of the key behind an alias. Raises CommandError where the key is in none of the exports."""
    told = alias.get("targetKeyArn") or alias["targetKeyId"]
    found = next((arn for arn in keys if arn == told or arn.endswith(f"/{told}")), None)
    if found is None and not str(told).startswith("arn:"):
        raise CommandError(f"the key {told} of {alias['name']} is in none of the exports")
    return str(found or told)
