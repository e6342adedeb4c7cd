"""Amazon ECR: private repositories, their policies, and the images in them by manifest."""

from __future__ import annotations

from rehearsal.organisation.services.ecr import images, needs, policies, repositories

__all__ = ["images", "needs", "policies", "repositories"]
