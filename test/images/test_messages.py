from dataclasses import replace
from types import SimpleNamespace
import zlib

import cv2
from il_ros.contract import Camera, Crop
from il_ros.errors import ConfigError, MessageError
from il_ros.images import camera_image, check_image, read_header, to_rgb
from image_factory import raw
import numpy as np
import pytest

RGB = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
GREY = np.ascontiguousarray(RGB[:, :, 0])
DEPTH = np.array([[0, 1, 4, 14, 15], [16, 1000, 2549, 2555, 65535]], np.uint16)
DEPTH_GREY = np.array([[0, 1, 1, 1, 2], [2, 100, 255, 255, 255]], np.uint8)
CAMERA = Camera('wrist/image_raw', 'sensor_msgs/Image', 30.0, 0.1, 'wrist', 'rgb8', 6, 5)


def compressed(pixels, suffix, declared='jpeg'):
    return SimpleNamespace(format=declared, data=cv2.imencode(suffix, pixels)[1].reshape(-1))


def refusal(message, declared='rgb8'):
    with pytest.raises(MessageError) as caught:
        to_rgb(message, declared)
    return str(caught.value)


@pytest.mark.parametrize('padding', [0, 3])
@pytest.mark.parametrize('encoding, pixels', [
    ('rgb8', RGB), ('bgr8', RGB[:, :, ::-1]), ('mono8', GREY)])
def test_colours_convert_by_the_encoding_of_the_message(encoding, pixels, padding):
    expected = RGB if encoding != 'mono8' else np.repeat(GREY[:, :, None], 3, axis=2)
    message = raw(np.ascontiguousarray(pixels), encoding, padding=padding)
    for declared in ('rgb8', 'bgr8', 'mono8'):
        np.testing.assert_array_equal(to_rgb(message, declared), expected)


@pytest.mark.parametrize('padding', [0, 2])
@pytest.mark.parametrize('big_endian', [False, True])
def test_depth_is_grey_of_one_level_per_centimetre(big_endian, padding):
    message = raw(DEPTH, '16UC1', padding=padding, big_endian=big_endian)
    image = to_rgb(message, '16UC1')
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, np.repeat(DEPTH_GREY[:, :, None], 3, axis=2))


def test_packed_rgb8_is_a_view_of_the_message():
    message = raw(RGB, 'rgb8')
    assert np.shares_memory(to_rgb(message, 'rgb8'), message.data)


@pytest.mark.parametrize('pixels, expected', [
    (RGB, RGB),
    (GREY, np.repeat(GREY[:, :, None], 3, axis=2)),
    (np.dstack([RGB[:, :, ::-1], np.full((6, 5), 9, np.uint8)]), RGB)])
def test_png_is_lossless_in_colour_grey_and_with_alpha(pixels, expected):
    pixels = pixels[:, :, ::-1] if pixels is RGB else pixels  # OpenCV writes BGR
    message = compressed(np.ascontiguousarray(pixels), '.png', 'rgb8; png compressed bgr8')
    np.testing.assert_array_equal(to_rgb(message, 'rgb8'), expected)


def test_png_of_depth():
    image = to_rgb(compressed(DEPTH, '.png', '16UC1; png compressed '), '16UC1')
    np.testing.assert_array_equal(image, np.repeat(DEPTH_GREY[:, :, None], 3, axis=2))


def test_jpeg_keeps_the_order_of_the_colours():
    smooth = np.zeros((32, 48, 3), np.uint8)
    smooth[:, :, 0], smooth[:, :, 2] = 200, 40
    image = to_rgb(compressed(np.ascontiguousarray(smooth[:, :, ::-1]), '.jpg'), 'rgb8')
    assert image.shape == (32, 48, 3)
    assert np.abs(image.astype(int) - smooth).max() <= 3


def test_grey_jpeg_is_grey_in_three_channels():
    image = to_rgb(compressed(np.full((16, 16), 90, np.uint8), '.jpg'), 'mono8')
    np.testing.assert_array_equal(image, np.full((16, 16, 3), 90))


def test_rclpy_and_rosbags_messages_give_the_same():
    messages = pytest.importorskip('sensor_msgs.msg', reason='ROS 2 is not installed')
    from rosbags.typesys import get_typestore, Stores
    store = get_typestore(Stores.ROS2_JAZZY)
    types, header = store.types, store.types['std_msgs/msg/Header']
    stamp = types['builtin_interfaces/msg/Time'](0, 0)
    packed = raw(np.ascontiguousarray(RGB[:, :, ::-1]), 'bgr8', padding=2)
    live = messages.Image(height=6, width=5, encoding='bgr8', step=packed.step)
    live.data = packed.data.tobytes()
    stored = types['sensor_msgs/msg/Image'](header(stamp, ''), 6, 5, 'bgr8', 0, packed.step,
                                            packed.data)
    jpeg = compressed(RGB, '.jpg').data
    live_jpeg = messages.CompressedImage(format='jpeg')
    live_jpeg.data = jpeg.tobytes()
    stored_jpeg = types['sensor_msgs/msg/CompressedImage'](header(stamp, ''), 'jpeg', jpeg)
    np.testing.assert_array_equal(to_rgb(live, 'rgb8'), RGB)
    np.testing.assert_array_equal(to_rgb(stored, 'rgb8'), RGB)
    np.testing.assert_array_equal(to_rgb(live_jpeg, 'rgb8'), to_rgb(stored_jpeg, 'rgb8'))


@pytest.mark.parametrize('lie, text', [
    ({'step': 14}, 'step: expected at least 15 bytes for 6x5 rgb8, got 14'),
    ({'step': 0}, 'step: expected at least 15 bytes for 6x5 rgb8, got 0'),
    ({'step': 16}, 'data: expected 6 rows of 16 bytes for 6x5 rgb8, got 90 bytes'),
    ({'height': 7}, 'data: expected 7 rows of 15 bytes for 7x5 rgb8, got 90 bytes'),
    ({'height': 2 ** 32 - 1, 'step': 2 ** 32 - 1},
     'data: expected 4294967295 rows of 4294967295 bytes for 4294967295x5 rgb8, got 90 bytes'),
    ({'data': np.zeros(89, np.uint8)}, 'data: expected 6 rows of 15 bytes for 6x5 rgb8, '
                                       'got 89 bytes'),
    ({'data': 'text'}, 'expected data of bytes, got str'),
    ({'is_bigendian': 9}, 'is_bigendian: expected 0 or 1, got 9'),
    ({'encoding': 'yuv9'}, "unknown encoding 'yuv9'; did you mean 'yuyv'?"),
    ({'height': 0, 'data': b''}, 'expected an image of 1 to 67108864 pixels, got 0x5 rgb8'),
    ({'encoding': '16UC1', 'step': 15},
     'expected rgb8, got 6x5 16UC1; depth and colour do not convert into each other')])
def test_a_message_that_lies_is_refused(lie, text):
    message = raw(RGB, 'rgb8')
    vars(message).update(lie)
    assert refusal(message) == text


def test_something_else_is_refused():
    assert refusal(SimpleNamespace(data=b'')) == (
        'expected sensor_msgs/Image or sensor_msgs/CompressedImage, got SimpleNamespace')


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_every_truncation_is_refused(suffix):
    whole = compressed(RGB, suffix).data
    for size in range(len(whole)):
        assert refusal(SimpleNamespace(format='jpeg', data=whole[:size].tobytes()))


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_flipped_bits_never_crash(suffix):
    random = np.random.default_rng(1)
    whole = compressed(RGB, suffix).data
    outcomes = set()
    for _ in range(500):
        data = whole.copy()
        data[random.integers(len(data))] ^= 1 << random.integers(8)
        try:
            outcomes.add(to_rgb(SimpleNamespace(format='', data=data), 'rgb8').ndim)
        except MessageError:
            outcomes.add('refused')
    assert outcomes <= {3, 'refused'} and 'refused' in outcomes


def test_an_image_bomb_is_refused_before_it_is_decoded():
    bomb = compressed(RGB, '.png').data.copy()
    bomb[16:24] = np.frombuffer(b'\x00\x01\x00\x00' * 2, np.uint8)
    bomb[29:33] = np.frombuffer(zlib.crc32(bomb[12:29]).to_bytes(4, 'big'), np.uint8)
    assert refusal(SimpleNamespace(format='png', data=bomb)) == (
        'expected an image of 1 to 67108864 pixels, got 65536x65536 rgb8')


def test_header_of_compressed_images():
    assert read_header(compressed(RGB, '.jpg')) == (6, 5, 'rgb8')
    assert read_header(compressed(GREY, '.jpg')) == (6, 5, 'mono8')
    assert read_header(compressed(DEPTH, '.png')) == (2, 5, '16UC1')


def test_another_size_is_refused_with_what_to_do():
    message = raw(np.zeros((3, 2, 3), np.uint8), 'bgr8')
    with pytest.raises(MessageError) as caught:
        check_image(message, CAMERA)
    assert str(caught.value) == (
        "camera 'wrist': expected 6x5 rgb8, got 3x2 bgr8 on wrist/image_raw; declare "
        "resize: true for 'wrist' in the contract to accept it")


def test_depth_on_a_colour_camera_is_refused_with_what_to_do():
    with pytest.raises(MessageError) as caught:
        check_image(raw(np.zeros((6, 5), np.uint16), '16UC1'), CAMERA)
    assert str(caught.value) == (
        "camera 'wrist': expected 6x5 rgb8, got 6x5 16UC1 on wrist/image_raw; "
        "declare the camera's encoding in the contract as it is sent")


def test_refusals_name_camera_and_topic():
    broken = compressed(RGB, '.jpg')
    at = bytes(broken.data).index(b'\xff\xc4')     # without its first table
    broken.data = np.delete(broken.data, slice(at, at + 2 + int(broken.data[at + 3])))
    broken.data = np.delete(broken.data, slice(-30, -2))
    broken.data[at - 10:at - 5] = 0
    with pytest.raises(MessageError, match=r"^camera 'wrist': .* on wrist/image_raw$"):
        camera_image(broken, CAMERA)


@pytest.mark.parametrize('height, width', [(3, 2), (12, 10), (6, 5)])
def test_resize_only_where_declared(height, width):
    camera = Camera('c', 'sensor_msgs/Image', 30.0, 0.1, 'c', 'rgb8', height, width, resize=True)
    image = camera_image(raw(np.full((6, 5, 3), 50, np.uint8), 'rgb8'), camera)
    np.testing.assert_array_equal(image, np.full((height, width, 3), 50))


@pytest.mark.parametrize('rotate, size, corner', [
    (None, (4, 6), (0, 0)), (90, (6, 4), (0, 3)), (180, (4, 6), (3, 5)), (270, (6, 4), (5, 0))])
def test_a_picture_is_cropped_and_then_turned_clockwise(rotate, size, corner):
    sent = np.zeros((6, 8, 3), np.uint8)
    sent[1, 2] = 200          # the upper left corner of the crop
    camera = replace(CAMERA, height=size[0], width=size[1], rotate=rotate,
                     crop=Crop(x=2, y=1, width=6, height=4))
    image = camera_image(raw(sent, 'rgb8'), camera)
    assert image.shape == (*size, 3) and image.flags.c_contiguous
    assert [tuple(at) for at in np.argwhere(image[:, :, 0])] == [corner]


def test_pictures_in_a_file_are_cropped_and_turned_alike():
    camera = replace(CAMERA, height=4, width=3, rotate=270, crop=Crop(x=1, y=2, width=4, height=3))
    packed = camera_image(compressed(RGB[:, :, ::-1], '.png'), camera)
    np.testing.assert_array_equal(packed, camera_image(raw(RGB, 'rgb8'), camera))
    np.testing.assert_array_equal(packed, np.rot90(RGB[2:5, 1:5]))


@pytest.mark.parametrize('changes, text', [
    ({'height': 5, 'width': 6}, 'expected 5x6 rgb8, got 6x5 rgb8 on wrist/image_raw; declare '
     "rotate: 90 or 270 for 'wrist' in the contract to accept it"),
    ({'rotate': 90}, 'expected 6x5 rgb8, got 6x5 rgb8, used as 5x6, on wrist/image_raw; declare '
     "resize: true for 'wrist' in the contract to accept it"),
    ({'crop': Crop(2, 0, 4, 6)}, 'crop: 6x4 from x 2, y 0 on lies outside 6x5 rgb8 on '
     'wrist/image_raw; correct crop in the contract')])
def test_what_does_not_fit_is_named_with_what_to_do(changes, text):
    with pytest.raises(MessageError) as caught:
        check_image(raw(RGB, 'rgb8'), replace(CAMERA, **changes))
    assert str(caught.value) == f"camera 'wrist': {text}"


@pytest.mark.parametrize('make, text', [
    (lambda: replace(CAMERA, rotate=45),
     "camera 'wrist': rotate: expected 90, 180 or 270 degrees clockwise, got 45"),
    (lambda: Crop(0, -1, 4, 4), 'crop: x and y: expected 0 or more, got 0 and -1'),
    (lambda: Crop(0, 0, 0, 4), 'width')])
def test_a_contract_with_another_turn_or_an_empty_crop_is_refused(make, text):
    with pytest.raises(ConfigError, match=text):
        make()
