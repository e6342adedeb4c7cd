"""The operator's command line, `governance`: thin over governance, blueprint, access and boto3."""
