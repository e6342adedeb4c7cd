"""Amazon CloudWatch Logs."""

from rehearsal.organisation.services.logs import events, groups

__all__ = ["events", "groups"]
