"""The hub's functions: what each is fed by, how long and with how much memory it runs, and when.

Scheduled runs and continuations come by the function's own queue, like events: the one way in that retries, keeps what
failed, and never starts two runs for one message (docs/adr/0007-jobs-by-queue.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from blueprint.names import Function, Queue

LEAST_MAXIMUM_CONCURRENCY = 2
"""Of an event source mapping (botocore lambda, MaximumConcurrency)."""

VISIBILITY_FACTOR = 6
"""A queue's visibility timeout in its function's timeouts, as Lambda asks for (lambda services-sqs-configure)."""

QUALITY_NAMESPACE = "MLGovernance/Quality"
"""Namespace in which quality metrics of models are published."""

PERIOD_SECONDS = 300
"""Period of the collected metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """A function of the hub.

    `queue` feeds it, `dead_letters` holds what it couldn't handle. `batch_size`: messages of an invocation.
    `maximum_concurrency`: invocations at once by the mapping. `reserved_concurrency`: invocations at once whoever
    invokes, None for no reservation; the account's quota must leave 100 unreserved (lambda configuration-concurrency).
    `every_minutes`: the default schedule, None for none. `accounts`: whether its package holds the list of accounts.
    """

    function: Function
    description: str
    queue: Queue
    dead_letters: Queue
    timeout_seconds: int = 60
    memory_mb: int = 256
    batch_size: int = 1
    maximum_concurrency: int = LEAST_MAXIMUM_CONCURRENCY
    reserved_concurrency: int | None = None
    every_minutes: int | None = None
    accounts: bool = False

    @property
    def visibility_seconds(self) -> int:
        return VISIBILITY_FACTOR * self.timeout_seconds


FUNCTION_SPECS: tuple[FunctionSpec, ...] = (
    FunctionSpec(
        function="capture",
        description="Record registry and endpoint events in the ledger",
        queue="capture",
        dead_letters="capture-dlq",
        batch_size=10,
        # More writers only contend for the same package's chain.
        maximum_concurrency=5,
    ),
    FunctionSpec(
        function="approval",
        description="Tag approved artifacts for the stages that hold them",
        queue="approvals",
        dead_letters="approvals-dlq",
        # Tags are read, changed and put back as a whole, and two versions may share an artifact: one at a time.
        # Lambda itself tries throttled batches again within the visibility timeout (lambda
        # services-sqs-errorhandling), so the mapping's least concurrency of two loses nothing.
        reserved_concurrency=1,
    ),
    FunctionSpec(
        function="anchor",
        description="Anchor the ledger's heads, signed, in a locked bucket",
        queue="anchor-jobs",
        dead_letters="anchor-jobs-dlq",
        timeout_seconds=300,
        memory_mb=512,
        # Between two anchors a chain could be written anew unseen: as short as one anchor an hour costs nothing.
        every_minutes=60,
    ),
    FunctionSpec(
        function="inventory",
        description="Compare what every account serves with what is approved",
        queue="inventory-jobs",
        dead_letters="inventory-jobs-dlq",
        timeout_seconds=300,
        memory_mb=512,
        # One job an account; SageMaker's lists are throttled by account, so accounts are walked beside each other.
        maximum_concurrency=10,
        # The only source for inference components and for endpoints whose events were lost.
        every_minutes=15,
        accounts=True,
    ),
    FunctionSpec(
        function="metrics",
        description="Collect the metrics of all endpoints",
        queue="metrics-jobs",
        dead_letters="metrics-jobs-dlq",
        timeout_seconds=300,
        memory_mb=1024,
        # GetMetricData is priced by metric asked for, not by datapoint: an hour's rows in one run are the same as those
        # of twelve runs, at a twelfth of the price.
        every_minutes=60,
        accounts=True,
    ),
    FunctionSpec(
        function="reconcile",
        description="Recover changes that no event told of",
        queue="reconcile-jobs",
        dead_letters="reconcile-jobs-dlq",
        timeout_seconds=300,
        memory_mb=512,
        # CloudTrail's two look-ups a second are per account; two accounts at once keep the ledger's contention low.
        # An hour: records arrive after minutes, and what events lost is known the same morning.
        every_minutes=60,
        accounts=True,
    ),
    FunctionSpec(
        function="guard",
        description="Reject what was approved by its author, or changed after it was approved",
        queue="guard-jobs",
        dead_letters="guard-jobs-dlq",
        batch_size=10,
    ),
)

FUNCTIONS: tuple[Function, ...] = tuple(spec.function for spec in FUNCTION_SPECS)
SCHEDULED: tuple[FunctionSpec, ...] = tuple(spec for spec in FUNCTION_SPECS if spec.every_minutes is not None)
