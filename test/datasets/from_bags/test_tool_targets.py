"""A Cartesian controller's targets become the joints that put the tip there."""
from dataclasses import replace

import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.contract import CommandInterface
from il_ros.datasets.convert import convert
from il_ros.datasets.from_bags.rows import episode_rows, Losses
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError
from il_ros.kinematics import chain
from il_ros.timing import to_ns
import numpy as np
import pinocchio as pin
import pytest

SIM = bags.small_contract(cameras=())
ARM = SIM.arms[0]
LEADS_S = 0.1
SCRIPT = bags.Script(SIM, seconds=2.0, jitter=False)
POINT = 'trajectory_msgs/JointTrajectory'


def cartesian(frame=None, urdf=SIM.urdf):
    """Return the arm with a pose for its command, and its gripper with one of its own."""
    gripper = CommandInterface('gripper', POINT, joints=(ARM.gripper.joint,))
    pose = CommandInterface('target_pose', 'geometry_msgs/PoseStamped', joints=ARM.joints,
                            frame=frame)
    return replace(SIM, command=None, gripper=None, tip='', workspace=None, scene=None,
                   long_arms=(replace(ARM, workspace=None,
                                     gripper=replace(ARM.gripper, command=None)),),
                   long_commands=(pose, gripper), urdf=urdf, folder=SIM.folder)


def pose(t, position, rotation, frame=''):
    x, y, z, w = pin.Quaternion(rotation).coeffs().tolist()
    return bags.Event(bags.START_NS + to_ns(t), 'target_pose', bags.serialize(
        'geometry_msgs/PoseStamped', bags.make(
            'geometry_msgs/PoseStamped', header=bags.header(0, frame), pose=bags.make(
                'geometry_msgs/Pose', position=bags.make('geometry_msgs/Point', **dict(zip(
                    'xyz', np.asarray(position).tolist(), strict=True))),
                orientation=bags.make('geometry_msgs/Quaternion', x=x, y=y, z=z, w=w)))))


def closing(t):
    duration = bags.make('builtin_interfaces/Duration', sec=0, nanosec=0)
    point = bags.make('trajectory_msgs/JointTrajectoryPoint', positions=np.array([0.01]),
                      velocities=np.zeros(0), accelerations=np.zeros(0), effort=np.zeros(0),
                      time_from_start=duration)
    return bags.Event(bags.START_NS + to_ns(t), 'gripper', bags.serialize(POINT, bags.make(
        POINT, header=bags.header(0), joint_names=[ARM.gripper.joint], points=[point])))


def write(folder, contract, poses):
    streams = [e for e in SCRIPT.events() if e.topic in SIM.topics]
    return bags.write_bag(folder, replace(SCRIPT, contract=contract), events=sorted(
        [*streams, closing(0.002), *poses], key=lambda e: e.log_ns))


def targets(frame=None, name=''):
    """Return where the tip is a tenth of a second after each tick, in some link's frame."""
    kinematics = chain(SIM, ARM)
    base = chain(SIM, replace(ARM, tip=frame)) if frame else None
    for k in range(57):
        t = (k + 0.4) / 30
        q = SCRIPT.state(t + LEADS_S)[:6]
        position, rotation = kinematics.forward(q)
        if base:
            origin, axes = base.forward(q)
            position, rotation = axes.T @ (position - origin), axes.T @ rotation
        yield pose(t, position, rotation, name)


@pytest.mark.parametrize('name', ['', 'world'])
def test_the_action_is_where_the_joints_put_the_tip(tmp_path, name):
    root = chain(SIM, ARM).root
    bag = write(tmp_path / 'e', cartesian(), targets(name=name and root))
    with Bag(bag) as opened:
        begins_s = (opened.start_ns - bags.START_NS) / 1e9
        rows = list(episode_rows(opened))
    assert len(rows) > 50
    for row in rows[1:]:
        due = begins_s + (row.tick + 1) * SIM.period_ns / 1e9
        k = int((due * 30) - 0.4 + 1e-6)    # of the newest pose
        if k < 57:
            wanted = SCRIPT.state((k + 0.4) / 30 + LEADS_S)
            np.testing.assert_allclose(row.action[:6], wanted[:6], atol=1e-5)
        assert row.action[6] == pytest.approx(0.01) and row.source == 1


def test_poses_may_be_in_the_frame_of_another_link(tmp_path):
    # One that is fixed, so that where the arm is now does not matter.
    fixed = chain(SIM, ARM).root
    here = write(tmp_path / 'a', cartesian(), targets())
    there = write(tmp_path / 'b', cartesian(fixed), targets(fixed, fixed))
    with Bag(here) as one, Bag(there) as other:
        for a, b in zip(episode_rows(one), episode_rows(other), strict=True):
            np.testing.assert_allclose(a.action, b.action, atol=1e-9)


def test_a_pose_before_the_arm_was_measured_counts(tmp_path):
    first = next(targets())
    bag = write(tmp_path / 'e', cartesian(), [replace(first, log_ns=bags.START_NS)])
    with Bag(bag) as opened:
        rows = list(episode_rows(opened))
    wanted = SCRIPT.state(0.4 / 30 + LEADS_S)[:6]
    assert {row.source for row in rows[1:]} == {1}
    np.testing.assert_allclose(rows[5].action[:6], wanted, atol=1e-5)


def test_a_pose_out_of_reach_is_refused_and_told(tmp_path):
    far = pose(1.0, [9.0, 0.0, 0.0], np.eye(3))
    bag = write(tmp_path / 'e', cartesian(), [*targets(), far])
    losses = Losses()
    with Bag(bag) as opened:
        rows = list(episode_rows(opened, losses=losses))
    assert len(rows) > 50 and losses.messages == {'target_pose': 1}
    assert losses.refusals['target_pose'] == (
        'target_pose: from where the arm is, its joints cannot bring the tip to [9.0, 0.0, 0.0] m '
        'as it is to be turned')
    convert([bag], tmp_path / 'out')
    assert Dataset(tmp_path / 'out').episodes[0]['refused_messages'] == 1


@pytest.mark.parametrize(('contract', 'poses', 'error'), [
    (cartesian(), lambda: targets(name='camera'),
     "'wrist_3' were told: target_pose: its poses are in the frame 'camera', expected 'base'; "
     'write frame: camera at the command in the contract'),
    (cartesian(), lambda: [pose(0.1, [np.nan, 0, 0], np.eye(3))],
     'target_pose: no pose: position [nan, 0.0, 0.0], orientation [0.0, 0.0, 0.0, 1.0] (x y z w)'),
    (cartesian('shelf'), targets, "sim_arm.urdf: no link 'shelf'; "),
    (cartesian(urdf=''), targets, "target_pose: where a tip goes says nothing of joints without a "
     "URDF: the contract of 'sim_arm' names no URDF")])
def test_poses_that_say_nothing_of_joints_are_refused(tmp_path, contract, poses, error):
    bag = write(tmp_path / 'e', contract, poses())
    with pytest.raises(BagError) as raised:
        convert([bag], tmp_path / 'out')
    assert error in str(raised.value)
