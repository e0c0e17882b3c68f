"""H.264 of a bag is copied into the dataset where that shows the same pictures."""
from dataclasses import replace
import re

import av
import bag_factory as bags
from bags.foreign import write_mcap
from il_ros.bags.reader import Bag
from il_ros.contract import Camera
from il_ros.datasets.convert import convert
from il_ros.datasets.files.stats import ImageStats
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.datasets.from_bags.slices import read_picture
from il_ros.datasets.reader import Dataset
from il_ros.timing import to_ns
import numpy as np
import pytest
from video_factory import encode

KINDS = ('foxglove_msgs/CompressedVideo', 'ffmpeg_image_transport_msgs/FFMPEGPacket',
         'sensor_msgs/CompressedImage')
SECONDS, TOPIC = 4.0, 'scene/video'


def pictures(count, height=48, width=64, step=65):
    found = np.zeros((count, height, width, 3), np.uint8)
    for k, picture in enumerate(found):
        picture[..., 0] = np.linspace(10, 200, width)[None]
        picture[..., 1] = 20 + step * k % 221
        picture[k % height // 8 * 8:, :, 2] = 150
        picture[:8, :k // 2] = 250
    return list(found)


def recording(folder, data, kind=KINDS[0], rate_hz=30.0, drop=()):
    """Write a bag whose camera sends coded pictures, and return it with its contract."""
    contract = replace(bags.small_contract(), poses=None, cameras=(
        Camera(TOPIC, kind, rate_hz, 0.5, 'scene', 'rgb8', 48, 64),))
    script = bags.Script(contract, seconds=SECONDS, chunks=False, reports=False)
    events = [e for e in replace(script, contract=replace(contract, cameras=())).events()
              if not e.topic.startswith('control/')]
    for k, packet in enumerate(data):
        ns = bags.START_NS + to_ns(k / rate_hz + 0.004)
        if k not in drop:
            events.append(bags.Event(ns, TOPIC, bags.serialize(kind, bags.video(
                kind, ns, packet))))
    return write_mcap(folder / 'bag.mcap', sorted(events, key=lambda e: e.log_ns), types={
        topic.name: topic.type for topic in bags.topics(contract)}), contract


def compared(folder, bag, contract):
    """Convert a bag; return pictures of the dataset, those decoded from the bag, and the file."""
    convert([bag], folder / 'set', contract=contract)
    dataset = Dataset(folder / 'set')
    with Bag(bag, contract) as opened:
        expected = [row.observation.images['scene'] for row in episode_rows(opened, ['scene'])]
    file, = (folder / 'set/videos').rglob('*.mp4')
    return dataset, np.array(expected), file


def equal_rows(dataset, expected):
    shown = dataset.frames('scene', np.arange(len(expected)))
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).mean(axis=(1, 2, 3)).max() < 6
    return (shown == expected).all(axis=(1, 2, 3))


def without_parameters(data):
    """Return a picture without the sets that a decoder starts with."""
    found = [unit for unit in re.split(b'\0{1,2}\0\1', data)[1:] if unit[0] & 0x1f not in (7, 8)]
    return b''.join(b'\0\0\0\1' + unit for unit in found)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('apart', [5, 10, 30])
def test_from_the_first_key_picture_on_rows_are_the_pictures_of_the_camera(tmp_path, kind, apart):
    data = encode(pictures(int(SECONDS * 30)), keys=apart)
    bag, contract = recording(tmp_path, data, kind)
    dataset, expected, file = compared(tmp_path, bag, contract)
    equal = equal_rows(dataset, expected)
    first = int(equal.argmax())
    assert first <= apart + 6 and equal[first:].all()
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        copied = [bytes(packet)[-40:] for packet in container.demux(stream) if packet.size]
    assert len(copied) == len(expected)
    sent = [packet[-40:] for packet in data]
    begin = sent.index(copied[first])
    assert copied[first:] == sent[begin:begin + len(copied) - first]
    order = np.random.default_rng(0).permutation(len(expected))[:20]
    np.testing.assert_array_equal(dataset.frames('scene', order)[equal[order]],
                                  expected[order][equal[order]])


def test_statistics_are_those_of_the_pictures(tmp_path):
    bag, contract = recording(tmp_path, encode(pictures(int(SECONDS * 30), step=1), keys=10))
    dataset, expected, _ = compared(tmp_path, bag, contract)
    found, whole = dataset.stats['observation.images.scene'], ImageStats()
    for image in expected:
        whole.take(image, 0.2)
    for name, value in whole.stats().items():
        np.testing.assert_allclose(np.ravel(found[name]), value, atol=2 if name == 'count'
                                   else 0.03)


@pytest.mark.parametrize(('name', 'rate_hz', 'drop', 'options'), [
    ('twice as often', 60.0, (), {}),
    ('half as often', 15.0, (), {}),
    ('lost', 30.0, (33, 71), {}),
    ('key pictures far apart', 30.0, (), {'keys': 100}),
    ('parameters but once', 30.0, (), {}),
    ('planes of 4:4:4', 30.0, (), {'pixels': 'yuv444p'})])
def test_what_does_not_go_together_is_encoded(tmp_path, name, rate_hz, drop, options):
    data = encode(pictures(int(SECONDS * rate_hz)), **{'keys': 8} | options)
    if name == 'parameters but once':
        data[1:] = map(without_parameters, data[1:])
    bag, contract = recording(tmp_path, data, rate_hz=rate_hz, drop=drop)
    dataset, expected, _ = compared(tmp_path, bag, contract)
    equal = equal_rows(dataset, expected)
    if name == 'lost':
        assert 40 < equal.sum() < len(equal)
    elif name != 'key pictures far apart':
        assert equal.sum() < 10


def test_pictures_that_need_later_ones_are_refused_as_before(tmp_path):
    data = encode(pictures(60), keys=20, bf='2', tune='film', preset='medium')
    bag, contract = recording(tmp_path, data)
    order = read_picture(data[0], None).order
    assert None in {read_picture(packet, order) for packet in data[1:]}
    with pytest.raises(Exception, match='B frames'):
        convert([bag], tmp_path / 'set', contract=contract)


@pytest.mark.parametrize('change', [{'crop': None, 'rotate': 180}, {'resize': True}])
def test_what_a_contract_changes_is_decoded(tmp_path, change):
    bag, contract = recording(tmp_path, encode(pictures(int(SECONDS * 30)), keys=8))
    contract = replace(contract, cameras=(replace(contract.cameras[0], **change),))
    dataset, expected, _ = compared(tmp_path, bag, contract)
    assert not equal_rows(dataset, expected).any()
