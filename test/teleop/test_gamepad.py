from dataclasses import replace

from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.device import Capture, DeviceContext, Pad
from il_ros.teleop.devices import open_device
from il_ros.teleop.gamepad import Button, SILENT_NS
from il_ros.types import Mode, Request
import numpy as np
import pytest
from teleop.device_conformance import CONTRACT, DeviceConformance, ENVIRONMENT, STATE

ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)


class TestGamepad(DeviceConformance):
    @pytest.fixture
    def device(self):
        self.axes, self.held = [0.0] * 6, set()
        return open_device('gamepad', CONTRACT)

    def engage(self, device):
        self.let_go(device)
        self.read(device)
        self.held.add(Button.RB)

    def let_go(self, device):
        self.held.discard(Button.RB)

    def read(self, device, mode=Mode.TELEOP, state=STATE, silent_ns=0):
        self.now_ns += CONTRACT.period_ns
        buttons = tuple(int(b in self.held) for b in range(21))
        return device.read(DeviceContext(state, ENVIRONMENT, self.now_ns, mode, Pad(
            tuple(self.axes), buttons, self.now_ns - silent_ns)))

    def press(self, device, button):
        self.held.add(button)
        intent = self.read(device)
        self.held.discard(button)
        return intent

    @pytest.mark.parametrize('axis, direction', [(1, [1, 0, 0]), (0, [0, 1, 0]), (3, [0, 0, 1])])
    def test_sticks_move_the_tool_while_the_dead_man_is_held(self, device, axis, direction):
        self.axes[axis] = 1.0
        assert not self.read(device).engaged
        self.engage(device)
        state = STATE
        for _ in range(20):
            state = self.read(device, state=state).positions
        moved = ARM.forward(state[:6])[0] - ARM.forward(STATE[:6])[0]
        assert moved @ direction > 0.02
        assert np.abs(moved - (moved @ direction) * np.array(direction)).max() < 0.005

    def test_a_stick_at_rest_drifts_and_the_arm_does_not(self, device):
        self.axes[:4] = [0.08, -0.09, 0.05, 0.02]
        self.engage(device)
        for _ in range(20):
            positions = self.read(device).positions
        np.testing.assert_allclose(positions[:6], STATE[:6], atol=1e-6)

    def test_buttons_ask_once(self, device):
        self.read(device)
        assert self.press(device, Button.B).request is Request.PAUSE
        assert self.read(device).request is Request.NONE
        self.held.add(Button.X)
        assert [self.read(device).request for _ in range(3)] == [
            Request.REWIND, Request.NONE, Request.NONE]
        assert self.press(device, Button.START).capture is Capture.START
        assert self.press(device, Button.Y).capture is Capture.SUCCESS

    def test_rewinding_lets_go_until_the_dead_man_is_pressed_anew(self, device):
        self.engage(device)
        assert self.read(device).engaged
        assert not self.press(device, Button.X).engaged
        assert not self.read(device).engaged
        self.let_go(device)
        self.read(device)
        self.engage(device)
        assert self.read(device).engaged

    def test_the_gripper_is_a_toggle(self, device):
        self.engage(device)
        before = self.read(device).positions[-1]
        assert {before, self.press(device, Button.A).positions[-1]} == {0.0, 0.04}

    def test_a_pad_that_fell_silent_says_nothing(self, device):
        self.engage(device)
        assert self.read(device, silent_ns=SILENT_NS).engaged
        assert self.read(device, silent_ns=SILENT_NS + CONTRACT.period_ns) is None
        assert open_device('gamepad', CONTRACT).read(
            DeviceContext(STATE, ENVIRONMENT, 1, Mode.TELEOP)) is None

    def test_a_smaller_pad_and_broken_values_do_no_harm(self, device):
        self.engage(device)
        self.read(device)
        intent = device.read(DeviceContext(STATE, ENVIRONMENT, self.now_ns, Mode.TELEOP, Pad(
            (float('nan'), float('inf')), (0, 0, 1), self.now_ns)))
        assert (intent.engaged, intent.request) == (False, Request.REWIND)
        assert np.isfinite(intent.positions).all()

    def test_left_and_right_choose_the_joint_of_a_robot_without_a_urdf(self):
        self.axes, self.held = [0.0, 1.0, 0.0, 0.0], set()
        device = open_device('gamepad', replace(CONTRACT, urdf='', workspace=None, scene=None))
        self.engage(device)
        self.press(device, Button.RIGHT)
        state = STATE
        for _ in range(10):
            state = self.read(device, state=state).positions
        assert (np.flatnonzero(state != STATE) == [1]).all()
