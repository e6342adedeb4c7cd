"""Requests to HTTP APIs, as their callers send them: what is configured lies in `services.apigatewayv2`."""

from rehearsal.organisation.services.execute_api.front import answer

__all__ = ["answer"]
