"""EventBridge's delivery: patterns, transformers, schedules, the router, and its disturbances on demand."""
