"""Documents beside the ledger: exactly the bytes of their digest, and no value of an environment variable."""

from __future__ import annotations

import hashlib
import json

import pytest

from governance.card import card_digest
from governance.documents import card_document, event_document, object_key, specification_document
from governance.events import specification_digest
from tests.governance.samples import CARD, SECRET, envelope, package_detail

SPECIFICATION = {
    "Containers": [{"Image": "i", "ModelDataUrl": "s3://b/k", "Environment": {"PASSWORD": SECRET, "N": "1"}}],
    "Threshold": 0.5,
}


def test_a_document_has_the_digest_of_its_bytes_and_lies_under_it() -> None:
    """Guards: a document that nobody can check against the row that names it."""
    for document in (card_document(json.dumps(CARD)), specification_document(SPECIFICATION)):
        assert hashlib.sha256(document.text.encode()).hexdigest() == document.sha256
        assert object_key(document.sha256) == f"sha256/{document.sha256[:2]}/{document.sha256}"


def test_the_digests_of_rows_are_those_of_the_documents() -> None:
    """Guards: a row whose digest leads to no document."""
    assert card_digest(json.dumps(CARD)) == card_document(json.dumps(CARD)).sha256
    assert specification_digest(SPECIFICATION) == specification_document(SPECIFICATION).sha256


def test_no_value_of_an_environment_variable_is_kept() -> None:
    """Guards: a password of a container in a bucket that many may read, and that is never emptied."""
    body = envelope(package_detail(InferenceSpecification=SPECIFICATION))
    for text in (specification_document(SPECIFICATION).text, event_document(body).text):
        assert SECRET not in text
        assert "PASSWORD" in text


def test_records_of_cloudtrail_lose_environment_values_too() -> None:
    """Guards: the same in lowerCamel."""
    record = {"requestParameters": {"inferenceSpecification": {"containers": [{"environment": {"K": SECRET}}]}}}
    assert SECRET not in event_document(json.dumps(record)).text


def test_a_changed_environment_changes_the_digest() -> None:
    """Guards: an approved model that is told to run another program."""
    other = {"Containers": [{**SPECIFICATION["Containers"][0], "Environment": {"PASSWORD": "x", "N": "1"}}]}  # type: ignore[index]
    assert specification_digest(other | {"Threshold": 0.5}) != specification_digest(SPECIFICATION)


def test_an_event_without_environment_is_kept_to_the_byte() -> None:
    """Guards: a document that differs from what AWS sent."""
    body = '{ "id": "e",  "n": 1.50 }'
    assert event_document(body).text == body


@pytest.mark.parametrize("content", ["no json", "[", '"\\ud800"'])
def test_a_card_that_has_no_canonical_form_is_kept_as_it_is(content: str) -> None:
    """Guards: an odd card that sends its event round the queue for ever."""
    assert card_document(content).text == content
