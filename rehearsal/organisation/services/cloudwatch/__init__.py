"""Amazon CloudWatch: metrics."""

from rehearsal.organisation.services.cloudwatch import listing, put, reading

__all__ = ["listing", "put", "reading"]
