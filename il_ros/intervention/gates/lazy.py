"""LazyDAgger: SafeDAgger with hysteresis, so that a person is not called for single steps.

Hoque et al. 2021 (arXiv:2104.00053), section IV. The person keeps control until the policy would
do nearly the same, and their executed actions are disturbed so that the data show how errors are
mended; the label stays clean.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import ConfigError
from il_ros.intervention.gates.gate import Decision, Evidence
from il_ros.intervention.gates.safe import SafeGate
from il_ros.types import Floats
import numpy as np

SHARE = 0.25   # of tau, which has to be reached before the policy acts again


@dataclass(frozen=True)
class LazyGate:
    """Asks as SafeDAgger does; releases the person once discrepancy < share * tau.

    Attributes:
        tau: Discrepancy from which on an action is unsafe.
        share: 1 releases where an action is merely safe.
    """

    tau: float
    share: float = SHARE

    def __post_init__(self) -> None:
        if not (self.tau >= 0 and 0 < self.share <= 1):
            raise ConfigError(f'tau {self.tau}, share {self.share}: expected tau of 0 or more, '
                              'share above 0 and at most 1')

    def decide(self, evidence: Evidence, human: bool) -> Decision:
        """Return who shall act; a person in control keeps it while agreement is not known."""
        if not human:
            return SafeGate().decide(evidence, human)
        enough = self.share * self.tau
        agree = evidence.discrepancy < enough
        reason = '' if agree else 'the policy does not agree with the person yet'
        return Decision(not agree, reason, evidence.discrepancy, enough)


def with_noise(action: Floats, sigma: float, random: np.random.Generator) -> Floats:
    """Return what to execute where a person asked for `action`, which stays the label.

    Args:
        action: Shape (A,).
        sigma: Standard deviation, in the action's units; 0 changes nothing.
        random: Draws the noise.
    """
    return action + sigma * random.standard_normal(action.shape) if sigma else action
