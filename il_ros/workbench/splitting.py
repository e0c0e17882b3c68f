"""Episodes drawn into parts."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.workbench.takes import Take, takes_of
import numpy as np


def parse_shares(texts: Sequence[str]) -> dict[Path, float]:
    """Return the share of each part from texts such as train=0.9.

    Raises:
        ConfigError: One has another form, or they do not add up to 1.
    """
    found: dict[Path, float] = {}
    for text in texts:
        name, _, share = text.rpartition('=')
        try:
            found[Path(name)] = float(share)
        except ValueError:
            name = ''
        if not name or not 0 < found[Path(name)] <= 1:
            raise ConfigError(f'--out {text!r}: expected NAME=SHARE, such as train=0.9')
    if len(found) < len(texts) or abs(sum(found.values()) - 1) > 1e-6:
        raise ConfigError(f'--out: expected shares of different parts that add up to 1, got '
                          f'{", ".join(texts)}')
    return found


def drawn(dataset: Dataset, shares: Mapping[Path, float], seed: int) -> dict[Path, list[Take]]:
    """Return the episodes of each part, in their order; a seed always gives the same.

    Raises:
        ConfigError: A part would be empty.
    """
    takes = takes_of(dataset)
    order = np.random.default_rng(seed).permutation(len(takes))
    ends = np.round(np.cumsum(list(shares.values())) * len(takes)).astype(int)
    found, begin = {}, 0
    for (name, share), end in zip(shares.items(), ends, strict=True):
        if end <= begin:
            raise ConfigError(f'{name}={share:g}: no episode of {len(takes)}')
        found[name] = [takes[k] for k in sorted(order[begin:end])]
        begin = end
    return found
