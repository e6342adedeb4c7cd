"""Requests to the registry: describe, register, decide, destroy; and the calls whose lists name no resource.

A request carries a condition key only where it sends the field (Service Authorization Reference list_amazonsagemaker;
what SageMaker fills in by itself is no part of the request).
"""

from __future__ import annotations

from blueprint.intent.asking import Asks
from blueprint.intent.model import Context
from blueprint.policies.conditions import APPROVAL_STATUS, LIFECYCLE_STAGE, LIFECYCLE_STATUS

STRANGE_GROUP = "SomebodyElses"
"""A model package group of the hub that this installation doesn't govern."""

CREATE, UPDATE = "sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"


def ask_registry(asks: Asks) -> None:
    of = asks.organisation
    group = of.groups[0]
    version = asks.arn("sagemaker", f"model-package/{group}/1")
    groups = asks.arn("sagemaker", f"model-package-group/{group}")
    asks.add("group:describe", "sagemaker:DescribeModelPackageGroup", groups)
    asks.add("group:create", "sagemaker:CreateModelPackageGroup", groups)
    asks.add("group:delete", "sagemaker:DeleteModelPackageGroup", groups)
    asks.add("group:share", ["sagemaker:PutModelPackageGroupPolicy", "sagemaker:DeleteModelPackageGroupPolicy"], groups)
    asks.add("group:relabel", "sagemaker:AddTags", groups)
    asks.add("version:describe", "sagemaker:DescribeModelPackage", version)
    asks.add("version:deploy", "sagemaker:CreateModel", version)
    asks.add("version:delete", "sagemaker:DeleteModelPackage", version)
    asks.add("version:relabel", "sagemaker:AddTags", version)
    lists = ["sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages"]
    asks.add("registry:list", lists, "*", account="")
    asks.add("registry:search", "sagemaker:Search", "*", account="")
    _register(asks, version)
    _decide(asks, version)
    strange = asks.arn("sagemaker", f"model-package/{STRANGE_GROUP}/1")
    stage = of.first_stage.lifecycle
    asks.add("elsewhere:describe", "sagemaker:DescribeModelPackage", strange)
    asks.add(
        "elsewhere:describe-group", "sagemaker:DescribeModelPackageGroup",
        asks.arn("sagemaker", f"model-package-group/{STRANGE_GROUP}"),
    )  # fmt: skip
    asks.add("elsewhere:register", CREATE, strange, context=_keys("PendingManualApproval", stage, "PendingApproval"))
    for each in of.stages:
        asks.add(f"elsewhere:decide.{each.name}", UPDATE, strange, context=_keys(None, each.lifecycle, "Approved"))
        asks.add(
            f"elsewhere:reject.{each.name}", UPDATE, strange, context=_keys("Rejected", each.lifecycle, "Rejected")
        )
    asks.add("elsewhere:reject", UPDATE, strange, context=_keys("Rejected"))
    asks.add("elsewhere:deploy", "sagemaker:CreateModel", strange)


def _keys(approval: str | None = None, stage: str | None = None, status: str | None = None) -> Context:
    given = {APPROVAL_STATUS: approval, LIFECYCLE_STAGE: stage, LIFECYCLE_STATUS: status}
    return {key: value for key, value in given.items() if value is not None}


def _register(asks: Asks, version: str) -> None:
    pending, first = "PendingManualApproval", asks.organisation.first_stage.lifecycle
    later = [stage.lifecycle for stage in asks.organisation.stages[1:]]
    asks.add("version:register", CREATE, version, context=_keys(pending, first, "PendingApproval"))
    asks.add("version:register-approved", CREATE, version, context=_keys("Approved", first, "PendingApproval"))
    asks.add("version:register-decided", CREATE, version, context=_keys(pending, first, "Approved"))
    asks.add("version:register-unstaged", CREATE, version, context=_keys(pending))
    # AWS documents no status for what a request leaves out.
    asks.add("version:register-silently", CREATE, version, context={})
    if later:
        asks.add("version:register-beyond", CREATE, version, context=_keys(pending, later[0], "PendingApproval"))


def _decide(asks: Asks, version: str) -> None:
    for stage in asks.organisation.stages:
        life = stage.lifecycle
        asks.add(f"version:decide.{stage.name}", UPDATE, version, context=_keys(None, life, "Approved"))
        asks.add(
            f"version:decide-and-approve.{stage.name}", UPDATE, version, context=_keys("Approved", life, "Approved")
        )
        asks.add(
            f"version:decide-and-reject.{stage.name}", UPDATE, version, context=_keys("Rejected", life, "Rejected")
        )
        asks.add(
            f"version:decide-and-set-pending.{stage.name}", UPDATE, version,
            context=_keys("PendingManualApproval", life, "Approved"),
        )  # fmt: skip
        asks.add(
            f"version:reopen-and-set-pending.{stage.name}", UPDATE, version,
            context=_keys("PendingManualApproval", life, "PendingApproval"),
        )  # fmt: skip
        asks.add(f"version:reopen.{stage.name}", UPDATE, version, context=_keys(None, life, "PendingApproval"))
        asks.add(
            f"version:reopen-and-approve.{stage.name}", UPDATE, version,
            context=_keys("Approved", life, "PendingApproval"),
        )  # fmt: skip
        asks.add(
            f"version:reopen-and-reject.{stage.name}", UPDATE, version,
            context=_keys("Rejected", life, "PendingApproval"),
        )  # fmt: skip
    asks.add("version:approve", UPDATE, version, context=_keys("Approved"))
    asks.add("version:reject", UPDATE, version, context=_keys("Rejected"))
    asks.add("version:set-pending", UPDATE, version, context=_keys("PendingManualApproval"))
    # An inference specification, a card, a source: none of them has a condition key.
    asks.add("version:rewrite", UPDATE, version, context={})
