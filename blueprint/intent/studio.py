"""Studio: requests to domains, spaces and the library of notebooks, and who may what there.

Keys of a session of Studio: Service Authorization Reference (`sagemaker:DomainId`, `sagemaker:UserProfileName`,
`sagemaker:OwnerUserProfileArn`, `sagemaker:SpaceSharingType`, `sagemaker:TaggingAction`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from blueprint.intent.asking import Asks
from blueprint.intent.bucket_asks import CLEAR, DELETE, DIGEST, TAG
from blueprint.intent.model import Admission, Context, Facts, Refusal
from blueprint.intent.words import on
from blueprint.names import HUB
from blueprint.organisation import Organisation

DOMAIN, ME, YOU = "d-1", "me", "you"
SESSION: Context = {"sagemaker:DomainId": DOMAIN, "sagemaker:UserProfileName": ME}
SEE = {
    "DescribeApp": f"app/{DOMAIN}/s/jupyterlab/default", "DescribeDomain": f"domain/{DOMAIN}",
    "DescribeSpace": f"space/{DOMAIN}/s", "DescribeUserProfile": f"user-profile/{DOMAIN}/{ME}",
}  # fmt: skip
LISTS = ["sagemaker:ListApps", "sagemaker:ListDomains", "sagemaker:ListSpaces", "sagemaker:ListUserProfiles"]
LOG_WRITES = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]


def studios(of: Organisation, facts: Facts) -> Iterator[tuple[str, str]]:
    """(stack, account) of the stacks whose people work in Studio."""
    homes = {HUB: of.hub} | {spoke.stack: spoke.account for spoke in of.spokes}
    yield from ((stack, account) for stack, account in homes.items() if facts.of(stack).studio)


def ask_studio(asks: Asks) -> None:
    found = list(studios(asks.organisation, asks.facts))
    for stack, account in found:
        _studio(asks, stack, account)
    asks.add("studio:list", LISTS, "*", account="")
    asks.add("studio:list-images", "sagemaker:ListImages", "*", account="")
    if found:
        _library(asks)


def _studio(asks: Asks, stack: str, account: str) -> None:
    add = partial(asks.add, account=account, stack=stack)
    thing = f"studio@{stack}"

    def arn(resource: str) -> str:
        return asks.arn("sagemaker", resource, account)

    for action, resource in SEE.items():
        add(f"{thing}:see#{action}", f"sagemaker:{action}", arn(resource))
    profiles = {"own": ME, "another-s": YOU}
    for whose, profile in profiles.items():
        address = arn(f"user-profile/{DOMAIN}/{profile}")
        add(f"{thing}:open-{whose}", "sagemaker:CreatePresignedDomainUrl", address, context=SESSION)
    change = "sagemaker:UpdateUserProfile"
    add(f"{thing}:change-own-profile", change, arn(f"user-profile/{DOMAIN}/{ME}"), context=SESSION)
    add(f"{thing}:open-without-session", "sagemaker:CreatePresignedDomainUrl", arn(f"user-profile/{DOMAIN}/{ME}"))
    for whose, owner, sharing, domain in (
        ("own", ME, "Private", DOMAIN),
        ("another-s", YOU, "Private", DOMAIN),
        ("shared", ME, "Shared", DOMAIN),
        ("own-of-another-domain", ME, "Private", "d-2"),
    ):
        context = {
            **SESSION,
            "sagemaker:OwnerUserProfileArn": arn(f"user-profile/{DOMAIN}/{owner}"),
            "sagemaker:SpaceSharingType": sharing,
        }
        runs = ["sagemaker:CreateApp", "sagemaker:DeleteApp"]
        add(f"{thing}:run-in-{whose}", runs, arn(f"app/{domain}/s/jupyterlab/default"), context=context)
        changes = "sagemaker:UpdateSpace"
        add(f"{thing}:change-{whose}", changes, arn(f"space/{domain}/s"), context=context)
        add(f"{thing}:remove-{whose}", "sagemaker:DeleteSpace", arn(f"space/{domain}/s"), context=context)
    started: Context = {"sagemaker:TaggingAction": "CreateApp"}
    add(f"{thing}:tag-what-is-started", "sagemaker:AddTags", arn(SEE["DescribeApp"]), context=started)
    add(f"{thing}:tag-later", "sagemaker:AddTags", arn(SEE["DescribeApp"]))
    add(f"{thing}:tag-a-job", "sagemaker:AddTags", arn("training-job/j"), context=started)
    add(f"{thing}:configure", ["sagemaker:UpdateDomain", "sagemaker:UpdateUserProfile"], arn(f"domain/{DOMAIN}"))
    log = asks.arn("logs", "log-group:/aws/sagemaker/studio:log-stream:s", account)
    add(f"studio-log@{stack}:write", LOG_WRITES, log)
    add(f"studio-log@{stack}:read", "logs:GetLogEvents", log)


def _library(asks: Asks) -> None:
    of = asks.organisation
    bucket = of.names.bucket_arn(of.hub, "notebooks")
    for thing, key in {"notebook": f"notebooks/{DIGEST}/n.ipynb", "stray-notebook": "stray"}.items():
        asks.add(f"{thing}:fetch", "s3:GetObject", f"{bucket}/{key}")
        asks.add(f"{thing}:fetch-in-clear", "s3:GetObject", f"{bucket}/{key}", context=CLEAR)
        asks.add(f"{thing}:write", ["s3:PutObject", "s3:PutObjectAcl", *DELETE, *TAG], f"{bucket}/{key}")
        asks.add(f"{thing}:read-version", "s3:GetObjectVersion", f"{bucket}/{key}")
    asks.add("notebooks-bucket:list", "s3:ListBucket", bucket)
    asks.add("notebooks-bucket:list-in-clear", "s3:ListBucket", bucket, context=CLEAR)
    asks.add("notebooks-bucket:configure", ["s3:PutBucketPolicy", "s3:DeleteBucket"], bucket)
    for verb, action in {"decrypt": "kms:Decrypt", "encrypt": "kms:GenerateDataKey"}.items():
        via = asks.via("s3", **{"kms:EncryptionContext:aws:s3:arn": f"{bucket}/notebooks/n"})
        asks.add(f"artifacts-key:{verb}-our-object#Notebook", action, asks.facts.artifacts_key, context=via)


def works_in_studio(stack: str, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(may, held) of those who work in a stack's Studio: its execution role."""
    if not facts.of(stack).studio:
        return (), ()
    own = ("see", "open-own", "run-in-own", "change-own", "tag-what-is-started")
    return (
        (*on((f"studio@{stack}",), own), "studio:list", "notebook:fetch", f"studio-log@{stack}:write"),
        ("notebook:fetch-in-clear",),
    )


def studio_sides(of: Organisation, facts: Facts) -> tuple[list[Admission], list[Refusal]]:
    """The library: read by the execution roles, written by the deployment alone."""
    stacks = [stack for stack, _ in studios(of, facts)]
    if not stacks:
        return [], []
    things = ("notebook", "stray-notebook")
    ours = (f"{HUB}/[!a]*", f"{HUB}/a[!d]*", *(f"{spoke.stack}/[!a]*" for spoke in of.spokes))
    imitated = ("member/as.*", "outsider/as.*", "departed/*")
    admitted = []
    if not of.same_account:
        who = tuple(f"{stack}/execution" for stack in stacks if stack != HUB)
        admitted = [Admission(asks=("notebook:fetch",), who=who)] if who else []
    return admitted, [
        Refusal(asks=(*on(things, ("fetch-in-clear",)), "notebooks-bucket:list-in-clear")),
        Refusal(asks=on(things, ("write",)), who=(*ours, *imitated)),
    ]
