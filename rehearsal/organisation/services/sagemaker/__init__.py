"""SageMaker: the model registry, hosting and Studio, of our own."""

from . import (
    actions,
    change_package,
    create_package,
    endpoint_configs,
    endpoints,
    groups,
    inference_components,
    mlflow_apps,
    mlflow_servers,
    models,
    policy,
    read_package,
    search,
    studio,
    tags,
    transform_jobs,
)

__all__ = [
    "actions",
    "change_package",
    "create_package",
    "endpoint_configs",
    "endpoints",
    "groups",
    "inference_components",
    "mlflow_apps",
    "mlflow_servers",
    "models",
    "policy",
    "read_package",
    "search",
    "studio",
    "tags",
    "transform_jobs",
]
