"""Two devices, one per arm, as one: real gamepads' messages and a real terminal."""
from dataclasses import replace
import os

from il_ros.errors import ConfigError
from il_ros.teleop.bi_device import BiDevice, parts_of
from il_ros.teleop.device import Capture
from il_ros.teleop.devices import open_device
from il_ros.teleop.gamepad import Gamepad
from il_ros.teleop.inputs import Heard, Input, JOY_SILENT_NS, Pad
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import CONTRACT, PAIR, PAIR_STATE, RelativeConformance
from teleop.test_gamepad import A, B, LB, RB, RIGHT, START
from teleop.test_keyboard import Keys

ARMS = ('left', 'right')
LEFT, RIGHT_ARM, BASE = [0, 1], [3, 4], [6, 7]
GRIPS = [2, 5]


class TestTwoGamepads(RelativeConformance):
    contract, state = PAIR, PAIR_STATE

    @pytest.fixture
    def device(self):
        self.axes = {arm: [0.0] * 6 for arm in ARMS}
        self.held = {arm: set() for arm in ARMS}
        self.silent = dict.fromkeys(ARMS, 0)
        return open_device('gamepad+gamepad', PAIR)

    def engage(self, device, *arms):
        self.let_go(device, *arms)
        self.read(device, self.mode)
        for arm in arms or ARMS:
            self.held[arm].add(RB)

    def let_go(self, device, *arms):
        for arm in arms or ARMS:
            self.held[arm].discard(RB)

    def deflect(self, device, on, *arms):
        for arm in arms or ARMS:
            self.axes[arm][1] = float(on)

    def read(self, device, mode=Mode.TELEOP, state=None):
        context = self.context(mode, state)
        return device.read(replace(context, heard={f'{arm}/joy': Heard(Pad(
            tuple(self.axes[arm]), tuple(int(b in self.held[arm]) for b in range(21))), 0,
            self.now_ns - self.silent[arm]) for arm in ARMS}))

    def press(self, device, arm, button):
        self.held[arm].add(button)
        intent = self.read(device)
        self.held[arm].discard(button)
        return intent

    def test_each_moves_its_arm_alone_or_both_together(self, device):
        self.engage(device)
        self.read(device)
        state = PAIR_STATE
        for arms, moves in ((('left',), LEFT), (('right',), RIGHT_ARM), (ARMS, LEFT + RIGHT_ARM)):
            self.deflect(device, True, *arms)
            before = state
            for _ in range(10):
                state = self.read(device, state=state).positions
            self.deflect(device, False)
            self.read(device, state=state)
            moved = np.flatnonzero(np.abs(state - before) > 0.01)
            assert moved.tolist() == [column for column in moves if column in (0, 3)]
            assert (np.delete(state - before, [0, 3]) == 0).all()

    def test_one_alone_holds_the_other_arm_where_it_was_told(self, device):
        self.engage(device)
        self.read(device)
        self.deflect(device, True)
        for _ in range(10):
            told = self.read(device).positions     # the arms lag behind
        self.let_go(device, 'left')
        for _ in range(5):
            intent = self.read(device)
            assert intent.engaged
            assert (intent.positions[LEFT] == told[LEFT]).all()
        assert intent.positions[3] > told[3]

    def test_one_that_never_engaged_holds_the_other_arm_and_its_grip(self, device):
        state = PAIR_STATE.copy()
        state[5] = 0.02                            # holds something
        self.engage(device, 'left')
        intent = self.read(device, state=state)
        assert intent.engaged
        np.testing.assert_allclose(intent.positions, [0, 0.2, 0.04, 0, 0.2, 0.0, 0, 0])

    def test_each_has_its_own_gripper(self, device):
        self.engage(device)
        self.read(device)
        assert self.press(device, 'right', A).positions[GRIPS].tolist() == [0.04, 0.0]
        assert self.press(device, 'left', A).positions[GRIPS].tolist() == [0.0, 0.0]

    def test_the_base_goes_with_the_left_one_and_stands_when_it_lets_go(self, device):
        self.engage(device)
        for _ in range(2):
            self.press(device, 'left', RIGHT)
            self.read(device)
        self.deflect(device, True, 'left')
        assert self.read(device).positions[6] > 0.1
        self.press(device, 'right', RIGHT)
        assert self.read(device).positions[6] > 0.1
        self.let_go(device, 'left')
        intent = self.read(device)
        assert intent.engaged and (intent.positions[BASE] == 0).all()

    def test_a_pause_of_one_lets_go_of_both_until_both_were_released(self, device):
        self.engage(device)
        assert self.read(device).engaged
        intent = self.press(device, 'right', B)
        assert (intent.engaged, intent.request) == (False, Request.PAUSE)
        self.let_go(device, 'right')
        self.read(device)
        self.held['right'].add(RB)
        assert not self.read(device).engaged, 'the left one is still held'
        self.let_go(device)
        self.read(device)
        self.engage(device, 'right')
        assert self.read(device).engaged

    def test_one_that_falls_silent_while_it_drives_silences_both_until_released(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.silent['left'] = JOY_SILENT_NS + 1
        assert [self.read(device) for _ in range(3)] == [None] * 3
        self.silent['left'] = 0
        assert self.read(device) is None, 'the right one is still held'
        self.let_go(device)
        assert not self.read(device).engaged
        self.engage(device)
        assert self.read(device).engaged

    def test_one_that_is_not_there_leaves_the_other_alone(self, device):
        self.silent['right'] = JOY_SILENT_NS + 1
        self.engage(device, 'left')
        assert self.read(device).engaged
        self.let_go(device)
        assert not self.read(device).engaged
        self.silent['left'] = JOY_SILENT_NS + 1
        assert self.read(device) is None, 'nobody is there'

    def test_what_is_to_be_said_names_the_arm(self, device):
        self.engage(device, 'right')
        self.axes['right'][0] = 1.0
        self.read(device)
        assert device.notice == ('right: gamepad: left stick, left and right: not at rest when '
                                 'RB was pressed; it moves nothing until it was let go')

    def test_either_starts_the_recording(self, device):
        self.read(device)
        assert self.press(device, 'right', START).capture is Capture.START

    def test_of_several_robots_either_asks_for_another(self, device):
        device = open_device('gamepad+gamepad', PAIR, robots=2)
        self.engage(device)
        assert self.read(device).engaged
        self.held['right'].add(LB)
        intent = self.press(device, 'right', RIGHT)
        assert (intent.switch, intent.engaged) == (True, False)
        assert not self.read(device).engaged


def test_a_keyboard_beside_a_gamepad_hands_back_its_own_arm_first():
    left, right = parts_of(PAIR, ARMS)
    keys = Keys(PAIR, parts=right)
    device = BiDevice(PAIR, Gamepad(PAIR, parts=left), keys.device, ARMS)
    test = TestTwoGamepads()
    held = set()

    def read(keys_pressed=''):
        os.write(keys.master, keys_pressed.encode())
        context = test.context(Mode.CORRECTING)
        return device.read(replace(context, heard={'left/joy': Heard(
            Pad((0.0,) * 6, tuple(int(b in held) for b in range(21))), 0, test.now_ns)}))

    read()
    held.add(RB)
    intent = read('t')
    assert (intent.engaged, intent.request) == (True, Request.TAKE_OVER)
    intent = read('t')
    assert (intent.engaged, intent.request) == (True, Request.NONE)
    read('t')
    held.clear()
    assert read().engaged
    intent = read('t')
    assert (intent.engaged, intent.request) == (False, Request.HAND_BACK)
    keys.close()


@pytest.mark.parametrize(('name', 'contract', 'text'), [
    ('gamepad+keybord', PAIR, "no device 'keybord'; did you mean 'keyboard'?"),
    ('gamepad+', PAIR, "no device ''; valid: gamepad, keyboard, leader, mocap, pedal, scripted, "
                       "spacemouse, xr"),
    ('keyboard+keyboard', PAIR, "device 'keyboard+keyboard': a terminal has one keyboard; take "
                                'another device for one of the arms'),
    ('gamepad+gamepad+gamepad', PAIR, "device 'gamepad+gamepad+gamepad': expected one device, or "
                                      'two with a + between them'),
    ('gamepad+gamepad', CONTRACT, "device 'gamepad+gamepad': two devices move two arms, and the "
                                  "contract of 'sim_arm' has 1; take one device"),
    ('scripted+gamepad', PAIR, 'a scripted operator drives all parts of one robot: give it no '
                               'other device and no other robot')])
def test_pairs_that_cannot_be_are_refused(name, contract, text):
    with pytest.raises(ConfigError) as error:
        open_device(name, contract)
    assert str(error.value) == text


def test_two_gamepads_have_a_topic_per_hand():
    left, right = parts_of(PAIR, ARMS)
    pads = BiDevice(PAIR, Gamepad(PAIR, parts=left), Gamepad(PAIR, parts=right), ARMS)
    assert pads.wants == (Input('left/joy', 'joy', 'left/joy'),
                          Input('right/joy', 'joy', 'right/joy'))
    keys = Keys(PAIR, parts=right)
    assert BiDevice(PAIR, Gamepad(PAIR, parts=left), keys.device, ARMS).wants == (
        Input('left/joy', 'joy', 'joy'),)
    keys.close()
