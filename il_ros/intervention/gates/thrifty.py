"""ThriftyDAgger: asks where it is new or risky, as often as a budget allows.

Hoque et al. 2021 (arXiv:2109.08273), section 4. The thresholds follow from the budget and from
what the policy met while it acted. The budget alpha bounds how often control is asked for per
step of the robot, not the person's time, and novelty or risk alone may use it up, so that the
rate can come to twice alpha.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import ConfigError
from il_ros.intervention.gates.gate import Decision, Evidence
from il_ros.types import Floats
import numpy as np

FEWEST = 26   # robot steps below which thresholds are not taken anew


@dataclass(frozen=True)
class ThriftyGate:
    """Asks if novelty > delta_h or Q < eps_h; releases once discrepancy < delta_r and Q > eps_r.

    Attributes:
        delta_h: Novelty above which a state is new.
        eps_h: Q below which it is risky.
        delta_r: Discrepancy below which the policy agrees with the person.
        eps_r: Q above which the person may let go.
    """

    delta_h: float
    eps_h: float
    delta_r: float
    eps_r: float

    def __post_init__(self) -> None:
        if not (self.delta_h >= 0 and self.delta_r >= 0):
            raise ConfigError(f'delta_h {self.delta_h}, delta_r {self.delta_r}: expected 0 or '
                              'more')

    def decide(self, evidence: Evidence, human: bool) -> Decision:
        """Return who shall act; a person in control keeps it while agreement is not known."""
        if human:
            if not evidence.discrepancy < self.delta_r:
                return Decision(True, 'the policy does not agree with the person yet',
                                evidence.discrepancy, self.delta_r)
            safe = evidence.value > self.eps_r
            return Decision(not safe, '' if safe else 'the task is still at risk',
                            1 - evidence.value, 1 - self.eps_r)
        if evidence.doubt > self.delta_h:
            return Decision(True, 'this is new to the policy', evidence.doubt, self.delta_h)
        if evidence.value < self.eps_h:
            return Decision(True, 'the task is at risk', 1 - evidence.value, 1 - self.eps_h)
        return Decision(False, '', evidence.doubt, self.delta_h)


def fit(novelty: Floats, value: Floats, alpha: float, delta_r: float,
        previous: ThriftyGate | None = None) -> ThriftyGate:
    """Return the gate that asks at a share alpha of the robot's steps.

    Args:
        novelty: Of the steps in which the policy acted. Shape (N,).
        value: Q at the same steps. Shape (N,).
        alpha: The budget: switches to the person per step of the robot.
        delta_r: Mean discrepancy over the training data.
        previous: Kept where there are not more than 25 steps.

    Source: section 4.4, and the authors' code for which quantiles.

    Raises:
        ConfigError: alpha is no share, or there are too few steps and no gate before.
    """
    if not 0 < alpha < 1:
        raise ConfigError(f'alpha: expected more than 0 and less than 1, got {alpha}')
    if len(novelty) < FEWEST:
        if previous is None:
            raise ConfigError(f'expected at least {FEWEST} steps of the robot, got {len(novelty)}')
        return previous
    return ThriftyGate(float(np.quantile(novelty, 1 - alpha)), float(np.quantile(value, alpha)),
                       delta_r, float(np.quantile(value, 0.5)))
