"""The inference function's port in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from lambdas.inference.ports import InvocationFailed, Prediction


@dataclass
class FakeEndpoints:
    """Answers what it is given; `asked` holds (endpoint, body, content type, accept) of every invocation."""

    prediction: Prediction = field(default_factory=lambda: Prediction(b"0.5", "text/csv", "AllTraffic"))
    failure: InvocationFailed | None = None
    asked: list[tuple[str, bytes, str, str]] = field(default_factory=list)

    def invoke(self, endpoint: str, body: bytes, content_type: str, accept: str) -> Prediction:
        self.asked.append((endpoint, body, content_type, accept))
        if self.failure is not None:
            raise self.failure
        return self.prediction
