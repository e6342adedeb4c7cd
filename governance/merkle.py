"""Merkle trees as RFC 6962 section 2.1 (RFC 9162 section 2.1) makes them, over SHA-256.

A leaf hashes as `00 || data`, an inner node as `01 || left || right`, so that no node can pass for a leaf. A tree of n
leaves splits at the largest power of two below n; that equals pairing each level from the left and lifting an odd last
node unchanged, which is how it is computed here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of no leaves."""


def leaf_hash(data: bytes) -> bytes:
    """What a leaf's data hashes to, 32 bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What two nodes hash to, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes in their order, 32 bytes."""
    level = list(leaves)
    while len(level) > 1:
        level = _parents(level)
    return level[0] if level else EMPTY_ROOT


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The siblings on the way from leaf `index` (0 is the first) to the root, the lowest first.

    Raises IndexError if there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of a tree of {len(leaves)}")
    siblings, level = [], list(leaves)
    while len(level) > 1:
        if index ^ 1 < len(level):
            siblings.append(level[index ^ 1])
        level, index = _parents(level), index // 2
    return siblings


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf hash and its siblings make in a tree of `size` leaves; None if they fit no such tree."""
    if not 0 <= index < size:
        return None
    node, left = leaf, list(path)
    while size > 1:
        if index ^ 1 < size:
            if not left:
                return None
            sibling = left.pop(0)
            node = node_hash(sibling, node) if index % 2 else node_hash(node, sibling)
        index, size = index // 2, (size + 1) // 2
    return None if left else node


def _parents(level: Sequence[bytes]) -> list[bytes]:
    parents = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return parents + list(level[len(parents) * 2 :])
