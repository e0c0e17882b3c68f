"""A gate at work beside a robot: what is seen at each tick becomes a request, or none."""
from __future__ import annotations

from collections import deque
from dataclasses import replace
from math import nan

from il_ros.errors import ConfigError
from il_ros.intervention.gates import thrifty
from il_ros.intervention.gates.ensemble import EnsembleGate
from il_ros.intervention.gates.files import GateModel, Inputs
from il_ros.intervention.gates.gate import Decision, Evidence
from il_ros.intervention.gates.lasting import Lasting
from il_ros.intervention.gates.thrifty import ThriftyGate
from il_ros.types import Floats, Observation
import numpy as np

MOST = 20_000   # steps of the policy that ThriftyDAgger's thresholds are taken from


class Watcher:
    """Pure; the caller says what there is and who acts.

    Attributes:
        gate: With the present thresholds.
    """

    def __init__(self, name: str, model: GateModel, inputs: Inputs, steps: int,
                 chi: float | None = None) -> None:
        """Begin without a request.

        Args:
            name: 'ensemble', 'safe', 'lazy' or 'thrifty'.
            model: What was learnt of the policy.
            inputs: What its networks see.
            steps: A request has to last so many ticks.
            chi: In place of EnsembleDAgger's learnt threshold.

        Raises:
            ConfigError: There is no such gate, it lacks something, or chi is for another gate.
        """
        self.gate = model.gate(name)
        if chi is not None:
            if not isinstance(self.gate, EnsembleGate):
                raise ConfigError(f"chi: is for the gate 'ensemble', got {name!r}; leave it 0")
            self.gate = replace(self.gate, chi=chi)
        self._model, self._inputs, self._lasting = model, inputs, Lasting(steps)
        self._robot = deque[Evidence](maxlen=MOST)

    def decide(self, observation: Observation, target: Floats, doubt: float,
               human: Floats | None, policy_acts: bool) -> Decision:
        """Return whether a person shall act.

        Args:
            observation: Of this tick.
            target: What the policy wants next, in contract order [rad] or [m]. Shape (J,).
            doubt: The variance of its ensemble for that; NaN of one member.
            human: What the person who acts wants, NaN of joints that they leave to the policy;
                None while nobody does. Shape (J,).
            policy_acts: The robot obeys the policy.
        """
        seen = self._inputs(observation, target)[None]
        model = self._model
        evidence = Evidence(
            doubt, float(model.safe(seen)[0]) if model.safe else nan,
            float(model.value(seen)[0]) if model.value else nan,
            nan if human is None else self._inputs.discrepancy(
                target, np.where(np.isnan(human), target, human)))
        if policy_acts:
            self._robot.append(evidence)
        decision = self.gate.decide(evidence, human is not None)
        self._lasting, decision = self._lasting.update(decision, human is not None)
        return decision

    def end_episode(self) -> None:
        """Take ThriftyDAgger's thresholds anew from what the policy met while it acted."""
        if isinstance(self.gate, ThriftyGate):
            self.gate = thrifty.fit(np.array([e.doubt for e in self._robot]),
                                    np.array([e.value for e in self._robot]),
                                    self._model.record.thresholds.alpha, self.gate.delta_r,
                                    self.gate)
