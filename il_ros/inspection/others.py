"""What is odd about an episode beside the others of its task."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from il_ros.inspection.finding import Finding
from il_ros.inspection.motion import Motion, never_grasped
from il_ros.inspection.outliers import robust
from il_ros.types import Floats
import numpy as np

FEW = 5               # episodes, below which nothing is odd
OUTLIER = 4.5         # robust standard deviations
MOST_GRASP = 0.8      # share of the episodes that grasp, from which on the others are incomplete
LEAD_TICKS = 3        # off the others
LATE_TICKS = -1       # an action that lags behind the state that it is to cause
SAME_WAY = 0.18       # of the usual distance: less is no difference
WARP = 6              # points
NEIGHBOURS = 5        # whose ways are compared
Found = list[list[Finding]]
Comparison = Callable[[Sequence[Motion]], Iterator[tuple[int, Finding]]]


def duration(episodes: Sequence[Motion]) -> Iterator[tuple[int, Finding]]:
    """Tell of episodes that last much longer or shorter than the others."""
    seconds = np.array([episode.duration_s for episode in episodes])
    away = np.abs(robust(np.log(seconds), 0.08))
    for number in np.flatnonzero(away > OUTLIER):
        yield int(number), Finding('duration', f'lasts {seconds[number]:.1f} s, usual are '
                                               f'{np.median(seconds):.1f} s')


def jerky(episodes: Sequence[Motion]) -> Iterator[tuple[int, Finding]]:
    """Tell of actions that are much rougher than those of the others."""
    rough = np.array([episode.jerk for episode in episodes])
    middle = float(np.median(rough))
    for number in np.flatnonzero(robust(rough, max(0.1 * middle, 0.005)) > OUTLIER):
        yield int(number), Finding('jerky', f'its actions are {rough[number] / middle:.1f} times '
                                            'as rough as usual' if middle else 'rough actions')


def lag(episodes: Sequence[Motion]) -> Iterator[tuple[int, Finding]]:
    """Tell of actions that come after what they should cause, or off the time of the others'."""
    leads = [episode.lead for episode in episodes]
    usual = float(np.median([lead for lead in leads if lead is not None] or [0]))
    for number, lead in enumerate(leads):
        if lead is None:
            continue
        period_ms = 1000 / episodes[number].contract.rate_hz
        if lead <= LATE_TICKS or abs(lead - usual) >= LEAD_TICKS:
            way = 'behind' if lead < 0 else 'ahead of'
            yield number, Finding('lag', f'its actions are {abs(lead) * period_ms:.0f} ms {way} '
                                         f'the state, usual are {usual * period_ms:.0f} ms ahead')


def incomplete(episodes: Sequence[Motion]) -> Iterator[tuple[int, Finding]]:
    """Tell of episodes in which no gripper closes, where it does in nearly all others."""
    never = [never_grasped(episode) for episode in episodes]
    if sum(never) <= (1 - MOST_GRASP) * len(never):
        for number in np.flatnonzero(never):
            yield int(number), Finding('incomplete', 'no gripper is told to close, as in nearly '
                                                     'all others')


def technique(episodes: Sequence[Motion]) -> Iterator[tuple[int, Finding]]:
    """Tell of episodes whose way, however fast it is gone, bends unlike that of any others."""
    bends = [episode.bends for episode in episodes]
    for stretches in {len(bend) for bend in bends if bend is not None}:
        group = [number for number, bend in enumerate(bends)
                 if bend is not None and len(bend) == stretches]
        if len(group) < FEW:
            continue
        paths = np.array([np.concatenate(bends[number]) for number in group])  # type: ignore
        away = np.array([np.sort(np.delete(warped_distances(path, paths), k))[:NEIGHBOURS].mean()
                         for k, path in enumerate(paths)])
        middle = float(np.median(away))
        for k in np.flatnonzero(robust(away, max(SAME_WAY * middle, 1e-3)) > OUTLIER):
            yield group[k], Finding('technique', (
                f"goes another way than the others: {away[k]:.3f} of the joints' ranges from "
                f'the nearest, usual are {middle:.3f}'))


def warped_distances(path: Floats, paths: Floats) -> Floats:
    """Return the distances of a path from others after dynamic time warping. Shape (K,).

    Per point; Euclidean, warped by at most `WARP` points (Sakoe and Chiba 1978).

    Args:
        path: Shape (P, A).
        paths: Shape (K, P, A).
    """
    points = len(path)
    total = np.full((points + 1, points + 1, len(paths)), np.inf)
    total[0, 0] = 0.0
    for i in range(points):
        low, high = max(0, i - WARP), min(points, i + WARP + 1)
        cost = np.sqrt(((paths[:, low:high] - path[i]) ** 2).sum(-1))      # (K, band)
        for j in range(low, high):
            total[i + 1, j + 1] = cost[:, j - low] + np.minimum(
                np.minimum(total[i, j + 1], total[i + 1, j]), total[i, j])
    found: Floats = total[-1, -1] / points
    return found
