"""The organisation in plain Python: settings, names, tags, contracts between stacks, policies, function packages.

Nothing here imports pulumi or calls a cloud, so every decision is tested without an engine.
"""
