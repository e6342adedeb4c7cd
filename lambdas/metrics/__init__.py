"""Collects the metrics of all endpoints' variants from CloudWatch, as one row per variant and period."""
