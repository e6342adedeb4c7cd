"""Answers the inference API: checks a request, invokes one of the configured endpoints, maps what goes wrong."""
