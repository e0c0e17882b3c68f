"""A tracked hand, as a tracker's node sends it."""
from dataclasses import replace

from il_ros.errors import ConfigError
from il_ros.kinematics import Arm, find_urdf
from il_ros.teleop.inputs import Heard, LONGEST_NS, Pose
from il_ros.teleop.mocap import Mocap, MocapSettings
from il_ros.types import Mode
import numpy as np
import pytest
from teleop.device_conformance import ByPedal, CONTRACT, PAIR, RelativeConformance, STATE

ARM = Arm(find_urdf(CONTRACT), CONTRACT.joint_names[:6], CONTRACT.tip)
NOISE = 1e-6     # of a tracker [m]
STEP = 0.01      # of a hand per reading [m]


class TestMocap(ByPedal, RelativeConformance):
    @pytest.fixture
    def device(self):
        self.hand, self.velocity = np.array([3.0, -1.0, 1.2]), np.zeros(3)
        self.held, self.grip, self.lost = False, False, False
        self.rng, self.newest = np.random.default_rng(0), None
        return Mocap(CONTRACT, MocapSettings())

    def deflect(self, device, on):
        self.velocity = np.array([STEP if on else 0.0, 0.0, 0.0])

    def read(self, device, mode=Mode.TELEOP, state=None):
        context = self.context(mode, state, dead_man=self.held, grip=self.grip)
        self.grip = False
        self.hand = self.hand + self.velocity
        if not self.lost:
            self.newest = Pose(self.hand + self.rng.normal(0, NOISE, 3), np.array([0, 0, 0, 1.0]))
        # A tracker that lost its markers repeats the last pose under new stamps.
        return device.read(replace(context, heard={'pose': Heard(
            Pose(self.newest.position.copy(), self.newest.quaternion), self.now_ns, self.now_ns)}))

    # A hand that moves while the person engages goes on from where it is: it has no rest.
    test_what_is_deflected_when_engaging_moves_nothing_until_it_was_at_rest = None
    test_engaging_anew_wants_rest_anew = None

    def test_the_tool_goes_with_the_hand(self, device):
        self.engage(device)
        state = STATE
        self.velocity = np.array([0.002, 0.0, 0.001])
        for _ in range(30):
            state = self.read(device, state=state).positions
        moved = ARM.forward(state[:6])[0] - ARM.forward(STATE[:6])[0]
        np.testing.assert_allclose(moved, [0.058, 0, 0.029], atol=0.01)

    def test_a_pose_that_repeats_itself_is_silence(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.lost = True
        readings = [self.read(device) for _ in range(LONGEST_NS // CONTRACT.period_ns + 1)]
        assert readings[-1] is None
        self.lost = False
        assert not self.read(device).engaged, 'the pedal is held still'

    def test_a_leap_lets_go(self, device):
        self.engage(device)
        assert self.read(device).engaged
        self.hand = self.hand + 0.5
        assert not self.read(device).engaged
        assert 'mocap: it went 26.0 m/s: let go; engage anew' in device.notice

    def test_the_pedals_button_moves_the_gripper(self, device):
        self.engage(device)
        gripper = CONTRACT.arms[0].gripper
        assert self.read(device).positions[-1] == gripper.open
        self.grip = True
        assert self.read(device).positions[-1] == gripper.closed
        assert self.read(device).positions[-1] == gripper.closed
        self.grip = True
        assert self.read(device).positions[-1] == gripper.open


def test_an_arm_without_a_tip_is_refused():
    with pytest.raises(ConfigError, match="mocap: the contract of '.*' needs a URDF"):
        Mocap(PAIR, MocapSettings())
    with pytest.raises(ConfigError, match="engage: expected one of pedal, always, got 'moved'"):
        MocapSettings(engage='moved')
