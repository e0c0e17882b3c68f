"""What the gates' own networks know: figures that no success rate shows."""
from __future__ import annotations

from typing import NamedTuple

from il_ros.intervention.gates.learning import fit_value
from il_ros.intervention.gates.safe import unsafe_threshold
import numpy as np
from numpy.typing import NDArray

from benchmarks.learning.collecting import Array, learn, roll_out, Task, transitions
from benchmarks.learning.methods import Run, Sizes


class Judged(NamedTuple):
    """Figures of one seed.

    Attributes:
        auroc: That Q's least value in an episode is higher where the episode succeeded.
        shuffled: The same against outcomes in another order.
        unsafe: Share of fresh held-out steps beyond the tau of others.
        doubt: Of the last step of failed episodes, over that in undisturbed demonstrations.
    """

    auroc: float
    shuffled: float
    unsafe: float
    doubt: float


def auroc(positive: Array, negative: Array) -> float:
    """Return the probability that a positive's score is the higher one, ties half.

    Source: Mann and Whitney, Ann. Math. Stat. 18 (1947).
    """
    above = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    return float(above)


def judge(task: Task, seed: int, sizes: Sizes, rollouts: int = 40) -> Judged:
    """Return the figures of a novice that only saw undisturbed demonstrations."""
    run = Run(task, seed, sizes)
    novice = learn(run.first, seed, sizes.train_steps)
    seen, fresh = ([roll_out(task, novice, run.next_seed()) for _ in range(rollouts)]
                   for _ in range(2))
    value = fit_value(transitions([*run.first, *seen], novice), seed, steps=1000)
    least = np.array([value(np.hstack([e.column('observation'), e.column('novice')])).min()
                      for e in fresh])
    success = np.array([e.success for e in fresh])
    other = np.random.default_rng(seed).permutation(success)
    learnt = run.demonstrations(20, disturbed=False)
    cautious = learn(learnt[:10], seed, sizes.train_steps)
    errors = [_errors(cautious.each(e.column('observation')).mean(0), e.column('label'))
              for e in run.demonstrations(20, disturbed=False)]
    tau = unsafe_threshold(np.concatenate(errors[::2]))
    calm = np.concatenate([novice.each(e.column('observation')).var(0).mean(1)
                           for e in run.demonstrations(10, disturbed=False)])
    lost = [e.steps[-1].evidence.doubt for e in fresh if not e.success]
    return Judged(
        auroc(least[success], least[~success]), auroc(least[other], least[~other]),
        float((np.concatenate(errors[1::2]) >= tau).mean()),
        np.mean(lost) / np.mean(calm))


def _errors(policy: Array, label: Array) -> NDArray[np.float64]:
    return np.asarray(((policy - label) ** 2).sum(1))
