"""Who acts at a step of a DAgger rollout: the expert with probability beta, else the policy.

S. Ross, G. Gordon, D. Bagnell, A Reduction of Imitation Learning and Structured Prediction to
No-Regret Online Learning (AISTATS 2011), section 3 and algorithm 3.1: the mixture
pi_i = beta_i expert + (1 - beta_i) policy_i with beta of the first iteration 1. Whoever acts, the
expert labels every state that is visited.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import ConfigError
import numpy as np

SCHEDULES = ('linear', 'power')


@dataclass(frozen=True)
class Beta:
    """The expert's share of the steps in each iteration.

    Attributes:
        schedule: 'linear' falls to 0 over `over` iterations, 'power' is `p` ** iteration.
        over: Iterations after which 'linear' is 0. Ross 2011 also name 1 (the expert alone in the
            first iteration, the policy alone after it), their parameter-free choice.
        p: Base of 'power'; 0 is that choice as well.

    Raises:
        ConfigError: A value is out of its range.
    """

    schedule: str = 'linear'
    over: int = 10
    p: float = 0.5

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise ConfigError(f'beta: expected one of {", ".join(SCHEDULES)}, '
                              f'got {self.schedule!r}')
        if self.over < 1:
            raise ConfigError(f'beta: over: expected 1 or more iterations, got {self.over}')
        if not 0 <= self.p < 1:
            raise ConfigError(f'beta: p: expected 0 or more and less than 1, got {self.p:g}')

    @staticmethod
    def parse(text: str) -> Beta:
        """Return what a command line says: 'linear:10' or 'power:0.5'.

        Raises:
            ConfigError: It is no such text, or the value is out of its range.
        """
        schedule, _, value = text.partition(':')
        try:
            if schedule == 'linear':
                return Beta('linear', over=int(value))
            if schedule == 'power':
                return Beta('power', p=float(value))
        except ValueError:
            pass
        raise ConfigError(f'--beta: expected linear:ITERATIONS or power:BASE, as in linear:10 or '
                          f'power:0.5, got {text!r}')

    def at(self, iteration: int) -> float:
        """Return the share of an iteration, 0 to 1; of iteration 0, the demonstrations, it is 1.

        Raises:
            ConfigError: The iteration is negative.
        """
        if iteration < 0:
            raise ConfigError(f'beta: iteration: expected 0 or more, got {iteration}')
        if self.schedule == 'linear':
            return max(0.0, 1.0 - iteration / self.over)
        return float(self.p ** iteration)


def expert_acts(beta: float, random: np.random.Generator) -> bool:
    """Draw for one step whether the expert acts.

    Args:
        beta: The expert's share.
        random: Advances by one draw whatever beta is, so that schedules compare step by step.
    """
    return bool(random.random() < beta)
