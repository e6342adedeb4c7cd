"""Signs where every chain of the ledger ends, on a schedule, into a bucket that forgets nothing."""
