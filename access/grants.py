"""KMS grants: who is granted which operations on which key, under which constraints.

Sources: docs.aws.amazon.com/kms/latest/developerguide/grants.html and create-grant-overview.html#grant-constraints.
A grant allows, it never denies. Its members are spelt as ListGrants answers them; snake_case is read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from access.errors import MalformedPolicy, shown
from access.patterns import Context, arn_matches
from access.principals import Caller, Kind, PrincipalElement, Reach

_MEMBERS = (
    "GrantId", "Name", "KeyId", "CreationDate", "IssuingAccount", "GranteePrincipal", "GranteeServicePrincipal",
    "RetiringPrincipal", "RetiringServicePrincipal", "Operations", "Constraints",
)  # fmt: skip
_CONSTRAINTS = ("EncryptionContextEquals", "EncryptionContextSubset", "SourceArn")
OPERATIONS = (
    "Decrypt", "DeriveSharedSecret", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac", "ReEncryptFrom",
    "ReEncryptTo", "Sign", "Verify", "VerifyMac", "CreateGrant", "DescribeKey", "GetPublicKey", "RetireGrant",
)  # fmt: skip
"""The grant operations of grants.html#terms-grant-operations."""

_IGNORES_ENCRYPTION_CONTEXT = frozenset({"kms:describekey", "kms:retiregrant"})


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant. `actions` are IAM actions in lower case (`kms:decrypt`)."""

    name: str
    key: str | None
    grantee: PrincipalElement
    retiring: PrincipalElement | None
    actions: frozenset[str]
    equals: Mapping[str, str] | None
    subset: Mapping[str, str] | None
    source_arn: str | None

    @classmethod
    def parse(cls, data: object, index: int) -> Grant:
        """From a grant as ListGrants answers it. Raises MalformedPolicy."""
        where = f"grant {index}"
        members = _spelt(data, _MEMBERS, where)
        grantee = _principal(members, "Grantee", where)
        if grantee is None:
            raise MalformedPolicy(where, "neither GranteePrincipal nor GranteeServicePrincipal is there")
        operations = members.get("Operations")
        if isinstance(operations, list):
            operations = [str(operation).removeprefix("kms:") for operation in operations]
        if not isinstance(operations, list) or not operations or not all(o in OPERATIONS for o in operations):
            raise MalformedPolicy(where, f"Operations {shown(operations)} must be a list of {', '.join(OPERATIONS)}")
        constraints = _spelt(members.get("Constraints") or {}, _CONSTRAINTS, f"{where}: Constraints")
        equals = _pairs(constraints, "EncryptionContextEquals", where)
        subset = _pairs(constraints, "EncryptionContextSubset", where)
        if equals is not None and subset is not None:
            raise MalformedPolicy(where, "EncryptionContextEquals and EncryptionContextSubset exclude each other")
        return cls(
            name=_text(members, "Name", where) or _text(members, "GrantId", where) or str(index),
            key=_text(members, "KeyId", where),
            grantee=grantee,
            retiring=_principal(members, "Retiring", where),
            actions=frozenset(f"kms:{operation.lower()}" for operation in operations),
            equals=equals,
            subset=subset,
            source_arn=_text(constraints, "SourceArn", where),
        )

    def reach(
        self, who: Caller, action: str, resource: str, encryption_context: Mapping[str, str], context: Context
    ) -> Reach:
        """How closely the grant lets `who` do `action` (in lower case) on the key `resource`; NONE if it doesn't.

        `encryption_context` holds the request's pairs in their own spelling: constraints are case-sensitive.
        """
        if self.key is not None and self.key not in (resource, resource.rsplit("/", 1)[-1]):
            return Reach.NONE
        if action == "kms:retiregrant" and self.retiring is not None:
            retires = self.retiring.reach(who)
            if retires is not Reach.NONE:
                return retires
        if action not in self.actions or not self._constraints_hold(who, action, encryption_context, context):
            return Reach.NONE
        return self.grantee.reach(who)

    def _constraints_hold(
        self, who: Caller, action: str, encryption_context: Mapping[str, str], context: Context
    ) -> bool:
        if action not in _IGNORES_ENCRYPTION_CONTEXT:
            if self.equals is not None and dict(encryption_context) != dict(self.equals):
                return False
            if self.subset is not None and not self.subset.items() <= encryption_context.items():
                return False
        if self.source_arn is None:
            return True
        source = context.get("aws:sourcearn")
        if source is None:
            return who.kind is not Kind.SERVICE  # "only evaluated when the request is made by an AWS service"
        return isinstance(source, str) and arn_matches(self.source_arn, source)


def _spelt(data: object, known: tuple[str, ...], where: str) -> dict[str, object]:
    """The members under the names of `known`, whichever of both spellings they came in."""
    if not isinstance(data, Mapping):
        raise MalformedPolicy(where, f"{shown(data)} is not an object")
    names = {name.lower(): name for name in known}
    result: dict[str, object] = {}
    for member, value in data.items():
        name = names.get(str(member).replace("_", "").lower())
        if name is None:
            raise MalformedPolicy(where, f"{shown(member)} is no member; known are {', '.join(known)}")
        result[name] = value
    return result


def _text(members: Mapping[str, object], name: str, where: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise MalformedPolicy(where, f"{name} {shown(value)} is not a string")
    return value or None


def _pairs(members: Mapping[str, object], name: str, where: str) -> Mapping[str, str] | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise MalformedPolicy(where, f"{name} {shown(value)} is not an object of strings")
    return dict(value)


def _principal(members: Mapping[str, object], role: str, where: str) -> PrincipalElement | None:
    principal = _text(members, f"{role}Principal", where)
    service = _text(members, f"{role}ServicePrincipal", where)
    if principal and service:
        raise MalformedPolicy(where, f"{role}Principal and {role}ServicePrincipal exclude each other")
    text = principal or service
    if text is None:
        return None
    is_service = service is not None or not (text.startswith("arn:") or text.isdigit())
    return PrincipalElement({"Service" if is_service else "AWS": text}, where)
