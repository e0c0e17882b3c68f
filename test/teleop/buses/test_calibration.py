"""What a person shows of a leader becomes its settings: the numbers, and the whole command."""
from il_ros.commands.device import app
from il_ros.errors import ConfigError
from il_ros.teleop.buses.bus import Servo, ServoBus
from il_ros.teleop.buses.calibration import Calibration, NotShownError, unwrapped
from il_ros.teleop.devices import open_device
from nodes.harness import wait_for
import numpy as np
import pytest
from teleop.buses.test_device import settings_of, show
from teleop.device_conformance import CONTRACT, STATE
from teleop.servo_bus import Servos
from typer.testing import CliRunner

ARM = CONTRACT.arms[0]
SERVOS = [Servo(number, 1190, 0, 0) for number in range(1, 8)]
TICKS = 4096 / (2 * np.pi)


def calibration():
    return Calibration(CONTRACT, ARM, SERVOS, STATE)


def still(at, rows=30):
    return np.tile(np.array(at, dtype=np.int64), (rows, 1))


def sweep(at, number, *ends):
    """Rows of servos at `at` [ticks] of which one goes from end to end [rad from there]."""
    way = np.interp(np.linspace(0, len(ends), 101), range(len(ends) + 1), [0, *ends])
    rows = still(at, 101)
    rows[:, number] += np.round(way * TICKS).astype(np.int64)
    return rows


def test_offset_sign_and_range_come_from_a_pose_and_a_turn():
    made, at = calibration(), np.arange(7) * 500
    made.hold(still(at))
    assert made.turn('shoulder_lift', sweep(at, 1, 1.5, -2.5)) == (
        'shoulder_lift: servo 2, as its count, -2.31 to 1.69')
    made.turn('elbow', sweep(at, 3, -1.0, 0.7))      # shown by another servo than its place
    lift, elbow = made.joints
    assert (lift.name, lift.id, lift.sign, elbow.id, elbow.sign) == ('shoulder_lift', 2, 1, 4, -1)
    np.testing.assert_allclose(lift.range, STATE[1] + np.array([-2.5, 1.5]), atol=2e-3)
    np.testing.assert_allclose(lift.offset, (500 / TICKS - STATE[1]) % (2 * np.pi), atol=1e-3)
    np.testing.assert_allclose(elbow.range, STATE[2] + np.array([-0.7, 1.0]), atol=2e-3)
    assert (lift.model, lift.homing, lift.drive) == (1190, 0, 0)


def test_the_trigger_is_the_servo_that_goes_from_open_to_closed():
    made, at = calibration(), np.full(7, 4090)
    made.hold(still(at))
    closed = at + np.eye(7, dtype=np.int64)[6] * 500
    assert made.grip(still(at), still(closed)) == 'gripper: servo 7, 6.27 open, 7.04 closed'


def test_counts_go_on_over_the_seam():
    at = np.array([4000])
    for seen in (4090, 100, 4000, 10):
        at = unwrapped(at, np.array([seen]))
    assert at == [4106]


@pytest.mark.parametrize(('show_it', 'error'), [
    (lambda made, at: made.hold(still(at, 5)), 'it moves; hold it still before you press Enter'),
    (lambda made, at: made.hold(sweep(at, 1, 0.5)), r'it moves by 0\.\d+ rad; hold it still'),
    (lambda made, at: made.turn('elbow', sweep(at, 2, 0.2)),
     'nothing moved by more than 0.20 rad, expected 0.5 or more'),
    (lambda made, at: made.turn('elbow', sweep(at, 2, 1.0) + sweep(at, 4, 0.8) - at),
     'servo 3 and servo 5 moved; move one joint alone'),
    (lambda made, at: [made.turn(name, sweep(at, 2, 1.0, -1.0)) for name in ARM.joints[:2]],
     'servo 3 moved, which is shoulder_pan'),
    (lambda made, at: made.grip(still(at), still(at)), 'nothing moved by more than 0.00 rad')])
def test_what_cannot_be_meant_is_asked_for_once_more(show_it, error):
    made, at = calibration(), np.full(7, 2000)
    made.hold(still(at))
    with pytest.raises(NotShownError, match=error):
        show_it(made, at)


def test_more_servos_than_joints_are_refused():
    with pytest.raises(ConfigError, match=r'8 servos \(1, .*, 8\), expected one for each of s'):
        Calibration(CONTRACT, ARM, [*SERVOS, Servo(8, 1190, 0, 0)], STATE)


class Person:
    """Does what the command asks for, with a leader on a bus, and presses Enter."""

    def __init__(self, servos):
        self.servos, self.pose, self.asked = servos, STATE.copy(), []

    def goes(self, number, *ends):
        for end in ends:
            for at in np.linspace(self.pose[number], end, 25):
                self.pose[number] = at
                show(self.servos, self.pose)
                seen = len(self.servos.log)
                wait_for(lambda seen=seen: len(self.servos.log) > seen, 'it is read')

    def rests(self):
        seen = len(self.servos.log)
        wait_for(lambda: len(self.servos.log) > seen + 30, 'it is read')

    def answer(self, text):
        self.asked.append(text)
        if text.startswith('Turn '):
            number = ARM.joints.index(text.split()[1])
            self.goes(number, STATE[number] + 1.2, STATE[number] - 1.0)
        elif 'trigger' in text:
            self.goes(6, 0.04 if 'Open' in text else 0.0)
            self.rests()
        else:
            self.rests()
        return ''


@pytest.mark.parametrize('protocol', ['dynamixel', 'feetech'])
def test_a_person_calibrates_a_leader_and_then_teaches_with_it(protocol, tmp_path, monkeypatch):
    monkeypatch.setattr(ServoBus, 'answer_s', 0.3)
    monkeypatch.setattr('il_ros.teleop.buses.bus.SCANNED', range(1, 9))
    monkeypatch.chdir(tmp_path)
    servos = Servos(protocol, range(1, 8), tmp_path / 'port')
    for servo in servos.memory:
        servos.set(servo, 'torque', 1)
    show(servos, STATE)
    person = Person(servos)
    monkeypatch.setattr('builtins.input', person.answer)
    arguments = ['calibrate', 'mine', '--bus', protocol, '--robot', 'sim_arm', '--port',
                 str(servos.path), '--baud', '1000000', '--pose', 'start']
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert not any(servos.get(servo, 'torque') for servo in servos.memory)
    assert len(person.asked) == 1 + 6 + 2
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, ConfigError)
    assert 'exists already and is not overwritten' in str(again.exception)

    device = open_device('leader', CONTRACT, settings='./mine.yaml')
    wait_for(lambda: device._reader.newest, 'the first reading')
    expected = settings_of(servos)
    for found, joint in zip(device._servos, expected.joints, strict=False):
        assert (found.id, found.sign, found.model) == (joint.id, joint.sign, joint.model)
        np.testing.assert_allclose(np.exp(1j * found.offset), np.exp(1j * joint.offset), atol=0.01)
    device.close()
    servos.unplug()


def test_ls_names_ports_and_servos(tmp_path, monkeypatch):
    monkeypatch.setattr('il_ros.teleop.buses.bus.SCANNED', range(1, 4))
    servos = Servos('dynamixel', [1, 3], tmp_path / 'port')
    done = CliRunner().invoke(app, ['ls', '--port', str(servos.path), '--port', 'none'])
    assert done.output.splitlines() == [
        str(servos.path), '  dynamixel at 57600 baud: 1: model 1190 (XL330-M077), '
        '3: model 1190 (XL330-M077)', 'none', '  none: there is no such port; no USB adapter is '
        'plugged in']
    servos.unplug()
