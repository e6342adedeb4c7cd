"""Resource options of the children, by what may become of a resource."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from blueprint.stateful import Stateful


def child(parent: pulumi.Resource, *, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
    """A child whose fixed name another can't have at the same time: its replacement deletes first."""
    return pulumi.ResourceOptions(parent=parent, depends_on=list(after), delete_before_replace=True)


def stateful_child(
    parent: pulumi.Resource,
    stateful: Stateful,
    *,
    after: Sequence[pulumi.Resource] = (),
    adopted: str | None = None,
) -> pulumi.ResourceOptions:
    """A child that holds what can't be made anew, or guards it: protected, left in AWS or deleted, by the settings.

    `adopted`: the id of one that exists and is imported instead of made. It was there before the program, so it is
    protected whatever the settings say. The preview shows in what it differs from the program, an `up` changes that;
    what can't be changed would replace it, which the protection refuses.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(after),
        delete_before_replace=True,
        protect=stateful == "protect" or adopted is not None,
        retain_on_delete=stateful == "retain",
        import_=adopted,
    )


def renamed_from(opts: pulumi.ResourceOptions, *former: str | pulumi.Alias) -> pulumi.ResourceOptions:
    """Options of a resource that was registered otherwise before: with a former logical name under the same parent, or
    any part of its identity (`pulumi.Alias(name=…, type_=…, parent=…)`).

    Without it the engine would delete what exists under the former name and make it anew. A component's children
    follow their component's alias by themselves, where their own names don't change. An alias stays until every
    stack was brought up with it.
    """
    aliases = [pulumi.Alias(name=item) if isinstance(item, str) else item for item in former]
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(aliases=list(aliases)))
