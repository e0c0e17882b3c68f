"""Who controlled the robot in each row, and how often training draws from each.

IWR: Mandlekar et al. 2020 (arXiv:2012.06733). Sirius: Liu et al. 2023 (arXiv:2211.08416).
"""
from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import compress

from il_ros.errors import DatasetError
from il_ros.training.config import TrainConfig
from il_ros.types import ControlSource, LABELLED, PERSON
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

INTERVENTION_SHARE = 0.5  # of IWR and of Sirius
BEFORE_SHARE = 0.002      # of Sirius: what led to an intervention is not to be copied
BEFORE_ROWS = 15          # of Sirius


class Origin(IntEnum):
    """Where a row comes from."""

    DEMO = 0    # a human, in an episode without a policy
    HUMAN = 1   # a human, in a rollout; or a human's label
    POLICY = 2
    OTHER = 3   # nobody: the robot was held


def origins(control: NDArray[np.integer], intervention: Mask, episode: Rows) -> NDArray[np.int8]:
    """Return the `Origin` of every row.

    Args:
        control: `ControlSource` per row, `LABELLED` or `GUIDED`. Shape (N,).
        intervention: Where a person corrected the policy. Shape (N,).
        episode: Index of each row's episode. Shape (N,).
    """
    policy = control == ControlSource.POLICY
    human = np.isin(control, (*PERSON, LABELLED))
    rollout = np.isin(episode, np.unique(episode[policy | intervention]))
    return np.select([policy, human & rollout, human],
                     [Origin.POLICY, Origin.HUMAN, Origin.DEMO], Origin.OTHER).astype(np.int8)


def before_interventions(origin: NDArray[np.int8], episode: Rows,
                         rows: int = BEFORE_ROWS) -> Mask:
    """Return which rows of the policy are among the last ones before an intervention.

    Rows in which the robot was held are not counted: an arbiter holds it while the device aligns.
    Shape (N,).
    """
    active = np.flatnonzero(origin != Origin.OTHER)
    kind, owner = origin[active], episode[active]
    starts = 1 + np.flatnonzero((kind[1:] == Origin.HUMAN) & (kind[:-1] == Origin.POLICY)
                                & (owner[1:] == owner[:-1]))
    near = np.zeros(len(origin), bool)
    for back in range(1, rows + 1):
        inside = starts[starts >= back]
        inside = inside[owner[inside - back] == owner[inside]]
        near[active[inside - back]] = True
    policy: Mask = origin == Origin.POLICY
    return near & policy


@dataclass(frozen=True)
class Mixture:
    """Groups of rows and how often each is drawn from.

    Attributes:
        groups: Rows of each group; none is empty.
        shares: Of the draws; they add up to 1.
    """

    groups: tuple[Rows, ...]
    shares: tuple[float, ...]

    def draw(self, count: int, random: np.random.Generator) -> Rows:
        """Return rows drawn with replacement, those of a group together. Shape (count,)."""
        counts = ([count] if len(self.groups) == 1
                  else random.multinomial(count, self.shares).tolist())
        return np.concatenate([random.choice(group, wanted) for group, wanted
                               in zip(self.groups, counts, strict=True)])


def mixture(config: TrainConfig, training: Rows, origin: NDArray[np.int8], correction: Mask,
            before: Mask) -> Mixture:
    """Return how the training rows are drawn.

    Args:
        config: `mix`, `weighting` or `correction_share`; without them all rows are alike.
        training: Rows that may be drawn.
        origin: `Origin` of all rows. Shape (N,).
        correction: Where a person was correcting the policy. Shape (N,).
        before: Of `before_interventions`. Shape (N,).

    Raises:
        DatasetError: A source with a share has no rows, or demonstrations leave none for the
            rollouts.
    """
    kinds = origin[training]
    if config.mix:
        wanted = {Origin.DEMO: config.mix.demo, Origin.HUMAN: config.mix.human,
                  Origin.POLICY: config.mix.policy}
        return _of({f'mix: {kind.name.lower()}': (training[kinds == kind], share)
                    for kind, share in wanted.items()})
    if config.weighting == 'iwr':
        human = kinds == Origin.HUMAN
        return _of({'iwr: interventions': (training[human], INTERVENTION_SHARE),
                    'iwr: all others': (training[~human], 1 - INTERVENTION_SHARE)})
    if config.weighting == 'sirius':
        return _sirius(training, kinds, before[training])
    others = training[~correction[training]]
    corrections = training[correction[training]]
    if config.correction_share is None or not len(corrections) or not len(others):
        return Mixture((training,), (1.0,))
    return Mixture((corrections, others), (config.correction_share, 1 - config.correction_share))


def _sirius(training: Rows, kinds: NDArray[np.int8], before: Mask) -> Mixture:
    demonstrations = float(np.mean(kinds == Origin.DEMO))
    near = BEFORE_SHARE if before.any() else 0.0
    rest = 1 - INTERVENTION_SHARE - near - demonstrations
    if rest < 0:
        raise DatasetError(
            f'sirius: {demonstrations:.1%} of the rows are demonstrations and keep that share; '
            f'with {INTERVENTION_SHARE:.0%} for interventions and {near:.1%} for what led to them '
            f'that leaves {rest:.1%} for rollouts, expected 0 or more; record more rollouts, or '
            'give shares of your own with mix')
    return _of({
        'sirius: interventions': (training[kinds == Origin.HUMAN], INTERVENTION_SHARE),
        'sirius: rows before them': (training[before], near),
        'sirius: demonstrations': (training[kinds == Origin.DEMO], demonstrations),
        'sirius: rollouts': (training[(kinds >= Origin.POLICY) & ~before], rest)})


def _of(groups: dict[str, tuple[Rows, float]]) -> Mixture:
    if empty := [f'{name} has a share of {share:g}' for name, (rows, share) in groups.items()
                 if share > 0 and not len(rows)]:
        raise DatasetError(f'{empty[0]} but no rows to draw from; record some, or leave it out')
    used = [share > 0 for _, share in groups.values()]
    rows, shares = zip(*compress(groups.values(), used), strict=True)
    return Mixture(tuple(rows), tuple(shares))
