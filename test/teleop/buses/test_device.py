"""A leader whose servos we read: real bytes over a pty, through the device."""
from dataclasses import replace
import time

from il_ros.config import build, parse_yaml, to_mapping
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.buses.bus import ServoBus
from il_ros.teleop.buses.device import ServoLeader, TARGET
from il_ros.teleop.buses.follow import HELD
from il_ros.teleop.buses.port import BusError
from il_ros.teleop.buses.settings import BusSettings, Following, ServoGripper, ServoJoint
from il_ros.teleop.devices import load_settings, open_device
from il_ros.teleop.inputs import Heard, Joints, LONGEST_NS
from il_ros.types import Mode
from nodes.harness import wait_for
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
from teleop.servo_bus import Servos
import yaml

ARM = CONTRACT.arms[0]
OPEN, CLOSED = ARM.gripper.open, ARM.gripper.closed
SIGNS = [1, -1, 1, -1, 1, -1]
OFFSETS = [0.3, 1.0, 2.0, 3.0, 4.0, 5.0]


def settings_of(servos, contract=CONTRACT, arm=ARM, **more):
    model = servos.get(1, 'model')
    joints = tuple(ServoJoint(name, number + 1, SIGNS[number], OFFSETS[number], model=model,
                              homing=0, drive=0) for number, name in enumerate(arm.joints))
    trigger = ServoGripper(arm.gripper.joint, len(joints) + 1, 3.6, 2.8, model, 0, 0)
    return BusSettings('dynamixel' if servos.dynamixel else 'feetech', str(servos.path), joints,
                       (trigger,), 1_000_000, **more)


def show(servos, positions, arm=ARM):
    """Bring the leader where the robot's arm is at these positions."""
    for number, at in enumerate(positions[:-1]):
        servos.turn(number + 1, (OFFSETS[number] + SIGNS[number] * at) / (2 * np.pi) * 4096)
    share = (positions[-1] - arm.gripper.open) / (arm.gripper.closed - arm.gripper.open)
    servos.turn(len(positions), (3.6 + share * (2.8 - 3.6)) / (2 * np.pi) * 4096)


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """On a busy machine the servos' thread may have to wait."""
    monkeypatch.setattr(ServoBus, 'answer_s', 0.3)


def leader(settings, contract=CONTRACT, age_ns=0):
    """Open a leader of which each reading counts as so old, however busy the machine is."""
    made = ServoLeader(contract, settings, steady_ns=lambda: made._sample.steady_ns + age_ns)
    return made


class Conformance(ByPedal, AbsoluteConformance):
    """With a pedal; `pose` is what the robot is to take on."""

    protocol, more = '', {}

    @pytest.fixture
    def device(self, tmp_path):
        self.servos = Servos(self.protocol, range(1, 8), tmp_path / 'port')
        show(self.servos, self.state)
        self.held = False
        made = leader(settings_of(self.servos, **self.more))
        wait_for(lambda: made._reader.newest, 'the first reading')
        yield made
        made.close()
        self.servos.unplug()

    def pose(self, device, positions):
        show(self.servos, positions)

    def read(self, device, mode=Mode.TELEOP, state=None, **more):
        """Read the device once what the servos said before is there."""
        before = time.monotonic_ns()
        wait_for(lambda: not device._reader.newest or device._reader.newest.steady_ns > before,
              'a newer reading')
        return device.read(self.context(mode, state, dead_man=self.held, **more))

    def test_the_trigger_goes_from_open_to_closed(self, device):
        for told, gripper in ((OPEN, OPEN), (CLOSED, CLOSED), (0.03, 0.03), (0.06, OPEN)):
            self.now_ns += 10**9
            show(self.servos, np.append(self.state[:-1], told))
            np.testing.assert_allclose(self.read(device).positions[-1], gripper, atol=1e-4)

    def test_an_unplugged_leader_lets_go_and_says_so_until_the_pedal_is_pressed_anew(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.servos.unplug()
        wait_for(lambda: device._reader.newest is None, 'the loss is seen')
        assert self.read(device) is None
        assert ' is gone (' in device.notice
        self.servos.plug()
        wait_for(lambda: device._reader.newest, 'it is read again')
        assert not self.read(device).engaged
        self.let_go(device)
        self.read(device)
        self.held = True
        assert self.read(device).engaged
        assert device.notice == ''

    def test_a_servo_that_falls_silent_lets_go_and_is_named(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.servos.silent.add(3)
        wait_for(lambda: device._reader.newest is None, 'the loss is seen')
        assert self.read(device) is None
        assert 'no answer of servo 3; check its cable and power' in device.notice
        self.servos.silent.clear()
        wait_for(lambda: device._reader.newest, 'it is read again')
        assert not self.read(device).engaged, 'the pedal is held still'

    def test_no_motor_is_on_from_opening_to_closing(self, device):
        for servo in self.servos.memory:
            self.servos.set(servo, 'torque', 1)
        device.close()
        assert not any(self.servos.get(servo, 'torque') for servo in self.servos.memory)
        opened = leader(settings_of(self.servos, **self.more))
        self.engage(opened)
        self.read(opened)
        assert not any(self.servos.get(servo, 'torque') for servo in self.servos.memory)
        opened.close()


class TestDynamixel(Conformance):
    protocol = 'dynamixel'


class TestFeetech(Conformance):
    protocol, more = 'feetech', {'follow': Following()}

    def follow(self, device, condition, what, held=False):
        self.held = held
        wait_for(condition, what, spin=lambda: self.read(
            device, Mode.AUTONOMOUS, heard={'target': Heard(Joints(tuple(CONTRACT.joint_names),
                self.robot), 0, self.now_ns + CONTRACT.period_ns)}))

    def on(self):
        return [servo for servo in range(1, 8) if self.servos.get(servo, 'torque')]

    def test_it_follows_the_robot_until_the_pedal_is_pressed(self, device):
        assert device.wants == (TARGET,)
        self.robot = self.state + np.array([0.2, -0.2, 0.1, 0, 0, 0, 0])
        self.follow(device, self.on, 'torque comes on')
        assert 7 not in self.on(), 'the trigger is free'
        self.follow(device, lambda: np.allclose(
            self.read(device).positions[:6], self.robot[:6], atol=5e-3), 'it comes there')
        assert self.servos.get(1, 'current') == 200
        self.follow(device, lambda: not self.on(), 'torque goes off', held=True)

    def test_a_hand_that_holds_it_is_stronger(self, device):
        self.robot = self.state + np.array([0.5, 0, 0, 0, 0, 0, 0])
        self.servos.grasped |= {1}
        self.follow(device, self.on, 'torque comes on')
        self.follow(device, lambda: device.notice == HELD, 'the hand is felt')
        self.follow(device, lambda: not self.on(), 'torque goes off')

    def test_it_is_let_go_when_the_node_falls_silent(self, device):
        self.robot = self.state + np.array([0.5, 0, 0, 0, 0, 0, 0])
        self.follow(device, self.on, 'torque comes on')
        wait_for(lambda: not self.on(), 'torque goes off by itself')


@pytest.fixture
def servos(tmp_path):
    made = Servos('dynamixel', range(1, 8), tmp_path / 'port')
    show(made, STATE)
    yield made
    made.unplug()


def test_a_file_with_a_bus_opens_it(servos, tmp_path):
    file = tmp_path / 'my_leader.yaml'
    file.write_text(yaml.safe_dump(to_mapping(settings_of(servos))))
    device = open_device('leader', CONTRACT, settings=str(file))
    assert isinstance(device, ServoLeader) and device.wants == ()
    wait_for(lambda: device._reader.newest, 'the first reading')
    device.close()


@pytest.mark.parametrize(('age_ns', 'counts'), [(0, True), (LONGEST_NS, True),
                                                (LONGEST_NS + 1, False)])
def test_what_is_too_old_counts_for_nothing(servos, age_ns, counts):
    device = leader(settings_of(servos), age_ns=age_ns)
    wait_for(lambda: device._reader.newest, 'the first reading')
    assert (device.read(Conformance().context()) is not None) == counts
    device.close()


@pytest.mark.parametrize(('change', 'error'), [
    (lambda s: s.silent.add(3), r'no answer of servo 3 \(elbow\), but of 1, 2, 4, 5, 6, 7; check'),
    (lambda s: s.silent.update(range(8)),
     'at 1000000 baud: no servo answers; check power, bus and baud'),
    (lambda s: s.set(4, 'model', 1200),
     r'servo 4 \(wrist_1\): model 1200, its file says 1190: the file is of another leader, or it '
     'was set up anew; il_ros device calibrate'),
    (lambda s: s.set(4, 'homing', -9), 'homing register -9, its file says 0'),
    (lambda s: s.set(7, 'drive', 1), r'servo 7 \(gripper\): drive register 1, its file says 0'),
    (lambda s: s.wrong.add(2), r'no answer of servo 2 \(shoulder_lift\)')])
def test_another_leader_than_the_files_is_refused_in_a_line(servos, monkeypatch, change, error):
    change(servos)
    if len(servos.silent) > 1:
        monkeypatch.setattr(ServoBus, 'answer_s', 0.03)
    with pytest.raises(BusError, match=error) as refused:
        leader(settings_of(servos))
    assert '\n' not in str(refused.value)


def test_a_leader_of_another_make_after_a_replug_is_named_and_not_read(servos):
    device = leader(settings_of(servos))
    wait_for(lambda: device._reader.newest, 'the first reading')
    servos.unplug()
    servos.set(2, 'model', 1200)
    servos.plug()
    wait_for(lambda: 'model 1200, its file says 1190' in device._reader.problem, 'it is seen')
    assert device._reader.newest is None
    device.close()


def test_a_joint_without_a_servo_is_named(servos):
    settings = settings_of(servos)
    with pytest.raises(ConfigError, match="no servo of joint 'wrist_3'; il_ros device calibrate"):
        ServoLeader(CONTRACT, replace(settings, joints=settings.joints[:-1]))


@pytest.mark.parametrize(('text', 'error'), [
    ('{bus: dynamixl, port: x, joints: []}', "bus 'dynamixl': did you mean 'dynamixel'?"),
    ('{bus: feetech, joints: []}', 'missing port'),
    ('{bus: feetech, port: x, joints: [{name: elbow, id: 300}]}', 'elbow: id: expected 0 to 252'),
    ('{bus: feetech, port: x, joints: [{name: elbow, id: 3, sign: 2}]}',
     'elbow: sign: expected 1 or -1, got 2'),
    ('{bus: feetech, port: x, joints: [{name: a, id: 3}, {name: b, id: 3}]}', 'id 3 stands twice'),
    ('{bus: feetech, port: x, joints: [{name: a, id: 3}], shadows: [3]}', 'id 3 stands twice'),
    ('{bus: feetech, port: x, joints: [{name: a, id: 3, range: [1.0, -1.0]}]}',
     r'a: range: expected \[lower, upper\]'),
    ('{bus: feetech, port: x, joints: [], engage: always, follow: {}}',
     'follow: a leader that is always engaged is always held')])
def test_settings_that_cannot_be_are_refused(text, error):
    with pytest.raises(ConfigError, match=error):
        build(BusSettings, parse_yaml(text, 'my.yaml'), 'my.yaml')


def test_two_leaders_move_an_arm_each_and_hear_one_target(tmp_path):
    ports, files = [], []
    for arm in PAIR.arms:
        made = Servos('dynamixel', range(1, 4), tmp_path / arm.name)
        columns = PAIR.indices(arm.all_joints)
        show(made, PAIR_STATE[columns] + [0.1, 0.1, 0.0], arm)
        files.append(tmp_path / f'{arm.name}.yaml')
        files[-1].write_text(yaml.safe_dump(to_mapping(
            settings_of(made, PAIR, arm, follow=Following()))))
        ports.append(made)
    device = open_device('leader+leader+pedal', PAIR, settings='+'.join(map(str, files)))
    assert [wanted.topic for wanted in device.wants] == [
        'teleop/target', 'teleop/target', 'pedal/joy']
    test = Conformance()
    test.contract, test.state = PAIR, PAIR_STATE
    told = wait_for(lambda: device.read(test.context()), 'both are heard')
    moved = PAIR_STATE + np.where(PAIR.is_velocity | PAIR.is_gripper, 0.0, 0.1)
    assert wait_for(lambda: np.allclose(device.read(test.context()).positions, moved, atol=2e-3),
                 f'{told.positions}')
    device.close()
    for port in ports:
        port.unplug()




@pytest.mark.parametrize(('name', 'robot', 'arm'), [
    ('gello', 'ur5e_forward', 0), ('aloha_leader', 'aloha_vx300s', 0),
    ('so101_leader', 'so101', 0)])
def test_the_examples_name_the_joints_of_their_robots(name, robot, arm):
    contract = Contract.load(robot)
    settings = load_settings(BusSettings, name)
    names = {servo.name for servo in settings.servos(contract)}
    assert names == set(contract.arms[arm].all_joints)
