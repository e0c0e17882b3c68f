"""What is done to the pixels of a picture: faces become a few colours, regions black."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
import re
from typing import Any

from il_ros.errors import ConfigError
from il_ros.redaction.faces import Box
import numpy as np
from numpy.typing import NDArray

CELLS = 2       # colours along either side that are left of a face; of more the detector sees one
REGION = re.compile(r'(.+):(\d+),(\d+),(\d+),(\d+)')
Regions = Mapping[str, Sequence[Box]]


def parse_regions(texts: Sequence[str]) -> dict[str, list[Box]]:
    """Return the regions per camera or topic that a command line says, as in 'scene:0,0,64,48'.

    Raises:
        ConfigError: One is no such text, or has no area.
    """
    found: dict[str, list[Box]] = {}
    for text in texts:
        match = REGION.fullmatch(text.strip())
        box = Box(*map(int, match.groups()[1:])) if match else Box(0, 0, 0, 0)
        if match is None or not box.width * box.height:
            raise ConfigError(f'--region {text!r}: expected CAMERA:X,Y,WIDTH,HEIGHT in pixels, as '
                              'in scene:0,0,160,120')
        found.setdefault(match[1], []).append(box)
    return found


def require_inside(boxes: Sequence[Box], height: int, width: int, where: str = '') -> None:
    """Check that regions lie in a picture.

    Raises:
        ConfigError: One does not.
    """
    for box in boxes:
        if box.x + box.width > width or box.y + box.height > height:
            place = f'{where}:' if where else ''
            raise ConfigError(f'--region {place}{",".join(map(str, box))}: reaches beyond its '
                              f'pictures, which are {width} wide and {height} high')


def covered(picture: NDArray[Any], faces: Sequence[Box], black: Sequence[Box]) -> NDArray[Any]:
    """Return a picture with faces blurred to `CELLS` x `CELLS` colours and regions of zeros.

    Args:
        picture: Shape (H, W) or (H, W, C), any numbers that OpenCV resizes.
        faces: What to blur.
        black: What to set to zero: black, or nothing measured.

    Raises:
        ConfigError: One of these reaches beyond the picture.
    """
    import cv2

    require_inside(black, *picture.shape[:2])
    found = picture.copy()
    for face in faces:
        rows, columns = face.slices(*picture.shape[:2])
        part = found[rows, columns]
        if part.size:
            size = part.shape[1::-1]
            few = cv2.resize(part, (min(CELLS, size[0]), min(CELLS, size[1])),
                             interpolation=cv2.INTER_AREA)
            found[rows, columns] = cv2.resize(
                few, size, interpolation=cv2.INTER_LINEAR).reshape(part.shape)
    for region in black:
        found[region.slices(*picture.shape[:2])] = 0
    return np.ascontiguousarray(found)
