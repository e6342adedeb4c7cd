"""Policy documents: pure functions of plain strings, one module per kind of resource.

Deterministic (sorted principals, sorted keys when sent), every statement with a Sid that names its purpose, exact
actions and resources. Nothing here is mutated, read from anywhere, or dependent on an Output.
"""
