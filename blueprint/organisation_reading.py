"""The organisation from the configuration: accounts, stages, groups, each against AWS's own pattern."""

from __future__ import annotations

import re
from typing import cast

from blueprint.adoption import read_bucket_names
from blueprint.elsewhere_reading import check_elsewhere, read_elsewhere, read_volume_key
from blueprint.limits import OBJECT_TAGS
from blueprint.names import HUB, PREFIX_PATTERN, STACK_PATTERN, STAGE_PATTERN
from blueprint.network_settings import read_cidr
from blueprint.organisation import GUARD_MODES, Elsewhere, Organisation, Spoke
from blueprint.policies.artifact_bucket import holders_tag
from blueprint.reading import ABSENT, Reader, listed, shown
from blueprint.regions import REGION_FORM, REGION_PATTERN, read_regions
from blueprint.stages import Stage
from blueprint.stateful import STATEFUL, Stateful
from blueprint.units import UNIT_FORM, UNIT_PATTERN, check_units

DECLARED_ONCE = ("organisation",)
"""Keys that stand in Pulumi.yaml and nowhere else."""

DEFAULT_GROUPS = ("ModelCreditRisk",)
DEFAULT_APPROVER = "ModelRiskOfficer"
DEFAULT_DEPLOYER = "ModelDeployer"
"""A role of each account of a stage after the first."""

DEFAULT_STAGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("dev", "Development", ("dev",)),
    ("test", "Staging", ("dev", "test")),
    ("prod", "Production", ("test", "prod")),
)

_ACCOUNT = re.compile(r"[0-9]{12}")
_ORGANISATION = re.compile(r"o-[a-z0-9]{10,32}")  # botocore organizations OrganizationId
_GROUP = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # botocore sagemaker EntityName
_LIFECYCLE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # botocore sagemaker EntityName
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)/[\w+=,.@/*?-]{1,512}")
_ROLE = re.compile(r"[\w+=,.@-]{1,64}")  # botocore iam roleNameType
_ROLE_OR_PRINCIPAL = re.compile(f"{_ROLE.pattern}|{_PRINCIPAL.pattern}")
_REPOSITORY = re.compile(r"arn:aws[a-z-]*:ecr:[a-z0-9-]+:[0-9]{12}:repository/[a-z0-9./_*-]{2,256}")
_REPOSITORY_NAME = re.compile(r"(?=.{2,200}$)[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
"""Of botocore ecr RepositoryName, room left for the prefix before it."""

_DIGITS = 12


def read_organisation(reader: Reader) -> Organisation | None:
    """The organisation, or None after noting what keeps it from being one."""
    before = len(reader.problems)
    same_account = reader.flag("sameAccount", default=False)
    prefix = reader.text(
        "prefix",
        PREFIX_PATTERN,
        "2 to 16 lower-case letters and digits beginning with a letter",
        default="mlgov",
    )
    region = reader.text("region", REGION_PATTERN, REGION_FORM)
    regions = read_regions(reader, region, prefix)
    organisation_id = reader.text("id", _ORGANISATION, "an organisation's id such as o-a1b2c3d4e5", default=None)
    groups = reader.texts("modelPackageGroups", _GROUP, "a group name of 1 to 63 letters, digits and inner dashes",
                          default=DEFAULT_GROUPS)  # fmt: skip
    if reader.raw("modelPackageGroups") == []:
        reader.problem("modelPackageGroups", "is empty; without a group there is nothing to govern: name at least one")
    images = reader.texts("imageRepositories", _REPOSITORY, "an ECR repository's ARN", default=())
    repositories = reader.texts(
        "repositories", _REPOSITORY_NAME, "an image repository's name such as models/credit-risk", default=()
    )
    accounts = reader.mapping("accounts", "accounts by stack name, with one named hub,")
    hub, hub_cidr, hub_elsewhere, spokes = _accounts(accounts, region, same_account)
    stages = _stages(reader, hub)
    approvers = tuple(sorted({approver for stage in stages for approver in stage.approvers}))
    auditors = reader.texts("auditors", _PRINCIPAL, "a role or user ARN pattern with its account", default=approvers)
    operators = reader.texts("operators", _PRINCIPAL, "a role or user ARN pattern with its account", default=())
    guard = reader.choice("guard", GUARD_MODES, default="reject")
    buckets = read_bucket_names(reader)
    reader.close()
    _check_stages_of(accounts, spokes, stages)
    check_elsewhere(accounts, spokes, hub_elsewhere, region, regions)
    check_units(reader, stages, organisation_id, same_account=same_account)
    if len(reader.problems) > before or hub is None or region is None or prefix is None:
        return None
    return Organisation(
        id=organisation_id,
        prefix=prefix,
        region=region,
        hub=hub,
        spokes=tuple(sorted(spokes, key=lambda spoke: spoke.stack)),
        stages=stages,
        groups=tuple(sorted(groups)),
        same_account=same_account,
        image_repositories=images,
        repositories=tuple(sorted(repositories)),
        auditors=auditors,
        operators=operators,
        guard="alarm" if guard == "alarm" else "reject",
        regions=regions,
        buckets=buckets,
        hub_cidr=hub_cidr,
        hub_elsewhere=hub_elsewhere,
    )


def _accounts(
    reader: Reader, region: str | None, same_account: bool
) -> tuple[str | None, str | None, tuple[Elsewhere, ...], list[Spoke]]:
    """The hub's account, the addresses of its network, what it has elsewhere, and the spokes."""
    if HUB not in reader.names:
        reader.problem(
            HUB, "is missing; every installation has one hub, whose account owns registry and ledger: add it"
        )
    hub: str | None = None
    hub_cidr: str | None = None
    hub_elsewhere: tuple[Elsewhere, ...] = ()
    spokes: list[Spoke] = []
    owners: dict[str, str] = {}
    for stack in reader.names:
        entry = Reader(reader.raw(stack), reader.at(stack), reader.problems)
        account = _account_id(entry)
        cidr = read_cidr(entry)
        elsewhere = read_elsewhere(entry, account)
        own_region = entry.text("region", REGION_PATTERN, REGION_FORM, default=region)
        if region is not None and own_region is not None and own_region != region:
            entry.problem(
                "region",
                f"is {own_region!r}, the organisation's region is {region!r}; shares, events and artifacts are"
                " regional: remove it, or make a second installation for that region with its own prefix",
            )
        if stack == HUB:
            hub, hub_cidr, hub_elsewhere = account, cidr, elsewhere or ()
        else:
            stage = entry.text("stage", STAGE_PATTERN, "the name of a stage")
            volume_key = read_volume_key(entry, account, region)
            if not STACK_PATTERN.fullmatch(stack) or stack.startswith(f"{HUB}-"):
                reader.problem(
                    stack,
                    "is no stack name for an account; 1 to 24 lower-case letters, digits and inner dashes are needed,"
                    f" not beginning with {HUB}-, since role names are made of it",
                )
            elif stage is not None:
                # Also one without an account, whose stage may be wrong too: no organisation is made of problems.
                spokes.append(
                    Spoke(
                        stack=stack,
                        account=account or "",
                        stage=stage,
                        volume_key=volume_key,
                        cidr=cidr,
                        elsewhere=elsewhere,
                    )
                )
        entry.close()
        if account is not None:
            _check_owner(entry, stack, account, owners, same_account)
    return hub, hub_cidr, hub_elsewhere, spokes


def _account_id(entry: Reader) -> str | None:
    value = entry.raw("account")
    if value is ABSENT:
        entry.problem("account", 'is missing; a quoted account id of 12 digits such as "111111111111" is needed')
    elif isinstance(value, int | float) and not isinstance(value, bool):
        digits = f"{value:.0f}" if abs(value) < 10**_DIGITS else shown(value)
        lost = f", {_DIGITS - len(digits)} leading zero(s) lost" if len(digits) < _DIGITS else ""
        entry.problem("account", f"is the number {digits}{lost}; quote it, as YAML reads digits as a number")
    elif not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        entry.problem("account", f"is {shown(value)}; a quoted account id of exactly 12 digits is needed")
    else:
        return value
    return None


def _check_owner(entry: Reader, stack: str, account: str, owners: dict[str, str], same_account: bool) -> None:
    other = owners.setdefault(account, stack)
    first = next(iter(owners))
    if other != stack and not same_account:
        entry.problem(
            "account",
            f"is {account}, also the account of {other}; resource policies restrict nothing inside one account, so each"
            " stack needs its own: correct one, or set organisation.sameAccount to true for a trial",
        )
    if same_account and account != first:
        entry.problem(
            "account",
            f"is {account}, that of {owners[first]} is {first}; with sameAccount all stacks are in one account: correct"
            " one, or remove sameAccount",
        )


def _stages(reader: Reader, hub: str | None) -> tuple[Stage, ...]:
    """The stages in order; the default ones where the configuration names none."""
    approver = [f"arn:aws:iam::{hub}:role/{DEFAULT_APPROVER}"] if hub else []
    if reader.raw("stages") is ABSENT:
        return tuple(
            Stage(
                name=name,
                lifecycle=lifecycle,
                asked_by=asked_by,
                approvers=tuple(approver),
                deployers=(DEFAULT_DEPLOYER,) if place else (),
            )
            for place, (name, lifecycle, asked_by) in enumerate(DEFAULT_STAGES)
        )
    stages: list[Stage] = []
    askers: list[tuple[Reader, str]] = []
    for place, item in enumerate(reader.items("stages", "a list of stages in order of promotion")):
        name = item.text("name", STAGE_PATTERN, "a stage's name of 1 to 24 lower-case letters, digits, inner dashes")
        lifecycle = item.text("lifecycle", _LIFECYCLE, "a ModelLifeCycle stage such as Development")
        asked_by = item.texts("askedBy", STAGE_PATTERN, "a stage's name", default=(name,) if name else ())
        approvers = item.texts("approvers", _PRINCIPAL, "a role or user ARN pattern with its account", default=approver)
        users = item.texts("users", _ROLE, "a role's name", default=())
        deployers = item.texts(
            "deployers", _ROLE_OR_PRINCIPAL, "a role's name, or a role or user ARN pattern with its account",
            default=(DEFAULT_DEPLOYER,) if place else (),
        )  # fmt: skip
        mfa = item.flag("requireMfa", default=False)
        studio = item.flag("studio", default=True)
        units = item.texts("units", UNIT_PATTERN, UNIT_FORM, default=())
        stateful = item.choice("statefulResources", STATEFUL, default=None)
        item.close()
        askers += [(item, asker) for asker in asked_by]
        if name is None or lifecycle is None:
            continue
        for known in stages:
            if name == known.name:
                item.problem("name", f"is {name!r}, the name of an earlier stage; a stage stands once: remove one")
            if lifecycle == known.lifecycle:
                item.problem(
                    "lifecycle",
                    f"is {lifecycle!r}, that of stage {known.name}; one value can't mean two stages: rename one",
                )
        if not approvers and not item.raw("approvers"):  # else what is wrong with each was said already
            item.problem("approvers", "is empty; nobody could approve for the stage: name a role")
        stages.append(
            Stage(
                name=name,
                lifecycle=lifecycle,
                asked_by=asked_by,
                approvers=approvers,
                require_mfa=mfa,
                users=users,
                deployers=deployers,
                units=tuple(sorted(units)),
                stateful=cast("Stateful | None", stateful),
                studio=studio,
            )
        )
    _check_tags(reader, stages)
    names = [stage.name for stage in stages]
    for item, asker in askers:
        if asker not in names:
            item.problem("askedBy", f"names {asker!r}, which is no stage; known: {listed(names)}")
    return tuple(stages)


def _check_tags(reader: Reader, stages: list[Stage]) -> None:
    """An artifact that every stage holds carries two tags of each (lambdas/approval)."""
    most = OBJECT_TAGS // 2
    if len(stages) > most:
        reader.problem(
            "stages",
            f"has {len(stages)} stages; each sets two tags on an approved artifact and S3 allows {OBJECT_TAGS}, so the"
            f" last approval would fail: at most {most}",
        )
    lists = {holders_tag(stage.name): stage.name for stage in stages}
    for stage in stages:
        if stage.name in lists:
            reader.problem(
                "stages",
                f"has a stage {stage.name!r}, which is the tag that lists the versions approved for"
                f" {lists[stage.name]}: rename one",
            )


def _check_stages_of(accounts: Reader, spokes: list[Spoke], stages: tuple[Stage, ...]) -> None:
    names = [stage.name for stage in stages]
    for spoke in spokes:
        if names and spoke.stage not in names:
            accounts.problem(
                f"{spoke.stack}.stage",
                f"is {spoke.stage!r}, which is no stage; known: {listed(names)}. Correct it, or add it to"
                " organisation.stages",
            )
