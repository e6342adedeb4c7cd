"""S3 of our own: buckets, objects with versions, checksums, default encryption, conditional writes, bucket policies."""

from . import bucket, listing, multipart, objects, policy, settings, tagging

__all__ = ["bucket", "listing", "multipart", "objects", "policy", "settings", "tagging"]
