"""What a row holds, message by message, on a grid that the test lays itself."""
from dataclasses import replace
import re

import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.contract import CommandInterface, Contract
from il_ros.datasets.from_bags.rows import episode_rows, Losses, moving_ticks
from il_ros.datasets.from_bags.told import read_command
from il_ros.errors import BagError, MessageError
from il_ros.recording import writer
from il_ros.recording.definitions import Definition, full_type, message_definition
from il_ros.timing import MILLISECOND
from il_ros.types import ControlSource
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_types_from_msg, get_typestore, Stores

CONTRACT = replace(bags.small_contract(cameras=()), poses=None)
PERIOD = CONTRACT.period_ns
COMMAND = CONTRACT.command.topic
T0 = bags.START_NS


def value(x):
    return np.full(7, float(x))


def at(ticks, offset_ms=0.0):
    return T0 + round(ticks * PERIOD) + round(offset_ms * MILLISECOND)


def event(ns, topic, kind, message):
    return bags.Event(ns, topic, bags.serialize(kind, message))


def states(count, skip=()):
    """One state per tick, stamped and logged at the tick, whose value is the tick."""
    return [event(at(k), 'joint_states', 'sensor_msgs/JointState',
                  bags.joint_state(CONTRACT, at(k), value(k)))
            for k in range(count + 1) if k not in skip]


def sent(ticks, x, source=bags.HUMAN, verdict=bags.PASSED):
    return event(at(ticks), 'control/report', 'il_ros/CommandReport',
                 bags.report(CONTRACT, at(ticks), value(x), source, verdict))


def chunk(log_ticks, start_ticks, *rows):
    return event(at(log_ticks), 'policy/chunk', 'il_ros/ActionChunk',
                 bags.chunk(CONTRACT, at(start_ticks), np.array([value(x) for x in rows])))


def mode(ticks, which):
    return event(at(ticks), 'control/mode', 'il_ros/ControlMode', bags.mode(at(ticks), which))


def rows(tmp_path, *events, contract=CONTRACT, losses=None):
    folder = bags.write_bag(tmp_path / 'e', bags.Script(contract),
                            events=sorted(events, key=lambda e: e.log_ns))
    with Bag(folder) as bag:
        return list(episode_rows(bag, (), losses))


def actions(found):
    return [row.action[0] for row in found]


def test_one_row_per_whole_period(tmp_path):
    found = rows(tmp_path, *states(4), sent(0.5, 10))
    assert [row.tick for row in found] == [0, 1, 2, 3]
    assert [row.observation.state[0] for row in found] == [0, 1, 2, 3]
    assert [row.observation.stamp_ns for row in found] == [at(k) for k in range(4)]


def test_action_is_the_last_command_sent_until_the_next_tick(tmp_path):
    found = rows(tmp_path, *states(4), sent(0.2, 10), sent(0.8, 11), sent(2, 12), sent(2.1, 13))
    # (0, 1]: 11; (1, 2]: 12, sent exactly at tick 2; (2, 3]: 13; (3, 4]: none, held.
    assert actions(found) == [11, 12, 13, 13]


def test_before_the_first_command_the_measured_state_counts_as_hold(tmp_path):
    found = rows(tmp_path, *states(4), sent(2.5, 10))
    assert actions(found) == [0, 1, 10, 10]
    assert [row.source for row in found] == [ControlSource.HOLD, ControlSource.HOLD,
                                             ControlSource.HUMAN, ControlSource.HUMAN]


def test_rejected_commands_were_not_sent(tmp_path):
    found = rows(tmp_path, *states(3), sent(0.5, 10),
                 sent(1.5, 99, bags.POLICY, verdict=bags.REJECTED))
    assert actions(found) == [10, 10, 10]
    assert {row.source for row in found} == {ControlSource.HUMAN}


def test_what_the_gate_holds_is_hold(tmp_path):
    found = rows(tmp_path, *states(3), sent(0.5, 10, bags.POLICY),
                 sent(1.5, 12, bags.POLICY, verdict=bags.HELD))
    assert actions(found) == [10, 12, 12]
    assert [row.source for row in found] == [ControlSource.POLICY, ControlSource.HOLD,
                                             ControlSource.HOLD]


def test_policy_action_is_the_row_due_at_the_next_tick(tmp_path):
    found = rows(tmp_path, *states(5), sent(0.1, 0), chunk(1.2, 1, 100, 101, 102))
    # Row i is due at tick 1 + i; tick 0 is followed by tick 1, before which no chunk came.
    policy = [row.policy_action[0] for row in found]
    assert np.array_equal(policy, [np.nan, 101, 102, np.nan, np.nan], equal_nan=True)


def test_the_newest_chunk_counts(tmp_path):
    found = rows(tmp_path, *states(3), sent(0.1, 0), chunk(0.2, 0, 1, 2, 3, 4),
                 chunk(1.2, 1, 20, 30, 40))
    assert [row.policy_action[0] for row in found] == [2, 30, 40]


def test_a_policy_that_fell_silent_wants_nothing(tmp_path):
    found = rows(tmp_path, *states(9), sent(0.1, 0), chunk(0.5, 0, *range(100, 110)))
    policy = np.array([row.policy_action[0] for row in found])
    assert np.array_equal(policy[:6], [101, 102, 103, 104, 105, 106])   # 200 ms after the chunk
    assert np.isnan(policy[6:]).all()


def test_intervention_while_correcting(tmp_path):
    found = rows(tmp_path, *states(4), sent(0.1, 0), mode(0, bags.AUTONOMOUS),
                 mode(1.5, bags.CORRECTING), mode(2.5, bags.AUTONOMOUS))
    assert [row.intervention for row in found] == [False, True, False, False]


def test_joints_of_reports_are_reordered(tmp_path):
    message = bags.report(CONTRACT, at(0.1), np.arange(7.0))
    message.joint_names = CONTRACT.joint_names[::-1]
    found = rows(tmp_path, *states(2),
                 event(at(0.1), 'control/report', 'il_ros/CommandReport', message))
    assert np.array_equal(found[0].action, np.arange(7.0)[::-1])


def test_ticks_without_observation_are_counted_and_left_out(tmp_path):
    losses = Losses()
    silent = range(2, 8)
    found = rows(tmp_path, *states(10, skip=silent), sent(0.1, 0), losses=losses)
    # A state serves for 100 ms, three ticks.
    assert [row.tick for row in found] == [0, 1, 2, 3, 4, 8, 9]
    assert losses.ticks == {'joint_states': 3}
    assert losses.reason() == ('joint_states: the newest sample is 0.133 s old, at most 0.1 s is '
                               'accepted')


def test_refused_messages_are_counted(tmp_path):
    losses = Losses()
    bad = bags.joint_state(CONTRACT, at(1.5), np.full(7, np.nan))
    rows(tmp_path, *states(3), sent(0.1, 0),
         event(at(1.5), 'joint_states', 'sensor_msgs/JointState', bad), losses=losses)
    assert losses.messages == {'joint_states': 1}
    assert losses.reason() == ("joint_states: position of joint 'shoulder_pan' is not "
                                    'finite; check the driver')


def test_robot_commands_serve_where_there_is_no_gate(tmp_path):
    script = bags.Script(CONTRACT, reports=False)
    with Bag(bags.write_bag(tmp_path / 'e', script)) as bag:
        found = list(episode_rows(bag))
    assert {row.source for row in found} == {ControlSource.HUMAN}
    for row in found[1:-1]:
        due = (row.tick + 1.4) / CONTRACT.rate_hz       # one period after it was sent
        assert np.allclose(row.action, script.state(due), atol=1e-9)


def test_without_any_command_the_bag_is_refused(tmp_path):
    with pytest.raises(BagError, match='neither control/report nor joint_trajectory_controller/'
                                       'joint_trajectory was recorded: nothing says what the '
                                       'robot was told'):
        rows(tmp_path, *states(3))


def test_idle_ends_are_found(tmp_path):
    script = bags.Script(CONTRACT, seconds=3.0, still_s=1.0)
    with Bag(bags.write_bag(tmp_path / 'e', script)) as bag:
        moving = moving_ticks(episode_rows(bag), CONTRACT)
    # Motion from 1 s to 2 s, 0.2 s of margin at either side.
    assert 22 <= moving.start <= 25
    assert 65 <= moving.stop <= 68


def test_an_arm_that_never_moves_has_no_moving_ticks(tmp_path):
    script = bags.Script(CONTRACT, seconds=1.0, still_s=1.0)
    with Bag(bags.write_bag(tmp_path / 'e', script)) as bag:
        assert moving_ticks(episode_rows(bag), CONTRACT) == range(0)


def told(ticks, points, names=None, stamp_ticks=None):
    """A JointTrajectory: points (ticks after the start, value of every joint)."""
    return event(at(ticks), COMMAND, 'trajectory_msgs/JointTrajectory', bags.make(
        'trajectory_msgs/JointTrajectory',
        header=bags.header(0 if stamp_ticks is None else at(stamp_ticks)),
        joint_names=names or CONTRACT.joint_names, points=[bags.make(
            'trajectory_msgs/JointTrajectoryPoint',
            positions=np.full(len(names or CONTRACT.joint_names), float(x)),
            velocities=np.zeros(0), accelerations=np.zeros(0), effort=np.zeros(0),
            time_from_start=bags.make('builtin_interfaces/Duration', sec=0,
                                      nanosec=round(after * PERIOD))) for after, x in points]))


def moved(tmp_path, *events, contract=CONTRACT, losses=None):
    found = rows(tmp_path, *states(8), *events, contract=contract, losses=losses)
    return np.round(actions(found), 3).tolist(), [int(row.source) for row in found]


H, D = int(ControlSource.HUMAN), int(ControlSource.HOLD)


@pytest.mark.parametrize('events, expected', [
    # A row holds what is due at the next tick.
    ([told(0, [(1, 10), (2, 20), (3, 30)])], [10, 20, 30, 30, 30, 30, 30, 30]),
    ([told(0, [(2, 20), (4, 40)])], [10, 20, 30, 40, 40, 40, 40, 40]),
    # The newer takes the place of what is left, from the setpoint of that moment on.
    ([told(0, [(1, 10), (5, 50)]), told(2, [(1, 0), (2, 5)])], [10, 20, 0, 5, 5, 5, 5, 5]),
    # It begins at its stamp, which may lie ahead; the older goes on until then.
    ([told(0, [(1, 10), (5, 50)]), told(1, [(1, 0)], stamp_ticks=3)],
     [10, 20, 30, 0, 0, 0, 0, 0]),
    # Points that were due before it came are left out.
    ([told(0, [(1, 10)]), told(3, [(0, 70), (1, 80), (2, 90)], stamp_ticks=2)],
     [10, 10, 80, 90, 90, 90, 90, 90]),
    # A single point within a tick counts at once, as the gate sends it; a later one is a way.
    ([told(0, [(1, 10)]), told(2.5, [(1, 20)])], [10, 10, 20, 20, 20, 20, 20, 20]),
    ([told(0, [(1, 10)]), told(2, [(4, 50)])], [10, 10, 20, 30, 40, 50, 50, 50]),
    # The first one begins where the arm is measured.
    ([told(1, [(4, 8)])], [0, 2, 4, 6, 8, 8, 8, 8]),
], ids=['points', 'between points', 'replaced', 'ahead', 'past points', 'a point', 'a far point',
        'from rest'])
def test_of_a_trajectory_the_point_that_is_due_counts(tmp_path, events, expected):
    assert moved(tmp_path, *events) == (expected, [H] * 8)


def test_before_its_first_command_a_joint_is_held_as_measured(tmp_path):
    arm, finger = CONTRACT.joint_names[:6], CONTRACT.joint_names[6:]
    found = rows(tmp_path, *states(4), told(0, [(0, 10)], arm), told(2, [(0, 20)], finger))
    assert [row.action[[0, 6]].tolist() for row in found] == [[10, 0], *3 * [[10, 20]]]
    assert [row.source for row in found] == [D, H, H, H]


def test_numbers_without_names_count_in_the_order_of_the_contract(tmp_path):
    robot = replace(CONTRACT, command=replace(CONTRACT.command, type='std_msgs/Float64MultiArray'))

    def numbers(ticks, *values):
        return event(at(ticks), COMMAND, 'std_msgs/Float64MultiArray', bags.make(
            'std_msgs/Float64MultiArray', data=np.array(values, float), layout=bags.make(
                'std_msgs/MultiArrayLayout', dim=[], data_offset=0)))

    losses = Losses()
    (tmp_path / 'a').mkdir()
    (tmp_path / 'b').mkdir()
    found = rows(tmp_path / 'a', *states(3), numbers(0.5, *range(7)), numbers(1.5, 1, 2),
                 contract=robot, losses=losses)
    assert [row.action.tolist() for row in found] == [list(range(7))] * 3
    assert losses.refusals == {COMMAND: (
        f'{COMMAND}: expected 7 positions (shoulder_pan, shoulder_lift, elbow, wrist_1, wrist_2, '
        'wrist_3, gripper), got 2')}
    with pytest.raises(BagError, match="nothing says what joints 'shoulder_pan', .* were told: "
                                       f'{COMMAND}: expected 7 positions .* got 2$'):
        rows(tmp_path / 'b', *states(3), numbers(0.5, 1, 2), contract=robot)
    (tmp_path / 'c').mkdir()
    speeds = replace(robot, command=replace(robot.command, interface='velocity'))
    with pytest.raises(BagError, match=f'{COMMAND}: a velocity does not say where a joint was '
                                       'told to be; let command_gate drive the robot and record'):
        rows(tmp_path / 'c', *states(3), numbers(0.5, *range(7)), contract=speeds)


def test_joints_count_by_what_their_driver_calls_them(tmp_path):
    names = [f'theirs_{name}' for name in CONTRACT.joint_names]
    robot = replace(CONTRACT, command=replace(
        CONTRACT.command, joints=tuple(CONTRACT.joint_names), names=tuple(names)))
    found = rows(tmp_path, *states(3), told(0.5, [(0, 4)], names[::-1]), contract=robot)
    assert [row.action.tolist() for row in found] == [[4.0] * 7] * 3


NAMES = CONTRACT.joint_names


def told_by(kind, ticks, **fields):
    return event(at(ticks), COMMAND, kind, bags.make(kind, **fields))


def leader(ticks, names, values):
    return told_by('sensor_msgs/JointState', ticks, header=bags.header(0), name=names,
                   position=np.array(values, float), velocity=np.zeros(0), effort=np.zeros(0))


@pytest.mark.parametrize('events, first, last', [
    ([leader(0.5, NAMES[::-1], range(7))], [6, 5, 4, 3, 2, 1, 0], None),
    ([leader(0.5, ['wheel', *NAMES], range(8))], [1, 2, 3, 4, 5, 6, 7], None),
    ([leader(0.5, NAMES, [1] * 7), leader(1.5, NAMES[6:], [9])], [1] * 7, [*[1] * 6, 9]),
], ids=['another order', 'others beside', 'some of them'])
def test_a_joint_state_is_a_command_that_counts_at_once(tmp_path, events, first, last):
    robot = replace(CONTRACT, command=replace(CONTRACT.command, type='sensor_msgs/JointState'))
    found = rows(tmp_path, *states(3), *events, contract=robot)
    assert [row.action.tolist() for row in (found[0], found[-1])] == [first, last or first]
    assert {row.source for row in found} == {H}


@pytest.mark.parametrize('event, text', [
    (leader(0.5, ['leader_' + name for name in NAMES], range(7)),
     f"{COMMAND}: misses joints 'shoulder_pan', "),
    (leader(0.5, NAMES, []), f'{COMMAND}: expected 7 positions, got 0'),
    (leader(0.5, [], range(7)), f'{COMMAND}: it names no joints; expected shoulder_pan, '),
    (leader(0.5, NAMES, [np.nan, *[0] * 6]), "position of joint 'shoulder_pan' is not finite"),
], ids=['other names', 'velocities only', 'no names', 'nan'])
def test_a_joint_state_that_is_no_command_is_refused_by_name(tmp_path, event, text):
    robot = replace(CONTRACT, command=replace(CONTRACT.command, type='sensor_msgs/JointState'))
    with pytest.raises(BagError, match=re.escape(text)):
        rows(tmp_path, *states(3), event, contract=robot)


GROUP, SINGLE = bags.INTERBOTIX
ARM = NAMES[:6]


def group(ticks, name, *values):
    message = bags.make(GROUP, name=name, cmd=np.array(values, np.float32))
    return at(ticks), COMMAND, GROUP, message


def single(ticks, name, value):
    return at(ticks), 'gripper_command', SINGLE, bags.make(SINGLE, name=name, cmd=value)


def test_groups_and_single_joints_of_interbotix_are_commands_that_count_at_once(tmp_path):
    robot = replace(CONTRACT, command=None, long_commands=(
        CommandInterface(COMMAND, GROUP, joints=tuple(ARM)),
        CommandInterface('gripper_command', SINGLE, joints=('gripper',), names=('fingers',))))
    losses, kind = Losses(), 'sensor_msgs/JointState'
    measured = [(at(k), 'joint_states', kind, bags.joint_state(CONTRACT, at(k), np.full(7, k)))
                for k in range(4)]
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        topics = {name: bag.add_connection(
            name, full_type(kind), rihs01='RIHS01_' + '0' * 64,
            msgdef=bags.INTERBOTIX.get(kind) or message_definition(kind).text)
            for name, kind in (('joint_states', kind), (COMMAND, GROUP),
                               ('gripper_command', SINGLE))}
        for log_ns, topic, kind, message in [
                *measured, group(0.5, 'arm', *range(6)), single(0.6, 'fingers', 0.25),
                group(1.5, 'all', *range(7)), single(1.6, 'waist', 1.0),
                group(2.5, 'arm', *range(1, 7))]:
            bag.write(topics[topic], log_ns, bags.serialize(kind, message))
    with Bag(tmp_path / 'bag', robot) as bag:
        found = list(episode_rows(bag, (), losses))
    assert [row.action.tolist() for row in found] == [
        [*range(6), 0.25]] * 2 + [[*range(1, 7), 0.25]] * (len(found) - 2)
    assert {row.source for row in found} == {H}
    assert losses.refusals == {
        COMMAND: f'{COMMAND}: expected 6 positions ({", ".join(ARM)}), got 7 of the group '
                 "'all'",
        'gripper_command': "gripper_command: misses joint 'fingers'; came: waist"}


@pytest.mark.parametrize('stamped', [False, True])
def test_a_twist_moves_a_base_until_it_is_silent(tmp_path, stamped):
    def vector(**axes):
        return bags.make('geometry_msgs/Vector3', **{'x': 0.0, 'y': 0.0, 'z': 0.0, **axes})

    def drive(ticks, x, yaw):
        twist = {'linear': vector(x=x), 'angular': vector(z=yaw)}
        return told_by(kind, ticks, **{'header': bags.header(0), 'twist': bags.make(
            'geometry_msgs/Twist', **twist)} if stamped else twist)

    kind = 'geometry_msgs/TwistStamped' if stamped else 'geometry_msgs/Twist'
    base = Contract.from_text(f"""
robot: base
task: go
rate_hz: {CONTRACT.rate_hz}
joints:
  - {{name: x, velocity: 1.0, acceleration: 1.0}}
  - {{name: yaw, velocity: 1.0, acceleration: 1.0}}
start: [0.0, 0.0]
states:
  - {{topic: odom, type: nav_msgs/Odometry, joints: [x, yaw], rate_hz: 30.0, max_age_s: 0.1,
     fields: [twist.twist.linear.x, twist.twist.angular.z]}}
commands:
  - {{topic: {COMMAND}, type: {kind}, joints: [yaw, x], fields: [angular.z, linear.x]}}""")
    odometry = [event(at(k), 'odom', 'nav_msgs/Odometry', bags.make(
        'nav_msgs/Odometry', header=bags.header(at(k)), child_frame_id='',
        pose=bags.make('geometry_msgs/PoseWithCovariance', covariance=np.zeros(36),
                       pose=bags.make('geometry_msgs/Pose', position=bags.make(
                           'geometry_msgs/Point', x=0.0, y=0.0, z=0.0), orientation=bags.make(
                           'geometry_msgs/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0))),
        twist=bags.make('geometry_msgs/TwistWithCovariance', covariance=np.zeros(36),
                        twist=bags.make('geometry_msgs/Twist', linear=vector(),
                                        angular=vector())))) for k in range(25)]
    folder = bags.write_bag(
        tmp_path / 'e', bags.Script(base), events=sorted(
            [*odometry, drive(0.5, 0.3, 0.0), drive(2.5, 0.1, -0.2)], key=lambda e: e.log_ns))
    with Bag(folder) as bag:
        found = [row.action.tolist() for row in episode_rows(bag)]
    # Half a second are 15 ticks; a row holds what is due at the next tick.
    assert found == [*[[0.3, 0.0]] * 2, *[[0.1, -0.2]] * 15, *[[0.0, 0.0]] * 7]


def test_where_the_tip_is_sent_says_nothing_of_joints():
    pose = CommandInterface('target_pose', 'geometry_msgs/PoseStamped', joints=tuple(NAMES[:6]))
    with pytest.raises(MessageError, match='target_pose: a geometry_msgs/PoseStamped says where '
                                           'the tip goes, not the joints; record control/report'):
        read_command(bags.pose_array(T0, np.zeros(0)), pose)


@pytest.mark.parametrize('events, text', [
    ([told(0, [(0, 1)], ['leader_' + name for name in NAMES])],
     "nothing says what joints 'shoulder_pan', 'shoulder_lift', 'elbow', 'wrist_1', 'wrist_2', "
     f"'wrist_3', 'gripper' were told: {COMMAND}: misses joints 'shoulder_pan', "),
    ([told(0, [(0, 1)], [*NAMES[:6], 'griper'])],
     f"{COMMAND}: misses joint 'gripper'; came: shoulder_pan, shoulder_lift, elbow, wrist_1, "
     "wrist_2, wrist_3, griper; did you mean 'griper'?"),
    ([told(0, [(0, 1)], NAMES[:6])],
     f"nothing says what joint 'gripper' was told: {COMMAND} names shoulder_pan, shoulder_lift, "
     'elbow, wrist_1, wrist_2, wrist_3. An action leaves no command: let a controller with a '
     'topic drive it, record that and name it in the contract'),
    ([told(0, [(0, 1)], [*NAMES, 'elbow'])], "joint 'elbow' stands twice"),
    ([told(0, [])], 'expected at least one point, got none'),
    ([told(0, [(0, np.nan)])], "position of joint 'shoulder_pan' is not finite"),
    ([told(0, [(2, 1), (1, 2)])], 'expected times from start that increase from 0 on'),
], ids=['other names', 'misspelt', 'an action', 'twice', 'no point', 'nan', 'times'])
def test_what_no_joint_was_told_is_refused_by_name(tmp_path, events, text):
    with pytest.raises(BagError, match=re.escape(text)):
        rows(tmp_path, *states(3), *events)


def test_a_gripper_topic_that_was_not_recorded_is_named(tmp_path):
    robot = replace(CONTRACT, gripper=replace(CONTRACT.gripper, command=replace(
        CONTRACT.command, topic='gripper/commands')))
    with pytest.raises(BagError, match="nothing says what joint 'gripper' was told: gripper/"
                                       'commands was not recorded; the bag holds control/command'):
        rows(tmp_path, *states(3), told(0, [(0, 1)], NAMES[:6]), contract=robot)


def test_single_commands_that_are_not_understood_are_lost_and_counted(tmp_path):
    losses = Losses()
    found = moved(tmp_path, told(0, [(0, 10)]), told(2, [(0, 20)], [*NAMES[:6], 'griper']),
                  told(3, [(0, 30), (1, 31)], stamp_ticks=-900), losses=losses)
    assert found == ([10.0] * 8, [H] * 8)
    assert losses.messages == {COMMAND: 2}


@pytest.mark.parametrize('stamp_ticks, text', [
    (-900, '{}: ended 30.1 s before it came: its header.stamp is old or of another clock'),
    (90, '{}: begins 2.9 s after it came: its header.stamp is of another clock'),
])
def test_a_trajectory_by_another_clock_is_refused(tmp_path, stamp_ticks, text):
    losses = Losses()
    moved(tmp_path, told(0, [(0, 10)]), told(1, [(0, 10)]),
          told(3, [(0, 30), (1, 31)], stamp_ticks=stamp_ticks), losses=losses)
    assert losses.refusals == {COMMAND: text.format(COMMAND)}


def test_a_source_that_nobody_knows_is_refused(tmp_path):
    losses = Losses()
    found = rows(tmp_path, *states(3), sent(0.5, 10), sent(1.5, 11, source=9), losses=losses)
    assert actions(found) == [10, 10, 10]
    assert losses.refusals == {'control/report': 'control/report: source: expected 0 to 3, got 9'}


def test_states_in_parts_make_whole_rows(tmp_path):
    def part(ticks, joints, value):
        message = bags.joint_state(CONTRACT, at(ticks), np.full(len(joints), float(value)))
        message.name = joints
        return event(at(ticks), 'joint_states', 'sensor_msgs/JointState', message)

    losses = Losses()
    events = [part(k, NAMES[:6], k) for k in range(9)] + [
        part(k + 0.5, [*NAMES[6:], 'wheel'], 100 + k) for k in range(4)]
    found = rows(tmp_path, *events, sent(0.1, 0), losses=losses)
    assert [row.observation.state[[0, 6]].tolist() for row in found] == [
        [1, 100], [2, 101], [3, 102], [4, 103], [5, 103], [6, 103]]
    assert [row.observation.ages_ns['joint_states'] for row in found] == [
        at(k) - at(j + 0.5) for k, j in ((1, 0), (2, 1), (3, 2), (4, 3), (5, 3), (6, 3))]
    assert losses.reason() == "joint_states: joint 'gripper': no message yet"


def test_a_state_that_lacks_a_joint_names_it_and_the_nearest(tmp_path):
    message = bags.joint_state(CONTRACT, at(0), value(0))
    message.name = [*NAMES[:6], 'finger_gripper']
    losses = Losses()
    assert rows(tmp_path, event(at(0), 'joint_states', 'sensor_msgs/JointState', message),
                sent(1.1, 0), losses=losses) == []
    assert losses.reason() == ("joint_states: no message names joint 'gripper'; came: "
                               'shoulder_pan, shoulder_lift, elbow, wrist_1, wrist_2, wrist_3, '
                               "finger_gripper; did you mean 'finger_gripper'?")


def test_whose_each_joint_was_where_a_person_corrected_a_part(tmp_path):
    each = [1, 1, 1, 0, 0, 0, 0]
    message = bags.report(CONTRACT, at(1.5), value(11), sources=each)
    message.asked.joint_names = CONTRACT.joint_names[::-1]
    found = rows(tmp_path, *states(4), sent(0.5, 10), mode(1.4, bags.CORRECTING),
                 event(at(1.5), 'control/report', 'il_ros/CommandReport', message),
                 sent(2.5, 12), sent(3.5, 13, verdict=bags.HELD))
    assert [row.source for row in found] == [1, 1, 1, ControlSource.HOLD]
    assert [row.intervention for row in found] == [False, True, True, True]
    assert found[1].sources.tolist() == each[::-1], 'in the order of the contract'
    assert [row.sources is None for row in found] == [True, False, True, True]


def test_a_bag_from_before_commands_said_whose_each_joint_is(tmp_path, monkeypatch):
    now, kind = message_definition('il_ros/CommandReport').text, 'il_ros/msg/CommandReport'
    then = '\n'.join(line for line in now.split('\n') if ' sources ' not in line)
    assert len(then) < len(now)
    store = get_typestore(Stores.ROS2_JAZZY)
    store.register({name: fields for name, fields in get_types_from_msg(then, kind).items()
                    if name not in store.fielddefs})
    old = bags.report(CONTRACT, at(0.5), value(10))
    asked = {name: getattr(old.asked, name) for name in old.asked.__dataclass_fields__
             if name not in ('sources', '__msgtype__')}
    old.asked = store.types['il_ros/msg/Command'](**asked)
    data = bytes(store.serialize_cdr(old, kind))
    monkeypatch.setattr(writer, 'message_definition', lambda name: Definition(then, '')
                        if name.endswith('CommandReport') else message_definition(name))
    row, = rows(tmp_path, *states(1), bags.Event(at(0.5), 'control/report', data))
    assert (row.action[0], row.source, row.sources) == (10, ControlSource.HUMAN, None)
