"""Resource options of the children, by what may become of a resource."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from blueprint.settings import Stateful


def child(parent: pulumi.Resource, *, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
    """A child whose fixed name another can't have at the same time: its replacement deletes first."""
    return pulumi.ResourceOptions(parent=parent, depends_on=list(after), delete_before_replace=True)


def stateful_child(
    parent: pulumi.Resource, stateful: Stateful, *, after: Sequence[pulumi.Resource] = ()
) -> pulumi.ResourceOptions:
    """A child that holds what can't be made anew, or guards it: protected, left in AWS or deleted, by the settings."""
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(after),
        delete_before_replace=True,
        protect=stateful == "protect",
        retain_on_delete=stateful == "retain",
    )
