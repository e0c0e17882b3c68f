"""Episodes of a hand: the frames that count, without gaps, smooth, at the robot's rate."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.teaching.hands.keypoints import HandError, Keypoints
from il_ros.teaching.hands.palm import closed, frames, pinch, places
from il_ros.teaching.hands.settings import HandSettings
from il_ros.teaching.hands.similarity import ToolPath
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

GAP_S, LEAST_S = 0.3, 1.0       # without the hand ends an episode; a shorter one is none
SPEED, TURN = 3.0, 15.0         # what is faster is no hand but another, or a mistake [m/s, rad/s]
SMOOTH_S = 0.05                 # standard deviation of the filter [s]
REACH = 4                       # of those, on either side


@dataclass(frozen=True, eq=False)
class Track:
    """One episode of a hand, in axes x ahead, y left, z up of the camera.

    Attributes:
        stamps: Since its first frame [s]. Shape (N,).
        positions: Of what stands for the tool's tip [m]. Shape (N, 3).
        rotations: Of the tool. Shape (N, 3, 3).
        closed: Whether the gripper is. Shape (N,).
    """

    stamps: Floats
    positions: Floats
    rotations: Floats
    closed: NDArray[np.bool_]

    def path(self, rate_hz: float, stretch: float = 1.0) -> ToolPath:
        """Return it without jitter at a rate, `stretch` times as slow; begins and ends at rest.

        The filter (Gaussian, over values held beyond both ends) delays nothing.
        """
        sigma = SMOOTH_S * stretch * rate_hz
        beyond = int(np.ceil(REACH * sigma))
        rows = int(np.ceil(self.stamps[-1] * stretch * rate_hz)) + 1
        at = np.arange(-2 * beyond, rows + 2 * beyond) / (stretch * rate_hz)
        kernel = np.exp(-0.5 * (np.arange(-beyond, beyond + 1) / sigma) ** 2)
        kernel /= kernel.sum()

        def smooth(values: Floats) -> Floats:
            flat = values.reshape(len(values), -1).T
            return np.stack([np.convolve(np.interp(at, self.stamps, column), kernel, 'valid')
                             for column in flat], axis=1)

        u, _, v = np.linalg.svd(smooth(self.rotations).reshape(-1, 3, 3))
        last = np.searchsorted(self.stamps, at[beyond:len(at) - beyond] + 1e-9, side='right') - 1
        return ToolPath(smooth(self.positions), u @ v, self.closed[np.maximum(last, 0)])


def tracks(keypoints: Keypoints, settings: HandSettings) -> list[Track]:
    """Return the episodes of a video: wherever the hand is seen for a second without a gap.

    Raises:
        HandError: There is none, or nothing tells how far away the hand is.
    """
    middle = places(keypoints, settings)
    palm = frames(keypoints.landmarks, settings.hand == 'right')
    share = pinch(keypoints.landmarks)
    seen = ((keypoints.scores >= settings.min_score) & np.isfinite(middle).all(axis=1)
            & np.isfinite(palm).all(axis=(1, 2)) & np.isfinite(share))
    world = settings.to_world()
    positions = (middle + settings.reach * palm[:, :, 0]) @ world.T
    rotations = world @ palm @ settings.to_tool().T
    kept = _without_leaps(np.flatnonzero(seen), keypoints.stamps, middle, palm)
    found = []
    for part in np.split(kept, np.flatnonzero(np.diff(keypoints.stamps[kept]) > GAP_S) + 1):
        stamps = keypoints.stamps[part]
        if len(part) and stamps[-1] - stamps[0] >= LEAST_S:
            found.append(Track(stamps - stamps[0], positions[part], rotations[part],
                               closed(stamps, share[part])))
    if not found:
        raise HandError(f'{keypoints.name}: the hand counts in {len(kept)} of {len(seen)} '
                        f'pictures, nowhere for {LEAST_S:g} s without a gap of {GAP_S:g} s')
    return found


def _without_leaps(rows: NDArray[np.int64], stamps: Floats, middle: Floats,
                   palm: Floats) -> NDArray[np.int64]:
    kept = list[int]()
    for row in rows.tolist():
        if kept and (passed := stamps[row] - stamps[kept[-1]]) <= GAP_S:
            way = np.linalg.norm(middle[row] - middle[kept[-1]])
            cosine = (np.trace(palm[row].T @ palm[kept[-1]]) - 1) / 2
            if way > SPEED * passed or np.arccos(np.clip(cosine, -1, 1)) > TURN * passed:
                continue
        kept.append(row)
    return np.array(kept, np.int64)
