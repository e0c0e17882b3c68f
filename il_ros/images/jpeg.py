"""A picture as a JPEG, for people."""
from __future__ import annotations

from il_ros.errors import MessageError
from il_ros.types import View
import numpy as np


def to_jpeg(rgb: View, quality: int) -> bytes:
    """Return a file's bytes.

    Args:
        rgb: Shape (H, W, 3).
        quality: 1 to 100.

    Raises:
        MessageError: It cannot be encoded.
    """
    import cv2
    done, data = cv2.imencode('.jpg', cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR),
                              [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        height, width = rgb.shape[:2]
        raise MessageError(f'a picture of {width}x{height} cannot be encoded')
    return data.tobytes()
