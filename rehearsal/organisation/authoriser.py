"""May this principal do this now? Gathers policies and context and asks the evaluator (`access`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from rehearsal.organisation import core
from rehearsal.organisation.core import Call, Caller, Document, Need, NotEmulated
from rehearsal.organisation.identity import Policies
from rehearsal.organisation.policies import keys_asked, parsed
from rehearsal.organisation.resolve import keys_of, request_tags, tag_keys

if TYPE_CHECKING:
    from rehearsal.organisation.emulator import Emulator

Context = dict[str, str | list[str]]

SERVICE_ADDRESS = "198.51.100.10"
"""aws:SourceIp of what a service does on the caller's behalf (TEST-NET-2, RFC 5737)."""

GLOBAL_KEYS = frozenset(
    {
        "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:currenttime", "aws:epochtime",
        "aws:federatedprovider", "aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principalaccount",
        "aws:principalarn", "aws:principalisawsservice", "aws:principalorgid", "aws:principalorgpaths",
        "aws:principalservicename", "aws:principalservicenameslist", "aws:principaltype", "aws:referer",
        "aws:requestedregion", "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths",
        "aws:securetransport", "aws:sourceaccount", "aws:sourcearn", "aws:sourceidentity", "aws:sourceip",
        "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpcarn",
        "aws:sourcevpce", "aws:tagkeys", "aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:username",
        "aws:viaawsservice", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:vpcsourceip",
    }
)  # fmt: skip
"""Global keys that are set where AWS would set them, or that are rightly absent: no request comes from a VPC, a
browser or a federated web identity. Source: iam/reference_policies_condition-keys."""

NOBODY: Document = {"Version": "2012-10-17", "Statement": []}
TAG_KEYS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision on one need, with every layer's own view where it was denied."""

    need: Need
    allowed: bool
    reason: str
    by: str
    layers: list[list[str]] = field(default_factory=list)


class Authoriser:
    """Decides on needs with the organisation's policies as they are at this moment."""

    def __init__(self, org: Emulator) -> None:
        self._org = org

    def judge(
        self, caller: Caller, need: Need, *, region: str, via: str | None = None, call: Call | None = None,
        extra: Mapping[str, str | list[str]] | None = None, resource_policy: Document | None = None,
        grants: list[dict[str, Any]] | None = None,
    ) -> Verdict:  # fmt: skip
        """Decide one need. Raises NotEmulated where a policy asks for a condition key that isn't modelled."""
        from access import Case, decide, layers

        policies = self._org.identity.policies(caller)
        resource_policy = resource_policy or self._resource_policy(need, region)
        context = self._context(caller, need, region=region, via=via, call=call) | dict(extra or {})
        request = {
            "principal": caller.arn,
            "action": need.action,
            "resource": need.resource,
            "context": context,
            **({"resource_account": need.resource_account} if need.resource_account else {}),
        }
        case: dict[str, Any] = {"request": request, "identity_policies": policies.identity}
        optional = {
            "permissions_boundary": policies.boundary,
            "session_policy": caller.session_policy,
            "service_control_policies": self._levels(caller.account, "scp"),
            "resource_control_policies": self._levels(need.resource_account, "rcp"),
            "resource_policy": resource_policy,
            "role_trust": self._role_trust(need),
            "grants": grants,
        }
        case |= {name: value for name, value in optional.items() if value is not None}
        self._refuse_unmodelled(need, context, _documents(policies, case), region)
        described = Case.from_dict(case)
        decision = decide(described)
        told = []
        if not decision.allowed:
            told = [[one.layer, one.decision, one.by] for one in layers(described)]
        return Verdict(need, decision.allowed, decision.reason, decision.by, told)

    def _role_trust(self, need: Need) -> Document | None:
        """The trust policy of the role that STS is asked for; one that isn't there trusts nobody."""
        if not need.action.startswith("sts:") or ":role/" not in need.resource:
            return None
        role = self._org.identity.role(need.resource)
        return NOBODY if role is None else parsed(role.assume_role_policy_document)

    def _levels(self, account: str, kind: str) -> list[list[dict[str, Any]]] | None:
        described = self._org.accounts_by_id.get(account)
        return None if described is None else self._org.settings.levels(described, kind)

    def _resource_policy(self, need: Need, region: str) -> Document | None:
        service = _service_of(need.resource)
        if service is None:
            return None
        self._org.load(service)
        find = core.RESOURCE_POLICIES.get(service)
        return None if find is None else find(self._org, need.resource, need.resource_account, _region(need, region))

    def _tags(self, need: Need, region: str) -> Mapping[str, str]:
        service = _service_of(need.resource)
        find = core.RESOURCE_TAGS.get(service) if service else None
        found = find(self._org, need.resource, need.resource_account, _region(need, region)) if find else None
        return found or {}

    def _refuse_unmodelled(self, need: Need, context: Context, documents: Iterable[Document], region: str) -> None:
        present = {key.lower() for key in context}
        prefix = need.action.split(":")[0]
        modelled = core.CONDITION_KEYS.get(prefix, set())
        for key in sorted(keys_asked(documents, need.action) - present):
            if key in GLOBAL_KEYS or key.startswith(TAG_KEYS[:2]):
                continue
            if key.startswith(TAG_KEYS[2]):
                service = _service_of(need.resource)
                if service is None or service in core.RESOURCE_TAGS:
                    continue
            elif not key.startswith("aws:") and not any(fnmatchcase(key, one) for one in keys_of(need.action)):
                continue  # AWS doesn't send it with this action either
            elif any(fnmatchcase(key, one) for one in modelled):
                continue  # modelled, and rightly absent from this request
            raise NotEmulated(
                f"condition key {key}, for which a policy asks about {need.action} on {need.resource} in {region},"
            )

    def _context(self, caller: Caller, need: Need, *, region: str, via: str | None, call: Call | None) -> Context:
        org = self._org
        now = org.clock.now()
        context: Context = {
            "aws:SecureTransport": "true",
            "aws:RequestedRegion": region,
            "aws:CurrentTime": _time(now),
            "aws:EpochTime": str(int(now.timestamp())),
            "aws:PrincipalIsAWSService": "true" if caller.is_service else "false",
            "aws:ViaAWSService": "true" if via else "false",
            "aws:SourceIp": SERVICE_ADDRESS if via else org.settings.source_ip,
        }
        if need.resource_account:
            context["aws:ResourceAccount"] = need.resource_account
        if caller.is_service:
            del context["aws:SourceIp"]
            context["aws:PrincipalServiceName"] = caller.arn
            context["aws:PrincipalServiceNamesList"] = [caller.arn]
        else:
            context |= self._principal(caller)
        context |= self._organisation("Resource", need.resource_account)
        if via:
            service = f"{via.split('.')[0]}.amazonaws.com"
            context |= {
                "aws:CalledVia": [service],
                "aws:CalledViaFirst": service,
                "aws:CalledViaLast": service,
            }
        if need.action.startswith("kms:") and not caller.is_service:
            context["kms:CallerAccount"] = caller.account
            if via:
                context["kms:ViaService"] = via
        if call is not None:
            context |= {f"aws:RequestTag/{key}": value for key, value in request_tags(call.params).items()}
            if keys := tag_keys(call.params):
                context["aws:TagKeys"] = keys
            if agent := call.headers.get("user-agent"):
                context["aws:UserAgent"] = agent
        context |= {f"aws:ResourceTag/{key}": value for key, value in self._tags(need, region).items()}
        return context | dict(need.context)

    def _principal(self, caller: Caller) -> Context:
        org = self._org
        context: Context = {
            "aws:PrincipalArn": caller.role_arn or caller.arn,
            "aws:PrincipalAccount": caller.account,
            "aws:userid": caller.user_id or caller.account,
            "aws:PrincipalType": "Account" if caller.arn.endswith(":root") else "User",
        }
        if caller.role_arn:
            context["aws:PrincipalType"] = "AssumedRole"
            context["aws:MultiFactorAuthPresent"] = "false"
        elif ":user/" in caller.arn:
            context["aws:username"] = caller.arn.rsplit("/", 1)[-1]
        session = org.identity.session(caller.access_key)
        if session is not None:
            context["aws:TokenIssueTime"] = _time(session.issued)
        if caller.source_identity:
            context["aws:SourceIdentity"] = caller.source_identity
        tags = org.identity.principal_tags(caller)
        context |= {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
        return context | self._organisation("Principal", caller.account)

    def _organisation(self, whose: str, account: str) -> Context:
        described = self._org.accounts_by_id.get(account)
        if described is None or not described.in_organisation:
            return {}
        return {
            f"aws:{whose}OrgID": self._org.id,
            f"aws:{whose}OrgPaths": [self._org.settings.org_path(described)],
        }


def _documents(policies: Policies, case: Mapping[str, Any]) -> list[Document]:
    named = [*policies.identity, *([policies.boundary] if policies.boundary else [])]
    for kind in ("service_control_policies", "resource_control_policies"):
        named += [one for level in case.get(kind, []) for one in level]
    documents: list[Document] = [one["policy"] for one in named]
    return documents + [case[one] for one in ("session_policy", "resource_policy", "role_trust") if one in case]


def _service_of(resource: str) -> str | None:
    return resource.split(":")[2] if resource.startswith("arn:") else None


def _region(need: Need, region: str) -> str:
    parts = need.resource.split(":", 4)
    return parts[3] if len(parts) > 3 and parts[3] else region


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
