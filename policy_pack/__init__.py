"""Policy pack: rules that `pulumi preview --policy-pack policy_pack` holds every resource of a stack against.

`rules/` has one file a rule, plain Python over the blueprint. `pack.py` runs them, `server.py` speaks to the engine.
docs/policy-pack.md lists rules, levels and exemptions.
"""
