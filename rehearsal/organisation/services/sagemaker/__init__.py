"""SageMaker: the model registry of our own, and a first form of models and endpoints."""

from . import change_package, create_package, groups, policy, read_package, tags

__all__ = ["change_package", "create_package", "groups", "policy", "read_package", "tags"]
