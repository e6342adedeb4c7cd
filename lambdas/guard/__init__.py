"""Finds what no right can forbid, records it, and, where the configuration says so, rejects the version."""
