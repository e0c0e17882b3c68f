"""Every topic and message path of the layout is one of ours, and nothing in it acts."""
from functools import cache
import json
import re

import bag_factory as bags
from il_ros.cli import app
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.names import rooted
from il_ros.recording.definitions import full_type, message_definition
from il_ros.viewing.foxglove import foxglove_layout
import pytest
from rosbags.interfaces import Nodetype
from rosbags.typesys import get_types_from_msg

LOOKS = {'3D', 'Image', 'Plot', 'StateTransitions', 'DiagnosticSummary', 'RosOut'}
OURS = {**bags.IL_ROS, 'capture/status': 'il_ros/CaptureStatus',
        'monitor/joint_states': 'sensor_msgs/JointState',
        'monitor/markers': 'visualization_msgs/MarkerArray',
        'robot_description': 'std_msgs/String',
        '/diagnostics': 'diagnostic_msgs/DiagnosticArray', '/rosout': 'rcl_interfaces/Log'}
ROBOTS = ('sim_arm', 'sim_two_arms', 'sim_mobile', 'so101', 'tiago', 'ur5e_realsense')


def topics_of(contract, namespace=''):
    known = {stream.topic: stream.type for stream in contract.streams} | OURS
    return {rooted(f'{namespace}/{name}' if namespace and not name.startswith('/') else name):
            full_type(kind) for name, kind in known.items()}


@cache
def fields_of(kind):
    """Return the fields of a message by name, as rosbags describes them."""
    known = bags.store().fielddefs
    if kind not in known:
        known = get_types_from_msg(message_definition(kind.replace('/msg/', '/')).text, kind)
    return dict(known[kind][1])


def field_type(kind, path):
    """Return what a message path leads to; fail where a message has no such field."""
    for part in path.split('.'):
        name = re.sub(r'\[\d+\]$', '', part)
        assert name in fields_of(kind), f'{kind} has no {name}'
        node, what = fields_of(kind)[name]
        many = node in (Nodetype.ARRAY, Nodetype.SEQUENCE)
        assert many == part.endswith(']'), f'{part} of {kind}'
        node, what = what[0] if many else (node, what)
        kind = what if node == Nodetype.NAME else what[0]
    return kind


def paths(layout):
    for config in layout['configById'].values():
        yield from (line['value'] for line in config.get('paths', ()))


@pytest.mark.parametrize('robot', ROBOTS)
@pytest.mark.parametrize('namespace', ['', 'left_cell'])
def test_topics_and_paths_exist(robot, namespace):
    contract = Contract.load(robot)
    layout, known = foxglove_layout(contract, namespace), topics_of(contract, namespace)
    for path in paths(layout):
        topic, _, rest = path.partition('.')
        assert topic in known, path
        field_type(known[topic], rest)
    for config in layout['configById'].values():
        named = [config.get('topicToRender'), config.get('imageMode', {}).get('imageTopic'),
                 *config.get('topics', ()), *(layer['topic'] for layer in config.get(
                     'layers', {}).values() if 'topic' in layer)]
        named = [topic for topic in named if topic]
        if contract.urdf_topic and 'layers' in config:
            named = named[:-1]      # the driver's, not ours
        assert all(topic in known for topic in named), named


def test_a_wrong_path_is_found():
    with pytest.raises(AssertionError, match='il_ros/msg/ControlMode has no state'):
        field_type('il_ros/msg/ControlMode', 'state')
    with pytest.raises(AssertionError, match=r'positions of il_ros/msg/Command'):
        field_type('il_ros/msg/Command', 'positions')
    assert field_type('il_ros/msg/CommandReport', 'asked.positions[3]') == 'float64'


@pytest.mark.parametrize('robot', ROBOTS)
def test_every_panel_looks_and_stands_in_the_layout_once(robot):
    contract = Contract.load(robot)
    layout = foxglove_layout(contract)
    assert {name.partition('!')[0] for name in layout['configById']} <= LOOKS

    def placed(tree):
        return [tree] if isinstance(tree, str) else placed(tree['first']) + placed(tree['second'])
    assert sorted(placed(layout['layout'])) == sorted(layout['configById'])
    shown = [line['label'] for config in layout['configById'].values()
             for line in config.get('paths', ())]
    assert set(contract.joint_names) <= set(shown)
    assert {f'Image!{camera.name}' for camera in contract.cameras} <= set(layout['configById'])


def test_the_command_writes_it_for_a_robot_and_for_a_bag(tmp_path, capsys):
    contract = bags.small_contract()
    bag = bags.write_bag(tmp_path / 'bag', bags.Script(contract, seconds=0.5))
    for source, robot in (('sim_two_arms', Contract.load('sim_two_arms')), (bag, contract)):
        out = tmp_path / f'{robot.robot}.json'
        app(['view', str(source), '--foxglove', str(out)], standalone_mode=False)
        assert json.loads(out.read_text()) == foxglove_layout(robot)
    assert 'import it in Foxglove: Layouts, Import' in capsys.readouterr().out
    with pytest.raises(ConfigError, match='exists; name a new file with --foxglove'):
        app(['view', 'sim_arm', '--foxglove', str(out)], standalone_mode=False)
