"""ComponentResources: thin, one per file, over the blueprint. Only these and `__main__.py` import pulumi."""
