"""compressed_depth_image_transport: its own formulas and Wilson's RVL, written down once more."""
import struct
from types import SimpleNamespace

import cv2
from il_ros.errors import MessageError
from il_ros.images import read_header, to_rgb
from il_ros.images.compressed_depth import pack_rvl, unpack_rvl
from image_factory import compressed_depth as message
from image_factory import inverse, rvl
import numpy as np
import pytest

MILLIMETRES = np.array([[0, 0, 1000, 1000, 990, 0], [255, 65535, 2, 0, 0, 7]], np.uint16)
LEVELS = [[0, 0, 100, 100, 99, 0], [26, 255, 1, 0, 0, 1]]
METRES = np.array([[np.nan, 0.5, 1.0, 2.0, 9.0, 10.5]], np.float32)


@pytest.mark.parametrize('form, kind', [
    ('16UC1; compressedDepth', 'png'), ('16UC1; compressedDepth png', 'png'),
    ('16UC1', 'png'), ('', 'png'), ('png', 'png'), ('mono16; compressedDepth png', 'png'),
    ('16UC1; compressedDepth rvl', 'rvl')])
def test_millimetres(form, kind):
    sent = message(MILLIMETRES, form, kind, a=float('nan'), b=3e30)     # whatever was in memory
    assert read_header(sent) == (2, 6, '16UC1')
    assert to_rgb(sent, '16UC1')[:, :, 0].tolist() == LEVELS


@pytest.mark.parametrize('kind', ['png', 'rvl'])
def test_metres_are_packed_inversely(kind):
    packed, a, b = inverse(METRES)
    sent = message(packed, f'32FC1; compressedDepth {kind}', kind, a, b)
    assert read_header(sent) == (1, 6, '32FC1')
    assert to_rgb(sent, '32FC1')[0, :, 0].tolist() == [0, 50, 100, 200, 255, 0]


def test_a_plain_png_under_that_name_is_read_too():
    sent = SimpleNamespace(format='16UC1; compressedDepth png',
                           data=cv2.imencode('.png', MILLIMETRES)[1].tobytes())
    assert to_rgb(sent, '16UC1')[:, :, 0].tolist() == LEVELS


@pytest.mark.parametrize('seed', range(5))
def test_rvl_gives_back_what_was_packed(seed):
    random = np.random.default_rng(seed)
    values = random.integers(0, 65536, 5000) * (random.random(5000) < 0.2 * seed)
    np.testing.assert_array_equal(unpack_rvl(np.frombuffer(rvl(values), np.uint8), 5000), values)
    assert pack_rvl(values.astype(np.uint16)).tobytes() == rvl(values)


@pytest.mark.parametrize('values', [[0], [7], [0, 0, 9, 0], [65535, 1, 65535], [0] * 100])
def test_rvl_packs_as_the_paper_does(values):
    assert pack_rvl(np.array(values, np.uint16)).tobytes() == rvl(values)


@pytest.mark.parametrize('change, text', [
    (lambda d: d[:10], 'compressedDepth: expected more than 20 bytes, got 10'),
    (lambda d: d[:24], 'RVL data are damaged after 2 of 12 pixels'),
    (lambda d: d[:20], 'RVL data are damaged'),
    (lambda d: d[:20] + b'\xff' * 80, 'RVL data are damaged'),
    (lambda d: d[:12] + struct.pack('<II', 1 << 20, 1 << 20) + d[20:],
     'expected an image of 1 to 67108864 pixels, got 1048576x1048576 16UC1'),
    (lambda d: d[:12] + struct.pack('<II', 6, 200) + d[20:], 'RVL data end after'),
])
def test_damaged_rvl(change, text):
    sent = message(MILLIMETRES, '16UC1; compressedDepth rvl', 'rvl')
    sent.data = change(sent.data)
    with pytest.raises(MessageError) as caught:
        to_rgb(sent, '16UC1')
    assert text in str(caught.value)


@pytest.mark.parametrize('sent, text', [
    (message(MILLIMETRES, '16UC1; compressedDepth zip', 'rvl'),
     "compressedDepth of 'zip' is not read; expected png or rvl"),
    (message(MILLIMETRES.astype(np.uint8), '16UC1; compressedDepth png', 'png'),
     'compressedDepth: expected PNG of 16 bit grey, got 8 bits of 1 channels'),
    (SimpleNamespace(format='16UC1; compressedDepth', data=bytes(40)),
     'expected a picture file')])
def test_refusals(sent, text):
    with pytest.raises(MessageError) as caught:
        to_rgb(sent, '16UC1')
    assert text in str(caught.value)
