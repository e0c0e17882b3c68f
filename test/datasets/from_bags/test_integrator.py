"""Speeds of a person become the joint targets that they add up to."""
from dataclasses import replace
from types import SimpleNamespace

import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.contract import CommandInterface, Contract
from il_ros.contract.integrated import Integrated, JOG, JOY, JoyAxis
from il_ros.datasets.from_bags.integrator import Integrator, LEAD_M, LEAD_S
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.errors import BagError, ConfigError, MessageError
from il_ros.kinematics import chain
from il_ros.timing import SECOND, to_ns
import numpy as np
import pinocchio as pin
import pytest

SIM = bags.small_contract(cameras=())
ARM, START = SIM.arms[0], np.array(SIM.start)
KINEMATICS = chain(SIM, ARM)
POINT, TWIST = 'trajectory_msgs/JointTrajectory', 'geometry_msgs/TwistStamped'
TOPIC = 'servo/delta_twist_cmds'
GIVEN = Integrated(TOPIC, TWIST)
LAG_S = 0.1     # of the arm behind what it was told
# Until when, and how fast: the pause is too short for the arm to count as at rest.
MOTION = [(0.2, [0.0] * 6), (0.8, [0.1, 0, 0, 0, 0, 0]), (1.4, [0, -0.08, 0, 0, 0, 0.5]),
          (1.6, [0.0] * 6), (2.2, [-0.1, 0.05, 0.05, 0.4, 0, 0]), (9.0, [0.0] * 6)]


def servo(given=GIVEN, joints=ARM.joints, urdf=SIM.urdf):
    """Return the arm behind a controller whose topic nobody recorded."""
    commands = [CommandInterface('jtc', POINT, joints=joints, integrated=given)]
    if others := tuple(name for name in ARM.all_joints if name not in joints):
        commands.append(CommandInterface('gripper', POINT, joints=others))
    arm = replace(ARM, workspace=None, gripper=replace(ARM.gripper, command=None))
    return replace(SIM, command=None, gripper=None, tip='', workspace=None, scene=None,
                   long_arms=(arm,), long_commands=tuple(commands), urdf=urdf, folder=SIM.folder)


def speed_at(t):
    return np.array(next(speed for until, speed in MOTION if t < until - 1e-9))


def path(frame):
    """Return the joints at each millisecond of the motion, along fixed axes or the tip's."""
    q, found = START[:6], []
    position, rotation = KINEMATICS.forward(q)
    for k in range(3000):
        found.append(q)
        speed = speed_at(k / 1000) / 1000
        if speed.any():
            axes = rotation if frame == ARM.tip else np.eye(3)
            position = position + axes @ speed[:3]
            rotation = pin.exp3(axes @ speed[3:]) @ rotation
            q = KINEMATICS.inverse(position, rotation, q)
    return np.array(found)


def stamped(values, frame=''):
    values = np.asarray(values, float)
    part = [SimpleNamespace(**dict(zip('xyz', values[k:k + 3], strict=True))) for k in (0, 3)]
    return SimpleNamespace(header=SimpleNamespace(frame_id=frame),
                           twist=SimpleNamespace(linear=part[0], angular=part[1]))


def off(q, wanted):
    """Return how far a tip is from where it should be [mm] and [degrees]."""
    (at, turned), (there, rotation) = (KINEMATICS.forward(each) for each in (q, wanted))
    return (1000 * np.linalg.norm(at - there),
            np.degrees(np.linalg.norm(pin.log3(turned @ rotation.T))))


def event(t, topic, kind, message):
    return bags.Event(bags.START_NS + to_ns(t), topic, bags.serialize(kind, message))


def recorded(t, values, frame):
    parts = [bags.make('geometry_msgs/Vector3', **dict(zip('xyz', values[k:k + 3].tolist(),
                                                           strict=True))) for k in (0, 3)]
    return event(t, TOPIC, TWIST, bags.make(
        TWIST, header=bags.header(bags.START_NS + to_ns(t), frame),
        twist=bags.make('geometry_msgs/Twist', linear=parts[0], angular=parts[1])))


def trajectory(t, topic, joints, positions):
    point = bags.make('trajectory_msgs/JointTrajectoryPoint', positions=np.array(positions),
                      velocities=np.zeros(0), accelerations=np.zeros(0), effort=np.zeros(0),
                      time_from_start=bags.make('builtin_interfaces/Duration', sec=0, nanosec=0))
    return event(t, topic, POINT, bags.make(POINT, header=bags.header(0),
                                            joint_names=list(joints), points=[point]))


def write(folder, contract, moved, frame, *more):
    """Write an episode whose arm goes where it is told, a tenth of a second later."""
    script = bags.Script(SIM)
    events = [e for e in bags.Script(SIM, seconds=2.9, jitter=False).events()
              if e.topic == SIM.poses.topic]
    for t in np.arange(0.0, 2.9, 0.01).tolist():
        q = [*moved[max(0, round(1000 * (t - LAG_S)))], START[6]]
        events.append(event(t, SIM.state.topic, 'sensor_msgs/JointState',
                            bags.joint_state(SIM, bags.START_NS + to_ns(t), q)))
    events += [recorded(t, speed_at(t), frame) for t in np.arange(0.1, 2.9, 0.02).tolist()]
    events += [trajectory(0.002, 'gripper', [ARM.gripper.joint], [0.01]), *more]
    return bags.write_bag(folder, replace(script, contract=contract),
                          events=sorted(events, key=lambda e: e.log_ns),
                          more=[bags.Topic(TOPIC, TWIST)])


@pytest.mark.parametrize('frame', ['', KINEMATICS.root, ARM.tip])
def test_the_targets_are_what_was_put_in(tmp_path, frame):
    moved = path(frame)
    bag = write(tmp_path / 'e', servo(), moved, frame)
    worst, checked = np.zeros(2), 0
    with Bag(bag) as opened:
        begins_s = (opened.start_ns - bags.START_NS) / 1e9
        for row in episode_rows(opened):
            due = begins_s + (row.tick + 1) / 30
            if 0.15 < due < 2.65:
                worst = np.maximum(worst, off(row.action[:6], moved[round(1000 * due)]))
                assert row.source == 1 and row.action[6] == pytest.approx(0.01)
                checked += 1
    assert checked > 70 and worst[0] < 1.0 and worst[1] < 0.5


class Arm:
    """An arm that goes at a share of the speed that it is told, and its integrator."""

    def __init__(self, contract=None, share=1.0):
        self.contract = contract or servo()
        self.speeds = Integrator(self.contract, self.contract.commands[0])
        self.q, self.share, self.at_s, self.target = START.copy(), share, 1.0, None

    def tell(self, message, for_s=0.02):
        now_ns = to_ns(self.at_s)
        if told := self.speeds.told(message, self.q, now_ns):
            columns = self.contract.indices(told.joints)
            before = self.q[columns] if self.target is None else self.target
            self.target = told.positions[0]
            self.q[columns] += self.share * (self.target - before)
        self.at_s += for_s
        return told


def test_silence_is_no_speed_after_the_timeout():
    arm = Arm()
    told = arm.tell(stamped([0.1, 0, 0, 0, 0, 0]))
    assert told.due_ns[-1] == to_ns(0.1)
    start, end = (KINEMATICS.forward(q)[0] for q in told.positions[[0, -1]])
    np.testing.assert_allclose(end - start, [0.01, 0, 0], atol=1e-6)
    arm.at_s += 0.3
    held = arm.tell(stamped([0] * 6))
    np.testing.assert_allclose(held.positions, told.positions[-1:], atol=1e-9)


def test_minutes_of_motion_do_not_lead_away_from_an_arm_that_is_slower():
    """Round and round for two minutes, an arm that goes 5 % less than it is told."""
    arm, speed = Arm(share=0.95), 0.1
    leads = []
    for k in range(2400):
        turn = 2 * np.pi * k / 120
        told = arm.tell(stamped([speed * np.cos(turn), speed * np.sin(turn), 0, 0, 0, 0]), 0.05)
        leads.append(off(told.positions[0], arm.q[:6])[0])
    assert max(leads) <= 1000 * (LEAD_M + LEAD_S * speed) + 6    # and one step of 5 mm


def test_an_arm_at_an_obstacle_takes_its_target_along():
    arm = Arm(share=0.0)
    for _ in range(200):
        told = arm.tell(stamped([0.1, 0, 0, 0, 0, 0]))
    assert off(told.positions[0], START[:6])[0] == pytest.approx(
        1000 * (LEAD_M + LEAD_S * 0.1), abs=0.1)


def test_what_rests_is_where_the_arm_is_and_goes_on_from_there():
    arm = Arm()
    arm.tell(stamped([0.1, 0, 0, 0, 0, 0]))
    stopped = to_ns(arm.at_s)
    assert len(arm.tell(stamped([0] * 6)).positions) == 1
    assert not arm.speeds.rests(stopped + SECOND // 2)
    assert arm.speeds.rests(stopped + SECOND // 2 + 1)
    arm.at_s += 1.0
    arm.q[:6] = START[:6] + 0.05    # somebody moved it
    assert arm.tell(stamped([0] * 6)) is None
    np.testing.assert_allclose(arm.tell(stamped([0.1] + [0] * 5)).positions[0], START[:6] + 0.05)


AXES = (JoyAxis(1, 'linear.x', 0.2), JoyAxis(0, 'angular.z', -0.5),
        JoyAxis(2, ARM.gripper.joint, -0.02))


def joystick(axes, *buttons):
    return SimpleNamespace(axes=axes, buttons=buttons)


def test_a_joystick_moves_what_its_axes_say_while_its_button_is_held():
    contract = servo(Integrated('joy', JOY, axes=AXES, button=1), ARM.all_joints)
    arm = Arm(contract)
    assert arm.tell(joystick([1.0, 1.0, 1.0], 1, 0)) is None
    told = arm.tell(joystick([0.5, 0.25, 0.5], 0, 1))
    (a, turned), (b, then) = (KINEMATICS.forward(q[:6]) for q in told.positions[[0, -1]])
    np.testing.assert_allclose(b - a, [0.005, 0, 0], atol=1e-6)
    np.testing.assert_allclose(pin.log3(then @ turned.T), [0, 0, -0.025], atol=1e-6)
    assert told.positions[-1, 6] - told.positions[0, 6] == pytest.approx(-0.001)
    with pytest.raises(MessageError, match='joy: no axis 1: the message has 1'):
        arm.tell(joystick([0.0], 0, 1))
    with pytest.raises(MessageError, match='joy: no button 1: the message has 1'):
        arm.tell(joystick([0.0] * 3, 1))


def test_jogged_joints_go_at_their_speed_to_their_limit():
    arm = Arm(servo(Integrated('jog', JOG, scale=(0.5,))))
    message = SimpleNamespace(joint_names=[ARM.joints[1]], velocities=[0.4])
    told = arm.tell(message)
    moved = told.positions[-1] - told.positions[0]
    np.testing.assert_allclose(moved, [0, 0.02, 0, 0, 0, 0], atol=1e-9)
    arm.q[1] = arm.contract.upper[1] - 0.001
    arm.at_s += 2
    assert arm.tell(message).positions[-1, 1] == arm.contract.upper[1]
    message.joint_names = ['wheel']
    with pytest.raises(MessageError, match="jog: joint 'wheel' is none of its command"):
        arm.tell(message)


def test_a_twist_that_cannot_be_followed_is_told():
    arm = Arm()
    with pytest.raises(MessageError, match="along the axes of 'shelf': .*no link 'shelf'.*write "
                                           'frame: LINK at integrated'):
        arm.tell(stamped([0.1] * 6, 'shelf'))
    with pytest.raises(MessageError, match='expected finite speeds'):
        arm.tell(stamped([np.nan] * 6))
    with pytest.raises(MessageError, match='its joints cannot follow the twist'):
        for _ in range(100):
            arm.tell(stamped([0, 0, 0.8, 0, 0, 0]), 0.1)


def test_a_recorded_command_is_better(tmp_path):
    told = START[:6] + 0.1
    bag = write(tmp_path / 'e', servo(), path(''), '', trajectory(0.05, 'jtc', ARM.joints, told))
    with Bag(bag) as opened:
        for row in list(episode_rows(opened))[3:]:
            np.testing.assert_allclose(row.action[:6], told)


def test_without_a_urdf_no_speed_of_a_tip_says_anything(tmp_path):
    bag = write(tmp_path / 'e', servo(urdf=''), path(''), '')
    with Bag(bag) as opened, pytest.raises(BagError, match=(
            'servo/delta_twist_cmds: how fast a tip goes says nothing of joints without a URDF')):
        list(episode_rows(opened))


@pytest.mark.parametrize('make, text', [
    (lambda: Integrated('joy', JOY), r'integrated joy: axes: expected what each axis of the'),
    (lambda: Integrated(TOPIC, TWIST, axes=AXES), 'axes: only a sensor_msgs/Joy has them'),
    (lambda: Integrated(TOPIC, TWIST, scale=(1.0,)), 'scale: expected 2 numbers other than 0'),
    (lambda: Integrated(TOPIC, 'geometry_msgs/Wrench'), 'type'),
    (lambda: servo(joints=ARM.joints[:4]), 'a geometry_msgs/TwistStamped moves the tip of an arm'),
    (lambda: servo(joints=ARM.all_joints), "nothing there moves joint 'gripper'; give it a comm"),
    (lambda: CommandInterface('base', 'geometry_msgs/Twist', joints=('x',), fields=('linear.x',),
                              integrated=GIVEN), 'of a base is a velocity already')])
def test_what_says_nothing_is_refused(make, text):
    with pytest.raises(ConfigError, match=text):
        make()


def test_the_contract_says_it_and_others_keep_their_hash():
    contract = servo(Integrated('joy', JOY, axes=AXES, button=1), ARM.all_joints)
    assert Contract.from_text(contract.to_text()) == contract
    assert 'integrated' not in SIM.to_text()
