"""A camera's message as a JPEG of some size, for people."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from il_ros.contract import Camera
from il_ros.images.jpeg import to_jpeg
from il_ros.images.messages import to_rgb
from il_ros.images.video import coding, Video
from il_ros.types import Pixels
import numpy as np

QUALITY = 80
JPEG = b'\xff\xd8\xff'


class Eye:
    """One camera's messages in the order in which they came.

    Args:
        camera: Of the contract.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera, self._video = camera, Video()
        self._pixels: Pixels | None = None
        self._as_it_came = b''

    def take(self, messages: Sequence[Any]) -> None:
        """Take in messages, oldest first: of video every one, else the newest is enough.

        Raises:
            MessageError: The newest is no picture.
        """
        newest = messages[-1]
        self._pixels, self._as_it_came = None, b''
        if coding(newest):
            for message in messages:
                self._pixels = self._video.read(message)
            return
        self._pixels = to_rgb(newest, self._camera.encoding)
        if hasattr(newest, 'format') and 'compressedDepth' not in newest.format:
            data = bytes(newest.data)
            self._as_it_came = data if data.startswith(JPEG) else b''

    def jpeg(self, scale: int) -> bytes:
        """Return the newest picture whole, as the camera sends it; b'' where there is none.

        Args:
            scale: What its sides are divided by.

        Raises:
            MessageError: It cannot be encoded.
        """
        if scale == 1 and self._as_it_came:
            return self._as_it_came
        return b'' if self._pixels is None else _encoded(self._pixels, scale)


def _encoded(rgb: Pixels, scale: int) -> bytes:
    if scale > 1:
        import cv2
        height, width = rgb.shape[:2]
        size = (max(width // scale, 1), max(height // scale, 1))
        rgb = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    return to_jpeg(rgb, QUALITY)
