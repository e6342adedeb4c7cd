"""Walks every account's endpoints by its reader role, and judges each against the ledger."""
