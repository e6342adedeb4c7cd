"""Finding queues by name."""

from __future__ import annotations

from typing import Any

from console.errors import NotThere

MISSING = frozenset({"NonExistentQueue", "QueueDoesNotExist"})
"""The code of GetQueueUrl by the query protocol and by the JSON one (botocore's sqs/2012-11-05 names both)."""


def url_of(sqs: Any, name: str, prefix: str, whose: str = "its hub") -> str:
    """The URL of a queue in the account of a boto3 client. Raises NotThere, which asks for `whose` credentials."""
    from botocore.exceptions import ClientError

    try:
        url: str = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if error.response["Error"]["Code"].rpartition(".")[2] not in MISSING:
            raise
        raise NotThere(f"queue {name} in {sqs.meta.region_name}", prefix, whose) from None
    return url
