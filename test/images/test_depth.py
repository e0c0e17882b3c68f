"""Distances in metres: from every kind of message, to 12 bits and back."""
from dataclasses import replace
from types import SimpleNamespace

from il_ros.contract import Camera, Crop, Depth
from il_ros.errors import MessageError
from il_ros.images import camera_image
from il_ros.images.depth import resized, shown, to_codes, to_metres
from image_factory import compressed_depth as packed
from image_factory import inverse, raw
import numpy as np
import pytest

WIDE = Depth((0.05, 8.238))     # the widest that is allowed
TABLE = Depth((0.2, 2.0))
METRES = np.linspace(0.2, 2.0, 64 * 48).reshape(48, 64)
CAMERA = Camera('wrist/depth', 'sensor_msgs/Image', 30.0, 0.1, 'wrist', '16UC1', 48, 64,
                depth=TABLE)


def sent(kind, metres):
    millimetres = np.rint(1000 * metres).astype(np.uint16)
    if kind == '16UC1':
        return raw(millimetres, kind)
    if kind == '32FC1':
        return floats(metres)
    if kind == '16UC1 packed':
        return packed(millimetres, '16UC1; compressedDepth png', 'png')
    values, a, b = inverse(metres)
    return packed(values, '32FC1; compressedDepth rvl', 'rvl', a, b)


def floats(metres):
    data = metres.astype(np.float32)
    return SimpleNamespace(height=data.shape[0], width=data.shape[1], encoding='32FC1',
                           is_bigendian=0, step=4 * data.shape[1],
                           data=data.view(np.uint8).reshape(-1))


@pytest.mark.parametrize('depth', [TABLE, WIDE], ids=['table', 'widest'])
@pytest.mark.parametrize('kind, lost_mm', [
    ('16UC1', 0.5), ('32FC1', 0.0), ('16UC1 packed', 0.5), ('32FC1 packed', 0.4)])
def test_at_two_metres_at_most_a_millimetre_is_lost(kind, lost_mm, depth):
    """Besides what the message itself has lost: half of its own millimetre, its inverse depth."""
    found = camera_image(sent(kind, METRES), replace(CAMERA, depth=depth))
    assert found.shape == (48, 64, 1) and found.dtype == np.float32
    lost = 1000 * np.abs(found[:, :, 0] - METRES)
    assert lost.max() <= lost_mm + 500 * depth.step + 1e-3
    assert lost.max() <= lost_mm + (0.23 if depth is TABLE else 1.001)


def test_what_is_no_distance_is_unknown_and_what_is_out_of_range_counts_as_its_end():
    odd = np.array([[np.nan, np.inf, -np.inf, -1.0, 0.0, 0.1, 3.0, 1e30]])
    found = camera_image(floats(odd), replace(CAMERA, height=1, width=8))[0, :, 0]
    np.testing.assert_allclose(found, [0, 0, 0, 0, 0, 0.2, 2.0, 2.0], rtol=1e-6)


def test_codes_and_distances_are_one_to_one():
    codes = np.arange(4096, dtype=np.uint16)
    for depth in (TABLE, WIDE):
        np.testing.assert_array_equal(to_codes(to_metres(codes, depth), depth), codes)


def test_a_resized_edge_has_only_distances_that_were_measured():
    edge = np.full((48, 64), 500, np.uint16)
    edge[:, 20:] = 1900
    edge[:, 40:] = 0
    small = replace(CAMERA, height=9, width=13, resize=True)
    found = camera_image(raw(edge, '16UC1'), small)
    assert found.shape == (9, 13, 1)
    assert {round(1000 * float(m)) for m in np.unique(found)} == {0, 500, 1900}


def test_crop_and_turn_are_those_of_pictures():
    camera = replace(CAMERA, crop=Crop(8, 4, 16, 12), rotate=90, height=16, width=12)
    whole = camera_image(floats(METRES), CAMERA)
    np.testing.assert_array_equal(camera_image(floats(METRES), camera),
                                  np.rot90(whole[4:16, 8:24], -1))


def test_a_picture_in_its_place_is_refused():
    with pytest.raises(MessageError, match="camera 'wrist': expected 48x64 16UC1, got 48x64 rgb8"):
        camera_image(raw(np.zeros((48, 64, 3), np.uint8), 'rgb8'), CAMERA)


def test_people_see_what_is_near_bright_and_what_is_unknown_black():
    view = np.array([0.0, 0.2, 1.1, 2.0], np.float32).reshape(1, 4, 1)
    assert shown(view, TABLE)[0].tolist() == [[0] * 3, [255] * 3, [160] * 3, [64] * 3]
    picture = np.zeros((2, 2, 3), np.uint8)
    assert shown(picture, None) is picture


def test_the_nearest_pixel_is_that_of_the_middle():
    view = np.arange(6, dtype=np.float32).reshape(1, 6, 1)
    assert resized(view, 1, 3)[0, :, 0].tolist() == [1, 3, 5]
    assert resized(view, 1, 6) is not view and resized(view, 2, 6)[1, :, 0].tolist() == [*range(6)]
