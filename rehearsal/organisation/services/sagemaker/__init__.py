"""SageMaker: the model registry of our own, and a first form of models and endpoints."""

from . import (
    change_package,
    create_package,
    endpoint_configs,
    endpoints,
    groups,
    models,
    policy,
    read_package,
    search,
    tags,
)

__all__ = [
    "change_package",
    "create_package",
    "endpoint_configs",
    "endpoints",
    "groups",
    "models",
    "policy",
    "read_package",
    "search",
    "tags",
]
