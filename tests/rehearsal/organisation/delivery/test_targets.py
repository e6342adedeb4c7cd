"""What an error of a target's service means for the delivery."""

from __future__ import annotations

import pytest

from rehearsal.organisation.core import ApiError
from rehearsal.organisation.delivery.targets import failure_of


@pytest.mark.parametrize(
    ("code", "status", "told", "again"),
    [
        ("QueueDoesNotExist", 400, "NO_RESOURCE", False),
        ("ResourceNotFoundException", 404, "NO_RESOURCE", False),
        ("AccessDeniedException", 400, "NO_PERMISSIONS", False),
        ("KMS.AccessDeniedException", 400, "NO_PERMISSIONS", False),
        ("TooManyRequestsException", 429, "THROTTLING", True),
        ("ServiceException", 500, "ERROR_FROM_TARGET", True),
        ("ServiceUnavailable", 503, "ERROR_FROM_TARGET", True),
        ("InvalidMessageContents", 400, "SDK_CLIENT_ERROR", False),
    ],
)
def test_only_what_may_pass_is_tried_again(code: str, status: int, told: str, again: bool) -> None:
    """Guards eb/eb-rule-dlq: a missing permission is never retried; a throttled or failing target is, for 24 hours."""
    failure = failure_of(ApiError(code, "why", status))
    assert (failure.code, failure.again) == (told, again)
    assert "why" in failure.message
