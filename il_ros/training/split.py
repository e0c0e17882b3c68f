"""Which episodes are kept for validation."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.training.config import TrainConfig
from il_ros.training.sampling import Mask, Rows
from il_ros.training.shares import Axis, combined
import numpy as np


def split_episodes(episodes: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Return episode indices for training and for validation, in order.

    Whole episodes, since neighbouring rows are near copies of each other. At least one episode
    is kept for validation, unless the share is 0 or there is only one.
    """
    if share == 0 or len(episodes) < 2:
        return episodes, episodes[:0]
    count = max(1, round(share * len(episodes)))
    order = np.random.default_rng(seed).permutation(episodes)
    return np.sort(order[count:]), np.sort(order[:count])


def held_out(config: TrainConfig, labelled: Mask, episode: Rows, axes: Sequence[Axis] = ()
             ) -> tuple[Rows, Rows]:
    """Return the episodes to learn from and those for validation, a share of each dataset's.

    Args:
        config: Says how many.
        labelled: Rows that are labels. Shape (N,).
        episode: Index of each row's episode. Shape (N,).
        axes: 'data' says which dataset a row is of.
    """
    episodes, first = np.unique(episode[labelled], return_index=True)
    owner = combined([axis for axis in axes if axis.name == 'data'],
                     np.flatnonzero(labelled)[first])
    if not len(episodes):
        return episodes, episodes
    parts = [split_episodes(episodes[owner == one], config.validation_share, config.seed)
             for one in np.unique(owner)]
    training, validation = zip(*parts, strict=True)
    return np.concatenate(training), np.concatenate(validation)
