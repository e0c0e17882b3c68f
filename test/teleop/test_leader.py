"""A leader arm's JointStates, as its driver sends them."""
from dataclasses import replace

from il_ros.config import build, parse_yaml
from il_ros.errors import ConfigError
from il_ros.teleop.devices import open_device
from il_ros.teleop.inputs import Heard, Joints, LONGEST_NS, Pad
from il_ros.teleop.leader import Leader, LeaderGripper, LeaderJoint, LeaderSettings
from il_ros.teleop.switch import NO_PEDAL
from il_ros.types import Mode
import numpy as np
import pytest
from teleop.device_conformance import (
    AbsoluteConformance,
    ByPedal,
    CONTRACT,
    PAIR,
    PAIR_STATE,
    STATE,
)

NAMES = CONTRACT.joint_names
GELLO = LeaderSettings('gello/joint_states', (
    LeaderJoint('shoulder_pan', 'joint1', -1.0, 0.5), LeaderJoint('elbow', 'joint3', 2.0, -0.25)),
    (LeaderGripper('gripper', 'trigger', 0.8, 0.1),))
OPEN, CLOSED = CONTRACT.arms[0].gripper.open, CONTRACT.arms[0].gripper.closed


class TestLeader(ByPedal, AbsoluteConformance):
    """With a pedal, as by default; `pose` is what the robot is to take on."""

    settings = LeaderSettings()

    @pytest.fixture
    def device(self):
        self.shown, self.held, self.silent_ns = self.state.copy(), False, 0
        return Leader(self.contract, self.settings)

    def pose(self, device, positions):
        self.shown = positions

    def joints(self):
        return Joints(tuple(NAMES), self.shown.copy())

    def read(self, device, mode=Mode.TELEOP, state=None):
        context = self.context(mode, state, dead_man=self.held)
        return device.read(replace(context, heard={'joints': Heard(
            self.joints(), 0, self.now_ns - self.silent_ns)}))

    def test_silence_lets_go_and_wants_the_pedal_anew(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.silent_ns = LONGEST_NS + 1
        assert self.read(device) is None
        self.silent_ns = 0
        assert not self.read(device).engaged
        self.let_go(device)
        self.read(device)
        self.held = True
        assert self.read(device).engaged

    def test_a_leap_lets_go_and_is_told(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.shown = self.shown + np.where(CONTRACT.is_gripper, 0.0, 0.7)
        assert not self.read(device).engaged
        assert device.notice == 'leader: a joint turned 21 rad/s: let go; engage anew'
        assert not self.read(device).engaged, 'the pedal is held still'

    def test_a_pedal_held_when_the_leader_is_first_heard_drives_nothing(self, device):
        self.held = True
        assert not self.read(device).engaged

    def test_what_the_robot_cannot_take_on_ends_at_its_limits(self, device):
        self.shown = np.full(len(NAMES), 9.0)
        assert (self.read(device).positions == CONTRACT.upper).all()


class TestGello(TestLeader):
    """The same with joints that the leader calls, counts and turns otherwise."""

    settings = GELLO

    def joints(self):
        shown = dict(zip(NAMES, self.shown, strict=True))
        shown['joint1'] = 0.5 - shown.pop('shoulder_pan')
        shown['joint3'] = shown.pop('elbow') / 2.0 - 0.25
        share = (shown.pop('gripper') - OPEN) / (CLOSED - OPEN)
        shown['trigger'] = 0.8 + share * (0.1 - 0.8)
        return Joints(tuple(shown), np.array(list(shown.values())))

    def test_the_gripper_goes_from_open_to_closed_as_the_trigger_does(self, device):
        for trigger, gripper in ((0.8, OPEN), (0.1, CLOSED), (0.45, (OPEN + CLOSED) / 2),
                                 (1.5, OPEN), (-0.5, CLOSED)):
            found = self.joints()
            positions = np.where(np.array(found.names) == 'trigger', trigger, found.positions)
            self.now_ns += 10**9
            told = device.read(self.context(heard={'joints': Heard(
                Joints(found.names, positions), 0, self.now_ns)})).positions[-1]
            np.testing.assert_allclose(told, gripper, atol=1e-12)


def read(device, heard, **more):
    now_ns = 10**9
    test = TestLeader()
    test.now_ns = now_ns - CONTRACT.period_ns
    return device.read(test.context(heard={'joints': Heard(heard, 0, now_ns)}, **more))


def test_always_engaged_it_lets_go_for_one_reading():
    test, device = TestLeader(), Leader(CONTRACT, LeaderSettings(engage='always'))
    test.shown, test.silent_ns = STATE.copy(), 0

    def engaged(**more):
        context = test.context(**more)
        return device.read(replace(context, heard={'joints': Heard(
            test.joints(), 0, test.now_ns)})).engaged
    assert engaged() and engaged()
    device.reset(1)
    assert not engaged() and engaged()
    assert not engaged(dead_man=False), 'with a pedal, the pedal says so'


def test_moved_it_never_engages_by_itself():
    device = Leader(CONTRACT, LeaderSettings(engage='moved'))
    for dead_man in (None, False, True):
        assert not read(device, Joints(tuple(NAMES), STATE), dead_man=dead_man).engaged


def test_without_a_pedal_it_says_that_nobody_can_drive():
    device = Leader(CONTRACT, LeaderSettings())
    assert not read(device, Joints(tuple(NAMES), STATE)).engaged
    assert device.notice == NO_PEDAL


def test_a_missing_joint_is_named_with_what_came():
    device = Leader(CONTRACT, GELLO)
    assert read(device, Joints(('joint1', 'joint2'), np.zeros(2))) is None
    assert device.notice == (
        "leader: no joint 'shoulder_lift' in gello/joint_states, which has joint1, joint2: name "
        'it in the settings, as {name: shoulder_lift, from: its name there}')


def test_a_continuous_joint_goes_the_short_way():
    turning = replace(CONTRACT, joints=tuple(
        replace(joint, continuous=True, position=None) if joint.name == 'wrist_3' else joint
        for joint in CONTRACT.joints))
    state = np.where(np.array(NAMES) == 'wrist_3', 6.2, STATE)
    device = Leader(turning, LeaderSettings())
    shown = np.where(np.array(NAMES) == 'wrist_3', -0.1, STATE)
    told = read(device, Joints(tuple(NAMES), shown), state=state)
    np.testing.assert_allclose(told.positions[5], 2 * np.pi - 0.1, atol=1e-9)


def test_two_leaders_move_an_arm_each():
    device = open_device('leader+leader+pedal', PAIR)
    assert [wanted.topic for wanted in device.wants] == [
        'left/leader/joint_states', 'right/leader/joint_states', 'pedal/joy']
    assert device.absolute
    shown = {}
    for hand, arm in zip(('left', 'right'), PAIR.arms, strict=True):
        columns = PAIR.indices(arm.all_joints)
        shown[f'{hand}/joints'] = Joints(tuple(arm.all_joints), PAIR_STATE[columns] + 0.01)
    test = TestLeader()
    test.contract, test.state = PAIR, PAIR_STATE

    def intent(pressed):
        context = test.context()
        return device.read(replace(context, heard={
            **{name: Heard(value, 0, test.now_ns) for name, value in shown.items()},
            'pedal': Heard(Pad((), (int(pressed),)), 0, test.now_ns)}))
    moved = PAIR_STATE + np.where(PAIR.is_velocity, 0.0, 0.01)
    for pressed, engaged in ((False, False), (True, True)):
        told = intent(pressed)
        assert told.engaged == engaged
        np.testing.assert_allclose(told.positions, np.clip(moved, PAIR.lower, PAIR.upper))


@pytest.mark.parametrize(('text', 'error'), [
    ('joints: [{name: elbo}]', "leader: joint 'elbo': expected one of shoulder_pan, "),
    ('joints: [{name: elbow}, {name: elbow}]', 'joints: elbow stands twice'),
    ('grippers: [{name: elbow, from: x, open: 0.0, closed: 1.0}]',
     "leader: 'elbow' is no gripper of 'sim_arm'"),
    ('grippers: [{name: gripper, from: x, open: 1.0, closed: 1.0}]',
     'leader: gripper: open and closed are both 1'),
    ('engage: sometimes', "engage: expected one of pedal, always, moved, got 'sometimes'")])
def test_settings_that_cannot_be_are_refused(text, error):
    with pytest.raises(ConfigError, match=error):
        Leader(CONTRACT, build(LeaderSettings, parse_yaml(text, 'my.yaml'), 'my.yaml'))


class Pair(AbsoluteConformance):
    """Two leaders with a dead-man switch each on one pedal box: buttons 0 and 1."""

    contract, state = PAIR, PAIR_STATE

    def __init__(self, tmp_path):
        file = tmp_path / 'box.yaml'
        file.write_text('topic: box/joy\nbuttons: {dead_man: null, left: 0, right: 1}\n')
        self.device = open_device('leader+leader+pedal', PAIR, settings=f'++{file}')
        self.shown = PAIR_STATE.copy()
        self.read()

    def read(self, *held):
        context = self.context()
        arms = {f'{hand}/joints': Joints(tuple(arm.all_joints),
                                         self.shown[PAIR.indices(arm.all_joints)])
                for hand, arm in zip(('left', 'right'), PAIR.arms, strict=True)}
        pedal = Pad((), tuple(int(button in held) for button in (0, 1)))
        return self.device.read(replace(context, heard={
            name: Heard(value, 0, self.now_ns) for name, value in (arms | {'pedal': pedal}).items()
        }))


def test_of_two_leaders_one_alone_drives_its_arm_and_the_other_arm_holds(tmp_path):
    pair = Pair(tmp_path)
    pair.shown = pair.shown + np.where(PAIR.is_velocity | PAIR.is_gripper, 0.0, 0.05)
    left, right = ([0, 1], [3, 4])
    told = pair.read(0)
    assert told.engaged
    np.testing.assert_allclose(told.positions[left], pair.shown[left])
    np.testing.assert_allclose(told.positions[right], PAIR_STATE[right])
    assert not pair.read().engaged
    told = pair.read(1)
    assert told.engaged
    np.testing.assert_allclose(told.positions[left], PAIR_STATE[left])
    np.testing.assert_allclose(told.positions[right], pair.shown[right])


def test_the_second_of_two_leaders_joins_where_its_arm_is(tmp_path):
    pair, right = Pair(tmp_path), [3, 4]
    pair.read(0)
    for _ in range(20):
        pair.shown[3] += 0.05
        told = pair.read(0)
    np.testing.assert_allclose(told.positions[right], PAIR_STATE[right])
    told = pair.read(0, 1)
    assert told.engaged
    np.testing.assert_allclose(told.positions[right], PAIR_STATE[right])
    assert pair.device.notice == ('right: bring the device to the arm: right_1 is 1.00 away')
    for _ in range(18):
        pair.shown[3] -= 0.05
        told = pair.read(0, 1)
    np.testing.assert_allclose(told.positions[right], pair.shown[right])
    assert pair.device.notice == ''
    assert pair.read(1).engaged, 'it goes on alone'


def test_a_switch_per_hand_wants_two_devices(tmp_path):
    file = tmp_path / 'box.yaml'
    file.write_text('buttons: {left: 1}\n')
    with pytest.raises(ConfigError, match='pedal: left and right are for two devices'):
        open_device('leader+pedal', CONTRACT, settings=f'+{file}')
