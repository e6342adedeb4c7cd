"""Finds what the ledger lacks in CloudTrail, life-cycle actions and the registry, and records it."""
