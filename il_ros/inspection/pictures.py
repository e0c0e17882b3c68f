"""What cameras did: one that froze, saw nothing, or was moved between episodes."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
from il_ros.datasets.reader import Dataset
from il_ros.images.depth import shown
from il_ros.inspection.finding import Finding
from il_ros.inspection.motion import Motion
from il_ros.types import Floats, Pixels
import numpy as np

PER_S = 2.0           # pictures that are looked at
SIDE = 128            # pixels of the longer side that they are looked at with
SAME = 0.4            # mean difference of two pictures that are one, after H.264, of 255
FROZEN_S = 1.0
MOVES = 0.005         # of a joint's range, between two pictures: a camera would see it
DARK, FLAT = 12.0, 4.0    # mean, and spread, of what sees nothing, of 255
SHARE = 0.5           # of an episode's pictures
RESTLESS = 12.0       # mean change between pictures of a camera that rides on the arm
SHIFT = 0.02          # of the picture's width
SURE = 0.15           # response of the phase correlation
FEW = 3


@dataclass(frozen=True)
class Look:
    """What is kept of one camera in one episode.

    Attributes:
        rows: Of the pictures that were looked at, within the episode. Shape (K,).
        changes: Mean difference of each picture from the one before, of 255. Shape (K - 1,).
        means: Mean of each. Shape (K,).
        spreads: Standard deviation of each. Shape (K,).
        ground: The median picture, grey. Shape (H, W).
    """

    rows: Floats
    changes: Floats
    means: Floats
    spreads: Floats
    ground: Floats

    @staticmethod
    def at(pictures: Pixels, rows: Floats) -> Look:
        """Look at pictures. Shape (K, H, W, 3), rgb."""
        scale = SIDE / max(pictures.shape[1:3])
        small = np.array([cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), None, fx=scale,
                                     fy=scale, interpolation=cv2.INTER_AREA)
                          for picture in pictures], np.float32)
        changes = np.abs(np.diff(pictures.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
        return Look(rows, changes, small.mean(axis=(1, 2)), small.std(axis=(1, 2)),
                    np.median(small, axis=0))


def look(dataset: Dataset, camera: str, episode: int) -> Look:
    """Look at an episode through a camera.

    Raises:
        DatasetError: Its video cannot be read.
    """
    rows = dataset.rows(episode)
    count = max(2, round(dataset.lengths[episode] / dataset.fps * PER_S))
    chosen = np.unique(np.linspace(rows.start, rows.stop - 1, count).astype(int))
    pictures = shown(dataset.frames(camera, chosen), dataset.contract.camera(camera).depth)
    return Look.at(pictures, chosen - rows.start)


def frozen(seen: Look, camera: str, episode: Motion) -> Iterator[Finding]:
    """Tell of a picture that stays the same while the arm moves."""
    rows = seen.rows.astype(int)
    moved = np.abs(np.diff(episode.path[rows], axis=0)).max(axis=1) > MOVES
    longest, seconds = 0.0, 0.0
    for k, same in enumerate((seen.changes < SAME) & moved):
        seconds = seconds + (rows[k + 1] - rows[k]) / episode.contract.rate_hz if same else 0.0
        longest = max(longest, seconds)
    if longest > FROZEN_S:
        yield Finding('frozen', f'camera {camera} shows the same picture for {longest:.1f} s in '
                                'which the arm moves')


def dark(seen: Look, camera: str) -> Iterator[Finding]:
    """Tell of a camera that sees nothing."""
    for what, blind in (('is dark', seen.means < DARK), ('sees one colour', seen.spreads < FLAT)):
        if blind.mean() >= SHARE:
            yield Finding('dark', f'camera {camera} {what} in {blind.mean():.0%} of its pictures')
            return


def moved(seen: Sequence[Look], camera: str) -> Iterator[tuple[int, Finding]]:
    """Tell of episodes in which a camera that stands still stood elsewhere than in most.

    The median pictures of the episodes are held against the median of these by phase correlation
    (Kuglin and Hines 1975).
    """
    if len(seen) < FEW or np.median([look.changes.mean() for look in seen]) > RESTLESS:
        return
    usual = np.median([look.ground for look in seen], axis=0)
    window = cv2.createHanningWindow(usual.shape[::-1], cv2.CV_32F)
    for number, one in enumerate(seen):
        (x, y), sure = cv2.phaseCorrelate(usual.astype(np.float32),
                                          one.ground.astype(np.float32), window)
        shift = float(np.hypot(x, y)) / usual.shape[1]
        if sure > SURE and shift > SHIFT:
            yield number, Finding('moved', f'camera {camera} stood elsewhere: its picture is '
                                           f'shifted by {shift:.0%} of its width')
