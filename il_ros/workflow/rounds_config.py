"""Settings of DAgger rounds."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from il_ros.config import to_mapping
from il_ros.errors import ConfigError
from il_ros.intervention.beta import Beta
from il_ros.workflow.loop import LoopConfig


@dataclass(frozen=True)
class RoundsConfig:
    """What the rounds follow from.

    Attributes:
        dataset: What the first policy was trained on; the rounds append to it.
        checkpoint: The first policy.
        loop: Sizes, seeds, conditions, training.
        method: 'hg' (a person gates) or 'vanilla' (an expert labels every state).
        beta: Schedule of 'vanilla', as text.
        fine_tune: Train on from the promoted policy in place of from scratch.
        promote_at: See `promotion.judge`.
        simulated: False for the robot of a graph that runs already.
    """

    dataset: Path
    checkpoint: Path
    loop: LoopConfig
    method: str = 'hg'
    beta: str = 'linear:10'
    fine_tune: bool = False
    promote_at: float = 0.5
    simulated: bool = True

    def __post_init__(self) -> None:
        if self.method not in ('hg', 'vanilla'):
            raise ConfigError(f'method: expected hg or vanilla, got {self.method!r}')
        if self.method == 'vanilla':
            Beta.parse(self.beta)
        if not 0 <= self.promote_at < 1:
            raise ConfigError(f'promote_at: expected 0 or more and less than 1, '
                              f'got {self.promote_at:g}')

    def settings(self) -> dict[str, Any]:
        """Return what a resumed run must share, as plain data; not how many processes work."""
        loop = {k: v for k, v in to_mapping(self.loop).items() if k != 'workers'}
        return {**_flat(loop), 'dataset': str(self.dataset.resolve()),
                'checkpoint': str(self.checkpoint.resolve()), 'method': self.method,
                'beta': self.beta if self.method == 'vanilla' else '',
                'fine_tune': self.fine_tune, 'promote_at': self.promote_at,
                'simulated': self.simulated}


def _flat(values: Mapping[str, Any], prefix: str = '') -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= (_flat(value, f'{prefix}{key}.') if isinstance(value, dict)
                  else {prefix + key: value})
    return found
