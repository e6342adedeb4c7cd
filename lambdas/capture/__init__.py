"""Records events of governed model packages as facts in the ledger, and endpoint events in their table."""
