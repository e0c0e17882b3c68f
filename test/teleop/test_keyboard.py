from dataclasses import replace
import os
import pty
import select
import termios

from il_ros.config import parse_yaml
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.device import Capture, DeviceContext
from il_ros.teleop.devices import open_device
from il_ros.teleop.keyboard import Keyboard
from il_ros.teleop.terminal import Terminal
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import (
    CONTRACT,
    PAIR,
    PAIR_STATE,
    PartsConformance,
    RelativeConformance,
    STATE,
)
import yaml

ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)


class Keys:
    """A real pseudo-terminal with a keyboard device at its end."""

    def __init__(self, contract: Contract = CONTRACT, **more: object) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.device = Keyboard(contract, Terminal(self.slave, self.slave), **more)

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def shown_until(self, end: str) -> str:
        """Return what the device has shown by the time that it shows `end`."""
        shown = ''
        while end not in shown:
            assert select.select([self.master], [], [], 10.0)[0], f'no {end!r} in {shown!r}'
            shown += os.read(self.master, 4096).decode()
        return shown

    def close(self) -> None:
        self.device.close()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def keys():
    keys = Keys()
    yield keys
    keys.close()


class Typist:
    """What the conformance suites ask of a device, by its keys."""

    held = ''

    def engage(self, device):
        self.keys.press('w')

    def let_go(self, device):
        device.reset(0)

    def take_up(self, device):
        self.keys.press('t')

    def deflect(self, device, on):
        self.held = 'w' if on else ''

    def read(self, device, mode=Mode.TELEOP, state=None):
        self.keys.press(self.held)
        return super().read(device, mode, state)


class TestKeyboard(Typist, RelativeConformance):
    @pytest.fixture
    def device(self, keys):
        self.keys = keys
        return keys.device

    def test_a_key_that_is_held_when_teleoperation_begins_moves_nothing(self, device):
        self.held = 'w'
        for _ in range(5):
            assert not self.read(device, Mode.PAUSED).engaged
        intent, moved = self.follow(device, 1)
        self.mode = Mode.TELEOP
        intent, moved = self.follow(device, 30)
        assert intent.engaged and moved < 1e-9

    def tool(self, positions):
        return ARM.forward(positions[:6])

    def drive(self, device, key, times=20, mode=Mode.TELEOP):
        """Hold a key while the arm follows; return the last intent."""
        state = STATE
        for _ in range(times):
            self.keys.press(key)
            intent = self.read(device, mode, state)
            if intent.engaged:
                state = intent.positions
        return intent

    @pytest.mark.parametrize('key, axis, sign', [
        ('w', 0, 1), ('s', 0, -1), ('a', 1, 1), ('d', 1, -1), ('r', 2, 1), ('f', 2, -1)])
    def test_a_key_moves_the_tool_along_its_axis(self, device, key, axis, sign):
        start, upright = self.tool(STATE)
        end, rotation = self.tool(self.drive(device, key).positions)
        moved = end - start
        assert sign * moved[axis] > 0.02
        assert np.abs(np.delete(moved, axis)).max() < 0.1 * abs(moved[axis])
        np.testing.assert_allclose(rotation, upright, atol=0.02)

    @pytest.mark.parametrize('key, axis, sign', [
        ('q', 2, 1), ('e', 2, -1), ('i', 1, 1), ('k', 1, -1), ('l', 0, 1), ('j', 0, -1)])
    def test_a_key_turns_the_tool_about_its_axis(self, device, key, axis, sign):
        start, before = self.tool(STATE)
        end, after = self.tool(self.drive(device, key).positions)
        turned = after @ before.T
        vector = np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0],
                           turned[1, 0] - turned[0, 1]]) / 2
        assert sign * vector[axis] > 0.1
        assert np.linalg.norm(end - start) < 0.01

    def test_without_keys_the_target_stays(self, device):
        self.engage(device)
        for _ in range(30):
            self.read(device)
        first = self.read(device).positions
        np.testing.assert_allclose(self.read(device).positions, first, atol=1e-6)

    def test_the_target_stays_on_a_leash(self, device):
        for _ in range(100):  # the robot does not move
            self.keys.press('w')
            intent = self.read(device)
        ahead = self.tool(intent.positions)[0] - self.tool(STATE)[0]
        assert np.linalg.norm(ahead) < 0.05

    def test_space_closes_and_opens_the_gripper(self, device):
        self.keys.press(' ')
        assert self.read(device).positions[-1] == 0.0
        self.keys.press(' ')
        assert self.read(device).positions[-1] == 0.04

    def test_engaging_keeps_hold_of_what_is_in_the_gripper(self, device):
        state = STATE.copy()
        state[-1] = 0.02
        self.keys.press('w')
        assert self.read(device, state=state).positions[-1] == 0.0

    def test_digits_set_the_speed(self, device):
        self.keys.press('9')
        fast = self.tool(self.drive(device, 'w', 8).positions)[0]
        device.reset(0)
        self.keys.press('1')
        slow = self.tool(self.drive(device, 'w', 8).positions)[0]
        start = self.tool(STATE)[0]
        assert fast[0] - start[0] > 4 * (slow[0] - start[0]) > 0

    def test_t_takes_over_and_hands_back(self, device):
        self.keys.press('w')
        intent = self.read(device, Mode.AUTONOMOUS)
        assert not intent.engaged, 'moving keys do not take over from a policy'
        self.keys.press('t')
        intent = self.read(device, Mode.AUTONOMOUS)
        assert (intent.engaged, intent.request) == (True, Request.TAKE_OVER)
        assert self.read(device, Mode.CORRECTING).request is Request.NONE
        self.keys.press('\t')
        intent = self.read(device, Mode.CORRECTING)
        assert (intent.engaged, intent.request) == (False, Request.HAND_BACK)

    def test_p_pauses_and_lets_go(self, device):
        self.engage(device)
        self.read(device)
        self.keys.press('p')
        intent = self.read(device)
        assert (intent.engaged, intent.request) == (False, Request.PAUSE)

    @pytest.mark.parametrize('key, capture', [
        ('c', Capture.START), ('y', Capture.SUCCESS), ('n', Capture.FAILURE),
        ('x', Capture.DISCARD)])
    def test_capture_keys(self, device, key, capture):
        self.keys.press(key)
        assert self.read(device).capture is capture
        assert self.read(device).capture is None

    def test_other_bytes_are_ignored(self, device):
        os.write(self.keys.master, bytes(range(128, 256)) + b'\x1b[A\x00?Z')
        assert not self.read(device).engaged


def test_the_terminal_is_given_back_as_it_was(keys):
    during = termios.tcgetattr(keys.slave)
    assert not during[3] & (termios.ICANON | termios.ECHO)
    keys.device.close()
    assert termios.tcgetattr(keys.slave) == keys.before


def test_without_a_terminal_the_error_says_what_to_do():
    read, write = os.pipe()
    with pytest.raises(ConfigError) as error:
        Terminal(read, write)
    assert str(error.value) == (
        'keyboard: expected a terminal as standard input; start teleop in a terminal of its own '
        "('ros2 run il_ros teleop'), or choose another device")


def test_a_robot_without_urdf_is_jogged_joint_by_joint():
    data = parse_yaml(CONTRACT.to_text(), 'test')
    data |= {'urdf': '', 'tip': '', 'workspace': None, 'scene': None}
    keys = Keys(Contract.from_text(yaml.safe_dump(data)))
    test = TestKeyboard()
    test.keys = keys
    keys.press('3')
    end = test.drive(keys.device, 'w', 10).positions
    moved = end - STATE
    assert moved[2] > 0.05
    assert (np.delete(moved[:6], 2) == 0).all()
    keys.close()


def test_an_unknown_device_is_named():
    with pytest.raises(ConfigError) as error:
        open_device('keybord', CONTRACT)
    assert str(error.value) == "no device 'keybord'; did you mean 'keyboard'?"


def test_b_rewinds_and_lets_go(keys):
    context = DeviceContext(STATE, np.empty(0), 1, Mode.AUTONOMOUS)
    keys.press('t')
    assert keys.device.read(context).engaged
    keys.press('b')
    intent = keys.device.read(context)
    assert (intent.request, intent.engaged) == (Request.REWIND, False)


def test_a_request_for_help_is_said_once_and_stays_on_the_status_line(keys):
    context = DeviceContext(STATE, np.empty(0), 1, Mode.AUTONOMOUS, help='help_gate asks')
    for _ in range(3):
        keys.device.read(context)
    shown = keys.shown_until('HELP WANTED: t')
    for _ in range(3):
        keys.device.read(replace(context, help=''))
    keys.device.close()
    shown += keys.shown_until('\r\n')
    assert shown.count('\a') == shown.count('help_gate asks') == 1
    assert shown.count('HELP WANTED: t') == 1


class TestKeyboardOfTwoArmsAndBase(Typist, PartsConformance):
    @pytest.fixture
    def device(self):
        self.keys = Keys(PAIR)
        yield self.keys.device
        self.keys.close()

    def next_part(self, device):
        self.keys.press('m')

    def test_help_and_status_line_name_the_part(self, device):
        text = self.keys.shown_until('m moves the next of left, right, base')
        assert 'left, right: number: choose a joint   w/s move it\r' in text
        assert 'base: w/s x   q/e yaw\r' in text
        for status in ('left   left gripper open', 'right   right gripper open',
                       'base   right gripper open', 'left   left gripper open'):
            self.read(device)
            self.keys.shown_until(f'speed 5/9   {status}')
            self.next_part(device)

    def test_space_is_for_the_gripper_of_the_arm_that_moves_or_moved_before_the_base(self, device):
        grips = PAIR.indices(['left_grip', 'right_grip'])
        self.keys.press('t')
        self.read(device, self.mode)
        for keys, expected in ((' ', [0.0, 0.04]), ('m ', [0.0, 0.0]), ('m ', [0.0, 0.04]),
                               ('m ', [0.04, 0.04])):
            self.keys.press(keys)
            assert self.read(device, self.mode).positions[grips].tolist() == expected

    def test_keys_of_the_base_follow_its_fields_within_its_limits(self, device):
        self.keys.press('9mm9t')
        self.read(device, self.mode)
        for key, expected in (('w', [0.25, 0]), ('s', [-0.25, 0]), ('q', [0, 0.5]),
                              ('e', [0, -0.5]), ('a', [0, 0])):
            self.held = ''
            self.drive(device, PAIR_STATE)
            self.held = key
            np.testing.assert_allclose(self.drive(device, PAIR_STATE)[6:], expected)


def test_a_contract_without_arm_and_base_is_refused():
    data = parse_yaml(PAIR.to_text(), 'test')
    names = ['left_1', 'left_2', 'left_grip', 'right_1', 'right_2', 'right_grip']
    data |= {'joints': data['joints'][:6], 'start': data['start'][:6], 'arms': [],
             'states': data['states'][:2], 'commands': data['commands'][:4]}
    contract = Contract.from_text(yaml.safe_dump(data))
    assert contract.joint_names == names
    with pytest.raises(ConfigError) as error:
        open_device('gamepad', contract)
    assert str(error.value) == ("the contract of 'mobile_pair' has no arm and no base that a "
                                'device could move; name its arms')


@pytest.mark.timeout(60)
def test_a_terminal_that_takes_nothing_more_stops_nobody(keys):
    keys.press('\x13')       # Ctrl-S, or a connection that hangs: nobody reads what is shown
    for n in range(3000):
        keys.device._terminal.show(f'{n:<60}')
    keys.press('w')
    assert keys.device.read(DeviceContext(STATE, np.zeros(0), 10**9, Mode.TELEOP)).engaged
