"""A request counts once it lasts: single steps beyond a threshold call nobody."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.intervention.gates.gate import Decision


@dataclass(frozen=True)
class Lasting:
    """How many steps in a row a gate has asked while the policy acted.

    Attributes:
        steps: So many make a request.
        asked: Up to now.
    """

    steps: int
    asked: int = 0

    def update(self, decision: Decision, human: bool) -> tuple[Lasting, Decision]:
        """Return the next state and what to tell.

        Args:
            decision: Of the gate, at this step.
            human: A person acts; a request that they answered needs no time to last.
        """
        asked = self.asked + 1 if decision.human else 0
        if decision.human and not human and asked < self.steps:
            decision = decision._replace(human=False, reason='')
        return Lasting(self.steps, asked), decision
