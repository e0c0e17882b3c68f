"""`il_ros guide` in a terminal beside the simulated arm: shown by hand, replayed, converted."""
from __future__ import annotations

from contextlib import suppress
import os
import pty
import re
import subprocess
import sys

from geometry_msgs.msg import PoseArray, PoseStamped
from il_ros.bags.reader import Bag
from il_ros.contract import Contract
from il_ros.datasets.convert import convert
from il_ros.datasets.from_bags.led import commands_of
from il_ros.datasets.from_bags.rows import episode_rows
from il_ros.datasets.reader import Dataset
from il_ros.evaluation.recording import read_recording
from il_ros.nodes import shell
from il_ros.sim.simulation import Simulation
from il_ros.srv import ResetSim
from il_ros.teleop.scripted.device import ScriptedDevice
from il_ros.types import ControlSource, GUIDED
from nodes.harness import environment, next_domain, ROOT, running
from nodes.peer import Peer
import numpy as np
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
import yaml

DOMAIN, SEED, LEAD = next_domain(), 3, 0.06
CONTRACT = Contract.load('sim_arm')
GUIDE = 'from il_ros.cli import main; main()'
TOOL = 'end_effector'


class Hand(Peer):
    """A scripted operator that pulls the tool to where it would send the arm, and types keys."""

    PATIENCE_S = 60.0

    def __init__(self, robot):
        super().__init__(DOMAIN, 'hand')
        self.operator = ScriptedDevice(CONTRACT, SEED, task='PickPlace')
        self.model = Simulation(CONTRACT)       # where the tool is at some joints
        self.state, self.environment, self.success = None, None, False
        self.leads, self.closed = False, False
        self.node.create_subscription(JointState, 'joint_states', self._on_state, shell.SENSOR)
        self.node.create_subscription(PoseArray, 'sim/poses', self._on_poses, shell.SENSOR)
        self.node.create_subscription(
            Bool, 'sim/success', lambda m: setattr(self, 'success', m.data), shell.LATCHED)
        self._hand = self.node.create_publisher(PoseStamped, 'sim/hand', shell.STREAM)
        self.node.create_timer(1 / CONTRACT.rate_hz, self._pull)
        self.control, terminal = pty.openpty()
        self.guide = subprocess.Popen(
            [sys.executable, '-c', GUIDE, 'guide', '--robot', str(robot), '--lead', str(LEAD)],
            stdin=terminal, stdout=terminal, stderr=terminal, env=environment(DOMAIN))
        os.close(terminal)
        os.set_blocking(self.control, False)
        self.screen = ''

    def _on_state(self, message):
        self.state = np.array(message.position)

    def _on_poses(self, message):
        self.environment = np.array([
            [p.position.x, p.position.y, p.position.z, p.orientation.x, p.orientation.y,
             p.orientation.z, p.orientation.w] for p in message.poses]).ravel()

    def _pull(self):
        if not self.leads or self.state is None or self.environment is None:
            return
        target = self.operator.act(self.state, self.environment, shell.now_ns(self.node), True)
        target = self.state if target is None else target
        message = PoseStamped()
        message.header.frame_id = TOOL
        at, turned = message.pose.position, message.pose.orientation
        (at.x, at.y, at.z, turned.x, turned.y, turned.z, turned.w) = (
            self.model.led.pose_at(TOOL, target[:6]).tolist())
        self._hand.publish(message)
        closed = bool(target[6] < 0.02)
        if closed != self.closed:
            self.closed = closed
            self.type(' ')

    def type(self, key):
        os.write(self.control, key.encode())

    def shows(self, *texts):
        """Wait until the screen says something that it had not said before; return what."""
        def read():
            with suppress(OSError):
                self.screen += os.read(self.control, 65536).decode(errors='replace')
            return next((text for text in texts if text in self.screen), None)
        text = self.until(read, lambda: f'{texts} on the screen: {self.screen[-800:]!r}')
        self.screen = self.screen[self.screen.index(text) + len(text):]
        return text

    def reset(self):
        client = self.node.create_client(ResetSim, 'sim/reset')
        self.until(client.service_is_ready, 'sim/reset')
        future = client.call_async(ResetSim.Request(seed=SEED))
        self.until(future.done, 'the reset')

    def __exit__(self, *arguments):
        self.guide.kill()
        self.guide.wait()
        os.close(self.control)
        super().__exit__(*arguments)


@pytest.fixture
def robot(tmp_path):
    """Return the contract without cameras, whose states may be 1 s old."""
    data = yaml.safe_load(CONTRACT.to_text())
    data.pop('cameras')
    for stream in ('state', 'poses'):
        data[stream]['max_age_s'] = 1.0
    data['urdf'] = str(ROOT / 'config/robots/sim_arm.urdf')
    path = tmp_path / 'robot.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


@pytest.mark.slow
def test_shown_by_hand_then_by_the_robot(robot, tmp_path):
    parameters = {'robot': robot}
    with (running('sim_robot', DOMAIN, tmp_path / 'sim.txt',
                  parameters={**parameters, 'seed': SEED, 'cameras': False}),
          running('command_gate', DOMAIN, tmp_path / 'gate.txt',
                  parameters={**parameters, 'watchdog_s': 0.5}),     # this machine may be busy
          running('dagger_intervention', DOMAIN, tmp_path / 'arbiter.txt',
                  parameters={**parameters, 'silent_s': 0.5}),
          running('teleop_capture', DOMAIN, tmp_path / 'capture.txt',
                  parameters={**parameters, 'output': tmp_path / 'bags'}),
          Hand(robot) as hand):
        hand.shows('idle')
        hand.type('g')
        hand.shows('led by hand')
        hand.type('s')
        hand.shows('recording')
        hand.leads = True
        hand.until(lambda: hand.success, 'the task, by hand')
        hand.type('y')
        hand.shows('kept episode')
        hand.leads = False
        hand.type('g')
        hand.shows('armed')
        for _ in range(5):      # a busy machine may starve the replay, and the arm is stopped
            hand.reset()
            hand.until(lambda: hand.call('gate/arm').success, 'armed')
            hand.type('r')
            if hand.shows('was it done?', 'the replay failed') == 'was it done?':
                break
            hand.type('d')
        assert hand.success
        hand.type('y')
        hand.shows('success: ')
        hand.until(lambda: hand.guide.poll() is not None, 'its end',
                   each=lambda: hand.type('q'))      # until it knows that the episode is closed
    first, _ = sorted((tmp_path / 'bags').glob('episode*'))
    with Bag(first) as bag:
        assert bag.info.led.lead_s == LEAD and bag.info.outcome == 'unlabelled'
        rows = list(episode_rows(bag, commanded=commands_of(bag)))
        assert {row.source for row in rows} == {GUIDED}
    states, actions = (np.array(column) for column in zip(
        *((row.observation.state, row.action) for row in rows), strict=True))
    at = np.array([row.tick for row in rows]) / CONTRACT.rate_hz
    inside = at + LEAD < at[-1]
    later = np.stack([np.interp(at + LEAD, at, column) for column in states.T], axis=1)
    # A state is up to a sample old at its tick, so that they are not equal.
    apart, ahead = (np.abs(actions - other)[inside, :6].mean() for other in (later, states))
    assert apart < ahead / 3
    # Of the gripper the label is what it was told.
    assert actions[:, 6].min() == pytest.approx(0.0, abs=1e-3) and states[:, 6].min() > 0.01
    assert read_recording(first).led
    result = convert([tmp_path / 'bags'], tmp_path / 'dataset')
    dataset = Dataset(tmp_path / 'dataset')
    [(skipped, reason)] = result.skipped
    assert str(skipped).endswith(first.name) and 'il_ros replay --ros' in reason
    assert len(dataset.lengths) == 1 and (dataset.columns['success'] == 1).all()
    assert (dataset.columns['control_source'] == ControlSource.HUMAN).mean() > 0.8


@pytest.mark.slow
def test_the_lag_of_the_simulated_arm_is_measured_through_the_gate(robot, tmp_path):
    parameters = {'robot': robot}
    with (running('sim_robot', DOMAIN, tmp_path / 'sim.txt',
                  parameters={**parameters, 'cameras': False}),
          running('command_gate', DOMAIN, tmp_path / 'gate.txt',
                  parameters={**parameters, 'watchdog_s': 0.5}),     # this machine may be busy
          running('dagger_intervention', DOMAIN, tmp_path / 'arbiter.txt',
                  parameters={**parameters, 'silent_s': 0.5}),
          Peer(DOMAIN, 'person') as person):
        for _ in range(5):      # a busy machine may starve the motion, and the arm is stopped
            person.until(lambda: person.call('gate/arm').success, 'armed')
            doctor = subprocess.run(
                [sys.executable, '-c', GUIDE, 'doctor', '--lag', '--robot', str(robot)],
                env=environment(DOMAIN), text=True, capture_output=True, timeout=60)
            if doctor.returncode == 0:
                break
    assert doctor.returncode == 0, doctor.stderr
    *joints, last = doctor.stdout.splitlines()
    assert len(joints) == 6 and all('s behind' in line for line in joints)
    found = re.fullmatch(r'sim_arm: lag (\d\.\d+) s: il_ros guide --lead (\d\.\d+); of bags that '
                         r'were shown by hand il_ros convert --shown \2', last)
    # A trajectory takes a period to its point, and the servo is behind it.
    assert found and 0.03 < float(found[1]) < 0.12, doctor.stdout
