"""Pictures as drivers and image_transport of Humble and Jazzy send them."""
from contextlib import suppress
import struct
from types import SimpleNamespace

import cv2
from il_ros.errors import MessageError
from il_ros.images import read_header, to_rgb
import numpy as np
import pytest

SIZE = (32, 48)
RED = np.full((*SIZE, 3), (200, 40, 30), np.uint8)
RED[:, 32:] = (20, 60, 220)
BGR = np.ascontiguousarray(RED[:, :, ::-1])
GREY = np.ascontiguousarray(RED[:, :, 0])
DEPTH = np.full(SIZE, 1000, np.uint16)


def packed(suffix, pixels, *options):
    done, data = cv2.imencode(suffix, pixels, options)
    assert done
    return data.tobytes()


def message(data, form):
    return SimpleNamespace(format=form, data=data)


def refusal(data, form='jpeg', declared='rgb8'):
    with pytest.raises(MessageError) as caught:
        to_rgb(message(data, form), declared)
    return str(caught.value)


def off(found):
    """Return the greatest error away from the edge, which JPEG and WebP blur."""
    return np.delete(np.abs(found.astype(int) - RED), range(30, 34), axis=1).max()


JPEG, PNG = packed('.jpg', BGR), packed('.png', BGR)


@pytest.mark.parametrize('form', [
    'jpeg', 'jpg', '', 'rgb8; jpeg compressed bgr8', 'bgr8; jpeg compressed bgr8',
    'rgb8;jpeg compressed bgr8', 'rgb8; jpeg compressed ', 'rgb8; jpeg', 'yuv422_yuy2; jpeg '
    'compressed bgr8', 'bgra8; jpeg compressed bgr8', 'bayer_rggb8; jpeg compressed bgr8'])
def test_a_jpeg_is_what_it_shows_whatever_its_format_says(form):
    assert off(to_rgb(message(JPEG, form), 'rgb8')) <= 3


@pytest.mark.parametrize('form', ['png', 'rgb8; png compressed bgr8', 'bgr8; png compressed bgr8',
                                  'rgb8; png compressed ', ''])
def test_a_png_is_what_it_shows_whatever_its_format_says(form):
    np.testing.assert_array_equal(to_rgb(message(PNG, form), 'rgb8'), RED)


@pytest.mark.parametrize('data', [
    packed('.jpg', BGR, cv2.IMWRITE_JPEG_PROGRESSIVE, 1), JPEG,
    packed('.jpg', BGR, cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    packed('.webp', BGR, cv2.IMWRITE_WEBP_QUALITY, 95), packed('.webp', BGR),
    packed('.webp', np.dstack([BGR, GREY])), packed('.tiff', BGR), packed('.bmp', BGR),
    packed('.ppm', BGR), PNG, packed('.png', np.dstack([BGR, GREY])),
], ids=['progressive', 'jpeg', 'restarts', 'webp', 'webp lossless', 'webp alpha', 'tiff', 'bmp',
        'ppm', 'png', 'png alpha'])
@pytest.mark.parametrize('behind', [b'', bytes(5000), b'\xff\xd8\xff junk'])
def test_what_stands_behind_the_end_does_not_matter(data, behind):
    sent = message(data + behind, 'jpeg')
    assert read_header(sent)[:2] == SIZE
    assert off(to_rgb(sent, 'rgb8')) <= 8


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tiff', '.bmp', '.ppm'])
def test_what_was_cut_off_is_refused(suffix):
    data = packed(suffix, BGR)
    for size in range(len(data) - 1, 0, -len(data) // 40):
        for behind in (b'', bytes(600)):
            if suffix in ('.jpg', '.png') or not behind:
                assert refusal(data[:size] + behind)
    if suffix == '.jpg':
        assert refusal(data[:-40]) == (
            f'JPEG data of {len(data) - 40} bytes has no end: it was cut off')


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_does_not_rotate(orientation):
    exif = b'Exif\0\0II*\0' + struct.pack('<IHHHIHHI', 8, 1, 0x112, 3, 1, orientation, 0, 0)
    data = JPEG[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + JPEG[2:]
    np.testing.assert_array_equal(to_rgb(message(data, 'jpeg'), 'rgb8'),
                                  to_rgb(message(JPEG, 'jpeg'), 'rgb8'))


def test_sixteen_bits_of_colour_become_eight():
    wide = BGR.astype(np.uint16) * 257
    for suffix, form in (('.png', 'rgb16; png compressed bgr16'), ('.tiff', '')):
        np.testing.assert_array_equal(to_rgb(message(packed(suffix, wide), form), 'rgb8'), RED)


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.pgm', '.webp', '.bmp', '.tiff'])
def test_grey(suffix):
    found = to_rgb(message(packed(suffix, GREY), 'mono8; jpeg compressed mono8'), 'mono8')
    assert np.abs(found.astype(int) - GREY[:, :, None]).max() <= 6


def test_grey_of_sixteen_bits_is_depth_unless_its_format_says_mono16():
    for suffix in ('.png', '.tiff'):
        data = packed(suffix, DEPTH)
        for form in ('16UC1; png compressed ', 'png', 'mono16; png compressed '):
            assert to_rgb(message(data, form), '16UC1')[0, 0].tolist() == [100, 100, 100]
        assert to_rgb(message(data, 'mono16; png compressed '), 'mono8')[0, 0, 0] == 4
        assert refusal(data, '16UC1; png compressed ') == (
            'expected rgb8, got 32x48 16UC1; depth and colour do not convert into each other')


def test_floats_in_a_tiff_are_metres():
    data = packed('.tiff', np.full(SIZE, 1.0, np.float32))
    assert to_rgb(message(data, '32FC1; tiff compressed '), '32FC1')[0, 0, 0] == 100


@pytest.mark.parametrize('bits', [8, 16])
def test_a_mosaic_in_a_png_is_filled_in(bits):
    """image_transport packs it as it is: `bayer_rggb8; png compressed `."""
    tile = np.array([[200, 90], [90, 30]])
    mosaic = np.tile(tile, (8, 8)).astype(np.uint8)
    mosaic = mosaic if bits == 8 else mosaic.astype(np.uint16) * 257
    sent = message(packed('.png', mosaic), f'bayer_rggb{bits}; png compressed ')
    np.testing.assert_array_equal(to_rgb(sent, 'rgb8'), np.full((16, 16, 3), (200, 90, 30)))
    if bits == 8:
        grey = message(sent.data, 'bayer_rggb8; png compressed mono8')
        np.testing.assert_array_equal(to_rgb(grey, 'rgb8')[:, :, 0], mosaic)


def test_tiff_keeps_the_order_in_which_image_transport_gave_it():
    """It converts nothing for TIFF, so that a file of an rgb8 image has red and blue changed."""
    data = packed('.tiff', RED)
    np.testing.assert_array_equal(to_rgb(message(data, 'rgb8; tiff compressed '), 'rgb8'), RED)
    data = packed('.tiff', BGR)
    np.testing.assert_array_equal(to_rgb(message(data, 'bgr8; tiff compressed '), 'rgb8'), RED)


def test_cmyk():
    """Adobe's order is inverted; of one colour, 0 20 25 0 of 255."""
    image = pytest.importorskip('PIL.Image')
    import io
    sink = io.BytesIO()
    image.new('CMYK', SIZE[::-1], (0, 200, 200, 20)).save(sink, 'JPEG')
    found = to_rgb(message(sink.getvalue(), 'jpeg'), 'rgb8')
    assert np.abs(found.astype(int) - (235, 51, 51)).max() <= 3


@pytest.mark.parametrize('mode', ['P', '1', 'LA', 'L'])
def test_every_kind_of_png(mode):
    image = pytest.importorskip('PIL.Image')
    import io
    sink = io.BytesIO()
    original = image.fromarray(RED).convert(mode)
    original.save(sink, 'PNG')
    np.testing.assert_array_equal(to_rgb(message(sink.getvalue(), 'png'), 'rgb8'),
                                  np.asarray(original.convert('RGB')))


@pytest.mark.parametrize('data, form, text', [
    (b'', 'jpeg', "expected JPEG or PNG data, got nothing (format 'jpeg')"),
    (b'\0\0\0\1\x67more', 'h264', "format 'h264' is video, whose pictures need those before them; "
     'record the image topic itself or its compressed (JPEG) transport'),
    (b'\x1f\x8b\x08\0more', 'zstd', "format 'zstd' of zstd_image_transport is not read; record "
     'the image topic itself or its compressed (JPEG, PNG) transport'),
    (b'\0\1\2\3 more', 'jpeg', "expected JPEG or PNG data, got 00 01 02 03 (format 'jpeg')"),
    (PNG[:60] + b'x' + PNG[61:], 'png', 'PNG data are damaged: CRC at byte 37 does not match'),
    (JPEG[:2] + JPEG[-2:], 'jpeg', 'JPEG data has no size in its header'),
])
def test_refusals(data, form, text):
    assert refusal(data, form).startswith(text.split(' at byte')[0])


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tiff', '.bmp', '.ppm'])
def test_flipped_bits_end_in_a_picture_or_a_line(suffix):
    random = np.random.default_rng(1)
    whole = np.frombuffer(packed(suffix, BGR), np.uint8)
    for _ in range(200):
        data = whole.copy()
        data[random.integers(min(len(data), 300))] ^= 1 << random.integers(8)
        with suppress(MessageError):
            assert to_rgb(message(data, ''), 'rgb8').ndim == 3
