"""A camera's message as the picture that its contract declares.

Nothing a message claims is believed before it is checked against its bytes.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from il_ros.contract import Camera, Depth
from il_ros.encodings import DEPTH, ENCODINGS
from il_ros.errors import MessageError
from il_ros.images import compressed, raw
from il_ros.images.depth import measured, Metres, resized
from il_ros.images.header import Header, MAX_PIXELS
from il_ros.images.pixels import to_8_bits, to_colours, to_depth
from il_ros.images.video import coding, Video
from il_ros.types import Pixels, View
import numpy as np
from numpy.typing import NDArray


def read_header(message: Any) -> Header:
    """Return size and encoding of an Image or CompressedImage without decoding it.

    Raises:
        MessageError: Unknown encoding, or size, step or data length contradict each other.
    """
    header = (compressed.read_header(message) if hasattr(message, 'format')
              else raw.read_header(message))
    if not 0 < header.height * header.width <= MAX_PIXELS:
        raise MessageError(f'expected an image of 1 to {MAX_PIXELS} pixels, got {header}')
    return header


def to_rgb(message: Any, encoding_declared: str) -> Pixels:
    """Return the image of an Image or CompressedImage message.

    An rgb8 Image without row padding becomes a view of the message's own memory, uncopied. 16
    bits become 8 as in cv_bridge. Depth becomes grey of 1 level per 10 mm: 0 where the camera
    measured nothing (0, negative, NaN, infinite), otherwise 1 to 255, and 255 for everything
    beyond 2.55 m.

    Args:
        message: sensor_msgs/Image of any encoding in `ENCODINGS`, or CompressedImage (what
            image_transport sends: JPEG, PNG, TIFF, compressedDepth; also WebP, BMP and PNM).
        encoding_declared: What the contract says. Colour and grey convert by what the message
            says; depth in place of colour, or the reverse, is refused. mono16 is either.

    Returns:
        RGB image. Shape (H, W, 3).

    Raises:
        MessageError: The message cannot be such an image.
    """
    def rgb(pixels: NDArray[Any], layout: str) -> Pixels:
        if ENCODINGS[encoding_declared].family == DEPTH:
            return to_depth(pixels, layout)
        return to_colours(to_8_bits(pixels), layout)

    return _converted(message, encoding_declared, rgb)


def to_distances(message: Any, encoding_declared: str, depth: Depth) -> Metres:
    """Return the distances in an Image or CompressedImage message.

    Args:
        message: As for `to_rgb`.
        encoding_declared: What the contract says, an encoding of distances.
        depth: Which of them count.

    Returns:
        Distances [m], 0 where nothing was measured. Shape (H, W, 1), float32.

    Raises:
        MessageError: The message cannot be such an image.
    """
    return _converted(message, encoding_declared,
                      lambda pixels, layout: measured(pixels, layout, depth))


def _converted(message: Any, declared: str,
               convert: Callable[[NDArray[Any], str], View]) -> View:
    """Return what `convert` makes of the pixels of a message and their layout."""
    header = read_header(message)
    if not _fits(header, declared):
        raise MessageError(f'expected {declared}, got {header}; '
                           'depth and colour do not convert into each other')
    import cv2
    decode = compressed.decode if hasattr(message, 'format') else raw.decode
    try:
        return convert(decode(message, header), ENCODINGS[header.encoding].layout)
    except cv2.error as error:
        reason = str(error.err or error).strip()
        raise MessageError(f'cannot be decoded as {header}: {reason}') from None


def check_image(message: Any, camera: Camera) -> None:
    """Check that a message holds what the contract says of its camera.

    Raises:
        MessageError: It does not; the text names the camera, both images and what to do.
    """
    try:
        got = read_header(message)
    except MessageError as error:
        raise MessageError(f'camera {camera.name!r}: {error} on {camera.topic}') from None
    _check(got, camera)


def _check(got: Header, camera: Camera) -> None:
    where, expected = (f'camera {camera.name!r}',
                       Header(camera.height, camera.width, camera.encoding))
    if not _fits(got, camera.encoding):
        raise MessageError(f'{where}: expected {expected}, got {got} on {camera.topic}; '
                           "declare the camera's encoding in the contract as it is sent")
    crop = camera.crop
    if crop and (crop.x + crop.width > got.width or crop.y + crop.height > got.height):
        raise MessageError(f'{where}: crop: {crop.height}x{crop.width} from x {crop.x}, '
                           f'y {crop.y} on lies outside {got} on {camera.topic}; correct crop in '
                           'the contract')
    size = (crop.height, crop.width) if crop else got[:2]
    used = size[::-1] if camera.on_its_side else size
    if used == expected[:2] or camera.resize:
        return
    turned = not camera.on_its_side and used[::-1] == expected[:2]
    changed = f', used as {used[0]}x{used[1]},' if used != got[:2] else ''
    raise MessageError(f'{where}: expected {expected}, got {got}{changed} on {camera.topic}; '
                       f'declare {"rotate: 90 or 270" if turned else "resize: true"} for '
                       f'{camera.name!r} in the contract to accept it')


def camera_image(message: Any, camera: Camera) -> View:
    """Return a camera's image as the contract declares it: cropped, turned, resized.

    Returns:
        RGB image, shape (camera.height, camera.width, 3); or distances [m], shape (camera.height,
        camera.width, 1), where the camera has a `depth`.

    Raises:
        MessageError: As `check_image`, or the data cannot be decoded.
    """
    check_image(message, camera)
    try:
        image = (to_distances(message, camera.encoding, camera.depth) if camera.depth else
                 to_rgb(message, camera.encoding))
    except MessageError as error:
        raise MessageError(f'camera {camera.name!r}: {error} on {camera.topic}') from None
    return _as_declared(image, camera)


class CameraReader:
    """A camera's messages in the order in which they came: pictures, or video.

    Args:
        camera: Of the contract.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera, self._video = camera, Video()

    def read(self, message: Any) -> View:
        """Return what `camera_image` does, also of video.

        Raises:
            PictureMissing: A picture that this one needs did not come.
            MessageError: As `camera_image`.
        """
        camera = self._camera
        if not coding(message):
            return camera_image(message, camera)
        try:
            image = self._video.read(message)
        except MessageError as error:
            raise type(error)(f'camera {camera.name!r}: {error} on {camera.topic}') from None
        height, width, _ = image.shape
        _check(Header(height, width, 'rgb8'), camera)
        return _as_declared(image, camera)


def _as_declared(image: View, camera: Camera) -> View:
    if crop := camera.crop:
        image = image[crop.y:crop.y + crop.height, crop.x:crop.x + crop.width]
    if camera.rotate:
        image = np.rot90(image, -camera.rotate // 90)
    image = np.ascontiguousarray(image)
    if image.shape[:2] == (camera.height, camera.width):
        return image
    if camera.depth:
        return resized(image, camera.height, camera.width)
    import cv2
    shrinks = image.shape[0] > camera.height
    return np.asarray(cv2.resize(image, (camera.width, camera.height),
                                 interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def _fits(header: Header, declared: str) -> bool:
    """Tell whether an image can be what is declared; 16 bits of mono16 may mean either."""
    return header.encoding == 'mono16' or (
        (ENCODINGS[header.encoding].family == DEPTH) == (ENCODINGS[declared].family == DEPTH))
