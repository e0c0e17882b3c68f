"""Minimum, maximum, mean, standard deviation and count per feature, and their sums."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import cv2
from il_ros.types import Floats, Pixels
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
    """Statistics per colour over every few frames of one camera, in [0, 1]."""

    def __init__(self) -> None:
        self.seen, self.count = 0, 0.0
        self.histogram = np.zeros((3, 256))

    def add(self, image: Pixels) -> None:
        """Take the next frame. Shape (H, W, 3)."""
        if self.seen % SAMPLE_EVERY == 0:
            self.take(image)
        self.seen += 1

    def take(self, image: Pixels, share: float = 1.0) -> None:
        """Take a frame, whichever was the last.

        Args:
            image: Shape (H, W, 3).
            share: How many frames it stands for, where not every few of them can be had.
        """
        sampled = np.ascontiguousarray(image[::PIXEL_STRIDE, ::PIXEL_STRIDE])
        for color, histogram in enumerate(self.histogram):
            histogram += share * cv2.calcHist([sampled], [color], None, [256], [0, 256]).ravel()
        self.count += share

    def stats(self) -> Stats:
        """Return arrays of shape (3,)."""
        level = np.arange(256) / 255
        share = self.histogram / max(self.histogram[0].sum(), 1)    # (3, 256)
        mean = share @ level
        seen = self.histogram > 0
        return {'min': np.array([level[color].min(initial=1.0) for color in seen]),
                'max': np.array([level[color].max(initial=0.0) for color in seen]),
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
    """Return statistics as lists, those of images in shape (3, 1, 1)."""
    return {name: ([int(values[0])] if name == 'count'
                   else np.reshape(values, (-1, 1, 1) if image else -1).tolist())
            for name, values in stats.items()}
