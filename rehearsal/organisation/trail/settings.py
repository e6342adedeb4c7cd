"""How the emulated CloudTrail behaves where AWS promises nothing, or leaves the choice to the company."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailSettings:
    """`delay_seconds`: how long after a call LookupEvents shows it, on the organisation's clock (awscloudtrail
    how-cloudtrail-works: on average about 5 minutes, not guaranteed).

    `organisation_trail`: whether a trail logs management events in all accounts of the organisation; only then does
    EventBridge get `AWS API Call via CloudTrail` (eventbridge eb-service-event-cloudtrail). Event history, which
    LookupEvents reads, needs no trail.

    `copies_to_owner`: whether a call on another account's resource is recorded in the owner's account too. It is
    documented for KMS and sts:AssumeRole, whose copies are always made; for other services, SageMaker's cross-account
    CreateModelPackage among them, it isn't, so by default only the caller's account has the record.

    `lookups_per_second`: LookupEvents calls per second, account and Region before ThrottlingException (botocore
    cloudtrail service-2: LookupEvents, two).
    """

    delay_seconds: float = 300.0
    organisation_trail: bool = True
    copies_to_owner: bool = False
    lookups_per_second: int = 2

    def __post_init__(self) -> None:
        if self.delay_seconds < 0 or self.lookups_per_second < 1:
            raise ValueError(
                f"delay_seconds {self.delay_seconds} must be 0 or more, lookups_per_second {self.lookups_per_second} "
                "1 or more: the emulated CloudTrail keeps its former settings"
            )
