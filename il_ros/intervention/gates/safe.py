"""SafeDAgger: a classifier learns where the policy differs from the expert.

Zhang and Cho 2017 (arXiv:1605.06450), section 3. An action is unsafe where ||a - a*||^2 >= tau,
with tau such that about a fifth of the held-out steps are: on the policy's own training data,
where it agrees with the expert, the classifier would never learn to fire.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import ConfigError
from il_ros.intervention.gates.gate import Decision, Evidence
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

UNSAFE_SHARE = 0.2
SAFE = 0.5


@dataclass(frozen=True)
class SafeGate:
    """The person acts wherever the classifier calls the policy unsafe."""

    def decide(self, evidence: Evidence, human: bool) -> Decision:
        """Return who shall act; who acts now plays no part."""
        unsafe = evidence.safe < SAFE
        return Decision(unsafe, 'the policy is likely to err' if unsafe else '',
                        1 - evidence.safe, 1 - SAFE)


def unsafe_threshold(discrepancies: Floats, share: float = UNSAFE_SHARE) -> float:
    """Return the tau from which on a share of held-out discrepancies counts as unsafe.

    Args:
        discrepancies: ||a - a*||^2 at steps that the policy did not learn from. Shape (N,).
        share: Of the steps.

    Raises:
        ConfigError: There are none.
    """
    if not len(discrepancies):
        raise ConfigError('tau: expected steps that the policy did not learn from, got none')
    return float(np.quantile(discrepancies, 1 - share))


def unsafe(discrepancies: Floats, tau: float) -> NDArray[np.bool_]:
    """Return which actions are unsafe. Shape (N,)."""
    return discrepancies >= tau
