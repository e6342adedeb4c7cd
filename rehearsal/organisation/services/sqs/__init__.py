"""Amazon SQS: standard queues."""

from rehearsal.organisation.services.sqs import control, messages, moves

__all__ = ["control", "messages", "moves"]
