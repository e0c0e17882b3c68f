"""Pictures like those of a camera: smooth, with an edge that moves and a little noise."""
from __future__ import annotations

from pathlib import Path

from il_ros.contract import Contract
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.reader import Dataset
from il_ros.datasets.writer import DatasetWriter
from il_ros.types import ControlSource, Observation, Pixels
import numpy as np

NOISE = 2.0


def picture(height: int, width: int, number: int) -> Pixels:
    """Return frame `number`. Shape (height, width, 3)."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows * 200 / height, columns * 200 / width, (rows + columns) % 97], axis=2)
    left = number * width // 30 % (width - 60)
    image[height // 3:height // 2, left:left + 60] = (220, 40, 40)
    image += np.random.default_rng(number).normal(0, NOISE, image.shape)
    pixels: Pixels = np.clip(image, 0, 255).astype(np.uint8)
    return pixels


def write_dataset(folder: Path, contract: Contract, episodes: int, rows: int) -> Dataset:
    """Write a dataset of such pictures and random positions; the episodes are equal pictures."""
    random = np.random.default_rng(0)
    writer = DatasetWriter(folder, contract)
    poses = np.tile([0.0] * 6 + [1.0], contract.environment_size // 7)

    def row(number: int) -> Row:
        images = {c.name: picture(c.height, c.width, number) for c in contract.cameras}
        state = random.uniform(contract.lower, contract.upper)
        return Row(number, Observation(number, state, poses, images, {'state': 0}), state, state,
                   ControlSource.HUMAN, False)

    for _ in range(episodes):
        writer.add((row(number) for number in range(rows)), contract, contract.task, True)
    writer.finish()
    return Dataset(folder)
