"""The governance domain: events, facts, ledger, state, cards, artifacts. Standard library only.

It ships in every function's package and is used by the command line; it makes no cloud call of its own.
"""
