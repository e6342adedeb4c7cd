"""Of all versions of an object the oldest is the anchor; what is laid over it is told apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from governance.anchor import key_of
from governance.anchor_versions import Version, shelve, versions_in
from tests.governance.samples import START


def entry(number: int, version: str, minutes: int = 0) -> dict[str, Any]:
    return {
        "Key": key_of("mlgov", number),
        "VersionId": version,
        "LastModified": START + timedelta(minutes=minutes),
        "IsLatest": True,
    }


def test_the_oldest_version_is_the_anchor_whatever_is_laid_over_it() -> None:
    """Guards: a newer version or a delete marker replaces a locked anchor for whoever reads the key."""
    page = {
        "Versions": [entry(1, "a"), entry(2, "younger", 5), entry(2, "b"), entry(3, "c")],
        "DeleteMarkers": [entry(3, "marker", 6)],
    }
    shelf = shelve("mlgov", versions_in(page))
    assert {number: versions[0].version_id for number, versions in shelf.anchors.items()} == {1: "a", 2: "b", 3: "c"}
    assert {version.version_id for version in shelf.foreign} == {"younger", "marker"}
    assert shelf.missing == []


def test_a_number_without_a_version_is_missing() -> None:
    """Guards: an anchor of which only a delete marker is left counts as there; a gap that nobody sees."""
    page = {"Versions": [entry(2, "b"), entry(5, "e")], "DeleteMarkers": [entry(4, "marker")]}
    shelf = shelve("mlgov", versions_in(page))
    assert shelf.missing == [1, 3, 4]
    assert list(shelf.anchors) == [2, 4, 5]


def test_objects_of_other_names_are_foreign() -> None:
    """Guards: an object beside the anchors that nobody is told of."""
    stray = Version("anchors/mlgov/notes.txt", "v", START)
    shelf = shelve("mlgov", [stray])
    assert (shelf.foreign, dict(shelf.anchors), shelf.missing) == ((stray,), {}, [])


def test_an_empty_bucket_has_no_anchors() -> None:
    """Guards: the first anchor of an installation."""
    shelf = shelve("mlgov", versions_in({}))
    assert (dict(shelf.anchors), shelf.missing) == ({}, [])
