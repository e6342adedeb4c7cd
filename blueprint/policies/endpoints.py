"""The endpoints of a private network, and what may pass each of them.

An endpoint's policy grants nothing: it bounds what the callers' own policies grant (vpc/latest/privatelink
vpc-endpoints-access). So the actions stay open, and the bound is whose credentials and whose resources pass: with an
outsider's credentials, or to an outsider's bucket, nothing leaves the network.

Sources: dg/studio-updated-and-internet-access (the endpoints of a domain without internet),
dg/studio-interface-endpoint (Studio's own, and the form of its policy), dg/mlflow-interface-endpoint-create,
AmazonECR vpc-endpoints (the bucket of the layers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from blueprint.limits import Document
from blueprint.names import Bucket
from blueprint.organisation import Organisation
from blueprint.policies.documents import Condition, allow, both, document, one_or_many

Kind = Literal["Gateway", "Interface"]

SHARED_BUCKETS: tuple[Bucket, ...] = ("artifacts", "notebooks")
"""The hub's buckets that people of the spokes work with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSpec:
    """An endpoint of the network. `service`: as EC2 names it. `used_for`: who calls it."""

    name: str
    service: str
    kind: Kind
    used_for: str
    policy: Document


def endpoints(organisation: Organisation, stack: str, account: str, *, tracks: bool) -> tuple[EndpointSpec, ...]:
    """The endpoints of a stack's network, gateways first. `tracks`: the stack has experiment tracking.

    KMS isn't among them: no role of ours may call it but through S3, and S3 calls it by itself.
    """
    region = organisation.region
    ours = document(allow("OurCallers", ["*"], ["*"], principal="*", condition=_callers(organisation, account)))

    def gateway(name: str, policy: Document, used_for: str) -> EndpointSpec:
        service = f"com.amazonaws.{region}.{name}"
        return EndpointSpec(name=name, service=service, kind="Gateway", used_for=used_for, policy=policy)

    def interface(name: str, used_for: str) -> EndpointSpec:
        service = f"com.amazonaws.{region}.{name}"
        return EndpointSpec(
            name=name.replace(".", "-"), service=service, kind="Interface", used_for=used_for, policy=ours
        )

    def sagemakers(name: str, policy: Document, used_for: str) -> EndpointSpec:
        service = f"aws.sagemaker.{region}.{name}"
        return EndpointSpec(name=name, service=service, kind="Interface", used_for=used_for, policy=policy)

    found = [
        gateway("s3", s3(organisation, account), "artifacts, notebooks, the account's own buckets, layers"),
        gateway("dynamodb", dynamodb(organisation, account), "the account's own tables"),
        interface("sagemaker.api", "Studio itself; registering, describing, deploying"),
        interface("sagemaker.runtime", "Studio itself; invoking endpoints"),
        sagemakers("studio", studio(organisation, account), "Studio's pages, opened from inside the network"),
        interface("sts", "who am I, and becoming a role"),
        interface("logs", "logs of Studio's applications"),
        interface("monitoring", "publishing quality metrics"),
    ]
    if _asks(organisation, stack):
        found.append(interface("events", "asking for a stage"))
    if tracks:
        found.append(sagemakers("experiments", ours, "MLflow"))
    if organisation.image_repositories or organisation.repositories:
        found += [interface("ecr.api", "pulling images"), interface("ecr.dkr", "pulling images")]
    return tuple(found)


def _asks(organisation: Organisation, stack: str) -> bool:
    """Whether the account's people post requests for a stage on the governance bus."""
    own = {spoke.stage for spoke in organisation.spokes if spoke.stack == stack}
    return any(own & set(stage.asked_by) for stage in organisation.stages)


def s3(organisation: Organisation, account: str) -> Document:
    """The hub's shared buckets, the account's own ones, and the layers of images, which ECR's signed links lead to."""
    names = organisation.names
    buckets = [names.bucket_arn(organisation.hub, bucket) for bucket in SHARED_BUCKETS]
    shared = [*buckets, *(f"{bucket}/*" for bucket in buckets)]
    ours = _callers(organisation, account)
    return document(
        allow("HubBuckets", ["s3:*"], shared, principal="*", condition=ours),
        allow("OwnBuckets", ["s3:*"], ["*"], principal="*", condition=both(ours, _resources_of(account))),
        allow(
            "ImageLayers", ["s3:GetObject"],
            [f"arn:{names.partition}:s3:::prod-{organisation.region}-starport-layer-bucket/*"], principal="*",
        ),
    )  # fmt: skip


def dynamodb(organisation: Organisation, account: str) -> Document:
    """The account's own tables: the ledger is the hub's functions', and they don't run in a network."""
    condition = both(_callers(organisation, account), _resources_of(account))
    return document(allow("OwnTables", ["dynamodb:*"], ["*"], principal="*", condition=condition))


def studio(organisation: Organisation, account: str) -> Document:
    """The account's own domains, in the form of dg/studio-interface-endpoint: by resource, as what a browser sends
    carries a session of Studio and no key of a principal.
    """
    own = f"arn:{organisation.names.partition}:sagemaker:{organisation.region}:{account}:*"
    return document(allow("OwnDomains", ["sagemaker:*"], [own], principal="*"))


def _callers(organisation: Organisation, account: str) -> Condition:
    """Principals of the organisation, or without one of the account and the hub."""
    if organisation.id is not None:
        return {"StringEquals": {"aws:PrincipalOrgID": organisation.id}}
    return {"StringEquals": {"aws:PrincipalAccount": one_or_many([account, organisation.hub])}}


def _resources_of(account: str) -> Condition:
    return {"StringEquals": {"aws:ResourceAccount": account}}
