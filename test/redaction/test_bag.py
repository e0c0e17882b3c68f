"""A redacted copy of a bag: a bag of rosbag2 that converts as before."""
from dataclasses import replace

import bag_factory as bags
from bags import foreign
import cv2
from il_ros.bags.files import content_hash
from il_ros.bags.reader import Bag
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError, ConfigError
from il_ros.images import to_rgb
from il_ros.images.compressed import depth_of
from il_ros.images.compressed_depth import unpack
from il_ros.recording.metadata import EpisodeInfo, Topic
from il_ros.recording.writer import EpisodeWriter, Limits
from il_ros.redaction.asked import Asked
from il_ros.redaction.bag import redact_bag
from il_ros.redaction.faces import Box, FaceDetector
from il_ros.redaction.names import Pseudonyms
from il_ros.rights import Rights
from image_factory import compressed_depth as packed
import numpy as np
import pytest
from redaction import faces
from rosbags.highlevel import AnyReader

KEY = b'0123456789abcdef'
CONTRACT = bags.small_contract(size=faces.SIZE)
ANNA = Pseudonyms(KEY).of('Anna Schmidt')
SIDES = {'talk': 'std_msgs/String', 'microphone': 'std_msgs/UInt8MultiArray'}


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bag') / 'episode_0001'
    info = EpisodeInfo(CONTRACT, 'show Anna the cube', 'Anna Schmidt', 'success',
                       rights=Rights('CC-BY-4.0', 'a lab', 'given'),
                       topics={t.name: t.resolved for t in bags.topics(CONTRACT)})
    topics = [*bags.topics(CONTRACT), *(Topic(name, kind) for name, kind in SIDES.items())]
    writer = EpisodeWriter(folder, topics, info, Limits(queue_bytes=1 << 40))
    help_wanted = bags.make('il_ros/HelpRequest', header=bags.header(9), source_id='help_gate',
                            active=True, reason='Anna, please help', score=1.0, threshold=0.5)
    talk = bags.serialize('std_msgs/String', bags.make('std_msgs/String', data='Anna speaks'))
    for event in [*faces.events(bags.Script(CONTRACT, 1.0)),
                  bags.Event(bags.START_NS + 5, 'talk', talk),
                  bags.Event(bags.START_NS + 6, 'dagger/request', bags.serialize(
                      'il_ros/HelpRequest', help_wanted))]:
        writer.write(event.topic, event.log_ns, event.data)
    writer.close(info)
    return folder


@pytest.fixture(scope='module')
def redacted(bag):
    out = bag.parent / 'copy'
    asked = Asked(Pseudonyms(KEY), FaceDetector(), {'scene': [Box(0, 88, 20, 8)]}, text=True)
    return out, redact_bag(bag, out, asked)


def test_the_copy_says_all_but_who(bag, redacted):
    out, report = redacted
    for file in out.iterdir():
        assert b'nna' not in file.read_bytes() and b'chmidt' not in file.read_bytes()
    with Bag(out) as copy:
        assert (copy.info.operator, copy.info.task) == (ANNA, f'show {ANNA} the cube')
        assert copy.info.rights == Rights('CC-BY-4.0', 'a lab', 'given')
        request, = copy.messages(['dagger/request'])
        assert request.message.reason == f'{ANNA}, please help' and request.message.active
    assert report.names_left == {} and report.texts == 2
    assert report.of == content_hash(bag)
    assert report.dropped == {
        '/talk': 'neither the contract nor il_ros needs it (std_msgs/msg/String)'}
    camera = report.cameras['scene']
    assert (camera.pictures, camera.with_faces, camera.blurred, camera.still) == (30, 30, 30, 0)


def test_it_is_a_bag_of_rosbag2(bag, redacted):
    out, report = redacted
    with AnyReader([bag]) as one, AnyReader([out]) as two:
        counts = {c.topic: c.msgcount for c in one.connections if c.msgcount}
        assert {c.topic: c.msgcount for c in two.connections} == report.kept
        assert report.kept == {name: n for name, n in counts.items() if name != '/talk'}
        assert {c.topic: (c.msgtype, c.digest, c.ext.offered_qos_profiles)
                for c in two.connections} == {
            c.topic: (c.msgtype, c.digest, c.ext.offered_qos_profiles)
            for c in one.connections if c.topic in report.kept}
        assert one.start_time == two.start_time and one.end_time == two.end_time


def test_it_converts_as_before(bag, redacted, tmp_path):
    out, _ = redacted
    convert([bag], tmp_path / 'before')
    convert([out], tmp_path / 'after')
    one, two = Dataset(tmp_path / 'before'), Dataset(tmp_path / 'after')
    for name in one.columns:
        assert np.array_equal(one.columns[name], two.columns[name], equal_nan=True), name
    pictures = two.frames('scene', [3])[0]
    assert pictures[90:94, 2:16].max() < 24
    assert abs(pictures[faces.FACE].astype(int)
               - one.frames('scene', [3])[0][faces.FACE]).mean() > 12


def test_topics_are_dropped_and_kept_as_asked(bag, tmp_path):
    asked = Asked(Pseudonyms(KEY), drop=['/control/report'], keep=['/talk'])
    report = redact_bag(bag, tmp_path / 'copy', asked)
    assert report.dropped == {'/control/report': 'asked for'}
    assert report.kept['/talk'] == 1
    assert report.names_left == {'copy_0.mcap': 3, 'metadata.yaml': 1}
    # Nothing was asked of the pictures, and they are the same.
    with Bag(bag) as one, Bag(tmp_path / 'copy') as two:
        topic = CONTRACT.cameras[0].topic
        pairs = zip(one.messages([topic]), two.messages([topic]), strict=True)
        assert all(np.array_equal(to_rgb(a.message, 'rgb8'), to_rgb(b.message, 'rgb8'))
                   for a, b in pairs)


@pytest.mark.parametrize('changes, text', [
    ({'drop': ['/tlk']}, "no topic '/tlk' in the bag; did you mean '/talk'"),
    ({'regions': {'wrist': [Box(0, 0, 1, 1)]}}, '--region wrist: expected a camera or topic: s'),
    ({'regions': {'scene': [Box(0, 0, 129, 1)]}}, 'reaches beyond its pictures')])
def test_what_makes_no_sense_is_refused(bag, tmp_path, changes, text):
    with pytest.raises(ConfigError, match=text):
        redact_bag(bag, tmp_path / 'copy', Asked(Pseudonyms(KEY), **changes))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_picture_is_left_out_and_told(tmp_path):
    topic = 'scene_camera/image_raw/compressed'
    camera = replace(CONTRACT.cameras[0], topic=topic, type='sensor_msgs/CompressedImage')
    contract = replace(CONTRACT, cameras=(camera,))
    writer = EpisodeWriter(tmp_path / 'bag', bags.topics(contract), EpisodeInfo(contract))
    data = np.frombuffer(cv2.imencode('.jpg', np.full((96, 128, 3), 90, np.uint8))[1], np.uint8)
    for number, part in enumerate((data, data[:400], data)):
        writer.write(topic, bags.START_NS + number, bags.serialize(
            'sensor_msgs/CompressedImage', bags.make(
                'sensor_msgs/CompressedImage', header=bags.header(number), format='jpeg',
                data=part)))
    writer.close(EpisodeInfo(contract))
    asked = Asked(Pseudonyms(KEY), FaceDetector())
    report = redact_bag(tmp_path / 'bag', tmp_path / 'copy', asked)
    assert report.kept == {f'/{topic}': 2} and report.cameras['scene'].left_out == 1
    assert 'scene: 2 pictures' in next(report.lines())


def test_distances_in_rvl_are_unknown_in_a_region_and_exact_elsewhere(tmp_path):
    topic, kind = 'scene_camera/depth/compressedDepth', 'sensor_msgs/CompressedImage'
    camera = replace(CONTRACT.cameras[0], topic=topic, type=kind, encoding='16UC1')
    contract = replace(CONTRACT, cameras=(camera,))
    pictures = np.random.default_rng(0).integers(0, 4000, (3, *faces.SIZE)).astype(np.uint16)
    writer = EpisodeWriter(tmp_path / 'bag', bags.topics(contract), EpisodeInfo(contract))
    for number, picture in enumerate(pictures):
        sent = packed(picture, '16UC1; compressedDepth rvl', 'rvl')
        writer.write(topic, bags.START_NS + number, bags.serialize(kind, bags.make(
            kind, header=bags.header(number), format=sent.format,
            data=np.frombuffer(sent.data, np.uint8))))
    writer.close(EpisodeInfo(contract))
    asked = Asked(Pseudonyms(KEY), FaceDetector(), {'scene': [Box(10, 20, 30, 40)]})
    report = redact_bag(tmp_path / 'bag', tmp_path / 'copy', asked)
    assert report.kept == {f'/{topic}': 3} and report.cameras['scene'].left_out == 0
    assert report.unseen == {'scene': 'depth, or video of which pictures were lost'}
    pictures[:, 20:60, 10:40] = 0
    with Bag(tmp_path / 'copy') as copy:
        found = [unpack(depth_of(each.message)) for each in copy.messages([topic])]
    np.testing.assert_array_equal(found, pictures)


def test_a_bag_of_another_recorder_becomes_one_that_carries_its_robot(tmp_path):
    database = foreign.write_db3(tmp_path / 'long.db3')
    with pytest.raises(BagError, match='name the robot with --robot'):
        redact_bag(database, tmp_path / 'copy', Asked(Pseudonyms(KEY)))
    contract = replace(foreign.SCRIPT.contract, cameras=())
    report = redact_bag(database, tmp_path / 'copy', Asked(Pseudonyms(KEY)), contract)
    assert report.kept['/joint_states'] == 100
    assert any('image_raw' in name for name in report.dropped)
    convert([tmp_path / 'copy'], tmp_path / 'dataset')
    assert Dataset(tmp_path / 'dataset').contract == contract
