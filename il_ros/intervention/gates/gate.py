"""What every gate between a policy and a person is asked, and what it answers."""
from __future__ import annotations

from math import nan
from typing import NamedTuple, Protocol

from il_ros.types import Floats
import numpy as np


class Evidence(NamedTuple):
    """What is known at one step; NaN where it is not.

    Attributes:
        doubt: Of an ensemble: `variance` of its next action.
        safe: Probability that the policy does what the person would (SafeDAgger's classifier).
        value: Probability, discounted, that the task will be done (ThriftyDAgger's Q).
        discrepancy: ||a - a*||^2 between the policy's next action and the person's; known while a
            person acts, and always where the person is a script.
    """

    doubt: float = nan
    safe: float = nan
    value: float = nan
    discrepancy: float = nan


class Decision(NamedTuple):
    """Who shall act at this step.

    Attributes:
        human: A person shall.
        reason: Why, in words; '' where the policy shall act.
        score: What decided; of a probability of success, that of failure.
        threshold: Above it a person shall act.
    """

    human: bool
    reason: str = ''
    score: float = nan
    threshold: float = nan


class Gate(Protocol):
    """One method. It keeps no state: who acts now is all that hysteresis needs."""

    def decide(self, evidence: Evidence, human: bool) -> Decision:
        """Return who shall act.

        Args:
            evidence: Of this step.
            human: A person acts now.
        """
        ...


def variance(actions: Floats) -> float:
    """Return the mean over an action's values of their variance among an ensemble's members.

    Args:
        actions: One per member. Shape (N, A).

    Source: Hoque et al. 2021 (ThriftyDAgger), section 4.2, "novelty".
    """
    return float(actions.var(0).mean())


def doubt(actions: Floats) -> float:
    """Return the norm of the diagonal of the members' covariance.

    Args:
        actions: One per member. Shape (N, A).

    Source: Kelly et al. 2019 (HG-DAgger), equation 2.
    """
    return float(np.linalg.norm(actions.var(0)))


def discrepancy(policy: Floats, human: Floats) -> float:
    """Return the squared distance of two actions, ||a - a*||^2. Shape (A,) each."""
    return float(((policy - human) ** 2).sum())
