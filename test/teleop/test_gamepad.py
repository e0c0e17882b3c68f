"""Joy messages as joy's own nodes send them for pads under their drivers."""
from dataclasses import replace

from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.device import Capture, DeviceContext
from il_ros.teleop.devices import open_device
from il_ros.teleop.gamepad import STUCK_NS
from il_ros.teleop.inputs import Heard, JOY_SILENT_NS, Pad
from il_ros.teleop.layout import layouts
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import (
    CONTRACT,
    ENVIRONMENT,
    PAIR,
    PartsConformance,
    RelativeConformance,
    STATE,
)

ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)
A, B, X, Y, BACK, START, LB, RB, UP, LEFT, RIGHT = 0, 1, 2, 3, 4, 6, 9, 10, 11, 13, 14


class TestGamepad(RelativeConformance):
    axes, held, buttons = (0.0,) * 6, frozenset(), 21

    @pytest.fixture
    def device(self):
        self.axes, self.held = [0.0] * 6, set()
        return open_device('gamepad', CONTRACT)

    def engage(self, device):
        self.let_go(device)
        self.read(device)
        self.held.add(RB)

    def let_go(self, device):
        self.held.discard(RB)

    def deflect(self, device, on):
        self.axes[1] = float(on)

    def read(self, device, mode=Mode.TELEOP, state=None, silent_ns=0):
        buttons = tuple(int(b in self.held) for b in range(self.buttons))
        context = self.context(mode, state)
        return device.read(replace(context, heard={'joy': Heard(
            Pad(tuple(self.axes), buttons), 0, self.now_ns - silent_ns)}))

    def press(self, device, button):
        self.held.add(button)
        intent = self.read(device)
        self.held.discard(button)
        return intent

    @pytest.mark.parametrize('axis, direction', [(1, [1, 0, 0]), (0, [0, 1, 0]), (3, [0, 0, 1])])
    def test_sticks_move_the_tool_while_the_dead_man_is_held(self, device, axis, direction):
        self.axes[axis] = 1.0
        assert not self.read(device).engaged
        self.axes[axis] = 0.0
        self.engage(device)
        self.read(device)
        self.axes[axis] = 1.0
        state = STATE
        for _ in range(20):
            state = self.read(device, state=state).positions
        moved = ARM.forward(state[:6])[0] - ARM.forward(STATE[:6])[0]
        assert moved @ direction > 0.02
        assert np.abs(moved - (moved @ direction) * np.array(direction)).max() < 0.005

    def test_an_axis_that_was_not_at_rest_is_named_and_the_others_drive(self, device):
        self.axes[3] = 0.6
        self.engage(device)
        self.read(device)
        assert device.notice == ('gamepad: right stick, up and down: not at rest when RB was '
                                 'pressed; it moves nothing until it was let go')
        self.axes[0] = 1.0
        state = STATE
        for _ in range(20):
            state = self.read(device, state=state).positions
        moved = ARM.forward(state[:6])[0] - ARM.forward(STATE[:6])[0]
        assert moved[1] > 0.02 and abs(moved[2]) < 0.005
        self.held.add(LB)     # the same stick turns the tool now
        turned = ARM.forward(self.read(device, state=state).positions[:6])[1]
        np.testing.assert_allclose(turned, ARM.forward(state[:6])[1], atol=0.01)

    def test_a_stick_at_rest_drifts_and_the_arm_does_not(self, device):
        self.axes[:4] = [0.08, -0.09, 0.05, 0.02]
        self.engage(device)
        for _ in range(20):
            positions = self.read(device).positions
        np.testing.assert_allclose(positions[:6], STATE[:6], atol=1e-6)

    def test_buttons_ask_once(self, device):
        self.read(device)
        assert self.press(device, B).request is Request.PAUSE
        assert self.read(device).request is Request.NONE
        self.held.add(X)
        assert [self.read(device).request for _ in range(3)] == [
            Request.REWIND, Request.NONE, Request.NONE]
        assert self.press(device, START).capture is Capture.START
        assert self.press(device, Y).capture is Capture.SUCCESS

    def test_rewinding_lets_go_until_the_dead_man_is_pressed_anew(self, device):
        self.engage(device)
        assert self.read(device).engaged
        assert not self.press(device, X).engaged
        assert not self.read(device).engaged
        self.let_go(device)
        self.read(device)
        self.engage(device)
        assert self.read(device).engaged

    def test_the_gripper_is_a_toggle(self, device):
        self.engage(device)
        before = self.read(device).positions[-1]
        assert {before, self.press(device, A).positions[-1]} == {0.0, 0.04}

    def test_a_pad_that_fell_silent_says_nothing(self, device):
        self.engage(device)
        assert self.read(device, silent_ns=JOY_SILENT_NS).engaged
        assert self.read(device, silent_ns=JOY_SILENT_NS + CONTRACT.period_ns) is None
        assert open_device('gamepad', CONTRACT).read(
            DeviceContext(STATE, ENVIRONMENT, 1, Mode.TELEOP)) is None

    @pytest.mark.parametrize('axes, buttons, notice', [
        ([0.0, float('nan'), 0, 0, 0, 0], 21, 'gamepad: axis 1: expected -1 to 1, got nan'),
        ([0.0, 0, 0, 0, float('inf'), 0], 21, 'gamepad: axis 4: expected -1 to 1, got inf'),
        ([0.0, 0, 0, -1.5, 0, 0], 21, 'gamepad: axis 3: expected -1 to 1, got -1.5'),
        ([0.0] * 8, 21, 'gamepad: 6 axes and 21 buttons became 8 and 21; press RB anew'),
        ([0.0] * 6, 15, 'gamepad: 6 axes and 21 buttons became 6 and 15; press RB anew'),
        ([], 0, 'gamepad: 6 axes and 21 buttons became 0 and 0; press RB anew')])
    def test_what_no_pad_says_lets_go(self, device, axes, buttons, notice):
        self.engage(device)
        assert self.read(device).engaged
        self.axes, self.buttons = axes, buttons
        assert self.read(device) is None
        assert device.notice == notice
        self.axes, self.buttons = [0.0] * 6, 21
        assert not self.read(device).engaged
        self.engage(device)
        assert self.read(device).engaged

    def test_a_pad_that_comes_back_or_begins_with_its_buttons_held_does_nothing(self, device):
        self.held |= {RB, START, A, B}
        for _ in range(3):
            intent = self.read(device)
            assert (intent.engaged, intent.capture, intent.request) == (False, None, Request.NONE)
        self.held.clear()
        self.engage(device)
        assert self.read(device).engaged
        assert self.read(device, silent_ns=JOY_SILENT_NS + 1) is None
        assert not self.read(device).engaged

    def test_a_pad_heard_after_now_is_none(self, device):
        self.engage(device)
        assert self.read(device, silent_ns=-1) is None, 'the clock was set back'

    def test_an_axis_at_its_end_while_nobody_drives_is_no_stick(self, device):
        self.axes[2] = 1.0      # a trigger where the layout has the right stick
        ticks = STUCK_NS // CONTRACT.period_ns + 2
        intents = [self.read(device) for _ in range(ticks)]
        assert intents[-1] is None
        assert device.notice == (
            "gamepad: right stick, left and right of layout 'standard' stays at +1.00 while "
            'nobody drives: a trigger under another driver, or stuck; set the parameter layout, '
            'or let go of the pad for a second')
        self.held.add(RB)
        self.axes[2] = 0.0      # half pressed
        assert self.read(device) is None
        self.axes[2] = 1.0
        assert self.read(device) is None
        self.held.clear()
        self.axes[2] = 0.0
        assert [self.read(device) for _ in range(ticks)][-1] is not None
        self.engage(device)
        assert self.read(device).engaged

    def test_left_and_right_choose_the_joint_of_a_robot_without_a_urdf(self):
        self.axes, self.held = [0.0] * 6, set()
        device = open_device('gamepad', replace(CONTRACT, urdf='', workspace=None, scene=None))
        self.engage(device)
        self.press(device, RIGHT)
        self.axes[1] = 1.0
        state = STATE
        for _ in range(10):
            state = self.read(device, state=state).positions
        assert (np.flatnonzero(state != STATE) == [1]).all()


class TestGamepadOfTwoArmsAndBase(PartsConformance):
    axes, held, buttons = (0.0,) * 6, frozenset(), 21
    robots = 1

    @pytest.fixture
    def device(self):
        self.axes, self.held = [0.0] * 6, set()
        return open_device('gamepad', PAIR, robots=self.robots)

    engage, let_go = TestGamepad.engage, TestGamepad.let_go
    deflect, read, press = TestGamepad.deflect, TestGamepad.read, TestGamepad.press

    def next_part(self, device):
        """Press the cross to the right: joint by joint, after the last joint the next part."""
        part = self.chosen(device)
        while self.chosen(device) == part:
            self.held.add(RIGHT)
            self.read(device, self.mode)
            self.held.discard(RIGHT)
            self.read(device, self.mode)

    def test_the_part_that_is_chosen_is_said_once(self, device):
        self.engage(device)
        self.read(device)
        notices = []
        for button in (RIGHT, RIGHT, LEFT, LEFT):
            self.press(device, button)
            notices.append(device.notice)
            self.read(device)
            assert device.notice == ''
        assert notices == ['', 'gamepad: moves right', 'gamepad: moves left', '']

    def test_a_stick_that_was_held_at_the_change_is_named(self, device):
        self.engage(device)
        self.read(device)
        self.axes[1] = 1.0
        self.next_part(device)
        assert device.notice == ('gamepad: left stick, up and down: not at rest when right was '
                                 'chosen; it moves nothing until it was let go')

    def test_sticks_drive_the_base(self, device):
        self.engage(device)
        self.read(device)
        while self.chosen(device) != 'base':
            self.next_part(device)
        self.axes[:4] = [1.0, 1.0, -1.0, 1.0]
        told = self.read(device).positions
        np.testing.assert_allclose(told[6:], [5 / 9 * 0.25, -5 / 9 * 0.5])


def test_the_left_shoulder_with_the_cross_asks_for_another_robot_and_lets_go():
    test = TestGamepadOfTwoArmsAndBase()
    test.axes, test.held = [0.0] * 6, set()
    device = open_device('gamepad', PAIR, robots=2)
    test.engage(device)
    assert test.read(device).engaged
    test.held.add(LB)
    intent = test.press(device, RIGHT)
    assert (intent.switch, intent.engaged) == (True, False)
    assert device._hand.part.name == 'left' and not device._hand.part.jog.joint
    intent = test.read(device)
    assert (intent.switch, intent.engaged) == (False, False), 'RB is to be pressed anew'


# What drivers send while nobody touches the pad: axes, number of buttons; index of RB, layout.
XPAD = (0, 0, 1, 0, 0, 1, 0, 0)
RESTING = {
    'game_controller_node': ((0, 0, 0, 0, 0, 0), 21, 10, 'standard'),
    'DualShock 4 that SDL drives, joy_node': ((0, 0, 0, 0, 1, 1), 16, 10, 'standard'),
    'Xbox 360, joy_node': (XPAD, 11, 5, 'xbox'),
    'Xbox 360 before its triggers were touched': ((0,) * 8, 11, 5, 'xbox'),
    'Xbox Series, joy_node': (XPAD, 12, 5, 'xbox'),
    'Xbox Series by Bluetooth': ((0, 0, 0, 0, 1, 1, 0, 0), 16, 7, 'xbox_bluetooth'),
    'DualShock 4, hid-playstation': (XPAD, 13, 5, 'playstation'),
    'DualShock 4, hid-generic': ((0, 0, 0, 1, 1, 0, 0, 0), 14, 5, 'playstation_generic'),
    'Logitech F710 in D mode': ((0,) * 6, 12, 5, 'logitech_d'),
}
AMBIGUOUS = {
    'DualShock 3 or DualSense': (6, 17, "may be playstation3 or standard; set teleop's parameter "
                                 'layout to playstation3, standard or your own file'),
    'Elite or Bluetooth': (8, 15, 'may be playstation_generic or xbox_bluetooth or xbox_elite; '),
    'Switch Pro': (6, 14, "are of no known pad; set teleop's parameter layout to logitech_d, "),
    'wheel': (4, 25, 'are of no known pad; '),
    'nothing': (0, 0, 'are of no known pad; ')}


class Joy:
    """A pad on the table in front of a device."""

    def __init__(self, axes, buttons, layout='auto'):
        self.device = open_device('gamepad', CONTRACT, layout=layout)
        self.axes, self.buttons, self.held, self.now_ns = list(axes), buttons, set(), 10**9
        self.state = STATE

    def read(self, ticks=1):
        for _ in range(ticks):
            self.now_ns += CONTRACT.period_ns
            intent = self.device.read(DeviceContext(
                self.state, ENVIRONMENT, self.now_ns, Mode.TELEOP, {'joy': Heard(Pad(
                    tuple(map(float, self.axes)),
                    tuple(int(b in self.held) for b in range(self.buttons))), 0, self.now_ns)}))
            if intent is not None and intent.engaged:
                self.state = intent.positions
        return intent

    @property
    def moved(self):
        return ARM.forward(self.state[:6])[0] - ARM.forward(STATE[:6])[0]


@pytest.mark.parametrize('axes, buttons, rb, layout', RESTING.values(), ids=RESTING)
def test_a_known_pad_drives_and_while_nobody_touches_it_the_arm_stands(axes, buttons, rb, layout):
    joy = Joy(axes, buttons)
    assert not joy.read(60).engaged
    joy.held = {rb}
    assert joy.read(60).engaged
    assert np.abs(joy.state - STATE)[:6].max() < 1e-9 and joy.device.notice == ''
    right_y = layouts()[layout].sticks[3]
    joy.axes[right_y] = 1.0
    joy.read(15)
    assert joy.moved[2] > 0.02 and np.abs(joy.moved[:2]).max() < 0.005


@pytest.mark.parametrize('axes, buttons, text', AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_pad_that_is_not_recognised_is_refused_in_one_line(axes, buttons, text):
    joy = Joy([0] * axes, buttons)
    joy.held = set(range(buttons))
    assert joy.read(3) is None
    assert joy.device.notice.startswith(f'gamepad: {axes} axes and {buttons} buttons {text}')
    assert joy.device.notice.endswith("or your own file, or use joy's game_controller_node")


@pytest.mark.parametrize('name', layouts())
def test_an_untouched_pad_moves_nothing_in_the_wrong_layout(name):
    for axes, buttons, _, _ in RESTING.values():
        joy = Joy(axes, buttons, name)
        joy.read()
        joy.held = {layouts()[name].buttons.rb}
        intent = joy.read(60)
        assert intent is None or intent.engaged == (layouts()[name].buttons.rb < buttons)
        assert np.abs(joy.state - STATE)[:6].max() < 1e-9


def test_a_chosen_layout_is_taken_if_the_pad_is_large_enough(tmp_path):
    joy = Joy(XPAD, 20, 'xbox')
    assert not joy.read().engaged
    joy.held = {5}
    assert joy.read().engaged
    joy = Joy([0] * 4, 20, 'xbox')
    assert joy.read() is None
    assert joy.device.notice == 'gamepad: expected at least 8 axes and 8 buttons, got 4 and 20'
    own = tmp_path / 'own.yaml'
    own.write_text('pads: mine\ncounts: []\nsticks: [3, 2, 1, 0]\n'
                   'buttons: {a: 0, b: 1, x: 2, y: 3, back: 4, start: 5, lb: 6, rb: 7}\n')
    joy = Joy([0] * 4, 9, str(own))
    joy.read()
    joy.held = {7}
    joy.read()
    joy.axes[2] = 1.0
    joy.read(15)
    assert joy.moved[0] > 0.02


@pytest.mark.parametrize('change, text', [
    (('rb: 7', 'rb: 6'), 'button 6: expected each once, from 0'),
    (('[3, 2, 1, 0]', '[3, 2, 1, 1]'), 'axis 1: expected each once, from 0'),
    (('[3, 2, 1, 0]', '[3, 2, 1, -1]'), 'axis -1: expected each once, from 0'),
    (('rb: 7', 'br: 7'), "buttons: unknown key 'br'; did you mean 'b'?")])
def test_a_wrong_layout_is_named(tmp_path, change, text):
    own = tmp_path / 'own.yaml'
    own.write_text(('pads: mine\ncounts: []\nsticks: [3, 2, 1, 0]\nbuttons: {a: 0, b: 1, x: 2, '
                    'y: 3, back: 4, start: 5, lb: 6, rb: 7}\n').replace(*change))
    with pytest.raises(ConfigError) as error:
        open_device('gamepad', CONTRACT, layout=str(own))
    assert str(error.value).startswith(f'{own}: ') and str(error.value).endswith(text)


def test_an_unknown_layout_is_named():
    with pytest.raises(ConfigError, match="no config/gamepads/xbos.yaml; did you mean 'xbox'"):
        open_device('gamepad', CONTRACT, layout='xbos')


@pytest.mark.parametrize('name', [n for n, layout in layouts().items() if layout.hat])
def test_a_cross_of_axes_presses_its_buttons(name):
    layout = layouts()[name]
    axes = [0.0] * 8
    axes[layout.hat[1]] = 1.0
    assert layout.pressed(Pad(tuple(axes), (0,) * 20)) == {'up'}
    axes[layout.hat[0]] = -1.0
    assert layout.pressed(Pad(tuple(axes), (0,) * 20)) == {'up', 'right'}
