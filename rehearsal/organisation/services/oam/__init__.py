"""CloudWatch Observability Access Manager: which accounts see which others' metrics."""

from rehearsal.organisation.services.oam import links, sinks

__all__ = ["links", "sinks"]
