"""The guard's own ports in memory; beside the adapters because they must change with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lambdas.common.fakes import Fault, no_fault


@dataclass
class FakeBolt:
    """The rejections, each with its description. `carry_out` is what the registry does with one; False: it is gone."""

    rejected: list[tuple[str, str]] = field(default_factory=list)
    carry_out: Callable[[str], bool] = lambda _arn: True
    fault: Fault = no_fault

    def reject(self, arn: str, description: str) -> bool:
        self.fault("bolt.reject:before")
        done = self.carry_out(arn)
        if done:
            self.rejected.append((arn, description))
        self.fault("bolt.reject:after")
        return done
