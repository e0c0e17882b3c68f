"""Video in messages: each picture at once, and none that lacks what it needs."""
from dataclasses import replace
from types import SimpleNamespace

import av
from il_ros.contract import Camera
from il_ros.errors import MessageError
from il_ros.images import CameraReader, PictureMissing
from il_ros.images.h264 import FrameNumbers
from il_ros.images.video import coding, Video
import numpy as np
import pytest
from video_factory import encode, stripes

CAMERA = Camera('wrist/ffmpeg', 'ffmpeg_image_transport_msgs/FFMPEGPacket', 30.0, 0.1, 'wrist',
                'rgb8', 48, 64)
CODECS = {'h264': 'libx264', 'h265': 'libx265'}
FLAVOURS = {   # of H.264, by what stands in its parameters and slices
    'baseline': {'profile': 'baseline'}, 'high': {'profile': 'high'},
    'scaling lists': {'profile': 'high', 'x264-params': 'cqm=jvt:8x8dct=1'},
    'slices': {'x264-params': 'slices=4'},
    '4:4:4': {'profile': 'high444', 'pixels': 'yuv444p'},
    'several references': {'x264-params': 'ref=4'}}


def message(data, said='h264'):
    return SimpleNamespace(format=said, data=np.frombuffer(data, np.uint8))


def shown(video, messages):
    """Return of each message how many columns are bright, None where it waits."""
    found = []
    for data in messages:
        try:
            picture = video.read(data)
            found.append(round(float((picture[24, :, 0] > 100).sum())))
        except PictureMissing:
            found.append(None)
    return found


@pytest.mark.parametrize('said', CODECS)
def test_each_message_gives_its_own_picture_as_ffmpeg_reads_the_file(tmp_path, said):
    coded = encode(stripes(20), CODECS[said])
    video = Video()
    ours = [video.read(message(data, said)) for data in coded]
    file = tmp_path / 'stream'
    file.write_bytes(b''.join(coded))
    with av.open(str(file), format={'h264': 'h264', 'h265': 'hevc'}[said]) as container:
        theirs = [frame.to_ndarray(format='rgb24') for frame in container.decode(video=0)]
    np.testing.assert_array_equal(ours, theirs)
    assert shown(Video(), [message(data, said) for data in coded]) == [2 * k for k in range(20)]


@pytest.mark.parametrize('said', CODECS)
@pytest.mark.parametrize('lost, waits', [
    (range(3), range(3, 8)), ([5], range(6, 8)), ([8], range(9, 16)), ([7], ())],
    ids=['joined late', 'one lost', 'a key picture lost', 'the last before a key picture lost'])
def test_what_needs_a_picture_that_did_not_come_waits_for_the_next_key(said, lost, waits):
    coded = encode(stripes(20), CODECS[said])
    kept = [k for k in range(20) if k not in lost]
    assert shown(Video(), [message(coded[k], said) for k in kept]) == [
        None if k in waits else 2 * k for k in kept]


@pytest.mark.parametrize('flavour', FLAVOURS.values(), ids=FLAVOURS)
def test_a_loss_is_noticed_in_every_flavour(flavour):
    coded = encode(stripes(24), **flavour)
    assert all(map(FrameNumbers().follows, coded))
    numbers = FrameNumbers()
    assert [numbers.follows(data) for k, data in enumerate(coded) if k != 12] == [
        k not in (13, 14, 15) for k in range(24) if k != 12]


def test_numbers_that_begin_anew_are_no_loss():
    numbers = FrameNumbers()
    assert all(map(numbers.follows, encode(stripes(300, 16, 16), keys=300)))


def test_pictures_that_need_later_ones_are_refused():
    coded = encode(stripes(24), tune='film', preset='medium', **{'x264-params': 'bframes=2'},
                   bf='2')
    video = Video()
    with pytest.raises(MessageError, match=r'^h264: its pictures need later ones \(B frames\)'):
        for data in coded:
            video.read(message(data))


def test_what_it_is_coded_as():
    assert coding(SimpleNamespace(format='h264', data=b'')) == 'h264'
    assert coding(SimpleNamespace(encoding='hevc_nvenc;yuv420p;bgr8;bgr8', pts=0)) == 'hevc_nvenc'
    assert coding(SimpleNamespace(format='rgb8; jpeg compressed bgr8')) == ''
    assert coding(SimpleNamespace(encoding='rgb8', step=3)) == ''
    with pytest.raises(MessageError, match='^h264: expected Annex B, whose units begin with 00 00'
                                           ' 01, got 00 00 00 10 67 42 c0 0a$'):
        Video().read(message(bytes.fromhex('000000106742c00a000000')))
    with pytest.raises(MessageError, match="^video coded as 'vp9'; expected h264 or h265$"):
        Video().read(message(b'123', 'vp9'))


def test_a_camera_of_any_kind_is_as_its_contract_says():
    pictures = stripes(6)
    turned = replace(CAMERA, height=64, width=48, rotate=90)
    coded = encode(pictures)
    whole, side = CameraReader(CAMERA), CameraReader(turned)
    for data in coded:
        packet = SimpleNamespace(encoding='libx264', pts=0, data=np.frombuffer(data, np.uint8))
        np.testing.assert_array_equal(side.read(packet), np.rot90(whole.read(packet), -1))
    with pytest.raises(MessageError, match=r"^camera 'wrist': expected 40x64 rgb8, got 48x64 rgb8 "
                                           'on wrist/ffmpeg; declare resize: true'):
        CameraReader(replace(CAMERA, height=40)).read(message(coded[0]))
    with pytest.raises(PictureMissing, match=r"^camera 'wrist': a picture needs one before it"):
        CameraReader(CAMERA).read(message(coded[1]))


def test_damage_is_a_line_and_nothing_else():
    rng, coded = np.random.default_rng(0), encode(stripes(16))
    outcomes = set()
    for _ in range(200):
        video = Video()
        for data in coded[:4]:
            damaged = np.frombuffer(data, np.uint8).copy()
            damaged[rng.integers(0, len(damaged), 3)] = rng.integers(0, 256, 3)
            try:
                outcomes.add(video.read(message(damaged[:rng.integers(1, len(data) + 1)])).ndim)
            except MessageError as error:
                outcomes.add(type(error).__name__)
    assert outcomes <= {3, 'PictureMissing', 'MessageError'} and 'PictureMissing' in outcomes
