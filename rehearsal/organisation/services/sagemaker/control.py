"""What a harness does to hosting that no API gives: failing deployments, AWS's own maintenance, moved image tags."""

from __future__ import annotations

from rehearsal.organisation.core import Call, Caller, Organisation

from .deployments import maintain
from .fleets import Fault, fleet
from .hosting import Hosted, find
from .images import push
from .registry import SERVICE


def fail_next_deployment(
    org: Organisation, account: str, region: str, endpoint: str, *, reason: str, rollback_fails: bool = False
) -> None:  # fmt: skip
    """Let the next deployment or scaling of an endpoint fail: one that is under way, else the one that comes.

    An update goes back to what serves (InService with FailureReason), or with `rollback_fails` ends in
    UpdateRollbackFailed; a scaling passes RollingBack; a creation ends as Failed. Raises ApiError for an endpoint that
    doesn't exist.
    """
    with org.lock:
        _, found = _at(org, account, region, endpoint)
        fleet(org, account, region, found.record["EndpointName"]).fault = Fault(reason, rollback_fails)


def maintain_endpoint(org: Organisation, account: str, region: str, endpoint: str) -> None:
    """Let AWS maintain an endpoint: SystemUpdating, then as before. Raises ApiError."""
    with org.lock:
        call, found = _at(org, account, region, endpoint)
        maintain(org, call, found)


def push_image(org: Organisation, image: str, digest: str) -> None:
    """Let a tag point to another image from now on. Raises ValueError."""
    with org.lock:
        push(org, image, digest)


def _at(org: Organisation, account: str, region: str, endpoint: str) -> tuple[Call, Hosted]:
    """AWS's own look at an endpoint, as the functions of the service take it."""
    caller = Caller("sagemaker.amazonaws.com", "")
    call = Call(caller, SERVICE, "DescribeEndpoint", region, account, {}, "", org.clock.now())
    return call, find(org, call, "endpoint", endpoint)
