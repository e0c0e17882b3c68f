"""EnsembleDAgger: the policy acts where it agrees with the expert and with itself.

Menda et al. 2019 (arXiv:1807.08364), section III. A person cannot say beforehand what they would
do: where the discrepancy is not known, doubt alone decides, as if tau were infinite.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import ConfigError
from il_ros.intervention.gates.gate import Decision, Evidence


@dataclass(frozen=True)
class EnsembleGate:
    """The policy acts if discrepancy <= tau and doubt <= chi.

    Attributes:
        tau: Infinite for the doubt rule alone.
        chi: Infinite for the discrepancy rule alone.
    """

    tau: float
    chi: float

    def __post_init__(self) -> None:
        for name in ('tau', 'chi'):
            if not (value := getattr(self, name)) >= 0:
                raise ConfigError(f'{name}: expected 0 or more, got {value}')

    def decide(self, evidence: Evidence, human: bool) -> Decision:
        """Return who shall act; who acts now plays no part."""
        if evidence.doubt > self.chi:
            return Decision(True, 'the members of the policy disagree', evidence.doubt, self.chi)
        if evidence.discrepancy > self.tau:
            return Decision(True, 'the policy disagrees with the person', evidence.discrepancy,
                            self.tau)
        return Decision(False, '', evidence.doubt, self.chi)
