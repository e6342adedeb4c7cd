"""AWS's XGBoost container in algorithm mode, as far as its answers go: run with a folder that holds `model.tar.gz`.

Every file of the artifact is taken for a model, and what several predict is averaged; csv in, csv or JSON out; statuses
and words for what can't be read or scored. Source: aws/sagemaker-xgboost-container, algorithm_mode (serve.py,
serve_utils.py) and encoder.py. Left out: pickled models, which run code; libsvm and recordio-protobuf; selectable
output.

Reads requests from standard input and answers on standard output: a line of JSON with `length`, then so many bytes.
"""

from __future__ import annotations

import csv
import json
import sys
import tarfile
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

CSV, JSON = "text/csv", "application/json"
SNIFFED_CHARACTERS = 512


class Refused(Exception):
    """The container answers with an error status."""

    def __init__(self, status: HTTPStatus, told: str) -> None:
        super().__init__(told)
        self.status = status


class Model:
    """The boosters of an artifact."""

    def __init__(self, folder: Path) -> None:
        import xgboost

        self._xgboost = xgboost
        target = folder / "model"
        with tarfile.open(folder / "model.tar.gz", mode="r:gz") as archive:
            archive.extractall(target, filter="data")
        files = sorted(path for path in target.iterdir() if path.is_file() and not path.name.startswith("."))
        if not files:
            raise ValueError("the artifact holds no file")
        self._boosters = [self._loaded(path) for path in files]

    def _loaded(self, path: Path) -> Any:
        booster = self._xgboost.Booster({"nthread": 1})
        try:
            booster.load_model(path)
        except Exception as error:
            raise ValueError(f"Model at {path.name} cannot be loaded: {str(error).splitlines()[0]}") from error
        return booster

    def predict(self, body: bytes, content_type: str) -> list[Any]:
        """Raises Refused."""
        import numpy as np

        matrix = self._matrix(body, content_type)
        try:
            found = [booster.predict(matrix, validate_features=False) for booster in self._boosters]
        except Exception as error:
            told = f"Unable to evaluate payload provided: {error}"
            raise Refused(HTTPStatus.BAD_REQUEST, told) from error
        mean = found[0] if len(found) == 1 else np.mean(found, axis=0)
        scores: list[Any] = mean.tolist()
        return scores

    def _matrix(self, body: bytes, content_type: str) -> Any:
        import numpy as np

        kind = content_type.lower().partition(";")[0].strip()
        if kind != CSV:
            told = f"Content-type {content_type} is not supported."
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, told)
        try:
            text = body.strip().decode("utf-8")
            sniffed = csv.Sniffer().sniff(text.split("\n", maxsplit=1)[0][:SNIFFED_CHARACTERS]).delimiter
            delimiter = "," if sniffed.isalnum() else sniffed
            rows = [[one or "nan" for one in line.split(delimiter)] for line in text.split("\n")]
            return self._xgboost.DMatrix(np.array(rows).astype(float))
        except Exception as error:
            told = f"Loading csv data failed with Exception, please ensure data is in csv format: {error}"
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, told) from error


def answered(model: Model, body: bytes, content_type: str, accept: str) -> tuple[HTTPStatus, str, bytes]:
    """Status, content type and body of an answer."""
    if not body:
        return HTTPStatus.NO_CONTENT, "text/html; charset=utf-8", b""
    wanted = accept.lower().partition(";")[0].strip()
    try:
        if wanted not in ("", "*/*", CSV, JSON):
            told = f"Accept type {accept} is not supported. Please use supported accept types: {CSV}, {JSON}."
            raise Refused(HTTPStatus.NOT_ACCEPTABLE, told)
        scores = model.predict(body, content_type)
    except Refused as refusal:
        return refusal.status, "text/html; charset=utf-8", str(refusal).encode()
    if wanted == JSON:
        return HTTPStatus.OK, JSON, json.dumps({"predictions": [{"score": score} for score in scores]}).encode()
    return HTTPStatus.OK, "text/csv; charset=utf-8", ",".join(map(str, scores)).encode()


def _tell(out: BinaryIO, status: int, content_type: str, body: bytes) -> None:
    out.write(json.dumps({"status": status, "content_type": content_type, "length": len(body)}).encode() + b"\n")
    out.write(body)
    out.flush()


def main(folder: str) -> int:
    requests, out = sys.stdin.buffer, sys.stdout.buffer
    try:
        model = Model(Path(folder))
    except Exception as error:  # noqa: BLE001 - whatever keeps a model from loading is the container's answer
        _tell(out, HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", f"Unable to load model: {error}".encode())
        return 1
    _tell(out, HTTPStatus.OK, "text/plain", b"")
    while line := requests.readline():
        asked = json.loads(line)
        body = requests.read(asked["length"])
        _tell(out, *answered(model, body, asked["content_type"], asked["accept"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
