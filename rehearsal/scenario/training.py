"""The shipped notebook's training, which the rehearsal plays."""

from __future__ import annotations

from notebooks.training import (
    DATA,
    MINIMUM_AUC,
    OUTCOME,
    PARAMETERS,
    PROTECTED,
    ROUNDS,
    SEED,
    Features,
    Row,
    TrainedModel,
    as_csv,
    load,
    score,
    train,
)

__all__ = [
    "DATA",
    "MINIMUM_AUC",
    "OUTCOME",
    "PARAMETERS",
    "PROTECTED",
    "ROUNDS",
    "SEED",
    "Features",
    "Row",
    "TrainedModel",
    "as_csv",
    "load",
    "score",
    "train",
]
