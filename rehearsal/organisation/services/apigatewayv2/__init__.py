"""API Gateway's HTTP APIs: what is configured. Requests to them are answered by `services.execute_api`."""

from rehearsal.organisation.services.apigatewayv2 import apis, integrations, routes, stages, tags

__all__ = ["apis", "integrations", "routes", "stages", "tags"]
