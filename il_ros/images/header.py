"""What both kinds of image message say of themselves."""
from __future__ import annotations

from typing import Any, NamedTuple

from il_ros.errors import MessageError
from il_ros.types import Pixels
import numpy as np

MAX_PIXELS = 1 << 26  # what claims more is refused before anything is decoded


class Header(NamedTuple):
    """What an image message holds."""

    height: int
    width: int
    encoding: str  # a key of `ENCODINGS`; what a compressed picture unpacks to, as OpenCV has it

    def __str__(self) -> str:
        return f'{self.height}x{self.width} {self.encoding}'


def data_of(message: Any) -> Pixels:
    """Return the bytes of an image message, uncopied where it can be.

    Raises:
        MessageError: It holds something else.
    """
    try:
        return np.frombuffer(message.data, np.uint8)
    except (TypeError, ValueError, AttributeError):
        raise MessageError('expected data of bytes, '
                           f'got {type(getattr(message, "data", None)).__name__}') from None
