"""The stand-in for `pulumi-resource-aws` 7.51.1: the real engine's gRPC calls, answered by ordinary boto3
clients.

It imports nothing of ours and knows nothing of the emulated organisation: where AWS is, AWS_ENDPOINT_URL
says. `python -m rehearsal.provider` serves it; `python -m rehearsal.provider.generate` rebuilds its
metadata."""

VERSION = "7.51.1"
"""The pulumi_aws release that this plugin stands in for."""
