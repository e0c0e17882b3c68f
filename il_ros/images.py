"""Image messages as RGB arrays, live and from bags alike.

Colours convert through cv_bridge where it is installed, otherwise through rosbags-image, with
the same result. Messages are told apart by their fields, so that rclpy's and rosbags' classes
both serve. Nothing a message claims is believed before it is checked against its bytes.
"""
from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from il_ros.contract import Camera, ENCODINGS
from il_ros.errors import MessageError
from il_ros.types import Pixels
import numpy as np
from numpy.typing import NDArray

DEPTH = '16UC1'
DEPTH_STEP_MM = 10  # one grey level; 8 bits then reach 2.55 m, a table-top's range
MAX_PIXELS = 1 << 26  # a header that claims more is refused before anything is decoded
PIXEL_BYTES = {'rgb8': 3, 'bgr8': 3, 'mono8': 1, DEPTH: 2}

PNG_START, PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND\xaeB`\x82'
JPEG_START, JPEG_END = b'\xff\xd8\xff', b'\xff\xd9'
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that carry the size


class Header(NamedTuple):
    """What an image message holds."""

    height: int
    width: int
    encoding: str  # one of contract.ENCODINGS; colour in a compressed message is 'rgb8'

    def __str__(self) -> str:
        return f'{self.height}x{self.width} {self.encoding}'


def read_header(message: Any) -> Header:
    """Return size and encoding of an Image or CompressedImage without decoding it.

    Raises:
        MessageError: Unknown encoding, or size, step or data length contradict each other.
    """
    if hasattr(message, 'format'):
        header = _compressed_header(_bytes(message), message.format)
    else:
        header = _raw_header(message)
    if not 0 < header.height * header.width <= MAX_PIXELS:
        raise MessageError(f'expected an image of 1 to {MAX_PIXELS} pixels, got {header}')
    return header


def to_rgb(message: Any, encoding_declared: str) -> Pixels:
    """Return the image of an Image or CompressedImage message.

    An rgb8 Image without row padding becomes a view of the message's own memory, uncopied.
    Depth (16UC1) becomes grey of 1 level per `DEPTH_STEP_MM`: 0 where the camera measured
    nothing, otherwise 1 to 255, and 255 for everything beyond 2.55 m.

    Args:
        message: sensor_msgs/Image (rgb8, bgr8, mono8, 16UC1) or CompressedImage (JPEG, PNG).
        encoding_declared: What the contract says. Colour and grey convert by what the message
            says; depth in place of colour, or the reverse, is refused.

    Returns:
        RGB image. Shape (H, W, 3).

    Raises:
        MessageError: The message cannot be such an image.
    """
    header = read_header(message)
    if (header.encoding == DEPTH) != (encoding_declared == DEPTH):
        raise MessageError(f'expected {encoding_declared}, got {header}; '
                           'depth and colour do not convert into each other')
    if hasattr(message, 'format'):
        return _decompress(message, header)
    rows = _bytes(message).reshape(header.height, message.step)
    rows = rows[:, :header.width * PIXEL_BYTES[header.encoding]]
    if header.encoding == 'rgb8':
        return rows.reshape(header.height, header.width, 3)
    if header.encoding == DEPTH:
        order = '>u2' if message.is_bigendian else '<u2'
        return _depth_to_rgb(np.ascontiguousarray(rows).view(order))
    return _color_to_rgb(header, rows)


def check_image(message: Any, camera: Camera) -> None:
    """Check that a message holds what the contract says of its camera.

    Raises:
        MessageError: It does not; the text names the camera, both images and what to do.
    """
    where = f'camera {camera.name!r}'
    expected = Header(camera.height, camera.width, camera.encoding)
    try:
        got = read_header(message)
    except MessageError as error:
        raise MessageError(f'{where}: {error} on {camera.topic}') from None
    if (got.encoding == DEPTH) != (camera.encoding == DEPTH):
        raise MessageError(f'{where}: expected {expected}, got {got} on {camera.topic}; '
                           "declare the camera's encoding in the contract as it is sent")
    if got[:2] != expected[:2] and not camera.resize:
        raise MessageError(f'{where}: expected {expected}, got {got} on {camera.topic}; declare '
                           f'resize: true for {camera.name!r} in the contract to accept it')


def camera_image(message: Any, camera: Camera) -> Pixels:
    """Return a camera's image as the contract declares it, resized only where that says so.

    Returns:
        RGB image. Shape (camera.height, camera.width, 3).

    Raises:
        MessageError: As `check_image`, or the data cannot be decoded.
    """
    check_image(message, camera)
    try:
        image = to_rgb(message, camera.encoding)
    except MessageError as error:
        raise MessageError(f'camera {camera.name!r}: {error} on {camera.topic}') from None
    if image.shape[:2] == (camera.height, camera.width):
        return image
    import cv2
    shrinks = image.shape[0] > camera.height
    return np.asarray(cv2.resize(image, (camera.width, camera.height),
                                 interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def _bytes(message: Any) -> Pixels:
    try:
        return np.frombuffer(message.data, np.uint8)
    except (TypeError, ValueError, AttributeError):
        raise MessageError('expected data of bytes, '
                           f'got {type(getattr(message, "data", None)).__name__}') from None


def _raw_header(message: Any) -> Header:
    try:
        header = Header(int(message.height), int(message.width), str(message.encoding))
        step, big_endian = int(message.step), int(message.is_bigendian)
    except AttributeError:
        raise MessageError('expected sensor_msgs/Image or sensor_msgs/CompressedImage, '
                           f'got {type(message).__name__}') from None
    if header.encoding not in PIXEL_BYTES:
        raise MessageError(f'unknown encoding {header.encoding!r}; '
                           f'known: {", ".join(ENCODINGS)}')
    if big_endian not in (0, 1):
        raise MessageError(f'is_bigendian: expected 0 or 1, got {big_endian}')
    if step < (row := header.width * PIXEL_BYTES[header.encoding]):
        raise MessageError(f'step: expected at least {row} bytes for {header}, got {step}')
    if (got := _bytes(message).size) != step * header.height:
        raise MessageError(f'data: expected {header.height} rows of {step} bytes '
                           f'for {header}, got {got} bytes')
    return header


def _compressed_header(data: Pixels, declared: str) -> Header:
    start, end = data[:32].tobytes(), data[-64:].tobytes().rstrip(b'\0')
    if start.startswith(PNG_START) and start[12:16] == b'IHDR':
        if not end.endswith(PNG_END):
            raise MessageError(f'PNG data of {data.size} bytes has no end: it was cut off')
        width, height = int.from_bytes(start[16:20], 'big'), int.from_bytes(start[20:24], 'big')
        depth, color = start[24], start[25]
        if depth == 16 and color != 0:
            raise MessageError('expected PNG of 8 bits per colour or 16 bit grey, '
                               'got 16 bits per colour')
        return Header(height, width,
                      DEPTH if depth == 16 else 'mono8' if color in (0, 4) else 'rgb8')
    if start.startswith(JPEG_START):
        if not end.endswith(JPEG_END):
            raise MessageError(f'JPEG data of {data.size} bytes has no end: it was cut off')
        return _jpeg_header(data.tobytes())
    raise MessageError(f'expected JPEG or PNG data, got {start[:4].hex(" ") or "nothing"} '
                       f'(format {declared!r})')


def _jpeg_header(data: bytes) -> Header:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2:at + 4], 'big')
        if marker in JPEG_FRAMES:
            return Header(int.from_bytes(data[at + 5:at + 7], 'big'),
                          int.from_bytes(data[at + 7:at + 9], 'big'),
                          'mono8' if data[at + 9] == 1 else 'rgb8')
        at += 1 if marker == 0xFF else 2 + length
    raise MessageError('JPEG data has no size in its header')


def _depth_to_rgb(millimetres: NDArray[np.uint16]) -> Pixels:
    grey = np.clip((millimetres + DEPTH_STEP_MM / 2) // DEPTH_STEP_MM, 1, 255).astype(np.uint8)
    grey[millimetres == 0] = 0
    return np.repeat(grey[:, :, None], 3, axis=2)


def _color_to_rgb(header: Header, rows: Pixels) -> Pixels:
    # Neither library can be trusted with padded rows: both get them packed.
    packed = SimpleNamespace(height=header.height, width=header.width, encoding=header.encoding,
                             is_bigendian=0, step=rows.shape[1], data=np.ascontiguousarray(rows))
    if bridge := _bridge():
        return np.asarray(bridge.imgmsg_to_cv2(packed, desired_encoding='rgb8'))
    from rosbags.image import image_to_cvimage
    return np.asarray(image_to_cvimage(packed, 'rgb8'))


def _decompress(message: Any, header: Header) -> Pixels:
    import cv2
    if bridge := _bridge():
        image = bridge.compressed_imgmsg_to_cv2(message)
    else:
        # As cv_bridge reads it; rosbags-image would cut depth to 8 bits and rotate by EXIF.
        image = cv2.imdecode(_bytes(message), cv2.IMREAD_UNCHANGED)
    if image is None or image.shape[:2] != header[:2]:
        raise MessageError(f'data of {len(message.data)} bytes cannot be decoded as {header}')
    if header.encoding == DEPTH:
        return _depth_to_rgb(image)
    channels = 1 if image.ndim == 2 else image.shape[2]
    code = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[channels]
    return np.asarray(cv2.cvtColor(image, code))


@cache
def _bridge() -> Any | None:
    try:
        from cv_bridge import CvBridge
        bridge = CvBridge()
        bridge.encoding_to_cvtype2('rgb8')  # loads its C++ part, made for one version of NumPy
    except (ImportError, AttributeError):
        return None
    return bridge
