"""What every device must do; a test class per device inherits it."""
from __future__ import annotations

from pathlib import Path

from il_ros.contract import Contract
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.teleop.inputs import KINDS
from il_ros.types import Mode
import numpy as np

CONTRACT = Contract.load('sim_arm')
STATE = np.array(CONTRACT.start)
CUBE, BOX, TOOL = ([0.4, 0.0, 0.02, 0, 0, 0, 1], [0.35, 0.25, 0.0, 0, 0, 0, 1],
                   [0.35, 0.0, 0.25, 1, 0, 0, 0])
ENVIRONMENT = np.array([*CUBE, *BOX, *TOOL], dtype=float)
PAIR = Contract.load(Path(__file__).parents[1] / 'contract/samples/two_arms_and_base.yaml')
PAIR_STATE = np.array(PAIR.start)


class DeviceConformance:
    """Inherit, and provide `device` as a fixture and `engage` and `let_go` as methods.

    A device that steers by velocities inherits `RelativeConformance`, one that has a pose of its
    own `AbsoluteConformance`.
    """

    now_ns = 1_000_000_000
    contract, state, environment = CONTRACT, STATE, ENVIRONMENT

    @property
    def arms(self):
        """The joints of all arms, without grippers and base."""
        return np.flatnonzero(~(self.contract.is_gripper | self.contract.is_velocity))

    def engage(self, device) -> None:
        raise NotImplementedError

    def let_go(self, device) -> None:
        raise NotImplementedError

    def context(self, mode=Mode.TELEOP, state=None, **more) -> DeviceContext:
        self.now_ns += self.contract.period_ns
        return DeviceContext(self.state if state is None else state, self.environment,
                             self.now_ns, mode, **more)

    def read(self, device, mode=Mode.TELEOP, state=None) -> Intent:
        return device.read(self.context(mode, state))

    def test_has_a_name(self, device):
        assert device.name.isidentifier()

    def test_nothing_has_to_be_said_of_a_device_that_works(self, device):
        self.let_go(device)
        self.read(device)
        self.engage(device)
        self.read(device)
        assert device.notice == ''

    def test_says_what_it_listens_to(self, device):
        names = [wanted.name for wanted in device.wants]
        assert len(set(names)) == len(names)
        assert all(wanted.kind in KINDS and wanted.topic for wanted in device.wants)

    def test_targets_are_finite_and_of_the_robots_size(self, device):
        self.engage(device)
        for _ in range(30):
            intent = self.read(device)
            assert intent.positions.shape == (len(self.contract.joints),)
            assert np.isfinite(intent.positions).all()

    def test_reading_does_not_change_the_measured_state(self, device):
        self.engage(device)
        state = self.state.copy()
        for _ in range(5):
            self.read(device, state=state)
        assert (state == self.state).all()

    def test_reset_lets_go(self, device):
        self.engage(device)
        assert self.read(device).engaged
        device.reset(3)
        assert not self.read(device).engaged

    def test_closing_twice_is_fine(self, device):
        device.close()
        device.close()


class ByPedal:
    """Of a device that a pedal engages: `read` tells it whether that is `held`."""

    def engage(self, device):
        self.let_go(device)
        self.read(device)
        self.held = True

    def let_go(self, device):
        self.held = False


class AbsoluteConformance(DeviceConformance):
    """Provide also `pose`: the device is in the pose of these joints. It begins in `state`."""

    def pose(self, device, positions) -> None:
        raise NotImplementedError

    def test_says_that_it_is_absolute(self, device):
        assert device.absolute

    def test_released_and_engaged_it_says_its_own_pose(self, device):
        elsewhere = np.where(self.contract.is_velocity, 0.0, self.state + 0.02)
        for takes in (self.let_go, self.engage):
            takes(device)
            for positions in (self.state, elsewhere):
                self.pose(device, positions)
                np.testing.assert_allclose(self.read(device).positions[self.arms],
                                           positions[self.arms], atol=2e-3)


class RelativeConformance(DeviceConformance):
    """Provide also `deflect`: full speed until called with False; it does not engage."""

    mode = Mode.CORRECTING

    def test_says_that_it_is_relative(self, device):
        assert not device.absolute

    def test_released_it_reports_the_measured_position(self, device):
        self.let_go(device)
        intent = self.read(device)
        assert not intent.engaged
        assert (intent.positions == self.state).all()

    def test_engaging_starts_from_the_measured_position(self, device):
        self.let_go(device)
        self.read(device)
        self.engage(device)
        intent = self.read(device)
        assert intent.engaged
        step = np.abs(intent.positions - self.state)
        allowed = self.contract.velocity * self.contract.period_ns * 1e-9
        assert (step <= allowed)[~self.contract.is_gripper].all()

    def test_released_a_base_that_drives_is_told_to_stand(self, device):
        state = np.where(self.contract.is_velocity, 0.3, self.state)
        self.let_go(device)
        assert (self.read(device, state=state).positions == self.state).all()

    def deflect(self, device, on: bool) -> None:
        raise NotImplementedError

    def take_up(self, device) -> None:
        """Engage without moving."""
        self.engage(device)

    def follow(self, device, ticks):
        """Return the last intent and how far the arm's joints went, the arm following."""
        state = self.state
        for _ in range(ticks):
            intent = self.read(device, self.mode, state)
            state = intent.positions if intent.engaged else state
        return intent, np.abs(state - self.state)[~self.contract.is_gripper].max()

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


class PartsConformance(RelativeConformance):
    """Of a robot with several parts; provide also `next_part`, which chooses another one.

    The fixture `device` moves `parts` in this order; `deflect` moves the part that is chosen.
    """

    contract, state = PAIR, PAIR_STATE
    parts = ('left', 'right', 'base')

    def next_part(self, device) -> None:
        raise NotImplementedError

    def columns(self, part):
        if part == 'base':
            return np.flatnonzero(self.contract.is_velocity).tolist()
        return self.contract.indices(self.contract.arm(part).joints)

    def others(self, part):
        return np.setdiff1d(np.arange(len(self.state)), self.columns(part))

    def drive(self, device, state, ticks=10):
        for _ in range(ticks):
            state = self.read(device, self.mode, state).positions
        return state

    def test_each_part_moves_in_its_turn_and_the_others_hold_what_they_were_told(self, device):
        self.let_go(device)
        self.read(device, self.mode)
        self.take_up(device)
        told = self.drive(device, self.state, 2)
        np.testing.assert_allclose(told, self.state, atol=1e-9)
        for part in (*self.parts, self.parts[0]):
            before = told
            self.deflect(device, True)
            # The robot lags behind: what is not moved must not be told where it sagged to.
            sagged = before - np.where(self.contract.is_velocity, 0.0, 0.003)
            for _ in range(10):
                told = self.read(device, self.mode, sagged).positions
            moved = np.abs(told - before)
            assert moved[self.columns(part)].max() > 0.01, part
            np.testing.assert_allclose(told[self.others(part)], before[self.others(part)],
                                       atol=1e-9, err_msg=part)
            self.next_part(device)
            told = self.drive(device, told)
            np.testing.assert_allclose(
                told[self.columns(part)],
                0.0 if part == 'base' else told[self.columns(part)])
            after = told
            told = self.drive(device, told)
            np.testing.assert_allclose(told, after, atol=1e-9, err_msg='held at the change')
            self.deflect(device, False)
            told = self.drive(device, told)

    def test_a_base_drives_while_deflected_and_is_told_zero_when_released(self, device):
        self.let_go(device)
        self.read(device, self.mode)
        while self.chosen(device) != 'base':
            self.next_part(device)
            self.read(device, self.mode)
        self.take_up(device)
        self.read(device, self.mode)
        base = self.columns('base')
        self.deflect(device, True)
        told = self.drive(device, self.state)
        forward = told[base][0]
        assert 0 < forward <= self.contract.upper[base][0]
        self.deflect(device, False)
        state = told.copy()
        state[base] = forward                   # measured: it still rolls
        told = self.drive(device, state)
        assert (told[base] == 0).all()
        self.deflect(device, True)
        self.drive(device, told)
        self.let_go(device)
        assert (self.read(device, self.mode, state).positions[base] == 0).all()

    def chosen(self, device):
        return device._hand.part.name

    def test_a_gripper_that_holds_is_told_to_close_whichever_arm_moves(self, device):
        state = self.state.copy()
        grips = self.contract.indices(['left_grip', 'right_grip'])
        state[grips] = [0.02, 0.04]
        self.let_go(device)
        self.read(device, self.mode, state)
        self.take_up(device)
        for _ in range(4):
            told = self.read(device, self.mode, state).positions
            np.testing.assert_allclose(told[grips], [0.0, 0.04])
            self.next_part(device)
