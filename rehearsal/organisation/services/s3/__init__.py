"""S3 of our own: buckets, objects with versions, checksums, default encryption, conditional writes, bucket policies."""

from . import bucket, copying, deletion, listing, multipart, objects, policy, settings, tagging

__all__ = ["bucket", "copying", "deletion", "listing", "multipart", "objects", "policy", "settings", "tagging"]
