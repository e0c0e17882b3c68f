"""Data of another robot in our columns."""
from dataclasses import replace
import re

from il_ros.contract import Contract
from il_ros.datasets.column_map import ColumnMap, require_units
from il_ros.errors import ConfigError, ContractMismatchError, DatasetError
import numpy as np
import pytest

OURS = Contract.from_text("""
robot: ours
task: wave
rate_hz: 30.0
joints:
  - {name: pan, position: [-1.6, 1.6], velocity: 1.0, acceleration: 5.0}
  - {name: lift, position: [-1.0, 1.0], velocity: 1.0, acceleration: 5.0}
start: [0.0, 0.0]
state: {topic: joint_states, type: sensor_msgs/JointState, rate_hz: 50.0, max_age_s: 0.2}
command: {topic: arm/commands, type: std_msgs/Float64MultiArray}
poses: {topic: poses, type: geometry_msgs/PoseArray, rate_hz: 30.0, max_age_s: 0.2,
        names: [cube, box]}
cameras:
  - {name: front, topic: front, type: sensor_msgs/Image, rate_hz: 30.0, max_age_s: 0.2,
     encoding: rgb8, height: 8, width: 8}
  - {name: wrist, topic: wrist, type: sensor_msgs/Image, rate_hz: 30.0, max_age_s: 0.2,
     encoding: rgb8, height: 8, width: 8}
""")
THEIRS = Contract.from_text("""
robot: theirs
task: wave
rate_hz: 30.0
joints:
  - {name: joint2, position: [-90.0, 90.0], velocity: 90.0, acceleration: 900.0}
  - {name: joint1, position: [-90.0, 90.0], velocity: 90.0, acceleration: 900.0}
  - {name: rail, position: [0.0, 1.0], velocity: 1.0, acceleration: 5.0}
start: [0.0, 0.0, 0.0]
state: {topic: js, type: sensor_msgs/JointState, rate_hz: 50.0, max_age_s: 0.2}
command: {topic: cmd, type: std_msgs/Float64MultiArray}
poses: {topic: poses, type: geometry_msgs/PoseArray, rate_hz: 30.0, max_age_s: 0.2,
        names: [table, crate, block]}
cameras:
  - {name: top, topic: top, type: sensor_msgs/Image, rate_hz: 30.0, max_age_s: 0.2,
     encoding: bgr8, height: 16, width: 16}
  - {name: range, topic: range, type: sensor_msgs/Image, rate_hz: 30.0, max_age_s: 0.2,
     encoding: 16UC1, height: 8, width: 8}
""")
TEXT = """
joints:
  pan: {from: joint1, scale: 0.017453292519943295, offset: 0.1}
  lift: {from: joint2, scale: -0.017453292519943295}
cameras: {front: top, wrist: none}
poses: {cube: block, box: crate}
unused: [rail]
"""


def load(tmp_path, text=TEXT):
    path = tmp_path / 'map.yaml'
    path.write_text(text)
    return ColumnMap.load(path)


def columns():
    poses = np.zeros((2, 21))
    poses[:, [6, 13, 20]] = 1.0
    poses[:, [0, 7, 14]] = [0.1, 0.2, 0.3]
    return {'observation.state': np.array([[90.0, 45.0, 0.5], [-30.0, 0.0, 0.5]], np.float32),
            'action': np.array([[9.0, 18.0, 0.5], [36.0, -18.0, 0.5]], np.float32),
            'observation.environment_state': poses, 'control_source': np.array([1, 0])}


def test_degrees_swapped_order_sign_and_offset(tmp_path):
    found = load(tmp_path)
    found.check(OURS, THEIRS, 'map.yaml')
    mapped = found.columns(OURS, THEIRS, columns())
    np.testing.assert_allclose(mapped['observation.state'], [
        [np.pi / 4 + 0.1, -np.pi / 2], [0.1, np.pi / 6]])
    np.testing.assert_allclose(mapped['action'], [
        [np.pi / 10 + 0.1, -np.pi / 20], [-np.pi / 10 + 0.1, -np.pi / 5]])
    poses = mapped['observation.environment_state']
    assert poses.shape == (2, 14) and poses[0, [0, 7]].tolist() == [0.3, 0.2]
    assert mapped['control_source'].tolist() == [1, 0]
    assert found.told(OURS, THEIRS, mapped) == [
        'pan = 0.0174533 * joint1 + 0.1: measured 0.1 to 0.885, allowed -1.6 to 1.6',
        'lift = -0.0174533 * joint2 + 0: measured -1.57 to 0.524, allowed -1 to 1',
        'unused: rail', 'camera front = top, 16x16 resized to 8x8', 'camera wrist = none',
        'pose cube = block', 'pose box = crate']


def test_what_is_mapped_is_held_against_our_limits(tmp_path):
    found = load(tmp_path, TEXT.replace('scale: 0.017453292519943295, ', ''))
    mapped = found.columns(OURS, THEIRS, columns())
    with pytest.raises(DatasetError, match=(
            r"^other: joint 'pan', measured and commanded: -17.9 to 45.1, the contract allows "
            r"-1.6 to 1.6.*; joint 'lift', measured: -1.571 to 0.5236, the contract allows")):
        require_units(OURS, mapped, 'other')


def test_without_a_pose_there_is_no_column(tmp_path):
    found = load(tmp_path, TEXT.replace('box: crate', 'box: none'))
    found.check(OURS, THEIRS, 'map.yaml')
    assert 'observation.environment_state' not in found.columns(OURS, THEIRS, columns())


@pytest.mark.parametrize(('old', 'new', 'error', 'text'), [
    ('  lift: {from: joint2, scale: -0.017453292519943295}\n', '', ContractMismatchError,
     'm: joints: not mapped: lift; to choose from: joint2, joint1, rail'),
    ('unused: [rail]', '', ContractMismatchError, 'm: joints: none is from rail of theirs; what '
                                                  'shall be left out, name as unused'),
    ('from: joint2', 'from: joint3', ConfigError, "m: joints: unknown 'joint3'; did you mean"),
    ('from: joint2', 'from: joint1', ConfigError, "m: joint 'joint1' stands twice"),
    ('  lift', '  lfit', ConfigError, "m: joints: unknown 'lfit'; did you mean 'lift'?"),
    (', wrist: none', '', ContractMismatchError,
     'm: cameras: not mapped: wrist; to choose from: top, range, none'),
    ('wrist: none', 'wrist: top', ConfigError, "m: camera 'top' stands twice"),
    ('wrist: none', 'wrist: range', ContractMismatchError,
     'm: cameras: wrist is colour, range is depth'),
    (', box: crate', '', ContractMismatchError,
     'm: poses: not mapped: box; to choose from: table, crate, block, none'),
    ('[rail]', '[reil]', ConfigError, "m: unused: unknown 'reil'; did you mean 'rail'?"),
])
def test_what_does_not_cover_is_named(tmp_path, old, new, error, text):
    assert old in TEXT
    with pytest.raises(error, match='^' + re.escape(text)):
        load(tmp_path, TEXT.replace(old, new)).check(OURS, THEIRS, 'm')


def test_joints_that_are_not_alike(tmp_path):
    joint = replace(THEIRS.joints[1], position=None, continuous=True)
    turning = replace(THEIRS, joints=(THEIRS.joints[0], joint, THEIRS.joints[2]))
    with pytest.raises(ContractMismatchError, match=(
            '^m: joints: pan is a position, joint1 a joint that turns without end$')):
        load(tmp_path).check(OURS, turning, 'm')
    with pytest.raises(ContractMismatchError, match='^m: theirs was recorded at 10 Hz, ours at '
                                                    '30: a chunk would take another time'):
        load(tmp_path).check(OURS, replace(THEIRS, rate_hz=10.0), 'm')


@pytest.mark.parametrize(('old', 'new', 'text'), [
    ('scale: -0.017453292519943295', 'scale: 0', 'scale: expected another number than 0'),
    ('scale: -0.017453292519943295', 'scal: 1', "unknown key 'scal'; did you mean 'scale'?"),
    ('unused:', 'unusd:', "unknown key 'unusd'; did you mean 'unused'?"),
    ('from: joint2, ', '', 'missing from'),
])
def test_a_mapping_is_read_strictly(tmp_path, old, new, text):
    with pytest.raises(ConfigError, match=re.escape(text)):
        load(tmp_path, TEXT.replace(old, new))
