"""Pictures of every coding that a bag may hold, with a part of them taken out."""
from dataclasses import replace
from types import SimpleNamespace

import bag_factory as bags
import cv2
from il_ros.encodings import DEPTH, ENCODINGS
from il_ros.errors import BagError, ConfigError
from il_ros.images import read_header, to_rgb
from il_ros.images.compressed import depth_of
from il_ros.images.compressed_depth import unpack
from il_ros.images.video import Video
from il_ros.redaction.faces import Box
from il_ros.redaction.messages import Stream
from image_factory import compressed_depth as packed
import numpy as np
import pytest
from video_factory import encode, stripes

BLACK = [Box(8, 4, 12, 8)]
PLACE = slice(4, 12), slice(8, 20)
HEIGHT, WIDTH = 24, 32


def image(name, padding=0, big=0):
    encoding = ENCODINGS[name]
    rows = {'nv12': 1.5, 'nv21': 1.5, 'nv24': 3}.get(encoding.layout, 1)
    values = np.random.default_rng(0).integers(
        60, 200, (round(HEIGHT * rows), WIDTH * encoding.channels)).astype(
            ('>' if big else '<') + encoding.dtype)
    packed = values.view(np.uint8).reshape(len(values), -1)
    packed = np.pad(packed, ((0, 0), (0, padding)), constant_values=7)
    return bags.make('sensor_msgs/Image', header=bags.header(5), height=HEIGHT, width=WIDTH,
                     encoding=name, is_bigendian=big, step=packed.shape[1],
                     data=packed.reshape(-1))


@pytest.mark.parametrize('name', ENCODINGS)
def test_a_region_of_a_raw_image_is_black_and_the_rest_is_the_same(name):
    declared = '16UC1' if ENCODINGS[name].family == DEPTH else 'rgb8'
    before = image(name)
    after = Stream().covered(before, [], BLACK)
    one, two = to_rgb(before, declared), to_rgb(after, declared)
    assert not two[PLACE].any()
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[PLACE] = False
    assert np.array_equal(one[outside], two[outside])
    assert after.header == before.header


@pytest.mark.parametrize('name, padding, big', [('rgb8', 5, 0), ('16UC1', 6, 1), ('rgb16', 0, 1)])
def test_padding_and_byte_order_stay(name, padding, big):
    before = image(name, padding, big)
    after = Stream().covered(before, [], BLACK)
    assert (after.step, after.is_bigendian, after.encoding) == (before.step, big, name)
    rows = after.data.reshape(HEIGHT, -1)
    assert (rows[:, rows.shape[1] - padding:] == 7).all()
    whole, bytes_of = before.data.reshape(HEIGHT, -1), ENCODINGS[name].pixel_bytes
    assert not rows[4:12, 8 * bytes_of:20 * bytes_of].any()
    assert np.array_equal(rows[:, :8 * bytes_of], whole[:, :8 * bytes_of])


def compressed(end, kind, shape=(HEIGHT, WIDTH, 3), dtype=np.uint8, head=b''):
    pixels = np.full(shape, 120, dtype)
    data = head + cv2.imencode(end, pixels)[1].tobytes()
    return bags.make('sensor_msgs/CompressedImage', header=bags.header(5), format=kind,
                     data=np.frombuffer(data, np.uint8))


@pytest.mark.parametrize('end, kind', [
    ('.jpg', 'rgb8; jpeg compressed bgr8'), ('.png', 'rgb8; png compressed bgr8'),
    ('.tiff', 'tiff'), ('.webp', 'webp'), ('.bmp', 'bmp'), ('.ppm', 'pnm')])
def test_a_picture_file_keeps_its_kind(end, kind):
    before = compressed(end, kind)
    after = Stream().covered(before, [], BLACK)
    assert after.format == kind and after.data[:2].tobytes() == before.data[:2].tobytes()
    found = to_rgb(after, 'rgb8')
    assert found[PLACE][2:-2, 2:-2].max() < 20
    assert abs(found[16:].astype(int) - 120).max() < 4
    assert Stream().covered(before, [], []) is before


@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
@pytest.mark.parametrize('kind', ['png', 'rvl'])
def test_compressed_depth_keeps_its_head_and_every_other_distance(kind, encoding):
    random = np.random.default_rng(0)
    values = random.integers(1, 60000, (HEIGHT, WIDTH)) * (random.random((HEIGHT, WIDTH)) < 0.7)
    sent = packed(values.astype(np.uint16), f'{encoding}; compressedDepth {kind}', kind, 10.0, 0.5)
    before = bags.make('sensor_msgs/CompressedImage', header=bags.header(5), format=sent.format,
                       data=np.frombuffer(sent.data, np.uint8))
    after = Stream(depth=True).covered(before, [], BLACK)
    assert (after.format, after.header) == (before.format, before.header)
    assert after.data[:12].tobytes() == before.data[:12].tobytes()
    assert read_header(after) == read_header(before) == (HEIGHT, WIDTH, encoding)
    wanted = values.copy()
    wanted[PLACE] = 0
    np.testing.assert_array_equal(unpack(depth_of(after)), wanted)
    assert Stream(depth=True).covered(before, [], []) is before
    assert Stream(depth=True).picture(before) is None


def test_what_a_camera_wrote_about_a_picture_is_not_copied():
    plain = compressed('.jpg', 'jpeg').data.tobytes()
    note = b'Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00 of Anna'
    data = plain[:2] + b'\xff\xe1' + (len(note) + 2).to_bytes(2, 'big') + note + plain[2:]
    before = bags.make('sensor_msgs/CompressedImage', header=bags.header(5), format='jpeg',
                       data=np.frombuffer(data, np.uint8))
    assert b'Anna' in before.data.tobytes()
    assert b'Anna' not in Stream().covered(before, [], []).data.tobytes()


def test_what_cannot_be_written_anew_is_refused():
    message = SimpleNamespace(format='jxl', data=np.zeros(64, np.uint8))
    with pytest.raises(BagError, match='cannot be written anew; leave the topic out with '
                                       '--drop-topic'):
        Stream().covered(message, [], BLACK)


def test_a_region_beyond_a_picture_is_refused():
    with pytest.raises(ConfigError, match='--region 30,0,3,1: reaches beyond its pictures, which '
                                          'are 32 wide and 24 high'):
        Stream().covered(compressed('.jpg', 'jpeg'), [], [Box(30, 0, 3, 1)])


@pytest.mark.parametrize('kind', [
    'foxglove_msgs/CompressedVideo', 'sensor_msgs/CompressedImage',
    'ffmpeg_image_transport_msgs/FFMPEGPacket'])
@pytest.mark.parametrize('codec', ['libx264', 'libx265'])
def test_video_is_coded_anew_one_message_per_picture(kind, codec):
    pictures, reader, copy = [np.maximum(p, 60) for p in stripes(12)], Stream(), Video()
    messages = [bags.video(kind, k, data) for k, data in enumerate(encode(pictures, codec))]
    if codec == 'libx265':
        name = 'encoding' if hasattr(messages[0], 'encoding') else 'format'
        messages = [replace(message, **{name: 'hevc'}) for message in messages]
    for number, message in enumerate(messages):
        if number == 2:     # lost
            continue
        after = reader.covered(message, [], BLACK)
        if 2 < number < 8:  # until the next key picture
            assert after is None
            continue
        found = copy.read(after)
        assert found[PLACE][2:-2, 2:-2].max() < 24
        if number < 2:
            assert abs(found[14:].astype(int) - pictures[number][14:]).mean() < 6
