"""The model that the rehearsal governs is a real one, honestly measured."""

from __future__ import annotations

import hashlib
import json

import pytest

from rehearsal.scenario import training
from rehearsal.scenario.registration import model_card


@pytest.fixture(scope="module")
def model() -> training.TrainedModel:
    return training.train()


def test_the_model_is_better_than_the_bar_on_rows_it_never_saw(model: training.TrainedModel) -> None:
    """Guards against figures that come from training rows or are made up."""
    assert model.auc >= training.MINIMUM_AUC
    assert model.training_rows + len(model.held_out) == 1000


def test_shuffled_outcomes_don_t_pass_the_bar() -> None:
    """Guards against a measure that any model would pass: without signal the held-out AUC must be near a half."""
    rows = training.load()
    outcomes = [row[training.OUTCOME] for row in rows]
    shifted = [{**row, training.OUTCOME: outcomes[index * 7 % 1000]} for index, row in enumerate(rows)]
    assert training.train(shifted).auc < 0.65


def test_the_artifact_alone_gives_the_same_scores(model: training.TrainedModel) -> None:
    """Guards against a model that can't be reproduced from what is governed: encoder and booster are both inside."""
    assert training.score(model.artifact, model.held_out) == model.scores


def test_training_again_gives_the_same_bytes(model: training.TrainedModel) -> None:
    """Guards against times or orders in the archive: the digest names the content."""
    assert hashlib.sha256(training.train().artifact).digest() == hashlib.sha256(model.artifact).digest()


def test_categories_are_learnt_from_the_training_rows_only() -> None:
    """Guards against the leak of fitting the encoder before the split."""
    rows = training.load()
    features = training.Features.fit(rows[:50])
    assert features.categories["purpose"] == tuple(sorted({row["purpose"] for row in rows[:50]}))
    unseen = features.matrix([{**rows[0], "purpose": "never seen"}])[0]
    assert unseen.sum() == features.matrix([rows[0]])[0].sum() - 1, "an unseen category is all zeros, not an error"


def test_protected_attributes_are_no_features(model: training.TrainedModel) -> None:
    """Guards against deciding by sex, age or origin."""
    features = training.Features.fit(training.load())
    assert not set(training.PROTECTED) & {*features.numeric, *features.categories}


def test_the_card_carries_the_measured_figures(model: training.TrainedModel) -> None:
    """Guards against a card whose evaluation is empty or invented."""
    card = json.loads(model_card(model, "s3://bucket/key"))
    metrics = card["evaluation_details"][0]["metric_groups"][0]["metric_data"]
    assert {each["name"]: each["value"] for each in metrics} == {
        "auc": round(model.auc, 6),
        "accuracy": round(model.accuracy, 6),
    }
