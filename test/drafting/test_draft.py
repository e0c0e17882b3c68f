"""What was heard becomes a contract; what nobody can know is asked, and nothing is made up."""
from dataclasses import replace

from il_ros.config import config_folders
from il_ros.contract import Contract
from il_ros.drafting.draft import draft
from il_ros.drafting.heard import Controller, Heard, ImageSource, JointSource, Sink, Source
from il_ros.drafting.questions import Answers
from il_ros.errors import ConfigError
from il_ros.kinematics import check_urdf
import pytest
from robots import joint, write

FOLDER = config_folders('robots')[0]
PAIR = Contract.load('sim_two_arms')
SIDES = ('left', 'right')
TRAJECTORY, ARRAY = 'trajectory_msgs/JointTrajectory', 'std_msgs/Float64MultiArray'


def urdf(name):
    return (FOLDER / f'{name}.urdf').read_text()


def arm_joints(side):
    return PAIR.arm(side).joints


def state(topic, names, value=0.3, rate=100.2, age=0.002, **rest):
    return JointSource(topic, 'sensor_msgs/JointState', '/driver', rate, age,
                       positions=dict.fromkeys(names, value), **rest)


def controller(name, names, kind='position', of='joint_trajectory_controller/JointTrajectoryC',
               state='active'):
    return Controller(name, of, state, tuple(f'{each}/{kind}' for each in names))


ONE = Heard(
    joints=(state('/joint_states', [*arm_joints('left'), 'left_gripper']),),
    sinks=(Sink('/arm_controller/joint_trajectory', TRAJECTORY, '/controller_manager'),),
    urdfs={'/robot_description': urdf('sim_arm').replace('name="', 'name="left_').replace(
        'link="', 'link="left_').replace('joint="', 'joint="left_')})
TWO = Heard(
    joints=tuple(state(f'/{side}/joint_states', [*arm_joints(side), f'{side}_gripper'])
                 for side in SIDES),
    images=(ImageSource('/front/color/image_raw', 'sensor_msgs/Image', '/camera', 29.7, 0.03,
                        height=480, width=640, encoding='bgr8'),
            ImageSource('/front/color/image_raw/compressed', 'sensor_msgs/CompressedImage',
                        '/camera', 29.7, 0.03, height=480, width=640, encoding='bgr8'),
            ImageSource('/front/depth/image_rect_raw', 'sensor_msgs/Image', '/camera', 29.7, 0.03,
                        height=480, width=640, encoding='16UC1'),
            ImageSource('/wrist/image_raw', 'sensor_msgs/Image', '/wrist', 15.0, None,
                        height=240, width=320, encoding='rgb8')),
    wrenches=(Source('/left/wrench', 'geometry_msgs/WrenchStamped', '/driver', 100.0, 0.0),),
    sinks=(Sink('/left_arm/joint_trajectory', TRAJECTORY, '/controller_manager'),
           Sink('/right_arm/commands', ARRAY, '/controller_manager'),
           Sink('/right_velocity/commands', ARRAY, '/controller_manager'),
           Sink('/left_jtc/joint_trajectory', TRAJECTORY, '/controller_manager'),
           Sink('/right_hand/gripper_cmd', 'control_msgs/ParallelGripperCommand', action=True)),
    controllers={f'/{one.name}': one for one in (
        controller('left_arm', [*arm_joints('left'), 'left_gripper']),
        controller('right_arm', arm_joints('right')[::-1], of='forward_command_controller/F'),
        controller('right_velocity', arm_joints('right'), 'velocity'),
        controller('left_jtc', arm_joints('left'), state='inactive'),
        controller('right_hand', ['right_gripper']))},
    urdfs={'/robot_description': urdf('sim_two_arms')})


def drafted(heard, *given, name='robot', yes=True, **options):
    text = draft(heard, name, Answers(given, yes), **options)
    contract = replace(Contract.from_text(text), urdf_text=next(iter(heard.urdfs.values()), ''))
    check_urdf(contract)
    return text, contract


def test_two_arms_with_a_controller_manager():
    text, contract = drafted(TWO)
    left, right = contract.arms
    assert (left.name, left.joints, left.tip) == ('left', arm_joints('left'), 'left_tool')
    assert (right.gripper.joint, right.gripper.open, right.gripper.closed) == (
        'right_gripper', 0.04, 0.0)
    assert contract.joint_names == PAIR.joint_names
    assert [(c.name, c.type, c.joints) for c in contract.commands] == [
        ('/left_arm/joint_trajectory', TRAJECTORY, (*arm_joints('left'), 'left_gripper')),
        # The order that the controller says: the message names no joints.
        ('/right_arm/commands', ARRAY, arm_joints('right')[::-1]),
        ('/right_hand/gripper_cmd', 'control_msgs/ParallelGripperCommand', ('right_gripper',))]
    assert [(s.topic, s.rate_hz, s.max_age_s, s.stamp) for s in contract.states] == [
        (f'/{side}/joint_states', 100.0, 0.1, None) for side in SIDES]
    assert [(c.name, c.topic, c.encoding, c.height, c.width, c.rate_hz, c.stamp)
            for c in contract.cameras] == [
        ('front', '/front/color/image_raw', 'bgr8', 480, 640, 30.0, None),
        ('wrist', '/wrist/image_raw', 'rgb8', 240, 320, 15.0, 'arrival')]
    assert contract.urdf == 'topic:/robot_description'
    assert len(text.splitlines()) <= 80
    assert all('  # ' in line or line[0] == '#' or line.endswith('s:')
               for line in text.splitlines()), 'every line says where it came from'
    for line in (
            '# Controllers: as the controller manager lists them.',
            '# Not taken, forces come later: /left/wrench (geometry_msgs/WrenchStamped, 100 Hz, '
            '/driver).',
            '# Left out: /right_velocity/commands: /right_arm/commands was taken.',
            '# Left out: /left_jtc/joint_trajectory (trajectory_msgs/JointTrajectory): left_jtc '
            'is inactive (ros2 control switch_controllers --activate left_jtc).',
            '# Left out: /front/color/image_raw/compressed: the same pictures as '
            '/front/color/image_raw; take it in its place where the network or the disk is slow.',
            '# Left out: /front/depth/image_rect_raw: depth (16UC1): add it to cameras with its '
            'encoding and the distances that count, depth: {range_m: [0.2, 2.0]}, if you want '
            'it.'):
        assert line in text.splitlines()


def test_velocities_are_taken_where_nothing_takes_positions():
    sinks = [sink for sink in TWO.sinks if sink.name != '/right_arm/commands']
    text, contract = drafted(replace(TWO, sinks=tuple(sinks)))
    right = next(c for c in contract.commands if c.name == '/right_velocity/commands')
    assert (right.interface, right.joints) == ('velocity', arm_joints('right'))
    assert right.by_velocity and not contract.commands[0].by_velocity
    assert '    interface: velocity' in text


@pytest.mark.parametrize('kinds', ['effort', 'position velocity'])
def test_a_controller_that_takes_something_else_is_left_out(kinds):
    names = tuple(f'{joint}/{kind}' for joint in arm_joints('right') for kind in kinds.split())
    other = replace(TWO.controllers['/right_velocity'], interfaces=names)
    text, _ = drafted(replace(TWO, controllers={**TWO.controllers, '/right_velocity': other}))
    assert (f'# Left out: /right_velocity/commands ({ARRAY}): takes '
            f'{" and ".join(kinds.split())}, expected position or velocity alone.'
            ) in text.splitlines()


def test_limits_come_from_the_urdf_and_accelerations_by_the_named_rule():
    text, contract = drafted(TWO)
    assert [(j.position, j.velocity, j.acceleration) for j in contract.joints[:7:6]] == [
        ((-2.9, 2.9), 2.0, 4.0), ((0.0, 0.04), 1.5, 3.0)]
    assert contract.start == (*[0.3] * 6, 0.04) * 2    # as measured, within the limits
    assert 'the rule "full speed in 0.5 s"; the URDF has none' in text
    joints = [line for line in text.splitlines() if line.startswith('  - {name: ')]
    assert len(joints) == 14
    assert all(line.endswith('# URDF') for line in joints)


def test_one_arm_without_a_controller_manager_says_what_it_assumes():
    text, contract = drafted(ONE)
    arm, = contract.arms
    assert (arm.name, arm.joints, arm.tip, arm.gripper.joint) == (
        'arm', arm_joints('left'), 'left_tool', 'left_gripper')
    command, = contract.commands
    assert command.joints == (*arm_joints('left'), 'left_gripper')
    assert ('no gripper of its own is there: assumed to move with the arm; check it') in text
    assert '# Controllers: no controller manager is there.' in text
    assert contract.command_hz == 100.0


@pytest.mark.parametrize(('kind', 'open_'), [('prismatic', 0.8), ('revolute', 0.0)])
def test_continuous_joints_and_missing_speeds_are_marked(tmp_path, kind, open_):
    file = write(tmp_path / 'r.urdf', ['base', 'a', 'b', 'c', 'flange', 'tcp', 'f'], [
        joint('j1', 'continuous', 'base', 'a'), joint('j2', 'revolute', 'a', 'b').replace(
            'velocity="1"', 'velocity="0"'), joint('j3', 'prismatic', 'b', 'c').replace(
            'velocity="1"', 'velocity="fast"'), joint('m', 'fixed', 'c', 'flange'),
        joint('t', 'fixed', 'flange', 'tcp'),
        joint('jaw', kind, 'c', 'f', limits=(0.0, 0.8))])
    heard = replace(ONE, joints=(state('/joint_states', ['j1', 'j2', 'j3', 'jaw']),), urdfs={
        '/robot_description': file.read_text()})
    text, contract = drafted(heard)
    assert contract.continuous.tolist() == [True, False, False, False]
    assert [j.velocity for j in contract.joints] == [0.5, 0.5, 0.1, 1.0]
    assert 'continuous in the URDF; URDF; it gives no speed: slow, by il_ros' in text
    assert (contract.arms[0].tip, contract.arms[0].gripper.open) == ('tcp', open_)
    assert 'assumed; check it; also at the end of its chain: flange, c' in text
    assert drafted(heard, 'tip.arm=flange', 'gripper.arm=lower')[1].arms[0].gripper.open == 0.0


def base(*sinks, odometry=True):
    heard = Heard(
        joints=(state('/joint_states', Contract.load('sim_mobile').arms[0].all_joints),),
        odometry=(Source('/odom', 'nav_msgs/Odometry', '/wheels', 50.0, 0.01),) * odometry,
        sinks=(Sink('/arm/joint_trajectory', TRAJECTORY, '/jtc'), *sinks),
        urdfs={'/robot_description': urdf('sim_mobile')})
    return heard


TWIST = Sink('/cmd_vel', 'geometry_msgs/TwistStamped', '/diff_drive')


def test_a_base_is_measured_by_its_odometry():
    _, contract = drafted(base(TWIST, Sink('/servo/delta_twist_cmds',
                                           'geometry_msgs/TwistStamped', '/servo_node')))
    assert contract.joint_names[-2:] == ['base_x', 'base_yaw']
    assert (contract.commands[-1].name, contract.commands[-1].fields) == (
        '/cmd_vel', ('linear.x', 'angular.z'))
    assert (contract.states[-1].topic, contract.states[-1].fields) == (
        '/odom', ('twist.twist.linear.x', 'twist.twist.angular.z'))
    assert contract.command_hz is None
    _, sideways = drafted(base(TWIST), 'base.sideways=yes')
    assert sideways.joint_names[-3:] == ['base_x', 'base_y', 'base_yaw']
    text, arm = drafted(base(TWIST, odometry=False))
    assert 'base_x' not in arm.joint_names
    assert '# Left out: /cmd_vel: a base without odometry, which nothing measures.' in text


def test_only_a_pose_that_is_a_target_is_one_for_an_arm():
    poses = [Sink(name, 'geometry_msgs/PoseStamped', '/x') for name in ('/goal_pose',
                                                                       '/target_pose')]
    _, contract = drafted(replace(ONE, sinks=tuple(poses)))
    command, = contract.commands
    assert (command.name, command.arm, command.joints) == (
        '/target_pose', 'arm', arm_joints('left'))
    with pytest.raises(ConfigError, match='arm: nobody listens to commands of a kind'):
        drafted(replace(ONE, sinks=(poses[0],)))


def test_names_are_relative_within_a_namespace():
    heard = Heard(namespace='/cell', joints=tuple(replace(s, topic=f'/cell{s.topic}')
                                                  for s in ONE.joints),
                  sinks=tuple(replace(s, name=f'/cell{s.name}') for s in ONE.sinks),
                  urdfs={f'/cell{topic}': text for topic, text in ONE.urdfs.items()})
    _, contract = drafted(heard)
    assert (contract.urdf, contract.states[0].topic, contract.commands[0].name) == (
        'topic:robot_description', 'joint_states', 'arm_controller/joint_trajectory')


def test_of_several_topics_the_likeliest_is_the_default():
    heard = replace(ONE, sinks=(Sink('/forward/commands', ARRAY, '/fpc'), *ONE.sinks))
    assert drafted(heard)[1].commands[0].type == TRAJECTORY
    answer = 'command.arm=/forward/commands'
    with pytest.raises(ConfigError, match='no controller manager says what /forward/commands '
                                          'takes: positions of arm, in the order of the URDF'):
        drafted(heard, answer)     # it may as well be velocities or efforts
    text, contract = drafted(heard, answer, 'positions.arm=yes')
    assert (contract.commands[0].type, contract.commands[0].joints) == (ARRAY, arm_joints('left'))
    assert '# Left out: left_gripper: nobody listens to commands for it.' in text
    assert 'left_gripper' not in contract.joint_names


@pytest.mark.parametrize(('heard', 'error'), [
    (Heard('/left'), 'nothing was heard of a robot in /left within 5 s: no joint states, commands '
     'or URDF; start its driver, or say where it is with --namespace'),
    (replace(ONE, urdfs={}), 'no URDF came on /robot_description: nothing else says which limits '
     "the joints have; start the robot's robot_state_publisher, or name a file with --urdf"),
    (replace(ONE, urdfs={'/a/robot_description': 'x', '/b/robot_description': 'y'}),
     '/a/robot_description and /b/robot_description hold different URDFs: several robots; say '
     'which with --namespace'),
    (replace(ONE, urdfs={'/robot_description': '<sdf/>'}),
     'the URDF of /robot_description: not a URDF that can be read: expected <robot>, got <sdf>'),
    (replace(ONE, sinks=()), 'nothing that il_ros can measure and move: arm: nobody listens to '
     'commands of a kind that il_ros sends'),
    (replace(ONE, joints=()), 'nothing that il_ros can measure and move: arm: no JointState has a '
     'position of left_shoulder_pan, left_shoulder_lift, left_elbow, left_wrist_1, left_wrist_2, '
     'left_wrist_3'),
    (replace(TWO, controllers=TWO.controllers | {'/left_arm': controller('left_arm', [
        *arm_joints('left'), 'left_wheel'])}),
     "/left_arm/joint_trajectory: its controller also moves 'left_wheel', which no JointState "
     'measures or the URDF lacks')])
def test_what_cannot_become_a_contract_is_refused_in_one_line(heard, error):
    with pytest.raises(ConfigError) as raised:
        drafted(heard)
    assert str(raised.value) == error


def test_a_file_takes_the_place_of_the_topic():
    file = FOLDER / 'sim_two_arms.urdf'
    text = draft(replace(TWO, urdfs={}), 'robot', Answers((), True), file)
    assert Contract.from_text(text).urdf == str(file)
