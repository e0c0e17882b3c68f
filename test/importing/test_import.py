"""From a bag of any recorder to a dataset: `il_ros import`, and the line that it prints."""
import shlex

import bag_factory as bags
from bags.foreign import EVENTS, SCRIPT, TYPES, write_db3, write_mcap
import cv2
from il_ros.config import config_folders
from il_ros.contract import Contract
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import BagError, ConfigError
from il_ros.importing.alike import Alike
from il_ros.importing.guess import chains
from il_ros.importing.tracks import followers, renamed, Track
from il_ros.kinematics import chain
from il_ros.timing import to_ns
import numpy as np
import pinocchio as pin
import pytest
from robots import joint
from robots import write as write_urdf
from video_factory import encode

NAMES = ('j1', 'j2', 'j3', 'j4', 'gripper')
SIM = bags.small_contract()
RATE = 50


def angles(t):
    """Return where the joints are at t [s]. Shape (5,)."""
    return np.array([0.5 * np.sin(t), 0.4 * np.sin(1.7 * t + 1), 1 + 0.3 * np.sin(2.3 * t),
                     -0.6 * np.cos(1.3 * t), 0.02 + 0.02 * np.sin(3 * t)])


def event(t, topic, kind, **fields):
    return bags.Event(bags.START_NS + to_ns(t), topic,
                      bags.serialize(kind, bags.make(kind, **fields)))


def times(seconds=4.0, rate=RATE):
    return [k / rate for k in range(int(seconds * rate))]


def ns(t):
    return bags.START_NS + to_ns(t)


def states(names=NAMES, topic='joint_states', at=angles, stamped=ns, rate=RATE):
    return [event(t + 0.002, topic, 'sensor_msgs/JointState', header=bags.header(stamped(t)),
                  name=list(names), position=at(t)[:len(names)], velocity=np.zeros(0),
                  effort=np.zeros(0)) for t in times(rate=rate)]


def array(topic, columns):
    """Return commands to be where the joints of these places are a tenth of a second later."""
    layout = bags.make('std_msgs/MultiArrayLayout', dim=[], data_offset=0)
    return [event(t, topic, 'std_msgs/Float64MultiArray', layout=layout,
                  data=angles(t + 0.1)[list(columns)]) for t in times()]


KINDS = {'joint_states': 'sensor_msgs/msg/JointState', 'leader/joint_states': 'sensor_msgs/msg/'
         'JointState', 'arm/commands': 'std_msgs/msg/Float64MultiArray', 'gripper/commands':
         'std_msgs/msg/Float64MultiArray', 'cmd_vel': 'geometry_msgs/msg/Twist',
         'odom': 'nav_msgs/msg/Odometry', 'robot_description': 'std_msgs/msg/String',
         'other/joint_states': 'sensor_msgs/msg/JointState'}


def write(folder, *events, kinds=KINDS, name='demo.mcap'):
    return write_mcap(folder / name, sorted((e for found in events for e in found),
                                            key=lambda e: e.log_ns), types=TYPES | kinds)


def converted(run, folder, *arguments, name='demo'):
    """Import a bag, run the line that is printed, and return contract and dataset."""
    printed = run('import', f'{name}.mcap', '--yes', *arguments)
    assert f'wrote {name}.yaml; read it, every line says where it came from' in printed
    line = shlex.split(printed[-1])
    assert line[:3] == ['il_ros', 'convert', f'{name}.mcap']
    run(*line[1:])
    return Contract.load(folder / f'{name}.yaml'), Dataset(folder / 'dataset')


def newest(dataset, begins, logged, ticks=0):
    """Return when the newest message was made at each tick, or some ticks later [s]. Shape (N,).

    Args:
        dataset: One episode.
        begins: When the bag does [s].
        logged: How much later than it was made a message is logged [s].
        ticks: Later.
    """
    at_ns = to_ns(begins) + (dataset.columns['tick'] + ticks) * SIM.period_ns
    return (at_ns - to_ns(logged)) // to_ns(1 / RATE) / RATE


@pytest.mark.parametrize('store', ['mcap', 'sqlite'])
def test_a_bag_without_urdf_gives_what_was_put_in(run, tmp_path, store):
    bag = (write_mcap(tmp_path / 'demo.mcap') if store == 'mcap' else
           write_db3(tmp_path / 'demo.db3').rename(tmp_path / 'demo.mcap'))
    contract, dataset = converted(run, tmp_path)
    assert contract.joint_names == SIM.joint_names
    assert [(c.name, c.joints) for c in contract.commands] == [
        ('/joint_trajectory_controller/joint_trajectory', tuple(SIM.joint_names))]
    assert (contract.urdf, contract.arms[0].tip, contract.arms[0].gripper.joint) == (
        '', '', 'gripper')
    assert [(c.topic, c.height, c.width, c.encoding, c.rate_hz) for c in contract.cameras] == [
        ('/scene_camera/image_raw', 48, 64, 'rgb8', 30.0)]
    convert([bag], tmp_path / 'known', contract=SIM)
    known = Dataset(tmp_path / 'known')
    assert len(dataset) == len(known) > 25
    for column in ('tick', 'observation.state', 'action', 'control_source'):
        np.testing.assert_array_equal(dataset.columns[column], known.columns[column])
    rows = np.array([0, 10])
    np.testing.assert_array_equal(dataset.frames('scene', rows), known.frames('scene', rows))


def test_every_line_says_where_it_came_from(run, tmp_path):
    write_mcap(tmp_path / 'demo.mcap')
    printed = run('import', 'demo.mcap', '--yes', '--name', 'arm7', '--set', 'task=stack cups')
    assert [line.split()[0] + ': ' + line.split('Hz  ')[1] for line in printed[:4]] == [
        '/joint_states: state of 7 joints',
        '/joint_trajectory_controller/joint_trajectory: command of 7 joints',
        "/scene_camera/image_raw: camera 'scene': 48x64 rgb8", '/sim/poses: not used']
    assert printed[0].split()[1:5] == ['sensor_msgs/JointState', '100', '99.9', 'Hz']
    assert printed[-2:] == [
        "no URDF: limits are what the data show, and a little more; with --urdf they are the "
        "robot's", 'il_ros convert demo.mcap --robot arm7.yaml --out dataset']
    text = (tmp_path / 'arm7.yaml').read_text()
    assert all('  # ' in line or line[0] == '#' or line.endswith('s:')
               for line in text.splitlines())
    assert text.splitlines()[:2] == [
        '# arm7, as `il_ros import` read it in demo.mcap. Rates and positions: measured.',
        '# Limits: the data. Acceleration: the rule "full speed in 0.5 s"; the data have none. '
        'Check every line.']
    assert "task: 'stack cups'  # as given with --set" in text
    limits = [line for line in text.splitlines() if line.startswith('  - {name: ')]
    assert len(limits) == 7
    assert all(line.endswith('NOT the limits of the robot') for line in limits)


def test_limits_are_what_the_data_show_with_a_margin(run, tmp_path):
    write(tmp_path, states(), array('arm/commands', range(5)))
    contract, _ = converted(run, tmp_path)
    values = np.array([angles(t) for t in times()] + [angles(t + 0.1) for t in times()])
    low, high = values.min(0), values.max(0)
    margin = np.maximum(0.1 * (high - low), [0.05] * 4 + [0.002])
    np.testing.assert_allclose(contract.lower, low - margin, atol=1e-4)
    np.testing.assert_allclose(contract.upper, high + margin, atol=1e-4)
    fastest = np.abs(np.diff(values[:200], axis=0)).max(0) * RATE
    speeds = [joint.velocity for joint in contract.joints]
    assert (speeds >= fastest).all() and (speeds <= 1.25 * fastest + 0.1).all()


def test_the_urdf_of_the_bag_has_the_limits(run, tmp_path):
    text = (config_folders('robots')[0] / 'sim_arm.urdf').read_text()
    urdf = event(0.0, 'robot_description', 'std_msgs/String', data=text)
    write(tmp_path, [urdf, *EVENTS])
    contract, dataset = converted(run, tmp_path)
    assert contract.urdf == 'topic:/robot_description'
    np.testing.assert_array_equal(contract.upper, SIM.upper)
    assert contract.arms[0].tip == 'tool'
    assert (dataset.root / 'meta/robot.urdf').read_text() == text


def test_a_joint_that_mimics_another_is_none_of_its_own(run, tmp_path):
    file = write_urdf(tmp_path / 'r.urdf', ['base', 'a', 'b', 'c', 'd', 'f', 'g'], [
        joint('j1', 'revolute', 'base', 'a'), joint('j2', 'revolute', 'a', 'b'),
        joint('j3', 'revolute', 'b', 'c'), joint('j4', 'revolute', 'c', 'd'),
        joint('gripper', 'prismatic', 'd', 'f', limits=(0.0, 0.05)),
        joint('other', 'prismatic', 'd', 'g', limits=(0.0, 0.05), mimic=('gripper', 1.0, 0.0))])
    names = (*NAMES, 'other')

    def at(t):
        return np.append(angles(t), angles(t)[-1])
    write(tmp_path, [event(0.0, 'robot_description', 'std_msgs/String', data=file.read_text())],
          states(names, at=at), states(names, 'leader/joint_states', lambda t: at(t + 0.1)))
    contract, dataset = converted(run, tmp_path)
    assert contract.joint_names == list(NAMES)
    assert contract.commands[0].joints == NAMES
    np.testing.assert_allclose(dataset.columns['action'], [
        angles(t + 0.1) for t in newest(dataset, 0.002, 0.002, 1)], atol=1e-6)


def test_two_urdfs_are_two_robots(run, tmp_path):
    urdfs = [event(0.0, f'{side}/robot_description', 'std_msgs/String', data=f'<{side}/>')
             for side in 'ab']
    write(tmp_path, urdfs, states(), kinds=KINDS | {
        f'{side}/robot_description': 'std_msgs/msg/String' for side in 'ab'})
    with pytest.raises(ConfigError, match='/a/robot_description and /b/robot_description hold '
                       'different URDFs: several robots; name the file of one with --urdf'):
        run('import', 'demo.mcap', '--yes')


def test_a_tip_that_was_sent_to_poses(run, tmp_path):
    def sent(t):
        position, rotation = chain(SIM, SIM.arms[0]).forward(SCRIPT.state(t + 0.1)[:6])
        x, y, z, w = pin.Quaternion(rotation).coeffs().tolist()
        at = dict(zip('xyz', position.tolist(), strict=True))
        return event(t, 'target_pose', 'geometry_msgs/PoseStamped',
                     header=bags.header(0, 'base'), pose=bags.make(
                         'geometry_msgs/Pose', position=bags.make('geometry_msgs/Point', **at),
                         orientation=bags.make('geometry_msgs/Quaternion', x=x, y=y, z=z, w=w)))
    urdf = event(0.0, 'robot_description', 'std_msgs/String',
                 data=(config_folders('robots')[0] / 'sim_arm.urdf').read_text())
    write(tmp_path, [urdf], [e for e in EVENTS if e.topic == 'joint_states'],
          [sent(t) for t in times(1.0)], kinds=KINDS | {
              'target_pose': 'geometry_msgs/msg/PoseStamped'})
    contract, dataset = converted(run, tmp_path)
    command, = contract.commands
    assert (command.name, command.frame, command.arm) == ('/target_pose', 'base', 'arm')
    assert contract.joint_names == SIM.joint_names[:6]
    due = newest(dataset, 0.0, 0.0, 1)[2:-2]
    np.testing.assert_allclose(dataset.columns['action'][2:-2],
                               [SCRIPT.state(t + 0.1)[:6] for t in due], atol=1e-5)


def test_an_arm_that_somebody_drove_by_its_speed(run, tmp_path):
    """As with moveit_servo: straight up, in an arm that follows at once."""
    arm, q = chain(SIM, SIM.arms[0]), np.array(SIM.start[:6])
    position, rotation = arm.forward(q)
    zero, up = (bags.make('geometry_msgs/Vector3', x=0.0, y=0.0, z=z) for z in (0.0, 0.05))

    def sent(t):
        return event(t, 'servo_node/delta_twist_cmds', 'geometry_msgs/TwistStamped',
                     header=bags.header(ns(t), 'base'), twist=bags.make(
                         'geometry_msgs/Twist', linear=up if t >= 0.5 else zero, angular=zero))

    def at(t):
        return arm.inverse(position + [0, 0, 0.05 * np.clip(t - 0.5, 0, 2)], rotation, q)
    urdf = event(0.0, 'robot_description', 'std_msgs/String',
                 data=(config_folders('robots')[0] / 'sim_arm.urdf').read_text())
    write(tmp_path, [urdf], states(SIM.joint_names[:6], at=at)[:100],
          [sent(t) for t in times(2.0)], kinds=KINDS | {
              'servo_node/delta_twist_cmds': 'geometry_msgs/msg/TwistStamped'})
    told = run('import', 'demo.mcap', '--yes', '--name', 'told')
    assert any('servo_node' in line and 'speeds of an arm' in line for line in told)
    assert '--shown' not in told[-1]
    contract, dataset = converted(run, tmp_path)
    command, = contract.commands
    assert (command.name, command.integrated.topic) == (
        '/joint_commands', '/servo_node/delta_twist_cmds')
    assert contract.joint_names == SIM.joint_names[:6]
    for tick, action in zip(dataset.columns['tick'], dataset.columns['action'], strict=True):
        due = (tick + 1) / 30
        if due < 1.9:
            assert np.linalg.norm(arm.forward(action)[0] - arm.forward(at(due))[0]) < 1e-3


def test_a_urdf_may_be_named(run, tmp_path):
    write_mcap(tmp_path / 'demo.mcap')
    file = config_folders('robots')[0] / 'sim_arm.urdf'
    contract, _ = converted(run, tmp_path, '--urdf', file)
    assert contract.urdf == str(file.resolve())
    np.testing.assert_array_equal(contract.lower, SIM.lower)


def test_an_arm_that_was_moved_by_hand(run, tmp_path):
    write(tmp_path, states())
    contract, dataset = converted(run, tmp_path)
    assert '--shown' in run('import', 'demo.mcap', '--yes', '--name', 'again')[-1]
    assert [c.name for c in contract.commands] == ['/joint_commands']
    assert 'made up: the bag holds no commands' in (tmp_path / 'demo.yaml').read_text()
    np.testing.assert_allclose(dataset.columns['observation.state'],
                               [angles(t) for t in newest(dataset, 0.002, 0.002)], atol=1e-6)
    np.testing.assert_allclose(dataset.columns['action'], [
        angles(0.102 + tick * SIM.period_ns / 1e9) for tick in dataset.columns['tick']], atol=1e-3)


@pytest.mark.parametrize('order', [(0, 1, 2, 3, 4), (3, 0, 2, 1, 4)])
def test_numbers_are_of_the_joints_that_follow_them(run, tmp_path, order):
    write(tmp_path, states(), array('arm/commands', order))
    contract, dataset = converted(run, tmp_path)
    assert contract.commands[0].joints == tuple(NAMES[i] for i in order)
    columns = [NAMES.index(name) for name in contract.joint_names]
    for name, value in (('action', [angles(t + 0.1) for t in newest(dataset, 0.0, 0.0, 1)]),
                        ('observation.state', [angles(t) for t in newest(dataset, 0.0, 0.002)])):
        np.testing.assert_allclose(dataset.columns[name], np.array(value)[:, columns], atol=1e-6)
    assert 'which joints: those that go where its 5 numbers say' in (
        tmp_path / 'demo.yaml').read_text()


def test_an_arm_and_its_gripper_may_have_a_topic_each(run, tmp_path):
    write(tmp_path, states(), array('arm/commands', range(4)), array('gripper/commands', [4]))
    contract, dataset = converted(run, tmp_path, '--set', 'gripper.arm=lower')
    assert [(c.name, c.joints) for c in contract.commands] == [
        ('/arm/commands', NAMES[:4]), ('/gripper/commands', NAMES[4:])]
    gripper = contract.arms[0].gripper
    assert gripper.joint == 'gripper' and gripper.open < gripper.closed
    assert len(dataset) > 100


def test_numbers_that_no_joint_follows_are_asked_about(run, tmp_path):
    still = array('arm/commands', range(4))[:1] * 3
    write(tmp_path, states(NAMES[:4]), still)
    with pytest.raises(ConfigError) as raised:
        run('import', 'demo.mcap', '--yes')
    assert str(raised.value) == (
        'nothing in the bag says what /arm/commands takes: positions of arm, in the order of the '
        'data? (yes, no): nothing says, and there is no default; give --set positions.arm=...')
    assert not (tmp_path / 'demo.yaml').exists()
    contract, _ = converted(run, tmp_path, '--set', 'positions.arm=yes')
    assert contract.commands[0].joints == NAMES[:4]


def leader(names, topic='leader/joint_states', later=0.0):
    return states(names, topic, lambda t: angles(t + later + 0.1))


@pytest.mark.parametrize(('names', 'note'), [
    (NAMES, 'its messages name them'),
    ([f'leader_{name}' for name in NAMES], 'by the ends of their names'),
    (list('abcde'), 'as many names, taken in their order: check it')])
def test_a_leader_arm_is_a_command(run, tmp_path, names, note):
    write(tmp_path, states(), leader(names))
    contract, dataset = converted(run, tmp_path)
    command, = contract.commands
    assert (command.name, command.joints, command.told) == (
        '/leader/joint_states', NAMES, tuple(names))
    assert f'which joints: {note}' in (tmp_path / 'demo.yaml').read_text()
    np.testing.assert_allclose(dataset.columns['action'], [
        angles(t + 0.1) for t in newest(dataset, 0.002, 0.002, 1)], atol=1e-6)


def test_of_two_that_name_the_same_joints_a_person_says_which_is_measured(run, tmp_path):
    write(tmp_path, states(), leader(NAMES, 'other/joint_states'))
    with pytest.raises(ConfigError) as raised:
        run('import', 'demo.mcap', '--yes')
    assert str(raised.value) == (
        '/joint_states and /other/joint_states name the same joints: what is /joint_states, '
        'measured (state) or the command of a leader? (state, command, none): nothing says, and '
        'there is no default; give --set role./joint_states=...')
    with pytest.raises(ConfigError, match='standard input is no terminal to ask on; give --set'):
        run('import', 'demo.mcap')
    both = [f'role.{topic}=state' for topic in ('/joint_states', '/other/joint_states')]
    with pytest.raises(ConfigError, match="'j1' is measured on /joint_states and on /other/"):
        run('import', 'demo.mcap', '--set', both[0], '--set', both[1])
    contract, _ = converted(run, tmp_path, '--set', 'role./joint_states=state', '--set',
                            'role./other/joint_states=command')
    assert (contract.states[0].topic, contract.commands[0].topic) == (
        '/joint_states', '/other/joint_states')


def test_two_arms_that_call_their_joints_alike_are_told_apart_by_their_topics(run, tmp_path):
    arms = [(states(NAMES[:4], f'{arm}/joint_states', lambda t, k=k: angles(t + k)),
             leader(NAMES[:4], f'leader/{arm}/joint_states', k)) for k, arm in enumerate('ab')]
    topics = [f'{where}{arm}/joint_states' for arm in 'ab' for where in ('', 'leader/')]
    write(tmp_path, *(events for arm in arms for events in arm),
          kinds=KINDS | dict.fromkeys(topics, 'sensor_msgs/msg/JointState'))
    contract, dataset = converted(run, tmp_path, *(
        word for arm in 'ab' for word in ('--set', f'role./{arm}/joint_states=state')))
    assert contract.joint_names == [f'{arm}_{name}' for arm in 'ab' for name in NAMES[:4]]
    assert [(s.topic, s.told) for s in contract.states] == [
        (f'/{arm}/joint_states', NAMES[:4]) for arm in 'ab']
    assert [(c.name, c.joints, c.told) for c in contract.commands] == [
        (f'/leader/{arm}/joint_states', tuple(f'{arm}_{name}' for name in NAMES[:4]), NAMES[:4])
        for arm in 'ab']
    now, later = newest(dataset, 0.002, 0.002), newest(dataset, 0.002, 0.002, 1)
    for column, times in (('observation.state', now), ('action', [t + 0.1 for t in later])):
        np.testing.assert_allclose(dataset.columns[column], [
            [*angles(t)[:4], *angles(t + 1)[:4]] for t in times], atol=1e-6)


@pytest.mark.parametrize(('topics', 'sides'), [
    (('/left/joint_states', '/right/joint_states'), ['left', 'right']),
    (('/follower_l/joint_states', '/follower_r/joint_states'), ['l', 'r']),
    (('/arm_1/joint_states', '/arm_2/joint_states', '/other'), ['1', '2']),
    (('/joint_states', '/copy/joint_states'), [])])
def test_what_tells_topics_of_two_arms_apart(topics, sides):
    joints = dict(zip(topics, (['a', 'b'], ['a', 'b'], ['c']), strict=False))
    assert list(Alike(joints).sides.values()) == sides


def test_a_gripper_that_an_action_moves_goes_where_it_went(run, tmp_path):
    write(tmp_path, states(), array('arm/commands', range(4)))
    printed = run('import', 'demo.mcap', '--yes')
    assert printed[-2:] == [
        'nothing says what gripper was told, as an action leaves no topic: its action is where '
        'it goes (--shown)',
        'il_ros convert demo.mcap --robot demo.yaml --out dataset --shown gripper=0.1']
    assert 'made up: nothing tells it in the bag' in (tmp_path / 'demo.yaml').read_text()
    with pytest.raises(BagError, match=r"what joint 'gripper' was told: /gripper/command was not"):
        run(*shlex.split(printed[-1])[1:-2])
    run(*shlex.split(printed[-1])[1:])
    dataset = Dataset(tmp_path / 'dataset')
    at = dataset.columns['tick'] * SIM.period_ns / 1e9
    np.testing.assert_allclose(dataset.columns['action'][:, 4],
                               [angles(t + 0.1)[4] for t in at], atol=1e-4)
    np.testing.assert_allclose(dataset.columns['action'][:, :4], [
        angles(t + 0.1)[:4] for t in newest(dataset, 0.0, 0.0, 1)], atol=1e-6)


@pytest.mark.parametrize('stamped', [lambda t: 0, lambda t: ns(t) - to_ns(0.5), lambda t: to_ns(
    t) + 1])
def test_stamps_of_another_clock_are_not_believed(run, tmp_path, stamped):
    write(tmp_path, states(stamped=stamped), array('arm/commands', range(5)))
    contract, dataset = converted(run, tmp_path)
    late = stamped(1.0) == ns(0.5)
    assert contract.states[0].stamp == (None if late else 'arrival')
    assert contract.states[0].max_age_s == (1.51 if late else 0.1)
    assert len(dataset) > 100


def test_a_trajectory_of_another_clock_is_told_in_the_line(run, tmp_path):
    point = bags.make('trajectory_msgs/JointTrajectoryPoint', velocities=np.zeros(0),
                      positions=angles(0.5), accelerations=np.zeros(0), effort=np.zeros(0),
                      time_from_start=bags.make('builtin_interfaces/Duration', sec=0, nanosec=0))
    told = [event(t, 'jtc/joint_trajectory', 'trajectory_msgs/JointTrajectory',
                  header=bags.header(ns(t) - to_ns(60.0)), joint_names=list(NAMES),
                  points=[point]) for t in times(rate=10)]
    write(tmp_path, states(), told, kinds=KINDS | {
        'jtc/joint_trajectory': 'trajectory_msgs/msg/JointTrajectory'})
    printed = run('import', 'demo.mcap', '--yes')
    assert printed[-1] == ('il_ros convert demo.mcap --robot demo.yaml --out dataset --stamp '
                           '/jtc/joint_trajectory=arrival')
    run(*shlex.split(printed[-1])[1:])
    np.testing.assert_allclose(Dataset(tmp_path / 'dataset').columns['action'][5], angles(0.5),
                               atol=1e-6)


def test_a_base_is_measured_by_its_odometry(run, tmp_path):
    def twist(t):
        return bags.make('geometry_msgs/Twist', **{
            kind: bags.make('geometry_msgs/Vector3', x=x, y=0.0, z=z)
            for kind, x, z in (('linear', 0.1 * t, 0.0), ('angular', 0.0, -0.1 * t))})
    pose = bags.make(
        'geometry_msgs/PoseWithCovariance', covariance=np.zeros(36), pose=bags.make(
            'geometry_msgs/Pose', position=bags.make('geometry_msgs/Point', x=0.0, y=0.0, z=0.0),
            orientation=bags.make('geometry_msgs/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0)))
    odometry = [event(t + 0.001, 'odom', 'nav_msgs/Odometry', header=bags.header(ns(t)),
                      child_frame_id='base', pose=pose,
                      twist=bags.make('geometry_msgs/TwistWithCovariance', twist=twist(t),
                                      covariance=np.zeros(36))) for t in times()]
    drive = [bags.Event(ns(t), 'cmd_vel', bags.serialize('geometry_msgs/Twist', twist(t + 0.1)))
             for t in times()]
    write(tmp_path, states(), array('arm/commands', range(5)), odometry, drive)
    contract, dataset = converted(run, tmp_path)
    assert contract.joint_names == [*NAMES, 'base_x', 'base_yaw']
    state, action = dataset.columns['observation.state'], dataset.columns['action']
    np.testing.assert_allclose(state[:, 5], -state[:, 6], atol=1e-7)
    t = dataset.columns['tick'] / 30
    np.testing.assert_allclose(state[:, 5], 0.1 * t, atol=0.1 * (1 / RATE + 0.003))
    np.testing.assert_allclose(action[:, 5], 0.1 * (t + 1 / 30 + 0.1), atol=0.1 * (1 / RATE + .01))


def test_joints_that_nobody_commands_are_left_out(run, tmp_path):
    names = ('wheel', *NAMES)
    write(tmp_path, states(names, at=lambda t: np.array([9 * t, *angles(t)])),
          array('arm/commands', range(5)))
    contract, _ = converted(run, tmp_path)
    assert contract.joint_names == list(NAMES)


def test_cameras_of_any_kind(run, tmp_path):
    kinds = KINDS | {'video': 'foxglove_msgs/msg/CompressedVideo',
                     'front/image_raw/compressed': 'sensor_msgs/msg/CompressedImage',
                     'front/depth': 'sensor_msgs/msg/Image'}
    pictures = [np.full((48, 64, 3), k, np.uint8) for k in range(100)]
    video = [bags.Event(ns(k / 25), 'video', bags.serialize(
        'foxglove_msgs/CompressedVideo', bags.video('foxglove_msgs/CompressedVideo', ns(k / 25),
                                                    data)))
        for k, data in enumerate(encode(pictures)) if k > 2]     # joined between two key pictures
    jpeg = cv2.imencode('.jpg', np.zeros((24, 32, 3), np.uint8))[1].reshape(-1)
    compressed = [event(t, 'front/image_raw/compressed', 'sensor_msgs/CompressedImage',
                        header=bags.header(ns(t)), format='jpeg', data=jpeg)
                  for t in times(rate=25)]
    depth = [event(t, 'front/depth', 'sensor_msgs/Image', header=bags.header(ns(t)), height=2,
                   width=2, encoding='16UC1', is_bigendian=0, step=4, data=np.zeros(8, np.uint8))
             for t in times(rate=25)]
    write(tmp_path, states(), array('arm/commands', range(5)), video, compressed, depth,
          kinds=kinds)
    contract, dataset = converted(run, tmp_path)
    assert [(c.name, c.type, c.height, c.width, c.rate_hz) for c in contract.cameras] == [
        ('front', 'sensor_msgs/CompressedImage', 24, 32, 25.0),
        ('video', 'foxglove_msgs/CompressedVideo', 48, 64, 25.0)]
    assert dataset.frames('video', np.array([0])).shape == (1, 48, 64, 3)
    printed = run('import', 'demo.mcap', '--yes', '--name', 'again')
    assert any(line.startswith('/front/depth ') and 'not used: depth (16UC1)' in line
               for line in printed)


@pytest.mark.parametrize(('groups', 'expected'), [
    ([['j1', 'j2', 'j3']], [['j1', 'j2', 'j3']]),
    ([['left_a', 'left_b', 'left_c', 'right_a', 'right_b', 'right_c']],
     [['left_a', 'left_b', 'left_c'], ['right_a', 'right_b', 'right_c']]),
    ([['shoulder_pan', 'shoulder_lift', 'elbow', 'wrist_1', 'wrist_2', 'wrist_3']],
     [['shoulder_pan', 'shoulder_lift', 'elbow', 'wrist_1', 'wrist_2', 'wrist_3']]),
    ([['a', 'b', 'c'], ['c', 'd']], [['a', 'b', 'c'], ['d']])])
def test_joints_of_an_arm_stand_together(groups, expected):
    assert chains(groups) == expected


def test_two_arms_in_one_command(run, tmp_path):
    names = [f'{side}_{name}' for side in ('left', 'right') for name in (*'abc', 'gripper')]
    phases = np.arange(8) * 0.7

    def at(t):
        return (0.3 + 0.1 * np.arange(8)) * np.sin((1 + 0.2 * np.arange(8)) * t + phases)
    write(tmp_path, states(names, at=at), states(names, 'leader/joint_states',
                                                 lambda t: at(t + 0.1)))
    contract, dataset = converted(run, tmp_path)
    assert [(arm.name, arm.joints, arm.gripper.joint) for arm in contract.arms] == [
        (side, tuple(f'{side}_{name}' for name in 'abc'), f'{side}_gripper')
        for side in ('left', 'right')]
    assert len(dataset) > 100


def test_who_follows_is_not_guessed():
    t = np.linspace(0, 4, 200)

    def track(values):
        return Track([int(1e9 * s) for s in t], list(values))
    wave = track(np.sin(t))
    assert followers([track(np.sin(t + 0.1))], {'a': wave, 'b': track(np.cos(t))}) == ('a',)
    assert followers([wave], {'a': wave, 'b': wave}) == ()             # either
    assert followers([track(0 * t)], {'a': track(0 * t)}) == ()        # it stands still
    assert followers([track(np.cos(t))], {'a': wave}) == ()            # as a velocity does
    assert followers([wave, wave], {'a': wave, 'b': track(t)}) == ()   # one joint twice
    assert renamed(['x', 'y'], ['a', 'b', 'c']) == ((), '')


def test_what_cannot_be_imported_is_refused_in_one_line(run, tmp_path):
    own = bags.write_bag(tmp_path / 'own', bags.Script(SIM, seconds=0.5))
    with pytest.raises(BagError, match='own: carries its contract, as il_ros recorded it: il_ros '
                                       'convert own --out dataset needs no other'):
        run('import', own.name)
    write(tmp_path, [event(0.0, 'mark', 'std_msgs/Bool', data=True)], name='mark.mcap',
          kinds=KINDS | {'mark': 'std_msgs/msg/Bool'})
    with pytest.raises(BagError, match='mark.mcap: no position of a joint: expected a '
                                       'sensor_msgs/JointState with positions, got /mark'):
        run('import', 'mark.mcap', '--yes')
    with pytest.raises(BagError, match='expected a bag directory, got nothing'):
        run('import', 'nowhere', '--yes')
    write_mcap(tmp_path / 'demo.mcap')
    with pytest.raises(ConfigError, match="--set tsk: nothing asks for it; did you mean 'task'"):
        run('import', 'demo.mcap', '--yes', '--set', 'tsk=x')
    run('import', 'demo.mcap', '--yes')
    before = (tmp_path / 'demo.yaml').read_bytes()
    with pytest.raises(ConfigError, match='demo.yaml exists already and is not overwritten'):
        run('import', 'demo.mcap', '--yes')
    assert (tmp_path / 'demo.yaml').read_bytes() == before


def test_what_convert_will_refuse_is_said_at_once(run, tmp_path, capsys):
    apart = [bags.Event(e.log_ns + to_ns(2 * 86_400.0) * (e.log_ns > ns(1.0)), e.topic, e.data)
             for e in [*states(stamped=lambda t: 0), *array('arm/commands', range(5))]]
    write(tmp_path, apart)
    with pytest.raises(ConfigError, match='this will be refused: demo.mcap: /joint_states: no '
                                          'message from 2023-11-14T22:13:20 to 2023-11-16T'):
        run('import', 'demo.mcap', '--yes')
    assert 'il_ros convert demo.mcap --robot demo.yaml --out dataset' in capsys.readouterr().out
