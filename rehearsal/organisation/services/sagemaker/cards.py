"""The model card of a version: its content is JSON of a closed schema, and an archived one can't be changed.

Source: SageMaker developer guide, "View the details of a model version", model package model card schema 0.1.0
(`model_card_schema.json` states the same rules); ModelPackageModelCard in the botocore model (statuses, the archived
rule and its message).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types, and no stubs are installed

from rehearsal.organisation.core import Params

from .registry import invalid

ARCHIVED = "Archived"
_DEFAULT_STATUS = "Draft"


@cache
def _validator() -> Any:
    schema = json.loads(Path(__file__).with_name("model_card_schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft7Validator(schema)


def check_content(content: str) -> None:
    """Raise ValidationException unless `content` is JSON that the model package model card schema admits."""
    try:
        card = json.loads(content)
    except json.JSONDecodeError as error:
        raise invalid(f"Invalid ModelCardContent: it must be JSON, but {error}.") from None
    problem = jsonschema.exceptions.best_match(_validator().iter_errors(card))
    if problem is not None:
        where = "/".join(str(part) for part in problem.absolute_path) or "the document"
        raise invalid(f"Invalid ModelCardContent at {where}: {problem.message}.")


def new_card(given: Params) -> Params:
    """The card to store for a new version: content checked, status Draft unless the request says otherwise."""
    check_content(given.get("ModelCardContent") or "{}")
    return {
        "ModelCardContent": given.get("ModelCardContent") or "{}",
        "ModelCardStatus": given.get("ModelCardStatus") or _DEFAULT_STATUS,
    }


def updated_card(stored: Params | None, given: Params) -> Params:
    """The card after an update: what the request leaves out stays.

    Raises ValidationException when an archived card's content is to change.
    """
    if stored is None:
        return new_card(given)
    content = given.get("ModelCardContent")
    if content is not None and content != stored["ModelCardContent"]:
        if stored["ModelCardStatus"] == ARCHIVED:
            raise invalid("Model Card is in Archived state")
        check_content(content)
    return {
        "ModelCardContent": stored["ModelCardContent"] if content is None else content,
        "ModelCardStatus": given.get("ModelCardStatus") or stored["ModelCardStatus"],
    }
