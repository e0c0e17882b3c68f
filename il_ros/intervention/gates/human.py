"""HG-DAgger: the person decides; doubt is looked at afterwards.

Kelly et al. 2019 (arXiv:1810.02890), algorithm 1. Only what the person did while in control is
learnt from, which is the label rule of `TrainConfig.sources`.
"""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.errors import ConfigError
from il_ros.intervention.gates.gate import Decision, Evidence
import numpy as np

SHARE = 0.25   # of the interventions, the last ones, that the threshold is taken from


class HumanGate:
    """Never asks: whoever acts goes on."""

    def decide(self, evidence: Evidence, human: bool) -> Decision:
        """Return what the person decided."""
        return Decision(human, 'the person decided' if human else '')


def doubt_threshold(doubts: Sequence[float]) -> float:
    """Return tau: the mean doubt at the last quarter of the interventions.

    Where the policy's doubt is below it, the person let it act in the end: an estimate of the
    safe part of the state space, for analysis. It gates nothing.

    Args:
        doubts: `gate.doubt` when the person took over, in the order of the interventions.

    Source: section III-B.

    Raises:
        ConfigError: There were no interventions.
    """
    if not doubts:
        raise ConfigError('tau: expected the doubt of at least one intervention, got none')
    return float(np.mean(doubts[int((1 - SHARE) * len(doubts)):]))
