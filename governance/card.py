"""The model card of a model package: built, checked against its schema, digested, read for the state's
columns.

Schema: sagemaker/latest/dg/model-registry-details, "Model package model card schema" (version 0.1.0), kept as
data in `governance/card_schema.py`. It is strict: no key beside those named there. Two keys that one looks
for aren't in it: a description of the model (the package has one, `ModelPackageDescription`) and a project
(the purpose stands under `intended_uses`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.canonical import Json
from governance.card_schema import LARGEST_CONTENT, SCHEMA, problems_of
from governance.documents import card_document
from governance.errors import CardError


@dataclass(frozen=True, slots=True)
class Metric:
    """A single figure of an evaluation."""

    name: str
    value: float | str | bool
    notes: str | None = None

    def document(self) -> dict[str, Json]:
        kind = "boolean" if isinstance(self.value, bool) else "string" if isinstance(self.value, str) else "number"
        document: dict[str, Json] = {"name": self.name, "type": kind, "value": self.value}
        return document | ({"notes": self.notes} if self.notes is not None else {})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation: where the figures come from, and the figures in groups by name."""

    name: str
    observation: str
    metric_groups: Mapping[str, Sequence[Metric]]
    datasets: Sequence[str] = ()

    def document(self) -> dict[str, Json]:
        groups = [
            {"name": name, "metric_data": [metric.document() for metric in metrics]}
            for name, metrics in self.metric_groups.items()
        ]
        document: dict[str, Json] = {
            "name": self.name, "evaluation_observation": self.observation, "metric_groups": groups
        }  # fmt: skip
        return document | ({"datasets": list(self.datasets)} if self.datasets else {})


def build_card(
    *,
    creator: str,
    artifact_urls: Sequence[str],
    intended_uses: Mapping[str, str],
    business_details: Mapping[str, str],
    training_details: Mapping[str, Json],
    evaluations: Sequence[Evaluation],
    additional_information: Mapping[str, Json],
) -> str:
    """The card's content for `ModelCard.ModelCardContent`. Raises CardError listing everything that the
    schema refuses.

    A card without an evaluation is refused here although the schema admits it: a model that nobody measured
    can't be judged.
    """
    if not evaluations:
        raise CardError(["evaluation_details: at least one is needed: what nobody measured can't be judged"])
    content = json.dumps(
        {
            "model_overview": {"model_creator": creator, "model_artifact": list(artifact_urls)},
            "intended_uses": dict(intended_uses),
            "business_details": dict(business_details),
            "training_details": dict(training_details),
            "evaluation_details": [evaluation.document() for evaluation in evaluations],
            "additional_information": dict(additional_information),
        },
        allow_nan=False,
    )
    validate_card(content)
    return content


def validate_card(content: str) -> dict[str, Json]:
    """The card as a document. Raises CardError listing everything that the schema refuses, with paths and
    values.
    """
    if len(content) > LARGEST_CONTENT:
        raise CardError([f"it has {len(content)} characters; at most {LARGEST_CONTENT} are stored"])
    try:
        card = json.loads(content)
    except ValueError as problem:
        raise CardError([f"it is no JSON ({problem})"]) from None
    problems = list(problems_of(card, SCHEMA, "card"))
    if problems:
        raise CardError(problems)
    document: dict[str, Json] = card
    return document


def card_digest(content: str) -> str:
    """SHA-256 of a card: of its canonical JSON (floats as their shortest text), of the raw text where it is
    no JSON.
    """
    return card_document(content).sha256


def card_columns(content: str | None, status: str | None, description: str | None) -> dict[str, str | None]:
    """The state row's card columns. What the card doesn't say, or says in another form, is None.

    `description` is the package's own. `modelvalidationmetrics` is JSON: all evaluations with their metric
    groups.
    """
    try:
        card = json.loads(content) if content else {}
    except ValueError:
        card = {}
    custom = _inside(card, "additional_information", "custom_details")
    evaluations = card.get("evaluation_details") if isinstance(card, dict) else None
    return {
        "usecaseid": _text(custom, "UseCaseId"),
        "usecasename": _text(custom, "UseCaseName"),
        "usecasestage": _text(custom, "UseCaseStage"),
        "modelowner": _text(_inside(card, "model_overview"), "model_creator"),
        "modeldescription": description,
        "modellob": _text(_inside(card, "business_details"), "line_of_business"),
        "modelproject": _text(_inside(card, "intended_uses"), "purpose_of_model"),
        "modelrisk": _text(_inside(card, "intended_uses"), "risk_rating"),
        "modelvalidationmetrics": _metrics(evaluations),
        "cardstatus": status,
    }


def _metrics(evaluations: Json) -> str | None:
    if not isinstance(evaluations, list):
        return None
    kept = [
        {"name": e.get("name"), "metric_groups": e.get("metric_groups") or []}
        for e in evaluations
        if isinstance(e, dict)
    ]
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False) if kept else None


def _inside(card: Json, *path: str) -> Mapping[str, Json]:
    for name in path:
        card = card.get(name) if isinstance(card, dict) else None
    return card if isinstance(card, dict) else {}


def _text(members: Mapping[str, Json], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None
