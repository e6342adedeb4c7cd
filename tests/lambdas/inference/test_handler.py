"""The inference function as the HTTP API invokes it, and what it leaves in its log."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from governance.errors import SettingError
from lambdas.common.log import Log
from lambdas.inference import handler as module
from lambdas.inference.core import Inference, Rules
from lambdas.inference.fakes import FakeEndpoints
from lambdas.inference.handler import Settings, Warm, handler
from lambdas.inference.ports import ModelFailed, Prediction
from tests.lambdas.inference.test_request import event

SECRET = "4111-1111-1111-1111"
VARIABLES = {
    "ENDPOINTS": '["Fraud", "CreditRisk"]', "CONTENT_TYPES": '["Text/CSV"]', "MAX_BYTES": "1024", "PREFIX": "mlgov",
}  # fmt: skip


@pytest.fixture
def endpoints(monkeypatch: pytest.MonkeyPatch) -> FakeEndpoints:
    made = FakeEndpoints(Prediction(f"{SECRET},0.5".encode(), "text/csv", "AllTraffic"))
    rules = Rules(("CreditRisk",), frozenset({"text/csv"}), 1024)
    warm = Warm(Inference(made, rules), Log(installation="mlgov"))
    monkeypatch.setattr(module, "_warm", lambda: warm)
    return made


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one line that was logged; nothing else was printed, and the secret isn't in it."""
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err
    [text] = printed.out.splitlines()
    found: dict[str, Any] = json.loads(text)
    return found


def test_an_answer_is_given_back_and_told_in_one_line(
    endpoints: FakeEndpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a request without a trace, and a trace with its payload or its prediction."""
    answer = handler(event(body=SECRET), None)
    assert answer["statusCode"] == 200
    assert base64.b64decode(answer["body"]) == f"{SECRET},0.5".encode()
    assert answer["isBase64Encoded"] is True
    told = line(capsys)
    assert told.pop("ms") >= 0
    assert told == {
        "level": "INFO",
        "message": "request",
        "installation": "mlgov",
        "status": 200,
        "reason": "answered",
        "requestid": "JKJaXmPLvHcESHA=",
        "caller": "arn:aws:sts::333333333333:assumed-role/Lending/nightly",
        "bytesin": len(SECRET),
        "endpoint": "CreditRisk",
        "bytesout": len(SECRET) + 4,
    }


def test_a_path_nobody_configured_is_not_logged(endpoints: FakeEndpoints, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: a caller's own words in the log, as the name of an endpoint."""
    handler(event(rawPath=f"/endpoints/{SECRET}/invocations"), None)
    assert line(capsys)["endpoint"] is None


def test_what_a_container_says_reaches_the_caller_and_not_the_log(
    endpoints: FakeEndpoints, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guards: a container's message, which quotes the payload, in the log."""
    endpoints.failure = ModelFailed(400, f"could not convert string to float: {SECRET}")
    answer = handler(event(body=SECRET), None)
    assert SECRET in base64.b64decode(answer["body"]).decode()
    told = line(capsys)
    assert (told["status"], told["reason"]) == (424, "ModelError")


def test_a_mistake_of_the_function_itself_is_a_500_and_its_words_stay_unsaid(
    endpoints: FakeEndpoints, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: an exception that Lambda logs with its trace, in which the payload stands."""

    def fail(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(endpoints, "invoke", fail)
    answer = handler(event(body=SECRET), None)
    assert answer["statusCode"] == 500
    assert SECRET not in base64.b64decode(answer["body"]).decode()
    assert line(capsys)["reason"] == "RuntimeError"


def test_an_event_of_another_format_is_refused(endpoints: FakeEndpoints, capsys: pytest.CaptureFixture[str]) -> None:
    """Guards: an integration set to payload format 1.0 that seems to work."""
    answer = handler(event(version="1.0", body=SECRET), None)
    assert answer["statusCode"] == 400
    assert line(capsys)["reason"] == "malformed"


def test_the_environment_is_read() -> None:
    """Guards: names and types that the deployment and the function spell differently."""
    assert Settings.read(VARIABLES) == Settings(
        endpoints=("CreditRisk", "Fraud"), content_types=frozenset({"text/csv"}), most_bytes=1024, prefix="mlgov"
    )


def test_a_wrong_environment_is_told_at_once() -> None:
    """Guards: a function that starts and answers 500 to everything, variable by variable."""
    with pytest.raises(SettingError) as problem:
        Settings.read({"ENDPOINTS": "CreditRisk", "MAX_BYTES": "none"})
    for name in VARIABLES:
        assert name in str(problem.value)
