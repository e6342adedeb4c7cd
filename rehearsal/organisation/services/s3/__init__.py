"""S3 of our own: buckets, objects with versions, checksums, locks, encryption, conditional writes, bucket policies."""

from . import bucket, copying, deletion, listing, multipart, object_lock, objects, policy, settings, tagging, versions

__all__ = [
    "bucket", "copying", "deletion", "listing", "multipart", "object_lock", "objects", "policy", "settings", "tagging",
    "versions",
]  # fmt: skip
