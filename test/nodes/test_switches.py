"""Random switches of control over the live graph: whatever happens, no step is too long."""
from __future__ import annotations

import random

from il_ros.msg import ActionChunk, ControlMode, HelpRequest, TeleopCommand
from il_ros.types import ControlSource
from nodes.harness import next_domain, running
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
import pytest
from std_srvs.srv import Trigger

DOMAIN = next_domain()
STEP = CONTRACT.velocity * CONTRACT.period_ns * 1e-9
SERVICES = ('take_over', 'hand_back', 'rewind', 'pause', 'resume')


class Players:
    """A device that wanders, a policy that goes somewhere else, and a nervous operator."""

    def __init__(self, robot: Robot, seed: int) -> None:
        self.robot, self.random = robot, random.Random(seed)
        self.engaged, self.request, self.device = False, TeleopCommand.NONE, START.copy()
        self.wanted = START.copy()
        self.requests = robot.publisher(HelpRequest, 'dagger/request')
        self._send = [
            robot.sender(robot.publisher(TeleopCommand, 'teleop/command'), self._sample),
            robot.sender(robot.publisher(ActionChunk, 'policy/chunk'), self._chunk)]
        names = [f'dagger/{name}' for name in SERVICES] + ['gate/arm']
        self._services = {name: robot.node.create_client(Trigger, name) for name in names}
        for name, client in self._services.items():
            robot.until(client.service_is_ready, name)

    def _sample(self) -> TeleopCommand:
        self.device += np.clip(self.wanted - self.device, -0.8 * STEP, 0.8 * STEP)
        request, self.request = self.request, TeleopCommand.NONE
        return self.robot.fill(TeleopCommand(), self.device, source_id='pad', request=request,
                               engaged=self.engaged)

    def _chunk(self) -> ActionChunk:
        ahead = np.arange(1, 31)[:, None] * 0.6 * STEP
        way = np.clip(START + 0.4 - self.robot.position, -ahead, ahead)
        chunk = self.robot.fill(ActionChunk(), self.robot.position + way, horizon=30,
                                dt=CONTRACT.period_ns * 1e-9, source_id='test',
                                epoch=self.robot.modes[-1].epoch if self.robot.modes else 0)
        chunk.observation_stamp = chunk.header.stamp
        return chunk

    def __call__(self) -> None:
        for send in self._send:
            send()

    def rows(self, number: int) -> None:
        goal = len(self.robot.rows) + number
        self.robot.until(lambda: len(self.robot.rows) >= goal, 'commands', each=self)

    def act(self) -> None:
        """Do something at random; then go on for up to six ticks."""
        choice = self.random.random()
        if choice < 0.5:
            self.engaged = not self.engaged
        elif choice < 0.65:
            self.request = self.random.choice([1, 2, 3, 4])
        elif choice < 0.95:
            self._services[f'dagger/{self.random.choice(SERVICES)}'].call_async(Trigger.Request())
        else:
            self.requests.publish(HelpRequest(source_id='test', active=choice < 0.975,
                                              reason='a test'))
        offset = self.random.choice([0.0, 0.0, 0.5])   # beside the robot, or far from it
        self.wanted = np.clip(self.robot.position + np.array(
            [self.random.uniform(-1, 1) * (0.05 + offset) for _ in START]),
            CONTRACT.lower, CONTRACT.upper)
        if not self.engaged:
            self.device = self.wanted.copy()
        if self.robot.modes and self.robot.modes[-1].mode in (ControlMode.HOLD,
                                                              ControlMode.PAUSED):
            self._services['gate/arm'].call_async(Trigger.Request())   # a busy machine
            self._services['dagger/resume'].call_async(Trigger.Request())
        self.rows(self.random.randint(1, 6))


def switch(tmp_path, style: str, switches: int) -> Robot:
    """Return the robot after so many changes of control."""
    with Robot(DOMAIN) as robot, running(
            'command_gate', DOMAIN, tmp_path / 'gate.txt',
            parameters={'robot': patient(tmp_path), 'armed': True, 'watchdog_s': 0.5}), running(
            'dagger_intervention', DOMAIN, tmp_path / 'arbiter.txt',
            parameters={'mode': 'autonomous', 'silent_s': 0.5, 'handover': style}):
        players = Players(robot, seed=switches)
        robot.until(lambda: len(robot.commands) > 5, 'the robot moves', each=players)
        for _ in range(20 * switches):
            players.act()
            if len({mode.epoch for mode in robot.modes}) >= switches and (
                    {row.source for row in robot.rows} == set(ControlSource)):
                return robot
    raise AssertionError(f'modes {robot.modes[-20:]}, {len(robot.rows)} rows')


def check(robot: Robot, switches: int) -> None:
    steps = np.abs(np.diff(robot.commands, axis=0))
    assert (steps <= STEP + 1e-9).all(), (steps / STEP).max()
    assert np.abs(np.diff(robot.commands, axis=0)).max() > 0.01, 'the arm moved'
    epochs = list(dict.fromkeys(mode.epoch for mode in robot.modes))
    assert epochs == list(range(epochs[0], epochs[0] + len(epochs))), 'every change was told'


def test_no_step_beyond_the_velocity_limit_in_50_random_switches(tmp_path):
    check(switch(tmp_path, 'blend', 50), 50)


@pytest.mark.slow
@pytest.mark.parametrize('style', ['clutch', 'leader', 'blend'])
def test_no_step_beyond_the_velocity_limit_in_a_thousand_random_switches(tmp_path, style):
    check(switch(tmp_path, style, 340), 340)
