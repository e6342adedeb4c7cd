"""Forbidden attempts: what is tried, and which layers must refuse it, each on its own.

A refusal that rests on one layer is one mistake away from a success. So an attempt names every layer that has to
refuse it alone, as the evaluator saw the deployed policies: `denied` is an explicit Deny, `silent` the lack of an
Allow. The layer `service` stands for AWS itself refusing what the policies let through (a failed precondition).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.scenario.expectations import Score

ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AccessDeniedError"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """`layers` maps a layer to how it must refuse alone; `service` maps to the error code that AWS answers."""

    who: str
    what: str
    call: Callable[[], Any]
    layers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that was refused.

    `layers` maps each layer that had to refuse to the statement or the lack that did; `decisions` to what it decided
    alone (`denied`, `silent`, `allowed`, or AWS's error code for the layer `service`).
    """

    who: str
    what: str
    layers: Mapping[str, str]
    decisions: Mapping[str, str]


Layers = Sequence[tuple[str, str, str]]
"""(layer, decision alone, by), as the request log has it."""


def make(
    attempts: Sequence[Attempt], score: Score, layers_of: Callable[[str], Layers]
) -> tuple[list[Refusal], set[str]]:
    """Make every attempt; each must fail, refused by every layer that it names.

    `layers_of` gives the layers of a denied request by its id. Returns the refusals and the ids of the denied requests,
    so that a denial which nobody expected stands out.
    """
    refusals: list[Refusal] = []
    denied: set[str] = set()
    for attempt in attempts:
        claim = f"{attempt.who} can't {attempt.what}"
        try:
            attempt.call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            request = error.response["ResponseMetadata"].get("RequestId", "")
            if "service" in attempt.layers:
                score.equal(f"{claim}: AWS answers {attempt.layers['service']}", code, attempt.layers["service"])
                refusals.append(Refusal(attempt.who, attempt.what, {"service": code}, {"service": code}))
                continue
            if not score.expect(claim, code in ACCESS_DENIED, f"{code}: {error.response['Error']['Message']}"):
                continue
            denied.add(request)
            seen = {layer: (decision, by) for layer, decision, by in layers_of(request)}
            for layer, expected in attempt.layers.items():
                decision, by = seen.get(layer, ("absent", "nothing was evaluated"))
                score.expect(
                    f"{claim}: the {layer} side alone refuses ({expected})",
                    decision == expected,
                    by if decision == expected else f"the {layer} side alone is {decision} ({by or 'no statement'})",
                )
            said = {layer: seen.get(layer, ("absent", "")) for layer in attempt.layers}
            refusals.append(
                Refusal(
                    attempt.who,
                    attempt.what,
                    {layer: by for layer, (_, by) in said.items()},
                    {layer: decision for layer, (decision, _) in said.items()},
                )
            )
        else:
            score.expect(claim, False, f"FORBIDDEN, BUT SUCCEEDED: {attempt.who} could {attempt.what}")
    return refusals, denied
