"""Model cards: built and checked by the published schema; digests; the columns that the state shows."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from governance.card import Evaluation, Metric, build_card, card_columns, card_digest, validate_card
from governance.errors import CardError
from tests.governance.samples import ARTIFACT_URL, CARD


def full_card(**more: Any) -> str:
    parts: dict[str, Any] = {
        "creator": "Credit risk team",
        "artifact_urls": [ARTIFACT_URL],
        "intended_uses": {"purpose_of_model": "Estimate defaults", "risk_rating": "Medium"},
        "business_details": {"line_of_business": "Consumer Lending"},
        "training_details": {"objective_function": {"function": {"function": "Maximize", "facet": "AUC"}}},
        "evaluations": [
            Evaluation("held-out", "300 rows", {"binary": [Metric("auc", 0.78), Metric("calibrated", True, "Platt")]})
        ],
        "additional_information": {"custom_details": {"UseCaseId": "CREDIT-001"}},
    }
    return build_card(**(parts | more))


def test_a_built_card_holds_its_evaluation() -> None:
    """Guards: the reference system's cards never carried evaluation_details, so its metrics column stayed empty."""
    [evaluation] = validate_card(full_card())["evaluation_details"]
    assert evaluation["metric_groups"] == [
        {
            "name": "binary",
            "metric_data": [
                {"name": "auc", "type": "number", "value": 0.78},
                {"name": "calibrated", "type": "boolean", "value": True, "notes": "Platt"},
            ],
        }
    ]


def test_a_card_without_an_evaluation_is_refused() -> None:
    """Guards: a model that nobody measured is put up for approval."""
    with pytest.raises(CardError, match="at least one is needed"):
        full_card(evaluations=[])


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("model_overview", "description"), "x", "card.model_overview.description is no key of the schema"),
        (("business_details", "purpose_of_model"), "x", "card.business_details.purpose_of_model is no key"),
        (("model_package_details",), {}, "card.model_package_details is no key"),
        (("intended_uses", "risk_rating"), "medium", "allowed: High, Medium, Low, Unknown"),
        (("intended_uses", "purpose_of_model"), "x" * 2049, "has 2049 characters; allowed: 0 to 2048"),
        (("intended_uses",), [], r"card.intended_uses is \[\], not an object"),
        (("model_overview", "model_artifact"), ["u"] * 16, "has 16 items; allowed: 0 to 15"),
        (("model_overview", "model_creator"), 7, "card.model_overview.model_creator is 7, not text"),
        (("additional_information", "custom_details"), {"UseCaseId": 1}, "custom_details.UseCaseId is 1, not text"),
        (("evaluation_details",), [{}], r"card.evaluation_details\[0\].name is missing"),
        (("evaluation_details", 0, "metric_groups"), [{"name": "g"}], "metric_data is missing"),
        (("evaluation_details", 0, "metric_groups", 0, "metric_data", 0, "type"), "percent", "has type 'percent'"),
        (("evaluation_details", 0, "metric_groups", 0, "metric_data", 0, "value"), [1], "none of the admitted forms"),
        (("evaluation_details", 0, "name"), "", "has 0 characters; allowed: 1 to 63"),
    ],
)
def test_what_the_schema_refuses_is_named_with_path_and_value(path: tuple[Any, ...], value: Any, problem: str) -> None:
    """Guards: SageMaker refuses the card after the training, with a message that names nothing."""
    card = copy.deepcopy(CARD)
    inner: Any = card
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(CardError, match=problem):
        validate_card(json.dumps(card))


@pytest.mark.parametrize(
    "metric",
    [
        {"name": "m", "type": "bar_chart", "value": [1, 2], "x_axis_name": ["a", "b"]},
        {"name": "m", "type": "linear_graph", "value": [[0, 1], [1, 0.5]]},
        {"name": "m", "type": "matrix", "value": [[1, 2], [3, 4]], "y_axis_name": ["no", "yes"]},
        {"name": "m", "type": "string", "value": "good"},
    ],
)
def test_every_kind_of_metric_of_the_schema_passes(metric: dict[str, Any]) -> None:
    """Guards: a confusion matrix that AWS admits is refused here."""
    card = copy.deepcopy(CARD)
    card["evaluation_details"][0]["metric_groups"][0]["metric_data"] = [metric]
    assert validate_card(json.dumps(card)) == card


@pytest.mark.parametrize("content", ["", "{", "null", "[]", "x" * 100_001])
def test_what_is_no_card_is_refused(content: str) -> None:
    """Guards: a content that the registry can't store."""
    with pytest.raises(CardError):
        validate_card(content)


def test_the_digest_depends_on_the_content_not_on_its_layout() -> None:
    """Guards: a card that the registry stores with other white space counts as changed."""
    assert card_digest(json.dumps(CARD)) == card_digest(json.dumps(CARD, indent=2, sort_keys=True))
    assert card_digest(json.dumps(CARD)) != card_digest(json.dumps(CARD | {"business_details": {}}))
    assert card_digest("no json") != card_digest("no json either")


@pytest.mark.parametrize(
    "content", [None, "", "no json", "[]", '{"intended_uses": "text"}', '{"evaluation_details": {}}']
)
def test_a_card_of_another_form_leaves_columns_unknown(content: str | None) -> None:
    """Guards: a free-form card stops the capture of everything else."""
    columns = card_columns(content, "Draft", "described")
    assert columns.pop("modeldescription") == "described"
    assert columns.pop("cardstatus") == "Draft"
    assert set(columns.values()) == {None}
