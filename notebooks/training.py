"""Train the credit model and score with its artifact alone.

The split comes before any fitting: the categories of the one-hot encoding and the model see the training rows only.
The artifact is a tar.gz with one JSON file, so that reading it can't run code: `model.json`, XGBoost's own format,
whose attribute `features` holds columns and categories. AWS's XGBoost container takes every file of an artifact for a
model (aws/sagemaker-xgboost-container, algorithm_mode/serve_utils.py), so nothing else may lie beside it. The same rows
give the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xgboost
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

DATA = Path(__file__).parent / "german_credit.csv"
OUTCOME = "creditability"
PROTECTED = ("personal_status_and_sex", "foreign_worker", "age_in_years")
"""Left out of the features: a lender may not decide by them (US Equal Credit Opportunity Act, Regulation B)."""

ROUNDS = 60
SEED = 20
MODEL = "model.json"
FEATURES = "features"
HELD_OUT = 0.3
MINIMUM_AUC = 0.75
PARAMETERS: Mapping[str, str | int | float] = {
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "max_depth": 4,
    "eta": 0.1,
    "min_child_weight": 3,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "seed": SEED,
    "nthread": 1,
}

Row = Mapping[str, str]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """How a row becomes numbers: numeric columns first, then one column for each category seen in training."""

    numeric: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, rows: Sequence[Row]) -> Features:
        columns = [name for name in rows[0] if name != OUTCOME and name not in PROTECTED]
        numeric = tuple(name for name in columns if all(_is_number(row[name]) for row in rows))
        return cls(
            numeric,
            {name: tuple(sorted({row[name] for row in rows})) for name in columns if name not in numeric},
        )

    def matrix(self, rows: Sequence[Row]) -> Matrix:
        """Rows by features; a category never seen in training is all zeros."""
        return np.array(
            [
                [float(row[name]) for name in self.numeric]
                + [float(row[name] == value) for name, values in self.categories.items() for value in values]
                for row in rows
            ],
            dtype=np.float32,
        )

    def to_json(self) -> str:
        """The order of the keys is the order of the model's columns: it must survive the round trip."""
        return json.dumps({"numeric": self.numeric, "categories": self.categories})

    @classmethod
    def from_json(cls, text: str) -> Features:
        value = json.loads(text)
        return cls(tuple(value["numeric"]), {name: tuple(seen) for name, seen in value["categories"].items()})


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model and what was measured on the rows that it never saw."""

    artifact: bytes
    auc: float
    accuracy: float
    training_rows: int
    held_out: tuple[Row, ...]
    scores: tuple[float, ...]


def load(path: Path = DATA) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def train(rows: Sequence[Row] | None = None) -> TrainedModel:
    """Train on 70 % of the rows, measure on the rest, pack the artifact."""
    rows = load() if rows is None else rows
    labels = _labels(rows)
    seen, held_out = train_test_split(list(range(len(rows))), test_size=HELD_OUT, random_state=SEED, stratify=labels)
    training = [rows[index] for index in seen]
    features = Features.fit(training)
    booster = xgboost.train(
        dict(PARAMETERS),
        xgboost.DMatrix(features.matrix(training), label=_labels(training)),
        num_boost_round=ROUNDS,
    )
    booster.set_attr(**{FEATURES: features.to_json()})
    artifact = _pack({MODEL: bytes(booster.save_raw("json"))})
    unseen = tuple(rows[index] for index in held_out)
    scores = score(artifact, unseen)
    truth = _labels(unseen)
    return TrainedModel(
        artifact=artifact,
        auc=float(roc_auc_score(truth, scores)),
        accuracy=float(np.mean((np.array(scores) >= 0.5) == (truth == 1.0))),
        training_rows=len(training),
        held_out=unseen,
        scores=scores,
    )


def score(artifact: bytes, rows: Sequence[Row]) -> tuple[float, ...]:
    """The probability of a bad outcome for each row, from nothing but the artifact."""
    booster = _booster(artifact)
    matrix = _features(booster).matrix(rows)
    return tuple(float(value) for value in booster.predict(xgboost.DMatrix(matrix)))


def as_csv(artifact: bytes, rows: Sequence[Row]) -> bytes:
    """The rows as the model's container takes them: a line each, numbers alone, neither header nor label."""
    matrix = _features(_booster(artifact)).matrix(rows)
    return "\n".join(",".join(f"{value:g}" for value in line) for line in matrix.tolist()).encode()


def _booster(artifact: bytes) -> xgboost.Booster:
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(_unpack(artifact)[MODEL]))
    return booster


def _features(booster: xgboost.Booster) -> Features:
    return Features.from_json(booster.attr(FEATURES) or "")


def _labels(rows: Sequence[Row]) -> Matrix:
    return np.array([row[OUTCOME] == "bad" for row in rows], dtype=np.float32)


def _is_number(text: str) -> bool:
    return text.isdigit()


def _pack(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz without times or owners, so that equal content has an equal digest."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


def _unpack(artifact: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(artifact), mode="r:gz") as archive:
        return {entry.name: file.read() for entry in archive if (file := archive.extractfile(entry)) is not None}
