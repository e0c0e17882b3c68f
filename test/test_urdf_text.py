"""A URDF that a robot tells on a topic: from the recorder to the policy it goes with the data."""
from dataclasses import replace

import bag_factory as bags
from bags.foreign import TYPES, write_mcap
from checkpoint_factory import describe, make_checkpoint, SMALL
from il_ros.bags.reader import Bag
from il_ros.contract import Contract, differences
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError, ConfigError
from il_ros.kinematics import Arm, check_urdf, find_urdf
from il_ros.policies.checkpoint import read
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.recording.session import Recorder
from il_ros.recording.store import EpisodeStore
from il_ros.recording.topics import recorded_topics
from il_ros.recording.writer import Limits
from il_ros.urdf import MAX_BYTES, read_urdf
from il_ros.urdf_text import UrdfText
import numpy as np
import pytest

FILE = bags.small_contract()
TEXT = find_urdf(FILE).read_text()
BARE = TEXT.partition('?>')[2]
TOPIC = replace(FILE, urdf='topic:/robot_description')
TOLD = replace(TOPIC, urdf_text=TEXT)
NAMES = FILE.joint_names[:6]
SCRIPT = bags.Script(TOPIC, seconds=1.0)


def heard(text=TEXT, t=0.0):
    return SCRIPT._event('robot_description', 'std_msgs/String', t,
                         bags.make('std_msgs/String', data=text))


def tool(contract):
    arm = contract.arms[0]
    return Arm(find_urdf(contract), arm.joints, arm.tip).forward(np.full(6, 0.3))[0]


@pytest.mark.parametrize('text', [
    TEXT, '\n\n ' + TEXT, BARE, '<!-- Ärmel -->' + BARE,
    "<?xml version='1.0' encoding='latin-1'?><!-- Ärmel -->" + BARE])
def test_a_text_is_read_as_a_file_is(text):
    arm = Arm(UrdfText('the URDF of /x', text), NAMES, FILE.tip)
    np.testing.assert_array_equal(arm.forward(np.full(6, 0.3))[0], tool(FILE))


@pytest.mark.parametrize(('text', 'error'), [
    ('', 'the URDF of /x: not a URDF that can be read: no XML: '),
    ('hello', 'the URDF of /x: not a URDF that can be read: no XML: '),
    ('<sdf/>', 'the URDF of /x: not a URDF that can be read: expected <robot>, got <sdf>'),
    ('<robot/>', 'the URDF of /x: not a URDF that can be read: it has no links'),
    ('<robot xmlns:xacro="http://www.ros.org/wiki/xacro"><xacro:arm/></robot>',
     'it holds xacro macros'),
    (' ' * (MAX_BYTES + 1), f'{MAX_BYTES + 1} bytes, expected at most {MAX_BYTES}')])
def test_a_text_that_is_no_urdf_is_named_by_its_topic(text, error):
    with pytest.raises(ConfigError) as raised:
        read_urdf(UrdfText('the URDF of /x', text))
    assert error in str(raised.value)
    assert str(raised.value).startswith('the URDF of /x: ')


def test_neither_hash_nor_text_of_a_contract_depend_on_what_the_robot_tells():
    assert (TOLD.hash, TOLD.to_text(), TOLD) == (TOPIC.hash, TOPIC.to_text(), TOPIC)
    assert 'urdf_text' not in TOLD.to_text()
    assert (TOPIC.urdf_topic, FILE.urdf_topic) == ('/robot_description', '')
    assert Contract.from_text(TOLD.to_text()).urdf_text == ''
    assert differences(TOLD, replace(TOPIC, urdf='topic:left/robot_description')) == []
    assert differences(TOPIC, FILE) == ['urdf: topic:, sim_arm.urdf']


@pytest.mark.parametrize(('urdf', 'error'), [
    ('topic:', "urdf: topic '': it is empty"),
    ('topic:/a//b', "urdf: topic '/a//b': two slashes follow each other"),
    ('topic:~/urdf', "urdf: topic '~/urdf': ~ is another topic for each node"),
    ('topic: /x', "urdf: topic ' /x': ' ' is not allowed")])
def test_a_name_that_no_topic_has_is_refused(urdf, error):
    with pytest.raises(ConfigError) as raised:
        Contract.from_text(replace(FILE, urdf='x').to_text().replace('urdf: x', f"urdf: '{urdf}'"))
    assert error in str(raised.value)


def test_kinematics_come_from_the_text_and_say_where_it_should_be():
    np.testing.assert_array_equal(tool(TOLD), tool(FILE))
    assert check_urdf(TOLD).startswith('the URDF of /robot_description')
    with pytest.raises(ConfigError) as error:
        find_urdf(TOPIC)
    assert str(error.value) == (
        "the contract of 'sim_arm' takes the URDF from /robot_description, which was not kept "
        'here: bags hold it as a message of that topic, datasets in meta/robot.urdf, '
        'checkpoints in robot.urdf; or name a file in the contract')
    with pytest.raises(ConfigError, match="^the URDF of /robot_description: no link 'tol'"):
        Arm(find_urdf(TOLD), NAMES, 'tol')


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """Return two episodes of one recorder, which heard the URDF once, before the first."""
    folder = tmp_path_factory.mktemp('recorded')
    topics = recorded_topics(TOPIC, lambda name: f'/left/{name}' if name[0] != '/' else name)
    recorder = Recorder(TOPIC, topics, EpisodeStore(folder), limits=Limits(start_free_bytes=0))
    recorder.arrived('/robot_description', heard().data, bags.START_NS, bags.START_NS)
    events = replace(SCRIPT, seconds=3.0).events()
    for k in range(3):
        for event in events[k * len(events) // 3:(k + 1) * len(events) // 3]:
            recorder.arrived(event.topic, event.data, now := event.log_ns, event.log_ns)
        if k:
            assert recorder.stop().note == ''
        if k < 2:
            recorder.start(now, now)
    return folder


def test_every_episode_holds_it_and_the_hash_of_the_contract_fits(recorded):
    for name in ('episode_0001', 'episode_0002'):
        with Bag(recorded / name) as bag:
            assert bag.counts['/robot_description'] == 1
            assert (bag.contract, bag.contract.urdf_text) == (TOPIC, TEXT)


def test_a_dataset_and_a_policy_keep_it(recorded, tmp_path):
    result = convert([recorded], tmp_path / 'dataset')
    assert (result.episodes, result.warnings) == (2, [])
    assert (tmp_path / 'dataset/meta/robot.urdf').read_text() == TEXT
    contract = Dataset(tmp_path / 'dataset').contract
    np.testing.assert_array_equal(tool(contract), tool(FILE))
    for tool_actions in (True, False):
        config = replace(SMALL, tool_actions=tool_actions)
        folder = make_checkpoint(tmp_path / f'policy {tool_actions}', config, contract)
        found = read(folder)
        assert (found.contract, found.contract.urdf_text) == (contract, BARE)
        np.testing.assert_array_equal(tool(found.contract), tool(FILE))
    assert describe(replace(SMALL, tool_actions=True), contract).frame.arms == 1
    assert ToolFrame(contract, find_urdf(contract)).arms == 1


def test_a_foreign_bag_gives_it_too(tmp_path):
    events = [heard(t=-100.0), *SCRIPT.events()]   # latched long before
    path = write_mcap(tmp_path / 'foreign.mcap', events=events)
    with Bag(path, TOPIC) as bag:
        assert bag.contract.urdf_text == TEXT
        assert bag.start_ns == SCRIPT.events()[0].log_ns
    with Bag(path, FILE) as bag:
        assert bag.contract.urdf_text == ''


def test_a_topic_of_another_type_is_named(tmp_path):
    events = [bags.Event(bags.START_NS, 'robot_description', bags.serialize(
        'std_msgs/Header', bags.header(0))), *SCRIPT.events()]
    with pytest.raises(BagError, match='/robot_description is of type std_msgs/msg/Header, the '
                                       'contract says std_msgs/String'):
        Bag(write_mcap(tmp_path / 'x.mcap', events=events,
                       types=TYPES | {'robot_description': 'std_msgs/msg/Header'}), TOPIC)


@pytest.mark.parametrize(('texts', 'warnings'), [
    (['', ''], ['episode_0: urdf: no message of /robot_description: what moves the tool takes '
                'the URDF of another episode, or the file meta/robot.urdf that you put into the '
                'dataset (1 more bags likewise)']),
    (['', TEXT], ['episode_0: urdf: no message of /robot_description: what moves the tool takes '
                  'the URDF of another episode, or the file meta/robot.urdf that you put into '
                  'the dataset']),
    ([TEXT, TEXT.replace('robot', 'robot ', 1)], [
        'episode_1: urdf: another one on /robot_description than in the first episode, whose the '
        'dataset keeps'])])
def test_what_a_dataset_lacks_of_it_is_said(tmp_path, texts, warnings):
    paths = [write_mcap(tmp_path / f'episode_{i}.mcap', events=[
        *([heard(text)] if text else []), *bags.Script(TOPIC, seconds=1.0, seed=i).events()])
        for i, text in enumerate(texts)]
    result = convert(paths, tmp_path / 'dataset', contract=TOPIC)
    assert [w.replace('.mcap', '') for w in result.warnings] == warnings
    assert Dataset(tmp_path / 'dataset').contract.urdf_text == next(filter(None, texts), '')
