"""Amazon SNS: standard topics, subscriptions, publishing."""

from rehearsal.organisation.services.sns import publish, subscriptions, topics

__all__ = ["publish", "subscriptions", "topics"]
