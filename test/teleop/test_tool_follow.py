"""The tool goes as a hand goes, from where both were."""
from il_ros.config import build
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.inputs import Pose
from il_ros.teleop.tool_follow import Following, rotation, ToolFollow
from il_ros.teleop.tool_jog import LEASH
import numpy as np
import pinocchio as pin
import pytest
from teleop.device_conformance import CONTRACT, STATE

ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)
XR = ('-z', '-x', 'y')      # WebXR: x right, y up, -z ahead
REST = STATE[:6]
DT_S = 1 / CONTRACT.rate_hz


def hand(position, turn=(0.0, 0.0, 0.0)):
    return Pose(np.array(position, dtype=float),
                pin.Quaternion(pin.exp3(np.array(turn, dtype=float))).coeffs())


def followed(following, *path, start=((0.2, 1.1, -0.4), (0.3, -0.2, 0.1)), ticks=60):
    """Return position and rotation of the tool that went with a hand, the arm following."""
    follow, q = ToolFollow(CONTRACT, CONTRACT.arms[0], following), REST
    follow.start(q, hand(*start))
    for at in path:
        for _ in range(ticks):
            q = follow.move(q, at, DT_S)
    return ARM.forward(q)


@pytest.mark.parametrize(('way', 'goes'), [
    ((0, 0, -0.05), (1, 0, 0)), ((-0.05, 0, 0), (0, 1, 0)), ((0, 0.05, 0), (0, 0, 1))])
@pytest.mark.parametrize('scale', [0.5, 1.0])
def test_the_tool_goes_where_the_hand_goes(way, goes, scale):
    start = np.array([0.2, 1.1, -0.4]), (0.3, -0.2, 0.1)
    position, turned = followed(Following(scale, axes=XR), hand(start[0] + way, start[1]))
    before, upright = ARM.forward(REST)
    np.testing.assert_allclose(position - before, 0.05 * scale * np.array(goes), atol=1e-3)
    np.testing.assert_allclose(turned, upright, atol=5e-3)


def test_the_operators_yaw_turns_the_way():
    position, _ = followed(Following(yaw=np.pi / 2), hand((0.25, 1.1, -0.4), (0.3, -0.2, 0.1)))
    np.testing.assert_allclose(position - ARM.forward(REST)[0], [0, 0.05, 0], atol=1e-3)


def test_the_tool_turns_as_the_hand_turns_seen_by_the_operator():
    first = pin.exp3(np.array([0.3, -0.2, 0.1]))
    turn = pin.log3(pin.exp3(np.array([0.0, 0.25, 0.0])) @ first)   # about the tracker's y, up
    position, turned = followed(Following(axes=XR), hand((0.2, 1.1, -0.4), turn))
    before, upright = ARM.forward(REST)
    np.testing.assert_allclose(turned @ upright.T, pin.exp3(np.array([0, 0, 0.25])), atol=5e-3)
    np.testing.assert_allclose(position, before, atol=2e-3)
    _, half = followed(Following(axes=XR, turn_scale=0.0), hand((0.2, 1.1, -0.4), turn))
    np.testing.assert_allclose(half, upright, atol=2e-3)


@pytest.mark.parametrize('at', [(0, 0, 0), (5.0, -3.0, 2.0)])
def test_taking_up_moves_nothing_wherever_the_hand_is(at):
    follow = ToolFollow(CONTRACT, CONTRACT.arms[0], Following(axes=XR))
    follow.start(REST, hand(at, (1.0, 2.0, 0.5)))
    np.testing.assert_allclose(follow.move(REST, hand(at, (1.0, 2.0, 0.5)), DT_S), REST, atol=1e-9)


def test_a_hand_far_away_pulls_no_further_than_the_leash():
    follow = ToolFollow(CONTRACT, CONTRACT.arms[0], Following())
    follow.start(REST, hand((0, 0, 0)))
    for _ in range(90):     # the arm stands
        q = follow.move(REST, hand((3.0, 1.0, 0.5), (0, 0, 3.0)), DT_S)
    ahead = ARM.forward(q)[0] - ARM.forward(REST)[0]
    assert 0.01 < np.linalg.norm(ahead) < 1.5 * LEASH


def test_a_pose_is_a_rotation_whatever_the_length_of_its_quaternion():
    pose = hand((0, 0, 0), (0.1, 0.2, 0.3))
    np.testing.assert_allclose(rotation(Pose(pose.position, 0.95 * pose.quaternion)),
                               rotation(pose), atol=1e-12)


@pytest.mark.parametrize(('data', 'text'), [
    ({'axes': ['x', 'y', 'y']}, 'axes: expected three of x, -x, y, -y, z, -z at right angles'),
    ({'axes': ['x', 'z', 'y']}, 'the third as the first two turn, got x, z, y'),
    ({'axes': ['x', 'up', 'z']}, 'got x, up, z'), ({'scale': 3.0}, 'scale: expected 0.1 to 2')])
def test_settings_that_cannot_be_are_refused(data, text):
    with pytest.raises(ConfigError, match=text):
        build(Following, data, 'my.yaml')
