"""How near an episode came to limits, and how often the gate kept it within them."""
from __future__ import annotations

from collections import Counter

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.inspection.parts import NEAR_LIMIT
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray


def near_limit(contract: Contract, state: Floats) -> float:
    """Return the share of the rows with a joint next to a position limit; NaN where none is known.

    Args:
        contract: The robot.
        state: Shape (N, J).
    """
    if contract.generated:
        return float('nan')
    arm = ~(contract.is_gripper | contract.is_velocity)
    margin = np.minimum(state - contract.lower, contract.upper - state) / contract.span
    return float((margin[:, arm] < NEAR_LIMIT).any(axis=1).mean())


def limited(rules: NDArray[np.int64] | None) -> dict[str, float] | None:
    """Return by rule the share of the commands that the gate changed; None where none reported.

    Args:
        rules: Per row an index of `schema.LIMITED_BY`. Shape (N,).
    """
    known = np.zeros(0, np.int64) if rules is None else rules[rules != schema.UNKNOWN]
    if not len(known):
        return None
    names = (*schema.LIMITED_BY, 'another rule')
    counts = Counter(names[min(int(rule), len(names) - 1)] for rule in known if rule)
    return {name: count / len(known) for name, count in counts.most_common()}
