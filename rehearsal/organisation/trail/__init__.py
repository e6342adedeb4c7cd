"""CloudTrail's records of the calls that reach the gateway: what is recorded, how it is written, who sees it when."""
