"""CloudWatch Observability Access Manager: which accounts see which others' metrics."""
