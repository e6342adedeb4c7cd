"""SageMaker Studio: domains, user profiles, spaces, apps and lifecycle configurations, of our own."""

from . import apps, domains, lifecycle_configs, profiles, spaces

__all__ = ["apps", "domains", "lifecycle_configs", "profiles", "spaces"]
