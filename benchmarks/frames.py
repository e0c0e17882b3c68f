"""Pictures like those of a camera: smooth, with an edge that moves and a little noise."""
from __future__ import annotations

from il_ros.types import Pixels
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
