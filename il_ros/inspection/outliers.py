"""Episodes that went another way than the rest."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.datasets import schema
from il_ros.datasets.reader import Dataset
from il_ros.types import Floats
import numpy as np

OUTLIER = 3.5               # robust standard deviations (Iglewicz and Hoaglin 1993)
PATH_POINTS = 32


def path_distances(dataset: Dataset) -> Floats:
    """Return how far each episode's path is from the median one, as a share of the joint ranges.

    Shape (episodes,).
    """
    spread, angles = dataset.contract.span, Angles.of(dataset.contract)
    paths = []
    for index in range(len(dataset.lengths)):
        state = angles.along(dataset.columns[schema.STATE][dataset.rows(index)],
                             np.array(dataset.contract.start)) / spread
        at = np.linspace(0, len(state) - 1, PATH_POINTS)
        paths.append([np.interp(at, np.arange(len(state)), joint) for joint in state.T])
    away = np.array(paths) - np.median(paths, axis=0)       # (episodes, J, points)
    if angles.any:  # two ways round to the same place are the same place
        away = np.moveaxis(angles.difference(np.moveaxis(away, 1, 2) * spread,
                                             np.zeros(len(spread))) / spread, 2, 1)
    return np.asarray(np.sqrt((away ** 2).mean(axis=(1, 2))))


def robust(values: Floats, least: float) -> Floats:
    """Return how many robust standard deviations values are above their median. Shape (N,).

    Args:
        values: Shape (N,).
        least: What counts as a standard deviation where they are nearer to each other.
    """
    middle = np.median(values)
    scale = max(float(np.median(np.abs(values - middle))) / 0.6745, least)
    away: Floats = (values - middle) / scale
    return away


def is_outlier(distances: Floats, index: int) -> bool:
    """Tell whether an episode is far from the others."""
    return bool(robust(distances, 1e-3)[index] > OUTLIER)
