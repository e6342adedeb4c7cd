"""Notebooks for Studio, with what they import beside them; the hub publishes them (blueprint/library.py)."""
