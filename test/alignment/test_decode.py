import re

import bag_factory as bags
from il_ros.alignment.decode import joint_positions, message_stamp_ns, reorder
from il_ros.alignment.reader import StreamReader
from il_ros.errors import MessageError
import numpy as np
import pytest

CONTRACT = bags.small_contract()
STATE, POSES = CONTRACT.state.topic, CONTRACT.poses.topic
VALUES = np.arange(7) / 10


def state(names=None, values=VALUES):
    message = bags.joint_state(CONTRACT, 5, values)
    message.name = CONTRACT.joint_names if names is None else names
    return message


def test_joints_come_in_contract_order_whatever_the_message_says():
    names = CONTRACT.joint_names
    turned = state([*reversed(names), 'extra'], np.array([*reversed(VALUES), 9.0]))
    assert np.array_equal(joint_positions(CONTRACT, STATE, turned), VALUES)


@pytest.mark.parametrize('message, text', [
    (state([*CONTRACT.joint_names, 'elbow'], np.zeros(8)),
     "joint_states: joint 'elbow' stands twice"),
    (state(values=VALUES[1:]), 'joint_states: 7 joint names but 6 positions'),
    (state(values=np.array([0, 0, np.nan, 0, 0, 0, 0])),
     "joint_states: position of joint 'elbow' is not finite; check the driver"),
    (state(['elbow'], np.zeros(0)), 'joint_states: 1 joint names but 0 positions'),
    (state(['elbow', 'elbow'], np.zeros(2)), "joint_states: joint 'elbow' stands twice"),
    (state(['wheel', 'elbow'], np.array([0.0, np.inf])),
     "joint_states: position of joint 'elbow' is not finite"),
], ids=['twice', 'short', 'nan', 'none', 'twice in a part', 'infinite in a part'])
def test_wrong_joint_states(message, text):
    with pytest.raises(MessageError, match=re.escape(text)):
        joint_positions(CONTRACT, STATE, message)


@pytest.mark.parametrize('names, values, told', [
    (['elbow', 'shoulder_pan'], [3.0, 1.0], {0: 1.0, 2: 3.0}),
    (['wheel', 'wheel', 'gripper'], [7.0, np.nan, 0.5], {6: 0.5}),
    (['wheel'], [], {}),
    ([], [], {}),
], ids=['a part', 'others twice and not finite', 'others without positions', 'empty'])
def test_a_part_is_nan_where_it_says_nothing(names, values, told):
    expected = np.full(7, np.nan)
    for joint, value in told.items():
        expected[joint] = value
    found = joint_positions(CONTRACT, STATE, state(names, np.array(values)))
    assert np.array_equal(found, expected, equal_nan=True)


def test_poses_are_one_vector():
    vector = np.arange(21) / 7
    assert np.array_equal(StreamReader(CONTRACT).read(POSES, bags.pose_array(5, vector)), vector)


@pytest.mark.parametrize('vector, text', [
    (np.zeros(14), 'sim/poses: expected 3 poses (cube, box, end_effector), got 2'),
    (np.full(21, np.inf), "sim/poses: pose 'cube' is not finite"),
])
def test_wrong_poses(vector, text):
    with pytest.raises(MessageError, match=re.escape(text)):
        StreamReader(CONTRACT).read(POSES, bags.pose_array(5, vector))


def test_images_are_rgb():
    pixels = bags.picture(CONTRACT, 'scene', 3)
    found = StreamReader(CONTRACT).read(CONTRACT.camera('scene').topic, bags.image(5, pixels))
    assert found.dtype == np.uint8
    assert np.array_equal(found, pixels)


def test_an_image_of_another_size_is_refused():
    message = bags.image(5, np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(MessageError, match="camera 'scene': expected 48x64 rgb8, got 10x10 rgb8"):
        StreamReader(CONTRACT).read(CONTRACT.camera('scene').topic, message)


def test_other_topics_are_refused():
    with pytest.raises(MessageError, match='tf: no stream of the contract of sim_arm; its '
                                           'streams: joint_states, sim/poses, scene_camera'):
        StreamReader(CONTRACT).read('tf', None)


def test_reorder_names_where():
    with pytest.raises(MessageError, match="control/report: missing joint 'gripper'"):
        reorder(CONTRACT, CONTRACT.joint_names[:-1], VALUES[:-1], 'control/report')


def test_stamp():
    assert message_stamp_ns(bags.joint_state(CONTRACT, 12_000_000_034, VALUES)) == 12_000_000_034
