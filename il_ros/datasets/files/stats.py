"""Minimum, maximum, mean, standard deviation and count per feature, and their sums."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import cv2
from il_ros.contract import Depth, FAR_CODE
from il_ros.images.depth import to_codes, to_metres
from il_ros.types import Floats, View
import numpy as np
from numpy.typing import NDArray

NAMES = ('min', 'max', 'mean', 'std', 'count')
Stats = dict[str, Floats]
SAMPLE_EVERY = 5        # frames
PIXEL_STRIDE = 2


def column_stats(values: NDArray[Any]) -> Stats:
    """Return the statistics of a column; rows with NaN do not count.

    Args:
        values: Shape (N,) or (N, D).

    Returns:
        Arrays of shape (1,) or (D,), zero where no row counts; count has shape (1,).
    """
    table = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    table = table[np.isfinite(table).all(axis=1)]
    if not len(table):
        zeros = np.zeros(table.shape[1])
        return dict.fromkeys(NAMES[:4], zeros) | {'count': np.zeros(1)}
    return {'min': table.min(axis=0), 'max': table.max(axis=0), 'mean': table.mean(axis=0),
            'std': table.std(axis=0), 'count': np.array([float(len(table))])}


class ImageStats:
    """Statistics over every few frames of one camera: per colour in [0, 1], or of distances [m].

    Args:
        depth: Of a camera that sees distances; those that are unknown do not count.
    """

    def __init__(self, depth: Depth | None = None) -> None:
        self.seen, self.count = 0, 0.0
        self._depth = depth
        self.levels = (to_metres(np.arange(FAR_CODE + 1), depth).astype(np.float64) if depth else
                       np.arange(256) / 255)
        self.histogram = np.zeros((1 if depth else 3, len(self.levels)))

    def add(self, image: View) -> None:
        """Take the next frame. Shape (H, W, 3), or (H, W, 1) of distances."""
        if self.seen % SAMPLE_EVERY == 0:
            self.take(image)
        self.seen += 1

    def take(self, image: View, share: float = 1.0) -> None:
        """Take a frame, whichever was the last.

        Args:
            image: Shape as in `add`.
            share: How many frames it stands for, where not every few of them can be had.
        """
        sampled = np.ascontiguousarray(image[::PIXEL_STRIDE, ::PIXEL_STRIDE])
        if self._depth:
            known = np.bincount(to_codes(sampled, self._depth).ravel(), minlength=len(self.levels))
            known[0] = 0
            self.histogram[0] += share * known
        else:
            for color, histogram in enumerate(self.histogram):
                histogram += share * cv2.calcHist([sampled], [color], None, [256],
                                                  [0, 256]).ravel()
        self.count += share

    def stats(self) -> Stats:
        """Return arrays of shape (3,), or (1,)."""
        level = self.levels
        share = self.histogram / max(self.histogram[0].sum(), 1)    # (C, L)
        mean = share @ level
        seen = self.histogram > 0
        return {'min': np.array([level[channel].min(initial=level[-1]) for channel in seen]),
                'max': np.array([level[channel].max(initial=0.0) for channel in seen]),
                'mean': mean,
                'std': np.sqrt(np.maximum(share @ level ** 2 - mean ** 2, 0)),
                'count': np.array([float(round(self.count))])}


def aggregate(parts: Iterable[Mapping[str, Floats]]) -> Stats:
    """Return the statistics of the union of disjoint parts."""
    parts = list(parts)
    counted = [part for part in parts if part['count'][0] > 0]
    if not counted:
        return {name: np.asarray(parts[0][name], dtype=np.float64) for name in NAMES}
    counts = np.array([part['count'] for part in counted])          # (P, 1)
    means = np.array([part['mean'] for part in counted])            # (P, D)
    stds = np.array([part['std'] for part in counted])
    weights = counts / counts.sum()
    mean = (weights * means).sum(axis=0)
    variance = (weights * (stds ** 2 + (means - mean) ** 2)).sum(axis=0)
    return {'min': np.min([part['min'] for part in counted], axis=0),
            'max': np.max([part['max'] for part in counted], axis=0),
            'mean': mean, 'std': np.sqrt(variance), 'count': counts.sum(axis=0)}


def to_json(stats: Mapping[str, Floats], image: bool) -> dict[str, Any]:
    """Return statistics as lists, those of images in shape (C, 1, 1)."""
    return {name: ([int(values[0])] if name == 'count'
                   else np.reshape(values, (-1, 1, 1) if image else -1).tolist())
            for name, values in stats.items()}
