"""Amazon CloudWatch: metrics, and alarms on them."""

from rehearsal.organisation.services.cloudwatch import control, history, listing, put, reading, watch

__all__ = ["control", "history", "listing", "put", "reading", "watch"]
