"""Raw images of every encoding. Values of cv_bridge: its conversions are OpenCV's."""
from types import SimpleNamespace

import cv2
from il_ros.encodings import ENCODINGS
from il_ros.errors import MessageError
from il_ros.images import to_rgb
import numpy as np
import pytest

RGB = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
RGB16 = np.random.default_rng(1).integers(0, 65536, (6, 8, 3), dtype=np.uint16)
ALPHA, ALPHA16 = np.full((6, 8, 1), 7, np.uint8), np.full((6, 8, 1), 7, np.uint16)
GREY, GREY16 = RGB[:, :, :1].copy(), RGB16[:, :, :1].copy()


def message(pixels, encoding, *, padding=0, big_endian=False, height=None, **fields):
    height = pixels.shape[0] if height is None else height
    if big_endian:
        pixels = pixels.astype(pixels.dtype.newbyteorder('>'))
    rows = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return SimpleNamespace(**{
        'height': height, 'width': pixels.shape[1], 'encoding': encoding,
        'is_bigendian': int(big_endian), 'step': rows.shape[1], 'data': rows.tobytes(), **fields})


def rounded(pixels):
    """As cv::Mat::convertTo with 255 / 65535."""
    return np.rint(pixels * (255.0 / 65535.0)).astype(np.uint8)


@pytest.mark.parametrize('padding', [0, 6])
@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('names, pixels, expected', [
    (('rgb8', '8UC3'), RGB, RGB),
    (('bgr8',), RGB[:, :, ::-1], RGB),
    (('rgba8', '8UC4'), np.dstack([RGB, ALPHA]), RGB),
    (('bgra8',), np.dstack([RGB[:, :, ::-1], ALPHA]), RGB),
    (('mono8', '8UC1', '8U'), GREY, np.repeat(GREY, 3, axis=2)),
    (('rgb16', '16UC3'), RGB16, rounded(RGB16)),
    (('bgr16',), RGB16[:, :, ::-1], rounded(RGB16)),
    (('rgba16', '16UC4'), np.dstack([RGB16, ALPHA16]), rounded(RGB16)),
    (('bgra16',), np.dstack([RGB16[:, :, ::-1], ALPHA16]), rounded(RGB16)),
    (('mono16',), GREY16, np.repeat(rounded(GREY16), 3, axis=2)),
])
def test_colours_and_grey(names, pixels, expected, big_endian, padding):
    for name in names:
        sent = message(pixels, name, padding=padding, big_endian=big_endian)
        for declared in ('rgb8', 'mono8', 'bayer_rggb8'):
            np.testing.assert_array_equal(to_rgb(sent, declared), expected, name)


@pytest.mark.parametrize('name', [n for n in ENCODINGS if n.startswith('bayer')])
def test_a_mosaic_is_filled_in(name):
    """Of one colour each, so that every way of filling in gives the same inside."""
    colour = {'r': 200, 'g': 90, 'b': 30}
    tile = np.array([colour[c] for c in name[6:10]]).reshape(2, 2)
    scale, kind = (257, np.uint16) if name.endswith('16') else (1, np.uint8)
    sent = message((np.tile(tile, (4, 5)) * scale).astype(kind), name, padding=2)
    np.testing.assert_array_equal(to_rgb(sent, 'rgb8'), np.full((8, 10, 3), (200, 90, 30)))


YUV = np.random.default_rng(2).integers(0, 256, (4, 6, 3), dtype=np.uint8)


def of_yuv(y, u, v):
    """BT.601 of studio range, as all of OpenCV's packed and planar YUV."""
    y, u, v = (np.asarray(x, np.float64) for x in (y, u, v))
    y, u, v = 1.164 * np.maximum(y - 16, 0), u - 128, v - 128
    return np.stack([y + 1.596 * v, y - 0.813 * v - 0.391 * u, y + 2.018 * u], axis=2).clip(0, 255)


@pytest.mark.parametrize('name, order', [
    ('uyvy', 'uyvy'), ('yuv422', 'uyvy'), ('yuyv', 'yuyv'), ('yuv422_yuy2', 'yuyv')])
def test_packed_yuv(name, order):
    y, u, v = YUV[:, :, 0], YUV[:, ::2, 1], YUV[:, ::2, 2]
    planes = {'y': [y[:, ::2], y[:, 1::2]], 'u': [u], 'v': [v]}
    packed = np.stack([planes[c].pop(0) for c in order], axis=2).reshape(4, 6, 2)
    found = to_rgb(message(packed, name, padding=4), 'rgb8').astype(float)
    expected = of_yuv(y, u.repeat(2, axis=1), v.repeat(2, axis=1))
    assert np.abs(found - expected).max() <= 2


@pytest.mark.parametrize('padding', [0, 10])
@pytest.mark.parametrize('name', ['nv12', 'nv21', 'nv24'])
def test_planes_of_yuv(name, padding):
    y, share = YUV[:, :, 0], 1 if name == 'nv24' else 2
    u, v = YUV[::share, ::share, 1], YUV[::share, ::share, 2]
    pair = np.stack([v, u] if name == 'nv21' else [u, v], axis=2).reshape(u.shape[0], -1)
    step = 6 + padding
    # A row of nv24's second plane is twice as long as one of the first.
    data = b''.join([*(row.tobytes().ljust(step, b'\1') for row in y),
                     *(row.tobytes().ljust(step * (3 - share), b'\1') for row in pair)])
    sent = SimpleNamespace(height=4, width=6, encoding=name, is_bigendian=0, step=step, data=data)
    found = to_rgb(sent, 'rgb8').astype(float)
    expected = of_yuv(y, *(c.repeat(share, 0).repeat(share, 1) for c in (u, v)))
    assert np.abs(found - expected).max() <= 2


MILLIMETRES = np.array([[0, 1, 4, 14, 15, 16], [255, 1000, 2549, 2555, 9000, 65535]], np.uint16)
LEVELS = np.array([[0, 1, 1, 1, 2, 2], [26, 100, 255, 255, 255, 255]], np.uint8)


@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('padding', [0, 8])
@pytest.mark.parametrize('name, kind, scale', [
    ('16UC1', np.uint16, 1), ('mono16', np.uint16, 1), ('16UC', np.uint16, 1),
    ('32FC1', np.float32, 1e-3), ('32F', np.float32, 1e-3), ('64FC1', np.float64, 1e-3)])
def test_the_same_depth_in_millimetres_and_metres(name, kind, scale, padding, big_endian):
    depth = (MILLIMETRES * scale).astype(kind)
    sent = message(depth, name, padding=padding, big_endian=big_endian)
    for declared in ('16UC1', '32FC1', 'mono16'):
        np.testing.assert_array_equal(to_rgb(sent, declared)[:, :, 1], LEVELS)


def test_what_is_no_distance_is_unknown():
    depth = np.array([[np.nan, np.inf, -np.inf, -1.0, 0.0, 1e-5, 1e30, 1.0]], np.float32)
    np.testing.assert_array_equal(to_rgb(message(depth, '32FC1'), '32FC1')[0, :, 0],
                                  [0, 0, 0, 0, 0, 1, 255, 100])


@pytest.mark.parametrize('sent, text', [
    (message(RGB, 'rgb'), "unknown encoding 'rgb'; did you mean 'rgb8'?"),
    (message(RGB[:, :, :2], '8UC2'), '8UC2 is no picture: nothing says what its channels are; '
                                     'expected 1, 3 or 4 of 8 or 16 bits'),
    (message(RGB.astype(np.int16), '16SC3'), '16SC3 is no picture: signed numbers are neither '
     'brightness nor depth; send mono8, or depth as 16UC1 [mm] or 32FC1 [m]'),
    (message(RGB.astype(np.float32), '32FC3'), '32FC3 is no picture: floats of several channels '
     'have no agreed range of brightness; send rgb8, or depth as 32FC1 [m]'),
    (message(RGB, 'bgra8'), 'step: expected at least 32 bytes for 6x8 bgra8, got 24'),
    (message(GREY, 'mono16'), 'step: expected at least 16 bytes for 6x8 mono16, got 8'),
    (message(GREY, 'nv21'), 'data: expected 9 rows of 8 bytes for 6x8 nv21, got 48 bytes'),
    (message(GREY[:, :5], 'nv12'), '6x5 nv12: pixels share their colour in pairs: expected an '
                                   'even height and width'),
    (message(RGB[:, :7, :2], 'uyvy'), '6x7 uyvy: pixels share their colour in pairs: expected an '
                                      'even width'),
    (message(GREY16, '16UC1'), 'expected rgb8, got 6x8 16UC1; depth and colour do not convert '
                               'into each other'),
    (message(RGB, 'rgb8', data=bytes(145)), 'data: expected 6 rows of 24 bytes for 6x8 rgb8, got '
                                            '145 bytes'),
], ids=lambda value: value if isinstance(value, str) else value.encoding)
def test_refusals(sent, text):
    with pytest.raises(MessageError) as caught:
        to_rgb(sent, 'rgb8')
    assert str(caught.value) == text


@pytest.mark.parametrize('name', list(ENCODINGS))
@pytest.mark.parametrize('height, width', [(1, 1), (1, 2), (2, 2), (3, 3)])
def test_the_smallest_images_convert_or_are_refused(name, height, width):
    encoding = ENCODINGS[name]
    rows = {'nv12': 1.5, 'nv21': 1.5, 'nv24': 3}.get(name, 1) * height
    step = width * encoding.pixel_bytes
    sent = SimpleNamespace(height=height, width=width, encoding=name, is_bigendian=0, step=step,
                           data=bytes(round(rows) * step))
    try:
        assert to_rgb(sent, name).shape == (height, width, 3)
    except MessageError as error:
        assert 'in pairs' in str(error) or 'rows of' in str(error)


def test_opencv_calls_rggb_by_its_second_row():
    """What cv_bridge relies on, too."""
    assert cv2.COLOR_BayerBG2RGB == cv2.COLOR_BayerRGGB2RGB
