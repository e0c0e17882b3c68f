"""Whether a new policy takes the place of the one before, and the pointer that says which does."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import os
from pathlib import Path

from il_ros.errors import ConfigError
from il_ros.evaluation.rollout import Rollout
from il_ros.evaluation.statistics import compare_paired, probability_better, probability_text

POINTER = 'promoted'


@dataclass(frozen=True)
class Verdict:
    """What the comparison of a new policy with the promoted one says.

    Attributes:
        promoted: The new one is not worse.
        difference: Success rate of the new one less that of the other.
        probability: That the new one is better.
        p_value: Of McNemar's test; None where the episodes are not paired.
    """

    promoted: bool
    difference: float
    probability: float
    p_value: float | None

    @property
    def text(self) -> str:
        """One sentence for people."""
        test = '' if self.p_value is None else f', McNemar p = {self.p_value:.3g}'
        return (f'{"promoted" if self.promoted else "not promoted"}: {100 * self.difference:+.0f} '
                f'points, better with probability {probability_text(self.probability)}{test}')


def judge(new: Sequence[Rollout], old: Sequence[Rollout], at_least: float = 0.5,
          paired: bool = True) -> Verdict:
    """Return whether a new policy shall take the place of the promoted one.

    The rule: it is promoted unless it is worse, which is when it is better with a probability
    below `at_least`. On paired seeds and with 0.5 that is when it succeeds on fewer of them; ties
    promote, since the newer one has seen more. A higher value asks for evidence.

    Args:
        new: Episodes of the new policy.
        old: Those of the promoted one.
        at_least: Probability of being better that promotes.
        paired: The episodes have the same seeds, in the same order.

    Raises:
        ConfigError: The episodes cannot be compared.
    """
    if not paired:
        counts = [(sum(r.success for r in each), len(each)) for each in (new, old)]
        if not min(len(new), len(old)):
            raise ConfigError('expected episodes of both policies to compare')
        probability = probability_better(*counts)
        difference = counts[0][0] / counts[0][1] - counts[1][0] / counts[1][1]
        # The closed form is a sum of roundings: equal results are equal.
        tie = at_least == 0.5 and counts[0] == counts[1]
        return Verdict(tie or probability >= at_least, difference, probability, None)
    if [r.seed for r in new] != [r.seed for r in old]:
        raise ConfigError('expected the episodes of two policies on the same seeds')
    found = compare_paired([r.success for r in new], [r.success for r in old])
    return Verdict(found.probability_a_better >= at_least, found.difference,
                   found.probability_a_better, found.p_value)


def promote(out: Path, checkpoint: Path) -> None:
    """Let `out`/promoted point at a checkpoint; a crash leaves the old one or the new one."""
    partial = out / f'.{POINTER}.partial'
    partial.unlink(missing_ok=True)
    partial.symlink_to(os.path.relpath(checkpoint, out))
    partial.replace(out / POINTER)


def promoted(out: Path) -> Path | None:
    """Return the promoted checkpoint; None before the first."""
    pointer = out / POINTER
    return (out / pointer.readlink()).resolve() if pointer.is_symlink() else None
