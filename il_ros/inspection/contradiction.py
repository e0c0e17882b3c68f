"""Demonstrations that tell opposite things about the same state."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from il_ros.angles import Angles
from il_ros.inspection.finding import Finding
from il_ros.inspection.motion import Motion
from il_ros.types import Floats
import numpy as np

ROWS = 20             # of an episode that are looked at, evenly
NEAR = 0.2            # of what the data span, per value: the same state
VARIES = 0.02         # of a joint's range, or [m]: what spans less tells no states apart
NEIGHBOURS = 6        # of other episodes
OPPOSITE = -0.5       # cosine between two actions
SHARE = 0.5           # of an episode's rows that contradict the others
ENOUGH = 0.1          # of its rows that have such neighbours at all


def contradiction(episodes: Sequence[Motion]) -> Iterator[tuple[int, Finding]]:
    """Tell of episodes whose actions point against those of others at the same state.

    A state is where the joints and the poses are. Actions are compared by where they lead to from
    the state, without grippers; those that hardly lead anywhere do not count.
    """
    owners, states, ways = [], [], []
    for number, episode in enumerate(episodes):
        state, way = _rows(episode)
        owners += [number] * len(state)
        states.append(state)
        ways.append(way)
    owner, seen, way = np.array(owners), np.concatenate(states), np.concatenate(ways)
    if len(seen) < 2:
        return
    spread = np.ptp(seen, axis=0)
    scaled = (seen / spread.clip(VARIES))[:, spread > VARIES]
    near = NEAR * np.sqrt(scaled.shape[1])
    counted, opposed = np.zeros(len(episodes)), np.zeros(len(episodes))
    rows = np.array([int((owner == number).sum()) for number in range(len(episodes))])
    for number in range(len(episodes)):
        mine, theirs = owner == number, np.flatnonzero(owner != number)
        squared = _squared(scaled[mine], scaled[theirs])
        nearest = np.argsort(squared, axis=1)[:, :NEIGHBOURS]
        cosines = (way[theirs][nearest] * way[mine][:, None]).sum(axis=-1)
        close = np.take_along_axis(squared, nearest, axis=1) < near ** 2
        met = close.sum(axis=1) > 1
        cosines = np.where(close, cosines, np.nan)[met]
        counted[number] = met.sum()
        opposed[number] = (np.nanmedian(cosines, axis=1) < OPPOSITE).sum() if len(cosines) else 0
    for number in range(len(episodes)):
        if counted[number] > ENOUGH * rows[number] and opposed[number] > SHARE * counted[number]:
            yield number, Finding('contradiction', (
                f'in {opposed[number] / counted[number]:.0%} of its states that others were in, '
                'too, its actions lead the opposite way'))


def _squared(a: Floats, b: Floats) -> Floats:
    """Return the squared distances of the rows of two tables. Shape (N, M)."""
    found: Floats = (a ** 2).sum(axis=1)[:, None] + (b ** 2).sum(axis=1) - 2 * a @ b.T
    return found.clip(0)


def _rows(episode: Motion) -> tuple[Floats, Floats]:
    """Return states, and unit vectors along the actions, of some of the rows that move."""
    contract = episode.contract
    away = Angles.of(contract).difference(episode.action, episode.state)[:, episode.arm]
    away = away / (contract.velocity * contract.period_ns * 1e-9)[episode.arm]
    length = np.linalg.norm(away, axis=1)
    rows = np.flatnonzero(length > 0.1)
    rows = rows[np.linspace(0, len(rows) - 1, min(ROWS, len(rows))).astype(int)]
    state = np.concatenate([episode.state / contract.span, episode.environment], axis=1)
    return state[rows], away[rows] / length[rows, None]
