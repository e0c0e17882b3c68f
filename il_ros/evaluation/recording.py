"""One episode as arrays, from a bag, a dataset, or a motion that is to become one."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from il_ros.bags.find import is_bag
from il_ros.bags.reader import Bag
from il_ros.contract import Contract
from il_ros.datasets.from_bags.led import commands_of
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.teaching.hands.motion import Motion, SUFFIX
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Recording:
    """What was seen and done at each tick.

    Attributes:
        name: Where it comes from.
        ticks: On the grid of the contract's period; jumps where the streams were silent. (N,).
        states: Measured joint positions [rad] or [m]. Shape (N, J).
        environments: Poses in contract order. Shape (N, 7 * P), (N, 0) where none are known.
        actions: Joint targets until the next tick. Shape (N, J).
        led: A person led the arm by hand, or showed the motion without it, so that nothing has
            held the actions within limits.
    """

    name: str
    contract: Contract
    ticks: NDArray[np.int64]
    states: Floats
    environments: Floats
    actions: Floats
    led: bool = False


def read_recording(path: Path, episode: int = 0) -> Recording:
    """Return an episode of a dataset, or the one of a bag or of a motion.

    Raises:
        IlRosError: It cannot be read, or there is no such episode.
    """
    if is_bag(path):
        return _of_bag(path)
    if path.suffix == SUFFIX:
        return _of_motion(path)
    dataset = Dataset(path)
    if not 0 <= episode < len(dataset.lengths):
        raise DatasetError(f'{path}: expected episode 0 to {len(dataset.lengths) - 1}, '
                           f'got {episode}')
    rows = dataset.columns['episode_index'] == episode
    columns = {name: values[rows] for name, values in dataset.columns.items()}
    return Recording(
        f'episode {episode} of {path}', dataset.contract, columns['tick'],
        columns['observation.state'],
        columns.get('observation.environment_state', np.empty((int(rows.sum()), 0))),
        columns['action'])


def _of_bag(path: Path) -> Recording:
    with Bag(path) as bag:
        rows = list(episode_rows(bag, commanded=commands_of(bag)))
        if not rows:
            raise DatasetError(f'{path}: no tick at which all streams of the contract spoke')
        return Recording(str(path), bag.contract, np.array([row.tick for row in rows]),
                         np.array([row.observation.state for row in rows]),
                         np.array([row.observation.environment for row in rows]),
                         np.array([row.action for row in rows]), bool(bag.info.led.lead_s))


def _of_motion(path: Path) -> Recording:
    motion = Motion.read(path)
    return Recording(str(path), motion.contract, np.arange(len(motion.rows)), motion.rows,
                     np.empty((len(motion.rows), 0)),
                     np.concatenate([motion.rows[1:], motion.rows[-1:]]), led=True)


def timed_actions(recording: Recording) -> Floats:
    """Return one action per tick of the grid, each held until the next. Shape (M, J), M >= N."""
    held = np.diff(recording.ticks, append=recording.ticks[-1] + 1)
    return np.repeat(recording.actions, held, axis=0)
