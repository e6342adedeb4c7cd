"""The tree is RFC 6962's, and a proof holds for one leaf at one place of one tree."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.merkle import EMPTY_ROOT, leaf_hash, node_hash, path_of, root_from_path, root_of

INPUTS = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
"""The first seven leaves of the test data of RFC 6962's reference implementation (google/certificate-transparency)."""

ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
]
"""Its roots over the first one, two, … of them."""

leaves = st.lists(st.binary(max_size=4).map(leaf_hash), min_size=1, max_size=40)


def recursive(hashes: Sequence[bytes]) -> bytes:
    """The definition in RFC 6962 section 2.1, word by word."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(recursive(hashes[:split]), recursive(hashes[split:]))


@pytest.mark.parametrize("count", range(1, len(ROOTS) + 1))
def test_the_roots_are_those_of_the_reference_implementation(count: int) -> None:
    """Guards: a tree that no other tool computes."""
    assert root_of([leaf_hash(data) for data in INPUTS[:count]]).hex() == ROOTS[count - 1]


def test_no_leaves_have_the_hash_of_nothing_as_root() -> None:
    """Guards: an installation without packages can't be anchored."""
    assert root_of([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@given(leaves)
def test_the_root_is_the_one_that_the_rfc_defines(hashes: list[bytes]) -> None:
    """Guards: pairing by levels splits elsewhere than the definition does."""
    assert root_of(hashes) == recursive(hashes)


@given(leaves, st.data())
def test_a_path_proves_its_leaf_and_no_other_leaf_place_or_tree(hashes: list[bytes], data: st.DataObject) -> None:
    """Guards: a proof that holds for a forged leaf, a moved one, a tree of another size, or with a node too many."""
    index = data.draw(st.integers(0, len(hashes) - 1))
    root, path = root_of(hashes), path_of(hashes, index)
    assert root_from_path(hashes[index], index, len(hashes), path) == root
    assert root_from_path(leaf_hash(b"forged leaf"), index, len(hashes), path) != root
    assert root_from_path(hashes[index], index, len(hashes), [*path, root]) is None
    assert root_from_path(hashes[index], index, len(hashes), path[:-1]) is None or not path
    other = data.draw(st.integers(0, len(hashes) - 1))
    if hashes[other] != hashes[index]:
        assert root_from_path(hashes[index], other, len(hashes), path) != root
    changed = [bytes(32), *path[1:]]
    assert changed == path or not path or root_from_path(hashes[index], index, len(hashes), changed) != root


def test_a_leaf_that_is_not_there_has_no_path() -> None:
    """Guards: a negative index proves the last leaf."""
    for index in (-1, 1):
        with pytest.raises(IndexError):
            path_of([leaf_hash(b"")], index)
        assert root_from_path(leaf_hash(b""), index, 1, []) is None
