"""What every device must do; a test class per device inherits it."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.types import Mode
import numpy as np

CONTRACT = Contract.load('sim_arm')
STATE = np.array(CONTRACT.start)
CUBE, BOX, TOOL = ([0.4, 0.0, 0.02, 0, 0, 0, 1], [0.35, 0.25, 0.0, 0, 0, 0, 1],
                   [0.35, 0.0, 0.25, 1, 0, 0, 0])
ENVIRONMENT = np.array([*CUBE, *BOX, *TOOL], dtype=float)


class DeviceConformance:
    """Inherit, and provide `device` as a fixture and `engage` and `let_go` as methods.

    A device that steers by velocities inherits `RelativeConformance`.
    """

    now_ns = 1_000_000_000

    def engage(self, device) -> None:
        raise NotImplementedError

    def let_go(self, device) -> None:
        raise NotImplementedError

    def read(self, device, mode=Mode.TELEOP, state=STATE) -> Intent:
        self.now_ns += CONTRACT.period_ns
        return device.read(DeviceContext(state, ENVIRONMENT, self.now_ns, mode))

    def test_has_a_name(self, device):
        assert device.name.isidentifier()

    def test_nothing_has_to_be_said_of_a_device_that_works(self, device):
        self.let_go(device)
        self.read(device)
        self.engage(device)
        self.read(device)
        assert device.notice == ''

    def test_released_it_reports_the_measured_position(self, device):
        self.let_go(device)
        intent = self.read(device)
        assert not intent.engaged
        assert (intent.positions == STATE).all()

    def test_engaging_starts_from_the_measured_position(self, device):
        self.let_go(device)
        self.read(device)
        self.engage(device)
        intent = self.read(device)
        assert intent.engaged
        arm = slice(0, 6)
        step = np.abs(intent.positions - STATE)[arm]
        assert (step <= CONTRACT.velocity[arm] * CONTRACT.period_ns * 1e-9).all()

    def test_targets_are_finite_and_of_the_robots_size(self, device):
        self.engage(device)
        for _ in range(30):
            intent = self.read(device)
            assert intent.positions.shape == (len(CONTRACT.joints),)
            assert np.isfinite(intent.positions).all()

    def test_reading_does_not_change_the_measured_state(self, device):
        self.engage(device)
        state = STATE.copy()
        for _ in range(5):
            self.read(device, state=state)
        assert (state == STATE).all()

    def test_reset_lets_go(self, device):
        self.engage(device)
        assert self.read(device).engaged
        device.reset(3)
        assert not self.read(device).engaged

    def test_closing_twice_is_fine(self, device):
        device.close()
        device.close()


class RelativeConformance(DeviceConformance):
    """Provide also `deflect`: full speed until called with False; it does not engage."""

    mode = Mode.CORRECTING

    def deflect(self, device, on: bool) -> None:
        raise NotImplementedError

    def take_up(self, device) -> None:
        """Engage without moving."""
        self.engage(device)

    def follow(self, device, ticks):
        """Return the last intent and how far the arm's joints went, the arm following."""
        state = STATE
        for _ in range(ticks):
            intent = self.read(device, self.mode, state)
            state = intent.positions if intent.engaged else state
        return intent, np.abs(state - STATE)[:6].max()

    def test_what_is_deflected_when_engaging_moves_nothing_until_it_was_at_rest(self, device):
        self.let_go(device)
        self.deflect(device, True)
        assert self.follow(device, 10)[1] == 0
        self.take_up(device)
        intent, moved = self.follow(device, 30)
        assert intent.engaged and moved < 1e-9
        self.deflect(device, False)
        assert self.follow(device, 10)[1] < 1e-9
        self.deflect(device, True)
        assert self.follow(device, 10)[1] > 0.01

    def test_engaging_anew_wants_rest_anew(self, device):
        self.let_go(device)
        self.read(device, self.mode)
        self.take_up(device)
        self.read(device, self.mode)
        self.deflect(device, True)
        assert self.follow(device, 10)[1] > 0.01
        self.let_go(device)
        assert not self.follow(device, 2)[0].engaged
        self.take_up(device)
        intent, moved = self.follow(device, 30)
        assert intent.engaged and moved < 1e-9
