"""Policy documents as resource inputs."""

from __future__ import annotations

from collections.abc import Callable

import pulumi

from blueprint.limits import Document, compact


def policy(build: Callable[..., Document], *late: pulumi.Input[str]) -> pulumi.Input[str]:
    """The JSON of a policy whose builder needs late values, such as a key's ARN; plain where all are plain.

    A plain policy is shown in full by a preview, a late one only once its values are known.
    """
    if all(isinstance(value, str) for value in late):
        return compact(build(*late))
    return pulumi.Output.all(*late).apply(lambda values: compact(build(*values)))
